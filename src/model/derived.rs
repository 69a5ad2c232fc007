//! Events that come from no listing and no pane: a source derives them, from other events or from elsewhere.

use super::change::{Change, ChangeKind};
use super::state::State;
use crate::ids::PaneId;

/// An event of a source. It leaves tmux's state as it is, so that the state still follows from what tmux reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derived {
    /// A pane's bell rings.
    PaneBell {
        /// The pane.
        pane: PaneId,
    },
}

impl Derived {
    /// The change, for those who may see it as things stand; nothing if what it is about is gone.
    #[must_use]
    pub fn change(self, state: &State) -> Option<Change> {
        match self {
            Self::PaneBell { pane } => {
                let places = state.places_of_pane(pane);
                let is_there = !places.is_empty();
                is_there.then(|| Change::of_pane(pane, places, ChangeKind::PaneBell))
            }
        }
    }
}
