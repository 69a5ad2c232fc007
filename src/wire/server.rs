//! What the server says besides events and snapshots.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::clients::ClientInfo;
use super::code::ErrorCode;
use super::cursor::cursor;
use super::framed::{Framed, to_frame};
use super::json::to_json;
use super::objects::Text;
use super::request::RequestId;
use super::stats::{ClientStats, ServerStats};
use crate::ids::{Epoch, PaneId, Seq};

/// A message of the server.
#[derive(Debug, Clone, Copy)]
pub enum ServerMessage<'a> {
    /// The first message of every connection.
    Hello {
        /// The host that the events are of.
        host: &'a str,
        /// The log's name.
        epoch: &'a Epoch,
        /// The log's newest place.
        seq: Seq,
        /// Whether the client has to authenticate.
        auth_required: bool,
    },
    /// The token is accepted.
    Authenticated {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// What the client may do.
        permissions: &'a [&'a str],
        /// The server's name for this connection.
        client_id: &'a str,
        /// When that ends by itself; `None` for never.
        expires: Option<Timestamp>,
        /// Whether secrets are masked in what it is shown.
        redacted: bool,
    },
    /// The token is not accepted.
    NotAuthenticated {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Why, for people.
        message: &'a str,
    },
    /// A subscription counts from a place on.
    Subscribed {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Whether all that came after `since` follows; `None` without `since`.
        recovered: Option<bool>,
        /// The log's name.
        epoch: &'a Epoch,
        /// The place after which it counts.
        seq: Seq,
        /// What of its filters matches nothing now, for people.
        warnings: &'a [String],
    },
    /// A subscription ended.
    Unsubscribed {
        /// The request's id.
        id: Option<&'a RequestId>,
    },
    /// tmux has executed what was asked.
    Done {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// The pane that the target was resolved to.
        pane: PaneId,
        /// Whether this is the answer to an earlier request with the same key.
        repeated: bool,
    },
    /// A pane is open.
    Opened {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// The pane that the target was resolved to.
        pane: PaneId,
        /// Whether the output from the offset on follows; otherwise a snapshot of the pane does.
        recovered: bool,
        /// The log's name.
        epoch: &'a Epoch,
        /// Where the output goes on.
        offset: u64,
    },
    /// A pane is no longer open.
    Closed {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// The pane that the target was resolved to.
        pane: PaneId,
    },
    /// What the client acknowledged is known.
    Acked {
        /// The request's id.
        id: &'a RequestId,
    },
    /// Output of a pane was left out for this client; a snapshot of the pane follows.
    Lagged {
        /// The pane.
        pane: PaneId,
        /// The offset of the first byte that was left out.
        from: u64,
        /// The offset behind the last one: that of the snapshot.
        to: u64,
    },
    /// How the client and the server fare.
    Stats {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// The client itself.
        client: &'a ClientStats,
        /// The server.
        server: &'a ServerStats,
        /// All clients, the slowest first, for those who may know of them.
        clients: Option<&'a [ClientStats]>,
    },
    /// Who is connected.
    Clients {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// The clients, as many as fit.
        clients: &'a [ClientInfo],
        /// How many there are.
        total: usize,
    },
    /// Somebody's connection ends.
    Disconnected {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Whose.
        client_id: &'a str,
    },
    /// The answer to a ping.
    Pong {
        /// The request's id.
        id: Option<&'a RequestId>,
    },
    /// The client has everything up to this place.
    Bookmark {
        /// The log's name.
        epoch: &'a Epoch,
        /// The place.
        seq: Seq,
    },
    /// A request was refused.
    Error {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Why, as a stable word.
        code: ErrorCode,
        /// Why, for people.
        message: &'a str,
        /// When to ask again, in milliseconds, if that is known.
        retry_after_ms: Option<u64>,
    },
    /// The server is about to close all connections.
    Shutdown {
        /// When to come back, in milliseconds.
        retry_after_ms: u64,
    },
}

/// What this server can do beyond the first version's messages.
const FEATURES: &[&str] = &[
    "resume",
    "bookmarks",
    "snapshot.screen",
    "idempotency",
    "panes",
    "binary",
    "stats",
    "clients",
];

