//! The byte stream of one pane.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::Candidates;
use crate::bridge::align::{Shift, shift};
use crate::bridge::text::{decides_a_character, unfinished};
use crate::ids::{PaneId, SessionId};
use crate::model::{Change, ChangeKind, Place, Places};
use crate::screen::Tracker;
use crate::tmux::LinkId;

/// What a link that is not listened to keeps of a shared pane: enough to find where two connections meet.
const TAIL_BYTES: usize = 16 * 1024;

/// What is held for a pane that no listing has shown yet; listings come within 50 ms, so this is a flood.
const HELD_BYTES: usize = 4 * 1024 * 1024;

/// How soon another bell is published.
const BELL_PAUSE: Duration = Duration::from_millis(100);

/// One pane's.
#[derive(Debug)]
pub(super) struct Stream {
    /// The offset of the next byte to publish, counted from when the pane was first seen.
    pub(super) offset: u64,
    /// The link whose bytes are published.
    pub(super) owner: Option<LinkId>,
    /// Whether somebody has listened to it, or could have: what comes next has something to join on to.
    pub(super) begun: bool,
    /// The session with whose end tmux ended the last owner, so that nothing of the pane is missing if the session has
    /// really ended.
    pub(super) ended_with: Option<SessionId>,
    /// Where the pane is seen; empty until a listing has shown it.
    pub(super) places: Places,
    /// The listings since the pane was last shown by one.
    pub(super) unseen: u32,
    /// The begun character at the end of what was published.
    pub(super) carry: Bytes,
    /// The last bytes of the owner, kept while other links bring the same pane.
    pub(super) published: BytesMut,
    /// What the other links brought.
    pub(super) others: Vec<Other>,
    /// How many bytes the owner will bring that its predecessor has brought already.
    pub(super) skip: usize,
    /// What the bytes so far say of the terminal.
    pub(super) tracker: Tracker,
    /// Whether a listing has shown it, and so whether its first owner can have seen it from its first byte on.
    pub(super) judged: bool,
    /// Whether it may have begun where no link was.
    pub(super) doubtful: bool,
    /// Whether it is known if the pane is in the middle of a character.
    pub(super) character_known: bool,
    /// When its bell was published last.
    pub(super) rang: Option<Instant>,
}

/// What another link than the owner brought.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) link: LinkId,
    pub(super) bytes: BytesMut,
    pub(super) dropped: u64,
    /// Whether it brought the pane while the owner did too; if not, its bytes come after all of the owner's.
    pub(super) shared: bool,
}

impl Stream {
    pub(super) fn unplaced() -> Self {
        Self {
            offset: 0,
            owner: None,
            begun: false,
            ended_with: None,
            places: Places::from([]),
            unseen: 0,
            carry: Bytes::new(),
            published: BytesMut::new(),
            others: Vec::new(),
            skip: 0,
            tracker: Tracker::midway(),
            judged: false,
            doubtful: false,
            character_known: false,
            rang: None,
        }
    }

    pub(super) fn first_seen(offset: u64, doubtful: bool) -> Self {
        Self {
            offset,
            doubtful,
            ..Self::unplaced()
        }
    }

