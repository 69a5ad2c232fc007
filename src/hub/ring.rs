//! The history: events in the order of their places, bounded in bytes, number and age.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::published::{Known, Published, Stamp};
use crate::ids::Seq;
use crate::model::Change;

/// How much history is kept; whatever passes one of the bounds is evicted, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Memory that the events may hold, in bytes, as [`Published::cost`] counts it.
    pub bytes: usize,
    /// How many events are kept.
    pub events: usize,
    /// How old an event may be, measured against the newest.
    pub age: Duration,
}

impl Default for HistoryLimits {
    /// 64 MiB, 100,000 events, one hour: enough to resume after a laptop's nap, and no burden on a small machine.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            events: 100_000,
            age: Duration::from_secs(3600),
        }
    }
}

/// What stands right behind a place in the log.
#[derive(Debug)]
pub(super) enum Found {
    Event(Arc<Published>),
    Head,
    Evicted,
}

#[derive(Debug)]
pub(super) struct Ring {
    limits: HistoryLimits,
    events: VecDeque<Arc<Published>>,
    bytes: usize,
    head: Seq,
}

impl Ring {
    pub(super) fn new(limits: HistoryLimits) -> Self {
        Self {
            limits,
            events: VecDeque::new(),
            bytes: 0,
            head: Seq::default(),
        }
    }

    /// The place of the newest event; 0 before the first.
    pub(super) fn head(&self) -> Seq {
        self.head
    }

    /// The place of the newest event that is no longer kept: what came after it can be replayed.
    pub(super) fn evicted(&self) -> Seq {
        Seq(self.head.0 - self.events.len() as u64)
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, stamp: Stamp, change: Change, context: Known) {
        self.head = self.head.next();
        let event = Published::new(self.head, stamp, change, context);
        self.bytes += event.cost();
        self.events.push_back(Arc::new(event));
    }

    pub(super) fn after(&self, place: Seq) -> Found {
        if place >= self.head {
            return Found::Head;
        }
        let Some(index) = place.0.checked_sub(self.evicted().0) else {
            return Found::Evicted;
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.events
            .get(index)
            .map_or(Found::Evicted, |event| Found::Event(Arc::clone(event)))
    }

    /// The events from the newest to the oldest that is kept.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.events.iter().rev()
    }

    /// Drops what passes the bounds. The newest event always stays: it has to reach those who wait for it.
    pub(super) fn evict(&mut self, now: Timestamp) {
        while self.events.len() > 1 && self.is_over(now) {
            let Some(event) = self.events.pop_front() else {
                return;
            };
            self.bytes -= event.cost();
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let too_old = |event: &Arc<Published>| {
            let age = now.duration_since(event.at);
            age.unsigned_abs() > self.limits.age && age.is_positive()
        };
        self.bytes > self.limits.bytes
            || self.events.len() > self.limits.events
            || self.events.front().is_some_and(too_old)
    }
}
