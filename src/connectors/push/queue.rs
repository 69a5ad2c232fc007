//! What waits to be sent to one browser.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::figures::{PushFigures, count};
use crate::push::{Outcome, Subscription, Told};

/// How many messages wait for one browser at most.
const MOST: usize = 32;

/// Something that a browser is to be told.
#[derive(Debug)]
pub(super) struct Message {
    /// Whom, as that was when it was decided.
    pub(super) to: Arc<Subscription>,
    pub(super) told: Told,
    /// When it was decided.
    pub(super) since: Instant,
    /// Who waits for what becomes of it.
    pub(super) reply: Option<oneshot::Sender<Outcome>>,
}

/// A bounded queue with one reader. When it is full the oldest message goes: the newest matter most. Of one tag there is one.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Waiting>,
    came: Notify,
    /// Nothing more comes: what is there is tried once more, and no more.
    pub(super) closed: CancellationToken,
    pub(super) figures: Arc<PushFigures>,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    /// The tag of the one that is being sent, and whether it need not be any more.
    sending: Option<(String, CancellationToken)>,
}

impl Queue {
    pub(super) fn new(figures: Arc<PushFigures>) -> Self {
        Self {
            inner: Mutex::default(),
            came: Notify::new(),
            closed: CancellationToken::new(),
            figures,
        }
    }

    /// Adds one, in the place of the one with its tag. Never waits.
    pub(super) fn push(&self, message: Message) {
        self.withdraw(&message.told.tag);
        let mut inner = self.lock();
        if inner.messages.len() >= MOST {
            inner.messages.pop_front();
            count(&self.figures.dropped);
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        inner.messages.push_back(message);
        drop(inner);
        self.figures.waiting.fetch_add(1, Ordering::Relaxed);
        self.came.notify_one();
    }

    /// What is told with this tag is over: it is not sent, and not tried again.
    pub(super) fn withdraw(&self, tag: &str) {
        let mut inner = self.lock();
        let before = inner.messages.len();
        inner.messages.retain(|one| one.told.tag != tag);
        let gone = (before - inner.messages.len()) as u64;
        if let Some((sending, withdrawn)) = &inner.sending
            && sending == tag
        {
            withdrawn.cancel();
        }
        drop(inner);
        self.figures.waiting.fetch_sub(gone, Ordering::Relaxed);
    }

    /// The oldest one and what is cancelled when it need not be sent any more, as soon as there is one; nothing once the queue
    /// is closed and empty. Cancel safe.
    pub(super) async fn next(&self) -> Option<(Message, CancellationToken)> {
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

    fn first(&self) -> Option<(Message, CancellationToken)> {
        let mut inner = self.lock();
        inner.sending = None;
        let first = inner.messages.pop_front()?;
        let withdrawn = CancellationToken::new();
        inner.sending = Some((first.told.tag.clone(), withdrawn.clone()));
        drop(inner);
        self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
        Some((first, withdrawn))
    }

    /// What it holds is whole after each statement.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let left = self.lock().messages.len() as u64;
        self.figures.waiting.fetch_sub(left, Ordering::Relaxed);
        self.figures.dropped.fetch_add(left, Ordering::Relaxed);
    }
}
