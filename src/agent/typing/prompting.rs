//! A prompt: the text, a look at the composer, the keys that submit, and the proof.

use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar;

use super::{Asked, Hindrance, Left, Manner, Outcome, Proof, Step, Stroke, keys, next};
use crate::agent::status::State;
use crate::agent::watch::{ComposerLook, Look};

/// How long a composer may be out of sight before that counts: screens are drawn in pieces.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a composer may take to show the whole text, before a part of it will do.
const WHOLE: Duration = Duration::from_secs(1);
/// How long it may take to show anything of it.
const ECHO: Duration = Duration::from_secs(4);
/// How long after the composer was emptied a stronger proof is waited for.
const GRACE: Duration = Duration::from_millis(700);
/// How long after a hook the agent may take to be said to work.
const SETTLING: Duration = Duration::from_millis(200);
/// How long an agent has at least to act on the keys that submit.
const ACTION: Duration = Duration::from_secs(3);
/// How long a composer may take to show that a line was taken out of it, and how often that is tried.
const ROUND: Duration = Duration::from_millis(800);
const MOST_ROUNDS: usize = 64;

/// A prompt that is asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// Whether an agent that works gets it as well, for later.
    pub queue: bool,
    /// How long it may take in all.
    pub timeout: Duration,
}

/// A prompt on its way.
pub(super) struct Prompting {
    prompt: Prompt,
    /// The text without what composers show otherwise.
    squeezed: String,
    manner: Manner,
    phase: Phase,
    until: Instant,
    /// Since when the composer has been out of sight.
    hidden: Option<Instant>,
    /// When a hook said that the prompt was taken.
    prompted: Option<Instant>,
    /// How many times keys were let through.
    pieces: usize,
}

#[derive(Debug, Clone)]
enum Phase {
    Begin,
    /// Keys are about to be typed.
    Asked(Part),
    /// Keys are on their way.
    Typing(Part),
    /// The text was typed.
    Shown {
        typed: Instant,
    },
    /// The keys that submit were typed.
    Proof {
        sent: Instant,
        was_busy: bool,
        emptied: Option<Instant>,
    },
    /// What was typed is taken out again.
    Clearing(Clearing),
    Failed(String),
}

#[derive(Debug, Clone)]
enum Part {
    Text,
    Submit { sent: Instant, was_busy: bool },
    Clear(Clearing),
}

#[derive(Debug, Clone)]
struct Clearing {
    why: Hindrance,
    round: usize,
    last: String,
    since: Instant,
}

impl Prompting {
    pub(super) fn new(prompt: Prompt, manner: Manner, now: Instant) -> Self {
        Self {
            squeezed: squeezed(&prompt.text),
            until: now + prompt.timeout,
            prompt,
            manner,
            phase: Phase::Begin,
            hidden: None,
            prompted: None,
            pieces: 0,
        }
    }

    pub(super) fn has_typed_before(&self) -> bool {
        self.pieces > usize::from(matches!(self.phase, Phase::Typing(_)))
    }

    pub(super) fn step(&mut self, look: &Look, now: Instant) -> Step {
        // What shows for a moment only is no dialog, and one that stays has to be said before it can be named.
        if begins_to_ask(look) && now < self.until {
            return Step::Wait;
        }
        match self.phase.clone() {
            Phase::Begin => self.begin(look, now),
            Phase::Asked(_) | Phase::Typing(_) => Step::Wait,
            Phase::Shown { typed } => self.shown(look, typed, now),
            Phase::Proof {
                sent,
                was_busy,
                emptied,
            } => self.prove(look, (sent, was_busy), emptied, now),
            Phase::Clearing(clearing) => self.clear(look, clearing, now),
            Phase::Failed(why) => self.fail(Hindrance::Failed(why), look),
        }
    }

