//! Which panes are to be open, and what comes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::model::Model;
use super::parts::{Effect, Link, Mode, Now};
use super::preview::Preview;
use super::screen::Screen;
use super::theme::Role;
use crate::client::{CallUpdate, PaneItem};
use crate::ids::PaneId;

/// Whoever runs through the list sees panes a little later.
const PAUSE: Duration = Duration::from_millis(120);

/// While something is searched for, so many panes are open.
const MOST_OPEN: usize = 200;

impl Model {
    /// Takes in what came of requests and of open panes; answers come by [`Model::on_answer`].
    pub fn on_call(&mut self, update: CallUpdate, now: Now) {
        match update {
            CallUpdate::Connected(welcome) => {
                self.calls = Link::Live;
                self.welcome(*welcome);
                self.want_panes(now);
                self.touch();
            }
            CallUpdate::Disconnected { reason, retry_in } => {
                self.calls = self.away(reason, retry_in, now);
                for preview in self.previews.values_mut() {
                    preview.is_stale = true;
                }
            }
            CallUpdate::Pane { pane, item } => self.on_item(pane, item, now),
            CallUpdate::Answer { .. } => {}
        }
    }

    fn on_item(&mut self, pane: PaneId, item: PaneItem, now: Now) {
        // Output after a cut is in its place again.
        let Some(preview) = self.previews.get_mut(&pane) else {
            return;
        };
        let goes_on = matches!(item, PaneItem::Output { .. });
        let snapshot = match &item {
            PaneItem::Snapshot {
                bytes, cols, rows, ..
            } if self.saving.is_some() => Some((bytes.clone(), (*cols, *rows))),
            _ => None,
        };
        preview.on_item(item, now);
        if goes_on && preview.screen().is_some() {
            preview.is_stale = false;
        }
        if let Some((bytes, size)) = snapshot {
            self.save_snapshot(pane, &bytes, size, now);
        }
        let Some(preview) = self.previews.get_mut(&pane) else {
            return;
        };
        // What has too many marks begins anew.
        if preview.screen().is_some_and(Screen::is_worn) && !preview.is_stale {
            preview.is_stale = true;
            self.effects.push(Effect::Open(pane, preview.wish()));
        }
        self.touch();
    }

    /// The panes that are wanted are opened now, or in a moment where somebody runs through the list.
    pub(super) fn want_soon(&mut self, now: Now) {
        let runs = now.instant < self.selected_at + 2 * PAUSE && self.selected_at != now.instant;
        let is_first = self.previews.is_empty();
        self.open_at = Some(now.instant);
        if runs && !is_first {
            self.open_at = Some(now.instant + PAUSE);
        } else {
            self.want_panes(now);
        }
    }

    /// Opens the panes that are wanted, and closes all others.
    pub(super) fn want_panes(&mut self, now: Now) {
        if self.open_at.is_some_and(|at| at > now.instant) {
            return;
        }
        self.open_at = None;
        let wanted = self.wanted();
        let previews = self.previews.keys().copied();
        // One that is gone while somebody types into it says so.
        let typing = self.mode_pane();
        let is_closed = |pane: &PaneId| !wanted.contains(pane) && Some(*pane) != typing;
        let closed: Vec<PaneId> = previews.filter(is_closed).collect();
        for pane in closed {
            self.previews.remove(&pane);
            self.effects.push(Effect::Close(pane));
            self.touch();
        }
        for pane in wanted {
            if !self.previews.contains_key(&pane) {
                let preview = Preview::new();
                self.effects.push(Effect::Open(pane, preview.wish()));
                self.previews.insert(pane, preview);
                self.touch();
            }
        }
    }

    /// The one that is selected, and while something is searched for all: what they show is looked at as well.
    fn wanted(&self) -> BTreeSet<PaneId> {
        let shown = self.mode_pane().or(self.selected);
        let mut wanted: BTreeSet<PaneId> = shown.into_iter().collect();
        if self.mode == Mode::Search || !self.query.is_empty() {
            let panes = self.state.iter().flat_map(|state| state.panes.keys());
            wanted.extend(panes.copied().take(MOST_OPEN));
        }
        wanted.retain(|pane| !self.is_own(*pane) && self.exists(*pane));
        wanted
    }

    /// The pane that somebody types into.
    pub(super) fn mode_pane(&self) -> Option<PaneId> {
        match self.mode {
            Mode::Typing(pane) => Some(pane),
            _ => None,
        }
    }

    pub(super) fn exists(&self, pane: PaneId) -> bool {
        let state = self.state.as_ref();
        state.is_some_and(|state| state.panes.contains_key(&pane))
    }

    /// Forgets panes that are gone, but for one that somebody types into: what is typed is for no other.
    pub(super) fn forget_gone(&mut self) {
        let typing = self.mode_pane();
        let known = self.state.as_ref();
        let exists = |pane: &PaneId| known.is_some_and(|state| state.panes.contains_key(pane));
        self.previews
            .retain(|pane, _| exists(pane) || Some(*pane) == typing);
        if let Some(pane) = typing.filter(|pane| !exists(pane)) {
            let preview = self.previews.entry(pane).or_insert_with(Preview::new);
            preview.trouble = Some("the pane is gone".to_owned());
        }
    }

    /// Shows synchronized updates that don't end.
    pub(super) fn release(&mut self, now: Now) {
        let mut any = false;
        for preview in self.previews.values_mut() {
            any |= preview.release(now);
        }
        if any {
            self.touch();
        }
    }

    /// Scrolls the pane that shows: back by a number above 0.
    pub(super) fn scroll(&mut self, lines: i32, now: Now) {
        if self.past.is_some() {
            return self.scroll_past(lines, now);
        }
        let pane = self.mode_pane().or(self.selected);
        let Some((pane, preview)) = pane.and_then(|one| Some((one, self.previews.get_mut(&one)?)))
        else {
            return;
        };
        if lines > 0 && preview.is_at_top() {
            if self.mode_pane().is_some() {
                let text = "stop typing first: what comes before this is kept on disk";
                return self.notice(text, Role::Dim, now);
            }
            return self.enter_past(pane, lines, now);
        }
        if preview.scroll(lines) {
            let wish = preview.wish();
            self.effects.push(Effect::Open(pane, wish));
        }
        self.touch();
    }
}
