//! What of a pane's bytes the emulator gets: all but the contents of strings, so that none can fill its memory.
//!
//! Titles, palettes and the clipboard change no screen. Links do, and are passed on up to a bound.

/// The longest link that is passed on.
const LONGEST_LINK: usize = 2048;

/// Passes on bytes without strings. It works over the ends of what it is given.
#[derive(Debug, Default)]
pub(super) struct StringFilter {
    place: Place,
    /// An OSC string so far, as long as it may be a link.
    link: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Ground,
    /// Behind ESC.
    Escape,
    /// In an OSC string that may be a link, or in one that isn't.
    Osc(bool),
    /// In a string of another kind, which ends with ST alone.
    Other,
    /// Behind ESC in a string; whether that was an OSC string that may be a link.
    Ending(bool),
}

impl StringFilter {
    /// Appends what is passed on of these bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.place == Place::Ground {
                let text = memchr::memchr(0x1b, bytes).unwrap_or(bytes.len());
                out.extend_from_slice(&bytes[..text]);
                let Some(rest) = bytes.get(text + 1..) else {
                    return;
                };
                (self.place, bytes) = (Place::Escape, rest);
                continue;
            }
            self.place = self.next(*first, out);
            bytes = rest;
        }
    }

    /// The place behind a byte that is not in the ground.
    fn next(&mut self, byte: u8, out: &mut Vec<u8>) -> Place {
        match (self.place, byte) {
            (Place::Escape, b']') => {
                self.link.clear();
                Place::Osc(true)
            }
            (Place::Escape, b'P' | b'X' | b'^' | b'_' | b'k') => Place::Other,
            (Place::Escape, 0x1b) => Place::Escape,
            (Place::Ground | Place::Escape, _) => {
                out.extend_from_slice(&[0x1b, byte]);
                Place::Ground
            }
            (_, 0x18 | 0x1a) => Place::Ground,
            (Place::Osc(link), 0x07) => self.end(link, out),
            (Place::Ending(link), b'\\') => self.end(link, out),
            (Place::Ending(_), _) => {
                // The string is broken off by another sequence.
                self.place = Place::Escape;
                self.next(byte, out)
            }
            (Place::Osc(link), 0x1b) => Place::Ending(link),
            (Place::Other, 0x1b) => Place::Ending(false),
            (Place::Osc(link), _) => Place::Osc(link && self.is_link_with(byte)),
            (Place::Other, _) => Place::Other,
        }
    }

    fn is_link_with(&mut self, byte: u8) -> bool {
        self.link.push(byte);
        let begins = b"8;";
        let checked = self.link.len().min(begins.len());
        self.link.len() <= LONGEST_LINK && self.link[..checked] == begins[..checked]
    }

    fn end(&self, link: bool, out: &mut Vec<u8>) -> Place {
        if link && self.link.len() > 2 {
            out.extend_from_slice(b"\x1b]");
            out.extend_from_slice(&self.link);
            out.extend_from_slice(b"\x1b\\");
        }
        Place::Ground
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is passed on if the bytes come in pieces of this size.
    fn passed(bytes: &[u8], size: usize) -> String {
        let (mut filter, mut out) = (StringFilter::default(), Vec::new());
        bytes
            .chunks(size)
            .for_each(|piece| filter.pass(piece, &mut out));
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn only_links_are_left_of_strings() {
        let rows: [(&[u8], &str); 9] = [
            (b"a\x1b]0;title\x07b", "ab"),
            (b"a\x1b]0;title\x1b\\b", "ab"),
            (
                b"\x1b]8;;http://x\x1b\\l\x1b]8;;\x07",
                "\x1b]8;;http://x\x1b\\l\x1b]8;;\x1b\\",
            ),
            (b"a\x1bPq#1\x07\x1b\\b", "ab"),
            (b"a\x1bkname\x1b\\b", "ab"),
            (b"a\x1b]0;x\x18b", "ab"),
            (b"a\x1b]0;x\x1b[1mb", "a\x1b[1mb"),
            (b"\x1b\x1b[31mc\x1b7", "\x1b[31mc\x1b7"),
            (b"\x1b]52;c;aGk=\x07\x1b]1337;x=\x07.", "."),
        ];
        for (bytes, expected) in rows {
            for size in [1, 2, 3, 100] {
                assert_eq!(passed(bytes, size), expected, "{bytes:?} by {size}");
            }
        }
    }

    #[test]
    fn a_string_without_an_end_takes_no_memory() {
        let mut filter = StringFilter::default();
        let mut out = Vec::new();
        filter.pass(b"\x1b]8;;", &mut out);
        for _ in 0..100 {
            filter.pass(&[b'x'; 1000], &mut out);
        }
        assert!(out.is_empty());
        assert!(filter.link.capacity() <= 2 * LONGEST_LINK + 1000);
    }
}
