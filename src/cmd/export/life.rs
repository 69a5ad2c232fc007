//! One life of a pane, as far as it was read: what it printed, other sizes, and where its screen is not known for a while.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::cmd::past::told;
use crate::export::{Piece, Size};
use crate::history::{KnownPane, Print, ScreenThen, UNKNOWN};

/// A reset: the screen of a pane of which no screen is kept.
const BLANK: &[u8] = b"\x1bc\x1b[3J";

/// A piece that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owned {
    Screen(Size, Bytes),
    Output(Bytes),
    Resize(Size),
    Gap(String),
}

impl Owned {
    pub(super) fn piece(&self) -> Piece<'_> {
        match self {
            Self::Screen(size, replay) => Piece::Screen {
                size: *size,
                replay,
            },
            Self::Output(bytes) => Piece::Output(bytes),
            Self::Resize(size) => Piece::Resize(*size),
            Self::Gap(missing) => Piece::Gap(missing),
        }
    }

    /// A screen on which nothing was printed.
    pub(super) fn blank(size: Size) -> Self {
        Self::Screen(size, Bytes::from_static(BLANK))
    }
}

/// What happened, and when.
pub(super) type Happened = (i64, Owned);

/// A screen that was kept as a whole.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) offset: u64,
    pub(super) at: i64,
    pub(super) size: Size,
    replay: Bytes,
}

impl Known {
    pub(super) fn of(screen: &ScreenThen) -> Self {
        let snapshot = &screen.snapshot;
        Self {
            offset: snapshot.offset,
            at: screen.at,
            size: Size {
                cols: snapshot.cols,
                rows: snapshot.rows,
            },
            replay: snapshot.replay(0),
        }
    }

    pub(super) fn screen(self) -> Owned {
        Owned::Screen(self.size, self.replay)
    }
}

/// What changes a pane besides its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Size(Size),
    /// It may have printed what nobody has read.
    Gap,
    /// Another program was started in it, on an empty screen.
    Respawn,
}

/// A turn, its place in the log and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turned {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) turn: Turn,
}

/// From here on its screen is not known, until one is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost {
    /// The place in the log from which on a screen that is kept is one of later.
    pub(super) seq: u64,
    pub(super) at: i64,
    bytes: u64,
    respawned: bool,
}

impl Lost {
    fn told(&self, until: i64) -> String {
        let until = told(until);
        match (self.bytes, self.respawned) {
            (0, true) => format!(
                "another program was started in the pane at {}",
                told(self.at)
            ),
            (0, false) => format!("something may be missing until {until}"),
            (1, _) => format!("1 byte is missing until {until}"),
            (bytes, _) => format!("{bytes} bytes are missing until {until}"),
        }
    }
}

/// One life.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) pane: KnownPane,
    /// When it began to be read.
    begun: i64,
    /// The offsets that it began at and goes on from.
    first: u64,
    next: u64,
    /// The place in the log of what was read last.
    seq: u64,
    size: Size,
    /// What is to come besides output.
    turns: VecDeque<Turned>,
    lost: Option<Lost>,
    /// The next screen that is kept, while what shows is not known.
    known: Option<Known>,
}

impl Life {
    /// Begins here with a screen of this size.
    pub(super) fn new(
        pane: KnownPane,
        (begun, offset): (i64, u64),
        size: Size,
        turns: VecDeque<Turned>,
    ) -> Self {
        Self {
            pane,
            begun,
            first: offset,
            next: offset,
            seq: 0,
            size,
            turns,
            lost: None,
            known: None,
        }
    }

    /// The same where that screen is an empty one: what shows is known only later.
    pub(super) fn until(mut self, known: Option<Known>) -> Self {
        self.known = known;
        self
    }

