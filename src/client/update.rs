//! What a client tells its program.

use std::time::Duration;

use super::position::Position;
use crate::ids::PaneId;
use crate::wire::Received;

/// The server let the client in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connected {
    /// The host that the events are of. It and the other texts are safe to be shown.
    pub host: String,
    /// The program that serves, and its version.
    pub server: String,
    /// The log's name.
    pub epoch: String,
    /// What the client may do; nothing where no token was asked for.
    pub permissions: Vec<String>,
    /// Secrets are masked in what the client is shown.
    pub redacted: bool,
    /// The server's name for this connection.
    pub client_id: Option<String>,
    /// Whether it is not the first time.
    pub again: bool,
}

/// What happened, in the order in which it is to be shown.
#[derive(Debug)]
pub enum Update {
    /// The stream begins, or goes on.
    Connected(Box<Connected>),
    /// The server said something: what the subscription came to, events, snapshots, bookmarks, errors.
    Message(Received),
    /// Events are missing here: the server no longer has the events between these positions. The next update is the
    /// snapshot that makes up for them.
    Lost {
        /// Where the client was.
        from: String,
        /// Where it goes on: the place of the snapshot.
        to: Position,
    },
    /// Output of a pane was left out before the connection ended, as far as offsets show it.
    LeftOut {
        /// The pane.
        pane: PaneId,
        /// Where the output ended.
        from: u64,
        /// Where the output goes on.
        to: u64,
    },
    /// The connection is gone, or could not be made.
    Disconnected {
        /// The code with which the server closed it, if it did with one.
        code: Option<u16>,
        /// Why, safe to be shown.
        reason: String,
        /// When the next attempt is made.
        retry_in: Duration,
    },
}
