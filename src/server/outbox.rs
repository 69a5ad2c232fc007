//! What waits to be written to one client, bounded in bytes and in number.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::hub::Published;
use crate::wire::Framed;

/// A frame on its way to the client.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) framed: Framed,
    /// The event that it is, if its time from tmux to the socket is to be measured.
    pub(super) event: Option<Arc<Published>>,
}

/// The client reads more slowly than messages come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// How much may wait for one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Bytes that wait; the last message may go beyond.
    pub bytes: usize,
    /// Messages that wait.
    pub messages: usize,
}

#[derive(Debug)]
pub(super) struct Outbox {
    frames: VecDeque<Frame>,
    bytes: usize,
    limits: OutboxLimits,
}

impl Outbox {
    pub(super) fn new(limits: OutboxLimits) -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            limits,
        }
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether so little waits that a client which catches up can be given more; the log keeps the rest.
    pub(super) fn is_short(&self) -> bool {
        self.bytes < SHORT_BYTES.min(self.limits.bytes / 2)
            && self.frames.len() < self.limits.messages.div_ceil(2)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Adds a message behind the others.
    ///
    /// The bound is met by what waits already: one message may be larger than all of it, as a snapshot can be.
    pub(super) fn push(&mut self, frame: Frame) -> Result<(), Overflow> {
        if self.bytes >= self.limits.bytes || self.frames.len() >= self.limits.messages {
            return Err(Overflow);
        }
        self.bytes += frame.len();
        self.frames.push_back(frame);
        Ok(())
    }

    /// Takes the next message.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
            // A backlog that is over must not cost memory for the rest of a quiet connection.
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Drops all that waits.
    pub(super) fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
    }
}

/// Bytes that keep a socket busy for a while.
const SHORT_BYTES: usize = 256 << 10;
/// Places for messages that an idle outbox keeps.
const KEPT_CAPACITY: usize = 64;

impl Frame {
    /// A frame whose time is not measured.
    pub(super) fn new(framed: Framed) -> Self {
        Self {
            framed,
            event: None,
        }
    }

    fn len(&self) -> usize {
        self.framed.bytes().len()
    }
}
