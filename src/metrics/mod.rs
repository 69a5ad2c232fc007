//! What is counted, and how Prometheus reads it.
//!
//! Lower floors count for themselves and know nothing of this module: `cmd` hands their figures
//! in with [`Metrics::watch`].

mod queues;
mod recent;
mod watched;

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::hub::Hub;
use crate::wire::CloseCode;

use self::queues::Waiting;
pub(crate) use self::queues::{Queue, Queues};
pub(crate) use self::recent::{Recent, Summary};
pub use self::watched::FigureKind;
pub(crate) use self::watched::FigureRow;
use self::watched::{Watched, WatchedEach, write_figure};

/// All that is counted. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    clients: Gauge,
    connections: Counter,
    closed: Family<[(&'static str, String); 1], Counter>,
    refused: Family<[(&'static str, String); 1], Counter>,
    limited: Family<[(&'static str, &'static str); 1], Counter>,
    auth_failures: Family<[(&'static str, String); 1], Counter>,
    latency: Timed,
    fan_out: Timed,
    shed: Counter,
    shed_bytes: Counter,
    snapshots: Family<[(&'static str, &'static str); 1], Counter>,
    queues: Arc<Mutex<Queues>>,
}

/// Times since the start for Prometheus, and those of the last seconds.
struct Timed {
    all: Histogram,
    recent: Mutex<Recent>,
}

/// Output that was left out for a client that is too slow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shed {
    /// Times that a pane's output began to be left out.
    pub(crate) panes: u64,
    /// Bytes of it.
    pub(crate) bytes: u64,
}

impl Metrics {
    /// The metrics of the server and of this log.
    #[must_use]
    pub fn new(hub: &Hub) -> Self {
        let inner = Inner {
            registry: Mutex::new(Registry::with_prefix("muxwire")),
            clients: Gauge::default(),
            connections: Counter::default(),
            closed: Family::default(),
            refused: Family::default(),
            limited: Family::default(),
            auth_failures: Family::default(),
            latency: Timed::new(),
            fan_out: Timed::new(),
            shed: Counter::default(),
            shed_bytes: Counter::default(),
            snapshots: Family::default(),
            queues: Arc::default(),
        };
        let metrics = Self(Arc::new(inner));
        metrics.register(hub);
        metrics
    }

    /// Shows a figure that is counted elsewhere.
    pub fn watch(
        &self,
        name: &'static str,
        help: &'static str,
        kind: FigureKind,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        let watched = Watched {
            name,
            help,
            kind,
            read: Box::new(read),
        };
        self.registry(|registry| registry.register_collector(Box::new(watched)));
    }

    /// Shows figures that a source counts.
    pub(crate) fn watch_all<F: Send + Sync + 'static, const ROWS: usize>(
        &self,
        figures: &Arc<F>,
        rows: [FigureRow<F>; ROWS],
    ) {
        for (name, help, kind, read) in rows {
            let figures = Arc::clone(figures);
            self.watch(name, help, kind, move || {
                read(&figures).load(Ordering::Relaxed)
            });
        }
    }

    /// Shows a figure of each of several things that are named by this label; nothing while there are none.
    pub fn watch_each(
        &self,
        name: &'static str,
        help: &'static str,
        kind: FigureKind,
        label: &'static str,
        read: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) {
        let watched = WatchedEach {
            name,
            help,
            kind,
            label,
            read: Box::new(read),
        };
        self.registry(|registry| registry.register_collector(Box::new(watched)));
    }

    /// All figures, in the text form of OpenMetrics.
    ///
    /// # Errors
    /// A figure can't be written, which is a defect.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        self.registry(|registry| encode(&mut text, registry))?;
        Ok(text)
    }

    /// A client is connected for as long as the guard lives.
    pub(crate) fn client(&self) -> Present {
        self.0.clients.inc();
        self.0.connections.inc();
        Present(self.clone())
    }

    /// A connection ended; by the server if there is a code.
    pub(crate) fn closed(&self, code: Option<CloseCode>) {
        let code = code.map_or_else(|| "client".to_owned(), |code| code.number().to_string());
        self.0.closed.get_or_create(&[("code", code)]).inc();
    }

    /// A connection was refused before it was one.
    pub(crate) fn refused(&self, reason: &str) {
        self.0
            .refused
            .get_or_create(&[("reason", reason.to_owned())])
            .inc();
    }

    /// A client was refused something, or put off, because of one of its limits.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.0.limited.get_or_create(&[("limit", limit)]).inc();
    }

    /// A token was not accepted.
    pub(crate) fn auth_failure(&self, reason: &str) {
        self.0
            .auth_failures
            .get_or_create(&[("reason", reason.to_owned())])
            .inc();
    }

    /// The time from reading an event's bytes to its first write to a socket.
    pub(crate) fn latency(&self, time: Duration, now: Instant) {
        self.0.latency.observe(time, now);
    }

    /// The time from reading the oldest of some events until all clients of a shard that had room were written to.
    pub(crate) fn fan_out(&self, time: Duration, now: Instant) {
        self.0.fan_out.observe(time, now);
    }

    /// Both of these in the last seconds, and how many clients there are.
    pub(crate) fn recent(&self, now: Instant) -> (Option<Summary>, Option<Summary>, u64) {
        let Inner {
            latency, fan_out, ..
        } = &*self.0;
        let clients = u64::try_from(self.0.clients.get()).unwrap_or_default();
        (latency.summary(now), fan_out.summary(now), clients)
    }

    /// Output was left out for a client.
    pub(crate) fn shed(&self, shed: Shed) {
        self.0.shed.inc_by(shed.panes);
        self.0.shed_bytes.inc_by(shed.bytes);
    }

    /// A client was given a snapshot of a pane.
    pub(crate) fn pane_snapshot(&self, reason: &'static str) {
        let of = [("reason", reason)];
        self.0.snapshots.get_or_create(&of).inc();
    }

    /// What waits for clients now.
    pub(crate) fn set_queues(&self, queues: Queues) {
        *lock(&self.0.queues) = queues;
    }

    fn register(&self, hub: &Hub) {
        let inner = &self.0;
        self.registry(|registry| {
            registry.register("clients", "Connected clients", inner.clients.clone());
            registry.register(
                "connections",
                "Connections accepted",
                inner.connections.clone(),
            );
            registry.register(
                "closed",
                "Connections ended, by close code",
                inner.closed.clone(),
            );
            registry.register(
                "refused",
                "Connections refused, by reason",
                inner.refused.clone(),
            );
            let help = "Messages of clients refused or put off, by limit";
            registry.register("limited", help, inner.limited.clone());
            let help = "Tokens not accepted, by reason";
            registry.register("auth_failures", help, inner.auth_failures.clone());
            let help = "From reading tmux to the first write to a socket";
            registry.register("latency_seconds", help, inner.latency.all.clone());
            let help = "From reading tmux to the write to the last client of a shard";
            registry.register("fan_out_seconds", help, inner.fan_out.all.clone());
            let help = "Times that output of a pane was left out for a slow client";
            registry.register("shed", help, inner.shed.clone());
            let help = "Bytes of output that were left out for slow clients";
            registry.register("shed_bytes", help, inner.shed_bytes.clone());
            let help = "Snapshots of panes given to clients, by reason";
            registry.register("pane_snapshots", help, inner.snapshots.clone());
            registry.register_collector(Box::new(Waiting(Arc::clone(&inner.queues))));
            registry.register_collector(Box::new(Log(hub.clone())));
        });
    }

    fn registry<T>(&self, act: impl FnOnce(&mut Registry) -> T) -> T {
        act(&mut lock(&self.0.registry))
    }
}

impl Timed {
    fn new() -> Self {
        Self {
            // From 10 us to 2.6 s.
            all: Histogram::new(exponential_buckets(10e-6, 2.0, 19)),
            recent: Mutex::default(),
        }
    }

    fn observe(&self, time: Duration, now: Instant) {
        self.all.observe(time.as_secs_f64());
        lock(&self.recent).record(time, now);
    }

    fn summary(&self, now: Instant) -> Option<Summary> {
        lock(&self.recent).summary(now)
    }
}

impl Shed {
    /// Both together.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            panes: self.panes.saturating_add(other.panes),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// What the locks guard is whole after each statement, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A client that is connected.
#[derive(Debug)]
pub(crate) struct Present(Metrics);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.0.clients.dec();
    }
}

/// The figures of the log.
#[derive(Debug)]
struct Log(Hub);

impl Collector for Log {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = self.0.figures();
        let help = "Events published, by type";
        let mut events = encoder.encode_descriptor("events", help, None, MetricType::Counter)?;
        for (kind, count) in figures.published {
            ConstCounter::new(count).encode(events.encode_family(&[("type", kind)])?)?;
        }
        let connected = u64::from(self.0.snapshot().0.server.is_some());
        let rows = [
            (
                "history_events",
                "Events kept for those who come back",
                figures.kept as u64,
            ),
            (
                "history_bytes",
                "Memory that the history counts for",
                figures.bytes as u64,
            ),
            (
                "tmux_connected",
                "Whether a tmux server is connected",
                connected,
            ),
        ];
        for (name, help, value) in rows {
            write_figure(&mut encoder, name, help, FigureKind::Gauge, value)?;
        }
        Ok(())
    }
}
