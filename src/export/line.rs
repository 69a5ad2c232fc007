//! Lines as they look: text in runs that are written alike.

use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color, NamedColor};

use crate::printable;

/// A row of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// What stands in it from its first column on. Blanks at its end that look like nothing are left out.
    pub(super) runs: Vec<Run>,
    /// Whether it goes on in the next row.
    pub(super) wraps: bool,
}

/// Text that is written alike. A wide character is a run of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// Its characters. None of them acts on terminals.
    pub(super) text: String,
    /// How many columns it takes.
    pub(super) columns: usize,
    /// Whether it is one wide character.
    pub(super) is_wide: bool,
    /// How it is written.
    pub(super) style: Style,
}

/// How characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    /// The colour of the characters, if it isn't the terminal's own.
    pub(super) foreground: Option<Colour>,
    /// The colour behind them, likewise.
    pub(super) background: Option<Colour>,
    /// The colour of the line below them, if it isn't theirs.
    pub(super) underline_colour: Option<Colour>,
    /// The line below them.
    pub(super) underline: Option<Underline>,
    /// Bold.
    pub(super) bold: bool,
    /// Dim.
    pub(super) dim: bool,
    /// Italic.
    pub(super) italic: bool,
    /// Both colours change places.
    pub(super) inverse: bool,
    /// Nothing of them shows.
    pub(super) hidden: bool,
    /// Struck out.
    pub(super) struck: bool,
}

/// A colour that a program chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// Of the 256; the first 16 are the theme's.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// The kinds of lines below characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Underline {
    /// One line.
    Single,
    /// Two lines.
    Double,
    /// A wave.
    Curly,
    /// Dots.
    Dotted,
    /// Dashes.
    Dashed,
}

impl Line {
    /// Of an emulator's cells.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a Cell>) -> Self {
        let mut line = Self::default();
        // Up to where it looks like something: so many runs, and bytes and columns of the last of them.
        let mut solid = (0, 0, 0);
        for cell in cells {
            line.wraps = cell.flags.contains(Flags::WRAPLINE);
            if cell
                .flags
                .intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER)
            {
                continue;
            }
            line.push(cell);
            let last = line.runs.last();
            let is_solid = cell.c != ' ' && cell.c != '\t' || cell.zerowidth().is_some();
            if let Some(last) = last.filter(|last| is_solid || last.style.shows_blanks()) {
                solid = (line.runs.len(), last.text.len(), last.columns);
            }
        }
        if !line.wraps {
            line.runs.truncate(solid.0);
            if let Some(last) = line.runs.last_mut() {
                last.text.truncate(solid.1);
                last.columns = solid.2;
            }
        }
        line
    }

    fn push(&mut self, cell: &Cell) {
        let style = Style::of(cell);
        let is_wide = cell.flags.contains(Flags::WIDE_CHAR);
        let joins = |last: &Run| last.style == style && !last.is_wide && !is_wide;
        if !self.runs.last().is_some_and(joins) {
            self.runs.push(Run {
                text: String::new(),
                columns: 0,
                is_wide,
                style,
            });
        }
        let Some(run) = self.runs.last_mut() else {
            return;
        };
        run.columns += 1 + usize::from(is_wide);
        // A tabulator stands where it was printed; the cells behind it are blank.
        let is_blank = cell.c == '\t' || printable::acts_on_terminals(cell.c);
        run.text.push(if is_blank { ' ' } else { cell.c });
        let marks = cell.zerowidth().unwrap_or_default().iter();
        let shown = marks.filter(|mark| !printable::acts_on_terminals(**mark));
        run.text.extend(shown);
    }

    /// How many columns it takes.
    pub(super) fn columns(&self) -> usize {
        self.runs.iter().map(|run| run.columns).sum()
    }
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let has = |flag| cell.flags.contains(flag);
        let underlines = [
            (Flags::UNDERLINE, Underline::Single),
            (Flags::DOUBLE_UNDERLINE, Underline::Double),
            (Flags::UNDERCURL, Underline::Curly),
            (Flags::DOTTED_UNDERLINE, Underline::Dotted),
            (Flags::DASHED_UNDERLINE, Underline::Dashed),
        ];
        let underline = underlines.into_iter().find(|(flag, _)| has(*flag));
        Self {
            foreground: Colour::of(cell.fg),
            background: Colour::of(cell.bg),
            underline_colour: cell.underline_color().and_then(Colour::of),
            underline: underline.map(|(_, underline)| underline),
            bold: has(Flags::BOLD),
            dim: has(Flags::DIM),
            italic: has(Flags::ITALIC),
            inverse: has(Flags::INVERSE),
            hidden: has(Flags::HIDDEN),
            struck: has(Flags::STRIKEOUT),
        }
    }

    /// Whether blanks in it look like something.
    fn shows_blanks(&self) -> bool {
        self.background.is_some() || self.inverse || self.underline.is_some() || self.struck
    }
}

impl Colour {
    fn of(colour: Color) -> Option<Self> {
        match colour {
            Color::Spec(rgb) => Some(Self::Rgb(rgb.r, rgb.g, rgb.b)),
            Color::Indexed(index) => Some(Self::Indexed(index)),
            Color::Named(NamedColor::Foreground | NamedColor::Background) => None,
            Color::Named(named) => u8::try_from(named as usize)
                .ok()
                .filter(|index| *index < 16)
                .map(Self::Indexed),
        }
    }
}
