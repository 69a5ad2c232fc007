//! The changes that lead from one state to another, in an order in which they can be applied.
//!
//! Removals are published before arrivals, and inner things go before outer ones and come after them. Anyone who applies
//! the changes to the old state, one by one, holds the new state at the end; `tests/random_operations.rs` proves it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::audience::{Audience, Places};
use super::change::{Change, ChangeKind};
use super::state::{Client, Pane, Session, State, Window};
use crate::ids::{PaneId, WindowId};

/// The changes from `old` to `new`; none if they are equal.
///
/// The server itself is left out: its coming and going is published by what lost or found it.
#[must_use]
pub fn diff(old: &State, new: &State) -> Vec<Change> {
    let mut diff = Diff {
        old,
        new,
        changes: Vec::new(),
    };
    diff.clients_gone();
    diff.agents_gone();
    diff.panes_gone();
    diff.windows_gone();
    diff.sessions_gone();
    diff.sessions_come_and_changed();
    diff.windows_come();
    diff.panes_come();
    diff.windows_changed();
    diff.panes_changed();
    diff.active_windows();
    diff.alerts();
    diff.clients_come_and_changed();
    diff.buffers();
    diff.changes
}

struct Diff<'a> {
    old: &'a State,
    new: &'a State,
    changes: Vec<Change>,
}

