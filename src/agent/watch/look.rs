//! A look at an agent before something is typed: on all that has come in, and not on what was said of it last.

use std::time::Instant;

use super::super::dialog::{Dialog, ShownDialog};
use super::super::rules::{Composer, DialogRules, InputRules, Tried};
use super::super::status::{Reason, State};
use super::{PaneWatch, Running};

/// What there is of an agent at one moment.
#[derive(Debug, Clone)]
pub struct Look {
    /// What is said of it.
    pub state: State,
    /// What the evidence says now, though it may not be confirmed yet.
    pub evident: State,
    /// What it waits for, or why it failed.
    pub reason: Option<Reason>,
    /// Where prompts are written.
    pub composer: ComposerLook,
    /// The dialog that shows.
    pub dialog: Option<DialogLook>,
    /// When a hook last said that a prompt was taken.
    pub prompted: Option<Instant>,
    /// Its screen is known.
    pub seen: bool,
}

/// What a composer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComposerLook {
    /// The rules don't say where it is.
    Unknown,
    /// It doesn't show.
    Hidden,
    /// Nothing is in it.
    Empty,
    /// A text is in it.
    Text {
        /// Its rows, joined by line feeds.
        text: String,
        /// It stands for a paste that is not shown.
        pasted: bool,
    },
}

/// A dialog that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogLook {
    /// The dialog as it is said.
    pub dialog: Dialog,
    /// The option that is chosen now, if a sign says so.
    pub chosen: Option<usize>,
    /// The keys for each option, where there is no list with a sign.
    pub keys: Vec<Vec<String>>,
}

impl PaneWatch {
    /// What there is of the agent now; nothing if there is none.
    pub fn look(&mut self, now: Instant) -> Option<Look> {
        if let Some(running) = &mut self.agent {
            running.tried = None;
        }
        self.try_rules(now);
        self.settle(now);
        let running = self.agent.as_ref().filter(|running| !running.exited)?;
        let verdict = self.pool.verdict(now);
        Some(Look {
            state: self.settled.state(),
            evident: verdict
                .as_ref()
                .map_or(State::Unknown, |verdict| verdict.state),
            reason: verdict.and_then(|verdict| verdict.reason),
            composer: running.composer(),
            dialog: running
                .dialog
                .as_ref()
                .filter(|_| self.settled.state() == State::Waiting)
                .map(|shown| DialogLook {
                    dialog: shown.said((running.pid, running.started), self.settled.since()),
                    chosen: shown.chosen,
                    keys: shown.keys.clone(),
                }),
            prompted: running.prompted,
            seen: running.seeded,
        })
    }

    /// What is known of the input of the agent that is there.
    #[must_use]
    pub(in super::super) fn input(&self) -> Option<&InputRules> {
        self.agent.as_ref().map(|running| running.rules.input())
    }

    /// The dialog that is said: the one that shows, and while that is half drawn, the last one.
    pub(super) fn dialog(&self) -> Option<Dialog> {
        let running = self
            .agent
            .as_ref()
            .filter(|_| self.settled.state() == State::Waiting)?;
        let shown = running.dialog.as_ref();
        let said =
            shown.map(|shown| shown.said((running.pid, running.started), self.settled.since()));
        said.or_else(|| self.said_dialog.clone())
    }
}

impl Running {
    fn composer(&self) -> ComposerLook {
        let Some(rules) = &self.rules.input().composer else {
            return ComposerLook::Unknown;
        };
        match rules.read(&mut Tried::new(&self.view)) {
            None => ComposerLook::Hidden,
            Some(Composer::Empty) => ComposerLook::Empty,
            Some(Composer::Text { text, pasted }) => ComposerLook::Text { text, pasted },
        }
    }

    /// The dialog on the view, which a rule has found to be waiting. A composer that shows as well is none.
    pub(super) fn shown_dialog(&self) -> Option<ShownDialog> {
        let (input, plain) = (self.rules.input(), DialogRules::default());
        let mut tried = Tried::new(&self.view);
        let composer = input.composer.as_ref();
        let shows_composer = composer.is_some_and(|rules| rules.read(&mut tried).is_some());
        (!shows_composer).then(|| ShownDialog::read(input, &plain, &mut tried))
    }
}
