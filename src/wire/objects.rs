//! The objects that events and snapshots carry, in both directions: they borrow what they write, and own what was read.
//!
//! What is missing when one is read has its default, since an older server doesn't know newer fields; what this version
//! doesn't know is kept in `more`.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::agent::AgentObject;
use super::more::More;
use super::screen::Screen;
use crate::ids::{PaneId, SessionId, ViewerId, WindowId};
use crate::model::{Alerts, Buffer, Client, Exit, Pane, Server, Session, State, Warning, Window};

/// Something that stands on the wire as its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A tmux server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerObject<'a> {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in seconds since the Unix epoch.
    pub start_time: u64,
    /// Its version.
    pub version: Cow<'a, str>,
    /// What its user should know before it happens.
    pub warnings: Vec<WarningObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Something about a server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WarningObject<'a> {
    /// A word for programs.
    pub code: Cow<'a, str>,
    /// One sentence.
    pub message: Cow<'a, str>,
    /// What can be done about it.
    pub remedy: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> From<&'a Warning> for WarningObject<'a> {
    fn from(warning: &'a Warning) -> Self {
        Self {
            code: Cow::Borrowed(&warning.code),
            message: Cow::Borrowed(&warning.message),
            remedy: Cow::Borrowed(&warning.remedy),
            more: More::new(),
        }
    }
}

impl<'a> From<&'a Server> for ServerObject<'a> {
    fn from(server: &'a Server) -> Self {
        Self {
            pid: server.pid,
            start_time: server.start_time,
            version: Cow::Borrowed(&server.version),
            warnings: server.warnings.iter().map(WarningObject::from).collect(),
            more: More::new(),
        }
    }
}

/// A session as events report it: its windows are counted, and come as events of their own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionObject<'a> {
    /// Its name.
    pub session: Cow<'a, str>,
    /// How many windows it has.
    pub windows: usize,
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
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> SessionObject<'a> {
    /// The group is named after a session, so those who see only some sessions do not get it.
    pub(super) fn new(session: &'a Session, limited: bool) -> Self {
        Self {
            session: Cow::Borrowed(&session.name),
            windows: session.windows.len(),
            path: Cow::Borrowed(&session.path),
            created: session.created,
            group: session
                .group
                .as_deref()
                .filter(|_| !limited)
                .map(Cow::Borrowed),
            destroy_unattached: session.destroy_unattached.is_some(),
            streamed: Some(session.streamed),
            active: session.active,
            more: More::new(),
        }
    }
}

/// A window at one index of a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowObject<'a> {
    /// Its id.
    pub id: Text<WindowId>,
    /// The index.
    pub index: u32,
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether it is the session's current window.
    pub active: bool,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether one pane fills it.
    pub zoomed: bool,
    /// How tmux marks it.
    pub alerts: Vec<Cow<'a, str>>,
    /// tmux's layout string.
    pub layout: Cow<'a, str>,
    /// Its panes.
    pub panes: Vec<PaneObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> WindowObject<'a> {
    pub(super) fn new(
        window: &'a Window,
        index: u32,
        (active, alerts): (bool, Alerts),
        panes: Vec<PaneObject<'a>>,
    ) -> Self {
        Self {
            id: Text(window.id),
            index,
            name: Cow::Borrowed(&window.name),
            active,
            width: window.width,
            height: window.height,
            zoomed: window.zoomed,
            alerts: alerts.names().map(Cow::Borrowed).collect(),
            layout: Cow::Borrowed(&window.layout),
            panes,
            more: More::new(),
        }
    }
}

