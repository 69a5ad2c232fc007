//! Pane bytes as binary messages, under `muxwire.v1.bin`: a header of fixed size, and the bytes as they are.
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | version of the header: 1 |
//! | 1 | 1 | kind: [`Kind`] |
//! | 2 | 2 | flags, 0 for now |
//! | 4 | 4 | the number of the pane |
//! | 8 | 4 | check of the epoch: its first 8 hex digits as a number |
//! | 12 | 8 | `seq` |
//! | 20 | 8 | offset of the first byte |
//!
//! All numbers are big-endian.

use crate::ids::{Epoch, PaneId, Seq};

/// The length of the header.
pub const HEADER: usize = 28;

/// The version that stands in the first byte.
const VERSION: u8 = 1;

/// What the bytes of a binary message are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// What a pane printed: a `pane.output`.
    Output = 1,
    /// What brings a terminal into a state: the `replay` of the text message before it.
    Replay = 2,
    /// What a client types into its pane.
    Input = 3,
}

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What follows it.
    pub kind: Kind,
    /// The pane.
    pub pane: PaneId,
    /// See [`epoch_check`].
    pub epoch: u32,
    /// The place in the log.
    pub seq: Seq,
    /// The offset of the first byte in the pane's output.
    pub offset: u64,
}

impl Header {
    /// Writes the header; the bytes follow it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, self.kind as u8, 0, 0]);
        out.extend_from_slice(&self.pane.0.to_be_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.seq.0.to_be_bytes());
        out.extend_from_slice(&self.offset.to_be_bytes());
    }

    /// Reads a message. Nothing if it is too short, or of another version or kind.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<(Self, &[u8])> {
        let (&[version, kind, _, _], rest) = message.split_first_chunk()?;
        let (pane, rest) = rest.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (offset, bytes) = rest.split_first_chunk()?;
        let kind = [Kind::Output, Kind::Replay, Kind::Input]
            .into_iter()
            .find(|known| *known as u8 == kind)?;
        let header = Self {
            kind,
            pane: PaneId(u32::from_be_bytes(*pane)),
            epoch: u32::from_be_bytes(*epoch),
            seq: Seq(u64::from_be_bytes(*seq)),
            offset: u64::from_be_bytes(*offset),
        };
        (version == VERSION).then_some((header, bytes))
    }
}

/// The first eight hex digits of an epoch, as a number: enough to notice bytes of another log. An epoch that is no hex
/// number, as a recording may name, has what its first digits make, and 0 without any.
#[must_use]
pub fn epoch_check(epoch: &Epoch) -> u32 {
    let digits = epoch.as_str().chars().map_while(|digit| digit.to_digit(16));
    digits.take(8).fold(0, |check, digit| check << 4 | digit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_message_reads_back_as_what_was_written() {
        let header = Header {
            kind: Kind::Replay,
            pane: PaneId(7),
            epoch: 0xb3f1_c900,
            seq: Seq(48_213),
            offset: u64::MAX,
        };
        let mut message = Vec::new();
        header.write(&mut message);
        message.extend_from_slice(b"\x00\xff\x1b");
        assert_eq!(message.len(), HEADER + 3);
        assert_eq!(message[..8], [1, 2, 0, 0, 0, 0, 0, 7]);
        assert_eq!(Header::read(&message), Some((header, &b"\x00\xff\x1b"[..])));
    }

    #[test]
    fn what_is_too_short_or_unknown_is_not_read() {
        let header = Header {
            kind: Kind::Input,
            pane: PaneId(1),
            epoch: 1,
            seq: Seq(1),
            offset: 1,
        };
        let mut message = Vec::new();
        header.write(&mut message);
        assert!(Header::read(&message).is_some());
        assert_eq!(Header::read(&message[..HEADER - 1]), None);
        let with = |at: usize, byte: u8| {
            let mut message = message.clone();
            message[at] = byte;
            message
        };
        assert_eq!(Header::read(&with(0, 2)), None);
        assert_eq!(Header::read(&with(1, 9)), None);
    }

    #[test]
    fn an_epoch_has_a_check() {
        let check = |text: &str| epoch_check(&Epoch::new(text).unwrap());
        assert_eq!(check("b3f1c9d200112233"), 0xb3f1_c9d2);
        assert_eq!(check("b3f1c9"), 0x00b3_f1c9);
        assert_eq!(check("xyz"), 0);
    }
}
