//! The sink: takes alerts from the log, and puts them into the queues of those who may and want to have them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::notification::Notification;
use super::queue::{Queue, SinkFigures};
use super::worker;
use crate::alert::{AlertConfig, Sink, SinkFilter};
use crate::bridge::{Demand, Listener};
use crate::connectors::{ConnectorError, CursorRead, LogCursor};
use crate::hub::{Published, Viewer, view};
use crate::metrics::{FigureKind, Metrics};
use crate::model::ChangeKind;
use crate::wire::Encoder;

/// What the sink of alerts needs besides what every sink is given. Clones share the figures.
#[derive(Debug, Clone)]
pub struct AlertSinks {
    config: watch::Receiver<Arc<AlertConfig>>,
    encoder: Encoder,
    demand: Demand,
    figures: Figures,
}

/// Figures by the names of sinks.
type Figures = Arc<Mutex<BTreeMap<String, Arc<SinkFigures>>>>;

/// A sink in force.
struct Running {
    sink: Sink,
    queue: Arc<Queue>,
    work: AbortOnDropHandle<()>,
}

impl AlertSinks {
    /// A sink for what the configuration names, which gets what this encoder writes. It wants to be told of everything
    /// while there is anything to send to.
    #[must_use]
    pub fn new(
        config: watch::Receiver<Arc<AlertConfig>>,
        encoder: Encoder,
        demand: Demand,
        metrics: &Metrics,
    ) -> Self {
        let figures = Figures::default();
        show(&figures, metrics);
        Self {
            config,
            encoder,
            demand,
            figures,
        }
    }

    /// Sends alerts until the log ends and everything is sent.
    ///
    /// # Errors
    /// None; the signature is that of all sinks.
    pub async fn run(mut self, mut cursor: LogCursor) -> Result<(), ConnectorError> {
        let mut running: Vec<Running> = Vec::new();
        let mut listener: Option<Listener> = None;
        self.config.mark_changed();
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.config.changed() => {
                    let config = Arc::clone(&self.config.borrow_and_update());
                    self.put_in_force(&config.sinks, &mut running);
                    let listens = !running.is_empty();
                    listener = listens.then(|| listener.take().unwrap_or_else(|| self.demand.listen()));
                }
                read = cursor.next() => match read {
                    None => break,
                    // What is not kept any more can't be sent; the figures of the cursor count it.
                    Some(CursorRead::Missed(_)) => {}
                    Some(CursorRead::Event(event)) => self.event(&event, &running),
                },
            }
        }
        for one in &running {
            one.queue.closed.cancel();
        }
        for one in running {
            if let Err(error) = one.work.await {
                tracing::error!(sink = one.sink.id, %error, "a sink for alerts ended badly");
            }
        }
        Ok(())
    }

    /// Starts the sinks that are new, and ends those that are gone or changed. The others go on.
    fn put_in_force(&self, sinks: &[Sink], running: &mut Vec<Running>) {
        let mut known = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|one| sinks.contains(&one.sink));
        for figures in known.values() {
            figures.lives.store(false, Ordering::Relaxed);
        }
        for sink in sinks {
            let figures = Arc::clone(known.entry(sink.id.clone()).or_default());
            figures.lives.store(true, Ordering::Relaxed);
            if running.iter().any(|one| one.sink == *sink) {
                continue;
            }
            let queue = Arc::new(Queue::new(sink.queue, figures));
            let work = tokio::spawn(worker::work(sink.clone(), Arc::clone(&queue)));
            running.push(Running {
                sink: sink.clone(),
                queue,
                work: AbortOnDropHandle::new(work),
            });
        }
        // One that is gone is shown no longer, so that files that change for ever take no memory.
        known.retain(|_, figures| figures.lives.load(Ordering::Relaxed));
    }

    fn event(&self, event: &Published, running: &[Running]) {
        let (alert, cleared) = match &event.change.kind {
            ChangeKind::Alert { alert } => (alert, false),
            ChangeKind::AlertCleared { alert, .. } => (alert, true),
            _ => return,
        };
        for Running { sink, queue, .. } in running {
            let filter = &sink.filter;
            let wants = filter.wants(&alert.rule, alert.severity) && (filter.cleared || !cleared);
            let seen = wants.then(|| view(&event.change, &SinkViewer(filter), |_| true));
            if let Some(seen) = seen.flatten()
                && let Some(notification) = Notification::of(event, seen, &self.encoder)
            {
                queue.push(notification);
            }
        }
    }
}

/// What a sink may see: what its configuration says.
struct SinkViewer<'a>(&'a SinkFilter);

impl Viewer for SinkViewer<'_> {
    fn sees_session(&self, name: &str) -> bool {
        self.sees_all() || self.0.sessions.iter().any(|one| one.matches(name))
    }

    fn sees_all(&self) -> bool {
        self.0.sessions.is_empty()
    }

    fn is_redacted(&self) -> bool {
        self.0.redact
    }
}

/// Shows the figures of all sinks in force among the metrics.
fn show(figures: &Figures, metrics: &Metrics) {
    type Value = fn(&SinkFigures) -> &AtomicU64;
    let shown: [(&'static str, &'static str, FigureKind, Value); 4] = [
        (
            "alerts_waiting",
            "Alerts that wait to be sent to sinks",
            FigureKind::Gauge,
            |of| &of.waiting,
        ),
        (
            "alerts_sent",
            "Alerts that sinks have taken",
            FigureKind::Counter,
            |of| &of.sent,
        ),
        (
            "alerts_failed",
            "Alerts that were given up, since sinks did not take them",
            FigureKind::Counter,
            |of| &of.failed,
        ),
        (
            "alerts_dropped",
            "Alerts for which sinks had no room",
            FigureKind::Counter,
            |of| &of.dropped,
        ),
    ];
    for (name, help, kind, value) in shown {
        let figures = Arc::clone(figures);
        metrics.watch(name, help, kind, move || {
            let figures = figures.lock().unwrap_or_else(PoisonError::into_inner);
            figures
                .values()
                .map(|one| value(one).load(Ordering::Relaxed))
                .sum()
        });
    }
}
