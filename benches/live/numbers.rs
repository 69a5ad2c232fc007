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

/// Measured times in nanoseconds, in order.
#[derive(Debug, Clone)]
pub struct Times(Vec<u64>);

impl Times {
    /// Panics if nothing was measured, since then something does not work.
    pub fn new(mut nanoseconds: Vec<u64>) -> Self {
        assert!(!nanoseconds.is_empty(), "nothing was measured");
        nanoseconds.sort_unstable();
        Self(nanoseconds)
    }

    /// Microseconds that this share of the times does not exceed, in thousandths.
    pub fn micros(&self, share: usize) -> f64 {
        float(self.0[(self.0.len() - 1) * share / 1000]) / 1000.0
    }

    pub fn p50(&self) -> f64 {
        self.micros(500)
    }

    pub fn p99(&self) -> f64 {
        self.micros(990)
    }

    /// `p50 / p99` in microseconds.
    pub fn pair(&self) -> String {
        format!("{} / {}", short(self.p50()), short(self.p99()))
    }

    /// Prints a line of these times.
    pub fn print(&self, name: &str) {
        println!(
            "  {name:<28} p50 {:>9.1}  p90 {:>9.1}  p99 {:>9.1}  max {:>9.1} us   ({} times)",
            self.p50(),
            self.micros(900),
            self.p99(),
            self.micros(1000),
            self.0.len()
        );
    }
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
