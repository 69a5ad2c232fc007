//! What is counted, and how Prometheus reads it.
//!
//! Lower floors count for themselves and know nothing of this module: whoever starts the program hands their figures
//! in with [`Metrics::watch`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::hub::Hub;
use crate::wire::CloseCode;

/// All that is counted. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    clients: Gauge,
    connections: Counter,
    closed: Family<[(&'static str, String); 1], Counter>,
    refused: Family<[(&'static str, String); 1], Counter>,
    auth_failures: Family<[(&'static str, String); 1], Counter>,
    queued: Gauge<u64, AtomicU64>,
    latency: Histogram,
}

/// Whether a figure can only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It counts since the start; its name gets `_total`.
    Counter,
    /// It is what it is now.
    Gauge,
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
            auth_failures: Family::default(),
            queued: Gauge::default(),
            // From 10 us to 2.6 s.
            latency: Histogram::new(exponential_buckets(10e-6, 2.0, 19)),
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
        kind: Kind,
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

    /// What waits for one client, as part of what waits for all.
    pub(crate) fn queued(&self) -> Queued {
        Queued {
            metrics: self.clone(),
            bytes: 0,
        }
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

    /// A token was not accepted.
    pub(crate) fn auth_failure(&self, reason: &str) {
        self.0
            .auth_failures
            .get_or_create(&[("reason", reason.to_owned())])
            .inc();
    }

    /// The time from reading an event's bytes to its first write to a socket.
    pub(crate) fn latency(&self, time: Duration) {
        self.0.latency.observe(time.as_secs_f64());
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
            let help = "Tokens not accepted, by reason";
            registry.register("auth_failures", help, inner.auth_failures.clone());
            let help = "Bytes that wait to be written, of all clients";
            registry.register("queue_bytes", help, inner.queued.clone());
            let help = "From reading tmux to the first write to a socket";
            registry.register("latency_seconds", help, inner.latency.clone());
            registry.register_collector(Box::new(Log(hub.clone())));
        });
    }

    fn registry<T>(&self, act: impl FnOnce(&mut Registry) -> T) -> T {
        act(&mut self
            .0
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
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

/// The bytes that wait for one client.
#[derive(Debug)]
pub(crate) struct Queued {
    metrics: Metrics,
    bytes: usize,
}

impl Queued {
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes == self.bytes {
            return;
        }
        let sum = self.metrics.0.queued.inner();
        sum.fetch_add(bytes as u64, Ordering::Relaxed);
        sum.fetch_sub(self.bytes as u64, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// A figure that is counted elsewhere.
struct Watched {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        write_figure(&mut encoder, self.name, self.help, self.kind, (self.read)())
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
            write_figure(&mut encoder, name, help, Kind::Gauge, value)?;
        }
        Ok(())
    }
}

fn write_figure(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: Kind,
    value: u64,
) -> fmt::Result {
    match kind {
        Kind::Counter => {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value).encode(metric)
        }
        Kind::Gauge => {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        }
    }
}
