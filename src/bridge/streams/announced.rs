//! The windows of panes that no listing has shown yet, as layouts report them.
//!
//! A pane that lives for a few milliseconds is in no listing; without this, nobody would know which window it was in.

use std::collections::HashMap;

use crate::ids::{PaneId, WindowId};
use crate::model::{Place, Places, State};

/// The panes with their windows, and the listings since.
#[derive(Debug, Default)]
pub(super) struct Announced(HashMap<PaneId, (WindowId, u32)>);

impl Announced {
    /// A window has this new pane.
    pub(super) fn add(&mut self, pane: PaneId, window: WindowId) {
        self.0.insert(pane, (window, 0));
    }

    /// A listing has come. Panes that it shows are known; the others are forgotten after so many listings.
    pub(super) fn listed(&mut self, state: &State, patience: u32) {
        self.0.retain(|pane, (_, listings)| {
            *listings += 1;
            !state.panes.contains_key(pane) && *listings <= patience
        });
    }

    /// Where the pane's window is, if that is known.
    pub(super) fn places(&self, pane: PaneId, state: &State) -> Places {
        let window = self.0.get(&pane).map(|(window, _)| *window);
        window
            .into_iter()
            .flat_map(|window| state.places_of_window(window))
            .collect()
    }

    /// The same place, and the pane's window in it if that is known.
    pub(super) fn place(&self, pane: PaneId, place: &Place, state: &State) -> Place {
        let window = self.0.get(&pane).map(|(window, _)| *window);
        let session = state.sessions.get(&place.session);
        let mut windows = session.into_iter().flat_map(|session| &session.windows);
        let known = windows.find(|(_, shown)| Some(**shown) == window);
        Place {
            window: known.map(|(index, window)| (*window, *index)),
            ..place.clone()
        }
    }
}
