//! Messages as whole WebSocket frames. A server doesn't mask, so a frame that is built once serves every client.

use bytes::Bytes;
use serde::Serialize;

use super::deflate::deflate;
use super::json::write_json;

/// The longest head of a frame that is not masked.
const MOST_HEAD: usize = 10;
/// In the first byte: the message is compressed (RFC 7692, section 6).
const COMPRESSED: u8 = 0x40;

/// What a frame is, and that it is the last of its message (RFC 6455, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Text = 0x81,
    Binary = 0x82,
    Ping = 0x89,
}

/// A message of the server as it stands on the socket. Cheap to clone; all clones share their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed(Bytes);

impl Framed {
    /// A ping of the WebSocket protocol, with nothing in it.
    pub const PING: Self = Self(Bytes::from_static(&[Opcode::Ping as u8, 0]));

    /// A text message. The text is UTF-8, as all of our JSON is.
    #[must_use]
    pub fn text(payload: &[u8]) -> Self {
        let mut builder = FrameBuilder::new(payload.len());
        builder.out().extend_from_slice(payload);
        builder.text()
    }

    /// A binary message.
    #[must_use]
    pub fn binary(payload: &[u8]) -> Self {
        let mut builder = FrameBuilder::new(payload.len());
        builder.out().extend_from_slice(payload);
        builder.binary()
    }

    /// Frames that were built elsewhere.
    #[must_use]
    pub fn built(frames: Bytes) -> Self {
        Self(frames)
    }

    /// The whole frame.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What the frame carries.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let head = match self.0.get(1) {
            Some(126) => 4,
            Some(127) => MOST_HEAD,
            _ => 2,
        };
        self.0.get(head..).unwrap_or_default()
    }

    /// Whether it is a message, and not part of the WebSocket protocol.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.opcode().is_some()
    }

    /// What it is as a message, compressed or not.
    fn opcode(&self) -> Option<Opcode> {
        let first = self.0.first()? & !COMPRESSED;
        let message = [Opcode::Text, Opcode::Binary];
        message.into_iter().find(|opcode| *opcode as u8 == first)
    }

    /// The same message compressed, if that makes it shorter; otherwise it is the same.
    #[must_use]
    pub fn deflated(&self) -> Self {
        let is_plain = self.0.first().is_some_and(|first| first & COMPRESSED == 0);
        let Some(opcode) = self.opcode().filter(|_| is_plain) else {
            return self.clone();
        };
        let payload = self.payload();
        let mut builder = FrameBuilder::new(0);
        match deflate(payload, builder.out()) {
            true => builder.framed(opcode as u8 | COMPRESSED),
            false => self.clone(),
        }
    }
}

/// A frame in the making: room for its head, then what it carries, so that nothing is copied in the end.
#[derive(Debug)]
pub(super) struct FrameBuilder(Vec<u8>);

impl FrameBuilder {
    /// Nothing yet, with room for about so much.
    pub(super) fn new(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(MOST_HEAD + capacity);
        out.extend_from_slice(&[0; MOST_HEAD]);
        Self(out)
    }

    /// Where the payload is appended; what is there already must stay.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    pub(super) fn text(self) -> Framed {
        self.framed(Opcode::Text as u8)
    }

    pub(super) fn binary(self) -> Framed {
        self.framed(Opcode::Binary as u8)
    }

    fn framed(self, first: u8) -> Framed {
        let mut out = self.0;
        let length = out.len() - MOST_HEAD;
        let bytes = (length as u64).to_be_bytes();
        let (mark, length) = match length {
            0..=125 => (bytes[7], &bytes[8..]),
            126..=0xffff => (126, &bytes[6..]),
            _ => (127, &bytes[..]),
        };
        let start = MOST_HEAD - 2 - length.len();
        out[start] = first;
        out[start + 1] = mark;
        out[start + 2..MOST_HEAD].copy_from_slice(length);
        Framed(Bytes::from(out).slice(start..))
    }
}

/// Any of our own types as a frame of JSON text.
pub(super) fn to_frame(message: &impl Serialize) -> Framed {
    let mut builder = FrameBuilder::new(256);
    write_json(builder.out(), message);
    builder.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_as_the_standard_says() {
        let rows: [(usize, &[u8]); 7] = [
            (0, &[0x81, 0]),
            (1, &[0x81, 1]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 255, 255]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            (70_000, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]),
        ];
        for (length, head) in rows {
            let payload = vec![b'x'; length];
            let framed = Framed::text(&payload);
            assert_eq!(&framed.bytes()[..head.len()], head, "{length}");
            assert_eq!(framed.bytes().len(), head.len() + length);
            assert_eq!(framed.payload(), payload);
            assert!(framed.is_message());
            let binary = Framed::binary(&payload);
            assert_eq!(binary.bytes()[0], 0x82);
            assert_eq!(binary.bytes()[1..], framed.bytes()[1..]);
        }
        assert!(Framed::PING.payload().is_empty() && !Framed::PING.is_message());
    }
}
