//! What a session needs of the dialect that its client speaks: how messages are encoded, and which of them it has.
//!
//! A session asks for what a dialect can do, never which one it is.

use std::fmt::Debug;

use bytes::Bytes;

use super::Context;
use super::reply::Reply;
use crate::auth::Principal;
use crate::bridge::{Screen, ScreenError};
use crate::ids::{PaneId, Seq, SessionId};
use crate::model::{Place, State};
use crate::screen::PaneSnapshot;
use crate::wire::{CloseCode, Form, Framed, Part, RequestId};

/// What a dialect has, and what it leaves out.
#[derive(Debug)]
pub(in crate::server) struct Profile {
    /// The name of the endpoint in the audit log and in lists of clients.
    pub(in crate::server) endpoint: &'static str,
    /// Whether events other than output are sent.
    pub(in crate::server) sends_structure: bool,
    /// Whether bookmarks are sent.
    pub(in crate::server) sends_bookmarks: bool,
    /// Whether input is answered when it has been typed, and not only when it is refused.
    pub(in crate::server) confirms_input: bool,
    /// Whether a request is refused for its bytes. If not, the socket is read later.
    pub(in crate::server) refuses_bytes: bool,
    /// Whether the client stays: its coming and going is recorded. If not, it asks for one thing, of which nothing else bounds how
    /// often that is.
    pub(in crate::server) lasts: bool,
    /// Whether the client answers pings. If not, only what it does not read shows that it is gone.
    pub(in crate::server) answers_pings: bool,
    /// With so many requests under way the socket is not read: what the client types waits there, in order.
    pub(in crate::server) most_in_flight: usize,
}

/// With whose visibility something is encoded.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Viewpoint<'a> {
    pub(in crate::server) context: &'a Context,
    /// Nobody, before the client has authenticated.
    pub(in crate::server) principal: Option<&'a Principal>,
}

impl Viewpoint<'_> {
    /// Whether a session of this name is seen.
    pub(in crate::server) fn sees(&self, name: &str) -> bool {
        self.principal.is_some_and(|principal| principal.sees(name))
    }
}

/// A pane is open: a snapshot follows, or the client goes on from where it was.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct OpenedPane<'a> {
    /// The request that opened it.
    pub(in crate::server) id: Option<&'a RequestId>,
    pub(in crate::server) pane: PaneId,
    /// Columns and rows.
    pub(in crate::server) size: (u32, u32),
    pub(in crate::server) offset: u64,
    pub(in crate::server) recovered: bool,
}

/// The state of tmux at a place of the log, as far as one client may see it.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct StateSnapshot<'a> {
    /// The request that asked for it.
    pub(in crate::server) id: Option<&'a RequestId>,
    pub(in crate::server) state: &'a State,
    pub(in crate::server) seq: Seq,
    pub(in crate::server) part: Part,
    pub(in crate::server) principal: &'a Principal,
    /// The screens that were captured, or why there is none.
    pub(in crate::server) screens: &'a [(PaneId, Result<Screen, ScreenError>)],
}

/// A part of a pane's snapshot: some lines of its history, or at last the screen.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct SnapshotPage<'a> {
    pub(in crate::server) pane: PaneId,
    /// Where the client sees it.
    pub(in crate::server) place: &'a Place,
    /// The place in the log: the events behind it follow.
    pub(in crate::server) seq: Seq,
    pub(in crate::server) snapshot: &'a PaneSnapshot,
    pub(in crate::server) offset: u64,
    /// How many lines of history there are, and in how many parts before the screen.
    pub(in crate::server) history: (usize, usize),
    pub(in crate::server) index: usize,
    /// The lines of history; nothing when it is the screen.
    pub(in crate::server) lines: Option<&'a [Bytes]>,
    /// What brings a terminal on by this page.
    pub(in crate::server) replay: &'a [u8],
}

/// A dialect as a session sees it.
pub(in crate::server) trait Encode: Debug + Send {
    /// What the dialect has.
    fn profile(&self) -> &'static Profile;

    /// A reply or a message that answers nothing.
    fn message(&self, reply: &Reply<'_>) -> Framed;

    /// The state of tmux.
    fn snapshot(&self, context: &Context, snapshot: StateSnapshot<'_>) -> Framed;

    /// The form of the events.
    fn form(&self) -> Form;

    /// Whether events are the same for all who see them alike.
    fn is_shared(&self) -> bool {
        false
    }

    /// The panes that are opened from now on are shown as those of this session.
    fn shown_in(&mut self, _session: SessionId) {}

    /// A pane is open.
    fn opened(&mut self, from: Viewpoint<'_>, opened: OpenedPane<'_>) -> Framed;

    /// A snapshot of an open pane follows, which makes up for what was left out from this offset on, if anything was.
    fn snapshot_follows(
        &mut self,
        from: Viewpoint<'_>,
        snapshot: &PaneSnapshot,
        lagged_from: Option<u64>,
        offset: u64,
    ) -> Option<Framed>;

    /// A sign of life of the server.
    fn ping(&self) -> Framed {
        Framed::PING
    }

    /// Why the connection ends, in a message behind which nothing comes.
    fn farewell(&self, _: CloseCode) -> Option<Framed> {
        None
    }

    /// A part of a snapshot, in one message or several.
    fn page(&self, context: &Context, page: SnapshotPage<'_>) -> Vec<Framed>;
}
