//! Prompts and answers for an agent, typed step by step, with a look before each step and proof at the end.
//!
//! What decides is here and does nothing: a task says what is to be typed and what has come of it. Between its wish and the
//! typing there is another look, since the wish is written into the audit log first. So what the agent does meanwhile, such
//! as asking something, is seen up to the moment at which the keys go to tmux.

mod answering;
mod prompting;

use std::time::{Duration, Instant};

use self::answering::Answering;
pub use self::answering::{Answer, AnswerChoice};
pub use self::prompting::Prompt;
use self::prompting::Prompting;
use super::dialog::Dialog;
use super::expression::Expression;
use super::status::State;
use super::watch::{Look, PaneWatch};

/// Something that is typed.
#[derive(Clone, PartialEq, Eq)]
pub enum Stroke {
    /// A text, as a paste.
    Paste(String),
    /// A key by its name.
    Key(String),
}

/// What a task wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// To be asked again when something has changed.
    Wait,
    /// That this is typed, if [`TypingTask::may_send`] allows it when that can be done.
    Type(Vec<Stroke>),
    /// Nothing any more.
    Done(Box<Outcome>),
}

/// What proves that it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The agent has begun to work.
    Busy,
    /// A hook of the agent says so.
    Hook,
    /// The composer held it, and is empty.
    Composer,
    /// The dialog is gone.
    Dialog,
}

/// Why it was not taken, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// No agent is known in the pane.
    NoAgent,
    /// Agents are not watched here.
    NotWatched,
    /// The screen of the agent is not known.
    Unseen,
    /// A dialog is open.
    Dialog,
    /// The agent waits for something else than a prompt.
    Waiting,
    /// The agent works.
    Busy,
    /// The agent works, and has taken the prompt for later.
    Queued,
    /// The agent does not show its composer.
    NotAtPrompt,
    /// The rules don't say where the agent's composer is.
    NoComposer,
    /// Somebody's text is in the composer.
    Draft,
    /// The agent's rules say that it takes no paste of several lines.
    SeveralLines,
    /// The keys were typed, and nothing came of it.
    NotTaken,
    /// The time is over.
    Timeout,
    /// The agent has ended.
    Exited,
    /// It could not be typed.
    Failed(String),
    /// Another prompt or answer is being typed.
    Another,
    /// No dialog is open.
    NoDialog,
    /// Another dialog is open.
    OtherDialog,
    /// The dialog has become another one while it was answered.
    Changed,
    /// The dialog has no such choice.
    NoChoice,
}

/// What is left of a prompt in the composer.
#[derive(Clone, PartialEq, Eq)]
pub struct Left {
    /// The text; nothing if nothing is left.
    pub text: String,
    /// Whether that is what the composer shows. Otherwise the composer can't be seen, and it is what was typed.
    pub seen: bool,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A prompt.
    Prompt,
    /// An answer.
    Answer,
}

/// What has come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Of what.
    pub asked: Asked,
    /// The proof, or why there is none.
    pub result: Result<Proof, Hindrance>,
    /// What is left, if anything was typed and not taken.
    pub left: Option<Left>,
    /// What the agent does, as far as it is known.
    pub state: Option<State>,
    /// The dialog that shows.
    pub dialog: Option<Dialog>,
}

/// A prompt or an answer on its way.
#[derive(Debug)]
pub struct TypingTask(Kind);

#[derive(Debug)]
enum Kind {
    Prompt(Prompting),
    Answer(Answering),
}

/// What is typed for an agent of this kind.
#[derive(Debug, Clone)]
struct Manner {
    lines: bool,
    /// Texts at whose end completions are offered.
    completing: Option<Expression>,
    submit: Vec<String>,
    delay: Duration,
    clear: Vec<String>,
    up: String,
    down: String,
    confirm: String,
}

impl TypingTask {
    /// A prompt for the agent in this pane.
    #[must_use]
    pub fn prompt(prompt: Prompt, watch: &PaneWatch, now: Instant) -> Self {
        Self(Kind::Prompt(Prompting::new(prompt, manner(watch), now)))
    }

    /// An answer for the agent in this pane.
    #[must_use]
    pub fn answer(answer: Answer, watch: &PaneWatch, now: Instant) -> Self {
        Self(Kind::Answer(Answering::new(answer, manner(watch), now)))
    }

    /// What is to be done, after a look at the agent; nothing to be seen is an agent that is gone.
    pub fn step(&mut self, look: Option<&Look>, now: Instant) -> Step {
        let Some(look) = look else {
            return Step::Done(Box::new(self.gone()));
        };
        match &mut self.0 {
            Kind::Prompt(prompting) => prompting.step(look, now),
            Kind::Answer(answering) => answering.step(look, now),
        }
    }

    /// Whether what was asked for may be typed now. Otherwise it is not, and the next step says what follows.
    pub fn may_send(&mut self, look: Option<&Look>, now: Instant) -> bool {
        let allows = |look| match &mut self.0 {
            Kind::Prompt(prompting) => prompting.may_send(look, now),
            Kind::Answer(answering) => answering.may_send(look, now),
        };
        look.is_some_and(allows)
    }

    /// It was typed, or the reason why it could not be.
    pub fn typed(&mut self, result: Result<(), String>, now: Instant) {
        match &mut self.0 {
            Kind::Prompt(prompting) => prompting.typed(result, now),
            Kind::Answer(answering) => answering.typed(result, now),
        }
    }

