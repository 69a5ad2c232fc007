//! Messages that clients send compressed, made plain before tungstenite reads them: it knows no extensions.
//!
//! What is received is taken apart into frames. All of them are passed on as they came, but for the frames of a message of
//! which the first says that it is compressed (RFC 7692, section 6): they are gathered and passed on as one frame that is
//! not. What is against the standard is passed on too, so that tungstenite refuses it as it refuses all else.

use bytes::Bytes;

use crate::wire::{InflateError, inflate};

/// The longest head of a frame, with its mask.
const MOST_HEAD: usize = 14;
/// The head of a frame: that it is the last of its message, and that the message is compressed.
const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const OPCODE: u8 = 0x0f;
/// In the second byte.
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const FIRST_CONTROL: u8 = 8;

/// What has been received of the frame that is being read.
#[derive(Debug)]
enum Reading {
    Head,
    /// So much of it is still to be passed on as it comes.
    Passing(u64),
    /// So much of it still belongs to the message that is being gathered.
    Gathering {
        left: u64,
        mask: [u8; 4],
        at: usize,
        fin: bool,
    },
}

/// A message that is gathered.
#[derive(Debug)]
struct Gathered {
    opcode: u8,
    compressed: Vec<u8>,
}

/// What one client sends.
#[derive(Debug)]
pub(super) struct Inflating {
    /// What was received and not looked at yet.
    received: Bytes,
    reading: Reading,
    head: Vec<u8>,
    message: Option<Gathered>,
    /// The longest message that is read.
    most: usize,
}

/// The parts of a frame's head.
struct Head {
    first: u8,
    length: u64,
    mask: Option<[u8; 4]>,
}

impl Inflating {
    pub(super) fn new(most: usize) -> Self {
        Self {
            received: Bytes::new(),
            reading: Reading::Head,
            head: Vec::new(),
            message: None,
            most,
        }
    }

    /// Bytes have been received; all before them have been taken.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.received = Bytes::copy_from_slice(bytes);
    }

    /// What is to be read next, up to the end of a compressed message: little can become much. None if there is nothing.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if self.received.is_empty() {
            return None;
        }
        let received = std::mem::take(&mut self.received);
        let mut left = &received[..];
        let plain = self.take(&mut left);
        if !left.is_empty() {
            self.received = received.slice_ref(left);
        }
        Some(plain.into())
    }

    fn take(&mut self, received: &mut &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some((first, rest)) = received.split_first() {
            match &mut self.reading {
                Reading::Head => {
                    self.head.push(*first);
                    *received = rest;
                    if let Some(head) = Head::read(&self.head) {
                        let bytes = std::mem::take(&mut self.head);
                        if self.begin(&head, &bytes, &mut out) {
                            return out;
                        }
                    }
                }
                Reading::Passing(left) => {
                    let part = split(received, *left);
                    *left -= part.len() as u64;
                    out.extend_from_slice(part);
                    if *left == 0 {
                        self.reading = Reading::Head;
                    }
                }
                Reading::Gathering { left, .. } => {
                    let part = split(received, *left);
                    if self.gather(part, &mut out) {
                        return out;
                    }
                }
            }
        }
        out
    }

    /// A frame begins. Whether it was the end of a compressed message already.
    fn begin(&mut self, head: &Head, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let opcode = head.first & OPCODE;
        let is_data = opcode < FIRST_CONTROL;
        let begins = is_data && opcode != CONTINUATION && head.first & COMPRESSED != 0;
        let goes_on = opcode == CONTINUATION && head.first & COMPRESSED == 0;
        let belongs = match &self.message {
            None => begins,
            Some(_) => goes_on,
        };
        let (Some(mask), true) = (head.mask, belongs) else {
            // tungstenite does not know of the message that another one must not interrupt.
            let interrupts = is_data && self.message.is_some();
            out.push(head.first | if interrupts { COMPRESSED } else { 0 });
            out.extend_from_slice(&bytes[1..]);
            if head.length > 0 {
                self.reading = Reading::Passing(head.length);
            }
            return false;
        };
        let message = self.message.get_or_insert_with(|| Gathered {
            opcode,
            compressed: Vec::new(),
        });
        let most = self.most as u64;
        if message.compressed.len() as u64 + head.length > most {
            // tungstenite refuses the length by itself.
            put_head(message.opcode, most + 1, out);
            self.message = None;
            self.reading = Reading::Passing(head.length);
            return false;
        }
        self.reading = Reading::Gathering {
            left: head.length,
            mask,
            at: 0,
            fin: head.first & FIN != 0,
        };
        self.gather(&[], out)
    }

    /// Adds a part of a frame to its message. Whether that was the end of it.
    fn gather(&mut self, part: &[u8], out: &mut Vec<u8>) -> bool {
        let Reading::Gathering {
            left,
            mask,
            at,
            fin,
        } = &mut self.reading
        else {
            return false;
        };
        let Some(message) = &mut self.message else {
            return false;
        };
        let unmasked = part.iter().zip(mask.iter().cycle().skip(*at % 4));
        message
            .compressed
            .extend(unmasked.map(|(byte, mask)| byte ^ mask));
        *at += part.len();
        *left -= part.len() as u64;
        if *left > 0 {
            return false;
        }
        let fin = *fin;
        self.reading = Reading::Head;
        let Some(message) = self.message.take_if(|_| fin) else {
            return false;
        };
        match inflate(&message.compressed, self.most) {
            Ok(plain) => {
                put_head(message.opcode, plain.len() as u64, out);
                out.extend_from_slice(&plain);
            }
            Err(InflateError::TooLong) => put_head(message.opcode, self.most as u64 + 1, out),
            // A frame of a compressed message is none that tungstenite takes.
            Err(InflateError::Malformed) => put_head(message.opcode | COMPRESSED, 0, out),
        }
        true
    }
}

