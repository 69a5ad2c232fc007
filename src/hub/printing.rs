//! The panes in which clients print what they get.
//!
//! A client that prints events in a pane of the tmux that it follows receives its own output, prints that too, and
//! never ends; two such clients in two panes feed each other. So each says where it prints, for as long as it is
//! connected, and a subscription may ask for what such panes print to be left out. Nobody else's view changes by it: a
//! client that names a pane in which it does not print hides nothing from those who do not ask.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::PaneId;
use crate::model::{Place, State};

/// What a client knows of where it prints. It is looked up in the state of each moment, since panes come and go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrintsIn {
    /// The process id of the tmux server, as its programs find it in `TMUX`.
    pub server: Option<u32>,
    /// The pane, as programs find it in `TMUX_PANE`.
    pub pane: Option<PaneId>,
    /// The processes that the client descends from. They lead to the pane where the environment does not, as with sudo.
    pub processes: Vec<u32>,
}

impl PrintsIn {
    /// The pane, if it is one of this state.
    #[must_use]
    pub fn pane(&self, state: &State) -> Option<PaneId> {
        let server = state.server.as_ref()?.pid;
        let named = self.pane.filter(|_| self.server == Some(server));
        if let Some(pane) = named.filter(|pane| state.panes.contains_key(pane)) {
            return Some(pane);
        }
        // A pane's first process is a child of the server: one alone may be of another machine.
        let descends = |pid: &u32| *pid > 0 && self.processes.contains(pid);
        let mut panes = state.panes.values();
        panes
            .find(|pane| descends(&server) && descends(&pane.pid))
            .map(|pane| pane.id)
    }
}

/// Whether a client may see a session of this name.
type Sees = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Where all clients print, by numbers of their own.
#[derive(Default, Clone)]
pub(super) struct Printing(Arc<Mutex<Claims>>);

#[derive(Default)]
struct Claims {
    next: u64,
    by_number: BTreeMap<u64, (PrintsIn, Sees)>,
}

/// A client prints somewhere for as long as this lives.
pub struct Printer {
    printing: Printing,
    number: u64,
}

impl Printing {
    pub(super) fn add(&self, prints_in: PrintsIn, sees: Sees) -> Printer {
        let mut claims = self.lock();
        let number = claims.next;
        claims.next += 1;
        claims.by_number.insert(number, (prints_in, sees));
        Printer {
            printing: self.clone(),
            number,
        }
    }

    /// The panes in which clients print, as far as each may see its own.
    pub(super) fn panes(&self, state: impl FnOnce() -> Arc<State>) -> BTreeSet<PaneId> {
        let claims: Vec<_> = self.lock().by_number.values().cloned().collect();
        if claims.is_empty() {
            return BTreeSet::new();
        }
        let state = state();
        let seen = |(prints_in, sees): &(PrintsIn, Sees)| {
            let pane = prints_in.pane(&state)?;
            let places = state.places_of_pane(pane);
            let sees = |place: &Place| sees(&place.session_name);
            places.iter().any(sees).then_some(pane)
        };
        claims.iter().filter_map(seen).collect()
    }

    /// What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Claims> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.printing.lock().by_number.remove(&self.number);
    }
}

impl fmt::Debug for Printing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = self.lock();
        let claims = claims.by_number.values().map(|(prints_in, _)| prints_in);
        f.debug_list().entries(claims).finish()
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Printer").field(&self.number).finish()
    }
}

/// Whether an event of this type can be caused by what the program in its pane prints. All types count that are not known
/// to have other causes, so that one which is new can't feed anybody.
pub(super) fn may_be_caused_by_printing(kind: &str) -> bool {
    !matches!(
        kind,
        "pane.created"
            | "pane.removed"
            | "pane.exited"
            | "pane.resized"
            | "pane.active_changed"
            | "pane.mode_changed"
            | "pane.command_changed"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::model::{Pane, Server};

    fn pane(id: &str, pid: u32) -> (PaneId, Pane) {
        let id: PaneId = id.parse().unwrap();
        let pane = Pane {
            id,
            window: "@1".parse().unwrap(),
            index: 0,
            width: 80,
            height: 24,
            pid,
            exit: None,
            mode: None,
            title: String::new(),
            command: String::new(),
            path: String::new(),
        };
        (id, pane)
    }

    #[test]
    fn a_pane_is_found_by_the_environment_or_by_its_processes_on_its_own_server_only() {
        let state = State {
            server: Some(Server {
                pid: 100,
                start_time: 1,
                version: "3.5a".to_owned(),
                warnings: Arc::default(),
            }),
            panes: [pane("%1", 201), pane("%2", 202), pane("%3", 0)].into(),
            ..State::default()
        };
        type Row<'a> = (Option<u32>, Option<&'a str>, &'a [u32], Option<&'a str>);
        let rows: [Row<'_>; 9] = [
            (Some(100), Some("%1"), &[], Some("%1")),
            // Another server's pane of the same name.
            (Some(101), Some("%1"), &[], None),
            (None, Some("%1"), &[], None),
            (Some(100), Some("%9"), &[], None),
            (None, None, &[300, 202, 100, 1], Some("%2")),
            // Inherited from another pane, and the pane of that name is gone.
            (Some(100), Some("%9"), &[202, 100], Some("%2")),
            (None, None, &[202, 1], None),
            (None, None, &[100, 1], None),
            (None, None, &[0, 100], None),
        ];
        for (server, named, processes, expected) in rows {
            let prints_in = PrintsIn {
                server,
                pane: named.map(|id| id.parse().unwrap()),
                processes: processes.to_vec(),
            };
            let expected = expected.map(|id| id.parse().unwrap());
            assert_eq!(prints_in.pane(&state), expected, "{prints_in:?}");
        }
        let lost = State::default();
        assert_eq!(PrintsIn::default().pane(&lost), None);
    }
}