impl Diff<'_> {
    fn push(&mut self, audience: Audience, kind: ChangeKind) {
        self.changes.push(Change::new(audience, kind));
    }

    fn push_pane(&mut self, pane: PaneId, places: &Places, kind: ChangeKind) {
        self.changes
            .push(Change::of_pane(pane, Places::clone(places), kind));
    }

    /// Nothing but the end of its pane ends an agent here: all else of it comes from a source.
    fn agents_gone(&mut self) {
        for (pane, agent) in &self.old.agents {
            if !self.new.agents.contains_key(pane) {
                let agent = Arc::clone(agent);
                let places = self.old.places_of_pane(*pane);
                self.push_pane(*pane, &places, ChangeKind::AgentEnded { agent });
            }
        }
    }

    fn panes_gone(&mut self) {
        for (id, pane) in &self.old.panes {
            let now = self.new.panes.get(id);
            if now.is_none_or(|now| now.window != pane.window) {
                self.push_pane(
                    *id,
                    &self.old.places_of_pane(*id),
                    ChangeKind::PaneRemoved {
                        moved: now.is_some(),
                    },
                );
            }
        }
    }

    fn windows_gone(&mut self) {
        for (id, session) in &self.old.sessions {
            let now = self.new.sessions.get(id);
            let moved = now.map(|now| moves(session, now)).unwrap_or_default();
            for (index, window) in &session.windows {
                let stays = now.is_some_and(|now| now.windows.get(index) == Some(window));
                if !stays && !moved.iter().any(|step| step.is_from(*window, *index)) {
                    self.push(
                        Audience::at(session.place_at(*index, *window)),
                        ChangeKind::WindowRemoved,
                    );
                }
            }
        }
    }

    fn sessions_gone(&mut self) {
        for (id, session) in &self.old.sessions {
            if !self.new.sessions.contains_key(id) {
                self.push(Audience::at(session.place()), ChangeKind::SessionRemoved);
            }
        }
    }

    fn sessions_come_and_changed(&mut self) {
        for (id, session) in &self.new.sessions {
            let audience = Audience::at(session.place());
            let Some(old) = self.old.sessions.get(id) else {
                self.push(
                    audience,
                    ChangeKind::SessionCreated {
                        session: session.clone(),
                    },
                );
                continue;
            };
            if old.name != session.name {
                let kind = ChangeKind::SessionRenamed {
                    session: session.clone(),
                    previous: old.name.clone(),
                };
                self.changes.push(Change {
                    left: Some(old.place()),
                    ..Change::new(audience.clone(), kind)
                });
            }
            let attributes = |of: &Session| {
                let destroyed = of.destroy_unattached.is_some();
                (of.path.clone(), of.group.clone(), destroyed, of.streamed)
            };
            if attributes(old) != attributes(session) {
                self.push(
                    audience,
                    ChangeKind::SessionChanged {
                        session: session.clone(),
                    },
                );
            }
        }
    }

    fn windows_come(&mut self) {
        for (id, session) in &self.new.sessions {
            let old = self.old.sessions.get(id);
            let moved = old.map(|old| moves(old, session)).unwrap_or_default();
            for step in &moved {
                let kind = ChangeKind::WindowMoved {
                    index: step.to,
                    previous: step.from,
                };
                self.push(Audience::at(session.place_at(step.to, step.window)), kind);
            }
            for (index, window) in &session.windows {
                let stood = old.is_some_and(|old| old.windows.get(index) == Some(window));
                if !stood && !moved.iter().any(|step| step.is_to(*window, *index)) {
                    self.window_came(session, *index, *window);
                }
            }
        }
    }

    fn window_came(&mut self, session: &Session, index: u32, id: WindowId) {
        let Some(window) = self.new.windows.get(&id) else {
            return;
        };
        let panes = window
            .panes
            .iter()
            .filter_map(|pane| self.new.panes.get(pane))
            .cloned()
            .collect();
        let agent = |pane: &PaneId| {
            let agent = self.new.agents.get(pane)?;
            Some((*pane, Arc::clone(agent)))
        };
        let agents = window.panes.iter().filter_map(agent).collect();
        let active = session.active == Some(index);
        let kind = ChangeKind::WindowCreated {
            window: window.clone(),
            panes,
            active,
            alerts: session.alerts_of(id),
            agents,
        };
        self.push(Audience::at(session.place_at(index, id)), kind);
    }

    fn panes_come(&mut self) {
        for (id, pane) in &self.new.panes {
            let before = self.old.panes.get(id);
            if before.is_none_or(|before| before.window != pane.window) {
                let active = self
                    .new
                    .windows
                    .get(&pane.window)
                    .is_some_and(|w| w.active == Some(*id));
                let kind = ChangeKind::PaneCreated {
                    pane: pane.clone(),
                    active,
                    moved: before.is_some(),
                    agent: self.new.agents.get(id).cloned(),
                };
                self.push_pane(*id, &self.new.places_of_pane(*id), kind);
            }
        }
    }

    fn windows_changed(&mut self) {
        for (id, window) in &self.new.windows {
            let Some(old) = self.old.windows.get(id) else {
                continue;
            };
            let places: Places = self.new.places_of_window(*id).collect();
            if old.name != window.name {
                let (name, previous) = (window.name.clone(), old.name.clone());
                let kind = ChangeKind::WindowRenamed { name, previous };
                self.push(Audience::Places(Places::clone(&places)), kind);
            }
            let panes = indexed(window, self.new);
            if shape(old) != shape(window) || indexed(old, self.old) != panes {
                let kind = ChangeKind::WindowLayoutChanged {
                    window: window.clone(),
                    panes,
                };
                self.push(Audience::Places(Places::clone(&places)), kind);
            }
            if let Some(active) = window.active.filter(|_| old.active != window.active) {
                self.push_pane(
                    active,
                    &places,
                    ChangeKind::PaneActiveChanged {
                        previous: old.active,
                    },
                );
            }
        }
    }

    fn panes_changed(&mut self) {
        for (id, pane) in &self.new.panes {
            let Some(old) = self
                .old
                .panes
                .get(id)
                .filter(|old| old.window == pane.window)
            else {
                continue;
            };
            let kinds = pane_changes(old, pane);
            if kinds.is_empty() {
                continue;
            }
            let places = self.new.places_of_pane(*id);
            for kind in kinds {
                self.push_pane(*id, &places, kind);
            }
        }
    }

    fn active_windows(&mut self) {
        for (id, session) in &self.new.sessions {
            let Some(old) = self.old.sessions.get(id) else {
                continue;
            };
            let (Some(index), Some(window)) = (session.active, session.active_window()) else {
                continue;
            };
            if old.active_window() != Some(window) || old.active != Some(index) {
                let kind = ChangeKind::WindowActiveChanged {
                    previous: old.active,
                };
                self.push(Audience::at(session.place_at(index, window)), kind);
            }
        }
    }

    /// Windows are marked, or aren't any more.
    fn alerts(&mut self) {
        for (id, session) in &self.new.sessions {
            let Some(old) = self.old.sessions.get(id) else {
                continue;
            };
            for (index, window) in &session.windows {
                let alerts = session.alerts_of(*window);
                let stood = old.windows.values().any(|known| known == window);
                if stood && old.alerts_of(*window) != alerts {
                    let kind = ChangeKind::WindowAlert { alerts };
                    self.push(Audience::at(session.place_at(*index, *window)), kind);
                }
            }
        }
    }

    fn clients_gone(&mut self) {
        for (name, client) in &self.old.clients {
            if self
                .new
                .clients
                .get(name)
                .is_none_or(|now| now.pid != client.pid)
            {
                let audience = self.old.audience_of_client(client);
                self.push(audience, ChangeKind::ClientDetached { name: name.clone() });
            }
        }
    }

    fn clients_come_and_changed(&mut self) {
        for (name, client) in &self.new.clients {
            let audience = self.new.audience_of_client(client);
            let before = self
                .old
                .clients
                .get(name)
                .filter(|before| before.pid == client.pid);
            let Some(before) = before else {
                self.push(
                    audience,
                    ChangeKind::ClientAttached {
                        client: client.clone(),
                    },
                );
                continue;
            };
            if before.session != client.session || before.read_only != client.read_only {
                let change = self.client_crossed(before, client, audience);
                self.changes.push(change);
            }
        }
    }

    fn client_crossed(&self, before: &Client, client: &Client, audience: Audience) -> Change {
        let session = before.session.and_then(|id| self.old.sessions.get(&id));
        let previous = session.map(|session| session.name.clone());
        let kind = ChangeKind::ClientSessionChanged {
            client: client.clone(),
            previous,
        };
        Change {
            left: session.map(Session::place),
            ..Change::new(audience, kind)
        }
    }

    fn buffers(&mut self) {
        for name in self
            .old
            .buffers
            .keys()
            .filter(|name| !self.new.buffers.contains_key(*name))
        {
            self.push(
                Audience::Unscoped,
                ChangeKind::BufferDeleted { name: name.clone() },
            );
        }
        for (name, buffer) in &self.new.buffers {
            if self.old.buffers.get(name) != Some(buffer) {
                self.push(
                    Audience::Unscoped,
                    ChangeKind::BufferChanged {
                        buffer: buffer.clone(),
                    },
                );
            }
        }
    }
}

