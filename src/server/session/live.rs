//! Open panes: a snapshot, then all that the pane prints, and a fresh snapshot whenever that is not enough.
//!
//! A snapshot stands in the stream exactly at its place: what the bridge gave is brought up to the client's place in
//! the log, and output that is in it already is not sent. [`Panes`](super::panes::Panes) keeps the books.

use std::time::{Duration, Instant};

use super::pages::View;
use super::panes::{Asker, Missing, Opening, Reason};
use super::reply::Reply;
use super::request::OpenRequest;
use super::requests::{Refusal, may_read, not_found, unmet};
use super::{ClientSession, Effect, OpenedPane, Phase, Viewpoint};
use crate::auth::{Permission, Principal};
use crate::bridge::{PaneView, ScreenError, ViewRequest};
use crate::hub::{Hub, Published};
use crate::ids::{Epoch, PaneId, Seq, SessionId};
use crate::model::{ChangeKind, Place};
use crate::screen::PaneSnapshot;
use crate::server::target::{self, Target};
use crate::wire::{ErrorCode, RequestId};

/// The pause before a snapshot that could not be had is asked for again.
const RETRY: Duration = Duration::from_millis(250);

/// The time after which a snapshot that was not exact is followed by another one.
const HEAL: Duration = Duration::from_secs(2);

impl ClientSession {
    pub(super) fn open(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        request: &OpenRequest,
        now: Instant,
    ) -> Result<(), Refusal> {
        self.check_room()?;
        let pane = self.visible_pane(principal, &request.target)?;
        self.check_open_panes(pane)?;
        let opening = Opening {
            scrollback: request.scrollback,
            ack_window: request.ack_window,
        };
        self.cancel(pane, now);
        self.open_pane(id, pane, opening, request.since.clone(), now)?;
        self.pump(now);
        Ok(())
    }

    /// Opens a pane; goes on from where the client was in it, if that is kept.
    pub(in crate::server) fn open_pane(
        &mut self,
        id: Option<RequestId>,
        pane: PaneId,
        opening: Opening,
        since: Option<(String, u64)>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let principal = self.principal()?;
        let hub = &self.context.hub;
        let kept =
            since.and_then(|(epoch, offset)| kept_from(hub, (pane, &principal), &epoch, offset));
        let opened = self.stream.open(pane, kept.map(|(place, _)| place));
        opened.map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        if let Some((_, offset)) = kept {
            self.stream.panes.resume(pane, opening, offset);
            let (state, _) = self.context.hub.snapshot();
            let known = state.panes.get(&pane).ok_or_else(not_found)?;
            self.say_opened(
                OpenedPane {
                    id: id.as_ref(),
                    pane,
                    size: (known.width, known.height),
                    offset,
                    recovered: true,
                },
                now,
            );
            self.stream.replay();
        } else {
            self.stream.panes.open(pane, opening, id);
        }
        Ok(())
    }

    fn say_opened(&mut self, opened: OpenedPane<'_>, now: Instant) {
        let from = Viewpoint {
            context: &self.context,
            principal: self.phase.principal(),
        };
        let framed = self.encode.opened(from, opened);
        self.send_framed(framed, now);
    }

    /// The panes that are opened from now on are shown as those of this session.
    pub(in crate::server) fn shown_in(&mut self, session: SessionId) {
        self.encode.shown_in(session);
    }

    /// Closes a pane without a reply. Returns the request that still waits for its snapshot.
    pub(in crate::server) fn drop_pane(&mut self, pane: PaneId) -> Option<Asker> {
        self.stream.subscription.close(pane);
        self.stream.pages.forget(pane);
        self.stream.panes.forget(pane)
    }

    pub(super) fn close_pane(
        &mut self,
        id: Option<&RequestId>,
        principal: &Principal,
        target: &Target,
        now: Instant,
    ) -> Result<(), Refusal> {
        let open = target.pane.filter(|pane| self.stream.panes.is_open(*pane));
        let pane = match open {
            Some(pane) => self.still_seen(principal, pane, now)?,
            None => self.visible_pane(principal, target)?,
        };
        self.cancel(pane, now);
        self.stream.subscription.close(pane);
        self.say(&Reply::Closed { id, pane }, now);
        Ok(())
    }

    pub(in crate::server) fn ack(
        &mut self,
        id: Option<&RequestId>,
        pane: PaneId,
        offset: u64,
        now: Instant,
    ) -> Result<(), Refusal> {
        let principal = self.principal()?;
        self.still_seen(&principal, pane, now)?;
        if !self.stream.panes.ack(pane, offset) {
            return Err(not_found());
        }
        if let Some(id) = id {
            self.say(&Reply::Acked { id }, now);
        }
        self.pump(now);
        Ok(())
    }

