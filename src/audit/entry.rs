//! What the log records: who, and what was done.

use std::sync::Arc;

use bytes::Bytes;

use crate::ids::PaneId;

/// Who does something, as far as it is known. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who(Arc<Identity>);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Identity {
    client: Option<String>,
    address: Option<String>,
    token: Option<String>,
    name: Option<String>,
}

impl Who {
    /// The server itself.
    #[must_use]
    pub fn server() -> Self {
        Self::default()
    }

    /// Somebody at an address, who is no client yet if there is no `client`.
    #[must_use]
    pub fn at(client: Option<String>, address: Option<String>) -> Self {
        Self(Arc::new(Identity {
            client,
            address,
            ..Identity::default()
        }))
    }

    /// The same, known by what it has shown: the id of a token or the like, never a secret, and its name.
    #[must_use]
    pub fn known_as(&self, token: Option<String>, name: &str) -> Self {
        Self(Arc::new(Identity {
            token,
            name: Some(name.to_owned()),
            ..(*self.0).clone()
        }))
    }

    /// The server's name for the connection.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.0.client.as_deref()
    }

    /// Where it connects from.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// The id of what it has shown.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.0.token.as_deref()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A server began to write here.
    Started {
        /// The id of its process.
        pid: u32,
    },
    /// It ended in order.
    Stopped,
    /// An incomplete line at the end was taken away: a crash while it was written.
    Repaired {
        /// Its bytes.
        dropped: u64,
    },
    /// So many lines could not be written, or were too many.
    Unrecorded {
        /// Why.
        reason: &'static str,
        /// How many.
        count: u64,
    },
    /// A client connected.
    Connected {
        /// Where: `monitor` or `terminal`.
        endpoint: &'static str,
    },
    /// A handshake was refused.
    Refused {
        /// A word for why.
        reason: String,
    },
    /// A client proved who it is.
    Authenticated {
        /// The highest of its permissions.
        permission: &'static str,
        /// The patterns of its sessions; none for all.
        sessions: Vec<String>,
    },
    /// A client did not.
    AuthFailed {
        /// A word for why.
        reason: &'static str,
    },
    /// A client asked for what it may not have, or what is not there.
    Denied {
        /// What it asked for.
        request: &'static str,
        /// `permission`, `scope` or `missing`.
        reason: &'static str,
        /// What it named.
        target: Option<String>,
    },
    /// Something is to be typed.
    Input {
        /// The session; the first one of several.
        session: Option<String>,
        /// The pane.
        pane: PaneId,
        /// What.
        typed: Typed,
    },
    /// A window is to have another size.
    Resize {
        /// The session; the first one of several.
        session: Option<String>,
        /// The pane that was asked for.
        pane: PaneId,
        /// Columns and rows.
        size: (u32, u32),
    },
    /// Events are to be added to the log.
    Emit {
        /// The session; the first one of several, none if they are about none.
        session: Option<String>,
        /// Their types.
        types: String,
        /// How many.
        count: u64,
        /// About how many bytes of data they have.
        bytes: u64,
    },
    /// A client has marked agents as seen.
    Seen {
        /// The session of the first one.
        session: Option<String>,
        /// The pane of the first one.
        pane: PaneId,
        /// How many.
        count: u64,
    },
    /// An admin closed the connection of a client.
    ClosedOther {
        /// The client.
        other: String,
        /// Its name.
        other_name: Option<String>,
        /// What the admin said about it.
        reason: Option<String>,
    },
    /// What a client was let in with is no longer good.
    AuthEnded {
        /// A word for why.
        reason: &'static str,
    },
    /// A browser was let in.
    SignedIn {
        /// The public name of its session.
        browser: String,
        /// By what: `token` or `code`.
        by: &'static str,
        /// The highest of its permissions.
        permission: &'static str,
        /// The patterns of its sessions; none for all.
        sessions: Vec<String>,
    },
    /// That session of a browser is over.
    SignedOut {
        /// Its public name.
        browser: String,
        /// A word for why.
        reason: &'static str,
    },
    /// A browser subscribed, to be told by push.
    PushSubscribed {
        /// The public name of the subscription.
        subscription: String,
        /// The public name of the browser's session, if it has one.
        browser: Option<String>,
        /// The host of its push service.
        service: String,
    },
    /// That subscription is over.
    PushEnded {
        /// Its public name.
        subscription: String,
        /// A word for why.
        reason: &'static str,
    },
    /// A client is gone.
    Disconnected {
        /// With which close code, if it was the server's.
        code: Option<u16>,
    },
    /// What was read at the start was read anew.
    Reloaded {
        /// What it is, such as `tokens`.
        what: &'static str,
        /// How many there are now.
        count: u64,
    },
}

impl Act {
    /// The word for it.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::Started { .. } => "server.started",
            Self::Stopped => "server.stopped",
            Self::Repaired { .. } => "log.repaired",
            Self::Unrecorded { .. } => "log.unrecorded",
            Self::Connected { .. } => "client.connected",
            Self::Refused { .. } => "client.refused",
            Self::Authenticated { .. } => "auth.succeeded",
            Self::AuthFailed { .. } => "auth.failed",
            Self::AuthEnded { .. } => "auth.ended",
            Self::SignedIn { .. } => "browser.signed_in",
            Self::SignedOut { .. } => "browser.signed_out",
            Self::PushSubscribed { .. } => "push.subscribed",
            Self::PushEnded { .. } => "push.ended",
            Self::Denied { .. } => "denied",
            Self::Input { .. } => "input",
            Self::Resize { .. } => "resize",
            Self::Emit { .. } => "emit",
            Self::Seen { .. } => "seen",
            Self::ClosedOther { .. } => "client.closed",
            Self::Disconnected { .. } => "client.disconnected",
            Self::Reloaded { .. } => "reloaded",
        }
    }
}

/// Something that is to be typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed {
    /// Its parts, in order.
    pub pieces: Vec<Piece>,
    /// Whether it is a paste.
    pub paste: bool,
}

/// A part of what is typed.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes as they are.
    Text(Bytes),
    /// A key by its name.
    Key(String),
}

impl Typed {
    /// How many bytes of text there are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Key(_) => 0,
        });
        texts.sum()
    }

    /// How many named keys there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        let is_key = |piece: &&Piece| matches!(piece, Piece::Key(_));
        self.pieces.iter().filter(is_key).count()
    }
}

/// What is typed stands in no log but by the setting for it.
impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Key(_) => "Key(..)",
        })
    }
}

/// Nor does it here.
impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typed")
            .field("bytes", &self.bytes())
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}
