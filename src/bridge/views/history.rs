//! A long history on its way, slice by slice from its end upwards, while its pane may print on.
//!
//! Lines are identified by how far they were above the screen when the first slice was captured. What the pane prints
//! moves them up, by as much as the history grows. It shrinks only when it is full: tmux then throws away a tenth of the
//! most that it may have, the oldest lines first. So two sizes show how much was printed between, unless it was a tenth more or
//! several; and what the pane printed meanwhile shows whether it can have been. If that stays open, or something else
//! has changed the history, it is of no use.

use std::sync::Arc;

use bytes::Bytes;

use crate::screen::{PaneSnapshot, Scrolled};
use crate::tmux::{HistoryRange, HistoryShape, HistorySlice};

/// How many lines more than have come since the first slice are captured with the screen, for those still to come.
const MARGIN: u32 = 256;

/// Some lines of a history, each standing for itself.
#[derive(Debug)]
pub(in crate::bridge) struct HistoryPart {
    pub(in crate::bridge) slice: HistorySlice,
    pub(in crate::bridge) lines: Vec<Bytes>,
}

/// A history on its way, and what its pane printed meanwhile.
#[derive(Debug)]
pub(super) struct History {
    /// The lines that are wanted above the screen.
    pub(super) wanted: u32,
    /// What is waited for.
    pub(super) ticket: u64,
    pub(super) tabs: Arc<[u32]>,
    cols: u32,
    /// The newest first; in each, the oldest line first.
    parts: Vec<Vec<Bytes>>,
    /// So many of the lines that were above the screen at the first slice are in the parts.
    covered: u32,
    /// What the history was at the last slice.
    last: Option<HistoryShape>,
    /// How many lines have come since the first slice.
    grown: u32,
    /// The largest size that it had.
    largest: u32,
    /// How far up the slices have come, as far as the lines were up when they were captured.
    reached: u32,
    complete: bool,
    /// How many lines are captured with the screen.
    tail: u32,
    /// What has been printed since it began.
    pub(super) printed: Scrolled,
    /// Something else than bytes may have changed it.
    pub(super) spoilt: bool,
}

/// The result of putting a history and a screen together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    Whole,
    /// Too many lines have come between: more have to be captured with the screen.
    Apart,
    /// It is of no use.
    Broken,
}

