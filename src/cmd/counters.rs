//! What the bridge counts, as `serve` hands it to the metrics.

use std::sync::Arc;

use crate::bridge::{Counters, Counts, Demand};
use crate::metrics::{FigureKind, Metrics};

/// Whether the bridge leaves tmux alone, shown among the metrics.
pub(super) fn watch_demand(metrics: &Metrics, demand: Demand) {
    metrics.watch(
        "idle",
        "Whether tmux is left alone, since nobody listens",
        FigureKind::Gauge,
        move || u64::from(demand.is_idle()),
    );
}

/// What the bridge counts, shown among the metrics.
pub(super) fn watched(metrics: &Metrics) -> Arc<Counters> {
    let counters = Arc::new(Counters::default());
    type Read = fn(Counts) -> u64;
    let figures: [(&'static str, &'static str, FigureKind, Read); 6] = [
        (
            "drift",
            "Changes that no notification announced",
            FigureKind::Counter,
            |counts| counts.drift,
        ),
        (
            "gaps",
            "Times that output was lost before the log",
            FigureKind::Counter,
            |counts| counts.gaps,
        ),
        (
            "resyncs",
            "Times that notifications were lost",
            FigureKind::Counter,
            |counts| counts.resyncs,
        ),
        (
            "reconnects",
            "Times that the control link ended",
            FigureKind::Counter,
            |counts| counts.reconnects,
        ),
        (
            "listings",
            "Listings taken",
            FigureKind::Counter,
            |counts| counts.listings,
        ),
        ("links", "Links to tmux", FigureKind::Gauge, |counts| {
            counts.links
        }),
    ];
    for (name, help, kind, read) in figures {
        let counters = Arc::clone(&counters);
        metrics.watch(name, help, kind, move || read(counters.counts()));
    }
    counters
}
