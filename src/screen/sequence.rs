//! Finding the escape sequences in a pane's bytes, as tmux's own parser does: the same states, the same ends.
//!
//! Text is passed over as fast as memory is read. Bytes may be cut anywhere, and what is kept of a sequence is bounded.

use memchr::{memchr, memchr2, memchr3};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const SO: u8 = 0x0e;
const SI: u8 = 0x0f;
/// They end any sequence but a DCS string.
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// The most parameter and intermediate bytes of a control sequence; tmux drops one that has 64.
const LONGEST_CONTROL: usize = 64;

/// The most that is kept of an OSC string. Palettes and links are shorter; tmux itself takes up to 1 MiB.
const LONGEST_STRING: usize = 8 * 1024;

/// The room that is kept between two strings.
const ROOM: usize = 128;

/// What is found goes here.
pub(super) trait Listener {
    /// Text, or a control character that moves the cursor.
    fn text(&mut self);
    /// The bell rings.
    fn bell(&mut self);
    /// G1 is used from here on, or G0.
    fn shift(&mut self, to_g1: bool);
    /// `ESC`, intermediate bytes, and a final byte.
    fn escape(&mut self, intermediates: &[u8], last: u8);
    /// A control sequence.
    fn control(&mut self, control: &Control<'_>);
    /// An OSC string without its end. Not whole if it was too long to keep.
    fn string(&mut self, string: &[u8], whole: bool);
}

/// `ESC [`, parameters, intermediate bytes, and a final byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Control<'a> {
    /// The byte from `<` to `?` before the parameters, or 0.
    pub(super) private: u8,
    pub(super) parameters: &'a [u8],
    pub(super) intermediates: &'a [u8],
    pub(super) last: u8,
}

/// Where in a sequence the bytes have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ParserState {
    #[default]
    Ground,
    Escape,
    /// Behind an intermediate byte of an escape sequence.
    EscapeIntermediate,
    /// In a control sequence, which may be one that nobody can read.
    Control {
        readable: bool,
    },
    /// In an OSC string.
    Osc,
    /// In a string that means nothing here: SOS, PM, APC, a title, and DCS strings that tmux ignores.
    Ignored,
    /// Before a DCS string's final byte.
    DcsStart,
    Dcs,
    /// Behind an ESC in a DCS string.
    DcsEscape,
}

/// The parser.
#[derive(Debug, Default)]
pub(super) struct Parser {
    state: ParserState,
    kept: Vec<u8>,
    overlong: bool,
}

/// Text that may have a bell in it.
fn text(bytes: &[u8], listener: &mut impl Listener) {
    listener.text();
    if memchr(BEL, bytes).is_some() {
        listener.bell();
    }
}

impl Parser {
    /// Whether no sequence is under way.
    pub(super) fn is_ground(&self) -> bool {
        self.state == ParserState::Ground
    }

    /// Forgets the sequence under way.
    pub(super) fn reset(&mut self) {
        self.enter(ParserState::Ground);
    }

