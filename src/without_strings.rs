//! A pane's bytes without the strings in them: OSC, DCS, APC, PM, SOS, and titles as `screen` sets them.
//!
//! They say something to a terminal and show nothing: titles, the clipboard, links, colours, pictures. Whoever only shows a
//! pane leaves them out, before a parser that would keep them keeps whatever a pane likes to send. A string begins and ends
//! where it does for tmux, and may be cut anywhere.

use memchr::memchr;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// They end any sequence but a DCS string.
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Within {
    #[default]
    Text,
    /// Behind an ESC that has not been passed on.
    Escape,
    /// An OSC string, which BEL ends too.
    Osc,
    /// Any other one that an ESC ends.
    String,
    /// Before the final byte of a DCS, behind so many bytes.
    DcsStart(u8),
    /// A DCS string, which only `ESC \` ends.
    Dcs,
    DcsEscape,
}

/// Takes strings out of bytes that come piece by piece.
#[derive(Debug, Default)]
pub(crate) struct WithoutStrings {
    within: Within,
}

impl WithoutStrings {
    /// Adds what remains of the next bytes.
    pub(crate) fn read(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.within == Within::Text {
                let end = memchr(ESC, bytes).unwrap_or(bytes.len());
                out.extend_from_slice(&bytes[..end]);
                bytes = &bytes[end..];
                if bytes.is_empty() {
                    return;
                }
            }
            self.within = self.step(bytes[0], out);
            bytes = &bytes[1..];
        }
    }

    fn step(&self, byte: u8, out: &mut Vec<u8>) -> Within {
        match (self.within, byte) {
            (Within::Text, ESC) => Within::Escape,
            (Within::Escape, _) => behind_escape(byte, out),
            (Within::Dcs, ESC) => Within::DcsEscape,
            (Within::Dcs, _) => Within::Dcs,
            (Within::DcsEscape, b'\\') => Within::Text,
            (Within::DcsEscape, _) => Within::Dcs,
            (_, ESC) => Within::Escape,
            (Within::Text, _) | (_, CAN | SUB) => {
                out.push(byte);
                Within::Text
            }
            (Within::Osc, BEL) => Within::Text,
            (Within::DcsStart(count), _) => in_start(count, byte),
            (within, _) => within,
        }
    }
}

fn behind_escape(byte: u8, out: &mut Vec<u8>) -> Within {
    match byte {
        b']' => Within::Osc,
        b'P' => Within::DcsStart(0),
        b'X' | b'^' | b'_' | b'k' => Within::String,
        ESC | 0x7f => Within::Escape,
        CAN | SUB => {
            out.push(byte);
            Within::Text
        }
        // It is carried out, and the sequence goes on.
        0..0x20 => {
            out.push(byte);
            Within::Escape
        }
        _ => {
            out.extend_from_slice(&[ESC, byte]);
            Within::Text
        }
    }
}

/// A DCS with parameters that can't be read is one that any ESC ends.
fn in_start(count: u8, byte: u8) -> Within {
    match byte {
        0x40..=0x7e => Within::Dcs,
        b':' => Within::String,
        b'<'..=b'?' if count > 0 => Within::String,
        0x20..=0x3f => Within::DcsStart(1),
        _ => Within::DcsStart(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut strings, mut out) = (WithoutStrings::default(), Vec::new());
        for piece in pieces {
            strings.read(piece, &mut out);
        }
        out
    }

    #[test]
    fn strings_go_and_all_else_stays_however_it_is_cut() {
        let rows: [(&[u8], &[u8]); 16] = [
            (b"plain \xe2\x94\x80", b"plain \xe2\x94\x80"),
            (b"a\x1b]0;title\x07b", b"ab"),
            (b"a\x1b]52;c;QUJD\x1b\\b", b"a\x1b\\b"),
            (b"a\x1bPq#0\x07\x1bx\x18\x1b\\b", b"ab"),
            (b"a\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\b", b"ab"),
            (b"a\x1bP1:2qx\x1b[1mb", b"a\x1b[1mb"),
            (b"a\x1bP?1?2qx\x1b[1mb", b"a\x1b[1mb"),
            (b"a\x1b_apc\x07more\x1b\\b", b"a\x1b\\b"),
            (b"a\x1b^pm\x1b\\\x1bXsos\x1b\\b", b"a\x1b\\\x1b\\b"),
            (b"a\x1bktitle\x1b\\b", b"a\x1b\\b"),
            (b"a\x1b]0;cut\x18b", b"a\x18b"),
            (
                b"\x1b[31;1mred\x1b[0m\x1b(0q\x1b(B",
                b"\x1b[31;1mred\x1b[0m\x1b(0q\x1b(B",
            ),
            (b"\x1b\x1b[A\x1b\x7f[B", b"\x1b[A\x1b[B"),
            (b"\x1b\n]0;x\x07y", b"\ny"),
            (b"a\x1b]never ended", b"a"),
            (b"\x1b]0;a\x1b[1mb", b"\x1b[1mb"),
        ];
        for (bytes, expected) in rows {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(without(&[bytes]), expected, "{shown:?}");
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(without(&single), expected, "{shown:?}, byte by byte");
        }
    }

    #[test]
    fn nothing_is_kept_of_a_string() {
        let mut strings = WithoutStrings::default();
        let mut out = Vec::new();
        strings.read(b"\x1b]0;", &mut out);
        for _ in 0..1000 {
            strings.read(&[b'x'; 1000], &mut out);
        }
        assert_eq!(out.capacity(), 0);
    }
}
