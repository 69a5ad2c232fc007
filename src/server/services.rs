//! What connections are given: what all of them share, and what each of them brings.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::addresses::Addresses;
use super::admission::Admission;
use super::asking::HistoryAccess;
use super::browser::{BrowserSessions, SessionSocket};
use super::dialect::Endpoint;
use super::holders::Holders;
use super::metering::Metering;
use super::overdue::Overdue;
use super::session::{ClientIdentity, Context, Credential};
use super::shard::Shards;
use super::tickets::Tickets;
use crate::bridge::Handle;
use crate::metrics::Metrics;
use crate::push::PushDesk;

/// What a connection needs besides its socket.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) context: Arc<Context>,
    pub(super) bridge: Handle,
    /// What is kept of what happened; `None` if nothing is.
    pub(super) history: Option<HistoryAccess>,
    pub(super) metrics: Metrics,
    pub(super) shards: Shards,
    pub(super) tickets: Tickets,
    pub(super) browsers: BrowserSessions,
    pub(super) addresses: Addresses,
    pub(super) holders: Holders,
    pub(super) overdue: Overdue,
    /// What the last hours came to.
    pub(super) metering: Metering,
    /// Who is told by push, if anybody can be.
    pub(super) push: Option<PushDesk>,
    /// A permit for each client that is let in.
    pub(super) room: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
}

/// What is known of a client when its handshake is done.
#[derive(Debug)]
pub(super) struct AcceptedClient {
    /// The server's number for it.
    pub(super) number: u64,
    /// What it showed with the handshake.
    pub(super) credential: Option<Credential>,
    /// What it has connected to.
    pub(super) endpoint: Endpoint,
    /// What else is known of it.
    pub(super) identity: ClientIdentity,
    /// The browser that it is of, if it was let in as one.
    pub(super) browser: Option<SessionSocket>,
    /// What it takes up.
    pub(super) admission: Admission,
}