    pub(super) fn publish(&mut self, pane: PaneId, mut bytes: Bytes) -> Option<Change> {
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

    pub(super) fn gap(&mut self, pane: PaneId, bytes: Option<u64>) -> Change {
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

    /// Whether it was seen from its first byte on, and none has come. A gap would have made the character unknown.
    pub(super) fn is_silent_from_start(&self) -> bool {
        self.character_known && self.offset == 0 && self.carry.is_empty()
    }

    /// The bell that has rung. Those that follow within [`BELL_PAUSE`] are one with it.
    pub(super) fn bell(&mut self, pane: PaneId, now: Instant) -> Option<Change> {
        let rings = self.tracker.take_bell();
        let rang = |rang| now.saturating_duration_since(rang) < BELL_PAUSE;
        if !rings || self.rang.is_some_and(rang) {
            return None;
        }
        self.rang = Some(now);
        Some(self.change(pane, ChangeKind::PaneBell))
    }

    fn change(&self, pane: PaneId, kind: ChangeKind) -> Change {
        Change::of_pane(pane, Places::clone(&self.places), kind)
    }

    pub(super) fn keep(&mut self, link: LinkId, bytes: &[u8]) {
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

    pub(super) fn choose_owner(
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
            let next = self.next_owner(&candidates);
            if let Some(link) = next {
                let elsewhere = self.begun_elsewhere(&candidates);
                let whole = elsewhere.is_none() && seen_whole(link);
                if let Some(other) = elsewhere {
                    let whole = seen_whole(other);
                    changes.extend(self.take_over(pane, other, whole));
                }
                changes.extend(self.take_over(pane, link, whole));
            }
            self.owner = next;
        }
        // Whichever link comes now has missed the beginning.
        self.judged = true;
        self.share_with(&candidates);
        changes
    }

    /// The first link that shows the pane; of those that bring a pane of which nothing is published yet, the first that
    /// has brought most.
    fn next_owner(&self, candidates: &[LinkId]) -> Option<LinkId> {
        if self.begun {
            return candidates.first().copied();
        }
        let brought = |link: &LinkId| {
            let other = self.others.iter().find(|other| other.link == *link);
            other.map_or(0, |other| other.dropped + other.bytes.len() as u64)
        };
        let reversed = candidates.iter().rev();
        reversed.max_by_key(|link| brought(link)).copied()
    }

    /// The link that has brought a pane of which nothing is published, though it doesn't show it: its window was moved
    /// before any listing.
    fn begun_elsewhere(&self, candidates: &[LinkId]) -> Option<LinkId> {
        let brought = |other: &&Other| !candidates.contains(&other.link) && !other.bytes.is_empty();
        let other = self.others.iter().find(brought)?;
        (!self.begun).then_some(other.link)
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

    /// Joins the bytes of the next owner on to those of the last one, if there was one.
    ///
    /// A copy joins where the tails meet. Otherwise something may be missing between the two, and nobody knows how
    /// much: what tmux had queued for a link is dropped when the window leaves its session, and a second link to the
    /// same session has missed what was printed before it. `whole` says that the link was there before the pane was.
    fn take_over(&mut self, pane: PaneId, next: LinkId, whole: bool) -> Vec<Change> {
        let whole = whole && !self.judged && !self.doubtful;
        let first = !std::mem::replace(&mut self.begun, true);
        self.ended_with = None;
        let index = self.others.iter().position(|other| other.link == next);
        let waiting = index.map(|index| self.others.swap_remove(index));
        let mut changes = Vec::new();
        if first && whole {
            self.tracker = Tracker::from_start();
            self.character_known = true;
        }
        let Some(mut waiting) = waiting else {
            if !(first && whole) {
                changes.push(self.gap(pane, None));
            }
            return changes;
        };
        let mut fresh = waiting.bytes.split().freeze();
        if !first && waiting.shared {
            match shift(&self.published, &fresh) {
                Some(Shift::Ahead(bytes)) => drop(fresh.split_to(fresh.len() - bytes)),
                Some(Shift::Behind(bytes)) => {
                    fresh.clear();
                    self.skip = bytes;
                }
                None => changes.push(self.gap(pane, None)),
            }
        } else if !(first && whole) {
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
    pub(super) fn orphaned(
        &mut self,
        pane: PaneId,
        (link, place): (LinkId, Place),
        whole: bool,
        now: Instant,
    ) -> Vec<Change> {
        let brought = self.others.iter().any(|other| other.link == link);
        if self.owner.is_some() || !brought {
            return Vec::new();
        }
        self.places = Places::from([place]);
        let mut changes = self.take_over(pane, link, whole);
        changes.extend(self.bell(pane, now));
        changes
    }

    /// The pane was gone before any listing showed it: here, if no link has brought anything of it.
    pub(super) fn missed(&mut self, pane: PaneId, places: Places) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.places.is_empty() {
            self.places = places;
            changes.push(self.gap(pane, None));
        }
        changes.push(self.change(pane, ChangeKind::PaneMissed));
        // Nothing can be published of a pane whose place nobody knows.
        changes.retain(|_| !self.places.is_empty());
        changes
    }
}

/// Appends to a tail and cuts it to its limit; returns how many bytes were cut off.
fn keep_last(tail: &mut BytesMut, bytes: &[u8], limit: usize) -> u64 {
    tail.extend_from_slice(bytes);
    let excess = tail.len().saturating_sub(limit);
    drop(tail.split_to(excess));
    excess as u64
}
