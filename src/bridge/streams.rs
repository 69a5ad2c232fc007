//! The byte stream of every pane: whose link is listened to, how far it has come, and what waits to be placed.
//!
//! A window that is linked in several sessions arrives on the links of all of them; one link owns the pane and its
//! bytes are published, the others only keep a tail, so that one of them can take over without loss or doubling.
//! Output may come before the first listing that knows its pane; it is held until the pane has a place.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};

use super::align::{Shift, shift};
use super::text::{decides_a_character, unfinished};
use crate::ids::PaneId;
use crate::model::{Change, ChangeKind, Place, Places, State};
use crate::screen::Tracker;
use crate::tmux::LinkId;

/// What a link that is not listened to keeps of a shared pane: enough to find where two connections meet.
const TAIL_BYTES: usize = 16 * 1024;

/// What is held for a pane that no listing has shown yet; listings come within 50 ms, so this is a flood.
const HELD_BYTES: usize = 4 * 1024 * 1024;

/// How many listings a pane that they don't show is waited for, or remembered after it went.
///
/// Nothing orders a listing on the control link with the bytes of an output link, so one is not enough.
const PATIENCE: u32 = 3;

/// The open output links, in the order in which they are preferred.
pub(super) type Candidates = [(LinkId, Place)];

/// All panes' streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    panes: HashMap<PaneId, Stream>,
    /// The last pane that there was when a link had come; whatever that link shows of later ones, it shows from the
    /// first byte on.
    last_before: HashMap<LinkId, PaneId>,
}

#[derive(Debug)]
struct Stream {
    /// The offset of the next byte to publish, counted from when the pane was first seen.
    offset: u64,
    /// The link whose bytes are published.
    owner: Option<LinkId>,
    /// Whether bytes have been published of any link, so that a change of owner has something to join on to.
    begun: bool,
    /// Where the pane is seen; empty until a listing has shown it.
    places: Places,
    /// The listings since the pane was last shown by one.
    unseen: u32,
    /// The begun character at the end of what was published.
    carry: Bytes,
    /// The last bytes of the owner, kept while other links bring the same pane.
    published: BytesMut,
    /// What the other links brought.
    others: Vec<Other>,
    /// How many bytes the owner will bring that its predecessor has brought already.
    skip: usize,
    /// What the bytes so far say of the terminal.
    tracker: Tracker,
    /// Whether it has been found out if the pane is seen from its first byte on.
    judged: bool,
    /// Whether it is known if the pane is in the middle of a character.
    character_known: bool,
}

#[derive(Debug)]
struct Other {
    link: LinkId,
    bytes: BytesMut,
    dropped: u64,
    /// Whether it brought the pane while the owner did too; if not, its bytes come after all of the owner's.
    shared: bool,
}

