//! Servers and links come and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Core, REMEMBERED};
use crate::bridge::action::Action;
use crate::ids::SessionId;
use crate::model::{Audience, Change, ChangeKind, Server, Session, State, Unfit, diff};
use crate::tmux::{CloseReason, LinkId, LinkKind, Version};

/// How long the listing that each new output link asks for may wait while more links are opened.
///
/// tmux needs many times as long for a listing of everything as for an attachment.
const OPENING: Duration = Duration::from_millis(250);

impl Core {
    /// A server answers; it may be the one that is known.
    pub(super) fn found(&mut self, mut server: Server, exits_unattached: bool, now: Instant) {
        let is_known = |known: &Server| known.is_same_life(&server);
        if !self.state.server.as_ref().is_some_and(is_known) {
            self.lose_server("another server answers", now);
            self.exits_unattached = exits_unattached;
            self.version = Version::parse(&server.version);
            tracing::info!(pid = server.pid, version = %server.version, "tmux server found");
            self.log_warnings();
            server.warnings = self.warnings();
            let state = State {
                server: Some(server.clone()),
                ..State::default()
            };
            self.enter(
                vec![Change::new(
                    Audience::Everyone,
                    ChangeKind::ServerConnected { server },
                )],
                state,
                now,
            );
        }
        self.exits_unattached(exits_unattached, now);
    }

    /// Says that a server runs which can't be used, once for each reason.
    pub(super) fn unfit(&mut self, unfit: Unfit, now: Instant) {
        self.lose_server(&unfit.reason, now);
        if self.state.unfit.as_deref() == Some(&unfit.reason) {
            return;
        }
        let state = State {
            unfit: Some(unfit.reason.as_str().into()),
            ..State::default()
        };
        let change = Change::new(Audience::Everyone, ChangeKind::ServerUnfit { unfit });
        self.enter(vec![change], state, now);
    }

    /// Says that no server is there any more, if one was.
    pub(super) fn lose_server(&mut self, reason: &str, now: Instant) {
        self.release(now);
        let Some(server) = self.state.server.clone() else {
            return;
        };
        tracing::warn!(pid = server.pid, reason, "tmux server lost");
        let none = State::default();
        let mut changes = self.with_losses(diff(&self.state, &none), &none);
        let reason = reason.to_owned();
        changes.push(Change::new(
            Audience::Everyone,
            ChangeKind::ServerLost { server, reason },
        ));
        self.enter(changes, State::default(), now);
        let links = self.links();
        self.actions.extend(links.into_iter().map(Action::Close));
        self.streams.clear();
        self.views.clear();
        self.sizes.clear();
        self.outputs.reset();
        self.relist.reset();
        self.reconciler.reset(now);
        self.version = None;
    }

    /// Publishes changes together with the state that they lead to.
    pub(super) fn enter(&mut self, changes: Vec<Change>, state: State, now: Instant) {
        for change in &changes {
            self.views.observe(change);
            self.counters.observe(change);
            self.follow_terminal(change);
        }
        self.state = Arc::new(state);
        self.hub.publish(
            changes,
            Some(Arc::clone(&self.state)),
            self.setup.clock.stamp(now),
        );
    }

    /// The same changes, and what is missing of the panes that are gone for good.
    pub(super) fn with_losses(&mut self, changes: Vec<Change>, left: &State) -> Vec<Change> {
        let streams = &mut self.streams;
        let changes = changes.into_iter().flat_map(|change| {
            let gone = matches!(change.kind, ChangeKind::PaneRemoved { moved: false });
            let pane = change.pane.filter(|_| gone);
            let missing = pane.and_then(|pane| streams.removed(pane, left));
            [missing, Some(change)]
        });
        changes.flatten().collect()
    }

    /// What is known of a pane's terminal ends with its size or its process.
    fn follow_terminal(&mut self, change: &Change) {
        let Some(pane) = change.pane else { return };
        match &change.kind {
            ChangeKind::PaneResized {
                width, previous, ..
            } => self.streams.resized(pane, *width != previous.0),
            ChangeKind::PaneCommandChanged {
                respawned: true, ..
            } => {
                self.streams.respawned(pane);
                self.views.spoil(pane);
            }
            _ => {}
        }
    }

    // Links come and go.

