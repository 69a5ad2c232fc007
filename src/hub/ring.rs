//! The history: events in the order of their places, bounded in bytes, number and age.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::published::{EventContext, Published, Stamp};
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
    /// What all events that ever came counted for.
    total: u64,
    head: Seq,
}

/// How much lies behind a place of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// Events.
    pub events: u64,
    /// Bytes, as they count in the history.
    pub bytes: u64,
}

impl Ring {
    /// Of a log that has come to this place.
    pub(super) fn new(limits: HistoryLimits, head: Seq) -> Self {
        Self {
            limits,
            events: VecDeque::new(),
            bytes: 0,
            total: 0,
            head,
        }
    }

    pub(super) fn limits(&self) -> HistoryLimits {
        self.limits
    }

    /// The place of the newest event; 0 before the first.
    pub(super) fn head(&self) -> Seq {
        self.head
    }

    /// The place of the newest event that is no longer kept: the events after it can be replayed.
    pub(super) fn evicted(&self) -> Seq {
        Seq(self.head.0 - self.events.len() as u64)
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, stamp: Stamp, change: Change, context: EventContext) {
        self.head = self.head.next();
        let event = Published::new(self.head, stamp, change, context, self.total);
        self.bytes += event.cost();
        self.total += event.cost() as u64;
        self.events.push_back(Arc::new(event));
    }

    pub(super) fn after(&self, place: Seq) -> Found {
        if place >= self.head {
            return Found::Head;
        }
        self.index(place)
            .and_then(|index| self.events.get(index))
            .map_or(Found::Evicted, |event| Found::Event(Arc::clone(event)))
    }

    /// The events after a place; of what is no longer kept, as much as is.
    pub(super) fn behind(&self, place: Seq) -> Behind {
        let next = self.events.get(self.index(place).unwrap_or_default());
        let before = next.map_or(self.total, |event| event.total_before());
        Behind {
            events: self.head.0.saturating_sub(place.0),
            bytes: self.total - before,
        }
    }

    /// Where the first event behind a place is kept, if it is not gone.
    fn index(&self, place: Seq) -> Option<usize> {
        let index = place.0.checked_sub(self.evicted().0)?;
        Some(usize::try_from(index).unwrap_or(usize::MAX))
    }

    /// The events from the newest to the oldest that is kept.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.events.iter().rev()
    }

    /// Drops what passes the bounds. The newest event always stays: it has to reach those who wait for it.
    pub(super) fn evict(&mut self, now: Stamp) {
        while self.events.len() > 1 && self.is_over(now) {
            let Some(event) = self.events.pop_front() else {
                return;
            };
            self.bytes -= event.cost();
        }
    }

    fn is_over(&self, now: Stamp) -> bool {
        let too_old = |event: &Arc<Published>| event.age(now) > self.limits.age;
        self.bytes > self.limits.bytes
            || self.events.len() > self.limits.events
            || self.events.front().is_some_and(too_old)
    }
}
