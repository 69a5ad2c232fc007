//! A terminal that is fed with a recording: which lines went off its top, and what it shows in the end.
//!
//! The lines right above the screen are kept for a while, since a screen that grows takes them back, as tmux's does.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::{Dimensions, GridCell};
use alacritty_terminal::index::{Column, Line as Row};
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::Processor;
use memchr::memmem;

use super::line::Line;
use super::sieve::{Drawing, Sieve};
use super::{ExportError, Size};
use crate::emulator::{AtOnce, FEWEST_COLUMNS, MOST_CELLS};

/// How many cells the lines above the screen may take, and how many lines they are at most.
const CELLS_ABOVE: usize = 100_000;
const MOST_ABOVE: usize = 400;

/// The repetition of a character.
const REPEAT: u8 = b'b';

/// A terminal.
pub(super) struct Terminal {
    term: Term<VoidListener>,
    parser: Processor<AtOnce>,
    sieve: Sieve,
    size: Size,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Terminal")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }

    fn columns(&self) -> usize {
        usize::try_from(self.cols)
            .unwrap_or(usize::MAX)
            .max(FEWEST_COLUMNS)
    }
}

/// What takes the lines that have gone off the top.
pub(super) trait Gone {
    /// Takes one.
    fn line(&mut self, line: Line);
}

impl<F: FnMut(Line)> Gone for F {
    fn line(&mut self, line: Line) {
        self(line);
    }
}

impl Terminal {
    /// A terminal on which nothing was printed.
    ///
    /// # Errors
    /// It is too large.
    pub(super) fn new(size: Size) -> Result<Self, ExportError> {
        check(size)?;
        let config = Config {
            scrolling_history: room(size),
            ..Config::default()
        };
        Ok(Self {
            term: Term::new(config, &size, VoidListener),
            parser: Processor::new(),
            sieve: Sieve::default(),
            size,
        })
    }

    /// Reads what the pane printed.
    pub(super) fn print(&mut self, bytes: &[u8], gone: &mut impl Gone) {
        let mut drawing = Drawing::default();
        self.sieve.read(bytes, &mut drawing);
        let mut from = 0;
        for clear in drawing.clears {
            self.draw(&drawing.text[from..clear], gone);
            if drawing.text[clear..].starts_with("\x1bc") {
                self.clear_screen(gone);
            }
            self.take_above(0, gone);
            from = clear;
        }
        self.draw(&drawing.text[from..], gone);
    }

    /// Shows a screen that is known as a whole, which follows on what was shown.
    ///
    /// # Errors
    /// It is too large.
    pub(super) fn show(
        &mut self,
        size: Size,
        replay: &[u8],
        gone: &mut impl Gone,
    ) -> Result<(), ExportError> {
        self.resize(size, gone)?;
        self.take_above(0, gone);
        self.sieve = Sieve::default();
        let mut drawing = Drawing::default();
        self.sieve.read(replay, &mut drawing);
        self.draw("\x1bc", gone);
        self.draw(&drawing.text, gone);
        Ok(())
    }

    /// The pane has another size.
    ///
    /// # Errors
    /// It is too large.
    pub(super) fn resize(&mut self, size: Size, gone: &mut impl Gone) -> Result<(), ExportError> {
        check(size)?;
        if size == self.size {
            return Ok(());
        }
        // Narrower rows are more of them: none must be lost before it is taken.
        let parts = self.size.columns().div_ceil(size.columns()) + 1;
        let rows = self.term.grid().history_size() + self.size.screen_lines();
        self.on_primary(|terminal| terminal.keep(rows * parts + room(size)));
        self.term.resize(size);
        self.size = size;
        self.on_primary(|terminal| {
            terminal.take_above(above(size), gone);
            terminal.keep(room(size));
        });
        Ok(())
    }

    /// Takes all lines: those above the screen and those of the primary screen up to its last.
    /// Returns those of the alternate screen, if it shows.
    pub(super) fn end(&mut self, gone: &mut impl Gone) -> Option<Vec<Line>> {
        let mut drawing = Drawing::default();
        self.sieve.end(&mut drawing);
        self.draw(&drawing.text, gone);
        let alternate = self.is_alternate().then(|| self.screen());
        if alternate.is_some() {
            self.term.swap_alt();
        }
        self.take_above(0, gone);
        let primary = without_empty_end(self.screen());
        primary.into_iter().for_each(|line| gone.line(line));
        alternate.map(without_empty_end)
    }

    /// What shows, each row.
    pub(super) fn screen(&self) -> Vec<Line> {
        let rows = 0..i32::try_from(self.size.rows).unwrap_or(0);
        rows.map(|row| self.line(row)).collect()
    }

    fn is_alternate(&self) -> bool {
        self.term.mode().contains(TermMode::ALT_SCREEN)
    }

    /// Does something with the primary screen, which alone has lines above it.
    fn on_primary(&mut self, act: impl FnOnce(&mut Self)) {
        if !self.is_alternate() {
            return act(self);
        }
        // Swapping clears the alternate screen, and leaves the primary one as it is.
        let alternate = self.term.grid().clone();
        self.term.swap_alt();
        act(self);
        self.term.swap_alt();
        *self.term.grid_mut() = alternate;
    }