    /// A pane as long as the client sees it. One that has left its scope is lost to it like one that is gone, open or not.
    fn still_seen(
        &mut self,
        principal: &Principal,
        pane: PaneId,
        now: Instant,
    ) -> Result<PaneId, Refusal> {
        if self.place_of(principal, pane).is_none() {
            self.lose(pane, now);
            return Err(not_found());
        }
        Ok(pane)
    }

    /// All panes are closed, since all subscriptions are gone.
    pub(super) fn forget_panes(&mut self, now: Instant) {
        self.stream.pages.clear();
        for (_, asker) in self.stream.panes.forget_all() {
            self.refuse_asker(&asker, now);
        }
    }

    /// Whether an event goes out as it is; what open panes have to know of it is noted.
    pub(super) fn admit(&mut self, event: &Published, now: Instant) -> bool {
        let Some(pane) = event.change.pane else {
            return true;
        };
        match &event.change.kind {
            ChangeKind::PaneOutput { offset, bytes } => {
                let length = bytes.len() as u64;
                let admitted = self.stream.panes.admits(pane, *offset, length)
                    && self.has_time_for(pane, *offset, length);
                if !admitted {
                    self.note_shed();
                }
                return admitted;
            }
            ChangeKind::PaneGap { .. } => self.stream.panes.disturb(pane, Reason::Gap),
            ChangeKind::PaneResized { .. } => self.stream.panes.disturb(pane, Reason::Resized),
            ChangeKind::PaneExited { .. } => self.stream.panes.disturb(pane, Reason::Exited),
            ChangeKind::PaneCommandChanged {
                respawned: true, ..
            } => self.stream.panes.disturb(pane, Reason::Respawned),
            ChangeKind::PaneRemoved { moved: false } => self.lose(pane, now),
            _ => {}
        }
        true
    }

    /// Something was written to the client's socket.
    pub(in crate::server) fn on_written(&mut self, now: Instant) {
        if self.stream.panes.wants_any() {
            self.ask_views(now);
        }
        self.pump_replays(now);
    }

    /// What could not be had before, or not exactly, is asked for again.
    pub(super) fn ask_views_again(&mut self, now: Instant) {
        self.stream.view_at = None;
        self.stream.panes.wake();
        self.ask_views(now);
    }

    /// Asks for the snapshots that the client needs and has room for.
    pub(in crate::server) fn ask_views(&mut self, now: Instant) {
        if !self.stream.panes.wants_any()
            || !self.stream.pages.is_empty()
            || !self.send_queue.is_nearly_empty()
        {
            return;
        }
        let Phase::Open { principal } = &self.phase else {
            return;
        };
        let principal = principal.clone();
        let (state, _) = self.context.hub.snapshot();
        for (pane, scrollback) in self.stream.panes.ask() {
            let places = state.places_of_pane(pane);
            let sessions = places.iter().map(|place| &*place.session_name);
            let request = ViewRequest {
                pane,
                scrollback,
                redacted: principal.is_redacted(),
            };
            match principal.authorize(Permission::Read, sessions, request) {
                Ok(request) => self.begin(Effect::View { pane, request }),
                Err(_) => self.lose(pane, now),
            }
        }
    }

    /// The bridge has answered.
    pub(super) fn viewed(
        &mut self,
        pane: PaneId,
        view: Result<PaneView, ScreenError>,
        now: Instant,
    ) {
        let Some(missing) = self.stream.panes.missing(pane).cloned() else {
            return;
        };
        let Phase::Open { principal } = &self.phase else {
            return;
        };
        let principal = principal.clone();
        match view {
            Ok(view) => {
                if self.place_of(&principal, pane).is_none() {
                    self.lose(pane, now);
                } else if !self.give(principal.is_redacted(), &view, &missing, now) {
                    self.postpone(pane, now);
                }
            }
            Err(ScreenError::NoSuchPane) => self.lose(pane, now),
            Err(error) => match &missing.asked_by {
                Some(asker) => {
                    self.stream.panes.forget(pane);
                    self.stream.subscription.close(pane);
                    self.refuse(asker.id.as_ref(), code_of(&error), &error.to_string(), now);
                }
                None => self.postpone(pane, now),
            },
        }
        self.pump(now);
    }

