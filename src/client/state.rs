//! What there is in tmux, kept up to date: a snapshot, and the events behind it.
//!
//! It holds what a client that shows sessions, windows and panes needs; tmux's own clients and buffers are left out.

use std::collections::BTreeMap;

use crate::ids::{PaneId, SessionId, WindowId};
use crate::wire::agent::AgentObject;
use crate::wire::event::{Event, EventData};
use crate::wire::event_data::Layout;
use crate::wire::objects::{PaneObject, ServerObject, SessionObject, WindowObject};
use crate::wire::{SnapshotSession, StateSnapshot};

/// A session. A window may stand in several, so its index and marks are here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownSession {
    /// Its name.
    pub name: String,
    /// Its current window, and the index at which that is.
    pub active: Option<(u32, WindowId)>,
    /// Its windows by their index.
    pub windows: BTreeMap<u32, WindowId>,
    /// How tmux marks windows, those that are marked.
    pub alerts: BTreeMap<WindowId, Vec<String>>,
    /// Whether what its panes print is streamed now.
    pub streamed: bool,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownWindow {
    /// Its name.
    pub name: String,
    /// Its active pane.
    pub active: Option<PaneId>,
}

/// A pane.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownPane {
    /// Its window.
    pub window: WindowId,
    /// What is known of it, with the agent in it.
    pub pane: PaneObject<'static>,
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// The tmux server, if one is connected.
    pub server: Option<ServerObject<'static>>,
    /// The sessions.
    pub sessions: BTreeMap<SessionId, KnownSession>,
    /// The windows.
    pub windows: BTreeMap<WindowId, KnownWindow>,
    /// The panes.
    pub panes: BTreeMap<PaneId, KnownPane>,
}

impl State {
    /// What a snapshot of all holds.
    #[must_use]
    pub fn of(snapshot: &StateSnapshot<'static>) -> Self {
        let mut state = Self {
            server: snapshot.server.clone(),
            ..Self::default()
        };
        for session in &snapshot.sessions {
            state.add_session(session);
        }
        state
    }

    /// The agent in a pane.
    #[must_use]
    pub fn agent(&self, pane: PaneId) -> Option<&AgentObject<'static>> {
        self.panes.get(&pane)?.pane.agent.as_deref()
    }

    /// Where a pane stands first: its session, and the index of its window there.
    #[must_use]
    pub fn place(&self, pane: PaneId) -> Option<(SessionId, u32)> {
        let window = self.panes.get(&pane)?.window;
        self.sessions.iter().find_map(|(id, session)| {
            let mut windows = session.windows.iter();
            let (index, _) = windows.find(|(_, one)| **one == window)?;
            Some((*id, *index))
        })
    }

    /// Takes in an event. One of something that is not there changes nothing.
    pub fn apply(&mut self, event: &Event<'static>) {
        let (session, window) = (event.session_id.map(|id| id.0), event.window_id);
        let (window, pane) = (window.map(|id| id.0), event.pane.map(|id| id.0));
        match &event.data {
            EventData::ServerConnected(server) | EventData::ServerChanged(server) => {
                self.server = Some(server.clone());
            }
            EventData::ServerLost(_) => *self = Self::default(),
            _ => {}
        }
        if let Some(session) = session {
            self.on_session(session, &event.data);
            if let Some((window, index)) = window.zip(event.window) {
                self.on_window(session, (window, index), &event.data);
            }
        }
        if let Some(pane) = pane {
            if let Some(window) = window {
                self.on_place(pane, window, &event.data);
            }
            if let Some(known) = self.panes.get_mut(&pane) {
                known.apply(&event.data);
            }
        }
    }

    fn add_session(&mut self, session: &SnapshotSession<'static>) {
        let known = KnownSession {
            name: session.name.clone().into_owned(),
            streamed: session.streamed != Some(false),
            ..KnownSession::default()
        };
        self.sessions.insert(session.id.0, known);
        for window in &session.windows {
            self.add_window(session.id.0, window);
        }
    }

    fn add_window(&mut self, session: SessionId, window: &WindowObject<'static>) {
        let id = window.id.0;
        if let Some(session) = self.sessions.get_mut(&session) {
            session.windows.insert(window.index, id);
            session.mark(id, &window.alerts);
            if window.active {
                session.active = Some((window.index, id));
            }
        }
        let name = window.name.clone().into_owned();
        let active = window.panes.iter().find(|pane| pane.active);
        let active = active.map(|pane| pane.id.0);
        self.windows.insert(id, KnownWindow { name, active });
        for pane in &window.panes {
            self.add_pane(id, pane);
        }
    }

    fn add_pane(&mut self, window: WindowId, pane: &PaneObject<'static>) {
        let pane = pane.clone();
        self.panes.insert(pane.id.0, KnownPane { window, pane });
    }

    fn on_session(&mut self, id: SessionId, data: &EventData<'static>) {
        match data {
            EventData::SessionRemoved(_) => {
                self.sessions.remove(&id);
                self.drop_unlinked();
            }
            EventData::SessionCreated(new) => {
                self.sessions.entry(id).or_default().set(&new.session);
                for window in new.contents.iter().flat_map(|contents| &contents.windows) {
                    self.add_window(id, window);
                }
            }
            EventData::SessionRenamed(renamed) => {
                self.sessions.entry(id).or_default().set(&renamed.session);
            }
            EventData::SessionChanged(session) => {
                self.sessions.entry(id).or_default().set(session);
            }
            _ => {}
        }
    }

    fn on_window(
        &mut self,
        session_id: SessionId,
        (window, index): (WindowId, u32),
        data: &EventData<'static>,
    ) {
        match data {
            EventData::WindowCreated(new) => return self.add_window(session_id, new),
            EventData::WindowRenamed(renamed) => {
                if let Some(window) = self.windows.get_mut(&window) {
                    window.name = renamed.name.clone().into_owned();
                }
            }
            EventData::WindowLayoutChanged(layout) => self.on_layout(layout),
            _ => {}
        }
        let Some(session) = self.sessions.get_mut(&session_id) else {
            return;
        };
        match data {
            EventData::WindowRemoved(_) => {
                session.remove(window, index);
                self.drop_unlinked();
            }
            EventData::WindowMoved(moved) => session.move_to(window, moved.previous, index),
            EventData::WindowActiveChanged(_) => session.active = Some((index, window)),
            EventData::WindowAlert(marks) => session.mark(window, &marks.alerts),
            _ => {}
        }
    }

    fn on_layout(&mut self, layout: &Layout<'_>) {
        for pane in &layout.panes {
            if let Some(known) = self.panes.get_mut(&pane.id.0) {
                known.pane.index = pane.index;
            }
        }
    }

    /// A pane comes to a window, goes from it, or becomes its active one.
    fn on_place(&mut self, pane: PaneId, window: WindowId, data: &EventData<'static>) {
        let mut active = None;
        match data {
            EventData::PaneCreated(new) => {
                self.add_pane(window, &new.pane);
                active = new.pane.active.then_some(Some(pane));
            }
            EventData::PaneRemoved(_) => {
                if self
                    .panes
                    .get(&pane)
                    .is_some_and(|one| one.window == window)
                {
                    self.panes.remove(&pane);
                }
                let known = self.windows.get(&window);
                active = known.filter(|one| one.active == Some(pane)).map(|_| None);
            }
            EventData::PaneActiveChanged(_) => active = Some(Some(pane)),
            _ => {}
        }
        if let (Some(active), Some(window)) = (active, self.windows.get_mut(&window)) {
            window.active = active;
        }
    }

    /// A window that stands in no session any more is gone, and its panes with it.
    fn drop_unlinked(&mut self) {
        let sessions = &self.sessions;
        self.windows.retain(|id, _| {
            let mut sessions = sessions.values();
            sessions.any(|session| session.windows.values().any(|one| one == id))
        });
        let windows = &self.windows;
        self.panes
            .retain(|_, pane| windows.contains_key(&pane.window));
    }
}