    /// Draws text and sequences, never more at once than lines fit above the screen.
    fn draw(&mut self, text: &str, gone: &mut impl Gone) {
        let most = above(self.size);
        for part in parts(text.as_bytes()) {
            for piece in part.chunks(most) {
                self.draw_piece(piece);
                if self.term.grid().history_size() > 2 * most {
                    self.take_above(most, gone);
                }
            }
        }
    }

    fn draw_piece(&mut self, piece: &[u8]) {
        match piece {
            [0x1b, b'[', count @ .., REPEAT] => {
                // tmux repeats up to the end of the row, and emulators as often as they are told to.
                let cursor = &self.term.grid().cursor;
                let room = self.size.columns() - cursor.point.column.0;
                let room = room - usize::from(cursor.input_needs_wrap);
                let count = std::str::from_utf8(count).unwrap_or_default();
                let count = count.parse().unwrap_or(1).max(1).min(room);
                if count > 0 {
                    let repeat = format!("\x1b[{count}b");
                    self.parser.advance(&mut self.term, repeat.as_bytes());
                }
            }
            // The emulator knows one way to the alternate screen.
            [0x1b, b'[', b'?', b'4', b'7', last]
            | [0x1b, b'[', b'?', b'1', b'0', b'4', b'7', last] => {
                let swap = [b"\x1b[?1049", &[*last][..]].concat();
                self.parser.advance(&mut self.term, &swap);
            }
            // An empty screen leaves no line above it; the emulator's would leave one.
            [0x1b, b'[', b'2', b'J'] if self.is_empty() => self.term.grid_mut().reset_region(..),
            _ => self.parser.advance(&mut self.term, piece),
        }
    }

    fn is_empty(&self) -> bool {
        let rows = 0..i32::try_from(self.size.rows).unwrap_or(0);
        let grid = self.term.grid();
        let mut cells = rows.flat_map(|row| &grid[Row(row)][..]);
        cells.all(GridCell::is_empty)
    }

    /// A reset leaves what showed above the screen, as it does in tmux.
    fn clear_screen(&mut self, gone: &mut impl Gone) {
        if self.is_alternate() {
            self.term.swap_alt();
        }
        self.draw("\x1b[m\x1b[r\x1b[2J", gone);
    }

    /// Gives all lines above the screen to whoever takes them but the last `left`.
    fn take_above(&mut self, left: usize, gone: &mut impl Gone) {
        let grid = self.term.grid();
        let size = grid.history_size();
        if size <= left {
            return;
        }
        for above in (left + 1..=size).rev() {
            gone.line(self.line(-i32::try_from(above).unwrap_or(0)));
        }
        self.keep(left);
        self.keep(room(self.size));
    }

    /// Keeps at most so many lines above the screen from now on.
    fn keep(&mut self, lines: usize) {
        self.term.grid_mut().update_history(lines);
    }

    fn line(&self, row: i32) -> Line {
        let row = &self.term.grid()[Row(row)];
        Line::of((0..self.size.columns()).map(|column| &row[Column(column)]))
    }
}

fn check(size: Size) -> Result<(), ExportError> {
    let cells = size.columns().saturating_mul(size.screen_lines());
    match cells {
        _ if size.cols == 0 || size.rows == 0 => Err(ExportError::Empty(size)),
        _ if cells <= MOST_CELLS as usize => Ok(()),
        _ => Err(ExportError::TooLarge(size)),
    }
}

/// How many lines above the screen are kept for when it grows.
fn above(size: Size) -> usize {
    (CELLS_ABOVE / size.columns()).clamp(16, MOST_ABOVE)
}

/// How many may be there for a moment: those that are kept, twice, what a piece of text or one sequence adds.
fn room(size: Size) -> usize {
    3 * above(size) + size.screen_lines()
}

/// Each part is one sequence, or text.
fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = match rest.strip_prefix(b"\x1b") {
            Some(sequence) => 1 + length(sequence),
            None => memchr::memchr(0x1b, rest).unwrap_or(rest.len()),
        };
        let (part, behind) = rest.split_at(end.min(rest.len()));
        rest = behind;
        Some(part)
    })
}

/// How long a sequence is behind its ESC, of those that the sieve passes on.
fn length(sequence: &[u8]) -> usize {
    match sequence.first() {
        Some(b'[') => {
            let last = sequence[1..]
                .iter()
                .position(|byte| matches!(byte, 0x40..=0x7e));
            last.map_or(sequence.len(), |last| last + 2)
        }
        Some(b']') => memmem::find(sequence, b"\x1b\\").map_or(sequence.len(), |end| end + 2),
        Some(b'(' | b')' | b'#') => 2,
        _ => 1,
    }
}

/// The rows up to the last that has something.
pub(super) fn without_empty_end(mut lines: Vec<Line>) -> Vec<Line> {
    let last = lines.iter().rposition(|line| !line.runs.is_empty());
    lines.truncate(last.map_or(0, |last| last + 1));
    lines
}