    /// How many bytes of a sequence are kept; for tests of the bound.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept.capacity()
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], listener: &mut impl Listener) {
        while !bytes.is_empty() {
            let taken = match self.state {
                ParserState::Ground => self.ground(bytes, listener),
                ParserState::Osc => self.osc(bytes, listener),
                ParserState::Ignored => self.ignored(bytes),
                ParserState::Dcs => self.dcs(bytes),
                _ => {
                    self.one(bytes[0], listener);
                    1
                }
            };
            bytes = &bytes[taken..];
        }
    }

    fn ground(&mut self, bytes: &[u8], listener: &mut impl Listener) -> usize {
        let Some(at) = memchr3(ESC, SO, SI, bytes) else {
            text(bytes, listener);
            return bytes.len();
        };
        if at > 0 {
            text(&bytes[..at], listener);
        }
        match bytes[at] {
            ESC => {
                if let Some((control, length)) = Control::whole(&bytes[at..]) {
                    listener.control(&control);
                    return at + length;
                }
                self.enter(ParserState::Escape);
            }
            shift => listener.shift(shift == SO),
        }
        at + 1
    }

    fn one(&mut self, byte: u8, listener: &mut impl Listener) {
        match (self.state, byte) {
            (ParserState::DcsEscape, b'\\') => self.enter(ParserState::Ground),
            (ParserState::DcsEscape, _) => self.state = ParserState::Dcs,
            (_, ESC) => self.enter(ParserState::Escape),
            (_, CAN | SUB) => self.enter(ParserState::Ground),
            (ParserState::DcsStart, _) => self.dcs_start(byte),
            (_, SO | SI) => listener.shift(byte == SO),
            (_, BEL) => listener.bell(),
            (_, 0x00..=0x1f) => listener.text(),
            (_, 0x7f..) => {}
            (ParserState::Escape, _) => self.escape(byte, listener),
            (ParserState::EscapeIntermediate, 0x20..=0x2f) => self.keep(byte),
            (ParserState::EscapeIntermediate, _) => self.end_escape(byte, listener),
            (ParserState::Control { readable }, _) => self.control(byte, readable, listener),
            // The others take several bytes at once.
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8, listener: &mut impl Listener) {
        match byte {
            0x20..=0x2f => {
                self.keep(byte);
                self.state = ParserState::EscapeIntermediate;
            }
            b'[' => self.enter(ParserState::Control { readable: true }),
            b']' => self.enter(ParserState::Osc),
            b'P' => self.enter(ParserState::DcsStart),
            b'X' | b'^' | b'_' | b'k' => self.enter(ParserState::Ignored),
            _ => self.end_escape(byte, listener),
        }
    }

    fn end_escape(&mut self, last: u8, listener: &mut impl Listener) {
        if !self.overlong {
            listener.escape(&self.kept, last);
        }
        self.enter(ParserState::Ground);
    }

    fn control(&mut self, byte: u8, readable: bool, listener: &mut impl Listener) {
        match byte {
            0x40.. => {
                if readable && !self.overlong {
                    listener.control(&Control::new(&self.kept, byte));
                }
                self.enter(ParserState::Ground);
            }
            _ if !readable => {}
            0x20..=0x2f => self.keep(byte),
            _ if self.kept.last().is_some_and(|last| *last <= 0x2f) => self.unreadable(),
            0x3c..=0x3f if !self.kept.is_empty() => self.unreadable(),
            _ => self.keep(byte),
        }
    }

    fn unreadable(&mut self) {
        self.state = ParserState::Control { readable: false };
    }

    fn osc(&mut self, bytes: &[u8], listener: &mut impl Listener) -> usize {
        let end = bytes
            .iter()
            .position(|byte| matches!(*byte, BEL | ESC | CAN | SUB))
            .unwrap_or(bytes.len());
        for byte in &bytes[..end] {
            if *byte >= 0x20 {
                self.keep_of_string(*byte);
            }
        }
        if end == bytes.len() {
            return end;
        }
        listener.string(&self.kept, !self.overlong);
        self.enter(if bytes[end] == ESC {
            ParserState::Escape
        } else {
            ParserState::Ground
        });
        end + 1
    }

    fn ignored(&mut self, bytes: &[u8]) -> usize {
        match memchr3(ESC, CAN, SUB, bytes) {
            Some(at) => {
                self.enter(if bytes[at] == ESC {
                    ParserState::Escape
                } else {
                    ParserState::Ground
                });
                at + 1
            }
            None => bytes.len(),
        }
    }

    fn dcs_start(&mut self, byte: u8) {
        match byte {
            0x20..=0x2f => self.keep(byte),
            b'0'..=b'9' | b';' if self.kept.is_empty() => {}
            0x30..=0x3f => self.state = ParserState::Ignored,
            0x40..=0x7e => self.state = ParserState::Dcs,
            _ => {}
        }
    }

    fn dcs(&mut self, bytes: &[u8]) -> usize {
        let Some(at) = memchr(ESC, bytes) else {
            return bytes.len();
        };
        self.state = ParserState::DcsEscape;
        at + 1
    }

    fn enter(&mut self, state: ParserState) {
        self.state = state;
        self.overlong = false;
        self.kept.clear();
        if self.kept.capacity() > ROOM {
            self.kept.shrink_to(ROOM);
        }
    }

    fn keep(&mut self, byte: u8) {
        self.overlong |= self.kept.len() == LONGEST_CONTROL;
        if !self.overlong {
            self.kept.push(byte);
        }
    }

    fn keep_of_string(&mut self, byte: u8) {
        self.overlong |= self.kept.len() == LONGEST_STRING;
        if !self.overlong {
            self.kept.push(byte);
        }
    }
}

