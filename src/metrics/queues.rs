//! What waits for clients, in a form whose size does not grow with their number.

use std::fmt;
use std::sync::{Arc, Mutex};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::lock;
use super::watched::{FigureKind, write_figure};

/// What waits for clients at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Queues {
    /// Of all clients together.
    pub(crate) sum: Queue,
    /// For each figure that of the client with the most.
    pub(crate) max: Queue,
    /// The same by the name of the token, for those with the most bytes: names are few, clients are not.
    pub(crate) tokens: Vec<(String, Queue)>,
}

/// What waits for a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Bytes that wait to be written.
    pub(crate) bytes: u64,
    /// Messages that wait to be written.
    pub(crate) messages: u64,
    /// Events that wait in the log.
    pub(crate) behind: u64,
}

impl Queues {
    /// The most tokens that have figures of their own.
    const TOKENS: usize = 20;

    /// Counts a client in; `token` is its token's name, if it has one.
    pub(crate) fn add(&mut self, token: Option<&str>, queue: Queue) {
        self.sum = self.sum.with(queue, u64::saturating_add);
        self.max = self.max.with(queue, u64::max);
        let Some(token) = token else { return };
        match self.tokens.iter_mut().find(|(name, _)| name == token) {
            Some((_, known)) => *known = known.with(queue, u64::max),
            None => self.tokens.push((token.to_owned(), queue)),
        }
    }

    /// Leaves only those tokens whose clients have the most waiting.
    pub(crate) fn bounded(mut self) -> Self {
        self.tokens
            .sort_by_key(|(_, queue)| std::cmp::Reverse((queue.bytes, queue.behind)));
        self.tokens.truncate(Self::TOKENS);
        self
    }
}

impl Queue {
    fn with(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        Self {
            bytes: of(self.bytes, other.bytes),
            messages: of(self.messages, other.messages),
            behind: of(self.behind, other.behind),
        }
    }
}

/// What waits for clients, as it was when somebody looked last.
#[derive(Debug)]
pub(super) struct Waiting(pub(super) Arc<Mutex<Queues>>);

type Read = fn(&Queue) -> u64;

/// What is shown of all clients.
const SUMS: [(&str, &str, Read); 2] = [
    (
        "queue_bytes",
        "Bytes that wait to be written, of all clients",
        |queue| queue.bytes,
    ),
    (
        "queue_messages",
        "Messages that wait to be written, of all clients",
        |queue| queue.messages,
    ),
];

/// What is shown of the client with the most.
const MAXIMA: [(&str, &str, Read); 3] = [
    (
        "queue_bytes_max",
        "Bytes that wait for the client with the most",
        |queue| queue.bytes,
    ),
    (
        "queue_messages_max",
        "Messages that wait for the client with the most",
        |queue| queue.messages,
    ),
    (
        "behind_events_max",
        "Events that wait in the history for the client furthest behind",
        |queue| queue.behind,
    ),
];

/// What is shown of each token.
const OF_TOKENS: [(&str, &str, Read); 2] = [
    (
        "token_queue_bytes_max",
        "Bytes that wait for the client with the most, by the name of its token",
        |queue| queue.bytes,
    ),
    (
        "token_behind_events_max",
        "Events that wait in the history for the client furthest behind, by the name of its token",
        |queue| queue.behind,
    ),
];

impl Collector for Waiting {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Queues { sum, max, tokens } = lock(&self.0).clone();
        let all = SUMS.iter().map(|row| (row, &sum));
        for ((name, help, read), queue) in all.chain(MAXIMA.iter().map(|row| (row, &max))) {
            write_figure(&mut encoder, name, help, FigureKind::Gauge, read(queue))?;
        }
        for (name, help, read) in OF_TOKENS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (token, queue) in &tokens {
                let of = [("token", token.as_str())];
                ConstGauge::new(read(queue)).encode(family.encode_family(&of)?)?;
            }
        }
        Ok(())
    }
}
