//! A pane's snapshot on its way to a client: one page of history after the other, as fast as its socket takes them.
//!
//! A long history is many times what may wait for a client. So a page is encoded only when there is room for it, and
//! the client's stream stands still until the last one is out: a snapshot stands at its place, and what happens behind it
//! waits in the log. A client that asked for much never counts as slow because of it. Between two pages all others have their
//! turn, so nobody waits for more than one to be encoded.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::{ClientSession, Phase, SnapshotPage};
use crate::bridge::PaneView;
use crate::ids::{PaneId, Seq};
use crate::screen::replay_scrollback;
use crate::wire::Framed;

/// Lines in one page of a pane's history.
const PAGE_LINES: usize = 500;

/// Snapshots of which some pages are still to be sent.
#[derive(Debug, Default)]
pub(super) struct Pages(VecDeque<View>);

/// A snapshot and how far it has been sent.
#[derive(Debug)]
pub(super) struct View {
    pub(super) view: PaneView,
    /// What the pane printed between the snapshot's offset and `offset`.
    pub(super) since: Vec<Bytes>,
    /// The offset at which the client's stream goes on.
    pub(super) offset: u64,
    /// The place in the log.
    pub(super) seq: Seq,
    /// The page that is sent next; the screen is the one behind the history.
    pub(super) next: usize,
}

impl Pages {
    pub(super) fn push(&mut self, view: View) {
        self.0.push_back(view);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A pane is closed: the rest of its snapshot is wanted no more.
    pub(super) fn forget(&mut self, pane: PaneId) {
        self.0.retain(|view| view.pane() != pane);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl View {
    fn pane(&self) -> PaneId {
        self.view.snapshot.pane
    }

    /// The lines of history that the view gives.
    fn lines(&self) -> &[Bytes] {
        let lines = &self.view.snapshot.scrollback;
        &lines[lines.len().saturating_sub(self.view.scrollback as usize)..]
    }

    /// The lines of the next page; nothing when it is the screen's turn.
    fn page(&self) -> Option<&[Bytes]> {
        self.lines().chunks(PAGE_LINES).nth(self.next)
    }

    fn history(&self) -> (usize, usize) {
        let lines = self.lines().len();
        (lines, lines.div_ceil(PAGE_LINES))
    }

    /// What brings a terminal on by the next page, the first of which begins with a reset.
    fn replay(&self) -> Vec<u8> {
        let snapshot = &self.view.snapshot;
        let mut replay = Vec::new();
        if self.next == 0 {
            replay.extend_from_slice(&snapshot.replay_start());
        }
        match self.page() {
            Some(lines) => replay.extend_from_slice(&replay_scrollback(lines)),
            None => {
                replay.extend_from_slice(&snapshot.replay_screen());
                self.since
                    .iter()
                    .for_each(|piece| replay.extend_from_slice(piece));
            }
        }
        replay
    }
}

impl ClientSession {
    /// Whether a page of a snapshot waits, and the client has room for it.
    pub(in crate::server) fn has_room_for_page(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
            && !self.stream.pages.is_empty()
            && self.send_queue.is_short()
    }

    /// Sends a page of a snapshot, if there is one and the client has room for it.
    pub(super) fn send_page(&mut self, now: Instant) {
        if !self.has_room_for_page() {
            return;
        }
        let Some(mut view) = self.stream.pages.0.pop_front() else {
            return;
        };
        let (frames, is_last) = self.encode_page(&view);
        if frames.is_empty() {
            return self.lose(view.pane(), now);
        }
        for framed in frames {
            self.send_framed(framed, now);
        }
        if !is_last {
            view.next += 1;
            self.stream.pages.0.push_front(view);
        }
    }

    /// The messages of a view's next page, and whether it is the last one. There are none if the client sees the pane no
    /// more.
    fn encode_page(&self, view: &View) -> (Vec<Framed>, bool) {
        let lines = view.page();
        let is_last = lines.is_none();
        let Phase::Open { principal } = &self.phase else {
            return (Vec::new(), is_last);
        };
        let Some(place) = self.place_of(principal, view.pane()) else {
            return (Vec::new(), is_last);
        };
        let page = SnapshotPage {
            pane: view.pane(),
            place: &place,
            seq: view.seq,
            snapshot: &view.view.snapshot,
            offset: view.offset,
            history: view.history(),
            index: view.next,
            lines,
            replay: &view.replay(),
        };
        (self.encode.page(&self.context, page), is_last)
    }
}
