//! Figures that are counted elsewhere, read when somebody looks.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Whether a figure can only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// It counts since the start; its name gets `_total`.
    Counter,
    /// It is what it is now.
    Gauge,
}

/// A figure that a source counts: its name, its help, its kind and where it stands.
pub(crate) type FigureRow<F> = (&'static str, &'static str, FigureKind, fn(&F) -> &AtomicU64);

/// A figure that is counted elsewhere.
pub(super) struct Watched {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: FigureKind,
    pub(super) read: Box<dyn Fn() -> u64 + Send + Sync>,
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

/// A figure of each of several things, by their names.
pub(super) struct WatchedEach {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: FigureKind,
    pub(super) label: &'static str,
    pub(super) read: Box<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>,
}

impl fmt::Debug for WatchedEach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedEach")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Collector for WatchedEach {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = (self.read)();
        if figures.is_empty() {
            return Ok(());
        }
        let (name, help) = (self.name, self.help);
        let kind = match self.kind {
            FigureKind::Counter => MetricType::Counter,
            FigureKind::Gauge => MetricType::Gauge,
        };
        let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
        for (of, value) in figures {
            let labels = [(self.label, of)];
            let one = metric.encode_family(&labels)?;
            match self.kind {
                FigureKind::Counter => ConstCounter::new(value).encode(one)?,
                FigureKind::Gauge => ConstGauge::new(value).encode(one)?,
            }
        }
        Ok(())
    }
}

/// Writes a figure that has no label.
pub(super) fn write_figure(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: FigureKind,
    value: u64,
) -> fmt::Result {
    match kind {
        FigureKind::Counter => {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value).encode(metric)
        }
        FigureKind::Gauge => {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        }
    }
}
