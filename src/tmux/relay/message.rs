//! The messages between a tmux client and its server, as far as the relay has to tell them apart.
//!
//! tmux sends OpenBSD's imsg over a Unix socket: a header of 16 bytes in the machine's byte order (u32 type, a length,
//! u32 peer, u32 process), then the data. The length counts the header. Before tmux 3.6 it is a u16 followed by a u16 of
//! flags; from 3.6 on it is a u32 whose top bit says that a descriptor comes with the message.

use crate::tmux::Version;

/// The size of a header.
const HEADER: usize = 16;

/// The largest message that tmux sends.
const LARGEST: usize = 16 * 1024;

/// How the client that speaks writes its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// u16 length, u16 flags: to 3.5.
    Narrow,
    /// u32 length with a mark: from 3.6 on.
    Wide,
}

impl Layout {
    /// The layout of a client program of this version.
    pub(super) fn of(program: &Version) -> Self {
        if program.has_wide_messages() {
            Self::Wide
        } else {
            Self::Narrow
        }
    }

    fn length(self, header: [u8; HEADER]) -> usize {
        let [_, _, _, _, a, b, c, d, ..] = header;
        match self {
            Self::Narrow => usize::from(u16::from_ne_bytes([a, b])),
            Self::Wide => (u32::from_ne_bytes([a, b, c, d]) & 0x7fff_ffff) as usize,
        }
    }
}

/// What a message is to the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImsgKind {
    /// It makes the client a control client.
    Flags,
    /// Another part of the identification.
    Identify,
    /// One variable of the client's environment.
    Environment,
    /// It carries the client's standard input or output.
    Descriptor,
    /// The end of the identification.
    Done,
}

impl ImsgKind {
    fn of(number: u32) -> Option<Self> {
        match number {
            100 | 111 => Some(Self::Flags),
            // Terminal, features, directory and so on: all that 3.2 to 3.8 send.
            101..=103 | 107..=109 | 112 => Some(Self::Identify),
            104 | 110 => Some(Self::Descriptor),
            105 => Some(Self::Environment),
            106 => Some(Self::Done),
            _ => None,
        }
    }
}

/// A whole message at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: ImsgKind,
    pub(super) length: usize,
}

/// Why the bytes of a client are none that the relay knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// A type that is no part of an identification.
    #[error("the client sent a message of the unknown type {0} while it attached")]
    Type(u32),
    /// A length that no message has.
    #[error("the client sent a message of {0} bytes while it attached")]
    Length(usize),
}

/// The message that the bytes begin with; none as long as it is not whole.
pub(super) fn first(bytes: &[u8], layout: Layout) -> Result<Option<Message>, Malformed> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let [a, b, c, d, ..] = *header;
    let number = u32::from_ne_bytes([a, b, c, d]);
    let kind = ImsgKind::of(number).ok_or(Malformed::Type(number))?;
    let length = layout.length(*header);
    if !(HEADER..=LARGEST).contains(&length) {
        return Err(Malformed::Length(length));
    }
    Ok((bytes.len() >= length).then_some(Message { kind, length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u32, length: [u8; 4], data: &[u8]) -> Vec<u8> {
        let mut bytes = number.to_ne_bytes().to_vec();
        bytes.extend(length);
        bytes.extend([0; 8]);
        bytes.extend(data);
        bytes
    }

    fn narrow(length: u16, flags: u16) -> [u8; 4] {
        let ([a, b], [c, d]) = (length.to_ne_bytes(), flags.to_ne_bytes());
        [a, b, c, d]
    }

    #[test]
    fn headers_of_both_layouts_are_read() {
        let done = Message {
            kind: ImsgKind::Done,
            length: 16,
        };
        let descriptor = Message {
            kind: ImsgKind::Descriptor,
            length: 16,
        };
        let term = Message {
            kind: ImsgKind::Identify,
            length: 21,
        };
        let rows = [
            (
                Layout::Narrow,
                message(106, narrow(16, 0), b""),
                Ok(Some(done)),
            ),
            (
                Layout::Narrow,
                message(104, narrow(16, 1), b"more"),
                Ok(Some(descriptor)),
            ),
            (
                Layout::Wide,
                message(110, 0x8000_0010_u32.to_ne_bytes(), b""),
                Ok(Some(descriptor)),
            ),
            (
                Layout::Wide,
                message(101, 21_u32.to_ne_bytes(), b"dumb\0"),
                Ok(Some(term)),
            ),
            (
                Layout::Wide,
                message(101, 21_u32.to_ne_bytes(), b"dum"),
                Ok(None),
            ),
            (Layout::Narrow, vec![106, 0, 0], Ok(None)),
            (
                Layout::Narrow,
                message(12, narrow(16, 0), b""),
                Err(Malformed::Type(12)),
            ),
            (
                Layout::Narrow,
                message(200, narrow(16, 0), b""),
                Err(Malformed::Type(200)),
            ),
            (
                Layout::Narrow,
                message(106, narrow(15, 0), b""),
                Err(Malformed::Length(15)),
            ),
            (
                Layout::Wide,
                message(106, 16_385_u32.to_ne_bytes(), b""),
                Err(Malformed::Length(16_385)),
            ),
        ];
        for (layout, bytes, expected) in rows {
            assert_eq!(first(&bytes, layout), expected, "{layout:?} {bytes:?}");
        }
    }
}
