//! What waits to be written to one client, bounded in bytes and in number.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use crate::hub::Published;
use crate::ids::PaneId;
use crate::wire::Framed;

/// A frame on its way to the client.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) framed: Framed,
    /// The event that it is, if its time from tmux to the socket is to be measured.
    pub(super) event: Option<Arc<Published>>,
    /// The output that it is, which may be left out.
    pub(super) output: Option<OutputPlace>,
}

/// A piece of a pane's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutputPlace {
    pub(super) pane: PaneId,
    /// The offset of its first byte.
    pub(super) offset: u64,
}

/// The client reads more slowly than messages come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// How much may wait for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendQueueLimits {
    /// Bytes that wait; the last message may go beyond.
    pub bytes: usize,
    /// Messages that wait.
    pub messages: usize,
}

#[derive(Debug)]
pub(super) struct SendQueue {
    frames: VecDeque<Frame>,
    /// Bytes of all frames, with those of the first that are written already.
    bytes: usize,
    /// How much of the first frame is written.
    written: usize,
    limits: SendQueueLimits,
}

impl SendQueue {
    pub(super) fn new(limits: SendQueueLimits) -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            written: 0,
            limits,
        }
    }

    /// Adds a frame of which so much is written already. Nothing else may wait.
    pub(super) fn push_rest(&mut self, frame: Frame, written: usize) {
        debug_assert!(self.is_empty(), "it would come before what waits");
        self.push_last(frame);
        self.written = written;
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes - self.written
    }

    /// Messages that wait.
    pub(super) fn messages(&self) -> usize {
        self.frames.len()
    }

    /// Whether so little waits that a client which catches up can be given more; the log keeps the rest.
    pub(super) fn is_short(&self) -> bool {
        self.bytes < SHORT_BYTES.min(self.limits.bytes / 2)
            && self.frames.len() < self.limits.messages.div_ceil(2)
    }

    /// Whether nearly all is written, so that a client which fell behind can be given a snapshot.
    pub(super) fn is_nearly_empty(&self) -> bool {
        self.bytes < NEARLY_EMPTY_BYTES
    }

    /// Whether what is not much more can wait as well.
    pub(super) fn has_room_for_little(&self) -> bool {
        self.bytes < self.limits.bytes / 2
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Adds a frame behind the others.
    ///
    /// The bound is met by what waits already: one message may be larger than all of it, as a snapshot can be.
    pub(super) fn push(&mut self, frame: Frame) -> Result<(), Overflow> {
        if self.bytes >= self.limits.bytes || self.frames.len() >= self.limits.messages {
            return Err(Overflow);
        }
        self.push_last(frame);
        Ok(())
    }

    /// Adds the frame that ends the connection, whatever waits.
    pub(super) fn push_last(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// What is to be written next, as many pieces as there is room for. Returns how many there are.
    pub(super) fn pieces<'a>(&'a self, room: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        let skipped = std::iter::once(self.written).chain(std::iter::repeat(0));
        for ((frame, from), place) in self.frames.iter().zip(skipped).zip(room) {
            *place = IoSlice::new(&frame.framed.bytes()[from..]);
            count += 1;
        }
        count
    }

    /// So many bytes are written. `done` gets the events that this completed and whose time is to be measured.
    pub(super) fn advance(&mut self, count: usize, mut done: impl FnMut(&Published)) {
        self.written += count;
        while let Some(rest) = self
            .frames
            .front()
            .and_then(|frame| self.written.checked_sub(frame.len()))
        {
            if let Some(event) = self.pop().and_then(|frame| frame.event) {
                done(&event);
            }
            self.written = rest;
        }
    }

    /// Takes the next frame.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        self.written = 0;
        if self.frames.is_empty() {
            // What an idle connection holds is counted in bytes, and there are thousands of them.
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Drops a pane's output that waits, but for a frame that is written in part. Returns the offset of its first byte.
    pub(super) fn drop_output(&mut self, pane: PaneId) -> Option<u64> {
        let mut first = None;
        let mut bytes = self.bytes;
        let mut begun = self.written > 0;
        self.frames.retain(|frame| {
            let Some(output) = frame
                .output
                .filter(|output| output.pane == pane && !std::mem::take(&mut begun))
            else {
                begun = false;
                return true;
            };
            first.get_or_insert(output.offset);
            bytes -= frame.len();
            false
        });
        self.bytes = bytes;
        first
    }

    /// Drops all that waits, but for the rest of a frame that is written in part.
    pub(super) fn clear(&mut self) {
        let first = self.frames.pop_front().filter(|_| self.written > 0);
        self.frames = VecDeque::new();
        self.bytes = 0;
        if let Some(first) = first {
            self.push_last(first);
        }
    }
}

/// Bytes that keep a socket busy for a while.
const SHORT_BYTES: usize = 256 << 10;
/// Bytes that a slow client has read soon.
const NEARLY_EMPTY_BYTES: usize = 16 << 10;

impl Frame {
    /// A frame whose time is not measured.
    pub(super) fn new(framed: Framed) -> Self {
        Self {
            framed,
            event: None,
            output: None,
        }
    }

    fn len(&self) -> usize {
        self.framed.bytes().len()
    }
}
