//! Messages compressed as RFC 7692 has it (`permessage-deflate`), each by itself: so that one is compressed once for all
//! who get it, and nothing is held for a connection.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What an idle compressor ends a message with, and every message goes without.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Shorter messages are sent as they are: most of them would save nothing, and they are what somebody waits for.
const SHORTEST: usize = 256;

/// How messages are coded on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Coding {
    /// As they are.
    #[default]
    Identity,
    /// With `permessage-deflate`, where that makes them shorter.
    Deflate,
}

/// Why what was received is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// It was not compressed as the standard says.
    #[error("the message is not compressed as RFC 7692 says")]
    Malformed,
    /// It is longer than what is read.
    #[error("the message is too long")]
    TooLong,
}

thread_local! {
    /// Both take more memory than most connections, and none of it is needed between two messages.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Appends a compressed message. Whether that is shorter than the message; otherwise what was appended is of no use.
pub(super) fn deflate(payload: &[u8], out: &mut Vec<u8>) -> bool {
    if payload.len() < SHORTEST {
        return false;
    }
    let start = out.len();
    // What would need more than this is not shorter.
    out.reserve(payload.len());
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let compressed = compress.compress_vec(payload, out, FlushCompress::Sync);
        let is_whole = compressed.is_ok() && compress.total_in() == payload.len() as u64;
        // With room left behind it, nothing is held back.
        if !is_whole || out.len() == out.capacity() || !out.ends_with(&TAIL) {
            return false;
        }
        out.truncate(out.len() - TAIL.len());
        out.len() - start < payload.len()
    })
}

/// The message that was received compressed, if it has at most so many bytes.
///
/// # Errors
/// It has more, or is not compressed as the standard says.
pub fn inflate(compressed: &[u8], most: usize) -> Result<Vec<u8>, InflateError> {
    DECOMPRESS.with_borrow_mut(|decompress| {
        decompress.reset(false);
        let mut out = Vec::new();
        for part in [compressed, &TAIL] {
            inflate_part(decompress, part, &mut out, most)?;
        }
        Ok(out)
    })
}

fn inflate_part(
    decompress: &mut Decompress,
    mut part: &[u8],
    out: &mut Vec<u8>,
    most: usize,
) -> Result<(), InflateError> {
    loop {
        // One byte more than may come shows that there is more.
        let room = (most + 1 - out.len()).min(MORE);
        out.reserve_exact(room);
        let (before, length) = (decompress.total_in(), out.len());
        let status = decompress
            .decompress_vec(part, out, FlushDecompress::Sync)
            .map_err(|_| InflateError::Malformed)?;
        if out.len() > most {
            return Err(InflateError::TooLong);
        }
        let taken = decompress.total_in() - before;
        part = &part[usize::try_from(taken).unwrap_or(part.len())..];
        if status == Status::StreamEnd {
            // A block that says it is the last ends no message.
            decompress.reset(false);
        } else if part.is_empty() && out.len() < out.capacity() {
            return Ok(());
        } else if taken == 0 && out.len() == length {
            return Err(InflateError::Malformed);
        }
        if part.is_empty() && status == Status::StreamEnd {
            return Ok(());
        }
    }
}

/// The room that is made for more of a message at a time.
const MORE: usize = 16 << 10;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    /// What is sent of a message, if it is sent compressed.
    fn sent(payload: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![7; 10];
        deflate(payload, &mut out).then(|| out.split_off(10))
    }

    #[test]
    fn short_messages_and_those_that_save_nothing_are_sent_as_they_are() {
        assert_eq!(sent(&[b'x'; SHORTEST - 1]), None);
        let noise: Vec<u8> = (0..4000_u32)
            .map(|at| blake3::hash(&at.to_le_bytes()).as_bytes()[0])
            .collect();
        assert_eq!(sent(&noise), None);
        let once = sent(&[b'x'; SHORTEST]).unwrap();
        assert!(once.len() < 20, "{once:?}");
        // Nothing is left of one message for the next.
        assert_eq!(sent(&[b'x'; SHORTEST]).unwrap(), once);
    }

    #[test]
    fn a_message_of_two_streams_is_one() {
        use std::io::Write as _;
        let mut last = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
        last.write_all(b"one ").unwrap();
        let mut both = last.finish().unwrap();
        let mut compress = Compress::new(Compression::fast(), false);
        let mut two = Vec::with_capacity(100);
        compress
            .compress_vec(b"two", &mut two, FlushCompress::Sync)
            .unwrap();
        both.extend_from_slice(&two[..two.len() - TAIL.len()]);
        assert_eq!(inflate(&both, 7).unwrap(), b"one two");
        assert_eq!(inflate(&both, 6), Err(InflateError::TooLong));
    }

    #[test]
    fn an_empty_message_is_one() {
        assert_eq!(inflate(&[0], 0).unwrap(), b"");
        assert_eq!(inflate(&[], 0).unwrap(), b"");
    }

    proptest! {
        #[test]
        fn messages_come_back_as_they_were(piece in prop::collection::vec(any::<u8>(), 1..400), times in 1_usize..500) {
            let payload = piece.repeat(times);
            if let Some(compressed) = sent(&payload) {
                prop_assert!(compressed.len() < payload.len());
                prop_assert_eq!(inflate(&compressed, payload.len()).unwrap(), payload.clone());
                prop_assert_eq!(inflate(&compressed, payload.len() - 1), Err(InflateError::TooLong));
            }
        }

        #[test]
        fn nothing_that_is_received_does_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(plain) = inflate(&bytes, 1000) {
                prop_assert!(plain.len() <= 1000);
            }
        }
    }
}
