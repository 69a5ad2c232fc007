//! A terminal emulator that is not ours, to see what bytes do to it.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::Processor;

/// A terminal of a fixed size.
pub struct Terminal {
    term: Term<VoidListener>,
    parser: Processor,
}

struct Size {
    columns: usize,
    rows: usize,
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows
    }

    fn screen_lines(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }
}

impl Terminal {
    /// A fresh one.
    pub fn new(columns: u32, rows: u32) -> Self {
        let size = Size {
            columns: columns as usize,
            rows: rows as usize,
        };
        Self {
            term: Term::new(Config::default(), &size, VoidListener),
            parser: Processor::new(),
        }
    }

    /// Takes bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    /// The visible lines as text, without blanks at their ends.
    pub fn text(&self) -> Vec<String> {
        self.rows(0).map(|line| self.line_text(line)).collect()
    }

    /// All that is seen: each cell with its looks, line by line, with so many lines of scrollback before them.
    pub fn looks(&self, scrollback: usize) -> Vec<String> {
        self.rows(scrollback)
            .map(|line| self.line_looks(line))
            .collect()
    }

    /// The cursor's column and row; its column is one more than there are while the next character wraps.
    pub fn cursor(&self) -> (u32, u32) {
        let cursor = &self.term.grid().cursor;
        let wraps = cursor.input_needs_wrap && self.term.mode().contains(TermMode::LINE_WRAP);
        let column = cursor.point.column.0 + usize::from(wraps);
        (column as u32, cursor.point.line.0 as u32)
    }

    /// What the next character looks like and does, the modes, and the scroll region's effect aside.
    pub fn state(&self) -> String {
        let cursor = &self.term.grid().cursor;
        let modes = self
            .term
            .mode()
            .difference(TermMode::VI | TermMode::URGENCY_HINTS);
        format!(
            "{} {modes:?} {:?}",
            looks(&cursor.template),
            self.term.cursor_style()
        )
    }

    fn rows(&self, scrollback: usize) -> impl Iterator<Item = Line> {
        let grid = self.term.grid();
        let history = grid.total_lines() - grid.screen_lines();
        let first = -(scrollback.min(history) as i32);
        (first..grid.screen_lines() as i32).map(Line)
    }

    fn line_text(&self, line: Line) -> String {
        let row = &self.term.grid()[line];
        let cells = (0..self.term.columns()).map(|column| &row[Column(column)]);
        let shown = cells.filter(|cell| !cell.flags.contains(Flags::WIDE_CHAR_SPACER));
        let text: String = shown
            .flat_map(|cell| {
                std::iter::once(cell.c).chain(cell.zerowidth().unwrap_or_default().iter().copied())
            })
            .collect();
        text.trim_end().to_owned()
    }

    fn line_looks(&self, line: Line) -> String {
        let row = &self.term.grid()[line];
        let cells: Vec<String> = (0..self.term.columns())
            .map(|column| looks(&row[Column(column)]))
            .collect();
        let blank = looks(&Cell::default());
        let end = cells
            .iter()
            .rposition(|cell| *cell != blank)
            .map_or(0, |last| last + 1);
        cells[..end].concat()
    }
}

/// A cell, short for one without any attribute.
fn looks(cell: &Cell) -> String {
    let own = Flags::WRAPLINE | Flags::LEADING_WIDE_CHAR_SPACER;
    let flags = cell.flags.difference(own);
    let c = if cell.c == '\t' { ' ' } else { cell.c };
    let blank = Cell::default();
    let plain =
        cell.fg == blank.fg && cell.bg == blank.bg && flags.is_empty() && cell.extra.is_none();
    if plain {
        return c.to_string();
    }
    let (fg, bg) = (cell.fg, cell.bg);
    let link = cell.hyperlink().map(|link| link.uri().to_owned());
    format!(
        "<{c}{:?} {fg:?} {bg:?} {flags:?} {:?} {link:?}>",
        cell.zerowidth(),
        cell.underline_color()
    )
}
