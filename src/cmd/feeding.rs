//! The panes whose output must not be told in a pane, since it comes of what is told there.
//!
//! A program that tells in its pane what tmux sends is told of what it prints. Two of them in two panes feed each other,
//! and they don't know of each other. What they have in common is that each is attached to tmux as a control client, or
//! is called as this program is.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::cmd::own_pane::place_of;
use crate::hub::Hub;
use crate::ids::PaneId;
use crate::model::State;
use crate::wire::PrintsIn;

/// The name by which tmux tells that muxwire runs in the foreground of a pane.
const NAME: &str = "muxwire";

/// Finds these panes for a program that prints in one.
pub(super) struct Feeding {
    hub: Hub,
    own: PrintsIn,
    others: Mutex<Others>,
}

/// Where the control clients print, which is looked up only when there are others than before.
#[derive(Default)]
struct Others {
    clients: Vec<u32>,
    places: Vec<PrintsIn>,
    told: bool,
}

impl Feeding {
    pub(super) fn new(hub: Hub, own: PrintsIn) -> Self {
        Self {
            hub,
            own,
            others: Mutex::default(),
        }
    }

    /// The panes as things stand.
    pub(super) fn panes(&self) -> BTreeSet<PaneId> {
        let (state, _) = self.hub.snapshot();
        // What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.follow(&state);
        let own = self.own.pane(&state);
        if let Some(pane) = own.filter(|_| !others.told) {
            others.told = true;
            tracing::info!(
                %pane,
                "what is printed in this pane is left out, since the recording goes there: -o FILE or --include-own-pane \
                 records it"
            );
        }
        let others = others.places.iter().filter_map(|place| place.pane(&state));
        let named = state.panes.values().filter(|pane| pane.command == NAME);
        let named = named.map(|pane| pane.id);
        own.into_iter().chain(others).chain(named).collect()
    }
}

impl Others {
    fn follow(&mut self, state: &State) {
        let control = state.clients.values().filter(|client| client.control);
        let clients: Vec<u32> = control.map(|client| client.pid).collect();
        if clients != self.clients {
            self.places = clients.iter().copied().map(place_of).collect();
            self.clients = clients;
        }
    }
}
