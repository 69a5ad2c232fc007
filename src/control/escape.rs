//! The `\ooo` escapes of `%output` and of captures, in both directions.
//!
//! tmux writes bytes below 0x20 and the backslash as a backslash and three octal digits, all else raw.

use bytes::BytesMut;
use memchr::memchr;
use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::map_opt;
use nom::sequence::preceded;

use super::grammar::Parsed;

/// Appends the bytes that `escaped` stands for to `out`.
///
/// A backslash that begins no escape stands for itself, so that nothing is lost should tmux ever write one.
pub fn unescape_into(escaped: &[u8], out: &mut BytesMut) {
    let start = out.len();
    out.resize(start + escaped.len(), 0);
    let written = unescape(escaped, &mut out[start..]);
    out.truncate(start + written);
}

/// Writes what `escaped` stands for to the front of `out`, which is at least as long, and says how much that is.
fn unescape(mut escaped: &[u8], out: &mut [u8]) -> usize {
    let mut written = 0;
    while let Some(plain) = memchr(b'\\', escaped) {
        out[written..written + plain].copy_from_slice(&escaped[..plain]);
        written += plain;
        escaped = &escaped[plain..];
        // Escapes come in runs (CR LF), so the next one is looked for here before the search starts again.
        while escaped.first() == Some(&b'\\') {
            let (rest, byte) = escape(escaped).unwrap_or_else(|_| (&escaped[1..], b'\\'));
            out[written] = byte;
            written += 1;
            escaped = rest;
        }
    }
    out[written..written + escaped.len()].copy_from_slice(escaped);
    written + escaped.len()
}

/// `escape = "\" %x30-33 2( %x30-37 )`
fn escape(input: &[u8]) -> Parsed<'_, u8> {
    preceded(
        tag(&b"\\"[..]),
        map_opt(nom::bytes::complete::take(3_usize), octal),
    )
    .parse(input)
}

/// The byte that three octal digits stand for.
fn octal(digits: &[u8]) -> Option<u8> {
    let &[a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'] = digits else {
        return None;
    };
    Some((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'))
}

/// Appends `raw` to `out` as tmux would write it in `%output`.
pub fn escape_into(raw: &[u8], out: &mut BytesMut) {
    for &byte in raw {
        if byte < b' ' || byte == b'\\' {
            let digits = [
                b'\\',
                b'0' + (byte >> 6),
                b'0' + (byte >> 3 & 7),
                b'0' + (byte & 7),
            ];
            out.extend_from_slice(&digits);
        } else {
            out.extend_from_slice(&[byte]);
        }
    }
}

/// Appends the bytes that a line of a capture stands for to `out`.
///
/// `capture-pane -C` doubles the backslash, and writes control characters in three octal digits.
pub fn unescape_capture_into(escaped: &[u8], out: &mut BytesMut) {
    let mut rest = escaped;
    while let Some(plain) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let (after, byte) = match rest {
            [_, b'\\', after @ ..] => (after, b'\\'),
            _ => escape(rest).unwrap_or_else(|_| (&rest[1..], b'\\')),
        };
        out.extend_from_slice(&[byte]);
        rest = after;
    }
    out.extend_from_slice(rest);
}
