//! What the bridge counts, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Change, ChangeKind};

/// Counts since the start, but for the links, which are those open now.
#[derive(Debug, Default)]
pub struct Counters {
    drift: AtomicU64,
    gaps: AtomicU64,
    resyncs: AtomicU64,
    reconnects: AtomicU64,
    listings: AtomicU64,
    links: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Changes that no notification reported and the reconciler found.
    pub drift: u64,
    /// Times that output of a pane was lost before it reached the log, or may have been.
    pub gaps: u64,
    /// Times that notifications were lost, and everything was listed again.
    pub resyncs: u64,
    /// Times that the control link ended and was looked for again.
    pub reconnects: u64,
    /// Listings taken.
    pub listings: u64,
    /// Links to tmux that are open now.
    pub links: u64,
}

impl Counters {
    /// The counts now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            drift: read(&self.drift),
            gaps: read(&self.gaps),
            resyncs: read(&self.resyncs),
            reconnects: read(&self.reconnects),
            listings: read(&self.listings),
            links: read(&self.links),
        }
    }

    pub(super) fn drift(&self) {
        self.drift.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a change that is about to be published, if it is one of those that are counted.
    pub(super) fn observe(&self, change: &Change) {
        if matches!(change.kind, ChangeKind::PaneGap { .. }) {
            self.gaps.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn resync(&self) {
        self.resyncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reconnect(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn listing(&self) {
        self.listings.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_links(&self, links: usize) {
        self.links.store(links as u64, Ordering::Relaxed);
    }
}
