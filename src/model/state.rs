//! The state of one tmux server, indexed by tmux's own ids.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::audience::{Audience, Place, Places};
use crate::control::DestroyUnattached;
use crate::ids::{PaneId, SessionId, WindowId};

/// Everything that is known of one tmux server; empty when none is connected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The server that the rest belongs to, `None` while there is none.
    pub server: Option<Server>,
    /// Why the server that runs can't be used, while its version and that of the tmux program don't fit.
    pub unfit: Option<Arc<str>>,
    /// Sessions by id.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Windows by id; every one is linked in at least one session.
    pub windows: BTreeMap<WindowId, Window>,
    /// Panes by id; every one is in exactly one window.
    pub panes: BTreeMap<PaneId, Pane>,
    /// Attached clients by name, without muxwire's own links.
    pub clients: BTreeMap<String, Client>,
    /// Paste buffers by name.
    pub buffers: BTreeMap<String, Buffer>,
    /// The agents in panes, as sources say; all else follows from tmux alone. Every pane of them is known.
    pub agents: BTreeMap<PaneId, Arc<Agent>>,
}

/// One life of a tmux server: ids are unique within it and start at 0 again in the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// The server's process id.
    pub pid: u32,
    /// When it started, in seconds since the Unix epoch.
    pub start_time: u64,
    /// Its version as it says it, such as `3.3a`.
    pub version: String,
    /// What its user should know before it happens.
    pub warnings: Arc<[Warning]>,
}

impl Server {
    /// Whether both are the same life of one server, whatever there is to be said of it now.
    #[must_use]
    pub fn is_same_life(&self, other: &Self) -> bool {
        (self.pid, self.start_time, &self.version) == (other.pid, other.start_time, &other.version)
    }
}

/// Something about a server that its user should know before it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A word for programs, which stays the same.
    pub code: String,
    /// What it is, in one sentence.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
}

/// A session and the windows that are linked in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// tmux's id.
    pub id: SessionId,
    /// The name, unique at any one time.
    pub name: Arc<str>,
    /// The directory in which new windows start.
    pub path: String,
    /// When it was created, in seconds since the Unix epoch.
    pub created: u64,
    /// The group, if it shares its windows with other sessions.
    pub group: Option<String>,
    /// By what value of `destroy-unattached` tmux destroys it when its last client detaches, if it does. muxwire does not
    /// attach to such a session.
    pub destroy_unattached: Option<DestroyUnattached>,
    /// Whether what its panes print is streamed now: a link of ours is attached to it.
    pub streamed: bool,
    /// Windows by index; one window may stand at several.
    pub windows: BTreeMap<u32, WindowId>,
    /// How these windows are marked, wherever they stand in the session; the others aren't.
    pub alerts: BTreeMap<WindowId, Alerts>,
    /// The index of the current window.
    pub active: Option<u32>,
}

/// How tmux marks a window in a session that shows another one, or that nobody is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alerts {
    /// A bell rang in it.
    pub bell: bool,
    /// Something was printed in it, and `monitor-activity` is on.
    pub activity: bool,
    /// Nothing was printed in it for as long as `monitor-silence` says.
    pub silence: bool,
}

/// A window, wherever it is linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// tmux's id.
    pub id: WindowId,
    /// The name.
    pub name: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether one pane is zoomed to the whole window.
    pub zoomed: bool,
    /// The layout string as tmux shows it, checksum included.
    pub layout: String,
    /// Panes in the order of their indexes.
    pub panes: Vec<PaneId>,
    /// The active pane.
    pub active: Option<PaneId>,
}

/// A pane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pane {
    /// tmux's id.
    pub id: PaneId,
    /// The window that holds it.
    pub window: WindowId,
    /// Its index within the window, which follows `pane-base-index`.
    pub index: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The process that tmux started in it, 0 once it has ended.
    pub pid: u32,
    /// How the process ended, if it did and the pane remains.
    pub exit: Option<Exit>,
    /// The mode that it is in, such as `copy-mode`.
    pub mode: Option<String>,
    /// The title that the program set.
    pub title: String,
    /// The command that runs in the foreground.
    pub command: String,
    /// The directory of the foreground process.
    pub path: String,
}

