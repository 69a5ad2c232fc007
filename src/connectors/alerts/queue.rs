//! What waits to be sent to one place.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::notification::Notification;

/// A bounded queue with one reader. When it is full the oldest notification goes: the newest matter most.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Notification>>,
    most: usize,
    came: Notify,
    /// Nothing more comes: what is there is tried once more, and no more.
    pub(super) closed: CancellationToken,
    pub(super) figures: Arc<SinkFigures>,
}

/// What became of the notifications for one sink.
#[derive(Debug, Default)]
pub(super) struct SinkFigures {
    pub(super) waiting: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dropped: AtomicU64,
    /// It is one of those in force.
    pub(super) lives: AtomicBool,
}

impl Queue {
    pub(super) fn new(most: usize, figures: Arc<SinkFigures>) -> Self {
        Self {
            waiting: Mutex::default(),
            most,
            came: Notify::new(),
            closed: CancellationToken::new(),
            figures,
        }
    }

    /// Adds one. Never waits.
    pub(super) fn push(&self, notification: Notification) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= self.most {
            waiting.pop_front();
            self.figures.dropped.fetch_add(1, Ordering::Relaxed);
        }
        waiting.push_back(notification);
        let count = waiting.len() as u64;
        drop(waiting);
        self.figures.waiting.store(count, Ordering::Relaxed);
        self.came.notify_one();
    }

    /// The oldest one, as soon as there is one; nothing once it is closed and empty. Cancel safe.
    pub(super) async fn next(&self) -> Option<Notification> {
        loop {
            let first = self.first();
            if first.is_some() || self.closed.is_cancelled() {
                return first;
            }
            tokio::select! {
                () = self.came.notified() => {}
                () = self.closed.cancelled() => {}
            }
        }
    }

    fn first(&self) -> Option<Notification> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let first = waiting.pop_front();
        let count = waiting.len() as u64;
        self.figures.waiting.store(count, Ordering::Relaxed);
        first
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let waiting = self
            .waiting
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let lost = waiting.len() as u64;
        self.figures.dropped.fetch_add(lost, Ordering::Relaxed);
        self.figures.waiting.store(0, Ordering::Relaxed);
    }
}
