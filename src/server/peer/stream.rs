//! Events, snapshots and bookmarks: all that a client gets without asking again.
//!
//! A snapshot stands in the stream exactly at its place: every event before it is in it, and none after it. So it is
//! given only where the stream has come to the head of the log. While screens are captured the stream stands still,
//! and what is published waits in the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::requests::not_found;
use super::{Captured, Peer, Phase, Work};
use crate::auth::{Permission, Principal};
use crate::bridge::{Screen, ScreenError};
use crate::hub::{Filter, Published, Since, Step, Subscription, TooManyRules, View};
use crate::ids::{PaneId, Seq};
use crate::model::State;
use crate::server::outbox::Frame;
use crate::server::target;
use crate::wire::{self, CloseCode, RequestId, Screens, ServerMessage, Target};

/// How many events are looked at before other work gets its turn.
const STEPS: usize = 512;
/// The least time between two bookmarks, but for those that end a replay.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(1);

/// A client's stream of events.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) subscription: Subscription,
    /// When a bookmark is due.
    pub(super) bookmark_at: Option<Instant>,
    /// The stream has been at the head: from here on all that comes is taken at once. Before, it is taken only as
    /// fast as the client reads.
    live: bool,
    /// A replay is under way, and a bookmark will end it.
    replaying: bool,
    /// The place that the client was last told of.
    told: Seq,
    bookmarked_at: Option<Instant>,
    /// Snapshots that wait for the head.
    wanted: VecDeque<Wanted>,
    /// Snapshots that wait for their screens; the stream stands still.
    capturing: usize,
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
            replaying: false,
            told: Seq::default(),
            bookmarked_at: None,
            wanted: VecDeque::new(),
            capturing: 0,
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
            self.live = false;
            self.replaying = true;
        }
        if first {
            self.told = seq;
        }
        Ok((seq, recovered))
    }

    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted.push_back(wanted);
    }

    /// Snapshots that wait for the head.
    pub(super) fn waiting(&self) -> usize {
        self.wanted.len()
    }
}

impl Peer {
    /// Whether events would be taken if there were any.
    pub(in crate::server) fn wants_events(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
            && self.stream.capturing == 0
            && (self.stream.live || self.outbox.is_short())
    }

    /// Takes what the log has for this client, a bounded number at a time.
    pub(in crate::server) fn pump(&mut self, now: Instant) {
        let Phase::Open { principal } = &self.phase else {
            return;
        };
        let principal = principal.clone();
        let names = self.stream.subscription.names();
        for _ in 0..STEPS {
            if !self.wants_events() {
                break;
            }
            match self.stream.subscription.step(&principal, &names) {
                Step::Deliver(event, view) => self.deliver(&event, view, now),
                Step::Skip => {}
                Step::Evicted => self.close(CloseCode::Slow, now),
                Step::Head => {
                    self.at_head(&principal, now);
                    break;
                }
            }
        }
        self.bookmark(now);
    }

    fn deliver(&mut self, event: &Arc<Published>, view: View, now: Instant) {
        let frame = Frame {
            framed: self.context.encoder.event(event, view),
            event: event.awaits_first_write().then(|| Arc::clone(event)),
        };
        self.send(frame, now);
        if self.stream.subscription.complete_to().is_some() {
            self.stream.told = event.seq;
        }
    }

    fn at_head(&mut self, principal: &Principal, now: Instant) {
        self.stream.live = true;
        while self.stream.capturing == 0 && !self.stream.wanted.is_empty() {
            let (state, seq) = self.context.hub.snapshot();
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
        let Some(part) = target::part(state, principal, &wanted.target) else {
            if wanted.asked {
                let (code, message) = not_found();
                self.refuse(wanted.id.as_ref(), code, &message, now);
            }
            return;
        };
        let captured = Captured {
            id: wanted.id,
            part,
            state: Arc::clone(state),
            seq,
        };
        let panes = target::panes(state, principal, part);
        match principal.authorize_everywhere(Permission::Read, panes) {
            Ok(panes) if wanted.screen => {
                self.stream.capturing += 1;
                self.begin(Work::Capture {
                    wanted: captured,
                    panes,
                });
            }
            _ => self.send_snapshot(&captured, principal, &Screens::new(), now),
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
        let screens = screens.into_iter().map(|(pane, screen)| {
            (
                pane,
                screen
                    .map(screen_on_wire)
                    .map_err(|error| error.to_string()),
            )
        });
        self.send_snapshot(wanted, &principal, &screens.collect(), now);
        self.pump(now);
    }

    fn send_snapshot(
        &mut self,
        wanted: &Captured,
        principal: &Principal,
        screens: &Screens,
        now: Instant,
    ) {
        let at = (&*wanted.state, wanted.seq);
        let encoder = &self.context.encoder;
        let framed = encoder.snapshot(wanted.id.as_ref(), at, wanted.part, principal, screens);
        self.send(Frame::new(framed), now);
    }

    /// Tells the client how far it is complete, when events that are not for it have gone by.
    pub(super) fn bookmark(&mut self, now: Instant) {
        self.stream.bookmark_at = None;
        let Some(place) = self.stream.subscription.complete_to() else {
            return;
        };
        if place <= self.stream.told || self.stream.replaying {
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
        let epoch = self.context.hub.epoch().clone();
        self.say(&ServerMessage::Bookmark { epoch: &epoch, seq }, now);
        self.stream.told = seq;
        self.stream.bookmarked_at = Some(now);
    }
}

fn screen_on_wire(screen: Screen) -> wire::Screen {
    let (x, y) = screen.cursor;
    let text = |line: &bytes::Bytes| String::from_utf8_lossy(line).into_owned();
    wire::Screen {
        offset: screen.offset,
        exact: screen.exact,
        cols: screen.width,
        rows: screen.height,
        lines: screen.lines.iter().map(text).collect(),
        cursor: wire::Cursor {
            x,
            y,
            visible: screen.cursor_visible,
        },
        alternate: screen.alternate,
    }
}