impl Head {
    /// Reads a head, if that is all of it.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        let (second, rest) = rest.split_first()?;
        let (length, rest) = match second & !MASKED {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            length => (u64::from(length), rest),
        };
        let mask = match second & MASKED {
            0 => None,
            _ => Some(*rest.first_chunk()?),
        };
        Some(Self {
            first: *first,
            length,
            mask,
        })
    }
}

/// Takes so many bytes, or all that there are.
fn split<'a>(received: &mut &'a [u8], most: u64) -> &'a [u8] {
    let count = usize::try_from(most).map_or(received.len(), |most| most.min(received.len()));
    let (part, rest) = received.split_at(count);
    *received = rest;
    part
}

/// Writes the head of a client's frame that is a whole message, with a mask that changes nothing.
fn put_head(opcode: u8, length: u64, out: &mut Vec<u8>) {
    out.reserve(MOST_HEAD);
    out.push(FIN | opcode);
    let bytes = length.to_be_bytes();
    match length {
        0..=125 => out.push(MASKED | bytes[7]),
        126..=0xffff => {
            out.push(MASKED | 126);
            out.extend_from_slice(&bytes[6..]);
        }
        _ => {
            out.push(MASKED | 127);
            out.extend_from_slice(&bytes);
        }
    }
    out.extend_from_slice(&[0; 4]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use flate2::{Compress, Compression, FlushCompress};
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 10_000;
    const TEXT: u8 = 1;
    const PING: u8 = 9;

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x12, 0x34, 0x56, 0x78];
        let mut frame = Vec::new();
        put_head(first & !FIN, payload.len() as u64, &mut frame);
        frame[0] = first;
        let mask_at = frame.len() - 4;
        frame[mask_at..].copy_from_slice(&mask);
        frame.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        frame
    }

    fn compressed(payload: &[u8]) -> Vec<u8> {
        let mut compress = Compress::new(Compression::default(), false);
        let mut out = Vec::with_capacity(2 * payload.len() + 64);
        compress
            .compress_vec(payload, &mut out, FlushCompress::Sync)
            .unwrap();
        out.truncate(out.len() - 4);
        out
    }

    /// What tungstenite gets of bytes that are received in these pieces.
    fn read(pieces: &[&[u8]]) -> Vec<u8> {
        let mut inflating = Inflating::new(MOST);
        let mut read = Vec::new();
        for piece in pieces {
            inflating.receive(piece);
            while let Some(next) = inflating.next() {
                read.extend_from_slice(&next);
            }
        }
        read
    }

    /// A whole message as it is passed on.
    fn plain(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        put_head(opcode, payload.len() as u64, &mut frame);
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn what_is_not_compressed_is_passed_on_as_it_came() {
        let frames = [
            frame(FIN | TEXT, b"hello"),
            frame(TEXT, b"in "),
            frame(FIN | PING, b"ping"),
            frame(FIN | CONTINUATION, b"parts"),
            frame(FIN | TEXT, &[b'x'; 70_000]),
            frame(FIN | TEXT, b""),
            // Against the standard.
            frame(FIN | PING | COMPRESSED, b"ping"),
            frame(FIN | CONTINUATION | COMPRESSED, b"part"),
            vec![FIN | TEXT | COMPRESSED, 1, b'x'],
        ];
        let all = frames.concat();
        assert_eq!(read(&[&all]), all);
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(read(&bytes), all);
    }

    #[test]
    fn frames_between_those_of_a_compressed_message_go_before_it() {
        let message = compressed(b"hello hello hello");
        let (one, two) = message.split_at(3);
        let (first, last) = (TEXT | COMPRESSED, FIN | CONTINUATION);
        let ping = frame(FIN | PING, b"");
        let all = [
            frame(first, one),
            ping.clone(),
            frame(last, two),
            frame(first | FIN, &message),
        ];
        let expected = [
            ping,
            plain(TEXT, b"hello hello hello"),
            plain(TEXT, b"hello hello hello"),
        ];
        assert_eq!(read(&[&all.concat()]), expected.concat());
    }

    #[test]
    fn what_is_too_long_or_broken_is_refused_by_the_one_who_reads_it() {
        let first = FIN | TEXT | COMPRESSED;
        let mut too_long = Vec::new();
        put_head(TEXT, MOST as u64 + 1, &mut too_long);
        let broken = plain(TEXT | COMPRESSED, b"");
        let rows = [
            (
                frame(first, &compressed(&[b'x'; MOST])),
                plain(TEXT, &[b'x'; MOST]),
            ),
            (
                frame(first, &compressed(&[b'x'; MOST + 1])),
                too_long.clone(),
            ),
            (
                frame(first, &compressed(&vec![b'x'; 1 << 22])),
                too_long.clone(),
            ),
            (frame(first, b"\xff\xff\xff"), broken.clone()),
            (frame(first, b"\x07"), broken),
        ];
        for (received, expected) in rows {
            assert_eq!(read(&[&received]), expected);
        }
        // The head says that more is to come than is read; what comes is not gathered.
        let long = frame(first, &vec![0x55; MOST + 1]);
        assert!(read(&[&long]).starts_with(&too_long));
        // A message must not interrupt another.
        let interrupted = [frame(TEXT | COMPRESSED, b"a"), frame(FIN | TEXT, b"b")];
        assert_eq!(read(&[&interrupted.concat()])[0], FIN | TEXT | COMPRESSED);
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_were(
            messages in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), any::<bool>(), 1_usize..100), 1..8),
            cuts in prop::collection::vec(1_usize..50, 1..50),
        ) {
            let (mut sent, mut expected) = (Vec::new(), Vec::new());
            for (payload, is_compressed, part) in &messages {
                if !is_compressed {
                    let whole = frame(FIN | TEXT, payload);
                    sent.extend_from_slice(&whole);
                    expected.extend_from_slice(&whole);
                    continue;
                }
                let bytes = compressed(payload);
                let count = bytes.chunks(*part).count();
                for (index, chunk) in bytes.chunks(*part).enumerate() {
                    let first = if index == 0 { TEXT | COMPRESSED } else { CONTINUATION };
                    let fin = if index + 1 == count { FIN } else { 0 };
                    sent.extend(frame(first | fin, chunk));
                }
                expected.extend(plain(TEXT, payload));
            }
            let mut pieces = Vec::new();
            let mut rest = &sent[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            prop_assert_eq!(read(&pieces), expected);
        }
    }
}
