//! What of a pane's bytes is text, what a sequence, and what the content of one: with the same ends as tmux's parser.
//!
//! [`crate::screen`] has a parser of its own that says what sequences mean; this one reports each byte where it belongs.

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// Where the bytes have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum SequenceState {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    /// In a control sequence: its number, as long as it is nothing but that.
    Control(Option<u16>),
    Osc,
    /// In a title, SOS, PM, APC, or a DCS string that tmux ignores.
    Ignored,
    /// Before a DCS string's final byte; whether an intermediate byte has come.
    DcsStart(bool),
    Dcs,
    DcsEscape,
}

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Text, or a control character that is executed.
    Text,
    /// Part of a sequence, or what is ignored.
    Sequence,
    /// The last byte of a sequence that moves the cursor so many columns back.
    Back(u16),
    /// The last byte of a sequence that moves the cursor elsewhere.
    Away,
    /// A string begins behind it.
    Begin,
    /// In a string.
    Content,
    /// A string has ended before it.
    End,
}

/// The parser.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequence(SequenceState);

impl Sequence {
    pub(super) fn is_ground(&self) -> bool {
        self.0 == SequenceState::Ground
    }

    /// Whether the string under way is an OSC string.
    pub(super) fn is_osc(&self) -> bool {
        self.0 == SequenceState::Osc
    }

    /// Forgets the sequence under way.
    pub(super) fn reset(&mut self) {
        self.0 = SequenceState::Ground;
    }

    /// Reads a byte.
    pub(super) fn next(&mut self, byte: u8) -> Part {
        match self.0 {
            SequenceState::Ground if byte != ESC => Part::Text,
            SequenceState::Ground => self.to(SequenceState::Escape, Part::Sequence),
            SequenceState::Osc if byte == BEL => self.to(SequenceState::Ground, Part::End),
            SequenceState::Osc | SequenceState::Ignored => match byte {
                ESC => self.to(SequenceState::Escape, Part::End),
                CAN | SUB => self.to(SequenceState::Ground, Part::End),
                _ => Part::Content,
            },
            SequenceState::Dcs if byte == ESC => self.to(SequenceState::DcsEscape, Part::Content),
            SequenceState::Dcs => Part::Content,
            SequenceState::DcsEscape if byte == b'\\' => self.to(SequenceState::Ground, Part::End),
            SequenceState::DcsEscape => self.to(SequenceState::Dcs, Part::Content),
            _ => self.within(byte),
        }
    }

    /// Within a sequence that is no string, or in the beginning of one.
    fn within(&mut self, byte: u8) -> Part {
        match (self.0, byte) {
            (_, ESC) => self.to(SequenceState::Escape, Part::Sequence),
            (_, CAN | SUB) => self.to(SequenceState::Ground, Part::Sequence),
            (SequenceState::DcsStart(after), _) => self.dcs_start(after, byte),
            (_, 0x00..=0x1f) => Part::Text,
            (_, 0x7f..) => Part::Sequence,
            (SequenceState::Escape, _) => self.escape(byte),
            (SequenceState::Control(number), _) => self.control(number, byte),
            (_, 0x20..=0x2f) => Part::Sequence,
            _ => self.to(SequenceState::Ground, Part::Sequence),
        }
    }

    fn escape(&mut self, byte: u8) -> Part {
        match byte {
            0x20..=0x2f => self.to(SequenceState::EscapeIntermediate, Part::Sequence),
            b'[' => self.to(SequenceState::Control(Some(0)), Part::Sequence),
            b']' => self.to(SequenceState::Osc, Part::Begin),
            b'P' => self.to(SequenceState::DcsStart(false), Part::Sequence),
            b'X' | b'^' | b'_' | b'k' => self.to(SequenceState::Ignored, Part::Begin),
            b'D' | b'E' | b'M' | b'8' | b'c' => self.to(SequenceState::Ground, Part::Away),
            _ => self.to(SequenceState::Ground, Part::Sequence),
        }
    }

    fn control(&mut self, number: Option<u16>, byte: u8) -> Part {
        match (number, byte) {
            (Some(number), b'D') => self.to(SequenceState::Ground, Part::Back(number.max(1))),
            (_, last @ 0x40..) => self.to(
                SequenceState::Ground,
                if moves(last) {
                    Part::Away
                } else {
                    Part::Sequence
                },
            ),
            (Some(number), b'0'..=b'9') => {
                let number = number
                    .saturating_mul(10)
                    .saturating_add(u16::from(byte - b'0'));
                self.to(SequenceState::Control(Some(number)), Part::Sequence)
            }
            _ => self.to(SequenceState::Control(None), Part::Sequence),
        }
    }

    fn dcs_start(&mut self, after: bool, byte: u8) -> Part {
        match byte {
            0x20..=0x2f => self.to(SequenceState::DcsStart(true), Part::Sequence),
            b'0'..=b'9' | b';' if !after => Part::Sequence,
            0x30..=0x3f => self.to(SequenceState::Ignored, Part::Begin),
            0x40..=0x7e => self.to(SequenceState::Dcs, Part::Begin),
            _ => Part::Sequence,
        }
    }

    fn to(&mut self, state: SequenceState, part: Part) -> Part {
        self.0 = state;
        part
    }
}

/// Whether a control sequence with this last byte moves the cursor.
fn moves(last: u8) -> bool {
    matches!(last, b'A'..=b'I' | b'Z' | b'`' | b'a' | b'd'..=b'f' | b'r' | b'u')
}

/// The length of the control sequence that these bytes begin with, if it is whole, there is nothing odd in it, and it does
/// not move the cursor.
pub(super) fn plain_control(bytes: &[u8]) -> Option<usize> {
    let [ESC, b'[', rest @ ..] = bytes else {
        return None;
    };
    let end = rest.iter().position(|byte| !matches!(byte, 0x20..=0x3f))?;
    let is_plain = matches!(rest[end], 0x40..=0x7e) && !moves(rest[end]);
    is_plain.then_some(end + 3)
}