impl<'a> Control<'a> {
    /// The control sequence that these bytes begin with, and its length, if it is whole and there is nothing odd in it.
    /// Nearly every one is so, and need not be gathered byte by byte.
    fn whole(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let [ESC, b'[', rest @ ..] = bytes else {
            return None;
        };
        let (private, start) = match rest {
            [private @ b'<'..=b'?', ..] => (*private, 1),
            _ => (0, 0),
        };
        let is_parameter = |byte: &&u8| matches!(**byte, b'0'..=b';');
        let parameters = start + rest[start..].iter().take_while(is_parameter).count();
        let is_intermediate = |byte: &&u8| matches!(**byte, 0x20..=0x2f);
        let end = parameters
            + rest[parameters..]
                .iter()
                .take_while(is_intermediate)
                .count();
        let last = *rest.get(end).filter(|last| matches!(**last, 0x40..=0x7e))?;
        let control = Self {
            private,
            parameters: &rest[start..parameters],
            intermediates: &rest[parameters..end],
            last,
        };
        (end <= LONGEST_CONTROL).then_some((control, end + 3))
    }

    fn new(kept: &'a [u8], last: u8) -> Self {
        let (private, rest) = match kept {
            [private @ b'<'..=b'?', rest @ ..] => (*private, rest),
            _ => (0, kept),
        };
        let intermediate = |byte: &u8| *byte <= 0x2f;
        let parameters = rest.iter().position(intermediate).unwrap_or(rest.len());
        let (parameters, intermediates) = rest.split_at(parameters);
        Self {
            private,
            parameters,
            intermediates,
            last,
        }
    }
}

/// The part of an unfinished sequence, as tmux gives it, that a terminal is to get: what tmux has executed already is
/// left out.
pub(super) fn unexecuted(pending: &[u8]) -> Vec<u8> {
    // An ESC begins anew, except in a DCS string.
    let mut start = 0;
    let mut in_dcs = false;
    for (at, pair) in pending.windows(2).enumerate() {
        if pair[0] == ESC && !in_dcs {
            start = at;
            in_dcs = pair[1] == b'P';
        }
    }
    if !in_dcs && pending.last() == Some(&ESC) {
        start = pending.len() - 1;
    }
    let sequence = &pending[start..];
    let is_string = matches!(sequence, [ESC, b'P' | b']' | b'X' | b'^' | b'_' | b'k', ..]);
    if is_string {
        return sequence.to_vec();
    }
    let executed = |byte: &u8| *byte < 0x20 && *byte != ESC;
    sequence
        .iter()
        .copied()
        .filter(|byte| !executed(byte))
        .collect()
}

/// The place of the next SGR, OSC 8, SO, SI or tab in a captured line.
pub(super) fn next_mark(line: &[u8]) -> Option<usize> {
    match (memchr3(ESC, SO, SI, line), memchr2(b'\t', ESC, line)) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
#[path = "sequence_tests.rs"]
mod tests;