    /// When the next step is due though nothing has changed.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        match &self.0 {
            Kind::Prompt(prompting) => prompting.deadline(now),
            Kind::Answer(answering) => answering.deadline(now),
        }
    }

    /// Whether anything was typed before what is under way.
    #[must_use]
    pub fn has_typed_before(&self) -> bool {
        match &self.0 {
            Kind::Prompt(prompting) => prompting.has_typed_before(),
            Kind::Answer(answering) => answering.has_typed_before(),
        }
    }

    fn gone(&self) -> Outcome {
        let asked = match &self.0 {
            Kind::Prompt(_) => Asked::Prompt,
            Kind::Answer(_) => Asked::Answer,
        };
        Outcome {
            asked,
            result: Err(Hindrance::Exited),
            left: None,
            state: Some(State::Exited),
            dialog: None,
        }
    }
}

impl Outcome {
    /// Nothing was begun.
    #[must_use]
    pub fn refused(asked: Asked, hindrance: Hindrance) -> Self {
        Self {
            asked,
            result: Err(hindrance),
            left: None,
            state: None,
            dialog: None,
        }
    }

    fn new(
        asked: Asked,
        result: Result<Proof, Hindrance>,
        left: Option<Left>,
        look: &Look,
    ) -> Self {
        Self {
            asked,
            result,
            left,
            state: Some(look.state),
            dialog: look.dialog.as_ref().map(|look| look.dialog.clone()),
        }
    }
}

impl Proof {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Hook => "hook",
            Self::Composer => "composer",
            Self::Dialog => "dialog",
        }
    }
}

impl Hindrance {
    /// Its name in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoAgent => "no_agent",
            Self::NotWatched => "not_watched",
            Self::Unseen => "unseen",
            Self::Dialog => "dialog",
            Self::Waiting => "waiting",
            Self::Busy => "busy",
            Self::Queued => "queued",
            Self::NotAtPrompt => "not_at_prompt",
            Self::NoComposer => "no_composer",
            Self::Draft => "draft",
            Self::SeveralLines => "several_lines",
            Self::NotTaken => "not_taken",
            Self::Timeout => "timeout",
            Self::Exited => "exited",
            Self::Failed(_) => "failed",
            Self::Another => "another",
            Self::NoDialog => "no_dialog",
            Self::OtherDialog => "other_dialog",
            Self::Changed => "changed",
            Self::NoChoice => "no_choice",
        }
    }

    /// The cause and what to do, for people.
    #[must_use]
    pub fn text(&self) -> String {
        let text = match self {
            Self::NoAgent => {
                "no agent is known in this pane: see `agent` in a snapshot, or type with send-keys"
            }
            Self::NotWatched => {
                "agents are not watched here: that takes Linux, agents.enabled = true and a live tmux; send-keys types without them"
            }
            Self::Unseen => "the screen of the agent is not known yet: try again",
            Self::Dialog => "a dialog is open: answer it first, with its fingerprint",
            Self::Waiting => "the agent waits for something else than a prompt, such as a login",
            Self::Busy => "the agent works: wait until it is ready, or ask with \"queue\":true",
            Self::Queued => "the agent works, and keeps the prompt for later",
            Self::NotAtPrompt => "the agent does not show its composer: look at its screen",
            Self::NoComposer => {
                "the rules of this agent don't say where its composer is: add [composer] to a rule file, or type with send-keys"
            }
            Self::Draft => "somebody's text is in the composer: submit it or take it out first",
            Self::SeveralLines => {
                "the rules of this agent don't say that it takes several lines: write the prompt in one line"
            }
            Self::NotTaken => "the keys were typed, and the agent has not acted on them in time",
            Self::Timeout => "it was not done within timeout_ms",
            Self::Exited => "the agent has ended",
            Self::Failed(why) => return format!("it could not be typed: {why}"),
            Self::Another => {
                "another prompt or answer is being typed into this pane: try again after it"
            }
            Self::NoDialog => "no dialog is open",
            Self::OtherDialog => {
                "this dialog is not open any more, another one is: look at it, and answer with its fingerprint"
            }
            Self::Changed => {
                "the dialog changed while its choice was being made, so it was not confirmed"
            }
            Self::NoChoice => {
                "the dialog has no such choice, or none that can be made by keys that are known: see dialog.options"
            }
        };
        text.to_owned()
    }
}

/// The moments that are still to come; the first of them.
fn next(moments: impl IntoIterator<Item = Instant>, now: Instant) -> Option<Instant> {
    moments.into_iter().filter(|at| *at > now).min()
}

fn keys(names: &[String]) -> Vec<Stroke> {
    names.iter().cloned().map(Stroke::Key).collect()
}

/// What is typed for the agent in this pane; without a composer in its rules, what most agents take.
fn manner(watch: &PaneWatch) -> Manner {
    let input = watch.input();
    let composer = input.and_then(|input| input.composer.as_ref());
    let dialog = input
        .and_then(|input| input.dialog.clone())
        .unwrap_or_default();
    Manner {
        lines: composer.is_some_and(|composer| composer.lines),
        completing: composer.and_then(|composer| composer.completing.clone()),
        submit: composer.map_or_else(Vec::new, |composer| composer.submit.clone()),
        delay: composer.map_or(Duration::ZERO, |composer| composer.delay),
        clear: composer.map_or_else(Vec::new, |composer| composer.clear.clone()),
        up: dialog.up,
        down: dialog.down,
        confirm: dialog.confirm,
    }
}

/// What is typed does not belong in a log.
impl std::fmt::Debug for Stroke {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Paste(text) => write!(f, "Paste({} bytes)", text.len()),
            Self::Key(name) => write!(f, "Key({name})"),
        }
    }
}

/// Nor does what is left of it.
impl std::fmt::Debug for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Left({} bytes, seen: {})", self.text.len(), self.seen)
    }
}

#[cfg(test)]
#[path = "typing_tests.rs"]
mod tests;
