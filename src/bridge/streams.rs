//! The byte stream of every pane: whose link is listened to, how far it has come, and what waits to be placed.
//!
//! A window that is linked in several sessions arrives on the links of all of them; one link owns the pane and its
//! bytes are published, the others only keep a tail, so that one of them can take over without loss or doubling.
//! Output may come before the first listing that knows its pane; it is held until the pane has a place.
//!
//! A pane whose first byte may have come before its link begins with a gap, and one that goes before anybody listened to
//! it ends with one: nothing is lost without a gap.

mod announced;
mod stream;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use bytes::Bytes;

use self::announced::Announced;
use self::stream::Stream;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{Change, ChangeKind, Place, Places, State};
use crate::screen::Tracker;
use crate::tmux::LinkId;

/// How many listings a pane that they don't show is waited for, or remembered after it went.
///
/// Nothing orders a listing on the control link with the bytes of an output link, so one is not enough.
const PATIENCE: u32 = 3;

/// How many panes are remembered as gone, so that what is late of one doesn't look like a new one.
const REMEMBERED: usize = 1024;

/// The open output links, in the order in which they are preferred.
pub(super) type Candidates = [(LinkId, Place)];

/// All panes' streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    panes: HashMap<PaneId, Stream>,
    /// The last pane that there was when a link had come; whatever that link shows of later ones, it shows from the
    /// first byte on.
    last_before: HashMap<LinkId, PaneId>,
    /// Where each open link was last seen.
    open: HashMap<LinkId, Place>,
    /// The sessions of the last listing.
    sessions: Vec<SessionId>,
    /// Panes that the next listing shows first may have begun where no link was, whatever their links saw.
    doubtful: bool,
    /// The windows of panes that no listing has shown yet.
    announced: Announced,
    /// How far panes had come that listings showed and show no more.
    gone: BTreeMap<PaneId, u64>,
    /// Where panes go on that the first listing shows and nobody knows.
    unknown: u64,
}

impl Streams {
    /// Goes on with panes that an earlier run knew: each with a gap, behind this offset. `unknown` is that of panes that are there
    /// by now.
    pub(super) fn go_on(&mut self, offsets: &[(PaneId, u64)], unknown: u64) {
        self.unknown = unknown;
        for (pane, offset) in offsets {
            let stream = Stream {
                offset: *offset,
                judged: true,
                ..Stream::unplaced()
            };
            self.panes.insert(*pane, stream);
        }
    }

    /// Takes output of a link. `None` if it is a copy, or if it waits for a listing.
    pub(super) fn output(&mut self, link: LinkId, pane: PaneId, bytes: Bytes) -> Option<Change> {
        let stream = self.stream(pane);
        if stream.owner != Some(link) {
            stream.keep(link, &bytes);
            return None;
        }
        stream.publish(pane, bytes)
    }

    /// The bell that rings in what is about to be published, if one does.
    pub(super) fn bell(&mut self, change: &Change, now: Instant) -> Option<Change> {
        if !matches!(change.kind, ChangeKind::PaneOutput { .. }) {
            return None;
        }
        let pane = change.pane?;
        self.panes.get_mut(&pane)?.bell(pane, now)
    }

    /// The pane's stream; a new one if nothing was known of it.
    fn stream(&mut self, pane: PaneId) -> &mut Stream {
        let gone = &self.gone;
        self.panes.entry(pane).or_insert_with(|| {
            let offset = gone.get(&pane);
            Stream {
                judged: offset.is_some(),
                offset: offset.copied().unwrap_or_default(),
                ..Stream::unplaced()
            }
        })
    }

    /// tmux has reported how a window is divided into panes.
    pub(super) fn layout(&mut self, window: WindowId, panes: Vec<PaneId>) {
        for pane in panes {
            if !self.stream(pane).judged {
                self.announced.add(pane, window);
            }
        }
    }

    /// Whether something was received from a pane that no listing has shown. Once it is in none of several listings, what there
    /// is of it is published.
    pub(super) fn awaits_listing(&self) -> bool {
        self.panes.values().any(|stream| !stream.judged)
    }

    /// Whether output of the pane waits for a listing that shows it.
    pub(super) fn is_unplaced(&self, pane: PaneId) -> bool {
        self.panes
            .get(&pane)
            .is_some_and(|stream| stream.owner.is_none())
    }

