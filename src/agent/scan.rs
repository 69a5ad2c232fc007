//! What a pane's bytes say beside text: reports, titles, progress, notifications, marks of prompts and bells.
//!
//! One pass over the bytes. It gives what it finds to a listener, and on to the terminal emulator what can move or write
//! there: text and control sequences other than colours. Strings (OSC, DCS and their kind) never reach the emulator, so
//! none of them can fill its memory. Sequences may be cut anywhere between two reads, and what is kept of one is bounded.

use memchr::{memchr, memchr3};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// The most that is kept of an OSC string: the protocol of status reports allows 4,096 bytes.
const LONGEST_STRING: usize = 4096 + 64;

/// The most bytes of a control sequence; longer ones are dropped.
const LONGEST_CONTROL: usize = 128;

/// The room that is kept between two strings.
const ROOM: usize = 256;

/// What tmux's passthrough strings begin with.
const PASSTHROUGH: &[u8] = b"tmux;";

/// What is found goes here.
pub(super) trait Listener {
    /// An OSC string that is whole, without its end.
    fn string(&mut self, string: &[u8]);
    /// The bell rings, outside of any string.
    fn bell(&mut self);
    /// A synchronized update (mode 2026) begins, or ends.
    fn synchronized(&mut self, under_way: bool);
}

/// Where in a sequence the bytes have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    Control,
    Osc,
    /// Behind an ESC in an OSC string.
    OscEscape,
    /// In a DCS string, before it is known what it is.
    DcsStart,
    /// In a passthrough string of tmux, whose bytes are scanned in turn.
    Passthrough,
    /// Behind an ESC in it: a second one stands for one, a backslash ends it.
    PassthroughEscape,
    /// In a string that means nothing here.
    Ignored,
    IgnoredEscape,
}

/// The scanner.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    place: Place,
    kept: Vec<u8>,
    overlong: bool,
    /// What scans the bytes within a passthrough string; its own passthrough strings are ignored.
    inner: Option<Box<Scanner>>,
    is_inner: bool,
}

