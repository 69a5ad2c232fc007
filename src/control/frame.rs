//! Bytes to lines, with a bound and a way back after a line that breaks it.
//!
//! The buffer is one `BytesMut` that readers fill at its end and lines are taken from at its front; nothing is copied
//! until a line's data is wanted. This module knows LF and nothing else of the protocol.

use std::ops::Range;

use bytes::BytesMut;
use memchr::memchr;

use super::text::Text;

/// How much of a bad line is kept for the log.
const BAD_LINE_KEPT: usize = 200;

/// A line that could not be used. It costs itself alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Why it could not be used.
    pub reason: BadReason,
    /// How long it was, in bytes, without its LF.
    pub len: usize,
    /// Its first bytes, for the log; hostile, like all that panes can influence.
    pub start: Text,
}

/// What is wrong with a [`BadLine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadReason {
    /// It is longer than [`super::Limits::line`]; those before it and after it are whole.
    TooLong,
    /// It stands outside every block and does not begin with `%`.
    NotNotification,
    /// It begins as a known line does and goes on as none.
    Malformed,
    /// It ends a block, and none is open.
    StrayEnd,
    /// The beginning of a reply, although nothing was asked.
    StrayBegin,
}

impl BadLine {
    pub(super) fn new(reason: BadReason, line: &[u8]) -> Self {
        Self {
            reason,
            len: line.len(),
            start: line[..line.len().min(BAD_LINE_KEPT)].into(),
        }
    }
}

/// What [`Lines::next_line`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// A whole line, without its LF, at this place of the buffer.
    Line(Range<usize>),
    /// A line over the bound went by.
    TooLong(BadLine),
}

/// The input buffer and how far it has been used.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// Where the first line that was not taken begins.
    start: usize,
    /// Up to where there is no LF behind `start`.
    scanned: usize,
    longest: usize,
    /// The line over the bound that is being skipped.
    skipping: Option<BadLine>,
}

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            start: 0,
            scanned: 0,
            longest,
            skipping: None,
        }
    }

    /// The buffer, for appending: what was taken is gone from it first.
    pub(super) fn incoming(&mut self) -> &mut BytesMut {
        self.compact();
        &mut self.buffer
    }

    /// The bytes of a line that [`Lines::next_line`] found just now.
    pub(super) fn bytes(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    /// The bytes that wait for the rest of their line.
    pub(super) fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The next line, or nothing until more bytes have come.
    #[inline]
    pub(super) fn next_line(&mut self) -> Option<Framed> {
        let Some(found) = memchr(b'\n', &self.buffer[self.scanned..]) else {
            self.scanned = self.buffer.len();
            self.skip_if_too_long();
            return None;
        };
        let line = self.start..self.scanned + found;
        self.start = line.end + 1;
        self.scanned = self.start;
        if self.skipping.is_some() || line.len() > self.longest {
            return Some(Framed::TooLong(self.finish_skipping(line)));
        }
        Some(Framed::Line(line))
    }

    /// The line over the bound that ends with `line`.
    #[cold]
    fn finish_skipping(&mut self, line: Range<usize>) -> BadLine {
        match self.skipping.take() {
            Some(bad) => BadLine {
                len: bad.len + line.len(),
                ..bad
            },
            None => BadLine::new(BadReason::TooLong, &self.buffer[line]),
        }
    }

    /// Forgets what is buffered of a line that is over the bound already.
    fn skip_if_too_long(&mut self) {
        let pending = self.buffered();
        if self.skipping.is_none() && pending <= self.longest {
            return;
        }
        match &mut self.skipping {
            Some(bad) => bad.len += pending,
            None => {
                self.skipping = Some(BadLine::new(BadReason::TooLong, &self.buffer[self.start..]));
            }
        }
        self.start = self.buffer.len();
    }

    /// Moves what is left to the front, so that the place of lines that were taken is used again.
    fn compact(&mut self) {
        if self.start > 0 {
            let left = self.buffered();
            self.buffer.copy_within(self.start.., 0);
            self.buffer.truncate(left);
            self.scanned -= self.start;
            self.start = 0;
        }
    }
}
