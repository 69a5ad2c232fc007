//! Byte streams at random, of sequences that the emulator and tmux both know in the same way.
//!
//! The generator draws what it makes on an emulator of its own, so that it knows where the cursor is, which cells are
//! wide and so on, and leaves out exactly what `differences` lists.

mod sequences;

use std::collections::BTreeSet;

use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color, NamedColor};

use super::dialect::Dialect;
use super::emulator::{Emulator, Size};
use crate::support::random::Random;

/// Brings a pane back to the beginning, whatever was begun.
pub const RESET: &[u8] = b"\x18\x1b\\\x1b[?1049l\x1bc\x1b[3J";

/// A stream of sequences, each whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub sequences: Vec<Vec<u8>>,
    /// Whether all of it is UTF-8: otherwise it can be followed exactly in binary only.
    pub text: bool,
}

/// Makes streams.
pub struct Generator {
    random: Random,
    dialect: Dialect,
    model: Emulator,
    made: Stream,
    /// First and last row that scroll.
    region: (usize, usize),
    /// With what the cursor was saved, if it was on this screen: whether G1 was current, and the designations.
    saved: Option<(bool, [u8; 2])>,
    /// Whether G1 is the current set.
    shifted: bool,
    /// The designations of G0 and G1, and those that the primary screen was left with.
    charsets: [u8; 2],
    left_with: [u8; 2],
    /// The columns of the tab stops.
    stops: BTreeSet<usize>,
}

impl Generator {
    pub fn new(seed: u64, dialect: Dialect, size: Size) -> Self {
        Self {
            random: Random::new(seed),
            dialect,
            model: Emulator::new(size),
            made: Stream {
                sequences: Vec::new(),
                text: true,
            },
            region: (0, size.rows - 1),
            saved: None,
            shifted: false,
            charsets: *b"BB",
            left_with: *b"BB",
            stops: (0..size.cols).step_by(8).collect(),
        }
    }

    /// A stream of so many sequences, some more or less.
    pub fn stream(mut self, sequences: usize) -> Stream {
        while self.made.sequences.len() < sequences {
            self.sequence();
        }
        self.made
    }

    fn sequence(&mut self) {
        match self.random.below(34) {
            0..=6 => self.text(),
            7 => self.wide_text(),
            8..=10 => self.pen(),
            11..=13 => self.place(),
            14 | 15 => self.motion(),
            16 => self.line_motion(),
            17 => self.controls(),
            18 | 19 => self.erase(),
            20 => self.erase_characters(),
            21 => self.insert_or_delete(),
            22 => self.lines(),
            23 => self.scroll(),
            24 => self.scroll_region(),
            25 => self.modes(),
            26 => self.charset(),
            27 => self.cursor_memory(),
            28 => self.screens(),
            29 => self.tabs(),
            30 => self.strings(),
            31 => self.combining(),
            32 => self.repeat(),
            _ => self.rare(),
        }
    }

    fn emit(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.model.write(bytes);
        self.made.sequences.push(bytes.to_vec());
    }

    fn number(&mut self, from: usize, to: usize) -> usize {
        from + self.random.below(to - from + 1)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len())]
    }

    fn size(&self) -> Size {
        self.model.size()
    }

    fn has(&self, mode: TermMode) -> bool {
        self.model.mode().contains(mode)
    }

    /// Whether the next character goes to the next line.
    fn pending(&self) -> bool {
        self.model.cursor().2
    }

    fn cell(&self, column: usize) -> &Cell {
        self.model.cell(column, self.model.cursor().1)
    }

    /// Whether a wide character of the cursor's row lies across the edge before a column.
    fn splits(&self, column: usize) -> bool {
        column < self.size().cols && self.cell(column).flags.contains(Flags::WIDE_CHAR_SPACER)
    }

    /// Whether this version's capture would not show how the cursor's row is shifted.
    fn row_is_tabbed(&self) -> bool {
        let row = 0..self.size().cols;
        self.dialect.captures_tabs() && row.into_iter().any(|column| self.cell(column).c == '\t')
    }

    /// Whether a column is within what a tabulator made, where this version's capture shows tabulators.
    fn is_in_tab(&self, column: usize, row: usize) -> bool {
        let reaches = |from: usize| {
            let next = self.stops.range(from + 1..).next();
            column < next.copied().unwrap_or_else(|| self.size().cols)
        };
        self.dialect.captures_tabs()
            && (0..=column).any(|from| self.model.cell(from, row).c == '\t' && reaches(from))
    }

    /// Whether a tabulator may do more than move: some versions take the colour from blanks, or shift with IRM.
    fn tab_takes_colours(&self) -> bool {
        let mut row = self.model.cursor().0..self.size().cols;
        let coloured = |cell: &Cell| matches!(cell.c, ' ' | '\t') && !blank(cell);
        self.dialect.captures_tabs()
            && (self.has(TermMode::INSERT) || row.any(|column| coloured(self.cell(column))))
    }

    fn template(&self) -> &Cell {
        self.model.template()
    }

    fn pen_has_background(&self) -> bool {
        self.template().bg != Color::Named(NamedColor::Background)
    }

    fn pen_is_plain(&self) -> bool {
        *self.template() == Cell::default()
    }

    /// Whether a character of this width can be written without meeting a difference.
    fn fits(&self, width: usize) -> bool {
        let (column, row, pending) = self.model.cursor();
        let wraps = self.has(TermMode::LINE_WRAP);
        let last = self.size().cols - 1;
        let scrolls = wraps && row == self.region.1 && self.pen_has_background();
        let (column, row) = match pending && wraps {
            true if scrolls => return false,
            true => (0, self.next_row()),
            false => (column, row),
        };
        if width == 2 && column == last {
            let blank = *self.model.cell(column, row) == Cell::default();
            return !wraps || (blank && self.pen_is_plain() && !scrolls && !pending);
        }
        let wide = |column| {
            column < self.size().cols
                && self
                    .model
                    .cell(column, row)
                    .flags
                    .contains(Flags::WIDE_CHAR_SPACER)
        };
        let shifted = self.has(TermMode::INSERT)
            && (wide(column) || wide(last + 1 - width) || self.row_is_tabbed() || pending);
        let halved = wide(column) && !self.dialect.mends_halves();
        let colours = wide(column + width) || wide(column);
        let tabbed = self.is_in_tab(column, row) || self.is_in_tab(column + width - 1, row);
        !halved && !shifted && !tabbed && (!colours || self.halves_are_plain(row))
    }

    /// Whether all wide characters of a row are as a fresh pen writes them.
    fn halves_are_plain(&self, row: usize) -> bool {
        (0..self.size().cols).all(|column| {
            let cell = self.model.cell(column, row);
            let wide = Flags::WIDE_CHAR | Flags::WIDE_CHAR_SPACER;
            !cell.flags.intersects(wide) || {
                let plain = Cell {
                    c: cell.c,
                    flags: cell.flags & wide,
                    ..Cell::default()
                };
                *cell == plain
            }
        })
    }

    fn next_row(&self) -> usize {
        let row = self.model.cursor().1;
        if row == self.region.1 || row == self.size().rows - 1 {
            row
        } else {
            row + 1
        }
    }
}

fn blank(cell: &Cell) -> bool {
    let plain = Cell {
        c: cell.c,
        ..Cell::default()
    };
    *cell == plain
}
