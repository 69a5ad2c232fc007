//! What sees all that passes between muxwire and tmux, such as a recorder.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::control::rows::ServerRow;
use crate::ids::SessionId;
use crate::tmux::{CloseReason, LinkId, LinkKind};

/// What sees every chunk that is read or written, in order. It must not wait.
pub trait TapSink: fmt::Debug + Send + Sync {
    /// A link was opened; `pid` is the process of its `tmux -C`.
    fn opened(&self, link: LinkId, kind: LinkKind, pid: u32, at: Instant);
    /// Bytes came from tmux.
    fn read(&self, link: LinkId, bytes: &[u8], at: Instant);
    /// Whole lines go to tmux.
    fn written(&self, link: LinkId, bytes: &[u8], at: Instant);
    /// A link has ended.
    fn closed(&self, link: LinkId, reason: &CloseReason, at: Instant);
    /// The links' owner learned or decided something that no link reports.
    fn noted(&self, note: Note<'_>, at: Instant);
}

/// What the links' owner knows from elsewhere: without it, nobody could retrace what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note<'a> {
    /// A server answers.
    Server {
        /// Which one.
        server: &'a ServerRow,
        /// The session of it that the control link is to be attached to.
        session: SessionId,
    },
    /// No server answers.
    NoServer {
        /// What was found instead.
        reason: &'a str,
    },
    /// The next listing is a check for changes that no notification reported.
    Check,
}

/// A shared [`TapSink`].
#[derive(Debug, Clone)]
pub struct Tap(pub Arc<dyn TapSink>);
