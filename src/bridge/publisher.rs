//! How a source publishes: through the owner, which alone writes the log.
//!
//! Its events take their turn among the requests of clients, and only so many of one source may wait there. So a source
//! that publishes too much blocks itself, or loses events; it blocks neither tmux nor clients nor another source.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::publication::{Publication, PublisherCounts};
use super::request::{Handle, Request};
use crate::model::Derived;

/// How many events of one source may wait for the owner.
const WAITING: usize = 256;

/// A source's way into the log. Clones share the room.
#[derive(Debug, Clone)]
pub struct Publisher {
    to: mpsc::Sender<Request>,
    room: Arc<Semaphore>,
    counts: Arc<PublisherCounts>,
}

/// Why an event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished {
    /// Too many events of the source wait.
    #[error("too many events wait to be published")]
    Full,
    /// The bridge has ended.
    #[error("the log is written no longer")]
    Ended,
}

impl Publisher {
    /// A way with room of its own.
    #[must_use]
    pub fn new(bridge: &Handle, counts: Arc<PublisherCounts>) -> Self {
        Self {
            to: bridge.requests(),
            room: Arc::new(Semaphore::new(WAITING)),
            counts,
        }
    }

    /// Publishes an event if there is room for it now. Those of one source are published in the order of these calls.
    ///
    /// # Errors
    /// There is no room, which is counted, or the bridge has ended.
    pub fn try_publish(&self, derived: Derived) -> Result<(), NotPublished> {
        match Arc::clone(&self.room).try_acquire_owned() {
            Ok(room) => self.send(derived, room),
            Err(_) => Err(self.refuse()),
        }
    }

    /// The same, but waits for room. Who waits is the source alone.
    ///
    /// # Errors
    /// The bridge has ended.
    pub async fn publish(&self, derived: Derived) -> Result<(), NotPublished> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        self.send(derived, room.map_err(|_| NotPublished::Ended)?)
    }

    fn send(&self, derived: Derived, room: OwnedSemaphorePermit) -> Result<(), NotPublished> {
        let publication = Publication::new(derived, Arc::clone(&self.counts), room);
        match self.to.try_send(Request::Publish(publication)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(self.refuse()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(NotPublished::Ended),
        }
    }

    fn refuse(&self) -> NotPublished {
        self.counts.refuse();
        NotPublished::Full
    }
}
