//! States of tmux to publish, made from few words.

use std::sync::Arc;

use jiff::Timestamp;
use muxwire::hub::{Hub, Stamp};
use muxwire::ids::{PaneId, Seq, SessionId, WindowId};
use muxwire::model::{Change, ChangeKind, Pane, Server, Session, State, Window, diff};

/// A state under construction. Ids are given in the order of creation, as tmux does.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub state: State,
    next: (u32, u32, u32),
}

impl World {
    /// A server without sessions.
    pub fn new() -> Self {
        let server = Server {
            pid: 4242,
            start_time: 1_700_000_000,
            version: "3.3a".to_owned(),
            warnings: Arc::default(),
        };
        Self {
            state: State {
                server: Some(server),
                ..State::default()
            },
            next: (0, 0, 0),
        }
    }

    /// Lets ids go on from this number, as on a tmux server that has seen many come and go.
    pub fn skip_to(&mut self, number: u32) {
        self.next = (number, number, number);
    }

    /// A session of this name, with one window that has one pane.
    pub fn session(&mut self, name: &str) -> SessionId {
        let id = SessionId(self.next.0);
        self.next.0 += 1;
        let session = Session {
            id,
            name: name.into(),
            path: "/home".to_owned(),
            created: 1_700_000_100,
            group: None,
            destroy_unattached: None,
            streamed: false,
            alerts: [].into(),
            windows: [].into(),
            active: Some(0),
        };
        self.state.sessions.insert(id, session);
        self.window(id, 0, "main");
        id
    }

    /// A window with one pane.
    pub fn window(&mut self, session: SessionId, index: u32, name: &str) -> WindowId {
        let id = WindowId(self.next.1);
        self.next.1 += 1;
        let window = Window {
            id,
            name: name.to_owned(),
            width: 80,
            height: 24,
            zoomed: false,
            layout: format!("b25d,80x24,0,0,{}", self.next.2),
            panes: Vec::new(),
            active: None,
        };
        self.state.windows.insert(id, window);
        self.link(session, index, id);
        self.pane(id);
        id
    }

    /// A window that stands in another session too.
    pub fn link(&mut self, session: SessionId, index: u32, window: WindowId) {
        let session = self.state.sessions.get_mut(&session).unwrap();
        session.windows.insert(index, window);
    }

    /// One more pane in a window.
    pub fn pane(&mut self, window: WindowId) -> PaneId {
        let id = PaneId(self.next.2);
        self.next.2 += 1;
        let of = self.state.windows.get_mut(&window).unwrap();
        let index = u32::try_from(of.panes.len()).unwrap();
        of.panes.push(id);
        of.active = Some(id);
        let pane = Pane {
            id,
            window,
            index,
            width: 80,
            height: 24,
            pid: 9000 + id.0,
            exit: None,
            mode: None,
            title: "host".to_owned(),
            command: "bash".to_owned(),
            path: "/home".to_owned(),
        };
        self.state.panes.insert(id, pane);
        id
    }

    pub fn rename(&mut self, session: SessionId, name: &str) {
        self.state.sessions.get_mut(&session).unwrap().name = name.into();
    }

    pub fn remove_session(&mut self, session: SessionId) {
        let windows = self.state.sessions.remove(&session).unwrap().windows;
        for window in windows.values() {
            if self.state.places_of_window(*window).next().is_none() {
                self.state.windows.remove(window);
                self.state.panes.retain(|_, pane| pane.window != *window);
            }
        }
    }

    /// Publishes what changed since the hub's state, and the state.
    pub fn publish(&self, hub: &Hub) -> Seq {
        let (before, _) = hub.snapshot();
        hub.publish(
            diff(&before, &self.state),
            Some(Arc::new(self.state.clone())),
            stamp(),
        )
    }

    /// Output of a pane.
    pub fn output(&self, pane: PaneId, offset: u64, bytes: &'static [u8]) -> Change {
        let kind = ChangeKind::PaneOutput {
            offset,
            bytes: bytes.into(),
        };
        Change::of_pane(pane, self.state.places_of_pane(pane), kind)
    }
}

/// A time that is always the same.
pub fn stamp() -> Stamp {
    Stamp::at(Timestamp::from_millisecond(1_763_614_800_123).unwrap())
}
