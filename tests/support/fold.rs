//! A follower of the stream: what it holds after a snapshot and the events behind it must equal the next snapshot.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a follower knows, in a form that can be compared.
///
/// A client's session is kept by id alone, since a session's new name is published once and not for each client.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Folded {
    pub server: Option<Value>,
    pub sessions: BTreeMap<String, Session>,
    pub windows: BTreeMap<String, Window>,
    pub panes: BTreeMap<String, Pane>,
    pub clients: BTreeMap<String, Map<String, Value>>,
    pub buffers: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    /// Name, path, created, group, destroy_unattached, streamed.
    pub fields: Map<String, Value>,
    pub windows: BTreeMap<u64, String>,
    /// How windows are marked, those that are.
    pub alerts: BTreeMap<String, Value>,
    /// The current window, and the index at which it is current.
    pub active: Option<(u64, String)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// Name, width, height, zoomed, layout.
    pub fields: Map<String, Value>,
    pub active: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pane {
    pub window: String,
    /// Index, width, height, pid, exit, mode, title, command, path.
    pub fields: Map<String, Value>,
    /// The agent in it.
    pub agent: Option<Value>,
}

const SESSION: [&str; 5] = ["path", "created", "group", "destroy_unattached", "streamed"];
const WINDOW: [&str; 5] = ["name", "width", "height", "zoomed", "layout"];
const PANE: [&str; 9] = [
    "index", "width", "height", "pid", "exit", "mode", "title", "command", "path",
];
const CLIENT: [&str; 6] = ["name", "pid", "session_id", "control", "read_only", "tty"];

fn pick(object: &Value, fields: &[&str]) -> Map<String, Value> {
    fields
        .iter()
        .map(|field| ((*field).to_owned(), object[*field].clone()))
        .collect()
}

fn text(object: &Value, field: &str) -> String {
    let value = object[field].as_str();
    value
        .unwrap_or_else(|| panic!("{field} is no text: {object}"))
        .to_owned()
}

fn number(object: &Value, field: &str) -> u64 {
    object[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} is no number: {object}"))
}

impl Session {
    fn set_alerts(&mut self, window: &str, alerts: &Value) {
        self.alerts.insert(window.to_owned(), alerts.clone());
        self.alerts.retain(|_, alerts| *alerts != json!([]));
    }

    /// Drops those of windows that stand here no more.
    fn forget_alerts(&mut self) {
        let windows = &self.windows;
        self.alerts
            .retain(|window, _| windows.values().any(|known| known == window));
    }
}

impl Folded {
    /// What a snapshot holds.
    pub fn of_snapshot(snapshot: &Value) -> Self {
        let mut folded = Self::default();
        folded.apply_snapshot(snapshot);
        folded
    }

    /// Takes in a snapshot: one of all replaces all, one of a session that session.
    pub fn apply_snapshot(&mut self, snapshot: &Value) {
        if snapshot.get("target").is_none() {
            *self = Self::default();
            self.server = Some(snapshot["server"].clone()).filter(|server| !server.is_null());
        }
        for session in snapshot["sessions"].as_array().unwrap() {
            self.session_of_snapshot(session);
        }
        for client in snapshot["clients"].as_array().unwrap() {
            self.clients
                .insert(text(client, "name"), pick(client, &CLIENT));
        }
        for buffer in snapshot["buffers"].as_array().unwrap() {
            self.buffers.insert(text(buffer, "name"), buffer.clone());
        }
    }

    fn session_of_snapshot(&mut self, session: &Value) {
        let id = text(session, "id");
        let mut fields = pick(session, &SESSION);
        fields.insert("name".to_owned(), session["name"].clone());
        self.sessions.insert(
            id.clone(),
            Session {
                fields,
                ..Session::default()
            },
        );
        for window in session["windows"].as_array().unwrap() {
            self.window(&id, window);
        }
        let known = &self.sessions[&id];
        let active = known.active.as_ref().map(|(index, _)| *index);
        assert_eq!(
            active,
            session["active"].as_u64(),
            "two ways of saying which window is current"
        );
    }

