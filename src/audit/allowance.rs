//! How many lines those get who cost nothing but words: strangers at the door, and clients who ask for what they may
//! not have. Beyond it they are counted, so that a flood can't push what matters out of the files that are kept.

use std::time::{Duration, Instant};

/// A bucket of tokens; each line takes one.
#[derive(Debug, Clone)]
pub struct Allowance {
    burst: u32,
    each: Duration,
    /// When the bucket is full again.
    full_at: Option<Instant>,
}

impl Allowance {
    /// Room for `burst` lines at once, and for one more each `each`.
    #[must_use]
    pub fn new(burst: u32, each: Duration) -> Self {
        Self {
            burst,
            each,
            full_at: None,
        }
    }

    /// Whether there is room for a line now; it is then taken.
    pub fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        if full_at.saturating_duration_since(now) > self.each * (self.burst - 1) {
            return false;
        }
        self.full_at = Some(full_at + self.each);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let start = Instant::now();
        let mut allowance = Allowance::new(3, Duration::from_secs(1));
        let rows = [
            (0, 4, 3),
            (500, 1, 0),
            (1_000, 2, 1),
            (3_000, 5, 2),
            (60_000, 9, 3),
        ];
        for (at, asked, given) in rows {
            let now = start + Duration::from_millis(at);
            let found = (0..asked).filter(|_| allowance.take(now)).count();
            assert_eq!(found, given, "at {at} ms");
        }
    }
}
