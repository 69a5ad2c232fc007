//! One listing of everything that a tmux server holds, and the state that it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::state::{Alerts, Buffer, Client, Exit, Pane, Server, Session, State, Window};
use crate::control::rows::{BufferRow, ClientRow, PaneRow, SessionRow, WindowRow};

/// The rows of the five lists, taken in one turn of the server.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// `list-sessions`.
    pub sessions: Vec<SessionRow>,
    /// `list-windows -a`: one row for every place at which a window is linked.
    pub windows: Vec<WindowRow>,
    /// `list-panes -a`: one row for every place at which a pane's window is linked.
    pub panes: Vec<PaneRow>,
    /// `list-clients`.
    pub clients: Vec<ClientRow>,
    /// `list-buffers`.
    pub buffers: Vec<BufferRow>,
}

impl Listing {
    /// The state that the listing shows, without the clients whose process ids are in `own`.
    ///
    /// A row that refers to something that the listing doesn't hold is left out: it would be a state that never was.
    #[must_use]
    pub fn into_state(self, server: Option<Server>, own: &BTreeSet<u32>) -> State {
        let mut state = State {
            server,
            ..State::default()
        };
        state.sessions.extend(
            self.sessions
                .into_iter()
                .map(session)
                .map(|one| (one.id, one)),
        );
        for row in self.windows {
            link(&mut state, row);
        }
        for row in self.panes {
            place(&mut state, row);
        }
        for window in state.windows.values_mut() {
            let panes = &state.panes;
            window
                .panes
                .sort_by_key(|pane| panes.get(pane).map(|pane| pane.index));
        }
        let clients = self
            .clients
            .into_iter()
            .filter(|row| !own.contains(&row.pid));
        state
            .clients
            .extend(clients.map(client).map(|one| (one.name.clone(), one)));
        state.buffers.extend(
            self.buffers
                .into_iter()
                .map(buffer)
                .map(|one| (one.name.clone(), one)),
        );
        state
    }
}

fn session(row: SessionRow) -> Session {
    let destroys = row.destroy_unattached.destroys(row.group_size);
    Session {
        id: row.id,
        name: Arc::from(row.name),
        path: row.path,
        created: row.created,
        group: row.group,
        destroy_unattached: destroys.then_some(row.destroy_unattached),
        streamed: false,
        windows: BTreeMap::new(),
        alerts: BTreeMap::new(),
        active: None,
    }
}

/// Enters a window at the place that the row names.
fn link(state: &mut State, row: WindowRow) {
    let Some(session) = state.sessions.get_mut(&row.session) else {
        return;
    };
    session.windows.insert(row.index, row.window);
    if row.active {
        session.active = Some(row.index);
    }
    let alerts = Alerts {
        bell: row.bell,
        activity: row.activity,
        silence: row.silence,
    };
    if !alerts.is_empty() {
        let known = session.alerts.entry(row.window).or_default();
        *known = known.or(alerts);
    }
    state.windows.entry(row.window).or_insert_with(|| Window {
        id: row.window,
        name: row.name,
        width: row.width,
        height: row.height,
        zoomed: row.zoomed,
        layout: row.layout,
        panes: Vec::new(),
        active: None,
    });
}

/// Enters a pane into its window, once however often the window is linked.
fn place(state: &mut State, row: PaneRow) {
    let Some(window) = state.windows.get_mut(&row.window) else {
        return;
    };
    if state.panes.contains_key(&row.pane) {
        return;
    }
    window.panes.push(row.pane);
    if row.active {
        window.active = Some(row.pane);
    }
    let exit = row.dead.then_some(Exit {
        status: row.dead_status,
        signal: row.dead_signal,
    });
    let pane = Pane {
        id: row.pane,
        window: row.window,
        index: row.index,
        width: row.width,
        height: row.height,
        pid: row.pid.filter(|_| !row.dead).unwrap_or(0),
        exit,
        mode: row.in_mode.then_some(row.mode),
        title: row.title,
        command: row.command,
        path: row.path,
    };
    state.panes.insert(pane.id, pane);
}

fn client(row: ClientRow) -> Client {
    Client {
        name: row.name,
        pid: row.pid,
        session: row.session,
        control: row.control,
        read_only: row.read_only,
        tty: row.tty,
    }
}

fn buffer(row: BufferRow) -> Buffer {
    Buffer {
        name: row.name,
        size: row.size,
        created: row.created,
    }
}
