//! The attributes of an emulator's cells as SGR sequences and links.

use std::io::Write as _;

use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color, NamedColor};

/// The attributes that are written. Underlines come as one of five.
const ATTRIBUTES: [(Flags, &str); 11] = [
    (Flags::BOLD, ";1"),
    (Flags::DIM, ";2"),
    (Flags::ITALIC, ";3"),
    (Flags::UNDERLINE, ";4"),
    (Flags::DOUBLE_UNDERLINE, ";4:2"),
    (Flags::UNDERCURL, ";4:3"),
    (Flags::DOTTED_UNDERLINE, ";4:4"),
    (Flags::DASHED_UNDERLINE, ";4:5"),
    (Flags::INVERSE, ";7"),
    (Flags::HIDDEN, ";8"),
    (Flags::STRIKEOUT, ";9"),
];

/// What makes a blank visible.
const VISIBLE: Flags = Flags::INVERSE
    .union(Flags::ALL_UNDERLINES)
    .union(Flags::STRIKEOUT);

/// What characters of a line are written with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pen {
    fg: Color,
    bg: Color,
    underline: Option<Color>,
    flags: Flags,
    link: Option<String>,
}

impl Default for Pen {
    fn default() -> Self {
        Self {
            fg: Color::Named(NamedColor::Foreground),
            bg: Color::Named(NamedColor::Background),
            underline: None,
            flags: Flags::empty(),
            link: None,
        }
    }
}

impl Pen {
    /// Writes what makes it that of a cell.
    pub(super) fn become_that_of(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        let all = ATTRIBUTES.iter().map(|(flag, _)| *flag);
        let all = all.fold(Flags::empty(), Flags::union);
        let wanted = Self {
            fg: cell.fg,
            bg: cell.bg,
            underline: cell.underline_color(),
            flags: cell.flags & all,
            link: cell.hyperlink().map(|link| link.uri().to_owned()),
        };
        if wanted == *self {
            return;
        }
        if wanted.link != self.link {
            let uri = wanted.link.as_deref().unwrap_or_default();
            put(out, format_args!("\x1b]8;;{uri}\x1b\\"));
        }
        let plain = |pen: &Self| Self {
            link: None,
            ..pen.clone()
        };
        if plain(&wanted) != plain(self) {
            match plain(&wanted) == Self::default() {
                true => out.extend_from_slice(b"\x1b[m"),
                false => wanted.write(out),
            }
        }
        *self = wanted;
    }

    /// Whether a blank in it looks like nothing.
    pub(super) fn is_invisible(&self) -> bool {
        self.bg == Self::default().bg && !self.flags.intersects(VISIBLE) && self.link.is_none()
    }

    /// Writes what ends it.
    pub(super) fn end(&self, out: &mut Vec<u8>) {
        if self.link.is_some() {
            out.extend_from_slice(b"\x1b]8;;\x1b\\");
        }
        let plain = Self {
            link: None,
            ..self.clone()
        };
        if plain != Self::default() {
            out.extend_from_slice(b"\x1b[m");
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        for (flag, code) in ATTRIBUTES {
            if self.flags.contains(flag) {
                out.extend_from_slice(code.as_bytes());
            }
        }
        colour(out, self.fg, 30);
        colour(out, self.bg, 40);
        if let Some(underline) = self.underline {
            colour(out, underline, 50);
        }
        out.push(b'm');
    }
}

/// The code of a colour, which begins at 30 for the foreground, 40 for the background, 50 for underlines.
fn colour(out: &mut Vec<u8>, colour: Color, base: u16) {
    match colour {
        Color::Spec(rgb) => put(
            out,
            format_args!(";{};2;{};{};{}", base + 8, rgb.r, rgb.g, rgb.b),
        ),
        Color::Indexed(index) => put(out, format_args!(";{};5;{index}", base + 8)),
        Color::Named(named) => match named as u16 {
            index @ 0..=7 if base < 50 => put(out, format_args!(";{}", base + index)),
            index @ 8..=15 if base < 50 => put(out, format_args!(";{}", base + 52 + index)),
            index @ 0..=15 => put(out, format_args!(";{};5;{index}", base + 8)),
            _ => {}
        },
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