    /// Begins to send a snapshot, if it can be brought up to the client's place.
    fn give(&mut self, redacted: bool, view: &PaneView, missing: &Missing, now: Instant) -> bool {
        let snapshot = &view.snapshot;
        let hub = &self.context.hub;
        let mut since = view.since.clone();
        let offset = view.offset.max(missing.to);
        match hub.output_for(snapshot.pane, redacted, view.offset, offset) {
            Some(more) => since.extend(more),
            None => return false,
        }
        let seq = self
            .stream
            .subscription
            .place()
            .unwrap_or_else(|| hub.head());
        self.introduce(snapshot, missing, offset, now);
        self.stream
            .panes
            .given(snapshot.pane, offset, snapshot.exact);
        self.stream.pages.push(View {
            view: view.clone(),
            since,
            offset,
            seq,
            next: 0,
        });
        if !snapshot.exact {
            self.stream.view_at.get_or_insert(now + HEAL);
        }
        self.context
            .metrics
            .pane_snapshot(missing.reason().as_str());
        self.note_shed();
        true
    }

    /// Says why a snapshot comes.
    fn introduce(&mut self, snapshot: &PaneSnapshot, missing: &Missing, offset: u64, now: Instant) {
        if let Some(asker) = &missing.asked_by {
            let opened = OpenedPane {
                id: asker.id.as_ref(),
                pane: snapshot.pane,
                size: (snapshot.cols, snapshot.rows),
                offset,
                recovered: false,
            };
            self.say_opened(opened, now);
        }
        let from = Viewpoint {
            context: &self.context,
            principal: self.phase.principal(),
        };
        let lagged_from = missing.lagged_from;
        let framed = self
            .encode
            .snapshot_follows(from, snapshot, lagged_from, offset);
        if let Some(framed) = framed {
            self.send_framed(framed, now);
        }
    }

    /// A pane is not there any more, or not for this client.
    pub(super) fn lose(&mut self, pane: PaneId, now: Instant) {
        self.stream.pages.forget(pane);
        if let Some(asker) = self.stream.panes.forget(pane) {
            let (code, message) = not_found();
            self.refuse(asker.id.as_ref(), code, &message, now);
        }
        self.stream.subscription.close(pane);
    }

    /// A pane's snapshot is no longer waited for, if it was.
    fn cancel(&mut self, pane: PaneId, now: Instant) {
        self.stream.pages.forget(pane);
        if let Some(asker) = self.stream.panes.forget(pane) {
            self.refuse_asker(&asker, now);
        }
    }

    pub(in crate::server) fn refuse_asker(&mut self, asker: &Asker, now: Instant) {
        let why = "the pane was closed before it was open";
        self.refuse(asker.id.as_ref(), ErrorCode::Cancelled, why, now);
    }

    fn postpone(&mut self, pane: PaneId, now: Instant) {
        self.stream.panes.postpone(pane);
        self.stream.view_at = Some(now + RETRY);
    }

    /// The pane that is meant, if the client may read it.
    pub(super) fn visible_pane(
        &self,
        principal: &Principal,
        target: &Target,
    ) -> Result<PaneId, Refusal> {
        may_read(principal)?;
        let (state, _) = self.context.hub.snapshot();
        target::pane(&state, principal, target).map_err(unmet)
    }

    /// The first place at which the client sees a pane.
    pub(super) fn place_of(&self, principal: &Principal, pane: PaneId) -> Option<Place> {
        let (state, _) = self.context.hub.snapshot();
        let places = state.places_of_pane(pane);
        let seen = places
            .iter()
            .find(|place| principal.sees(&place.session_name));
        seen.cloned()
    }
}

/// Where to go on with a pane of which a client has all up to an offset in this epoch; nothing if that is not kept.
fn kept_from(
    hub: &Hub,
    (pane, principal): (PaneId, &Principal),
    epoch: &str,
    offset: u64,
) -> Option<(Seq, u64)> {
    let is_ours = Epoch::new(epoch).as_ref() == Some(hub.epoch());
    let place = || hub.place_for(pane, principal.is_redacted(), offset);
    is_ours.then(place).flatten()
}

fn code_of(error: &ScreenError) -> ErrorCode {
    match error {
        ScreenError::NoSuchPane => ErrorCode::NotFound,
        ScreenError::Busy => ErrorCode::RateLimited,
        ScreenError::Unavailable => ErrorCode::TmuxUnavailable,
        ScreenError::Recording => ErrorCode::Recording,
        ScreenError::Tmux(_) => ErrorCode::TmuxError,
    }
}