/// A pane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneObject<'a> {
    /// Its id.
    pub id: Text<PaneId>,
    /// Its index in its window.
    pub index: u32,
    /// Whether it is its window's active pane.
    pub active: bool,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The process that it was made for.
    pub pid: u32,
    /// How that ended, once it has.
    pub exit: Option<ExitObject>,
    /// The mode that it is in, such as copy-mode.
    pub mode: Option<Cow<'a, str>>,
    /// Its title.
    pub title: Cow<'a, str>,
    /// What runs in the foreground.
    pub command: Cow<'a, str>,
    /// The folder of that.
    pub path: Cow<'a, str>,
    /// The agent in it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentObject<'a>>>,
    /// What it shows, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<Cow<'a, Screen>>,
    /// Why that could not be captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen_error: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> PaneObject<'a> {
    /// A pane of a window, with the agent in it, as this viewer sees it.
    pub(super) fn of_state(
        state: &'a State,
        window: &Window,
        id: PaneId,
        viewer: Option<ViewerId>,
    ) -> Option<Self> {
        let (pane, agent) = (state.panes.get(&id)?, state.agents.get(&id));
        let agent = agent.map(|agent| AgentObject::new(agent, viewer));
        Some(Self::new(pane, window.active == Some(id), agent))
    }

    pub(super) fn new(pane: &'a Pane, active: bool, agent: Option<AgentObject<'a>>) -> Self {
        Self {
            id: Text(pane.id),
            index: pane.index,
            active,
            width: pane.width,
            height: pane.height,
            pid: pane.pid,
            exit: pane.exit.map(ExitObject::from),
            mode: pane.mode.as_deref().map(Cow::Borrowed),
            title: Cow::Borrowed(&pane.title),
            command: Cow::Borrowed(&pane.command),
            path: Cow::Borrowed(&pane.path),
            agent: agent.map(Box::new),
            screen: None,
            screen_error: None,
            more: More::new(),
        }
    }
}

/// What is in a session that a viewer sees for the first time though it is not new.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Contents<'a> {
    /// Its windows.
    pub windows: Vec<WindowObject<'a>>,
    /// The clients that show it.
    pub clients: Vec<ClientObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> Contents<'a> {
    pub(super) fn new(session: &Session, state: &'a State, viewer: Option<ViewerId>) -> Self {
        let window = |index: u32, id: &WindowId| {
            let window = state.windows.get(id)?;
            let panes = window.panes.iter();
            let panes = panes.filter_map(|id| PaneObject::of_state(state, window, *id, viewer));
            let marks = (session.active == Some(index), session.alerts_of(*id));
            Some(WindowObject::new(window, index, marks, panes.collect()))
        };
        let windows = session
            .windows
            .iter()
            .filter_map(|(index, id)| window(*index, id));
        let clients = state
            .clients
            .values()
            .filter(|client| client.session == Some(session.id));
        Self {
            windows: windows.collect(),
            clients: clients
                .map(|client| ClientObject::of_state(client, state))
                .collect(),
            more: More::new(),
        }
    }
}

/// How a process ended, as far as the version of tmux reports it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExitObject {
    /// Its exit status.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl From<Exit> for ExitObject {
    fn from(exit: Exit) -> Self {
        Self {
            status: exit.status,
            signal: exit.signal,
            more: More::new(),
        }
    }
}

/// A client that is attached to the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientObject<'a> {
    /// tmux's name for it.
    pub name: Cow<'a, str>,
    /// Its process id.
    pub pid: u32,
    /// The session that it shows.
    pub session: Option<Cow<'a, str>>,
    /// The id of that.
    pub session_id: Option<Text<SessionId>>,
    /// Whether it is a control client.
    pub control: bool,
    /// Whether it may not type.
    pub read_only: bool,
    /// Its terminal.
    pub tty: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> ClientObject<'a> {
    pub(super) fn new(client: &'a Client, session_name: Option<&'a str>) -> Self {
        Self {
            name: Cow::Borrowed(&client.name),
            pid: client.pid,
            session: session_name.map(Cow::Borrowed),
            session_id: client.session.map(Text),
            control: client.control,
            read_only: client.read_only,
            tty: Cow::Borrowed(&client.tty),
            more: More::new(),
        }
    }

    /// A client as the state knows it.
    pub(super) fn of_state(client: &'a Client, state: &'a State) -> Self {
        let session = client.session.and_then(|id| state.sessions.get(&id));
        Self::new(client, session.map(|session| &*session.name))
    }
}

/// A paste buffer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BufferObject<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Bytes held.
    pub size: u64,
    /// When it was set, in seconds since the Unix epoch.
    pub created: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> From<&'a Buffer> for BufferObject<'a> {
    fn from(buffer: &'a Buffer) -> Self {
        Self {
            name: Cow::Borrowed(&buffer.name),
            size: buffer.size,
            created: buffer.created,
            more: More::new(),
        }
    }
}