    /// Whether the keys that were asked for may be typed, as things look now.
    pub(super) fn may_send(&mut self, look: &Look, now: Instant) -> bool {
        let Phase::Asked(part) = self.phase.clone() else {
            return false;
        };
        let (allowed, part, otherwise) = match part {
            Part::Text => (self.hindrance(look).is_none(), part, Phase::Begin),
            Part::Submit { sent: typed, .. } => {
                let submit = Part::Submit {
                    sent: now,
                    was_busy: is_busy(look),
                };
                let at_prompt = !is_asking(look) && self.holds_ours(look);
                let allowed = at_prompt && (self.prompt.queue || !is_busy(look));
                (allowed, submit, Phase::Shown { typed })
            }
            Part::Clear(ref clearing) => {
                let allowed = !is_asking(look) && self.holds_ours(look);
                let otherwise = Phase::Clearing(clearing.clone());
                (allowed, part, otherwise)
            }
        };
        self.pieces += usize::from(allowed);
        self.phase = match allowed {
            true => Phase::Typing(part),
            false => otherwise,
        };
        allowed
    }

    pub(super) fn typed(&mut self, result: Result<(), String>, now: Instant) {
        let part = match &self.phase {
            Phase::Typing(part) | Phase::Asked(part) => part.clone(),
            _ => return,
        };
        self.phase = match (part, result) {
            (_, Err(why)) => Phase::Failed(why),
            (Part::Text, Ok(())) => Phase::Shown { typed: now },
            (Part::Submit { sent, was_busy }, Ok(())) => Phase::Proof {
                sent,
                was_busy,
                emptied: None,
            },
            (Part::Clear(clearing), Ok(())) => Phase::Clearing(Clearing {
                since: now,
                ..clearing
            }),
        };
    }

    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let hidden = self.hidden.map(|since| since + PATIENCE);
        match &self.phase {
            Phase::Begin => next([self.until].into_iter().chain(hidden), now),
            Phase::Shown { typed } => {
                let waits = [self.manner.delay, WHOLE, ECHO];
                next(
                    waits
                        .map(|wait| *typed + wait)
                        .into_iter()
                        .chain([self.until]),
                    now,
                )
            }
            Phase::Proof { sent, emptied, .. } => {
                let proven = emptied.map(|emptied| emptied + GRACE);
                let hooked = self.prompted.map(|prompted| prompted + SETTLING);
                let proofs = proven.into_iter().chain(hooked);
                next(proofs.chain([self.limit(*sent)]), now)
            }
            Phase::Clearing(clearing) => next([clearing.since + ROUND], now),
            Phase::Asked(_) | Phase::Typing(_) | Phase::Failed(_) => None,
        }
    }

    fn begin(&mut self, look: &Look, now: Instant) -> Step {
        let Some(hindrance) = self.hindrance(look) else {
            self.phase = Phase::Asked(Part::Text);
            return Step::Type(vec![Stroke::Paste(self.pasted())]);
        };
        let is_over = match hindrance {
            Hindrance::Unseen => now >= self.until,
            Hindrance::NotAtPrompt => {
                let hidden = *self.hidden.get_or_insert(now);
                now >= hidden + PATIENCE || now >= self.until
            }
            _ => true,
        };
        match is_over {
            true => self.done(Err(hindrance), None, look),
            false => Step::Wait,
        }
    }

    /// The text as it is typed. A space ends a word for which the composer would offer completions, and Enter take one.
    fn pasted(&self) -> String {
        let mut text = self.prompt.text.clone();
        let completing = self.manner.completing.as_ref();
        if completing.is_some_and(|completing| completing.is_match(&text)) {
            text.push(' ');
        }
        text
    }

    /// Why nothing may be typed yet.
    fn hindrance(&self, look: &Look) -> Option<Hindrance> {
        if !look.seen {
            return Some(Hindrance::Unseen);
        }
        if is_asking(look) {
            return Some(asking(look));
        }
        if !self.manner.lines && self.prompt.text.contains('\n') {
            return Some(Hindrance::SeveralLines);
        }
        if is_busy(look) && !self.prompt.queue {
            return Some(Hindrance::Busy);
        }
        let takes_prompts = matches!(look.evident, State::Ready | State::Error | State::Busy);
        match look.composer {
            ComposerLook::Unknown => Some(Hindrance::NoComposer),
            ComposerLook::Text { .. } => Some(Hindrance::Draft),
            ComposerLook::Empty if takes_prompts => None,
            ComposerLook::Empty | ComposerLook::Hidden => Some(Hindrance::NotAtPrompt),
        }
    }

    /// The text was typed: it has to be in the composer before it is submitted.
    fn shown(&mut self, look: &Look, typed: Instant, now: Instant) -> Step {
        if is_asking(look) {
            return self.fail(asking(look), look);
        }
        if self.holds_ours(look) {
            if is_busy(look) && !self.prompt.queue {
                return self.begin_clearing(Hindrance::Busy, look, now);
            }
            let is_enough = self.holds_all(look) || now >= typed + WHOLE;
            if is_enough && now >= typed + self.manner.delay {
                self.phase = Phase::Asked(Part::Submit {
                    sent: typed,
                    was_busy: false,
                });
                return Step::Type(keys(&self.manner.submit));
            }
            return match now >= self.until.max(typed + WHOLE) {
                true => self.begin_clearing(Hindrance::Timeout, look, now),
                false => Step::Wait,
            };
        }
        if now < typed + ECHO {
            return Step::Wait;
        }
        let why = match look.composer {
            ComposerLook::Text { .. } => Hindrance::Draft,
            ComposerLook::Hidden | ComposerLook::Unknown => Hindrance::NotAtPrompt,
            ComposerLook::Empty => Hindrance::NotTaken,
        };
        self.fail(why, look)
    }

    /// The keys that submit were typed: what shows that they have?
    fn prove(
        &mut self,
        look: &Look,
        (sent, was_busy): (Instant, bool),
        emptied: Option<Instant>,
        now: Instant,
    ) -> Step {
        self.prompted = look.prompted.filter(|at| *at >= sent);
        // What is said of the agent by then is what it does: whoever waits for the end of its work may ask at once.
        let is_said = look.state == State::Busy && !was_busy;
        if let Some(prompted) = self.prompted
            && (is_said || now >= prompted + SETTLING)
        {
            return self.done(Ok(Proof::Hook), None, look);
        }
        if is_said {
            return self.done(Ok(Proof::Busy), None, look);
        }
        if is_asking(look) {
            return self.fail(asking(look), look);
        }
        self.prove_by_composer(look, (sent, was_busy), emptied, now)
    }

    /// Nothing better shows it than the composer, which held the text.
    fn prove_by_composer(
        &mut self,
        look: &Look,
        (sent, was_busy): (Instant, bool),
        emptied: Option<Instant>,
        now: Instant,
    ) -> Step {
        let is_over = now >= self.limit(sent);
        if self.holds_ours(look) {
            self.phase = Phase::Proof {
                sent,
                was_busy,
                emptied: None,
            };
            return match is_over {
                true => self.begin_clearing(Hindrance::NotTaken, look, now),
                false => Step::Wait,
            };
        }
        if look.composer != ComposerLook::Empty {
            return match is_over {
                true => self.fail(Hindrance::Timeout, look),
                false => Step::Wait,
            };
        }
        let since = emptied.unwrap_or(now);
        self.phase = Phase::Proof {
            sent,
            was_busy,
            emptied: Some(since),
        };
        if now < since + GRACE {
            return Step::Wait;
        }
        match was_busy {
            true => self.done(Err(Hindrance::Queued), Some(nothing()), look),
            false => self.done(Ok(Proof::Composer), None, look),
        }
    }

    fn begin_clearing(&mut self, why: Hindrance, look: &Look, now: Instant) -> Step {
        let clearing = Clearing {
            why,
            round: 0,
            last: String::new(),
            since: now,
        };
        self.clear(look, clearing, now)
    }

    /// Takes out what was typed, a line at a time, as long as that is seen to help.
    fn clear(&mut self, look: &Look, clearing: Clearing, now: Instant) -> Step {
        if look.composer == ComposerLook::Empty {
            return self.done(Err(clearing.why), Some(nothing()), look);
        }
        if is_asking(look) {
            return self.fail(clearing.why, look);
        }
        let waits = clearing.round > 0 && now < clearing.since + ROUND;
        let shown = match &look.composer {
            ComposerLook::Text { text, .. } if self.holds_ours(look) => text.clone(),
            _ if waits => return self.wait_clearing(clearing),
            _ => return self.fail(clearing.why, look),
        };
        if shown == clearing.last && waits {
            return self.wait_clearing(clearing);
        }
        let is_stuck = shown == clearing.last || clearing.round >= MOST_ROUNDS;
        if is_stuck || self.manner.clear.is_empty() {
            return self.fail(clearing.why, look);
        }
        self.phase = Phase::Asked(Part::Clear(Clearing {
            round: clearing.round + 1,
            last: shown,
            since: now,
            why: clearing.why,
        }));
        Step::Type(keys(&self.manner.clear))
    }

    fn wait_clearing(&mut self, clearing: Clearing) -> Step {
        self.phase = Phase::Clearing(clearing);
        Step::Wait
    }

    /// It has failed, and what was typed stays where it is.
    fn fail(&self, why: Hindrance, look: &Look) -> Step {
        let left = match &look.composer {
            ComposerLook::Empty => nothing(),
            ComposerLook::Text { text, pasted } if self.holds_ours(look) => Left {
                text: match pasted {
                    true => self.prompt.text.clone(),
                    false => text.clone(),
                },
                seen: true,
            },
            _ => Left {
                text: self.prompt.text.clone(),
                seen: false,
            },
        };
        self.done(Err(why), Some(left).filter(|_| self.pieces > 0), look)
    }

    fn done(&self, result: Result<Proof, Hindrance>, left: Option<Left>, look: &Look) -> Step {
        Step::Done(Box::new(Outcome::new(Asked::Prompt, result, left, look)))
    }

    /// When it counts as not taken.
    fn limit(&self, sent: Instant) -> Instant {
        self.until.max(sent + ACTION)
    }

    /// Whether what the composer holds is of this prompt, and nothing else.
    fn holds_ours(&self, look: &Look) -> bool {
        match &look.composer {
            ComposerLook::Text { pasted: true, .. } => true,
            ComposerLook::Text { text, .. } => self.squeezed.contains(&squeezed(text)),
            _ => false,
        }
    }

    /// Whether the end of it is there: then all of it has been read.
    fn holds_all(&self, look: &Look) -> bool {
        match &look.composer {
            ComposerLook::Text { pasted: true, .. } => true,
            ComposerLook::Text { text, .. } => self.squeezed.ends_with(&squeezed(text)),
            _ => false,
        }
    }
}

fn is_busy(look: &Look) -> bool {
    look.state == State::Busy || look.evident == State::Busy
}

fn is_asking(look: &Look) -> bool {
    look.dialog.is_some() || look.state == State::Waiting || look.evident == State::Waiting
}

/// Whether it may wait for an answer, which is not said of it yet.
fn begins_to_ask(look: &Look) -> bool {
    look.evident == State::Waiting && look.state != State::Waiting
}

fn asking(look: &Look) -> Hindrance {
    match look.dialog {
        Some(_) => Hindrance::Dialog,
        None => Hindrance::Waiting,
    }
}

fn nothing() -> Left {
    Left {
        text: String::new(),
        seen: true,
    }
}

/// A text as it can be compared with what a screen shows: without spaces, however it is wrapped, and without what has no
/// width.
fn squeezed(text: &str) -> String {
    let shows = |one: &char| !one.is_whitespace() && one.width().is_some_and(|width| width > 0);
    text.chars().filter(shows).collect()
}

/// A prompt does not belong in a log.
impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prompt({} bytes)", self.text.len())
    }
}

impl std::fmt::Debug for Prompting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prompting({:?})", self.phase)
    }
}
