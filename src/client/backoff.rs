//! How long to wait before the next attempt to connect.

use std::time::Duration;

/// The shortest wait: an accident is over soon, and nobody should notice it.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest wait between two attempts of the client's own choice.
const LONGEST: Duration = Duration::from_secs(5);
/// The longest wait that a server may ask for. It bounds what a server can do to its clients.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// Waits that grow with each attempt that came to nothing, spread at random so that clients don't come back all at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
    asked: Duration,
}

impl Backoff {
    /// The connection was of use: the next wait is a short one again.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The server asks to be left alone this long, once.
    pub(super) fn ask(&mut self, wait: Duration) {
        self.asked = wait.min(LONGEST_ASKED);
    }

    /// The next wait; `random` is any number.
    pub(super) fn next(&mut self, random: u32) -> Duration {
        let most = SHORTEST * 2_u32.saturating_pow(self.attempts.saturating_add(1).min(16));
        self.attempts = self.attempts.saturating_add(1);
        let spread = most.min(LONGEST).saturating_sub(SHORTEST);
        let fraction = f64::from(random) / f64::from(u32::MAX);
        let asked = std::mem::take(&mut self.asked);
        asked.max(SHORTEST) + spread.mul_f64(fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_tenth_of_a_second_to_five() {
        let (mut least, mut most) = (Backoff::default(), Backoff::default());
        for expected in [200, 400, 800, 1600, 3200, 5000, 5000, 5000] {
            assert_eq!(least.next(0), SHORTEST);
            assert_eq!(most.next(u32::MAX), Duration::from_millis(expected));
        }
        most.reset();
        assert_eq!(most.next(u32::MAX), Duration::from_millis(200));
        for _ in 0..100 {
            assert!(most.next(u32::MAX / 2) <= LONGEST);
        }
    }

    #[test]
    fn a_server_may_ask_for_more_but_not_for_ever() {
        let mut backoff = Backoff::default();
        backoff.ask(Duration::from_secs(1));
        assert_eq!(backoff.next(0), Duration::from_secs(1));
        assert_eq!(backoff.next(0), SHORTEST);
        backoff.ask(Duration::MAX);
        assert_eq!(backoff.next(0), LONGEST_ASKED);
    }
}