    /// The link has lost bytes of the pane, as many as `bytes` says if that is known.
    pub(super) fn gap(&mut self, link: LinkId, pane: PaneId, bytes: Option<u64>) -> Option<Change> {
        let stream = self
            .panes
            .get_mut(&pane)
            .filter(|stream| stream.owner == Some(link))?;
        Some(stream.gap(pane, bytes))
    }

    /// The offset of the next byte of the pane.
    pub(super) fn offset(&self, pane: PaneId) -> u64 {
        self.panes
            .get(&pane)
            .map_or(0, |stream| stream.offset + stream.carry.len() as u64)
    }

    /// The offset of the next byte to be published: that of a begun character, if there is one.
    pub(super) fn published(&self, pane: PaneId) -> u64 {
        self.panes.get(&pane).map_or(0, |stream| stream.offset)
    }

    /// The begun character at the end of the pane's bytes, if it is known whether there is one.
    pub(super) fn character(&self, pane: PaneId) -> Option<Bytes> {
        let stream = self.panes.get(&pane)?;
        stream.character_known.then(|| stream.carry.clone())
    }

    /// The link whose bytes of the pane are published.
    pub(super) fn owner(&self, pane: PaneId) -> Option<LinkId> {
        self.panes.get(&pane)?.owner
    }

    /// Whether the pane's link will bring bytes again that its predecessor has brought.
    pub(super) fn is_behind(&self, pane: PaneId) -> bool {
        self.panes.get(&pane).is_some_and(|stream| stream.skip > 0)
    }

    /// What the pane's bytes say of its terminal.
    pub(super) fn tracker(&self, pane: PaneId) -> Option<&Tracker> {
        self.panes.get(&pane).map(|stream| &stream.tracker)
    }

    /// What tmux says of the pane's terminal at this place of its bytes; see [`Tracker::adjust`].
    pub(super) fn adjust(
        &mut self,
        pane: PaneId,
        alternate: bool,
        in_sequence: bool,
        cursor: Option<(u32, u32)>,
    ) {
        if let Some(stream) = self.panes.get_mut(&pane) {
            stream.tracker.adjust(alternate, in_sequence, cursor);
        }
    }

    /// The pane's size has changed, and its width if that is said.
    pub(super) fn resized(&mut self, pane: PaneId, in_width: bool) {
        if let Some(stream) = self.panes.get_mut(&pane) {
            stream.tracker.resized(in_width);
        }
    }

    /// Another process has taken the pane, at a place of its bytes that nobody knows.
    pub(super) fn respawned(&mut self, pane: PaneId) {
        if let Some(stream) = self.panes.get_mut(&pane) {
            stream.tracker.respawned();
            stream.character_known = false;
        }
    }

    /// Something has happened that may have brought panes from where no link was.
    pub(super) fn doubt(&mut self) {
        self.doubtful = true;
    }

    /// A link has ended, by tmux's own doing or not. What it brought of panes that no listing has shown is all that there
    /// is of them.
    pub(super) fn ended(
        &mut self,
        link: LinkId,
        by_tmux: bool,
        state: &State,
        now: Instant,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let Some(place) = self.open.remove(&link) else {
            return changes;
        };
        let mut panes: Vec<_> = self.panes.iter_mut().collect();
        panes.sort_unstable_by_key(|(pane, _)| **pane);
        for (pane, stream) in panes {
            if stream.owner == Some(link) {
                stream.ended_with = by_tmux.then_some(place.session);
            } else if !stream.judged {
                let whole = is_later(&self.last_before, link, *pane);
                let place = self.announced.place(*pane, &place, state);
                changes.extend(stream.orphaned(*pane, (link, place), whole, now));
            }
        }
        self.last_before.remove(&link);
        changes
    }

    /// What is missing of a pane that is gone, now that these sessions are left: everything, if nobody ever listened, and
    /// what tmux dropped with the pane, if nothing has come from one that had a link from its first byte on.
    pub(super) fn removed(&mut self, pane: PaneId, left: &State) -> Option<Change> {
        let stream = self.panes.get_mut(&pane)?;
        let ended = stream.ended_with;
        let with_session = ended.is_some_and(|session| !left.sessions.contains_key(&session));
        let is_heard = stream.owner.is_some() && !stream.is_silent_from_start();
        if is_heard || with_session || stream.places.is_empty() {
            return None;
        }
        stream.begun = true;
        stream.ended_with = None;
        Some(stream.gap(pane, None))
    }

