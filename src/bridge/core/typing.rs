//! How requests that type reach the queue of input, and how that queue reaches tmux.

use std::time::Instant;

use super::Core;
use crate::bridge::action::Action;
use crate::bridge::inputs::{Inputs, Way};
use crate::ids::PaneId;

impl Core {
    /// Lets the queue act, with the way that there is now: over the control link, which stays quick while others are
    /// flooded.
    pub(super) fn with_inputs(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Inputs, Option<Way<'_>>, &mut Vec<Action>),
    ) {
        let streams = &self.streams;
        // What a pane's program has asked for, as its output shows.
        let brackets = |pane: PaneId| streams.tracker(pane)?.bracketed_paste();
        let time = (now, self.setup.submit_delay);
        let control = self.control.filter(|_| self.setup.live);
        let way = control.map(|link| Way::new(link, self.version.as_ref(), &brackets, time));
        act(&mut self.inputs, way, &mut self.actions);
    }
}
