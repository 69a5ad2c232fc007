//! What a request types, piece by piece, and how much of it goes into one line.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use crate::bridge::request::{InputError, Key};
use crate::control::{InputBytes, KeyError, Keyboard, MAX_STROKES, Stroke};

/// How many bytes go into one line.
///
/// Each byte is an argument, and what an argument costs tmux grows with their number: 900 in one command keep the server
/// busy for 1 to 3 ms, four times 225 for a half of that. More in a line would make others wait, fewer would make pastes
/// slower.
const LINE_BYTES: usize = 256;

/// What a program that asked for bracketed paste gets before and after a paste.
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// The same end, with the one character that stands for `ESC [` in UTF-8.
const PASTE_ENDS_C1: &[u8] = b"\xc2\x9b201~";

/// The names of the Enter key.
const ENTERS: [&str; 3] = ["Enter", "KPEnter", "C-m"];

/// A piece of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Bytes),
    /// A key, as it is typed.
    Key(Stroke),
    /// The Enter key, as it is typed.
    Enter(Stroke),
    /// A paste begins here; whether it is bracketed is not known yet.
    Begin,
    /// A paste ends here, if it is bracketed.
    End,
    /// A whole paste, which tmux brackets itself.
    Paste(Bytes),
    /// A bracket, which is nothing that the client typed.
    Bracket(&'static [u8]),
}

impl Piece {
    /// The bracket that begins a paste.
    pub(super) const BEGINS: Self = Self::Bracket(PASTE_BEGINS);
    /// The bracket that ends one.
    pub(super) const ENDS: Self = Self::Bracket(PASTE_ENDS);

    /// How much of what the client typed this is: bytes, and keys as one each.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Bytes(bytes) | Self::Paste(bytes) => bytes.len() as u64,
            Self::Key(_) | Self::Enter(_) => 1,
            Self::Begin | Self::End | Self::Bracket(_) => 0,
        }
    }

    /// Whether it is the Enter key.
    pub(super) fn is_enter(&self) -> bool {
        matches!(self, Self::Enter(_))
    }

    /// How it is typed; nothing for what only marks a place.
    pub(super) fn stroke(&self) -> Option<Stroke> {
        match self {
            Self::Bytes(bytes) => InputBytes::new(bytes.clone()).map(Stroke::Bytes),
            Self::Bracket(bytes) => InputBytes::new(*bytes).map(Stroke::Bytes),
            Self::Begin => Self::BEGINS.stroke(),
            Self::Key(stroke) | Self::Enter(stroke) => Some(stroke.clone()),
            Self::End | Self::Paste(_) => None,
        }
    }
}

/// The pieces of a request.
pub(super) fn pieces(keys: Vec<Key>, keyboard: Keyboard) -> Result<VecDeque<Piece>, InputError> {
    let mut pieces = VecDeque::new();
    for key in keys {
        match key {
            Key::Text(bytes) if bytes.is_empty() => {}
            Key::Text(bytes) => pieces.push_back(Piece::Bytes(bytes)),
            Key::Paste(bytes) => {
                let bytes = without_ends(bytes);
                if !bytes.is_empty() {
                    pieces.extend([Piece::Begin, Piece::Bytes(bytes), Piece::End]);
                }
            }
            Key::Named(name) => {
                let is_enter = ENTERS.iter().any(|enter| enter.eq_ignore_ascii_case(&name));
                let stroke = keyboard.stroke(&name).map_err(|error| match error {
                    KeyError::Unknown => InputError::BadKey { key: name },
                    KeyError::Unsupported(why) => InputError::UnsupportedKey { key: name, why },
                })?;
                pieces.push_back(if is_enter {
                    Piece::Enter(stroke)
                } else {
                    Piece::Key(stroke)
                });
            }
        }
    }
    if pieces.is_empty() {
        return Err(InputError::Nothing);
    }
    Ok(pieces)
}

/// Takes as much as goes into one line, up to the next [`Piece::Begin`] or [`Piece::Paste`]; one that stands first goes
/// alone. If Enter is to
/// be apart, a line has nothing else in it or no Enter at all.
pub(super) fn take_line(rest: &mut VecDeque<Piece>, enter_apart: bool) -> Vec<Piece> {
    let mut line = Vec::new();
    let mut room = LINE_BYTES;
    while line.len() < MAX_STROKES && room > 0 {
        match rest.front_mut() {
            Some(Piece::Bytes(bytes)) if bytes.len() > room => {
                line.push(Piece::Bytes(bytes.split_to(room)));
                return line;
            }
            Some(Piece::Begin | Piece::Paste(_)) if !line.is_empty() => return line,
            Some(next)
                if enter_apart
                    && line
                        .last()
                        .is_some_and(|last: &Piece| last.is_enter() != next.is_enter()) =>
            {
                return line;
            }
            Some(_) => {}
            None => return line,
        }
        let Some(piece) = rest.pop_front() else {
            return line;
        };
        room = room.saturating_sub(usize::try_from(piece.count()).unwrap_or(usize::MAX));
        let alone = matches!(piece, Piece::Begin | Piece::Paste(_));
        line.push(piece);
        if alone {
            return line;
        }
    }
    line
}

/// What is pasted can't end the paste: what would, is taken out, also where taking out makes a new one.
fn without_ends(bytes: Bytes) -> Bytes {
    let ends = [PASTE_ENDS, PASTE_ENDS_C1];
    let holds = |end: &[u8]| bytes.windows(end.len()).any(|window| window == end);
    if !ends.into_iter().any(holds) {
        return bytes;
    }
    let mut kept = BytesMut::with_capacity(bytes.len());
    for byte in bytes {
        kept.put_u8(byte);
        for end in ends {
            if kept.ends_with(end) {
                kept.truncate(kept.len() - end.len());
            }
        }
    }
    kept.freeze()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_paste_cannot_break_out_of_its_brackets() {
        let rows: [(&[u8], &[u8]); 7] = [
            (b"plain \x1b[200~ text", b"plain \x1b[200~ text"),
            (b"a\x1b[201~b", b"ab"),
            (b"\x1b[201~\x1b[201~", b""),
            (b"\x1b[20\x1b[201~1~x", b"x"),
            (b"\x1b[2\xc2\x9b201~01~x", b"x"),
            ("\u{9b}201~x".as_bytes(), b"x"),
            (b"\x1b[201", b"\x1b[201"),
        ];
        for (pasted, expected) in rows {
            let kept = without_ends(Bytes::from_static(pasted));
            assert_eq!(kept, expected, "{}", pasted.escape_ascii());
        }
    }

    #[test]
    fn lines_are_bounded_and_lose_nothing() {
        let text = |len: usize| Key::Text(vec![b'x'; len].into());
        let paste = Key::Paste(Bytes::from_static(b"p"));
        let enter = || Key::Named("Enter".to_owned());
        let rows = [
            (vec![text(1), enter()], "1+1"),
            (vec![text(600)], "256 256 88"),
            (vec![text(256), enter()], "256 1"),
            (vec![text(255), enter(), text(2)], "255+1 2"),
            (vec![text(1), paste, enter()], "1 0 1+0+1"),
            (vec![enter(); 17], "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1 1"),
        ];
        for (keys, expected) in rows {
            let mut rest = pieces(keys, Keyboard::new(true)).unwrap();
            let lines = std::iter::from_fn(|| {
                let line = take_line(&mut rest, false);
                let counts: Vec<String> =
                    line.iter().map(|piece| piece.count().to_string()).collect();
                (!line.is_empty()).then(|| counts.join("+"))
            });
            assert_eq!(lines.collect::<Vec<_>>().join(" "), expected);
        }
    }
}
