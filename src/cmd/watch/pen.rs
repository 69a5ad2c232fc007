//! How a pane's text looks: colours and styles, read from SGR sequences and written anew.
//!
//! Only what is known here is ever written, so nothing of a pane's own bytes reaches the terminal. Blinking and hidden
//! text is shown as ordinary text: an operator is to see what is there.

use std::fmt::Write as _;

use vte::{Params, ParamsIter};

/// What text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pen {
    fore: Colour,
    back: Colour,
    /// One bit for each row of [`STYLES`].
    styles: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Colour {
    #[default]
    Default,
    Index(u8),
    Rgb(u8, u8, u8),
}

/// The codes that turn a style on and off: bold, dim, italic, underlined, inverse, struck out.
const STYLES: [(u16, u16); 6] = [(1, 22), (2, 22), (3, 23), (4, 24), (7, 27), (9, 29)];

impl Pen {
    /// Changes as an SGR sequence says.
    pub(super) fn apply(&mut self, params: &Params) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            match param {
                [] | [0, ..] => *self = Self::default(),
                [4, 0, ..] => self.style(24),
                [38, rest @ ..] => set(&mut self.fore, colour(rest, &mut params)),
                [48, rest @ ..] => set(&mut self.back, colour(rest, &mut params)),
                [39, ..] => self.fore = Colour::Default,
                [49, ..] => self.back = Colour::Default,
                [code, ..] => self.code(*code),
            }
        }
    }

    /// Writes the sequence that makes text look so, if it does not look plain.
    pub(super) fn write(self, out: &mut String) -> bool {
        if self == Self::default() {
            return false;
        }
        let mut codes = String::new();
        let styles = STYLES.iter().enumerate();
        for (_, (on, _)) in styles.filter(|(bit, _)| self.styles & (1 << bit) != 0) {
            push(&mut codes, format_args!("{on}"));
        }
        self.fore.write(30, &mut codes);
        self.back.write(40, &mut codes);
        let _ = write!(out, "\x1b[{codes}m");
        true
    }

    fn code(&mut self, code: u16) {
        match code {
            30..=37 => self.fore = indexed(code - 30),
            40..=47 => self.back = indexed(code - 40),
            90..=97 => self.fore = indexed(code - 90 + 8),
            100..=107 => self.back = indexed(code - 100 + 8),
            _ => self.style(code),
        }
    }

    fn style(&mut self, code: u16) {
        for (bit, (on, off)) in STYLES.into_iter().enumerate() {
            if code == on {
                self.styles |= 1 << bit;
            } else if code == off {
                self.styles &= !(1 << bit);
            }
        }
    }
}

impl Colour {
    /// Its codes; `base` is 30 for text and 40 for what is behind it.
    fn write(self, base: u16, codes: &mut String) {
        match self {
            Self::Default => {}
            Self::Index(index @ 0..=7) => push(codes, format_args!("{}", base + u16::from(index))),
            Self::Index(index @ 8..=15) => {
                push(codes, format_args!("{}", base + 52 + u16::from(index)));
            }
            Self::Index(index) => push(codes, format_args!("{};5;{index}", base + 8)),
            Self::Rgb(red, green, blue) => {
                push(codes, format_args!("{};2;{red};{green};{blue}", base + 8));
            }
        }
    }
}

fn push(codes: &mut String, code: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = write!(codes, "{}{code}", if codes.is_empty() { "" } else { ";" });
}

fn set(place: &mut Colour, colour: Option<Colour>) {
    if let Some(colour) = colour {
        *place = colour;
    }
}

/// The colour behind a 38 or 48: as sub-parameters (`38:5:1`, `38:2::1:2:3`), or as parameters of their own.
fn colour(rest: &[u16], params: &mut ParamsIter<'_>) -> Option<Colour> {
    let mut next = || params.next().and_then(|param| param.first()).copied();
    match rest {
        [5, index, ..] => byte(*index).map(Colour::Index),
        [2, red, green, blue] | [2, _, red, green, blue, ..] => rgb(*red, *green, *blue),
        [] => match next()? {
            5 => byte(next()?).map(Colour::Index),
            2 => rgb(next()?, next()?, next()?),
            _ => None,
        },
        _ => None,
    }
}

fn rgb(red: u16, green: u16, blue: u16) -> Option<Colour> {
    Some(Colour::Rgb(byte(red)?, byte(green)?, byte(blue)?))
}

fn indexed(index: u16) -> Colour {
    byte(index).map_or(Colour::Default, Colour::Index)
}

fn byte(number: u16) -> Option<u8> {
    u8::try_from(number).ok()
}
