//! When a state is said: busy at once, others once they have stood for a moment.
//!
//! A screen that is half drawn shows neither spinner nor prompt for some milliseconds, and no agent is ready for so short a
//! time. So what ends work is confirmed.

use std::time::{Duration, Instant};

use super::evidence::Evidence;
use super::status::{Confidence, Reason, Source, State};

/// What is about to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    state: State,
    reason: Option<Reason>,
    since: Instant,
}

/// What is said, and what may be said next.
#[derive(Debug)]
pub(super) struct Settled {
    state: State,
    reason: Option<Reason>,
    since: Instant,
    candidate: Option<Candidate>,
}

impl Settled {
    /// Nothing is known from now on.
    pub(super) fn unknown(now: Instant) -> Self {
        Self {
            state: State::Unknown,
            reason: None,
            since: now,
            candidate: None,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Takes what the evidence says now; `None` if there is none. Whether something else is said from now on.
    pub(super) fn take(&mut self, verdict: Option<&Evidence>, now: Instant) -> bool {
        let state = verdict.map_or(State::Unknown, |verdict| verdict.state);
        let reason = verdict.and_then(|verdict| verdict.reason.clone());
        if (state, &reason) == (self.state, &self.reason) {
            self.candidate = None;
            return false;
        }
        let since = match &self.candidate {
            Some(last) if last.state == state => last.since,
            _ => now,
        };
        let wait = self.wait(state, verdict);
        let candidate = Candidate {
            state,
            reason,
            since,
        };
        if now.saturating_duration_since(since) < wait {
            self.candidate = Some(candidate);
            return false;
        }
        if state != self.state {
            self.since = since;
        }
        self.state = state;
        self.reason = candidate.reason;
        self.candidate = None;
        true
    }

    /// When the candidate is said, if nothing speaks against it.
    pub(super) fn due(&self, verdict: Option<&Evidence>) -> Option<Instant> {
        let candidate = self.candidate.as_ref()?;
        candidate
            .since
            .checked_add(self.wait(candidate.state, verdict))
    }

    /// How long a state must stand before it is said.
    fn wait(&self, state: State, verdict: Option<&Evidence>) -> Duration {
        let milliseconds = match state {
            // What stops being seen has mostly been drawn over, and is there again at once.
            State::Unknown => 3_000,
            // Programs say that they work and take it back at once, as when they start.
            State::Busy if self.state == State::Ready => 25,
            // A screen that is drawn anew in pieces may lack its prompt for some milliseconds, and quote a dialog above it. By
            // then it has been looked at again.
            State::Waiting if verdict.is_some_and(|verdict| verdict.source == Source::Screen) => 60,
            State::Exited | State::Waiting | State::Busy => 0,
            // Another reason for the same.
            _ if state == self.state => 100,
            State::Ready | State::Error => match verdict {
                // The registry and hooks say so early; a screen that still works decides.
                Some(verdict)
                    if verdict.contested
                        && matches!(verdict.source, Source::Registry | Source::Hook) =>
                {
                    1_000
                }
                Some(verdict) if verdict.at_once => 0,
                Some(verdict) if verdict.source == Source::Registry => 100,
                Some(verdict) if verdict.confidence == Confidence::High => 140,
                Some(verdict) if verdict.confidence == Confidence::Medium => 600,
                _ => 2_000,
            },
        };
        Duration::from_millis(milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown, if anything is.
    type Shown = Option<(State, Confidence)>;

    fn evidence(state: State, confidence: Confidence, now: Instant) -> Evidence {
        Evidence {
            confidence,
            ..Evidence::new(Source::Screen, state, String::new(), now)
        }
    }

    /// Rows of a time in milliseconds, what is shown from then on, and what is said then.
    #[track_caller]
    fn check<const ROWS: usize>(rows: [(u64, Shown, State); ROWS]) {
        let start = Instant::now();
        let mut settled = Settled::unknown(start);
        for (at, shown, expected) in rows {
            let now = start + Duration::from_millis(at);
            let shown = shown.map(|(state, confidence)| evidence(state, confidence, now));
            settled.take(shown.as_ref(), now);
            assert_eq!(settled.state(), expected, "at {at}");
        }
    }

    #[test]
    fn busy_is_said_at_once_waiting_soon_and_ready_is_confirmed() {
        let (busy, ready) = (
            Some((State::Busy, Confidence::High)),
            Some((State::Ready, Confidence::High)),
        );
        let waiting = Some((State::Waiting, Confidence::High));
        check([
            (0, busy, State::Busy),
            (10, waiting, State::Busy),
            (50, busy, State::Busy),
            (100, waiting, State::Busy),
            (160, waiting, State::Waiting),
            (170, busy, State::Busy),
            (1000, ready, State::Busy),
            (1100, ready, State::Busy),
            (1140, ready, State::Ready),
            (1150, busy, State::Ready),
            (1156, ready, State::Ready),
            (2000, busy, State::Ready),
            (2025, busy, State::Busy),
        ]);
    }

    #[test]
    fn a_screen_that_is_half_drawn_does_not_flicker() {
        let (busy, ready) = (
            Some((State::Busy, Confidence::High)),
            Some((State::Ready, Confidence::High)),
        );
        check([
            (0, busy, State::Busy),
            (1000, ready, State::Busy),
            (1050, busy, State::Busy),
            (2000, None, State::Busy),
            (2100, busy, State::Busy),
            (3000, ready, State::Busy),
            (3100, None, State::Busy),
            (3200, ready, State::Busy),
        ]);
    }

    #[test]
    fn what_is_not_sure_takes_longer() {
        let busy = Some((State::Busy, Confidence::High));
        let unsure = Some((State::Ready, Confidence::Low));
        check([
            (0, busy, State::Busy),
            (1000, unsure, State::Busy),
            (2900, unsure, State::Busy),
            (3000, unsure, State::Ready),
            (4000, None, State::Ready),
            (6900, None, State::Ready),
            (7000, None, State::Unknown),
        ]);
    }
}
