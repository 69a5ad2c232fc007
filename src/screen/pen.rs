//! The attributes and colours of what is printed next, and the SGR sequences that change them, as tmux reads them.

use std::io::Write as _;

/// A colour as the program named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Colour {
    /// The terminal's own.
    #[default]
    Default,
    /// One of the first 16, by the short sequences (30 to 37, 90 to 97).
    Basic(u8),
    /// One of 256.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// What SGR sequences set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pen {
    attributes: u16,
    /// 0 for none, 1 to 5 for single, double, curly, dotted and dashed.
    underline: u8,
    foreground: Colour,
    background: Colour,
    underline_colour: Colour,
}

/// A set of a pen's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts(u16);

impl Parts {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(0x0fff);
    const UNDERLINE: Self = Self(0x0100);
    const FOREGROUND: Self = Self(0x0200);
    const BACKGROUND: Self = Self(0x0400);
    const UNDERLINE_COLOUR: Self = Self(0x0800);

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Attributes that are on or off: the code that sets it, the one that clears it, and its bit.
const ATTRIBUTES: [(u16, u16, u16); 8] = [
    (1, 22, 0x01),
    (2, 22, 0x02),
    (3, 23, 0x04),
    (5, 25, 0x08),
    (7, 27, 0x10),
    (8, 28, 0x20),
    (9, 29, 0x40),
    (53, 55, 0x80),
];

impl Pen {
    /// Applies an SGR sequence's parameters, and returns which parts now are known from it.
    pub(super) fn apply(&mut self, parameters: &[u8]) -> Parts {
        if parameters.is_empty() {
            return self.apply_code(0);
        }
        let mut known = Parts::NONE;
        let mut codes = parameters.split(|byte| *byte == b';');
        while let Some(code) = codes.next() {
            if code.contains(&b':') {
                known.add(self.apply_colons(code));
                continue;
            }
            match number(code) {
                Some(target @ (38 | 48 | 58)) => known.add(self.apply_colour(target, &mut codes)),
                Some(code) => known.add(self.apply_code(code)),
                None => {}
            }
        }
        known
    }

    /// The sequence that gives a terminal this pen, whatever it had before.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        for (set, _, bit) in ATTRIBUTES {
            if self.attributes & bit != 0 {
                put(out, format_args!(";{set}"));
            }
        }
        match self.underline {
            0 => {}
            1 => out.extend_from_slice(b";4"),
            style => put(out, format_args!(";4:{style}")),
        }
        write_colour(out, self.foreground, 30);
        write_colour(out, self.background, 40);
        write_colour(out, self.underline_colour, 50);
        out.push(b'm');
    }

    /// Whether it is what a reset gives.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what it erases is coloured.
    pub(super) fn has_background(&self) -> bool {
        self.background != Colour::Default
    }

    fn apply_code(&mut self, code: u16) -> Parts {
        match code {
            0 => {
                *self = Self::default();
                return Parts::ALL;
            }
            4 => return self.underline(1),
            21 => return self.underline(2),
            24 => return self.underline(0),
            30..=37 => return self.colour(38, Colour::Basic(low(code - 30))),
            40..=47 => return self.colour(48, Colour::Basic(low(code - 40))),
            90..=97 => return self.colour(38, Colour::Basic(low(code - 82))),
            100..=107 => return self.colour(48, Colour::Basic(low(code - 92))),
            39 | 49 | 59 => return self.colour(code - 1, Colour::Default),
            _ => {}
        }
        // 6 is a fast blink, which tmux takes for a blink.
        let code = if code == 6 { 5 } else { code };
        let mut known = Parts::NONE;
        for (set, clear, bit) in ATTRIBUTES {
            if code == set {
                self.attributes |= bit;
                known.add(Parts(bit));
            } else if code == clear {
                self.attributes &= !bit;
                known.add(Parts(bit));
            }
        }
        known
    }

    fn underline(&mut self, style: u8) -> Parts {
        self.underline = style;
        Parts::UNDERLINE
    }

    fn colour(&mut self, target: u16, colour: Colour) -> Parts {
        match target {
            38 => {
                self.foreground = colour;
                Parts::FOREGROUND
            }
            48 => {
                self.background = colour;
                Parts::BACKGROUND
            }
            _ => {
                self.underline_colour = colour;
                Parts::UNDERLINE_COLOUR
            }
        }
    }

    /// `38;5;n` and `38;2;r;g;b`. tmux takes the three numbers only if all are right.
    fn apply_colour<'a>(
        &mut self,
        target: u16,
        codes: &mut (impl Iterator<Item = &'a [u8]> + Clone),
    ) -> Parts {
        match codes.next().and_then(number) {
            Some(5) => {
                let index = codes.next().and_then(number);
                self.indexed(target, index)
            }
            Some(2) => {
                let mut ahead = codes.clone();
                let mut channel = || ahead.next().and_then(channel);
                let (Some(r), Some(g), Some(b)) = (channel(), channel(), channel()) else {
                    return Parts::NONE;
                };
                *codes = ahead;
                self.colour(target, Colour::Rgb(r, g, b))
            }
            _ => Parts::NONE,
        }
    }

    fn indexed(&mut self, target: u16, index: Option<u16>) -> Parts {
        match index.map(u8::try_from) {
            Some(Ok(index)) => self.colour(target, Colour::Indexed(index)),
            _ if target == 58 => Parts::NONE,
            _ => self.colour(target, Colour::Default),
        }
    }

    /// `4:3`, `38:5:n`, `38:2:r:g:b` and `38:2::r:g:b`.
    fn apply_colons(&mut self, code: &[u8]) -> Parts {
        let parts: Vec<Option<u16>> = code.split(|byte| *byte == b':').map(number).collect();
        match *parts {
            [Some(4), Some(style @ 0..=5)] => self.underline(low(style)),
            // What captures say for an overline.
            [Some(5), Some(3)] => self.apply_code(53),
            [Some(target @ (38 | 48 | 58)), Some(5), index, ..] => self.indexed(target, index),
            [Some(target @ (38 | 48 | 58)), Some(2), r, g, b]
            | [Some(target @ (38 | 48 | 58)), Some(2), _, r, g, b, ..] => {
                let channel = |part: Option<u16>| part.and_then(|part| u8::try_from(part).ok());
                match (channel(r), channel(g), channel(b)) {
                    (Some(r), Some(g), Some(b)) => self.colour(target, Colour::Rgb(r, g, b)),
                    _ => Parts::NONE,
                }
            }
            _ => Parts::NONE,
        }
    }
}