    /// The offset that it goes on from.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// How much of it was read, from 0 to 1, up to this time: of its bytes, or of its time if not all of them are wanted.
    pub(super) fn done(&self, to: i64, at: Option<i64>) -> f64 {
        let part = |part: f64, all: f64| part / all.max(1.0);
        match at.filter(|_| to < self.pane.last_at) {
            Some(at) => part((at - self.begun) as f64, (to - self.begun) as f64),
            None => {
                let read = self.next.saturating_sub(self.first);
                let all = self.pane.end_offset.saturating_sub(self.first);
                part(read as f64, all as f64)
            }
        }
    }

    /// All that has happened besides output up to a place in the log.
    pub(super) fn turn_until(&mut self, seq: u64, happened: &mut Vec<Happened>) {
        while self.turns.front().is_some_and(|turned| turned.seq < seq)
            && let Some(Turned { seq, at, turn }) = self.turns.pop_front()
        {
            match turn {
                Turn::Size(size) if size == self.size => {}
                Turn::Size(size) => {
                    self.size = size;
                    happened.push((at, Owned::Resize(size)));
                }
                Turn::Gap => self.lose(seq, at, 0),
                Turn::Respawn => {
                    self.lose(seq, at, 0);
                    self.lost.iter_mut().for_each(|lost| lost.respawned = true);
                }
            }
        }
    }

    fn lose(&mut self, seq: u64, at: i64, bytes: u64) {
        self.known = None;
        let lost = self.lost.get_or_insert(Lost {
            seq,
            at,
            bytes: 0,
            respawned: false,
        });
        lost.seq = lost.seq.max(seq);
        lost.bytes += bytes;
    }

    /// Whether what is missing has come to its end with this print, which then goes on with a screen.
    pub(super) fn reach(&mut self, print: &Print) -> Option<Lost> {
        let skipped = print.offset.saturating_sub(self.next);
        if skipped > 0 {
            // What a crash makes the next run leave out was never printed.
            let known = Some(skipped).filter(|skipped| *skipped < UNKNOWN);
            self.lose(self.seq + 1, print.at, known.unwrap_or_default());
        }
        if print.missing > 0 {
            self.lose(print.seq, print.at, print.missing);
        }
        self.next = print.offset + print.missing;
        self.seq = print.seq;
        self.lost.take_if(|_| !print.bytes.is_empty())
    }

    /// What is missing in the end.
    pub(super) fn lost_in_the_end(&mut self) -> Option<Lost> {
        self.lost.take()
    }

    /// Goes on behind what is missing with the screen that was kept first after it, as soon as that is reached.
    pub(super) fn find(
        &mut self,
        lost: &Lost,
        at: i64,
        known: Option<Known>,
        happened: &mut Vec<Happened>,
    ) {
        happened.push((at, Owned::Gap(lost.told(at))));
        match known {
            Some(known) if known.offset <= self.next => self.show(at, known, happened),
            known => {
                happened.push((at, Owned::blank(self.size)));
                self.known = known;
            }
        }
    }

    fn show(&self, at: i64, known: Known, happened: &mut Vec<Happened>) {
        let size = known.size;
        happened.push((at, known.screen()));
        if size != self.size {
            happened.push((at, Owned::Resize(self.size)));
        }
    }

    /// What it printed, with the screen that is known from there on.
    pub(super) fn print(&mut self, print: Print, happened: &mut Vec<Happened>) {
        let mut bytes = print.bytes;
        let end = self.next + bytes.len() as u64;
        if let Some(known) = self.known.take_if(|known| known.offset <= end) {
            let before = usize::try_from(known.offset.saturating_sub(self.next));
            let before = before.map_or(bytes.len(), |before| before.min(bytes.len()));
            push_output(print.at, bytes.split_to(before), happened);
            self.show(print.at, known, happened);
        }
        push_output(print.at, bytes, happened);
        self.next = end;
    }
}

fn push_output(at: i64, bytes: Bytes, happened: &mut Vec<Happened>) {
    if !bytes.is_empty() {
        happened.push((at, Owned::Output(bytes)));
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