    /// A window object, which has its panes in it.
    fn window(&mut self, session: &str, window: &Value) {
        let (id, index) = (text(window, "id"), number(window, "index"));
        if let Some(session) = self.sessions.get_mut(session) {
            session.windows.insert(index, id.clone());
            session.set_alerts(&id, &window["alerts"]);
            if window["active"] == true {
                session.active = Some((index, id.clone()));
            }
        }
        let fields = pick(window, &WINDOW);
        self.windows.insert(
            id.clone(),
            Window {
                fields,
                active: None,
            },
        );
        for pane in window["panes"].as_array().unwrap() {
            self.pane(&id, pane);
        }
    }

    fn pane(&mut self, window: &str, pane: &Value) {
        let id = text(pane, "id");
        if pane["active"] == true
            && let Some(window) = self.windows.get_mut(window)
        {
            window.active = Some(id.clone());
        }
        let pane = Pane {
            window: window.to_owned(),
            fields: pick(pane, &PANE),
            agent: pane.get("agent").cloned(),
        };
        self.panes.insert(id, pane);
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Value) {
        let data = &event["data"];
        let kind = text(event, "type");
        match kind.split_once('.').unwrap_or((&kind, "")) {
            ("server", "connected" | "changed") => self.server = Some(data.clone()),
            ("server", "unfit") | ("window", "missed") | ("alert", _) => {}
            ("server", _) => *self = Self::default(),
            ("session", what) => self.on_session(what, event, data),
            ("window", what) => self.on_window(what, event, data),
            ("pane", what) => self.on_pane(what, event, data),
            ("agent", what) => self.on_agent(what, event, data),
            ("client", "detached") => {
                self.clients.remove(&text(data, "name"));
            }
            ("client", _) => {
                self.clients.insert(text(data, "name"), pick(data, &CLIENT));
            }
            ("buffer", "deleted") => {
                self.buffers.remove(&text(data, "name"));
            }
            ("buffer", _) => {
                self.buffers.insert(text(data, "name"), data.clone());
            }
            ("log", "gap") => {}
            _ => panic!("an unknown event: {event}"),
        }
    }

    fn on_session(&mut self, what: &str, event: &Value, data: &Value) {
        let id = text(event, "session_id");
        if what == "removed" {
            self.sessions.remove(&id);
            // A client that shows it either goes with it, or appears elsewhere in an event that follows.
            self.clients.retain(|_, client| client["session_id"] != id);
            return self.drop_unlinked();
        }
        let session = self.sessions.entry(id.clone()).or_default();
        session.fields = pick(data, &SESSION);
        session
            .fields
            .insert("name".to_owned(), data["session"].clone());
        if let Some(contents) = data.get("contents") {
            self.contents(&id, contents);
        }
    }

    /// What is in a session that is not new, but new to this follower.
    fn contents(&mut self, session: &str, contents: &Value) {
        for window in contents["windows"].as_array().unwrap() {
            self.window(session, window);
        }
        for client in contents["clients"].as_array().unwrap() {
            self.clients
                .insert(text(client, "name"), pick(client, &CLIENT));
        }
    }

