//! A queue of requests for a task that may be begun anew, or be missing.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

/// How many may wait. The source of agents receives them as fast as they come, so more is a stuck source.
const WAITING: usize = 256;

/// The queue. All clones are one.
#[derive(Debug)]
pub(in crate::bridge) struct RequestQueue<T>(Arc<Mutex<Option<mpsc::Sender<T>>>>);

/// Why a request is not in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bridge) enum NotQueued {
    /// Nobody receives them.
    NoReceiver,
    /// Too many wait.
    Full,
}

impl<T> RequestQueue<T> {
    /// Receives the requests from now on; an earlier receiver gets none any more.
    pub(in crate::bridge) fn take(&self) -> mpsc::Receiver<T> {
        let (sender, receiver) = mpsc::channel(WAITING);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Adds a request, without waiting for room.
    pub(in crate::bridge) fn send(&self, request: T) -> Result<(), NotQueued> {
        let sender = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sent = sender.ok_or(NotQueued::NoReceiver)?.try_send(request);
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Closed(_) => NotQueued::NoReceiver,
            mpsc::error::TrySendError::Full(_) => NotQueued::Full,
        })
    }
}

impl<T> Clone for RequestQueue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for RequestQueue<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
