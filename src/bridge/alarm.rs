//! A timer that stays armed while its deadline is the same.
//!
//! A timer that is made anew each time is cheap to make, but each one that is due before all others wakes the runtime by a
//! write to its own eventfd: two system calls, and one more turn of its loop, for each event that is handled.

use std::pin::Pin;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// The next deadline, of which there is one at a time.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready when the deadline has passed; never without one. Cancelled and awaited again, it goes on.
    pub(super) async fn rings(&mut self, deadline: Option<Instant>) {
        let Some(deadline) = deadline.map(tokio::time::Instant::from) else {
            return std::future::pending().await;
        };
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn an_alarm_rings_at_its_deadline_whatever_it_was_before() {
        let hour = Duration::from_secs(3600);
        let soon = Duration::from_millis(20);
        let start = Instant::now();
        let mut alarm = Alarm::default();
        assert_eq!(alarm.rings(None).now_or_never(), None);
        assert_eq!(alarm.rings(Some(start + 2 * hour)).now_or_never(), None);
        // Sooner, later, none, and a deadline that comes.
        assert_eq!(alarm.rings(Some(start + hour)).now_or_never(), None);
        assert_eq!(alarm.rings(Some(start + 3 * hour)).now_or_never(), None);
        assert_eq!(alarm.rings(None).now_or_never(), None);
        alarm.rings(Some(start + soon)).await;
        assert!(start.elapsed() >= soon);
        // What has passed rings at once, as often as it is asked.
        for _ in 0..2 {
            assert_eq!(alarm.rings(Some(start + soon)).now_or_never(), Some(()));
        }
        assert_eq!(alarm.rings(Some(start + hour)).now_or_never(), None);
        // The same deadline, awaited anew each time, comes as well.
        let next = Instant::now() + soon;
        assert_eq!(alarm.rings(Some(next)).now_or_never(), None);
        alarm.rings(Some(next)).await;
        assert!(Instant::now() >= next);
    }
}