    fn on_window(&mut self, what: &str, event: &Value, data: &Value) {
        let (session_id, index) = (text(event, "session_id"), number(event, "window"));
        let id = text(event, "window_id");
        if what == "created" {
            return self.window(&session_id, data);
        }
        if let Some(window) = self.windows.get_mut(&id) {
            match what {
                "renamed" => drop(
                    window
                        .fields
                        .insert("name".to_owned(), data["name"].clone()),
                ),
                "layout_changed" => {
                    let name = window.fields["name"].clone();
                    window.fields = pick(data, &WINDOW);
                    window.fields.insert("name".to_owned(), name);
                }
                _ => {}
            }
        }
        if what == "layout_changed" {
            for pane in data["panes"].as_array().unwrap() {
                self.set_pane(&text(pane, "id"), &[("index", pane["index"].clone())]);
            }
        }
        let Some(session) = self.sessions.get_mut(&session_id) else {
            return;
        };
        match what {
            "removed" => {
                if session.windows.get(&index) == Some(&id) {
                    session.windows.remove(&index);
                }
                session.active.take_if(|active| *active == (index, id));
                session.forget_alerts();
                self.drop_unlinked();
            }
            "moved" => {
                let previous = number(data, "previous");
                if session.windows.get(&previous) == Some(&id) {
                    session.windows.remove(&previous);
                }
                session.windows.insert(index, id.clone());
                if session.active.as_ref() == Some(&(previous, id.clone())) {
                    session.active = Some((index, id));
                }
            }
            "active_changed" => session.active = Some((index, id)),
            "alert" => session.set_alerts(&id, &data["alerts"]),
            _ => {}
        }
    }

    fn on_pane(&mut self, what: &str, event: &Value, data: &Value) {
        let (window, id) = (text(event, "window_id"), text(event, "pane"));
        let fields_of = |fields: &[&'static str]| -> Vec<(&'static str, Value)> {
            fields
                .iter()
                .map(|field| (*field, data[*field].clone()))
                .collect()
        };
        match what {
            "created" => self.pane(&window, data),
            "removed" => {
                if self
                    .panes
                    .get(&id)
                    .is_some_and(|pane| pane.window == window)
                {
                    self.panes.remove(&id);
                }
                if let Some(window) = self.windows.get_mut(&window) {
                    window.active.take_if(|active| *active == id);
                }
            }
            "active_changed" => {
                if let Some(window) = self.windows.get_mut(&window) {
                    window.active = Some(id);
                }
            }
            "exited" => self.set_pane(&id, &[("exit", data.clone()), ("pid", json!(0))]),
            "command_changed" => {
                self.set_pane(&id, &fields_of(&["command", "pid"]));
                if data["pid"] != 0 {
                    // A process runs: if the pane was dead, it was respawned.
                    self.set_pane(&id, &[("exit", Value::Null)]);
                }
            }
            "title_changed" => self.set_pane(&id, &fields_of(&["title"])),
            "path_changed" => self.set_pane(&id, &fields_of(&["path"])),
            "mode_changed" => self.set_pane(&id, &fields_of(&["mode"])),
            "resized" => self.set_pane(&id, &fields_of(&["width", "height"])),
            "output" | "gap" | "bell" => {}
            _ => panic!("an unknown event: {event}"),
        }
    }

    fn on_agent(&mut self, what: &str, event: &Value, data: &Value) {
        let pane = self.panes.get_mut(&text(event, "pane"));
        let pane = pane.unwrap_or_else(|| panic!("an agent in no pane: {event}"));
        if let Some(agent) = pane.agent.as_mut().filter(|_| what == "usage") {
            agent["usage"] = data["usage"].clone();
            return;
        }
        let known = pane.agent.take();
        assert_eq!(known.is_none(), what == "started", "{event}");
        if let Some(known) = known {
            assert_eq!(known["status"], data["previous"], "{event}");
        }
        let mut agent = data.clone();
        agent.as_object_mut().unwrap().remove("previous");
        pane.agent = (what != "ended").then_some(agent);
    }

    fn set_pane(&mut self, id: &str, fields: &[(&str, Value)]) {
        let Some(pane) = self.panes.get_mut(id) else {
            return;
        };
        for (field, value) in fields {
            pane.fields.insert((*field).to_owned(), value.clone());
        }
    }

    /// A window that stands in no session any more is gone, and its panes with it.
    fn drop_unlinked(&mut self) {
        let sessions = &self.sessions;
        let linked = |id: &String| {
            sessions
                .values()
                .any(|session| session.windows.values().any(|one| one == id))
        };
        self.windows.retain(|id, _| linked(id));
        let windows = &self.windows;
        self.panes
            .retain(|_, pane| windows.contains_key(&pane.window));
    }
}
