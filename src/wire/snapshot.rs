//! The state of tmux as one message, limited to what its reader may see and asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cursor::cursor;
use super::more::More;
use super::objects::{BufferObject, ClientObject, PaneObject, ServerObject, Text, WindowObject};
use super::request::RequestId;
use super::screen::Screen;
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

/// The state of tmux as of a place in the log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StateSnapshot<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The host that it is of.
    pub host: Cow<'a, str>,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The place.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
    /// The part that it holds; nothing for all that the client may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<SnapshotTarget>,
    /// The server, if one is connected.
    pub server: Option<ServerObject<'a>>,
    /// The sessions.
    pub sessions: Vec<SnapshotSession<'a>>,
    /// The clients that are attached to tmux.
    pub clients: Vec<ClientObject<'a>>,
    /// The paste buffers.
    pub buffers: Vec<BufferObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The part that a snapshot holds, in ids, so that a follower knows what it replaces.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SnapshotTarget {
    /// The session.
    pub session_id: Text<SessionId>,
    /// The index of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// The pane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pane: Option<Text<PaneId>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A session with its windows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SnapshotSession<'a> {
    /// Its id.
    pub id: Text<SessionId>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// The folder in which its new windows begin.
    pub path: Cow<'a, str>,
    /// When it was made, in seconds since the Unix epoch.
    pub created: u64,
    /// The group that it is in.
    pub group: Option<Cow<'a, str>>,
    /// Whether muxwire can't follow it without ending it.
    pub destroy_unattached: bool,
    /// Whether what its panes print is streamed now; nothing from a server that doesn't say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streamed: Option<bool>,
    /// The index of its current window.
    pub active: Option<u32>,
    /// Its windows.
    pub windows: Vec<WindowObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl Part {
    fn target(self) -> Option<SnapshotTarget> {
        let (session, window, pane) = match self {
            Self::All => return None,
            Self::Session(session) => (session, None, None),
            Self::Window(session, index) => (session, Some(index), None),
            Self::Pane(session, index, pane) => (session, Some(index), Some(Text(pane))),
        };
        Some(SnapshotTarget {
            session_id: Text(session),
            window,
            pane,
            more: More::new(),
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
    pub(super) fn message(&self, id: Option<&'a RequestId>) -> StateSnapshot<'a> {
        let all = self.part == Part::All;
        StateSnapshot {
            id: id.map(Cow::Borrowed),
            host: Cow::Borrowed(self.host),
            epoch: Cow::Borrowed(self.epoch.as_str()),
            seq: self.seq.0,
            cursor: cursor(self.epoch, self.seq).into(),
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
            more: More::new(),
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
        let group = session.group.as_deref();
        SnapshotSession {
            id: Text(session.id),
            name: Cow::Borrowed(&session.name),
            path: Cow::Borrowed(&session.path),
            created: session.created,
            group: group.filter(|_| self.viewer.sees_all()).map(Cow::Borrowed),
            destroy_unattached: session.destroy_unattached.is_some(),
            streamed: Some(session.streamed),
            active: session.active,
            windows,
            more: More::new(),
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
        let mut pane = PaneObject::of_state(self.state, window, id, self.viewer.viewer_id())?;
        match self.screens.get(&id) {
            Some(Ok(screen)) => pane.screen = Some(Cow::Borrowed(screen)),
            Some(Err(error)) => pane.screen_error = Some(Cow::Borrowed(error)),
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
