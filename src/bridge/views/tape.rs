//! What a pane printed since a point of its stream, as long as it is not too much.

use bytes::{Bytes, BytesMut};

/// The most that is kept. A capture costs tmux about as much as this costs the socket of one client.
const LONGEST: usize = 256 * 1024;

/// Pieces at least this long are shared instead of copied: shorter ones would keep a whole read buffer alive.
const SHARED: usize = 16 * 1024;

/// The bytes since an offset.
#[derive(Debug, Default)]
pub(super) struct Tape {
    offset: u64,
    length: usize,
    pieces: Vec<Bytes>,
    open: BytesMut,
}

impl Tape {
    /// A tape that begins at this offset of the stream.
    pub(super) fn new(offset: u64) -> Self {
        Self {
            offset,
            ..Self::default()
        }
    }

    /// Where it begins.
    pub(super) fn start(&self) -> u64 {
        self.offset
    }

    /// Takes what was published next. `false` if it is too much now; then the tape is of no use any more.
    pub(super) fn push(&mut self, bytes: &Bytes) -> bool {
        self.length += bytes.len();
        if self.length > LONGEST {
            (self.pieces, self.open) = (Vec::new(), BytesMut::new());
            return false;
        }
        if bytes.len() < SHARED {
            self.open.extend_from_slice(bytes);
        } else {
            self.close_piece();
            self.pieces.push(bytes.clone());
        }
        true
    }

    /// Where the stream goes on behind it; nothing if too much came.
    pub(super) fn end(&self) -> Option<u64> {
        (self.length <= LONGEST).then_some(self.offset + self.length as u64)
    }

    /// Everything on it.
    pub(super) fn pieces(&mut self) -> Vec<Bytes> {
        self.close_piece();
        self.pieces.clone()
    }

    fn close_piece(&mut self) {
        if !self.open.is_empty() {
            self.pieces.push(self.open.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_holds_all_or_nothing() {
        let mut tape = Tape::new(10);
        for piece in [&b"ab"[..], b"", &[b'x'; SHARED], b"c"] {
            assert!(tape.push(&Bytes::copy_from_slice(piece)));
        }
        assert_eq!(tape.end(), Some(13 + SHARED as u64));
        assert_eq!(
            tape.pieces().concat(),
            [&b"ab"[..], &[b'x'; SHARED], b"c"].concat()
        );
        assert!(tape.push(&Bytes::from_static(b"d")));
        assert!(tape.pieces().concat().ends_with(b"cd"));
        assert!(!tape.push(&Bytes::from(vec![0; LONGEST])));
        assert_eq!(tape.end(), None);
        assert_eq!(tape.pieces().concat(), b"");
    }
}