    pub(super) fn opened(&mut self, link: LinkId, kind: LinkKind, pid: u32, now: Instant) {
        self.processes.insert(link, pid);
        match kind {
            LinkKind::Control { .. } => {
                self.control = Some(link);
                self.finding.opened = Some(now);
                self.release(now);
            }
            LinkKind::Output { session } => self.outputs.opened(link, session, now),
        }
        self.close_if_left(link);
        self.count_links();
    }

    pub(super) fn open_failed(&mut self, kind: LinkKind, now: Instant) {
        match kind {
            LinkKind::Control { .. } => {
                self.release(now);
                self.finding.again(now);
            }
            LinkKind::Output { session } => {
                self.outputs.failed(session, now);
                self.open_next();
            }
        }
    }

    /// Opens the next output links, unless enough are on their way: others follow when these have attached or failed.
    pub(super) fn open_next(&mut self) {
        if !self.may_attach() {
            return;
        }
        let version = self.version.as_ref();
        let in_turn = version.is_some_and(Version::dies_of_early_notifications);
        while let Some(session) = self.outputs.next_to_open(in_turn) {
            self.actions
                .push(Action::Open(LinkKind::Output { session }));
        }
    }

    pub(super) fn attached(&mut self, link: LinkId, now: Instant) {
        if self.control == Some(link) {
            self.control_attached = true;
            self.streams.doubt();
            self.settle_sizes();
            self.relist.request_at_once(now);
        } else if let Some(session) = self.outputs.session_of(link) {
            self.outputs.attached(link);
            self.streams_session(session, true, now);
            self.open_next();
            self.attached_at.insert(link, self.last_tag);
            let candidates = self.outputs.candidates(&self.state);
            let changes = self.streams.assign(&self.state, &candidates);
            self.publish(changes, now);
            self.links_changed(now);
            self.subscribe(link);
            tracing::debug!(%link, %session, "output link attached");
            // What changed in its windows before it came was reported to nobody.
            self.hint_of_links(now);
        }
        self.count_links();
    }

    /// Asks for a listing that may wait while more output links are opened.
    pub(super) fn hint_of_links(&mut self, now: Instant) {
        if self.outputs.is_opening() {
            self.reconciler.hint();
            self.relist.request_within(now, OPENING);
        } else {
            self.hint(now);
        }
    }

    pub(super) fn closed(&mut self, link: LinkId, reason: &CloseReason, now: Instant) {
        self.retire(link);
        self.attached_at.remove(&link);
        self.watched.closed(link);
        tracing::debug!(%link, %reason, "link closed");
        let wanted = *reason == CloseReason::Requested;
        if self.control == Some(link) {
            self.control = None;
            self.control_attached = false;
            self.inputs.cut();
            self.announced.forget();
            self.relist.reset();
            self.reconciler.reset(now);
            if self.attaching.is_on() {
                self.counters.reconnect();
            }
            self.finding.again(now);
        } else if let Some(session) = self.outputs.closed(link, wanted, now) {
            self.streams_session(session, self.outputs.streams(session), now);
            let by_tmux = matches!(reason, CloseReason::Ended(_) | CloseReason::Moved(_));
            let mut changes = self.streams.ended(link, by_tmux, &self.state, now);
            let candidates = self.outputs.candidates(&self.state);
            changes.extend(self.streams.assign(&self.state, &candidates));
            self.publish(changes, now);
            self.links_changed(now);
            self.hint(now);
            self.open_next();
        }
        self.count_links();
    }

    /// What is printed in a session's panes is streamed from now on, or is not.
    fn streams_session(&mut self, id: SessionId, streamed: bool, now: Instant) {
        let known = self.state.sessions.get(&id);
        let Some(session) = known.filter(|session| session.streamed != streamed) else {
            return;
        };
        let session = Session {
            streamed,
            ..session.clone()
        };
        let mut state = State::clone(&self.state);
        state.sessions.insert(id, session.clone());
        let audience = Audience::at(session.place());
        let kind = ChangeKind::SessionChanged { session };
        self.enter(vec![Change::new(audience, kind)], state, now);
    }

    fn count_links(&self) {
        let control = usize::from(self.control_attached);
        self.counters
            .set_links(self.outputs.attached_len() + control);
    }

    /// A link has ended, but tmux may list its client for a moment longer.
    pub(super) fn retire(&mut self, link: LinkId) {
        self.ended.extend(self.processes.remove(&link));
        let excess = self.ended.len().saturating_sub(REMEMBERED);
        self.ended.drain(..excess);
    }
}
