//! The state of tmux as one message, limited to what its reader may see and asked for.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cursor::cursor;
use super::objects::{BufferObject, ClientObject, PaneObject, ServerObject, Text, WindowObject};
use super::request::RequestId;
use crate::hub::Viewer;
use crate::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use crate::model::{Session, State, Window};

/// The part of the state that a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// All that the reader may see.
    #[default]
    All,
    /// A session, its windows and clients.
    Session(SessionId),
    /// A window at one index of a session.
    Window(SessionId, u32),
    /// A pane, at one index of a session that its window has.
    Pane(SessionId, u32, PaneId),
}

/// The screens that go with a snapshot, or why there is none.
pub type Screens = BTreeMap<PaneId, Result<Screen, String>>;

/// What a snapshot is made of.
pub(super) struct Source<'a, V> {
    pub(super) host: &'a str,
    pub(super) epoch: &'a Epoch,
    pub(super) seq: Seq,
    pub(super) state: &'a State,
    pub(super) part: Part,
    pub(super) viewer: &'a V,
    pub(super) screens: &'a Screens,
}

#[derive(Serialize)]
pub(super) struct SnapshotMessage<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    host: &'a str,
    epoch: Text<&'a Epoch>,
    seq: u64,
    cursor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<TargetObject>,
    server: Option<ServerObject<'a>>,
    sessions: Vec<SnapshotSession<'a>>,
    clients: Vec<ClientObject<'a>>,
    buffers: Vec<BufferObject<'a>>,
}

/// The part, in ids, so that a follower knows what the snapshot replaces.
#[derive(Serialize)]
struct TargetObject {
    session_id: Text<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pane: Option<Text<PaneId>>,
}

#[derive(Serialize)]
struct SnapshotSession<'a> {
    id: Text<SessionId>,
    name: &'a str,
    path: &'a str,
    created: u64,
    group: Option<&'a str>,
    destroy_unattached: bool,
    streamed: bool,
    active: Option<u32>,
    windows: Vec<WindowObject<'a>>,
}

/// What a pane shows, and where its output goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Screen {
    /// Output from this byte on follows it.
    pub offset: u64,
    /// Whether nothing can be missing or doubled between it and the output from there on.
    pub exact: bool,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The rows from the top, with SGR sequences.
    pub lines: Vec<String>,
    /// The cursor.
    pub cursor: Cursor,
    /// Whether it is the alternate screen.
    pub alternate: bool,
}

/// A cursor; columns and rows are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
    /// Whether it shows.
    pub visible: bool,
}

impl Part {
    fn target(self) -> Option<TargetObject> {
        let (session, window, pane) = match self {
            Self::All => return None,
            Self::Session(session) => (session, None, None),
            Self::Window(session, index) => (session, Some(index), None),
            Self::Pane(session, index, pane) => (session, Some(index), Some(Text(pane))),
        };
        Some(TargetObject {
            session_id: Text(session),
            window,
            pane,
        })
    }

    fn has_session(self, id: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::Session(session) | Self::Window(session, _) | Self::Pane(session, ..) => {
                session == id
            }
        }
    }

    fn has_window(self, index: u32) -> bool {
        match self {
            Self::All | Self::Session(_) => true,
            Self::Window(_, wanted) | Self::Pane(_, wanted, _) => wanted == index,
        }
    }

    fn has_pane(self, id: PaneId) -> bool {
        if let Self::Pane(_, _, pane) = self {
            pane == id
        } else {
            true
        }
    }
}

impl<'a, V: Viewer> Source<'a, V> {
    pub(super) fn message(&self, id: Option<&'a RequestId>) -> SnapshotMessage<'a> {
        let all = self.part == Part::All;
        SnapshotMessage {
            kind: "snapshot",
            id,
            host: self.host,
            epoch: Text(self.epoch),
            seq: self.seq.0,
            cursor: cursor(self.epoch, self.seq),
            target: self.part.target(),
            server: self.state.server.as_ref().map(ServerObject::from),
            sessions: self.sessions(),
            clients: self.clients(),
            buffers: if all && self.viewer.sees_all() {
                self.state
                    .buffers
                    .values()
                    .map(BufferObject::from)
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    fn sessions(&self) -> Vec<SnapshotSession<'a>> {
        let seen = |session: &&Session| {
            self.part.has_session(session.id) && self.viewer.sees_session(&session.name)
        };
        self.state
            .sessions
            .values()
            .filter(seen)
            .map(|session| self.session(session))
            .collect()
    }

    fn session(&self, session: &'a Session) -> SnapshotSession<'a> {
        let windows = session
            .windows
            .iter()
            .filter(|(index, _)| self.part.has_window(**index));
        let windows = windows
            .filter_map(|(index, id)| self.window(session, *index, *id))
            .collect();
        SnapshotSession {
            id: Text(session.id),
            name: &session.name,
            path: &session.path,
            created: session.created,
            group: session.group.as_deref().filter(|_| self.viewer.sees_all()),
            destroy_unattached: session.destroy_unattached.is_some(),
            streamed: session.streamed,
            active: session.active,
            windows,
        }
    }

    fn window(&self, session: &'a Session, index: u32, id: WindowId) -> Option<WindowObject<'a>> {
        let window = self.state.windows.get(&id)?;
        let panes = window
            .panes
            .iter()
            .filter(|pane| self.part.has_pane(**pane));
        let panes = panes.filter_map(|pane| self.pane(window, *pane)).collect();
        Some(WindowObject::new(
            window,
            index,
            (session.active == Some(index), session.alerts_of(id)),
            panes,
        ))
    }

    fn pane(&self, window: &Window, id: PaneId) -> Option<PaneObject<'a>> {
        let mut pane = PaneObject::new(self.state.panes.get(&id)?, window.active == Some(id));
        match self.screens.get(&id) {
            Some(Ok(screen)) => pane.screen = Some(screen),
            Some(Err(error)) => pane.screen_error = Some(error),
            None => {}
        }
        Some(pane)
    }

    fn clients(&self) -> Vec<ClientObject<'a>> {
        let sessions = match self.part {
            Part::All | Part::Session(_) => &self.state.sessions,
            Part::Window(..) | Part::Pane(..) => return Vec::new(),
        };
        let seen = |session: Option<SessionId>| match session.and_then(|id| sessions.get(&id)) {
            Some(session) => {
                self.part.has_session(session.id) && self.viewer.sees_session(&session.name)
            }
            None => self.part == Part::All && self.viewer.sees_all(),
        };
        let clients = self
            .state
            .clients
            .values()
            .filter(|client| seen(client.session));
        clients
            .map(|client| ClientObject::of_state(client, self.state))
            .collect()
    }
}
