//! What is shown of connectors: how far they are, and what went wrong.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bridge::PublisherCounts;
use crate::hub::{Hub, SeqRange};
use crate::ids::Seq;
use crate::metrics::{FigureKind, Metrics};

/// All connectors that were ever begun.
pub(super) type Listed = Arc<Mutex<Vec<Arc<ConnectorFigures>>>>;

/// What a connector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectorRole {
    Source,
    Sink,
}

/// The figures of one connector.
#[derive(Debug)]
pub(super) struct ConnectorFigures {
    pub(super) name: &'static str,
    pub(super) role: ConnectorRole,
    /// How far it has read.
    pub(super) reader: ReaderFigures,
    /// What became of its events.
    pub(super) published: Arc<PublisherCounts>,
    failures: AtomicU64,
}

/// How far a connector has read.
#[derive(Debug, Default)]
pub(super) struct ReaderFigures {
    place: AtomicU64,
    missed: AtomicU64,
}

impl ConnectorRole {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
        }
    }
}

impl ConnectorFigures {
    pub(super) fn new(name: &'static str, role: ConnectorRole) -> Self {
        Self {
            name,
            role,
            reader: ReaderFigures::default(),
            published: Arc::default(),
            failures: AtomicU64::new(0),
        }
    }

    /// It has failed once more.
    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl ReaderFigures {
    /// The place of the event that it was given last.
    pub(super) fn place(&self) -> Seq {
        Seq(self.place.load(Ordering::Relaxed))
    }

    pub(super) fn set_place(&self, place: Seq) {
        self.place.store(place.0, Ordering::Relaxed);
    }

    /// It was too slow for these.
    pub(super) fn missed(&self, missed: SeqRange) {
        let SeqRange { after, until } = missed;
        self.missed.fetch_add(until.0 - after.0, Ordering::Relaxed);
        self.set_place(until);
    }
}

/// The sinks that have not read up to the head, and how many events they lack.
pub(super) fn behind(all: &[Arc<ConnectorFigures>], head: Seq) -> Vec<(&'static str, u64)> {
    let sinks = all.iter().filter(|one| one.role == ConnectorRole::Sink);
    let behind = sinks.map(|one| (one.name, head.0.saturating_sub(one.reader.place().0)));
    behind.filter(|(_, events)| *events > 0).collect()
}

/// Reads a figure of a connector; it is given the head of the log.
type Value = fn(&ConnectorFigures, Seq) -> u64;

/// What is shown of each connector that is one of these.
const SHOWN: [(&str, &str, FigureKind, ConnectorRole, Value); 6] = [
    (
        "sink_lag_events",
        "Events that a sink has not read yet",
        FigureKind::Gauge,
        ConnectorRole::Sink,
        |one, head| head.0.saturating_sub(one.reader.place().0),
    ),
    (
        "sink_missed_events",
        "Events that were gone before a sink read them",
        FigureKind::Counter,
        ConnectorRole::Sink,
        |one, _| one.reader.missed.load(Ordering::Relaxed),
    ),
    (
        "sink_failures",
        "Times that a sink failed and was restarted",
        FigureKind::Counter,
        ConnectorRole::Sink,
        |one, _| one.failures.load(Ordering::Relaxed),
    ),
    (
        "source_events",
        "Events of a source that were published",
        FigureKind::Counter,
        ConnectorRole::Source,
        |one, _| one.published.published(),
    ),
    (
        "source_dropped_events",
        "Events of a source for which there was no room, or that said nothing any more",
        FigureKind::Counter,
        ConnectorRole::Source,
        |one, _| one.published.refused() + one.published.stale(),
    ),
    (
        "source_failures",
        "Times that a source failed and was restarted",
        FigureKind::Counter,
        ConnectorRole::Source,
        |one, _| one.failures.load(Ordering::Relaxed),
    ),
];

/// Shows all connectors among the metrics.
pub(super) fn show(all: &Listed, hub: &Hub, metrics: &Metrics) {
    for (name, help, kind, role, value) in SHOWN {
        let (all, hub) = (Arc::clone(all), hub.clone());
        metrics.watch_each(name, help, kind, role.as_str(), move || {
            let head = hub.head();
            let all = all.lock().unwrap_or_else(PoisonError::into_inner);
            let of_role = all.iter().filter(|one| one.role == role);
            of_role.map(|one| (one.name, value(one, head))).collect()
        });
    }
}
