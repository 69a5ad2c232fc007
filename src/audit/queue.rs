//! What waits for the log's thread: a bounded queue whose lock is free by the time that the thread is woken.
//!
//! A channel of the standard library holds its lock while it wakes the receiver. A thread that is woken on the same core
//! runs at once, and then waits for that lock: two more switches in the way of each key.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A queue for one receiver. All clones of its handle are one.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<QueueState<T>>,
    filled: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct QueueState<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// The end that takes what waits. When it goes, nothing is taken in any more.
#[derive(Debug)]
pub(super) struct QueueReceiver<T>(Arc<Queue<T>>);

/// Why there is nothing to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    /// Nothing came in time.
    Yet,
    /// Nothing will come.
    More,
}

impl<T> Queue<T> {
    /// A queue in which so many may wait.
    pub(super) fn bounded(capacity: usize) -> (Arc<Self>, QueueReceiver<T>) {
        let queue = Arc::new(Self {
            state: Mutex::new(QueueState {
                waiting: VecDeque::new(),
                closed: false,
            }),
            filled: Condvar::new(),
            capacity,
        });
        (Arc::clone(&queue), QueueReceiver(queue))
    }

    /// Puts something behind what waits.
    ///
    /// # Errors
    /// The queue is full or closed; what was to wait is given back.
    pub(super) fn put(&self, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.capacity {
            return Err(item);
        }
        state.waiting.push_back(item);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes in nothing more. What waits can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// The state is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> QueueReceiver<T> {
    /// The next one, as soon as there is one; not waited for beyond a deadline.
    pub(super) fn take(&self, deadline: Option<Instant>) -> Result<T, Nothing> {
        let mut state = self.0.lock();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                return Ok(item);
            }
            if state.closed {
                return Err(Nothing::More);
            }
            state = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => return Err(Nothing::Yet),
                Some(left) => {
                    let waited = self.0.filled.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.0.filled.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }

    /// The next one, if there is one now.
    pub(super) fn take_now(&self) -> Option<T> {
        self.0.lock().waiting.pop_front()
    }
}

impl<T> Drop for QueueReceiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        // What waits is dropped without the lock: it may be anything.
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_put_is_taken_in_order() {
        let (queue, receiver) = Queue::bounded(2);
        assert_eq!(queue.put(1), Ok(()));
        assert_eq!(queue.put(2), Ok(()));
        assert_eq!(queue.put(3), Err(3), "it is full");
        assert_eq!(receiver.take(None), Ok(1));
        assert_eq!(receiver.take_now(), Some(2));
        assert_eq!(receiver.take_now(), None);
    }

    #[test]
    fn a_deadline_ends_the_wait() {
        let (_queue, receiver) = Queue::<()>::bounded(1);
        let deadline = Instant::now() + Duration::from_millis(1);
        assert_eq!(receiver.take(Some(deadline)), Err(Nothing::Yet));
        assert!(Instant::now() >= deadline);
    }

    #[test]
    fn what_waits_is_taken_behind_the_close() {
        let (queue, receiver) = Queue::bounded(2);
        queue.put(1).unwrap();
        queue.close();
        assert_eq!(queue.put(2), Err(2));
        assert_eq!(receiver.take(None), Ok(1));
        assert_eq!(receiver.take(None), Err(Nothing::More));
    }

    #[test]
    fn one_that_waits_is_woken() {
        let (queue, receiver) = Queue::bounded(1);
        let waits = thread::spawn(move || (receiver.take(None), receiver.take(None)));
        queue.put(7).unwrap();
        queue.close();
        assert_eq!(waits.join().unwrap(), (Ok(7), Err(Nothing::More)));
    }

    #[test]
    fn nothing_is_taken_in_once_the_receiver_is_gone() {
        let (queue, receiver) = Queue::bounded(1);
        let (sender, dropped) = std::sync::mpsc::channel::<()>();
        queue.put(Some(sender)).unwrap();
        drop(receiver);
        assert!(queue.put(None).is_err());
        assert!(dropped.recv().is_err(), "what waited is dropped");
    }
}
