//! The pane in which a watch is read, found in what the server publishes.
//!
//! A pane that was made for the watch may come into what the server knows only after the first snapshot was made, so
//! the events that report panes are looked at as well.

use super::overview::matches;
use crate::wire::objects::{PaneObject, WindowObject};
use crate::wire::{EventData, Message, PrintsIn, Received, SessionPattern, SnapshotSession};

/// What is known of the pane until it is found.
pub(super) struct OwnPane {
    place: PrintsIn,
    sessions: Vec<SessionPattern>,
    /// The process of the tmux server.
    server: Option<u32>,
}

impl OwnPane {
    /// The pane in which is printed, among the sessions that are watched; no pattern stands for all.
    pub(super) fn new(place: PrintsIn, sessions: Vec<SessionPattern>) -> Self {
        Self {
            place,
            sessions,
            server: None,
        }
    }

    /// Whether a message is about the pane, in a session that is watched.
    pub(super) fn is_in(&mut self, message: &Received) -> bool {
        match message.message() {
            Message::Snapshot(snapshot) => {
                self.server = snapshot.server.as_ref().map(|server| server.pid);
                let sessions = snapshot.sessions.iter();
                let mut windows = sessions
                    .filter(|session| self.is_watched(session))
                    .flat_map(|session| &session.windows);
                windows.any(|window| self.is_in_window(window))
            }
            Message::Event(event) => self.is_in_event(&event.data),
            _ => false,
        }
    }

    /// The server sends events of those sessions alone that are watched.
    fn is_in_event(&mut self, data: &EventData<'_>) -> bool {
        match data {
            EventData::ServerConnected(server) => self.server = Some(server.pid),
            EventData::ServerLost(_) => self.server = None,
            EventData::PaneCreated(new) => return self.is(&new.pane),
            EventData::WindowCreated(window) => return self.is_in_window(window),
            EventData::SessionCreated(new) => {
                let mut windows = new.contents.iter().flat_map(|contents| &contents.windows);
                return windows.any(|window| self.is_in_window(window));
            }
            _ => {}
        }
        false
    }

    fn is_watched(&self, session: &SnapshotSession<'_>) -> bool {
        let mut sessions = self.sessions.iter();
        self.sessions.is_empty() || sessions.any(|one| matches(one, session))
    }

    fn is_in_window(&self, window: &WindowObject<'_>) -> bool {
        window.panes.iter().any(|pane| self.is(pane))
    }

    fn is(&self, pane: &PaneObject<'_>) -> bool {
        let Some(server) = self.server else {
            return false;
        };
        let descends = |pid| self.place.processes.contains(&pid);
        let is_named = self.place.server == Some(server) && self.place.pane == Some(pane.id.0);
        is_named || (descends(server) && descends(pane.pid))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;
    use crate::wire::Kind;

    fn own_pane(sessions: &[&str]) -> OwnPane {
        let place = PrintsIn {
            server: Some(100),
            pane: Some("%7".parse().unwrap()),
            processes: vec![300, 207, 100, 1],
        };
        let sessions = sessions
            .iter()
            .map(|text| SessionPattern::from_text(text).unwrap());
        OwnPane::new(place, sessions.collect())
    }

    fn pane(id: &str, pid: u32) -> Value {
        json!({ "id": id, "pid": pid })
    }

    fn window(pane: &Value) -> Value {
        json!({ "id": "@1", "panes": [pane] })
    }

    fn event(type_name: &str, data: &Value) -> Received {
        let event = json!({
            "type": type_name, "timestamp": "2026-11-20T05:00:00.123Z", "epoch": "e1", "seq": 1,
            "session": "api", "data": data,
        });
        Received::parse(&event.to_string()).unwrap()
    }

    fn snapshot(server: u32, session: &str, pane: &Value) -> Received {
        let sessions = json!([{ "id": "$1", "name": session, "windows": [window(pane)] }]);
        let snapshot = json!({
            "type": "snapshot", "epoch": "e1", "seq": 1,
            "server": { "pid": server }, "sessions": sessions,
        });
        Received::parse(&snapshot.to_string()).unwrap()
    }

    #[test]
    fn regression_a_pane_is_found_in_whatever_shows_it() {
        let ours = [pane("%7", 207), pane("%7", 9), pane("%9", 207)];
        for pane in &ours {
            for later in [
                event("pane.created", pane),
                event("window.created", &window(pane)),
                event(
                    "session.created",
                    &json!({ "contents": { "windows": [window(pane)] } }),
                ),
                snapshot(100, "api", pane),
            ] {
                let mut own = own_pane(&[]);
                assert!(!own.is_in(&snapshot(100, "api", &json!({ "id": "%0", "pid": 9 }))));
                assert!(own.is_in(&later), "{}", later.text());
                // The first snapshot is of a moment when muxwire had no tmux server.
                let mut own = own_pane(&[]);
                assert!(!own.is_in(&later) || later.kind() == Kind::Snapshot);
                assert!(!own.is_in(&event("server.connected", &json!({ "pid": 100 }))));
                assert!(own.is_in(&later), "{}", later.text());
            }
        }
    }

    #[test]
    fn another_pane_server_or_session_is_not_taken_for_it() {
        let mut own = own_pane(&["a*"]);
        assert!(!own.is_in(&snapshot(100, "api", &pane("%8", 208))));
        assert!(!own.is_in(&snapshot(100, "web", &pane("%7", 207))));
        assert!(own.is_in(&snapshot(100, "api", &pane("%7", 207))));
        assert!(!own.is_in(&snapshot(101, "api", &pane("%7", 207))));
        assert!(!own.is_in(&event("pane.created", &pane("%7", 207))));
        assert!(!own.is_in(&event("pane.resized", &pane("%7", 207))));
        assert!(!own.is_in(&event("session.created", &json!({}))));
    }
}
