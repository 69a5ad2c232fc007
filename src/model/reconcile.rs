//! The check that no notification was missed: from time to time everything is listed though nothing hinted at it.
//!
//! A listing can overtake the notification of what it shows, and subscriptions are sampled once a second. So a
//! difference is a drift only if a second listing still shows it after a while in which nothing hinted at a change.

use std::time::{Duration, Instant};

/// Decides when to check, and what the differences that a listing shows mean.
#[derive(Debug)]
pub struct Reconciler {
    interval: Duration,
    settle: Duration,
    stage: Stage,
    hinted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle { next: Instant },
    Checking,
    Suspecting { confirm: Instant },
    Confirming,
}

/// What to do with the differences that a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A notification reported them: publish them.
    Ordinary,
    /// No notification explains them, yet: leave the state as it is, and list again later.
    Suspicious,
    /// No notification explains them, and time enough was given: publish them as reconciled.
    Drift,
}

impl Reconciler {
    /// Checks every `interval`; a suspicion is confirmed or dropped after `settle`.
    #[must_use]
    pub fn new(interval: Duration, settle: Duration, now: Instant) -> Self {
        Self {
            interval,
            settle,
            stage: Stage::Idle {
                next: now + interval,
            },
            hinted: false,
        }
    }

    /// A notification has hinted at a change.
    pub fn hint(&mut self) {
        self.hinted = true;
    }

    /// When a listing is wanted next.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        match self.stage {
            Stage::Idle { next } => Some(next),
            Stage::Suspecting { confirm } => Some(confirm),
            Stage::Checking | Stage::Confirming => None,
        }
    }

    /// Whether a listing is to be asked for now; the next one to come then counts as the check.
    pub fn start(&mut self, now: Instant) -> bool {
        let due = self.due().is_some_and(|due| due <= now);
        if due {
            self.stage = match self.stage {
                Stage::Idle { .. } => Stage::Checking,
                _ => Stage::Confirming,
            };
        }
        due
    }

    /// A check right away, whatever the interval.
    pub fn hurry(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Idle { .. }) {
            self.stage = Stage::Idle { next: now };
        }
    }

    /// Judges a listing that has come, and that differs from the state or not.
    pub fn judge(&mut self, differs: bool, now: Instant) -> Verdict {
        let hinted = std::mem::take(&mut self.hinted);
        let verdict = match self.stage {
            Stage::Checking if differs && !hinted => Verdict::Suspicious,
            Stage::Confirming if differs && !hinted => Verdict::Drift,
            _ => Verdict::Ordinary,
        };
        self.stage = match (verdict, self.stage) {
            (Verdict::Suspicious, _) => Stage::Suspecting {
                confirm: now + self.settle,
            },
            (_, Stage::Idle { next }) => Stage::Idle { next },
            _ => Stage::Idle {
                next: now + self.interval,
            },
        };
        verdict
    }

    /// The server is gone, or new: whatever was suspected is void.
    pub fn reset(&mut self, now: Instant) {
        self.stage = Stage::Idle {
            next: now + self.interval,
        };
        self.hinted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);
    const SETTLE: Duration = Duration::from_millis(1500);

    fn checking(start: Instant) -> Reconciler {
        let mut reconciler = Reconciler::new(INTERVAL, SETTLE, start);
        assert!(!reconciler.start(start));
        assert!(reconciler.start(start + INTERVAL));
        reconciler
    }

    #[test]
    fn only_a_difference_that_stays_unexplained_is_drift() {
        let start = Instant::now();
        let now = start + INTERVAL;
        // Whether the check differs, whether a hint follows, whether the confirmation differs, and the verdict.
        for (hint, differs, expected) in [
            (false, true, Verdict::Drift),
            (true, true, Verdict::Ordinary),
            (false, false, Verdict::Ordinary),
        ] {
            let mut reconciler = checking(start);
            assert_eq!(reconciler.judge(true, now), Verdict::Suspicious);
            assert!(reconciler.start(now + SETTLE));
            if hint {
                reconciler.hint();
            }
            assert_eq!(reconciler.judge(differs, now + SETTLE), expected);
            assert_eq!(reconciler.due(), Some(now + SETTLE + INTERVAL));
        }
    }

    #[test]
    fn a_listing_that_was_hinted_at_is_ordinary_at_any_stage() {
        let start = Instant::now();
        let mut reconciler = checking(start);
        reconciler.hint();
        assert_eq!(reconciler.judge(true, start + INTERVAL), Verdict::Ordinary);
        let mut reconciler = Reconciler::new(INTERVAL, SETTLE, start);
        reconciler.hint();
        assert!(reconciler.start(start + INTERVAL));
        assert_eq!(
            reconciler.judge(true, start + INTERVAL),
            Verdict::Ordinary,
            "hinted at before the check, and not listed since"
        );
        let mut reconciler = checking(start);
        assert_eq!(
            reconciler.judge(true, start + INTERVAL),
            Verdict::Suspicious
        );
        reconciler.hint();
        assert_eq!(
            reconciler.judge(true, start + INTERVAL),
            Verdict::Ordinary,
            "listed before the confirmation"
        );
    }
}
