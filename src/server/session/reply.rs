//! What a session says. How that looks is a matter of its client's dialect.

use jiff::Timestamp;

use super::admin::ClientInfo;
use super::stats::{ClientStats, ServerStats};
use crate::bridge::{Composed, Grounds, NoGrounds};
use crate::ids::{Epoch, PaneId, Seq};
use crate::server::asking::{Answered, ReplayItem, ScreenAnswer};
use crate::wire::{Encoder, ErrorCode, RequestId};

/// An answer of a session, or what it says without being asked, besides events and snapshots.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) enum Reply<'a> {
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
        /// As whom.
        entry: Entry<'a>,
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
    /// What has come of a prompt or an answer for an agent.
    Composed(ComposedReply<'a>),
    /// Agents are marked as seen.
    Seen {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Their panes.
        panes: &'a [PaneId],
    },
    /// What is held of the agent in a pane.
    Explained(ExplainedReply<'a>),
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
    /// Events of the client's own stand in the log.
    Emitted {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// How many.
        events: usize,
        /// The log's name.
        epoch: &'a Epoch,
        /// The place of the last one.
        seq: Seq,
        /// Whether this is the answer to an earlier request with the same key.
        repeated: bool,
    },
    /// What happened.
    Answered(AnsweredReply<'a>),
    /// A question is cancelled, if it was under way.
    Cancelled {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Whether it was.
        found: bool,
    },
    /// Something of a replay.
    Replay(ReplayReply<'a>),
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

/// What has come of a prompt or an answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct ComposedReply<'a> {
    /// The request's id.
    pub(in crate::server) id: Option<&'a RequestId>,
    /// The pane that the target was resolved to.
    pub(in crate::server) pane: PaneId,
    /// Whether this is the answer to an earlier request with the same key.
    pub(in crate::server) repeated: bool,
    /// What has come of it.
    pub(in crate::server) outcome: &'a Composed,
}

/// What is held of the agent in a pane, or why nothing is.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct ExplainedReply<'a> {
    /// The request's id.
    pub(in crate::server) id: Option<&'a RequestId>,
    /// The pane that the target was resolved to.
    pub(in crate::server) pane: PaneId,
    /// What is held.
    pub(in crate::server) grounds: Result<&'a Grounds, NoGrounds>,
}

/// An answer to a question about what happened.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct AnsweredReply<'a> {
    /// The request's id.
    pub(in crate::server) id: Option<&'a RequestId>,
    /// What writes events.
    pub(in crate::server) encoder: &'a Encoder,
    /// The log's name.
    pub(in crate::server) epoch: &'a Epoch,
    /// The answer.
    pub(in crate::server) answered: &'a Answered,
}

/// Something of a replay.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct ReplayReply<'a> {
    /// Which.
    pub(in crate::server) number: u64,
    /// What.
    pub(in crate::server) said: ReplaySaid<'a>,
}

/// What is said of a replay. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) enum ReplaySaid<'a> {
    /// It begins.
    Started {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// The pane that the target was resolved to.
        pane: PaneId,
        /// The time in which it plays.
        within: (i64, i64),
    },
    /// The screen that it goes on from.
    Snapshot(&'a ScreenAnswer),
    /// What happened then.
    Item(&'a ReplayItem),
    /// How it goes on.
    State {
        /// The request's id.
        id: Option<&'a RequestId>,
        /// Where it is.
        time: i64,
        /// Whether it stands still.
        paused: bool,
        /// How many times as fast as it was.
        speed: f64,
        /// Whether long pauses are made short.
        skip_idle: bool,
    },
    /// It is over.
    End {
        /// Where it was.
        time: i64,
        /// Why, in a word.
        reason: &'static str,
        /// Why it failed, for people.
        message: Option<&'a str>,
    },
}

/// As whom a client is let in.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Entry<'a> {
    /// What the client may do.
    pub(in crate::server) permissions: &'a [&'a str],
    /// The server's name for this connection.
    pub(in crate::server) client_id: &'a str,
    /// When that ends by itself; `None` for never.
    pub(in crate::server) expires: Option<Timestamp>,
    /// Whether secrets are masked in what it is shown.
    pub(in crate::server) redacted: bool,
}
