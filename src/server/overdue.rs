//! What waits for its line in the audit log, and is refused when that takes too long.
//!
//! One timer serves all of it. A timer for each key would be set, and taken back, with every key: with the wake-up that
//! this costs, it takes longer than writing the line.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::clock::now;
use crate::bridge::{InputError, PreparedInput};

/// How long something may wait for its line: what is typed much later than it was meant to be is worse than refused.
pub(super) const WAIT: Duration = Duration::from_secs(5);

/// Input that is to be sent, or refused, by the first who takes it.
#[derive(Debug, Clone)]
pub(super) struct WaitingInput(Arc<Mutex<Option<PreparedInput>>>);

/// All that waits, the oldest first. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Overdue(Arc<OverdueInner>);

#[derive(Debug, Default)]
struct OverdueInner {
    queue: Mutex<OverdueQueue>,
    /// Something waits, and nothing did.
    begun: Notify,
}

#[derive(Debug, Default)]
struct OverdueQueue {
    waiting: VecDeque<(Instant, WaitingInput)>,
    /// Whether the task has a time to wake at.
    armed: bool,
}

impl WaitingInput {
    pub(super) fn new(prepared: PreparedInput) -> Self {
        Self(Arc::new(Mutex::new(Some(prepared))))
    }

    /// The first caller gets it.
    pub(super) fn take(&self) -> Option<PreparedInput> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_taken(&self) -> bool {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.is_none()
    }
}

impl Overdue {
    /// Refuses this input in [`WAIT`] if nobody has taken it by then.
    pub(super) fn watch(&self, input: WaitingInput, now: Instant) {
        if input.is_taken() {
            return;
        }
        let mut queue = self.queue();
        queue.drop_taken();
        queue.waiting.push_back((now + WAIT, input));
        if !std::mem::replace(&mut queue.armed, true) {
            self.0.begun.notify_one();
        }
    }

    /// Refuses what has waited too long, for ever.
    pub(super) async fn run(self) {
        loop {
            let next = self.queue().next();
            match next {
                None => self.0.begun.notified().await,
                Some(at) => sleep_until(at).await,
            }
            self.refuse_due(now().into());
        }
    }

    fn refuse_due(&self, now: Instant) {
        while let Some(input) = self.queue().due(now) {
            if let Some(prepared) = input.take() {
                prepared.refuse(InputError::Unrecorded);
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, OverdueQueue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OverdueQueue {
    /// Lines are written in order, so that what has been taken is in front, and what is left is what waits.
    fn drop_taken(&mut self) {
        let taken = |(_, input): &(Instant, WaitingInput)| input.is_taken();
        while self.waiting.front().is_some_and(taken) {
            self.waiting.pop_front();
        }
    }

    /// When the task is to wake next.
    fn next(&mut self) -> Option<Instant> {
        self.drop_taken();
        let next = self.waiting.front().map(|(at, _)| *at);
        self.armed = next.is_some();
        next
    }

    fn due(&mut self, now: Instant) -> Option<WaitingInput> {
        self.waiting.front().filter(|(at, _)| *at <= now)?;
        self.waiting.pop_front().map(|(_, input)| input)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::auth::{Permission, Principal};
    use crate::bridge::{ClientNumber, Handle, InputRequest};
    use crate::ids::PaneId;

    type Outcome = std::pin::Pin<Box<dyn Future<Output = Result<(), InputError>> + Send>>;

    fn input(bridge: &Handle) -> (WaitingInput, Outcome) {
        let request = InputRequest {
            client: ClientNumber(1),
            pane: PaneId(0),
            keys: Vec::new(),
            cancel_mode: false,
            submit_delay: None,
        };
        let principal = Principal::unrestricted();
        let request = principal.authorize(Permission::Write, [], request).unwrap();
        let (prepared, outcome) = bridge.prepare_input(request);
        (WaitingInput::new(prepared), Box::pin(outcome))
    }

    #[tokio::test]
    async fn what_nobody_takes_in_time_is_refused_and_nothing_else() {
        let (bridge, _requests) = Handle::pair();
        let overdue = Overdue::default();
        let start = Instant::now();
        let (first, mut first_outcome) = input(&bridge);
        let (second, second_outcome) = input(&bridge);
        overdue.watch(first.clone(), start);
        overdue.watch(second.clone(), start + WAIT / 2);
        // The log has written the line of the first one.
        let _sent_later = first.take().unwrap();
        assert_eq!(overdue.queue().next(), Some(start + WAIT + WAIT / 2));
        overdue.refuse_due(start + WAIT);
        let both = [first.is_taken(), second.is_taken()];
        assert_eq!(both, [true, false], "it is not time yet");
        overdue.refuse_due(start + WAIT + WAIT / 2);
        assert_eq!(second_outcome.await, Err(InputError::Unrecorded));
        assert!(second.take().is_none(), "the log comes too late");
        let first = futures_util::poll!(&mut first_outcome);
        assert!(first.is_pending(), "it was taken in time");
        assert_eq!(overdue.queue().next(), None);
    }

    #[tokio::test]
    async fn the_task_is_woken_once_for_all_that_comes_while_it_waits() {
        let (bridge, _requests) = Handle::pair();
        let overdue = Overdue::default();
        for number in 0..100 {
            let (waiting, _outcome) = input(&bridge);
            overdue.watch(waiting.clone(), Instant::now());
            waiting.take();
            let woken = futures_util::poll!(std::pin::pin!(overdue.0.begun.notified()));
            assert_eq!(woken.is_ready(), number == 0);
        }
        assert_eq!(overdue.queue().waiting.len(), 1, "nothing is kept");
    }
}
