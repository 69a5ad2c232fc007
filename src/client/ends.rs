//! Where the output of panes ended, so that what was left out before a connection went is noticed.

use std::collections::{HashMap, HashSet};

use crate::ids::PaneId;

/// A server says that it left out output once a slow client has caught up. If the connection ends before that, the
/// position is behind that output, and nothing will be said of it: only the offset of what comes next shows it.
#[derive(Debug, Default)]
pub(super) struct Ends {
    ends: HashMap<PaneId, u64>,
    /// Panes of which nothing has come since the connection was made.
    unseen: HashSet<PaneId>,
}

impl Ends {
    /// The connection is gone.
    pub(super) fn down(&mut self) {
        self.unseen = self.ends.keys().copied().collect();
    }

    /// There is another tmux server, or a snapshot of all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The pane is gone.
    pub(super) fn forget(&mut self, pane: PaneId) {
        self.ends.remove(&pane);
        self.unseen.remove(&pane);
    }

    /// What comes of the pane goes on from here.
    pub(super) fn reached(&mut self, pane: PaneId, offset: u64) {
        self.ends.insert(pane, offset);
        self.unseen.remove(&pane);
    }

    /// So many bytes came. Returns where the output ended before, if it is the first of a connection and begins behind that.
    pub(super) fn output(&mut self, pane: PaneId, offset: u64, bytes: u64) -> Option<u64> {
        let is_first = self.unseen.contains(&pane);
        let end = self.ends.get(&pane).copied();
        self.reached(pane, offset.saturating_add(bytes));
        end.filter(|end| is_first && offset > *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cut_hid_is_noticed_once() {
        let (one, other) = (PaneId(1), PaneId(2));
        let mut ends = Ends::default();
        assert_eq!(
            ends.output(one, 100, 3),
            None,
            "nobody knows what was before"
        );
        assert_eq!(ends.output(other, 0, 3), None);
        assert_eq!(
            ends.output(one, 110, 3),
            None,
            "a gap on one connection is the server's to name"
        );
        ends.down();
        assert_eq!(ends.output(one, 120, 1), Some(113));
        assert_eq!(ends.output(one, 130, 1), None);
        assert_eq!(ends.output(other, 3, 1), None);
        ends.down();
        ends.reached(one, 140);
        assert_eq!(ends.output(one, 140, 1), None);
        ends.down();
        ends.forget(one);
        assert_eq!(ends.output(one, 200, 1), None);
        ends.down();
        ends.clear();
        assert_eq!(ends.output(other, 200, 1), None);
    }
}