impl Scanner {
    /// Scans these bytes, and appends to `display` what the emulator is to get.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        listener: &mut impl Listener,
        display: &mut Vec<u8>,
    ) {
        while !bytes.is_empty() {
            let taken = match self.place {
                Place::Ground => self.ground(bytes, listener, display),
                Place::Osc => self.osc(bytes, listener),
                Place::Ignored => self.ignored(bytes),
                _ => {
                    self.one(bytes[0], listener, display);
                    1
                }
            };
            bytes = &bytes[taken..];
        }
    }

    /// How many bytes it keeps; for tests of the bound.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept.capacity() + self.inner.as_ref().map_or(0, |inner| inner.kept())
    }

    fn ground(
        &mut self,
        bytes: &[u8],
        listener: &mut impl Listener,
        display: &mut Vec<u8>,
    ) -> usize {
        let end = memchr(ESC, bytes).unwrap_or(bytes.len());
        let text = &bytes[..end];
        if memchr(BEL, text).is_some() {
            listener.bell();
        }
        display.extend_from_slice(text);
        if end == bytes.len() {
            return end;
        }
        self.enter(Place::Escape);
        end + 1
    }

    fn one(&mut self, byte: u8, listener: &mut impl Listener, display: &mut Vec<u8>) {
        match self.place {
            Place::Escape | Place::EscapeIntermediate => self.escape(byte, listener, display),
            Place::Control => self.control(byte, listener, display),
            Place::OscEscape => self.osc_escape(byte, listener, display),
            Place::DcsStart => self.dcs_start(byte),
            Place::Passthrough if byte == ESC => self.place = Place::PassthroughEscape,
            Place::Passthrough => self.pass(byte, listener),
            Place::PassthroughEscape => self.passthrough_escape(byte, listener, display),
            Place::IgnoredEscape if byte == b'\\' => self.enter(Place::Ground),
            Place::IgnoredEscape => self.place = Place::Ignored,
            // These take several bytes at once.
            Place::Ground | Place::Osc | Place::Ignored => {}
        }
    }

    fn escape(&mut self, byte: u8, listener: &mut impl Listener, display: &mut Vec<u8>) {
        match byte {
            ESC => self.enter(Place::Escape),
            CAN | SUB => self.enter(Place::Ground),
            BEL => listener.bell(),
            0x00..=0x1f => display.push(byte),
            0x20..=0x2f => {
                self.keep(byte, LONGEST_CONTROL);
                self.place = Place::EscapeIntermediate;
            }
            _ if self.place == Place::EscapeIntermediate => self.end_escape(byte, display),
            b'[' => self.enter(Place::Control),
            b']' => self.enter(Place::Osc),
            b'P' => self.enter(Place::DcsStart),
            b'X' | b'^' | b'_' | b'k' => self.enter(Place::Ignored),
            _ => self.end_escape(byte, display),
        }
    }

    /// Passes a short escape sequence on. The emulator lacks two of them, which are others in its own words.
    fn end_escape(&mut self, last: u8, display: &mut Vec<u8>) {
        match (self.kept.as_slice(), last) {
            ([], b'D') => display.push(b'\n'),
            ([], b'E') => display.extend_from_slice(b"\r\n"),
            ([], b'\\') => {}
            _ if self.overlong => {}
            (intermediates, _) => {
                display.push(ESC);
                display.extend_from_slice(intermediates);
                display.push(last);
            }
        }
        self.enter(Place::Ground);
    }

    fn control(&mut self, byte: u8, listener: &mut impl Listener, display: &mut Vec<u8>) {
        match byte {
            ESC => self.enter(Place::Escape),
            CAN | SUB => self.enter(Place::Ground),
            BEL => listener.bell(),
            // A control character within a sequence is carried out at once.
            0x00..=0x1f => display.push(byte),
            0x20..=0x3f => self.keep(byte, LONGEST_CONTROL),
            0x7f.. => {}
            _ => {
                if !self.overlong {
                    self.end_control(byte, listener, display);
                }
                self.enter(Place::Ground);
            }
        }
    }

    fn end_control(&self, last: u8, listener: &mut impl Listener, display: &mut Vec<u8>) {
        match (self.kept.as_slice(), last) {
            // Colours decide nothing here.
            (_, b'm') => {}
            (b"?2026", b'h' | b'l') => listener.synchronized(last == b'h'),
            ([], b's') => display.extend_from_slice(b"\x1b7"),
            ([], b'u') => display.extend_from_slice(b"\x1b8"),
            (parameters, _) => {
                display.extend_from_slice(b"\x1b[");
                display.extend_from_slice(parameters);
                display.push(last);
            }
        }
    }

    fn osc(&mut self, bytes: &[u8], listener: &mut impl Listener) -> usize {
        let is_end = |byte: &u8| matches!(*byte, BEL | ESC | CAN | SUB);
        let end = bytes.iter().position(is_end).unwrap_or(bytes.len());
        for byte in &bytes[..end] {
            if *byte >= 0x20 {
                self.keep(*byte, LONGEST_STRING);
            }
        }
        match bytes.get(end) {
            None => return end,
            Some(&ESC) => self.place = Place::OscEscape,
            Some(&BEL) => self.end_string(listener),
            // It was cancelled.
            Some(_) => self.enter(Place::Ground),
        }
        end + 1
    }

    fn osc_escape(&mut self, byte: u8, listener: &mut impl Listener, display: &mut Vec<u8>) {
        self.end_string(listener);
        if byte != b'\\' {
            // As terminals do: the ESC ended the string, and begins what comes.
            self.enter(Place::Escape);
            self.one(byte, listener, display);
        }
    }

    fn end_string(&mut self, listener: &mut impl Listener) {
        if !self.overlong {
            listener.string(&self.kept);
        }
        self.enter(Place::Ground);
    }

    fn dcs_start(&mut self, byte: u8) {
        if byte == ESC {
            self.place = Place::IgnoredEscape;
            return;
        }
        self.keep(byte, PASSTHROUGH.len());
        if self.kept == PASSTHROUGH && !self.is_inner {
            self.enter(Place::Passthrough);
            self.inner = Some(Box::new(Self {
                is_inner: true,
                ..Self::default()
            }));
        } else if !PASSTHROUGH.starts_with(&self.kept) {
            self.enter(Place::Ignored);
        }
    }

    fn passthrough_escape(
        &mut self,
        byte: u8,
        listener: &mut impl Listener,
        display: &mut Vec<u8>,
    ) {
        self.place = Place::Passthrough;
        match byte {
            ESC => self.pass(ESC, listener),
            b'\\' => {
                self.inner = None;
                self.enter(Place::Ground);
            }
            _ => {
                // Not doubled: the string ends here, as it does for tmux.
                self.inner = None;
                self.enter(Place::Escape);
                self.one(byte, listener, display);
            }
        }
    }

    /// Gives a byte to what scans a passthrough string. What it would display is for the terminal outside.
    fn pass(&mut self, byte: u8, listener: &mut impl Listener) {
        if let Some(inner) = &mut self.inner {
            inner.feed(&[byte], listener, &mut Vec::new());
        }
    }

    fn ignored(&mut self, bytes: &[u8]) -> usize {
        let Some(at) = memchr3(ESC, CAN, SUB, bytes) else {
            return bytes.len();
        };
        if bytes[at] == ESC {
            self.place = Place::IgnoredEscape;
        } else {
            self.enter(Place::Ground);
        }
        at + 1
    }

    fn enter(&mut self, place: Place) {
        self.place = place;
        self.overlong = false;
        self.kept.clear();
        if self.kept.capacity() > ROOM {
            self.kept.shrink_to(ROOM);
        }
    }

    fn keep(&mut self, byte: u8, most: usize) {
        self.overlong |= self.kept.len() >= most;
        if !self.overlong {
            self.kept.push(byte);
        }
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
