//! Events, snapshots and bookmarks: all that a client gets without asking again.
//!
//! A snapshot stands in the stream exactly at its place: every event before it is in it, and none after it. So it is
//! given only where the stream has come to the head of the log. While screens are captured the stream stands still,
//! and what is published waits in the log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::archive::ArchiveReading;
use super::audit_trail::Asked;
use super::pages::Pages;
use super::panes::Panes;
use super::reply::Reply;
use super::requests::{Refusal, unmet};
use super::{Captured, ClientSession, Effect, Phase, StateSnapshot};
use crate::auth::{Permission, Principal};
use crate::bridge::{Screen, ScreenError, ScreensRequest};
use crate::hub::{
    Archived, Filter, Published, Since, Step, Subscription, TooManyOpen, TooManyRules, View,
};
use crate::ids::{PaneId, Seq};
use crate::model::{ChangeKind, State};
use crate::server::send_queue::{Frame, OutputPlace};
use crate::server::target::{self, Target};
use crate::wire::{CloseCode, ErrorCode, RequestId};

/// How many events are looked at before other work gets its turn.
const STEPS: usize = 512;
/// What a pane may print while a client is too slow, and still reach it.
const LITTLE: u64 = 64 << 10;
/// The least time between two bookmarks, but for those that end a replay.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(1);

/// A client's stream of events.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) subscription: Subscription,
    /// When a bookmark is due.
    pub(super) bookmark_at: Option<Instant>,
    /// The stream has been at the head, so a client that falls behind has had its chance: see [`ClientSession::start_shedding`].
    pub(super) live: bool,
    /// What lies behind is gone through without waiting for the client: structural events are taken, output is left
    /// out. Counts what each pane has printed meanwhile.
    shedding: Option<HashMap<PaneId, u64>>,
    /// Open panes, and those of which output was left out.
    pub(super) panes: Panes,
    /// Snapshots of panes that are being sent; the stream stands still until they are.
    pub(super) pages: Pages,
    /// Something else than output has happened since a dialect asked.
    changed: bool,
    /// When a snapshot of a pane that could not be had is asked for again.
    pub(super) view_at: Option<Instant>,
    /// A replay is under way, and a bookmark will end it.
    replaying: bool,
    /// The place that the client was sent last.
    sent: Seq,
    bookmarked_at: Option<Instant>,
    /// Snapshots that wait for the head.
    wanted: VecDeque<Wanted>,
    /// Snapshots that wait for their screens; the stream stands still.
    capturing: usize,
    /// What is wanted of the archive.
    pub(super) archive: ArchiveReading,
}

/// A snapshot to be given at the head.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) id: Option<RequestId>,
    pub(super) target: Target,
    pub(super) screen: bool,
    /// The client asked for it, so it gets an error if there is none.
    pub(super) asked: bool,
}

impl Wanted {
    /// A snapshot that the client needs although it did not ask.
    pub(super) fn unasked(target: Target) -> Self {
        Self {
            id: None,
            target,
            screen: false,
            asked: false,
        }
    }
}

impl Stream {
    pub(super) fn new(subscription: Subscription) -> Self {
        Self {
            subscription,
            bookmark_at: None,
            live: true,
            shedding: None,
            panes: Panes::default(),
            pages: Pages::default(),
            changed: false,
            view_at: None,
            replaying: false,
            sent: Seq::default(),
            bookmarked_at: None,
            wanted: VecDeque::new(),
            capturing: 0,
            archive: ArchiveReading::default(),
        }
    }

    /// Adds to the subscription. Returns the place after which it counts, and whether `since` could be honoured.
    pub(super) fn subscribe(
        &mut self,
        filter: Filter,
        since: Option<&Since>,
    ) -> Result<(Seq, Option<bool>), TooManyRules> {
        let first = !self.subscription.is_active();
        let (seq, lost) = self.subscription.subscribe(filter, since)?;
        let recovered = since.map(|_| lost.is_none());
        if recovered == Some(true) {
            self.replay();
        }
        if first {
            self.sent = seq;
        }
        Ok((seq, recovered))
    }

    /// Adds to the subscription from a place of which only the archive has what comes next. Returns that place.
    pub(super) fn resume(
        &mut self,
        filter: Filter,
        archived: Archived,
    ) -> Result<Seq, TooManyRules> {
        let first = !self.subscription.is_active();
        let seq = self.subscription.resume(filter, archived)?;
        self.replay();
        if first {
            self.sent = seq;
        }
        Ok(seq)
    }

    /// Adds all that concerns a pane, from behind this place or else from now on.
    pub(super) fn open(&mut self, pane: PaneId, place: Option<Seq>) -> Result<(), TooManyOpen> {
        let first = !self.subscription.is_active();
        let seq = self.subscription.open(pane, place)?;
        if first {
            self.sent = seq;
        }
        Ok(())
    }

