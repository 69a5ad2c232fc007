//! Clocks, and what is said of many measured times.

use rustix::time::{ClockId, clock_gettime};

/// The machine's monotonic clock in nanoseconds: the same in every process, so that a stamp can be subtracted elsewhere.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// A count as a number to divide by.
#[expect(
    clippy::cast_precision_loss,
    reason = "no count here needs more than 53 bits"
)]
pub fn float(count: impl TryInto<u64, Error: std::fmt::Debug>) -> f64 {
    count.try_into().unwrap() as f64
}

/// How many rounds measured times are divided into.
const ROUNDS: usize = 5;

/// Measured times in nanoseconds, in rounds. What is said of them is the median of what the rounds give, so that a moment in
/// which the machine did something else spoils one round and not the figure.
#[derive(Debug, Clone)]
pub struct Times(Vec<Vec<u64>>);

impl Times {
    /// Of times in the order in which they were measured. Panics if nothing was measured, since then something does not work.
    pub fn new(nanoseconds: Vec<u64>) -> Self {
        assert!(!nanoseconds.is_empty(), "nothing was measured");
        let rounds = nanoseconds.chunks(nanoseconds.len().div_ceil(ROUNDS));
        let sorted = rounds.map(|round| {
            let mut round = round.to_vec();
            round.sort_unstable();
            round
        });
        Self(sorted.collect())
    }

    /// The same as one round, where each of the times counts.
    pub fn whole(nanoseconds: Vec<u64>) -> Self {
        let mut times = Self::new(nanoseconds);
        let mut all = times.0.concat();
        all.sort_unstable();
        times.0 = vec![all];
        times
    }

    /// Microseconds that this share of the times of a round does not exceed, in thousandths.
    pub fn micros(&self, share: usize) -> f64 {
        median(self.0.iter().map(|round| micros(round, share)).collect())
    }

    pub fn p50(&self) -> f64 {
        self.micros(500)
    }

    pub fn p99(&self) -> f64 {
        self.micros(990)
    }

    /// By how many microseconds the median is behind that of others, which were measured in turn with these: the median of
    /// the differences of the rounds.
    pub fn behind(&self, others: &Self) -> f64 {
        let pairs = self.0.iter().zip(&others.0);
        median(
            pairs
                .map(|(ours, theirs)| micros(ours, 500) - micros(theirs, 500))
                .collect(),
        )
    }

    /// `p50 / p99` in microseconds.
    pub fn pair(&self) -> String {
        format!("{} / {}", short(self.p50()), short(self.p99()))
    }

    /// Prints a line of these times; the longest is that of all rounds.
    pub fn print(&self, name: &str) {
        println!(
            "  {name:<28} p50 {:>9.1}  p90 {:>9.1}  p99 {:>9.1}  max {:>9.1} us   ({} times)",
            self.p50(),
            self.micros(900),
            self.p99(),
            self.0
                .iter()
                .map(|round| micros(round, 1000))
                .fold(0.0, f64::max),
            self.0.iter().map(Vec::len).sum::<usize>()
        );
    }
}

/// Microseconds that this share of sorted times does not exceed, in thousandths.
fn micros(sorted: &[u64], share: usize) -> f64 {
    float(sorted[(sorted.len() - 1) * share / 1000]) / 1000.0
}

/// The middle one of some measured values.
pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "nothing was measured");
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A number with about three digits that matter.
pub fn short(value: f64) -> String {
    if value.abs() < 10.0 {
        format!("{value:.2}")
    } else if value.abs() < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}
