//! What of a pane's bytes draws, as text: all that is carried into an export.
//!
//! tmux carries out what a pane prints, and whoever plays an export later is not that tmux: a question would make their
//! terminal type the answer into their shell, a mode of the mouse would outlive the playing, a string could set their title
//! or clipboard. So only what tmux itself draws by goes on; sequences that it doesn't know, as it parses them, go no
//! further. Bytes that are no UTF-8 become U+FFFD.

use std::fmt::Write as _;
use std::str;

use memchr::memchr;
use unicode_width::UnicodeWidthChar as _;

use crate::printable;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// They end any sequence but a DCS string.
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// The longest sequence that tmux reads.
const LONGEST_SEQUENCE: usize = 64;

/// The longest link that is passed on.
const LONGEST_LINK: usize = 2048;

/// How many marks a character may have. tmux keeps fewer.
const MOST_MARKS: u8 = 16;

/// The controls that move the cursor, ring or choose a character set.
const CONTROLS: &[u8] = b"\x07\x08\t\n\x0b\x0c\r\x0e\x0f";

/// Final bytes behind `ESC [` and plain parameters.
const FINALS: &[u8] = b"@ABCDEFGHJKLMPSTXZ`bdfgmrsu";

/// The private modes that change what is drawn, or how the cursor looks.
const MODES: [u16; 8] = [3, 6, 7, 12, 25, 47, 1047, 1049];

/// What was passed on, and where in it the screen is reset or what is above it is forgotten.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    /// Text and sequences, each as it is written shortest.
    pub(super) text: String,
    /// Where in the text a sequence begins that clears the scrollback, in order.
    pub(super) clears: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Text,
    /// Behind ESC, and what stands between it and the final byte.
    Escape,
    Csi,
    /// An OSC string, which BEL ends too.
    Osc,
    /// Behind an ESC that ends an OSC string.
    OscEscape,
    /// Any other string that an ESC ends.
    Other,
    /// Before the final byte of a DCS, behind so many bytes.
    DcsStart(u8),
    /// A DCS string, which `ESC \` alone ends.
    Dcs,
    DcsEscape,
}

/// Reads a pane's bytes, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    place: Place,
    /// The beginning of a character.
    cut: Vec<u8>,
    /// What stands behind `ESC`, `ESC [` or `ESC ]`, as far as it may be of use.
    kept: Vec<u8>,
    /// How many marks the last character has.
    marks: u8,
}

impl Sieve {
    /// Adds what these bytes draw.
    pub(super) fn read(&mut self, mut bytes: &[u8], out: &mut Drawing) {
        while !bytes.is_empty() {
            match self.place {
                Place::Text => {
                    let end = memchr(ESC, bytes).unwrap_or(bytes.len());
                    self.read_text(&bytes[..end], out);
                    bytes = &bytes[end..];
                    if !bytes.is_empty() {
                        self.break_off(out);
                        self.enter(Place::Escape);
                        bytes = &bytes[1..];
                    }
                }
                Place::Other | Place::Dcs => {
                    let ends = match self.place {
                        Place::Dcs => memchr(ESC, bytes),
                        _ => memchr::memchr3(ESC, CAN, SUB, bytes),
                    };
                    let Some(end) = ends else { return };
                    self.step(bytes[end], out);
                    bytes = &bytes[end + 1..];
                }
                _ => {
                    self.step(bytes[0], out);
                    bytes = &bytes[1..];
                }
            }
        }
    }

    /// Adds what is left of a character that never ends.
    pub(super) fn end(&mut self, out: &mut Drawing) {
        self.break_off(out);
        *self = Self::default();
    }

    fn break_off(&mut self, out: &mut Drawing) {
        if !self.cut.is_empty() {
            self.cut.clear();
            self.put(char::REPLACEMENT_CHARACTER, out);
        }
    }

    fn read_text(&mut self, bytes: &[u8], out: &mut Drawing) {
        if self.cut.is_empty() {
            return self.read_characters(bytes, out);
        }
        // The rest of a character has three bytes at most.
        let (end, rest) = bytes.split_at(bytes.len().min(3));
        let mut cut = std::mem::take(&mut self.cut);
        cut.extend_from_slice(end);
        self.read_characters(&cut, out);
        if self.cut.is_empty() {
            self.read_characters(rest, out);
        } else {
            self.cut.extend_from_slice(rest);
            let cut = std::mem::take(&mut self.cut);
            self.read_characters(&cut, out);
        }
    }

    fn read_characters(&mut self, mut bytes: &[u8], out: &mut Drawing) {
        loop {
            let error = match str::from_utf8(bytes) {
                Ok(text) => return self.put_all(text, out),
                Err(error) => error,
            };
            let (good, rest) = bytes.split_at(error.valid_up_to());
            self.put_all(str::from_utf8(good).unwrap_or_default(), out);
            let Some(bad) = error.error_len() else {
                self.cut.extend_from_slice(rest);
                return;
            };
            self.put(char::REPLACEMENT_CHARACTER, out);
            bytes = &rest[bad..];
        }
    }

