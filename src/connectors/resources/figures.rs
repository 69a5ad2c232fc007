//! What is shown of the source among the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::{FigureKind, FigureRow, Metrics};
use crate::resources::Sample;

/// Figures of the source. They outlive it when it is begun anew.
#[derive(Debug, Default)]
pub(super) struct Figures {
    samples: AtomicU64,
    microseconds: AtomicU64,
    processes: AtomicU64,
    interval: AtomicU64,
}

const SHOWN: [FigureRow<Figures>; 4] = [
    (
        "resource_samples",
        "Times that all processes were looked at",
        FigureKind::Counter,
        |of| &of.samples,
    ),
    (
        "resource_sample_microseconds",
        "The time that this took of a processor, in all",
        FigureKind::Counter,
        |of| &of.microseconds,
    ),
    (
        "resource_processes",
        "Processes that were seen at the last look",
        FigureKind::Gauge,
        |of| &of.processes,
    ),
    (
        "resource_interval_milliseconds",
        "The time between two looks; 0 while nobody wants one",
        FigureKind::Gauge,
        |of| &of.interval,
    ),
];

impl Figures {
    /// None as yet, which are shown from now on.
    pub(super) fn shown(metrics: &Metrics) -> Arc<Self> {
        let figures = Arc::new(Self::default());
        metrics.watch_all(&figures, SHOWN);
        figures
    }

    /// All processes were looked at, which took so much of a processor, and will be again after this.
    pub(super) fn looked(&self, sample: &Sample, cost: Duration, span: Duration) {
        let whole = |count: u128| u64::try_from(count).unwrap_or(u64::MAX);
        self.samples.fetch_add(1, Ordering::Relaxed);
        self.microseconds
            .fetch_add(whole(cost.as_micros()), Ordering::Relaxed);
        self.processes
            .store(sample.processes() as u64, Ordering::Relaxed);
        self.interval
            .store(whole(span.as_millis()), Ordering::Relaxed);
    }

    /// Nobody wants to know any more.
    pub(super) fn rest(&self) {
        self.interval.store(0, Ordering::Relaxed);
    }
}
