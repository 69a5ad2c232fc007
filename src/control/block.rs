//! Where a reply ends: `%begin`, the body, and the one `%end` or `%error` that matches.
//!
//! A body is raw text. A captured screen can show any line, a matching `%end` too, so that a block which knows how many
//! lines it must have takes none for its end before that. This module doesn't know which command a block answers; the
//! client says what may appear in it.

use bytes::{BufMut, BytesMut};
use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::map;
use nom::sequence::{preceded, terminated};

use super::body::Body;
use super::frame::{BadLine, BadReason};
use super::grammar::{Parsed, extra, long_number, number};
use super::notification::{Notification, notification};

/// The three numbers that `%begin` and its `%end` or `%error` have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Seconds since 1970 by the server's clock.
    pub time: u64,
    /// The command's number: server-wide, rising, not consecutive.
    pub number: u32,
    /// 1 if this client asked for it, 0 for hooks and the initial attach.
    pub flags: u32,
}

impl Guard {
    /// Whether the block answers a command of this client.
    #[must_use]
    pub fn asked_for(&self) -> bool {
        self.flags & 1 == 1
    }
}

/// `guard = time SP command-number SP flags extra`
fn guard(input: &[u8]) -> Parsed<'_, Guard> {
    let (input, time) = terminated(time, tag(&b" "[..])).parse(input)?;
    let (input, number) = terminated(command_number, tag(&b" "[..])).parse(input)?;
    map(terminated(flags, extra), |flags| Guard {
        time,
        number,
        flags,
    })
    .parse(input)
}

/// `time = long-number`
fn time(input: &[u8]) -> Parsed<'_, u64> {
    long_number(input)
}

/// `command-number = number`
fn command_number(input: &[u8]) -> Parsed<'_, u32> {
    number(input)
}

/// `flags = number`
fn flags(input: &[u8]) -> Parsed<'_, u32> {
    number(input)
}

/// `begin = %s"%begin" SP guard`
pub(super) fn begin(input: &[u8]) -> Parsed<'_, Guard> {
    preceded(tag(&b"%begin "[..]), guard).parse(input)
}

/// `end = %s"%end" SP guard`
pub(super) fn end(input: &[u8]) -> Parsed<'_, Guard> {
    preceded(tag(&b"%end "[..]), guard).parse(input)
}

/// `error = %s"%error" SP guard`
pub(super) fn error(input: &[u8]) -> Parsed<'_, Guard> {
    preceded(tag(&b"%error "[..]), guard).parse(input)
}

/// What may appear in a block, by the command that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// An `%end` before so many lines is body.
    pub(super) lines: u32,
    /// Whether the command can fail; if not, an `%error` before its lines is body too.
    pub(super) fallible: bool,
    /// Whether the body can hold arbitrary text, so that nothing in it is taken for a notification.
    pub(super) opaque: bool,
    /// Whether tmux writes `%pause` and `%continue` into it (`refresh-client -A`, up to 3.7).
    pub(super) flow: bool,
}

impl Expected {
    /// The block of a command that is not ours, or of none.
    pub(super) const ANYTHING: Self = Self {
        lines: 0,
        fallible: true,
        opaque: false,
        flow: false,
    };
}

/// How a block ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) guard: Guard,
    pub(super) failed: bool,
    /// The body, or how large it was if it went over the bound.
    pub(super) body: Result<Body, usize>,
}

/// What a line inside a block was.
#[derive(Debug)]
pub(super) enum Inside {
    Body,
    Notification(Notification),
    End { failed: bool },
}

/// A block whose end has not come yet.
#[derive(Debug)]
pub(super) struct OpenBlock {
    guard: Guard,
    expected: Expected,
    most: usize,
    body: BytesMut,
    lines: u32,
    /// The body's size so far, kept or not.
    size: usize,
}

impl OpenBlock {
    /// A block that keeps at most `most` bytes of body.
    pub(super) fn new(guard: Guard, expected: Expected, most: usize) -> Self {
        Self {
            guard,
            expected,
            most,
            body: BytesMut::new(),
            lines: 0,
            size: 0,
        }
    }

    /// Takes the next line; body is kept here, the rest is the caller's.
    pub(super) fn take(&mut self, line: &[u8]) -> Inside {
        let inside = if line.first() == Some(&b'%') {
            self.classify(line)
        } else {
            Inside::Body
        };
        if matches!(inside, Inside::Body) {
            self.keep(line);
        }
        inside
    }

    /// Takes note of a body line that was too long to be framed.
    pub(super) fn take_too_long(&mut self, bad: &BadLine) {
        debug_assert_eq!(bad.reason, BadReason::TooLong);
        self.lines = self.lines.saturating_add(1);
        self.size = self.size.saturating_add(bad.len + 1).max(self.most + 1);
        self.body = BytesMut::new();
    }

    /// Ends the block.
    pub(super) fn close(self, failed: bool) -> Closed {
        let body = if self.size > self.most {
            Err(self.size)
        } else {
            Ok(Body::new(self.body.freeze()))
        };
        Closed {
            guard: self.guard,
            failed,
            body,
        }
    }

    fn classify(&self, line: &[u8]) -> Inside {
        let matches =
            |parsed: Parsed<'_, Guard>| parsed.is_ok_and(|(_, guard)| guard == self.guard);
        if matches(end(line)) && self.lines >= self.expected.lines {
            return Inside::End { failed: false };
        }
        if matches(error(line)) && self.may_fail_here() {
            return Inside::End { failed: true };
        }
        match notification(line) {
            Ok((_, found)) if self.admits(&found) => Inside::Notification(found),
            _ => Inside::Body,
        }
    }

    /// tmux says what went wrong in one line, so that an `%error` elsewhere in a body of known length is shown text.
    fn may_fail_here(&self) -> bool {
        self.lines >= self.expected.lines || (self.expected.fallible && self.lines == 1)
    }

    fn admits(&self, found: &Notification) -> bool {
        match found {
            Notification::Message { .. } => !self.expected.opaque,
            Notification::Pause { .. } | Notification::Continue { .. } => self.expected.flow,
            _ => false,
        }
    }

    fn keep(&mut self, line: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        self.size = self.size.saturating_add(line.len() + 1);
        if self.size > self.most {
            self.body = BytesMut::new();
        } else {
            self.body.reserve(line.len() + 1);
            self.body.put_slice(line);
            self.body.put_u8(b'\n');
        }
    }
}
