//! What links say to their owner.

use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use crate::control::{Body, Command, Notification};
use crate::ids::{PaneId, SessionId};

/// A link's name, chosen by its owner and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

/// What a link is for, and the session that it attaches to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Lists, commands and input; tmux sends no output on it, so that it stays quick during a flood.
    ///
    /// It is also what keeps tmux from holding up the user's programs when the output links lag (danger 6): open it
    /// before the first output link, close it after the last one.
    Control {
        /// Any session; it stands for the whole server.
        session: SessionId,
    },
    /// The output of one session's panes.
    Output {
        /// The session.
        session: SessionId,
    },
}

impl LinkKind {
    /// The session that the link attaches to.
    #[must_use]
    pub fn session(self) -> SessionId {
        match self {
            Self::Control { session } | Self::Output { session } => session,
        }
    }
}

/// What happened on a link, in the order in which tmux said it.
#[derive(Debug)]
pub enum LinkEvent {
    /// tmux has attached it; what follows is the session's.
    Attached {
        /// The link.
        link: LinkId,
    },
    /// Bytes that a pane printed.
    Output {
        /// The link.
        link: LinkId,
        /// The pane.
        pane: PaneId,
        /// Its bytes, unescaped; characters and escape sequences may be cut anywhere.
        bytes: Bytes,
        /// When they were read from tmux.
        read_at: Instant,
    },
    /// Output of a pane was lost here.
    Gap {
        /// The link.
        link: LinkId,
        /// The pane.
        pane: PaneId,
        /// How many bytes; 0 when nobody knows, because tmux itself threw them away.
        bytes: u64,
    },
    /// tmux said something of its own accord.
    Notification {
        /// The link.
        link: LinkId,
        /// What it said.
        notification: Notification,
    },
    /// Notifications were lost here: list everything again.
    Resync {
        /// The link.
        link: LinkId,
    },
    /// The answer to one command: exactly one for each that was accepted, also when the link dies.
    Reply {
        /// The link.
        link: LinkId,
        /// What the sender gave with the commands.
        tag: u64,
        /// Which one of the commands that were sent together, from 0.
        index: usize,
        /// The command.
        command: Command,
        /// Its outcome.
        outcome: Result<Body, ReplyError>,
    },
    /// The link has ended: nothing follows.
    Closed {
        /// The link.
        link: LinkId,
        /// Why.
        reason: CloseReason,
    },
}

impl LinkEvent {
    /// The link that says it.
    #[must_use]
    pub fn link(&self) -> LinkId {
        match self {
            Self::Attached { link }
            | Self::Output { link, .. }
            | Self::Gap { link, .. }
            | Self::Notification { link, .. }
            | Self::Resync { link }
            | Self::Reply { link, .. }
            | Self::Closed { link, .. } => *link,
        }
    }
}

/// Why a command has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// tmux refused it, and this is what it said.
    #[error("tmux refused it: {}", crate::tmux::output::printable(.0.as_bytes()))]
    Failed(Body),
    /// tmux did not run it, because a command before it in the same line failed.
    #[error("a command before it failed")]
    Dropped,
    /// The reply was over the bound, so many bytes, and was thrown away.
    #[error("the reply of {0} bytes is too large")]
    TooLarge(usize),
    /// The link ended before the answer. Whether tmux ran it is not known.
    #[error("the link to tmux ended before the answer")]
    LinkClosed,
}

/// Why a link ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// The owner asked for it.
    Requested,
    /// tmux ended it: the session or the server went, or somebody detached it. The text is tmux's reason, if it gave one.
    Ended(Option<String>),
    /// The session that it was attached to went, and tmux moved the link to another one (`detach-on-destroy off`).
    Moved(SessionId),
    /// tmux did not attach it, and this is what it said.
    NotAttached(String),
    /// tmux did not answer in time.
    Silent,
    /// Reading or writing failed.
    Broken(String),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("as requested"),
            Self::Ended(None) => f.write_str("tmux ended it"),
            Self::Ended(Some(reason)) => write!(f, "tmux ended it: {reason}"),
            Self::Moved(session) => write!(f, "its session went, and tmux moved it to {session}"),
            Self::NotAttached(said) => write!(f, "tmux did not attach it: {said}"),
            Self::Silent => f.write_str("tmux did not answer in time"),
            Self::Broken(error) => write!(f, "reading or writing failed: {error}"),
        }
    }
}
