//! Bytes on their way to one side.

use std::os::fd::AsFd;

use rustix::io::{Errno, write};

/// How many bytes wait at most before nothing more is read for them.
pub(super) const ROOM: usize = 64 << 10;

/// Bytes that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// So many of them are written.
    written: usize,
}

impl Queue {
    /// Where more is put.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Whether all is written.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == self.written
    }

    /// Whether more may be read for it.
    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() - self.written < ROOM
    }

    /// Writes as much as is taken now.
    ///
    /// # Errors
    /// The other side is gone.
    pub(super) fn write_to(&mut self, to: impl AsFd) -> Result<(), Errno> {
        while !self.is_empty() {
            match write(&to, &self.bytes[self.written..]) {
                Ok(count) => self.written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.clear();
        Ok(())
    }

    /// Lets go all that waits.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
    }
}
