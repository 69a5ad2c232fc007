//! Windows that tmux has announced and no listing has shown yet.
//!
//! What lives shorter than it takes to ask is known by its notification alone, and that has the id of the window and
//! nothing else: neither its panes nor its session.

use std::collections::BTreeSet;

use crate::control::Notification;
use crate::ids::WindowId;
use crate::model::{Audience, Change, ChangeKind, State};

/// The windows that came since the last listing.
#[derive(Debug, Default)]
pub(super) struct Announced(BTreeSet<WindowId>);

impl Announced {
    /// The control link has brought a notification.
    pub(super) fn heard(&mut self, notification: &Notification) {
        if let Notification::WindowAdd { window } | Notification::UnlinkedWindowAdd { window } =
            notification
        {
            self.0.insert(*window);
        }
    }

    /// A listing has come on the same link, and so behind the notifications: what it lacks is gone again.
    pub(super) fn missed(&mut self, before: &State, now: &State) -> Vec<Change> {
        let was_seen = |window: &WindowId| {
            [before, now]
                .iter()
                .any(|state| state.windows.contains_key(window))
        };
        let missed = std::mem::take(&mut self.0).into_iter();
        let missed = missed.filter(|window| !was_seen(window));
        let kinds = missed.map(|window| ChangeKind::WindowMissed { window });
        kinds
            .map(|kind| Change::new(Audience::Unscoped, kind))
            .collect()
    }

    /// The control link has ended: a listing on the next one says nothing of what this one announced.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