/// How a pane's process ended, as far as the tmux version reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exit {
    /// The exit status.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// A client that is attached to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// tmux's name for it, usually the terminal's path.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// The session that it shows.
    pub session: Option<SessionId>,
    /// Whether it is a control client.
    pub control: bool,
    /// Whether it may not type.
    pub read_only: bool,
    /// The terminal, empty for control clients.
    pub tty: String,
}

/// A paste buffer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    /// The buffer's name.
    pub name: String,
    /// Bytes held.
    pub size: u64,
    /// When it was set, in seconds since the Unix epoch.
    pub created: u64,
}

impl Alerts {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Those that are in one of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            bell: self.bell || other.bell,
            activity: self.activity || other.activity,
            silence: self.silence || other.silence,
        }
    }

    /// Those that there are, in a word each.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.bell, "bell"),
            (self.activity, "activity"),
            (self.silence, "silence"),
        ];
        all.into_iter()
            .filter(|(is_set, _)| *is_set)
            .map(|(_, name)| name)
    }
}

impl State {
    /// The session with exactly this name.
    #[must_use]
    pub fn session_named(&self, name: &str) -> Option<&Session> {
        self.sessions
            .values()
            .find(|session| &*session.name == name)
    }

    /// Every place at which a window is linked, in the order of sessions and indexes.
    pub fn places_of_window(&self, window: WindowId) -> impl Iterator<Item = Place> {
        self.sessions.values().flat_map(move |session| {
            let here = session
                .windows
                .iter()
                .filter(move |(_, linked)| **linked == window);
            here.map(move |(index, _)| session.place_at(*index, window))
        })
    }

    /// The places of every window.
    #[must_use]
    pub fn places_by_window(&self) -> HashMap<WindowId, Places> {
        let mut places: HashMap<WindowId, Vec<Place>> = HashMap::new();
        for session in self.sessions.values() {
            for (index, window) in &session.windows {
                places
                    .entry(*window)
                    .or_default()
                    .push(session.place_at(*index, *window));
            }
        }
        places
            .into_iter()
            .map(|(window, places)| (window, Places::from(places)))
            .collect()
    }

    /// Every place at which a pane's window is linked; none if the pane is unknown.
    #[must_use]
    pub fn places_of_pane(&self, pane: PaneId) -> Places {
        match self.panes.get(&pane) {
            Some(known) => self.places_of_window(known.window).collect(),
            None => Places::from([]),
        }
    }

    /// Takes over the agents whose panes are still there from the state before.
    pub fn keep_agents(&mut self, before: &Self) {
        let kept = before.agents.iter();
        let kept = kept.filter(|(pane, _)| self.panes.contains_key(pane));
        self.agents = kept
            .map(|(pane, agent)| (*pane, Arc::clone(agent)))
            .collect();
    }

    /// Who may learn of a client: those who see its session.
    #[must_use]
    pub fn audience_of_client(&self, client: &Client) -> Audience {
        let session = client.session.and_then(|id| self.sessions.get(&id));
        session.map_or(Audience::Unscoped, |session| Audience::at(session.place()))
    }
}

impl Session {
    /// The session as a place, without a window.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            session: self.id,
            session_name: Arc::clone(&self.name),
            window: None,
        }
    }

    /// One of its windows as a place.
    #[must_use]
    pub fn place_at(&self, index: u32, window: WindowId) -> Place {
        Place {
            window: Some((window, index)),
            ..self.place()
        }
    }

    /// How a window is marked.
    #[must_use]
    pub fn alerts_of(&self, window: WindowId) -> Alerts {
        self.alerts.get(&window).copied().unwrap_or_default()
    }

    /// The current window.
    #[must_use]
    pub fn active_window(&self) -> Option<WindowId> {
        self.active
            .and_then(|index| self.windows.get(&index))
            .copied()
    }
}
