//! A token bucket: so much at once, and so much a second after that. Time is a parameter.

use std::time::{Duration, Instant};

/// What a bucket allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much comes back in a second.
    pub per_second: u64,
    /// How much there may be at once; anyone who needs more than that at once gets it from a full bucket alone.
    pub burst: u64,
}

/// How much is left of an allowance. It keeps no more than the time at which all of it will be there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    full_at: Instant,
}

impl Rate {
    /// The time in which so much comes back.
    pub(super) fn time_for(self, amount: u64) -> Duration {
        let nanoseconds = u128::from(amount) * 1_000_000_000 / u128::from(self.per_second.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes so much if it is there; otherwise nothing, and says when it will be.
    ///
    /// # Errors
    /// How long it takes until so much is there.
    pub fn take(&mut self, rate: Rate, amount: u64, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + rate.time_for(amount);
        let wait = overdrawn(full_at, rate, amount, now);
        if wait.is_zero() {
            self.full_at = full_at;
            return Ok(());
        }
        Err(wait)
    }

    /// Takes so much whether it is there or not, and says how long it takes until nothing is owed.
    pub fn charge(&mut self, rate: Rate, amount: u64, now: Instant) -> Duration {
        self.full_at = self.full_at.max(now) + rate.time_for(amount);
        overdrawn(self.full_at, rate, amount, now)
    }

    /// Whether nothing is missing, so that a new one would be the same.
    #[must_use]
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// How much too early it is for a bucket that will be full at this time.
fn overdrawn(full_at: Instant, rate: Rate, amount: u64, now: Instant) -> Duration {
    let deepest = rate.time_for(rate.burst.max(amount));
    full_at
        .saturating_duration_since(now)
        .saturating_sub(deepest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 100,
        burst: 5,
    };
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn so_much_at_once_and_so_much_a_second() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        // The time in milliseconds, how much is asked for, and how long to wait for it.
        let rows = [
            (0, 1, 0),
            (0, 4, 0),
            (0, 1, 10),
            (9, 1, 1),
            (10, 1, 0),
            (10, 1, 10),
            // All of it is back after a while, and never more than that.
            (10_000, 5, 0),
            (10_000, 1, 10),
            (10_030, 3, 0),
            (10_030, 2, 20),
            // What is larger than the bucket is let through when nothing is missing.
            (20_000, 50, 0),
            (20_000, 1, 460),
            (20_460, 1, 0),
        ];
        for (at, amount, wait) in rows {
            let found = bucket.take(RATE, amount, start + at * MS);
            let expected = if wait == 0 { Ok(()) } else { Err(wait * MS) };
            assert_eq!(found, expected, "{amount} after {at} ms");
        }
    }

    #[test]
    fn what_is_charged_is_owed() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let rows = [
            (0, 5, 0),
            (0, 1, 10),
            (0, 1, 20),
            (20, 1, 10),
            (1_000, 5, 0),
            (1_000, 2, 20),
        ];
        for (at, amount, wait) in rows {
            let found = bucket.charge(RATE, amount, start + at * MS);
            assert_eq!(found, wait * MS, "{amount} after {at} ms");
        }
        assert!(!bucket.is_full(start + 1_069 * MS) && bucket.is_full(start + 1_070 * MS));
    }

    #[test]
    fn over_any_second_no_more_than_the_rate_and_a_burst_gets_through() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let mut taken = Vec::new();
        for at in 0..5_000 {
            let now = start + at * MS;
            for _ in 0..3 {
                if bucket.take(RATE, 1, now).is_ok() {
                    taken.push(at);
                }
            }
        }
        for from in 0..4_000 {
            let within = taken.iter().filter(|at| (from..from + 1_000).contains(*at));
            assert!(
                within.count() as u64 <= RATE.per_second + RATE.burst,
                "from {from} ms"
            );
        }
        assert!(taken.len() as u64 >= 5 * RATE.per_second);
    }

    #[test]
    fn extreme_rates_do_no_harm() {
        let start = Instant::now();
        for per_second in [0, 1, u64::from(u32::MAX)] {
            for burst in [0, 1, 1 << 40] {
                let rate = Rate { per_second, burst };
                let mut bucket = Bucket::new(start);
                assert_eq!(bucket.take(rate, 1, start), Ok(()), "{rate:?}");
            }
        }
    }
}
