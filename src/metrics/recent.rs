//! Times of the last few seconds, in a histogram of a fixed size: nothing is allocated for a time.

use std::time::{Duration, Instant};

/// How long one half of what is remembered is: a summary is of the last 5 to 10 seconds.
const HALF: Duration = Duration::from_secs(5);
/// Buckets for each power of two, so that a bucket is at most an eighth wider than the times in it.
const STEPS: usize = 8;
/// Times from here on, which is 16.8 s, share the last bucket; the longest is known exactly all the same.
const LARGEST: u64 = 1 << 24;
const BUCKETS: usize = bucket(LARGEST) + 1;

/// The times of the last few seconds.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    now: Half,
    before: Half,
    /// When the newer half began; `None` before the first time.
    began: Option<Instant>,
}

#[derive(Debug)]
struct Half {
    counts: [u32; BUCKETS],
    longest: u64,
}

/// What some times come to, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many there were.
    pub(crate) count: u64,
    /// Half of them were at most this, or up to an eighth less.
    pub(crate) p50: u64,
    /// All but one in a hundred were at most this, or up to an eighth less.
    pub(crate) p99: u64,
    /// The longest.
    pub(crate) max: u64,
}

impl Recent {
    pub(crate) fn record(&mut self, time: Duration, now: Instant) {
        self.turn(now);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let count = &mut self.now.counts[bucket(micros.min(LARGEST))];
        *count = count.saturating_add(1);
        self.now.longest = self.now.longest.max(micros);
    }

    /// `None` if there was nothing in the last seconds.
    pub(crate) fn summary(&mut self, now: Instant) -> Option<Summary> {
        self.turn(now);
        let halves = self.now.counts.iter().zip(&self.before.counts);
        let counts = halves.map(|(now, before)| u64::from(*now) + u64::from(*before));
        let count: u64 = counts.clone().sum();
        if count == 0 {
            return None;
        }
        let max = self.now.longest.max(self.before.longest);
        let reached = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut sum = 0;
            let found = counts.clone().position(|count| {
                sum += count;
                sum >= rank
            });
            found.map_or(max, |bucket| end_of(bucket).min(max))
        };
        Some(Summary {
            count,
            p50: reached(50),
            p99: reached(99),
            max,
        })
    }

    /// What is too old is forgotten.
    fn turn(&mut self, now: Instant) {
        let began = *self.began.get_or_insert(now);
        let age = now.saturating_duration_since(began);
        if age < HALF {
            return;
        }
        let newer = std::mem::take(&mut self.now);
        self.before = if age < 2 * HALF {
            newer
        } else {
            Half::default()
        };
        self.began = Some(now);
    }
}

impl Default for Half {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            longest: 0,
        }
    }
}

/// The bucket of a time: one for each microsecond at first, then [`STEPS`] for each power of two.
const fn bucket(micros: u64) -> usize {
    if micros < STEPS as u64 {
        return micros as usize;
    }
    let power = micros.ilog2() as usize;
    let shift = power - STEPS.ilog2() as usize;
    shift * STEPS + (micros >> shift) as usize
}

/// The longest time in a bucket.
fn end_of(bucket: usize) -> u64 {
    if bucket < 2 * STEPS {
        return bucket as u64;
    }
    let shift = bucket / STEPS - 1;
    let step = (bucket % STEPS + STEPS) as u64;
    ((step + 1) << shift) - 1
}

#[cfg(test)]
#[path = "recent_tests.rs"]
mod tests;