    fn put_all(&mut self, text: &str, out: &mut Drawing) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let plain = rest.bytes().position(|byte| !matches!(byte, 0x20..0x7f));
            let plain = plain.unwrap_or(rest.len());
            if plain == 0 {
                self.put(first, out);
                rest = &rest[first.len_utf8()..];
            } else {
                self.marks = 0;
                out.text.push_str(&rest[..plain]);
                rest = &rest[plain..];
            }
        }
    }

    fn put(&mut self, one: char, out: &mut Drawing) {
        if one.is_control() {
            if u8::try_from(one).is_ok_and(|byte| CONTROLS.contains(&byte)) {
                self.marks = 0;
                out.text.push(one);
            }
            return;
        }
        match one.width() {
            Some(0) if self.marks == MOST_MARKS => return,
            Some(0) => self.marks += 1,
            _ => self.marks = 0,
        }
        out.text.push(one);
    }

    fn enter(&mut self, place: Place) {
        self.place = place;
        self.kept.clear();
    }

    fn step(&mut self, byte: u8, out: &mut Drawing) {
        match (self.place, byte) {
            (Place::Dcs, ESC) => self.place = Place::DcsEscape,
            (Place::Dcs, _) => {}
            (Place::DcsEscape, b'\\') => self.enter(Place::Text),
            (Place::DcsEscape, _) => self.place = Place::Dcs,
            (Place::Osc, ESC) => self.place = Place::OscEscape,
            (Place::OscEscape, b'\\') => self.end_string(out),
            (Place::OscEscape, _) => {
                // The string is broken off by another sequence.
                self.enter(Place::Escape);
                self.step(byte, out);
            }
            (_, ESC) => self.enter(Place::Escape),
            (_, CAN | SUB) => self.enter(Place::Text),
            (Place::Osc, BEL) => self.end_string(out),
            (Place::Osc, _) => self.keep(byte, LONGEST_LINK),
            (Place::Other, _) => {}
            (Place::DcsStart(count), _) => self.place = in_start(count, byte),
            // Controls within a sequence are carried out, and the sequence goes on.
            (_, ..0x20) => self.put(char::from(byte), out),
            (Place::Csi, 0x40..=0x7e) => {
                self.end_csi(byte, out);
                self.enter(Place::Text);
            }
            (Place::Csi, 0x20..0x40) => self.keep(byte, LONGEST_SEQUENCE),
            (Place::Csi, _) => {}
            (_, _) => self.behind_escape(byte, out),
        }
    }

    /// One byte more than may be kept says that there were too many.
    fn keep(&mut self, byte: u8, most: usize) {
        if self.kept.len() <= most {
            self.kept.push(byte);
        }
    }

    fn behind_escape(&mut self, byte: u8, out: &mut Drawing) {
        match (byte, &*self.kept) {
            (0x20..0x30, _) => return self.keep(byte, LONGEST_SEQUENCE),
            (0x7f.., _) => return,
            (b'[', b"") => return self.enter(Place::Csi),
            (b']', b"") => return self.enter(Place::Osc),
            (b'P', b"") => return self.enter(Place::DcsStart(0)),
            (b'X' | b'^' | b'_' | b'k', b"") => return self.enter(Place::Other),
            (b'c', b"") => {
                out.clears.push(out.text.len());
                out.text.push_str("\x1bc");
            }
            (b'7' | b'8' | b'D' | b'E' | b'H' | b'M', b"")
            | (b'0' | b'B', b"(" | b")")
            | (b'8', b"#") => {
                out.text.push('\x1b');
                out.text
                    .extend(self.kept.iter().map(|byte| char::from(*byte)));
                out.text.push(char::from(byte));
            }
            _ => {}
        }
        self.enter(Place::Text);
    }

    fn end_csi(&self, last: u8, out: &mut Drawing) {
        let parameters = str::from_utf8(&self.kept).unwrap_or_default();
        if parameters.len() > LONGEST_SEQUENCE {
            return;
        }
        let is_plain = parameters
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'));
        let numbers = || parameters.split(';').map(|number| number.parse::<u16>());
        match last {
            // Insert mode.
            b'h' | b'l' if is_plain && numbers().any(|number| number == Ok(4)) => {
                let _ = write!(out.text, "\x1b[4{}", char::from(last));
            }
            b'h' | b'l' => {
                for mode in parameters.strip_prefix('?').unwrap_or("").split(';') {
                    if mode.parse().is_ok_and(|mode| MODES.contains(&mode)) {
                        let _ = write!(out.text, "\x1b[?{mode}{}", char::from(last));
                    }
                }
            }
            b'q' if parameters.ends_with(' ') => {
                let _ = write!(out.text, "\x1b[{parameters}q");
            }
            _ if is_plain && FINALS.contains(&last) => {
                if last == b'J' && numbers().next() == Some(Ok(3)) {
                    out.clears.push(out.text.len());
                }
                let _ = write!(out.text, "\x1b[{parameters}{}", char::from(last));
            }
            _ => {}
        }
    }

    /// Of OSC strings links alone are drawn.
    fn end_string(&mut self, out: &mut Drawing) {
        let link = str::from_utf8(&self.kept).unwrap_or_default();
        let is_link = link.starts_with("8;") && link.len() <= LONGEST_LINK;
        if is_link && !link.contains(printable::acts_on_terminals) {
            let _ = write!(out.text, "\x1b]{link}\x1b\\");
        }
        self.enter(Place::Text);
    }
}

/// A DCS with parameters that can't be read is one that any ESC ends.
fn in_start(count: u8, byte: u8) -> Place {
    match byte {
        0x40..=0x7e => Place::Dcs,
        b':' => Place::Other,
        b'<'..=b'?' if count > 0 => Place::Other,
        0x20..=0x3f => Place::DcsStart(1),
        _ => Place::DcsStart(count),
    }
}