/// The history is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl History {
    /// The history of a pane that looks like this. So many lines above the screen are wanted.
    pub(super) fn new(wanted: u32, ticket: u64, snapshot: &PaneSnapshot) -> Self {
        Self {
            wanted,
            ticket,
            tabs: snapshot.tabs.clone().into(),
            cols: snapshot.cols,
            parts: Vec::new(),
            covered: 0,
            last: None,
            grown: 0,
            largest: 0,
            reached: 0,
            complete: false,
            tail: 0,
            printed: Scrolled::new(snapshot.cols, snapshot.rows),
            spoilt: false,
        }
    }

    /// The lines that are to be captured next; nothing if all are there.
    pub(super) fn next(&self) -> Option<HistoryRange> {
        (!self.complete).then(|| HistoryRange {
            below: self.reached,
            above: self.wanted.saturating_add(self.grown),
            cols: self.cols,
        })
    }

    /// How many lines are to be captured with the screen, once all are there.
    pub(super) fn tail(&self) -> Option<u32> {
        self.complete.then_some(self.tail)
    }

    /// What was captured next.
    pub(super) fn add(&mut self, parts: Vec<HistoryPart>) -> Result<(), Broken> {
        for HistoryPart { slice, lines } in parts {
            self.add_slice(&slice, lines)?;
        }
        self.tail = self.grown.saturating_add(MARGIN).min(self.wanted);
        Ok(())
    }

    fn add_slice(&mut self, slice: &HistorySlice, mut lines: Vec<Bytes>) -> Result<(), Broken> {
        let shape = slice.shape;
        self.grow(shape.size, shape.limit)?;
        let count = slice.count();
        if self.spoilt || shape.cols != self.cols || slice.below != self.reached {
            return Err(Broken);
        }
        self.last = Some(shape);
        self.reached = slice.above;
        self.complete |= slice.above >= shape.size;
        if count == 0 {
            return Ok(());
        }
        if lines.len() != count as usize {
            return Err(Broken);
        }
        // Lines that were below the screen's upper edge at first come with the screen, and some have come already.
        let top = (slice.below + count).saturating_sub(self.grown);
        let fresh = top.saturating_sub(self.covered).min(count);
        lines.truncate(fresh as usize);
        if fresh > 0 {
            self.parts.push(lines);
        }
        self.covered = self.covered.max(top);
        self.complete |= self.covered >= self.wanted;
        Ok(())
    }

    /// The history has so many lines now.
    fn grow(&mut self, size: u32, limit: u32) -> Result<(), Broken> {
        if let Some(last) = self.last {
            let came = growth(last, size).filter(|_| last.limit == limit);
            self.grown = self.grown.saturating_add(came.ok_or(Broken)?);
            self.largest = self.largest.max(size);
        }
        Ok(())
    }

    /// Puts the history above a snapshot that shows at least so many lines of it, or all.
    pub(super) fn join(&mut self, snapshot: &mut PaneSnapshot) -> Joined {
        let Some(last) = self.last.filter(|_| !self.spoilt) else {
            return Joined::Broken;
        };
        let has = u32::try_from(snapshot.scrollback.len()).unwrap_or(u32::MAX);
        let (size, before) = (snapshot.history, (self.grown, self.largest));
        if snapshot.cols != self.cols || self.grow(size, last.limit).is_err() {
            return Joined::Broken;
        }
        let (grown, largest) = (self.grown, self.largest);
        (self.grown, self.largest) = before;
        if has >= self.wanted {
            return Joined::Whole;
        }
        if has < grown.min(size) {
            let margin = MARGIN.max(grown / 2);
            self.tail = grown.saturating_add(margin).min(self.wanted);
            return Joined::Apart;
        }
        if !self.is_certain(last.limit, grown, largest) {
            return Joined::Broken;
        }
        let known = has.saturating_sub(grown);
        let oldest = size.saturating_sub(grown).min(self.covered);
        let tail = std::mem::take(&mut snapshot.scrollback);
        snapshot.scrollback = self.take(known, oldest);
        snapshot.scrollback.extend(tail);
        Joined::Whole
    }

    /// Whether no more lines can have come than so many.
    fn is_certain(&self, limit: u32, grown: u32, largest: u32) -> bool {
        let thrown = thrown_away(limit);
        let at_most = self.printed.lines();
        // A history that is not nearly full has thrown nothing away.
        let never_full = largest < limit.saturating_sub(thrown);
        u64::from(grown) <= at_most
            && (never_full || at_most - u64::from(grown) < u64::from(thrown))
    }

    /// The lines that were less than `oldest` above the screen at the first slice, but for the newest ones that are known.
    fn take(&mut self, known: u32, oldest: u32) -> Vec<Bytes> {
        let mut lines = Vec::with_capacity(oldest.saturating_sub(known) as usize);
        let mut above = self.covered;
        for part in std::mem::take(&mut self.parts).into_iter().rev() {
            for line in part {
                if above > known && above <= oldest {
                    lines.push(line);
                }
                above = above.saturating_sub(1);
            }
        }
        lines
    }
}

/// How many lines a full history loses at once.
fn thrown_away(limit: u32) -> u32 {
    (limit / 10).max(1)
}