/// A window that left one index of a session and took another.
struct Move {
    window: WindowId,
    from: u32,
    to: u32,
}

impl Move {
    fn is_from(&self, window: WindowId, index: u32) -> bool {
        self.window == window && self.from == index
    }

    fn is_to(&self, window: WindowId, index: u32) -> bool {
        self.window == window && self.to == index
    }
}

/// The moves between two listings of one session: what vanished at one index, paired with what appeared at another.
fn moves(old: &Session, new: &Session) -> Vec<Move> {
    let gone = |from: &Session, to: &Session| -> Vec<(WindowId, u32)> {
        let differs = from
            .windows
            .iter()
            .filter(|(index, window)| to.windows.get(index) != Some(window));
        differs.map(|(index, window)| (*window, *index)).collect()
    };
    let mut came: BTreeSet<(WindowId, u32)> = gone(new, old).into_iter().collect();
    let mut moves = Vec::new();
    for (window, from) in gone(old, new) {
        let to = came.iter().find(|(came, _)| *came == window).copied();
        if let Some(place) = to {
            came.remove(&place);
            moves.push(Move {
                window,
                from,
                to: place.1,
            });
        }
    }
    moves
}

fn shape(window: &Window) -> (&str, u32, u32, bool) {
    (&window.layout, window.width, window.height, window.zoomed)
}

fn indexed(window: &Window, state: &State) -> Vec<(PaneId, u32)> {
    let index = |id: &PaneId| state.panes.get(id).map(|pane| (*id, pane.index));
    window.panes.iter().filter_map(index).collect()
}

fn pane_changes(old: &Pane, new: &Pane) -> Vec<ChangeKind> {
    let mut kinds = Vec::new();
    if (old.width, old.height) != (new.width, new.height) {
        let previous = (old.width, old.height);
        kinds.push(ChangeKind::PaneResized {
            width: new.width,
            height: new.height,
            previous,
        });
    }
    if let Some(exit) = new.exit.filter(|_| old.exit != new.exit) {
        kinds.push(ChangeKind::PaneExited { exit });
    }
    let respawned = new.exit.is_none() && old.pid != new.pid;
    if old.command != new.command || respawned {
        let (command, previous) = (new.command.clone(), old.command.clone());
        kinds.push(ChangeKind::PaneCommandChanged {
            command,
            previous,
            pid: new.pid,
            respawned,
        });
    }
    if old.path != new.path {
        kinds.push(ChangeKind::PanePathChanged {
            path: new.path.clone(),
            previous: old.path.clone(),
        });
    }
    if old.title != new.title {
        kinds.push(ChangeKind::PaneTitleChanged {
            title: new.title.clone(),
            previous: old.title.clone(),
        });
    }
    if old.mode != new.mode {
        kinds.push(ChangeKind::PaneModeChanged {
            mode: new.mode.clone(),
            previous: old.mode.clone(),
        });
    }
    kinds
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
