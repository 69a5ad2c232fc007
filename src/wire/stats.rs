//! How a client and the server fare, as it stands on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;

/// How one client fares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientStats<'a> {
    /// The server's name for the connection.
    pub client_id: Cow<'a, str>,
    /// The name of its token, once that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Where it connects from, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Cow<'a, str>>,
    /// How long it has been connected.
    pub connected_ms: u64,
    /// Bytes that wait to be written to it.
    pub queue_bytes: u64,
    /// Messages that wait to be written to it.
    pub queue_messages: u64,
    /// Events that wait for it in the history.
    pub behind_events: u64,
    /// What was left out for it since it connected.
    pub shed: ShedStats,
    /// From the read of tmux's bytes to the end of the write to its socket, in the last seconds; nothing if nothing was timed.
    pub latency_us: Option<Latency>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What some times come to, in microseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    /// How many times there were.
    pub count: u64,
    /// The median.
    pub p50: u64,
    /// What 99 of 100 do not pass.
    pub p99: u64,
    /// The longest.
    pub max: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Output that was left out for a client that is too slow.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ShedStats {
    /// Times that a pane's output began to be left out.
    pub panes: u64,
    /// Bytes of it.
    pub bytes: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// How the server fares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerStats {
    /// Clients that are connected.
    pub clients: u64,
    /// From the read of tmux's bytes to the first write to a socket, in the last seconds.
    pub latency_us: Option<Latency>,
    /// From the read of tmux's bytes until the last client of a shard was written to, in the last seconds.
    pub fan_out_us: Option<Latency>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