impl ServerMessage<'_> {
    /// The message as JSON text.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        to_json(&Message::from(self))
    }

    /// The message as a frame.
    #[must_use]
    pub fn framed(&self) -> Framed {
        to_frame(&Message::from(self))
    }
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Message<'a> {
    #[serde(rename = "hello")]
    Hello {
        protocol: u32,
        server: &'static str,
        host: &'a str,
        epoch: Text<&'a Epoch>,
        seq: u64,
        auth_required: bool,
        features: &'static [&'static str],
    },
    #[serde(rename = "auth.response")]
    AuthResponse {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        success: bool,
        permissions: &'a [&'a str],
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<Text<Timestamp>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        redacted: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
    #[serde(rename = "subscribed")]
    Subscribed {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        recovered: Option<bool>,
        epoch: Text<&'a Epoch>,
        seq: u64,
        cursor: String,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        warnings: &'a [String],
    },
    #[serde(rename = "unsubscribed")]
    Unsubscribed {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
    },
    #[serde(rename = "command.response")]
    CommandResponse {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        success: bool,
        pane: Text<PaneId>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        repeated: bool,
    },
    #[serde(rename = "opened")]
    Opened {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        pane: Text<PaneId>,
        recovered: bool,
        epoch: Text<&'a Epoch>,
        offset: u64,
    },
    #[serde(rename = "closed")]
    Closed {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        pane: Text<PaneId>,
    },
    #[serde(rename = "acked")]
    Acked { id: &'a RequestId },
    #[serde(rename = "lagged")]
    Lagged {
        pane: Text<PaneId>,
        from: u64,
        to: u64,
    },
    #[serde(rename = "stats")]
    Stats {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        client: &'a ClientStats,
        server: &'a ServerStats,
        #[serde(skip_serializing_if = "Option::is_none")]
        clients: Option<&'a [ClientStats]>,
    },
    #[serde(rename = "clients")]
    Clients {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        clients: &'a [ClientInfo],
        total: usize,
    },
    #[serde(rename = "disconnected")]
    Disconnected {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        client_id: &'a str,
    },
    #[serde(rename = "pong")]
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
    },
    #[serde(rename = "bookmark")]
    Bookmark {
        epoch: Text<&'a Epoch>,
        seq: u64,
        cursor: String,
    },
    #[serde(rename = "error")]
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        code: &'static str,
        message: &'a str,
        retryable: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    #[serde(rename = "shutdown")]
    Shutdown { retry_after_ms: u64 },
}

impl<'a> From<&ServerMessage<'a>> for Message<'a> {
    fn from(message: &ServerMessage<'a>) -> Self {
        match *message {
            ServerMessage::Hello {
                host,
                epoch,
                seq,
                auth_required,
            } => Self::Hello {
                protocol: super::PROTOCOL,
                server: concat!("muxwire/", env!("CARGO_PKG_VERSION")),
                host,
                epoch: Text(epoch),
                seq: seq.0,
                auth_required,
                features: FEATURES,
            },
            ServerMessage::Authenticated {
                id,
                permissions,
                client_id,
                expires,
                redacted,
            } => Self::AuthResponse {
                id,
                success: true,
                permissions,
                client_id: Some(client_id),
                expires: expires.map(Text),
                redacted,
                code: None,
                message: None,
            },
            ServerMessage::NotAuthenticated { id, message } => Self::AuthResponse {
                id,
                success: false,
                permissions: &[],
                client_id: None,
                expires: None,
                redacted: false,
                code: Some(ErrorCode::AuthFailed.as_str()),
                message: Some(message),
            },
            ServerMessage::Subscribed {
                id,
                recovered,
                epoch,
                seq,
                warnings,
            } => {
                let cursor = cursor(epoch, seq);
                Self::Subscribed {
                    warnings,
                    id,
                    recovered,
                    epoch: Text(epoch),
                    seq: seq.0,
                    cursor,
                }
            }
            ServerMessage::Unsubscribed { id } => Self::Unsubscribed { id },
            ServerMessage::Done { id, pane, repeated } => Self::CommandResponse {
                id,
                success: true,
                pane: Text(pane),
                repeated,
            },
            ServerMessage::Opened {
                id,
                pane,
                recovered,
                epoch,
                offset,
            } => Self::Opened {
                id,
                pane: Text(pane),
                recovered,
                epoch: Text(epoch),
                offset,
            },
            ServerMessage::Closed { id, pane } => Self::Closed {
                id,
                pane: Text(pane),
            },
            ServerMessage::Acked { id } => Self::Acked { id },
            ServerMessage::Lagged { pane, from, to } => Self::Lagged {
                pane: Text(pane),
                from,
                to,
            },
            ServerMessage::Stats {
                id,
                client,
                server,
                clients,
            } => Self::Stats {
                id,
                client,
                server,
                clients,
            },
            ServerMessage::Clients { id, clients, total } => Self::Clients { id, clients, total },
            ServerMessage::Disconnected { id, client_id } => Self::Disconnected { id, client_id },
            ServerMessage::Pong { id } => Self::Pong { id },
            ServerMessage::Bookmark { epoch, seq } => Self::Bookmark {
                epoch: Text(epoch),
                seq: seq.0,
                cursor: cursor(epoch, seq),
            },
            ServerMessage::Error {
                id,
                code,
                message,
                retry_after_ms,
            } => Self::Error {
                id,
                code: code.as_str(),
                message,
                retryable: code.is_retryable(),
                retry_after_ms,
            },
            ServerMessage::Shutdown { retry_after_ms } => Self::Shutdown { retry_after_ms },
        }
    }
}