    /// What lies behind the head is replayed, and a bookmark will end it.
    pub(super) fn replay(&mut self) {
        self.live = false;
        self.replaying = true;
    }

    /// Whether nothing but the next events is due: no snapshot, page, bookmark or replay, and no pane is open.
    pub(super) fn is_plain(&self) -> bool {
        let is_waiting = self.replaying
            || self.capturing > 0
            || !self.wanted.is_empty()
            || !self.pages.is_empty()
            || !self.archive.has_page()
            || self.archive.has_request();
        let is_due = self.bookmark_at.is_some() || self.view_at.is_some();
        self.live && self.shedding.is_none() && self.panes.is_empty() && !is_waiting && !is_due
    }

    /// The client has got all up to this place.
    pub(super) fn followed(&mut self, place: Seq) {
        self.subscription.advance(place);
        self.sent = self.sent.max(place);
    }

    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted.push_back(wanted);
    }

    /// Snapshots that wait for the head.
    pub(super) fn waiting(&self) -> usize {
        self.wanted.len()
    }
}

impl ClientSession {
    /// Whether [`ClientSession::pump`] has something to do: a page to send, events to take, or to find that there are no more.
    pub(in crate::server) fn is_behind(&self) -> bool {
        let behind = |place| place < self.context.hub.head();
        if self.has_room_for_page() {
            return true;
        }
        self.wants_events()
            && (!self.stream.live || self.stream.subscription.place().is_some_and(behind))
    }

    /// Whether events would be taken if there were any.
    fn wants_events(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
            && self.stream.capturing == 0
            && self.stream.archive.has_page()
            && self.stream.pages.is_empty()
            && (self.stream.shedding.is_some() || self.send_queue.is_short())
    }

