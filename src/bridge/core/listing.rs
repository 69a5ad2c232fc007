//! A listing comes, and becomes the state.

use std::sync::Arc;
use std::time::Instant;

use super::Core;
use crate::bridge::action::Action;
use crate::bridge::outputs::left;
use crate::control::{Body, Command, Flow};
use crate::ids::{PaneId, SessionId};
use crate::model::{Audience, Change, ChangeKind, Listing, State, Verdict, diff};
use crate::tmux::{ReplyError, Version};

impl Core {
    pub(super) fn listed(
        &mut self,
        tag: u64,
        index: usize,
        outcome: Result<Body, ReplyError>,
        now: Instant,
    ) {
        match outcome {
            Ok(body) => {
                if let Some(listing) = self.gathering.add(tag, index, body) {
                    self.relist.finish();
                    self.adopt(tag, listing, now);
                    self.leave(now);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "listing failed");
                self.list_again(now);
            }
        }
    }

    /// A listing has failed; if the control link lives on, another one is asked for.
    pub(super) fn list_again(&mut self, now: Instant) {
        self.gathering.reset();
        if self.relist.is_running() {
            self.relist.finish();
            self.hint(now);
        }
    }

    /// Makes a listing the state, and publishes how it differs.
    pub(super) fn adopt(&mut self, tag: u64, listing: Listing, now: Instant) {
        tracing::debug!(?listing, "listing");
        let own = self
            .processes
            .values()
            .chain(&self.ended)
            .copied()
            .collect();
        // An option of the server stands in each row; without a session, nothing is known of it.
        if let Some(row) = listing.sessions.first() {
            self.exits_unattached(row.exits_unattached, now);
        }
        let mut state = listing.into_state(self.state.server.clone(), &own);
        for session in state.sessions.values_mut() {
            session.streamed = self.outputs.streams(session.id);
        }
        state.keep_agents(&self.state);
        let mut changes = diff(&self.state, &state);
        self.touch_buffers(&state, &mut changes);
        match self.reconciler.judge(!changes.is_empty(), now) {
            Verdict::Suspicious => {
                self.suspected = changes;
                return;
            }
            Verdict::Drift => self.mark_drift(&mut changes),
            Verdict::Ordinary => {}
        }
        self.suspected.clear();
        self.exits.listed(&state, now);
        let missed = self.announced.missed(&self.state, &state);
        let changes = [missed, self.with_losses(changes, &state)].concat();
        let left = left(&self.state, &state);
        if changes.is_empty() {
            self.state = Arc::new(state);
        } else {
            self.enter(changes, state, now);
        }
        let candidates = self.outputs.candidates(&self.state);
        let changes = self.streams.listed(&self.state, &candidates, now);
        self.publish(changes, now);
        self.mark_last_panes(tag);
        self.links_changed(now);
        self.sizes.listed(&self.state);
        self.settle_sizes();
        self.fit_links(&left);
        self.watch_windows(now);
        if self.streams.awaits_listing() {
            self.hint(now);
        }
    }

    /// Panes that come after this listing are seen from their first byte on by the links that were there before it.
    fn mark_last_panes(&mut self, tag: u64) {
        let Some(last) = self.state.panes.keys().max().copied() else {
            return;
        };
        let streams = &mut self.streams;
        self.attached_at.retain(|link, before| {
            if *before < tag {
                streams.shows_all_after(*link, last);
            }
            *before >= tag
        });
    }

    /// A buffer that was set again may look as before; its notification counts all the same.
    fn touch_buffers(&mut self, state: &State, changes: &mut Vec<Change>) {
        for name in std::mem::take(&mut self.touched) {
            let is_published = changes.iter().any(|change| {
                matches!(&change.kind, ChangeKind::BufferChanged { buffer } if buffer.name == name)
            });
            if let Some(buffer) = state.buffers.get(&name).filter(|_| !is_published) {
                let kind = ChangeKind::BufferChanged {
                    buffer: buffer.clone(),
                };
                changes.push(Change::new(Audience::Unscoped, kind));
            }
        }
    }

    /// Drift is what was suspected and is still there; what was reported since may have overtaken its notification.
    fn mark_drift(&self, changes: &mut [Change]) {
        for change in changes
            .iter_mut()
            .filter(|change| self.suspected.contains(change))
        {
            change.reconciled = true;
            if is_announced(&change.kind, self.version.as_ref()) {
                tracing::warn!(
                    kind = change.kind.name(),
                    "the reconciler found a change that tmux did not announce"
                );
                self.counters.drift();
            }
        }
    }

    fn fit_links(&mut self, left: &[(SessionId, PaneId)]) {
        if !self.setup.live || !self.may_attach() {
            return;
        }
        let plan = self.outputs.plan(&self.state, left);
        self.open_next();
        self.actions
            .extend(plan.close.into_iter().map(Action::Close));
        let has_flow_control = self.version.as_ref().is_some_and(Version::has_flow_control);
        let pauses = plan
            .pause
            .into_iter()
            .map(|(link, pane)| (link, pane, Flow::Pause));
        let resumes = plan
            .resume
            .into_iter()
            .map(|(link, pane)| (link, pane, Flow::Continue));
        for (link, pane, flow) in pauses.chain(resumes) {
            if has_flow_control {
                let tag = self.next_tag();
                self.actions.push(Action::Send {
                    link,
                    tag,
                    commands: vec![Command::Flow { pane, flow }],
                });
            } else {
                // Without flow control, only a new link makes tmux forget the pane.
                self.actions.push(Action::Close(link));
            }
        }
    }
}

/// Whether a tmux of this version reports such a change in any other way than by being asked.
fn is_announced(kind: &ChangeKind, version: Option<&Version>) -> bool {
    let can = |capability: fn(&Version) -> bool| version.is_some_and(capability);
    match kind {
        ChangeKind::PaneTitleChanged { .. }
        | ChangeKind::PaneCommandChanged { .. }
        | ChangeKind::PanePathChanged { .. }
        | ChangeKind::PaneExited { .. } => can(Version::has_subscriptions),
        ChangeKind::WindowLayoutChanged { .. }
        | ChangeKind::PaneResized { .. }
        | ChangeKind::PaneActiveChanged { .. }
        | ChangeKind::PaneRemoved { moved: true }
        | ChangeKind::PaneCreated { moved: true, .. } => can(Version::reports_swaps),
        ChangeKind::BufferChanged { .. } | ChangeKind::BufferDeleted { .. } => {
            can(Version::reports_buffers)
        }
        // It follows from the end of its pane, which is counted.
        ChangeKind::AgentEnded { .. } => false,
        _ => true,
    }
}
