//! Panes whose process has ended, while tmux doesn't know yet how: the end of the output came before the process was
//! waited for. Nothing reports the rest, so it is asked for a few times, each time later.

use std::time::{Duration, Instant};

use crate::model::{Exit, State};

/// The first wait; each further one is four times as long.
const FIRST: Duration = Duration::from_millis(50);

/// How often it is asked for: some versions never report a signal.
const TRIES: u32 = 4;

/// When to list again for the sake of such panes.
#[derive(Debug, Default)]
pub(super) struct HalfKnownExits {
    due: Option<Instant>,
    tries: u32,
}

impl HalfKnownExits {
    /// A listing has come.
    pub(super) fn listed(&mut self, state: &State, now: Instant) {
        let half_known = |exit: Option<Exit>| exit == Some(Exit::default());
        if !state.panes.values().any(|pane| half_known(pane.exit)) {
            *self = Self::default();
        } else if self.due.is_none() && self.tries < TRIES {
            self.due = Some(now + FIRST * 4u32.pow(self.tries));
            self.tries += 1;
        }
    }

    /// When the next listing is wanted for it.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is wanted now.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }
}
