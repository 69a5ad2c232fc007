//! The objects that events and snapshots carry.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::snapshot::Screen;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{Alerts, Buffer, Client, Exit, Pane, Server, Session, State, Warning, Window};

/// Something that is written as its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ServerObject<'a> {
    pid: u32,
    start_time: u64,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<WarningObject<'a>>>,
}

impl<'a> ServerObject<'a> {
    /// A server that is gone: there is nothing left to be warned of.
    pub(super) fn lost(server: &'a Server) -> Self {
        Self {
            warnings: None,
            ..Self::from(server)
        }
    }
}

#[derive(Debug, Serialize)]
struct WarningObject<'a> {
    code: &'a str,
    message: &'a str,
    remedy: &'a str,
}

impl<'a> From<&'a Warning> for WarningObject<'a> {
    fn from(warning: &'a Warning) -> Self {
        Self {
            code: &warning.code,
            message: &warning.message,
            remedy: &warning.remedy,
        }
    }
}

impl<'a> From<&'a Server> for ServerObject<'a> {
    fn from(server: &'a Server) -> Self {
        Self {
            pid: server.pid,
            start_time: server.start_time,
            version: &server.version,
            warnings: Some(server.warnings.iter().map(WarningObject::from).collect()),
        }
    }
}

/// A session as events report it: its windows are counted, and come as events of their own.
#[derive(Debug, Serialize)]
pub(super) struct SessionObject<'a> {
    session: &'a str,
    windows: usize,
    path: &'a str,
    created: u64,
    group: Option<&'a str>,
    destroy_unattached: bool,
    streamed: bool,
    active: Option<u32>,
}

impl<'a> SessionObject<'a> {
    /// The group is named after a session, so those who see only some sessions are not told of it.
    pub(super) fn new(session: &'a Session, limited: bool) -> Self {
        Self {
            session: &session.name,
            windows: session.windows.len(),
            path: &session.path,
            created: session.created,
            group: session.group.as_deref().filter(|_| !limited),
            destroy_unattached: session.destroy_unattached.is_some(),
            streamed: session.streamed,
            active: session.active,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct WindowObject<'a> {
    id: Text<WindowId>,
    index: u32,
    name: &'a str,
    active: bool,
    width: u32,
    height: u32,
    zoomed: bool,
    alerts: Vec<&'static str>,
    layout: &'a str,
    panes: Vec<PaneObject<'a>>,
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
            name: &window.name,
            active,
            width: window.width,
            height: window.height,
            zoomed: window.zoomed,
            alerts: alerts.names().collect(),
            layout: &window.layout,
            panes,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct PaneObject<'a> {
    pub(super) id: Text<PaneId>,
    index: u32,
    active: bool,
    width: u32,
    height: u32,
    pid: u32,
    exit: Option<ExitObject>,
    mode: Option<&'a str>,
    title: &'a str,
    command: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) screen: Option<&'a Screen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) screen_error: Option<&'a str>,
}

impl<'a> PaneObject<'a> {
    pub(super) fn new(pane: &'a Pane, active: bool) -> Self {
        Self {
            id: Text(pane.id),
            index: pane.index,
            active,
            width: pane.width,
            height: pane.height,
            pid: pane.pid,
            exit: pane.exit.map(ExitObject::from),
            mode: pane.mode.as_deref(),
            title: &pane.title,
            command: &pane.command,
            path: &pane.path,
            screen: None,
            screen_error: None,
        }
    }
}

/// What is in a session that a viewer sees for the first time though it is not new.
#[derive(Debug, Serialize)]
pub(super) struct Contents<'a> {
    windows: Vec<WindowObject<'a>>,
    clients: Vec<ClientObject<'a>>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(session: &Session, state: &'a State) -> Self {
        let window = |index: u32, id: &WindowId| {
            let window = state.windows.get(id)?;
            let panes = window.panes.iter().filter_map(|id| state.panes.get(id));
            let panes = panes.map(|pane| PaneObject::new(pane, window.active == Some(pane.id)));
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
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ExitObject {
    status: Option<i32>,
    signal: Option<i32>,
}

impl From<Exit> for ExitObject {
    fn from(exit: Exit) -> Self {
        Self {
            status: exit.status,
            signal: exit.signal,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ClientObject<'a> {
    name: &'a str,
    pid: u32,
    session: Option<&'a str>,
    session_id: Option<Text<SessionId>>,
    control: bool,
    read_only: bool,
    tty: &'a str,
}

impl<'a> ClientObject<'a> {
    pub(super) fn new(client: &'a Client, session_name: Option<&'a str>) -> Self {
        Self {
            name: &client.name,
            pid: client.pid,
            session: session_name,
            session_id: client.session.map(Text),
            control: client.control,
            read_only: client.read_only,
            tty: &client.tty,
        }
    }

    /// A client as the state knows it.
    pub(super) fn of_state(client: &'a Client, state: &'a State) -> Self {
        let session = client.session.and_then(|id| state.sessions.get(&id));
        Self::new(client, session.map(|session| &*session.name))
    }
}

#[derive(Debug, Serialize)]
pub(super) struct BufferObject<'a> {
    name: &'a str,
    size: u64,
    created: u64,
}

impl<'a> From<&'a Buffer> for BufferObject<'a> {
    fn from(buffer: &'a Buffer) -> Self {
        Self {
            name: &buffer.name,
            size: buffer.size,
            created: buffer.created,
        }
    }
}