impl Streams {
    /// Takes output of a link. `None` if it is a copy, or if it waits for a listing.
    pub(super) fn output(&mut self, link: LinkId, pane: PaneId, bytes: Bytes) -> Option<Change> {
        let stream = self.panes.entry(pane).or_insert_with(Stream::unplaced);
        if stream.owner != Some(link) {
            stream.keep(link, &bytes);
            return None;
        }
        stream.publish(pane, bytes)
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

    /// The pane's size has changed.
    pub(super) fn resized(&mut self, pane: PaneId) {
        if let Some(stream) = self.panes.get_mut(&pane) {
            stream.tracker.resized();
        }
    }

    /// Another process has taken the pane, at a place of its bytes that nobody knows.
    pub(super) fn respawned(&mut self, pane: PaneId) {
        if let Some(stream) = self.panes.get_mut(&pane) {
            stream.tracker.respawned();
            stream.character_known = false;
        }
    }

    /// A link was there before any pane that comes after this one.
    pub(super) fn shows_all_after(&mut self, link: LinkId, last: PaneId) {
        self.last_before.entry(link).or_insert(last);
    }

    /// A listing has come: panes that it doesn't show grow old.
    pub(super) fn listed(&mut self, state: &State, links: &Candidates) -> Vec<Change> {
        for stream in self.panes.values_mut() {
            stream.unseen += 1;
            stream.tracker.listed();
        }
        for pane in state.panes.keys() {
            self.panes
                .entry(*pane)
                .or_insert_with(Stream::unplaced)
                .unseen = 0;
        }
        let mut changes = self.assign(state, links);
        changes.extend(self.forget(links));
        changes
    }

    /// Gives every pane its places and its owner after links or state have changed, and publishes what waited.
    pub(super) fn assign(&mut self, state: &State, links: &Candidates) -> Vec<Change> {
        let mut changes = Vec::new();
        self.last_before
            .retain(|link, _| links.iter().any(|(known, _)| known == link));
        let last_before = &self.last_before;
        let places = state.places_by_window();
        let mut panes: Vec<_> = self.panes.iter_mut().collect();
        panes.sort_unstable_by_key(|(pane, _)| **pane);
        for (pane, stream) in panes {
            stream
                .others
                .retain(|other| links.iter().any(|(link, _)| *link == other.link));
            let known = state
                .panes
                .get(pane)
                .and_then(|known| places.get(&known.window));
            if let Some(places) = known {
                stream.places = Places::clone(places);
                let seen_whole = |link| last_before.get(&link).is_some_and(|last| *pane > *last);
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
        self.panes.clear();
        self.last_before.clear();
    }

    fn forget(&mut self, links: &Candidates) -> Vec<Change> {
        let mut changes = Vec::new();
        self.panes.retain(|pane, stream| {
            let keep = stream.unseen < PATIENCE;
            if !keep {
                changes.extend(stream.orphaned(*pane, links));
            }
            keep
        });
        changes
    }
}

impl Stream {
    fn unplaced() -> Self {
        Self {
            offset: 0,
            owner: None,
            begun: false,
            places: Places::from([]),
            unseen: 0,
            carry: Bytes::new(),
            published: BytesMut::new(),
            others: Vec::new(),
            skip: 0,
            tracker: Tracker::midway(),
            judged: false,
            character_known: false,
        }
    }

    fn publish(&mut self, pane: PaneId, mut bytes: Bytes) -> Option<Change> {
        self.begun = true;
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        drop(bytes.split_to(skipped));
        if !self.others.is_empty() {
            keep_last(&mut self.published, &bytes, TAIL_BYTES);
        }
        if !self.carry.is_empty() {
            bytes = [&self.carry[..], &bytes[..]].concat().into();
        }
        self.carry = bytes.split_off(bytes.len() - unfinished(&bytes));
        if bytes.is_empty() {
            return None;
        }
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        self.tracker.feed(&bytes);
        self.character_known = self.character_known || decides_a_character(&bytes);
        Some(self.change(pane, ChangeKind::PaneOutput { offset, bytes }))
    }

    fn gap(&mut self, pane: PaneId, bytes: Option<u64>) -> Change {
        let lost = self.carry.len() as u64 + bytes.unwrap_or(0);
        self.carry = Bytes::new();
        self.tracker.doubt();
        self.character_known = false;
        let offset = self.offset;
        self.offset += lost;
        self.change(
            pane,
            ChangeKind::PaneGap {
                offset,
                bytes: bytes.map(|_| lost),
            },
        )
    }

    fn change(&self, pane: PaneId, kind: ChangeKind) -> Change {
        Change::of_pane(pane, Places::clone(&self.places), kind)
    }

    fn keep(&mut self, link: LinkId, bytes: &[u8]) {
        let limit = if self.owner.is_none() {
            HELD_BYTES
        } else {
            TAIL_BYTES
        };
        let index = self
            .others
            .iter()
            .position(|other| other.link == link)
            .unwrap_or_else(|| {
                self.others.push(Other {
                    link,
                    bytes: BytesMut::new(),
                    dropped: 0,
                    shared: false,
                });
                self.others.len() - 1
            });
        let other = &mut self.others[index];
        other.dropped += keep_last(&mut other.bytes, bytes, limit);
    }

    fn choose_owner(
        &mut self,
        pane: PaneId,
        links: &Candidates,
        seen_whole: impl Fn(LinkId) -> bool,
    ) -> Vec<Change> {
        let shows = |place: &Place| self.places.iter().any(|mine| mine.session == place.session);
        let candidates: Vec<LinkId> = links
            .iter()
            .filter(|(_, place)| shows(place))
            .map(|(link, _)| *link)
            .collect();
        let mut changes = Vec::new();
        if !self.owner.is_some_and(|owner| candidates.contains(&owner)) {
            let next = candidates.first().copied();
            if let Some(link) = next {
                self.judge(seen_whole(link));
                changes = self.take_over(pane, link);
            }
            self.owner = next;
        }
        // Whichever link comes now has missed the beginning.
        self.judge(false);
        self.share_with(&candidates);
        changes
    }

    /// Decides once whether the pane is seen from its first byte on.
    fn judge(&mut self, seen_whole: bool) {
        if !self.judged && seen_whole {
            self.tracker = Tracker::from_start();
            self.character_known = true;
        }
        self.judged = true;
    }

    /// Keeps a tail of every candidate beside the owner. Who is none any more is forgotten; who is none yet, because
    /// its bytes came before the listing that says so, is kept.
    fn share_with(&mut self, candidates: &[LinkId]) {
        self.others
            .retain(|other| !other.shared || candidates.contains(&other.link));
        let Some(owner) = self.owner else { return };
        for link in candidates.iter().filter(|link| **link != owner) {
            self.keep(*link, &[]);
        }
        self.others
            .iter_mut()
            .filter(|other| candidates.contains(&other.link))
            .for_each(|other| other.shared = true);
        if self.others.is_empty() {
            self.published = BytesMut::new();
        }
    }

    /// Joins the bytes of the next owner on to those of the last one.
    ///
    /// A copy joins where the tails meet. Otherwise something may be missing between the two, and nobody knows how
    /// much: what tmux had queued for a link is dropped when the window leaves its session, and a second link to the
    /// same session has missed what came before it.
    fn take_over(&mut self, pane: PaneId, next: LinkId) -> Vec<Change> {
        let index = self.others.iter().position(|other| other.link == next);
        let waiting = index.map(|index| self.others.swap_remove(index));
        let mut changes = Vec::new();
        let Some(mut waiting) = waiting else {
            changes.extend(self.begun.then(|| self.gap(pane, None)));
            return changes;
        };
        let mut fresh = waiting.bytes.split().freeze();
        if self.begun && waiting.shared {
            match shift(&self.published, &fresh) {
                Some(Shift::Ahead(bytes)) => drop(fresh.split_to(fresh.len() - bytes)),
                Some(Shift::Behind(bytes)) => {
                    fresh.clear();
                    self.skip = bytes;
                }
                None => changes.push(self.gap(pane, None)),
            }
        } else if self.begun {
            changes.push(self.gap(pane, None));
        } else if waiting.dropped > 0 {
            changes.push(self.gap(pane, Some(waiting.dropped)));
        }
        if !fresh.is_empty() {
            changes.extend(self.publish(pane, fresh));
        }
        changes
    }

    /// What is left of a pane that no listing shows any more, or ever showed: it was too short-lived for one.
    fn orphaned(&mut self, pane: PaneId, links: &Candidates) -> Vec<Change> {
        let Some(other) = self.others.first().filter(|_| self.owner.is_none()) else {
            return Vec::new();
        };
        let link = other.link;
        let place = links
            .iter()
            .find(|(known, _)| *known == link)
            .map(|(_, place)| place.clone());
        let Some(place) = place else {
            return Vec::new();
        };
        self.places = Places::from([place]);
        self.take_over(pane, link)
    }
}

/// Appends to a tail and cuts it to its limit; tells how many bytes were cut off.
fn keep_last(tail: &mut BytesMut, bytes: &[u8], limit: usize) -> u64 {
    tail.extend_from_slice(bytes);
    let excess = tail.len().saturating_sub(limit);
    drop(tail.split_to(excess));
    excess as u64
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