    /// A link was there before any pane that comes after this one.
    pub(super) fn shows_all_after(&mut self, link: LinkId, last: PaneId) {
        self.last_before.entry(link).or_insert(last);
    }

    /// A listing has come: panes that it doesn't show grow old.
    pub(super) fn listed(
        &mut self,
        state: &State,
        links: &Candidates,
        now: Instant,
    ) -> Vec<Change> {
        let doubtful = std::mem::take(&mut self.doubtful) || self.has_blind_spot(links);
        for stream in self.panes.values_mut() {
            stream.unseen += 1;
            stream.doubtful |= doubtful;
            stream.tracker.listed();
        }
        let offset = std::mem::take(&mut self.unknown);
        for pane in state.panes.keys() {
            let first_seen = || Stream::first_seen(offset, doubtful);
            self.panes.entry(*pane).or_insert_with(first_seen).unseen = 0;
        }
        self.sessions = state.sessions.keys().copied().collect();
        let mut changes = self.assign(state, links);
        changes.extend(self.forget(state, now));
        self.announced.listed(state, PATIENCE);
        changes
    }

    /// Gives every pane its places and its owner after links or state have changed, and publishes what waited.
    pub(super) fn assign(&mut self, state: &State, links: &Candidates) -> Vec<Change> {
        let mut changes = Vec::new();
        self.open.extend(links.iter().cloned());
        let (open, last_before) = (&self.open, &self.last_before);
        let places = state.places_by_window();
        let mut panes: Vec<_> = self.panes.iter_mut().collect();
        panes.sort_unstable_by_key(|(pane, _)| **pane);
        for (pane, stream) in panes {
            let others = &mut stream.others;
            others.retain(|other| open.contains_key(&other.link));
            let known = state
                .panes
                .get(pane)
                .and_then(|known| places.get(&known.window));
            if let Some(places) = known {
                stream.places = Places::clone(places);
                let seen_whole = |link| is_later(last_before, link, *pane);
                changes.extend(stream.choose_owner(*pane, links, seen_whole));
            }
        }
        changes
    }

    /// No link watches any pane: what comes later on one joins on to nothing that was seen.
    pub(super) fn unwatched(&mut self) {
        for stream in self.panes.values_mut() {
            stream.begun = true;
        }
    }

    /// The server is gone, and all panes with it.
    pub(super) fn clear(&mut self) {
        *self = Self {
            unknown: self.unknown,
            ..Self::default()
        };
    }

    /// Whether a session was there at the last listing in which a pane could begin unseen.
    fn has_blind_spot(&self, links: &Candidates) -> bool {
        let is_watched = |session: &SessionId| {
            links.iter().any(|(link, place)| {
                place.session == *session && self.last_before.contains_key(link)
            })
        };
        !self.sessions.iter().all(is_watched)
    }

    /// Forgets the panes that are in none of several listings. What waited of one is published first, and one that was in
    /// none at all has been missed.
    fn forget(&mut self, state: &State, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut old: Vec<_> = self
            .panes
            .extract_if(|_, stream| stream.unseen >= PATIENCE)
            .collect();
        old.sort_unstable_by_key(|(pane, _)| *pane);
        for (pane, mut stream) in old {
            let mut others = stream.others.iter().map(|other| other.link);
            if let Some((link, place)) = others.find_map(|link| self.open.get_key_value(&link)) {
                let whole = is_later(&self.last_before, *link, pane);
                let place = self.announced.place(pane, place, state);
                changes.extend(stream.orphaned(pane, (*link, place), whole, now));
            }
            if stream.judged {
                self.gone.insert(pane, stream.offset);
            } else {
                let places = self.announced.places(pane, state);
                changes.extend(stream.missed(pane, places));
            }
        }
        while self.gone.len() > REMEMBERED {
            self.gone.pop_first();
        }
        changes
    }
}

/// Whether a pane came after a link had.
fn is_later(last_before: &HashMap<LinkId, PaneId>, link: LinkId, pane: PaneId) -> bool {
    last_before.get(&link).is_some_and(|last| pane > *last)
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
