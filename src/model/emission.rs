//! An event of a program's own on its way into the log: where it is seen follows from what it is about.

use std::sync::Arc;

use super::audience::{Audience, Places};
use super::change::{Change, ChangeKind};
use super::emitted::Emitted;
use super::state::State;
use crate::ids::{PaneId, SessionId, WindowId};

/// What an event of a program's own is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// No session: only those who see all of them see it.
    Server,
    /// A session.
    Session(SessionId),
    /// A window.
    Window(WindowId),
    /// A pane.
    Pane(PaneId),
}

/// An event of a program's own, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    /// What it is about.
    pub spot: Spot,
    /// The event.
    pub event: Arc<Emitted>,
}

impl Emission {
    /// The change, for those who may see it as things stand; nothing if what it is about is gone.
    #[must_use]
    pub fn change(&self, state: &State) -> Option<Change> {
        let kind = ChangeKind::Emitted {
            event: Arc::clone(&self.event),
        };
        let places: Places = match self.spot {
            Spot::Server => return Some(Change::new(Audience::Unscoped, kind)),
            Spot::Session(session) => state
                .sessions
                .get(&session)
                .map(|session| session.place())
                .into_iter()
                .collect(),
            Spot::Window(window) => state.places_of_window(window).collect(),
            Spot::Pane(pane) => state.places_of_pane(pane),
        };
        if places.is_empty() {
            return None;
        }
        let change = Change::new(Audience::Places(places), kind);
        let pane = match self.spot {
            Spot::Pane(pane) => Some(pane),
            Spot::Server | Spot::Session(_) | Spot::Window(_) => None,
        };
        Some(Change { pane, ..change })
    }
}
