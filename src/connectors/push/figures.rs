//! What is counted of Web Push.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{FigureKind, Metrics};
use crate::push::PushDesk;

/// What became of what was to be told.
#[derive(Debug, Default)]
pub(super) struct PushFigures {
    pub(super) waiting: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) gone: AtomicU64,
}

type Read = fn(&PushFigures) -> &AtomicU64;

const SHOWN: [(&str, &str, FigureKind, Read); 6] = [
    (
        "push_waiting",
        "Push messages that wait to be sent",
        FigureKind::Gauge,
        |of| &of.waiting,
    ),
    (
        "push_sent",
        "Push messages that push services have taken",
        FigureKind::Counter,
        |of| &of.sent,
    ),
    (
        "push_retried",
        "Attempts to send a push message that failed, and were made again later",
        FigureKind::Counter,
        |of| &of.retried,
    ),
    (
        "push_failed",
        "Push messages that were given up, since push services did not take them",
        FigureKind::Counter,
        |of| &of.failed,
    ),
    (
        "push_dropped",
        "Push messages for which there was no room, or which were too old when they could have been sent",
        FigureKind::Counter,
        |of| &of.dropped,
    ),
    (
        "push_gone",
        "Subscriptions that push services said are over",
        FigureKind::Counter,
        |of| &of.gone,
    ),
];

impl PushFigures {
    /// Shows them among the metrics.
    pub(super) fn shown(desk: &PushDesk, metrics: &Metrics) -> Arc<Self> {
        let figures = Arc::new(Self::default());
        for (name, help, kind, read) in SHOWN {
            let figures = Arc::clone(&figures);
            metrics.watch(name, help, kind, move || {
                read(&figures).load(Ordering::Relaxed)
            });
        }
        let desk = desk.clone();
        metrics.watch(
            "push_subscriptions",
            "Browsers that are told by push",
            FigureKind::Gauge,
            move || desk.own().len() as u64,
        );
        figures
    }
}

/// Counts one more.
pub(super) fn count(figure: &AtomicU64) {
    figure.fetch_add(1, Ordering::Relaxed);
}