    /// Whether something other than output has happened since this was last asked.
    pub(in crate::server) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.stream.changed)
    }

    /// Subscribes to events without a reply.
    pub(in crate::server) fn follow_events(&mut self, filter: Filter) -> Result<(), Refusal> {
        let subscribed = self.stream.subscribe(filter, None);
        subscribed.map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        Ok(())
    }

    /// Takes what the log has for this client, a bounded number at a time.
    pub(in crate::server) fn pump(&mut self, now: Instant) {
        let Phase::Open { principal } = &self.phase else {
            return;
        };
        let principal = principal.clone();
        self.send_page(now);
        self.start_shedding();
        let names = self.stream.subscription.names();
        for _ in 0..STEPS {
            if !self.wants_events() {
                break;
            }
            match self.stream.subscription.step(&principal, &names) {
                Step::Deliver(event, view) => self.deliver(&event, view, now),
                Step::Skip => {}
                Step::Archived(range) => self.read_archive(range),
                Step::Evicted => self.close(CloseCode::Slow, now),
                Step::Head => {
                    self.at_head(&principal, now);
                    break;
                }
            }
        }
        self.bookmark(now);
        self.ask_views(now);
    }

    /// Begins to shed if the client has let too much pile up: waiting on would cost it the log's memory of it.
    fn start_shedding(&mut self) {
        let Some(place) = self.stream.subscription.place() else {
            return;
        };
        // What waits behind a snapshot that the client asked for waits because of the snapshot: it is taken as a replay.
        if !self.stream.pages.is_empty() {
            self.stream.live = false;
            return;
        }
        let is_kept = self.stream.archive.keeps(place);
        if is_kept || self.send_queue.is_short() || self.stream.shedding.is_some() {
            return;
        }
        let (kept, queue) = (self.context.hub.limits(), self.context.limits.send_queue);
        // Who replays may lie far behind from the beginning, but not so far that the log runs away from it.
        let (bytes, events) = (kept.bytes / 4 * 3, kept.events / 4 * 3);
        let (bytes, events) = if self.stream.live {
            (bytes.min(queue.bytes), events.min(queue.messages))
        } else {
            (bytes, events)
        };
        let behind = self.context.hub.behind(place);
        if behind.bytes > bytes as u64 || behind.events > events as u64 {
            self.stream.shedding = Some(HashMap::new());
        }
    }

    /// Whether output goes out although the client is too slow for all of it: panes that print little are not to
    /// suffer for one that floods.
    pub(super) fn has_time_for(&mut self, pane: PaneId, offset: u64, length: u64) -> bool {
        let Some(shedding) = &mut self.stream.shedding else {
            return true;
        };
        let printed = shedding.entry(pane).or_default();
        *printed += length;
        if *printed <= LITTLE && self.send_queue.has_room_for_little() {
            return true;
        }
        let from = self.send_queue.drop_output(pane).unwrap_or(offset);
        self.stream.panes.leave_out(pane, from, offset + length);
        false
    }

    fn deliver(&mut self, event: &Arc<Published>, view: View, now: Instant) {
        let is_output = output_of(event).is_some();
        self.stream.changed |= !is_output;
        let is_sent = is_output || self.encode.profile().sends_structure;
        if self.admit(event, now) && is_sent {
            let form = (self.encode.form(), self.coding);
            let frame = Frame {
                framed: self.context.encoder.coded_event(event, view, form),
                event: self.is_timed(event, now).then(|| Arc::clone(event)),
                output: output_of(event),
            };
            self.send(frame, now);
        }
        if self.stream.subscription.complete_to().is_some() {
            self.stream.sent = event.seq;
        }
    }

    fn at_head(&mut self, principal: &Principal, now: Instant) {
        self.stream.live = true;
        self.stream.shedding = None;
        while self.stream.capturing == 0 && !self.stream.wanted.is_empty() {
            if !self.send_queue.is_short() {
                // The rest is given as the client reads; the stream is looked at again for it.
                self.stream.live = false;
                return;
            }
            let (state, seq) = self.context.hub.snapshot_for(principal.is_redacted());
            let place = self.stream.subscription.place();
            if place.is_some_and(|place| place < seq) {
                // Something was published meanwhile: it comes before the snapshot.
                return;
            }
            if let Some(wanted) = self.stream.wanted.pop_front() {
                self.give_snapshot(wanted, &state, seq, principal, now);
            }
        }
        if self.stream.replaying && self.stream.capturing == 0 {
            self.stream.replaying = false;
            if let Some(place) = self.stream.subscription.complete_to() {
                self.send_bookmark(place, now);
            }
        }
    }

    fn give_snapshot(
        &mut self,
        wanted: Wanted,
        state: &Arc<State>,
        seq: Seq,
        principal: &Principal,
        now: Instant,
    ) {
        let part = match target::part(state, principal, &wanted.target) {
            Ok(part) => part,
            Err(error) if wanted.asked => {
                let (code, message) = unmet(error);
                self.record_denied(&Asked::new("snapshot", Some(wanted.target)), code, now);
                return self.refuse(wanted.id.as_ref(), code, &message, now);
            }
            Err(_) => return,
        };
        let captured = Captured {
            id: wanted.id,
            part,
            state: Arc::clone(state),
            seq,
        };
        let request = ScreensRequest {
            panes: target::panes(state, principal, part),
            redacted: principal.is_redacted(),
        };
        match principal.authorize_everywhere(Permission::Read, request) {
            Ok(screens) if wanted.screen => {
                self.stream.capturing += 1;
                self.begin(Effect::Capture {
                    wanted: captured,
                    screens,
                });
            }
            _ => self.send_snapshot(&captured, principal, &[], now),
        }
    }

    pub(super) fn captured(
        &mut self,
        wanted: &Captured,
        screens: Vec<(PaneId, Result<Screen, ScreenError>)>,
        now: Instant,
    ) {
        self.stream.capturing = self.stream.capturing.saturating_sub(1);
        // What was published meanwhile may be much; it is taken as fast as the client reads.
        self.stream.live = false;
        let Phase::Open { principal } = &self.phase else {
            return;
        };
        let principal = principal.clone();
        self.send_snapshot(wanted, &principal, &screens, now);
        self.pump(now);
    }

    fn send_snapshot(
        &mut self,
        wanted: &Captured,
        principal: &Principal,
        screens: &[(PaneId, Result<Screen, ScreenError>)],
        now: Instant,
    ) {
        let snapshot = StateSnapshot {
            id: wanted.id.as_ref(),
            state: &wanted.state,
            seq: wanted.seq,
            part: wanted.part,
            principal,
            screens,
        };
        let framed = self.encode.snapshot(&self.context, snapshot);
        self.send_framed(framed, now);
    }

    /// Tells the client how far it is complete, when events that are not for it have gone by.
    pub(super) fn bookmark(&mut self, now: Instant) {
        self.stream.bookmark_at = None;
        let Some(place) = self.stream.subscription.complete_to() else {
            return;
        };
        if !self.encode.profile().sends_bookmarks
            || place <= self.stream.sent
            || self.stream.replaying
            || self.stream.panes.lacks_any()
            || !self.stream.pages.is_empty()
        {
            return;
        }
        let due = self
            .stream
            .bookmarked_at
            .map_or(now, |last| last + BOOKMARK_INTERVAL);
        if due <= now {
            self.send_bookmark(place, now);
        } else {
            self.stream.bookmark_at = Some(due);
        }
    }

    fn send_bookmark(&mut self, seq: Seq, now: Instant) {
        if !self.encode.profile().sends_bookmarks {
            return;
        }
        let epoch = self.context.hub.epoch().clone();
        self.say(&Reply::Bookmark { epoch: &epoch, seq }, now);
        self.stream.sent = seq;
        self.stream.bookmarked_at = Some(now);
    }
}

/// The output that an event is, if it is one.
fn output_of(event: &Published) -> Option<OutputPlace> {
    match &event.change.kind {
        ChangeKind::PaneOutput { offset, .. } => Some(OutputPlace {
            pane: event.change.pane?,
            offset: *offset,
        }),
        _ => None,
    }
}