fn write_colour(out: &mut Vec<u8>, colour: Colour, base: u16) {
    match colour {
        Colour::Default => {}
        Colour::Basic(index @ 0..=7) => put(out, format_args!(";{}", base + u16::from(index))),
        Colour::Basic(index) => put(out, format_args!(";{}", base + 52 + u16::from(index))),
        Colour::Indexed(index) => put(out, format_args!(";{};5;{index}", base + 8)),
        Colour::Rgb(r, g, b) => put(out, format_args!(";{};2;{r};{g};{b}", base + 8)),
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a vector takes all that is written to it");
}

/// A parameter; one that is missing is 0, and one that is too large is none that anything knows.
pub(super) fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

fn channel(digits: &[u8]) -> Option<u8> {
    number(digits).and_then(|number| u8::try_from(number).ok())
}

/// A number that the caller has seen to be small.
fn low(number: u16) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_change_the_pen_and_a_pen_is_written_back() {
        // What is applied in turn, and what the pen is written as then.
        let rows: [(&[&str], &str); 17] = [
            (&[], "0"),
            (&["1", "31"], "0;1;31"),
            (&["1;2;3;4;5;7;8;9;53"], "0;1;2;3;5;7;8;9;53;4"),
            (&["1;31", ""], "0"),
            (&["1;3;31", "0;4"], "0;4"),
            (&["1;2", "22"], "0"),
            (&["4:3", "58:5:9"], "0;4:3;58;5;9"),
            (&["21"], "0;4:2"),
            (&["38;5;200;48;2;1;2;3"], "0;38;5;200;48;2;1;2;3"),
            (&["38:2::9:8:7;48:2:1:2:3"], "0;38;2;9;8;7;48;2;1;2;3"),
            (&["97;105"], "0;97;105"),
            (&["31", "38;5;999"], "0"),
            (&["38;2;1;2"], "0;1;2"),
            (&["38;2;1;2;300;4"], "0;1;2;4"),
            (&["6;25", "99999;77"], "0"),
            (&["5:3"], "0;53"),
            (&["58;2;1;2;3", "59"], "0"),
        ];
        for (sequences, expected) in rows {
            let mut pen = Pen::default();
            for sequence in sequences {
                pen.apply(sequence.as_bytes());
            }
            let mut written = Vec::new();
            pen.write_to(&mut written);
            let written = String::from_utf8_lossy(&written).into_owned();
            assert_eq!(written, format!("\x1b[{expected}m"), "{sequences:?}");
            let mut again = Pen::default();
            again.apply(expected.as_bytes());
            assert_eq!(again, pen, "{sequences:?}");
        }
    }

    #[test]
    fn what_is_known_of_a_pen_adds_up() {
        let mut known = Parts::NONE;
        let mut pen = Pen::default();
        for sequence in ["22;23;24;25;27;28;29", "39;49;59"] {
            known.add(pen.apply(sequence.as_bytes()));
            assert_ne!(known, Parts::ALL);
        }
        known.add(pen.apply(b"55"));
        assert_eq!(known, Parts::ALL);
        assert_eq!(pen.apply(b""), Parts::ALL);
    }
}