impl KnownSession {
    fn set(&mut self, session: &SessionObject<'_>) {
        self.name = session.session.clone().into_owned();
        self.streamed = session.streamed != Some(false);
    }

    fn mark(&mut self, window: WindowId, alerts: &[std::borrow::Cow<'_, str>]) {
        let alerts: Vec<String> = alerts.iter().map(|one| one.clone().into_owned()).collect();
        match alerts.is_empty() {
            true => self.alerts.remove(&window),
            false => self.alerts.insert(window, alerts),
        };
    }

    fn remove(&mut self, window: WindowId, index: u32) {
        if self.windows.get(&index) == Some(&window) {
            self.windows.remove(&index);
        }
        self.active.take_if(|active| *active == (index, window));
        let windows = &self.windows;
        self.alerts
            .retain(|id, _| windows.values().any(|known| known == id));
    }

    /// While two windows swap, one index stands for both.
    fn move_to(&mut self, window: WindowId, previous: u32, index: u32) {
        if self.windows.get(&previous) == Some(&window) {
            self.windows.remove(&previous);
        }
        if self.active == Some((previous, window)) {
            self.active = Some((index, window));
        }
        self.windows.insert(index, window);
    }
}

impl KnownPane {
    fn apply(&mut self, data: &EventData<'static>) {
        let pane = &mut self.pane;
        match data {
            EventData::PaneExited(exit) => {
                pane.exit = Some(exit.clone());
                pane.pid = 0;
            }
            EventData::PaneCommandChanged(changed) => {
                pane.command = changed.command.clone();
                pane.pid = changed.pid;
                if changed.pid != 0 {
                    pane.exit = None;
                }
            }
            EventData::PaneTitleChanged(changed) => pane.title = changed.title.clone(),
            EventData::PanePathChanged(changed) => pane.path = changed.path.clone(),
            EventData::PaneModeChanged(changed) => pane.mode = changed.mode.clone(),
            EventData::PaneResized(changed) => {
                (pane.width, pane.height) = (changed.width, changed.height);
            }
            EventData::AgentStarted(agent) => pane.agent = Some(agent.clone()),
            EventData::AgentStatus(changed) => pane.agent = Some(Box::new(changed.agent.clone())),
            EventData::AgentUsage(used) => {
                if let Some(agent) = &mut pane.agent {
                    agent.usage = Some(Box::new(used.usage.clone()));
                }
            }
            EventData::AgentEnded(_) => pane.agent = None,
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
