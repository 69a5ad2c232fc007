//! Where things stand on the terminal.

use ratatui::layout::{Position, Rect};

use super::parts::Tab;
use crate::ids::PaneId;

/// Where things stand, for the mouse.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Areas {
    pub(super) preview: Rect,
    pub(super) list: Rect,
    /// The rows of the list that stand for panes.
    pub(super) rows: Vec<(u16, PaneId)>,
    pub(super) tabs: Vec<(Rect, Tab)>,
}

impl Areas {
    pub(super) fn is_in_preview(&self, x: u16, y: u16) -> bool {
        self.preview.contains(Position::new(x, y))
    }

    pub(super) fn tab_at(&self, (x, y): (u16, u16)) -> Option<Tab> {
        let at = Position::new(x, y);
        let hit = self.tabs.iter().find(|(area, _)| area.contains(at));
        hit.map(|(_, tab)| *tab)
    }

    pub(super) fn pane_at(&self, (x, y): (u16, u16)) -> Option<PaneId> {
        let rows = self
            .list
            .contains(Position::new(x, y))
            .then_some(&self.rows);
        let hit = rows?.iter().find(|(row, _)| *row == y);
        hit.map(|(_, pane)| *pane)
    }
}