/// How many lines have come at least; nothing if the history was cleared.
fn growth(last: HistoryShape, size: u32) -> Option<u32> {
    match size.checked_sub(last.size) {
        Some(came) => Some(came),
        None => (size + thrown_away(last.limit)).checked_sub(last.size),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::ids::PaneId;
    use crate::screen::{Cursor, Modes, ScrollRegion, Tracked, Unfinished};

    const LIMIT: u32 = 100;

    fn blank() -> PaneSnapshot {
        PaneSnapshot {
            pane: PaneId(0),
            offset: 0,
            exact: true,
            assumed: Vec::new(),
            cols: 20,
            rows: 5,
            primary: vec![Bytes::new(); 5],
            alternate: None,
            cursor: Cursor {
                x: 0,
                y: 0,
                visible: true,
                shape: None,
                blinking: None,
                colour: None,
            },
            modes: Modes::default(),
            tabs: vec![8, 16],
            scroll_region: ScrollRegion { top: 0, bottom: 4 },
            unfinished: Unfinished::default(),
            history: 0,
            scrollback: Vec::new(),
            tracked: Tracked::default(),
        }
    }

    /// A pane whose lines are numbered from its beginning.
    struct Numbered {
        /// How many lines have ever gone into the history.
        total: u32,
        size: u32,
    }

    impl Numbered {
        fn print(&mut self, lines: u32, history: &mut History) {
            for _ in 0..lines {
                if self.size == LIMIT {
                    self.size -= LIMIT / 10;
                }
                self.size += 1;
                self.total += 1;
                history.printed.feed(b"x\r\n");
            }
        }

        /// The lines that are at least `below` and less than `above` lines above the screen.
        fn lines(&self, below: u32, above: u32) -> Vec<Bytes> {
            let above = above.min(self.size);
            let lines = (self.total - above)..(self.total - below.min(above));
            lines.map(|line| Bytes::from(line.to_string())).collect()
        }

        fn part(&self, below: u32, above: u32) -> HistoryPart {
            let shape = HistoryShape {
                size: self.size,
                limit: LIMIT,
                cols: 20,
            };
            let lines = Bytes::new();
            HistoryPart {
                slice: HistorySlice {
                    shape,
                    below,
                    above,
                    lines,
                },
                lines: self.lines(below, above),
            }
        }

        fn snapshot(&self, scrollback: u32) -> PaneSnapshot {
            PaneSnapshot {
                history: self.size,
                scrollback: self.lines(0, scrollback),
                ..blank()
            }
        }
    }

    /// Gathers in slices of seven lines, between which the pane prints this much.
    fn gather(mut pane: Numbered, wanted: u32, prints: &[u32]) -> (Joined, Vec<Bytes>, Vec<Bytes>) {
        let mut history = History::new(wanted, 1, &pane.snapshot(0));
        let mut prints = prints.iter().cycle();
        while let Some(range) = history.next() {
            let part = pane.part(range.below, (range.below + 7).min(range.above));
            history.add(vec![part]).unwrap();
            pane.print(*prints.next().unwrap(), &mut history);
        }
        loop {
            let mut snapshot = pane.snapshot(history.tail().unwrap());
            match history.join(&mut snapshot) {
                Joined::Apart => {}
                joined => return (joined, snapshot.scrollback, pane.lines(0, wanted)),
            }
        }
    }

    #[test]
    fn every_line_comes_once_however_the_pane_prints_and_throws_away() {
        for (total, size) in [(0, 0), (5, 5), (60, 60), (95, 95), (100, 100), (1234, 97)] {
            for wanted in [1, 20, 50, 100, 1000] {
                for prints in [&[0][..], &[1], &[3], &[0, 9, 0, 0, 30], &[6, 7, 200]] {
                    let (joined, lines, expected) =
                        gather(Numbered { total, size }, wanted, prints);
                    let case = (total, size, wanted, prints);
                    if joined == Joined::Broken {
                        let much = prints.iter().max() >= Some(&(LIMIT / 10));
                        assert!(much, "{case:?}: it is not clear what was thrown away");
                        continue;
                    }
                    let has = lines.len().min(wanted as usize);
                    assert_eq!(lines[lines.len() - has..], expected[..], "{case:?}");
                    let first: u32 = std::str::from_utf8(lines.first().map_or(b"0", |line| line))
                        .unwrap()
                        .parse()
                        .unwrap();
                    let all: Vec<_> = (first..).take(lines.len()).collect();
                    let all: Vec<_> = all
                        .into_iter()
                        .map(|line| Bytes::from(line.to_string()))
                        .collect();
                    assert_eq!(lines, all, "{case:?}: in order, each once");
                }
            }
        }
    }

    #[test]
    fn what_may_have_been_otherwise_is_of_no_use() {
        let full = || Numbered {
            total: 100,
            size: 100,
        };
        type Change = fn(&mut Numbered, &mut History);
        let rows: [(&str, Change, Joined); 6] = [
            ("nothing", |_, _| {}, Joined::Whole),
            (
                "it may have been thrown away",
                |_, history| {
                    history.printed.feed(&b"\n".repeat(10));
                },
                Joined::Broken,
            ),
            ("it was cleared", |pane, _| pane.size = 3, Joined::Broken),
            (
                "more than can have come",
                |pane, _| {
                    pane.size = 95;
                },
                Joined::Broken,
            ),
            (
                "a resize",
                |_, history| history.spoilt = true,
                Joined::Broken,
            ),
            (
                "other columns",
                |_, history| history.cols = 21,
                Joined::Broken,
            ),
        ];
        for (what, change, expected) in rows {
            let mut pane = full();
            let mut history = History::new(100, 1, &pane.snapshot(0));
            history.add(vec![pane.part(0, 100)]).unwrap();
            change(&mut pane, &mut history);
            assert_eq!(history.join(&mut pane.snapshot(20)), expected, "{what}");
        }
        let pane = full();
        let mut history = History::new(100, 1, &pane.snapshot(0));
        let mut short = pane.part(0, 7);
        short.lines.pop();
        assert_eq!(history.add(vec![short]), Err(Broken));
    }
}
