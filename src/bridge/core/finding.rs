//! When a server is to be looked for, after the control link has ended.

use std::time::{Duration, Instant};

use crate::bridge::outputs::{FIRST_WAIT, GOOD_LIFE, LONGEST_WAIT};

/// When a server is to be looked for, after the control link has ended.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// When to look.
    pub(super) due: Option<Instant>,
    /// When the control link was opened.
    pub(super) opened: Option<Instant>,
    failures: u32,
}

impl Finding {
    /// At once if the last control link was a good one; otherwise each time later.
    pub(super) fn again(&mut self, now: Instant) {
        let good = self
            .opened
            .take()
            .is_some_and(|opened| now.duration_since(opened) >= GOOD_LIFE);
        self.failures = if good { 0 } else { self.failures + 1 };
        let wait = match self.failures {
            0 | 1 => Duration::ZERO,
            more => (FIRST_WAIT * 2u32.saturating_pow(more - 2)).min(LONGEST_WAIT),
        };
        self.due = Some(now + wait);
    }
}
