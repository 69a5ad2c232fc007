//! How a client and the server fare, as the message `stats` tells it.

use serde::Serialize;

/// What some times come to, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many times there were.
    pub count: u64,
    /// The median.
    pub p50: u64,
    /// What 99 of 100 do not pass.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// Output that was left out for a client that is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ShedStats {
    /// Times that a pane's output began to be left out.
    pub panes: u64,
    /// Bytes of it.
    pub bytes: u64,
}

/// How one client fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientStats {
    /// The server's name for the connection.
    pub client_id: String,
    /// The name of its token, once that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it connects from, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
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
    /// From the read of tmux's bytes to the end of the write to its socket, in the last seconds; nothing if nothing was
    /// timed.
    pub latency_us: Option<Latency>,
}

/// How the server fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ServerStats {
    /// Clients that are connected.
    pub clients: u64,
    /// From the read of tmux's bytes to the first write to a socket, in the last seconds.
    pub latency_us: Option<Latency>,
    /// From the read of tmux's bytes until the last client of a shard was written to, in the last seconds.
    pub fan_out_us: Option<Latency>,
}
