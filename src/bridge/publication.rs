//! An event on its way from a source to the owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::OwnedSemaphorePermit;

use crate::model::{Derived, DerivedChanges, State};

/// An event that a source has given, with its place among those of the source that may wait.
#[derive(Debug)]
pub struct Publication {
    derived: Derived,
    counts: Arc<PublisherCounts>,
    _room: OwnedSemaphorePermit,
}

/// What became of a source's events.
#[derive(Debug, Default)]
pub struct PublisherCounts {
    published: AtomicU64,
    refused: AtomicU64,
    stale: AtomicU64,
}

impl Publication {
    pub(super) fn new(
        derived: Derived,
        counts: Arc<PublisherCounts>,
        room: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            derived,
            counts,
            _room: room,
        }
    }

    /// What is to be published; nothing if what it is about is gone, or known already.
    pub(super) fn into_changes(self, state: &State) -> Option<DerivedChanges> {
        let changes = self.derived.changes(state);
        let count = match &changes {
            Some(_) => &self.counts.published,
            None => &self.counts.stale,
        };
        count.fetch_add(1, Ordering::Relaxed);
        changes
    }
}

impl PublisherCounts {
    /// Events that are in the log.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// Events that found no room.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Events about something that was gone, or known already, when their turn came.
    #[must_use]
    pub fn stale(&self) -> u64 {
        self.stale.load(Ordering::Relaxed)
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
