//! The panes whose output must not be printed in a pane, since what is printed there causes it.
//!
//! A program that prints in its pane what tmux sends receives its own output. Two of them in two panes feed each other,
//! and they don't know of each other. What they have in common is that each is attached to tmux as a control client, or
//! runs this program: a `watch` gets what it prints from a `serve`. Their processes lead to their panes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cmd::own_pane::{others_of_this_program, place_of};
use crate::hub::Hub;
use crate::ids::PaneId;
use crate::model::State;
use crate::wire::PrintsIn;

/// How often processes are looked for while something is printed.
const LOOK: Duration = Duration::from_secs(1);

/// Finds these panes for a program that prints in one.
pub(super) struct Feeding {
    hub: Hub,
    own: PrintsIn,
    others: Mutex<Others>,
}

/// Where the others print.
#[derive(Default)]
struct Others {
    /// Control clients, whose places are looked up when there are others than before.
    clients: Vec<u32>,
    places: Vec<PrintsIn>,
    /// Processes of this program, and when they were looked for.
    of_this_program: Vec<PrintsIn>,
    looked: Option<Instant>,
    logged: bool,
}

impl Feeding {
    pub(super) fn new(hub: Hub, own: PrintsIn) -> Self {
        Self {
            hub,
            own,
            others: Mutex::default(),
        }
    }

    /// The panes as things stand. Nothing is known of them before the first listing, and the first link brings output
    /// before that.
    pub(super) fn panes(&self) -> Option<BTreeSet<PaneId>> {
        let (state, _) = self.hub.snapshot();
        if state.panes.is_empty() {
            return None;
        }
        // What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.follow(&state, Instant::now());
        let own = self.own.pane(&state);
        if let Some(pane) = own.filter(|_| !others.logged) {
            others.logged = true;
            tracing::info!(
                %pane,
                "what is printed in this pane is left out, since the recording goes there: -o FILE or --include-own-pane \
                 records it"
            );
        }
        let places = others.places.iter().chain(&others.of_this_program);
        let others = places.filter_map(|place| place.pane(&state));
        Some(own.into_iter().chain(others).collect())
    }
}

impl Others {
    fn follow(&mut self, state: &State, now: Instant) {
        let control = state.clients.values().filter(|client| client.control);
        let clients: Vec<u32> = control.map(|client| client.pid).collect();
        if clients != self.clients {
            self.places = clients.iter().copied().map(place_of).collect();
            self.clients = clients;
        }
        let is_fresh = |looked: Instant| now.saturating_duration_since(looked) < LOOK;
        if !self.looked.is_some_and(is_fresh) {
            let processes = others_of_this_program().into_iter();
            self.of_this_program = processes.map(place_of).collect();
            self.looked = Some(now);
        }
    }
}
