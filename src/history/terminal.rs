//! A terminal that reads a pane's bytes: what stood on the screen at any moment, and which lines went off its top.
//!
//! The emulator is the one that the tests of exactness hold muxwire against (docs/exactness.md). What tmux tracks and no
//! emulator gives out is read by the tracker of `screen` beside it.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::{Dimensions, Grid};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::{Handler as _, NamedPrivateMode, Processor};
use bytes::Bytes;
use unicode_width::UnicodeWidthChar as _;

use super::strings::StringFilter;
use super::styled::Pen;
use crate::emulator::{AtOnce, FEWEST_COLUMNS, MOST_CELLS};
use crate::ids::PaneId;
use crate::screen::{Alternate, Emulated, Modes, Mouse, PaneSnapshot, ScrollRegion, Tracker};

/// How many bytes are read at once at most, so that all lines that go off the screen are still there to be taken.
const PIECE: usize = 2048;

/// The most cells of the lines that may go off the screen within a piece.
const CELLS_ABOVE: usize = 400_000;

/// The most characters without width in a cell.
const MOST_MARKS: usize = 16;

/// A terminal of one pane.
pub(super) struct Terminal {
    term: Term<VoidListener>,
    parser: Processor<AtOnce>,
    tracker: Tracker,
    strings: StringFilter,
    size: Size,
    passed: Vec<u8>,
    /// The beginning of a sequence, as far as it is bounded.
    begun: Vec<u8>,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Terminal")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    cols: u32,
    rows: u32,
}

impl Size {
    /// Of a pane, if its screen can be kept.
    pub(super) fn new(cols: u32, rows: u32) -> Option<Self> {
        let cells = cols.checked_mul(rows)?;
        (cells > 0 && cells <= MOST_CELLS).then_some(Self { cols, rows })
    }

    /// How many bytes are read at once: fewer where rows are wide, since each may bring a line.
    fn piece(self) -> usize {
        (CELLS_ABOVE / self.columns()).clamp(16, PIECE)
    }
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows as usize
    }

    fn screen_lines(&self) -> usize {
        self.rows as usize
    }

    fn columns(&self) -> usize {
        (self.cols as usize).max(FEWEST_COLUMNS)
    }
}

/// The screen of a pane that has printed nothing.
#[must_use]
pub fn blank(pane: PaneId, cols: u32, rows: u32) -> PaneSnapshot {
    let size = Size::new(cols, rows).unwrap_or(Size { cols: 80, rows: 24 });
    Terminal::new(size).snapshot(pane, 0, true)
}

impl Terminal {
    /// A terminal on which nothing was printed.
    pub(super) fn new(size: Size) -> Self {
        let config = Config {
            scrolling_history: size.piece() + 1,
            ..Config::default()
        };
        Self {
            term: Term::new(config, &size, VoidListener),
            parser: Processor::new(),
            tracker: Tracker::from_start(),
            strings: StringFilter::default(),
            size,
            passed: Vec::new(),
            begun: Vec::new(),
        }
    }

    /// A terminal that was brought into some state.
    pub(super) fn replayed(size: Size, replay: &[u8]) -> Self {
        let mut terminal = Self::new(size);
        terminal.feed(replay, |_| {});
        terminal
    }

    /// Reads what the pane printed. Calls `off` with the terminal each time that lines may have gone off its top.
    pub(super) fn feed(&mut self, bytes: &[u8], mut off: impl FnMut(&mut Self)) {
        for piece in bytes.chunks(self.size.piece()) {
            self.tracker.feed(piece);
            self.note_begun(piece);
            let mut passed = std::mem::take(&mut self.passed);
            passed.clear();
            self.strings.pass(piece, &mut passed);
            self.parser.advance(&mut self.term, &passed);
            if may_hold_marks(&passed) {
                self.drop_marks();
            }
            self.passed = passed;
            if self.term.grid().history_size() > 0 {
                off(self);
                self.term.grid_mut().clear_history();
            }
        }
    }

    /// Leaves each cell of the screen so many characters without width: the emulator takes any number of them.
    fn drop_marks(&mut self) {
        let columns = self.size.columns();
        for line in 0..i32::try_from(self.size.rows).unwrap_or(0) {
            let row = &mut self.term.grid_mut()[Line(line)];
            for column in 0..columns {
                let cell = &mut row[Column(column)];
                let marks = cell.zerowidth().unwrap_or_default();
                if marks.len() > MOST_MARKS {
                    let kept = marks[..MOST_MARKS].to_vec();
                    let (link, underline) = (cell.hyperlink(), cell.underline_color());
                    cell.extra = None;
                    cell.set_hyperlink(link);
                    cell.set_underline_color(underline);
                    kept.into_iter().for_each(|mark| cell.push_zerowidth(mark));
                }
            }
        }
    }

    fn note_begun(&mut self, piece: &[u8]) {
        if self.tracker.is_ground() {
            self.begun.clear();
            return;
        }
        if let Some(escape) = memchr::memrchr(0x1b, piece) {
            self.begun.clear();
            self.begun.extend_from_slice(&piece[escape..]);
        } else if self.begun.len() < PIECE {
            self.begun.extend_from_slice(piece);
        }
    }

    /// Whether no sequence is unfinished.
    pub(super) fn is_ground(&self) -> bool {
        self.tracker.is_ground()
    }

    /// The pane has another size.
    pub(super) fn resize(&mut self, size: Size) {
        self.tracker.resized(size.cols != self.size.cols);
        let config = Config {
            scrolling_history: size.piece() + 1,
            ..Config::default()
        };
        self.term.set_options(config);
        self.term.resize(size);
        self.term.grid_mut().clear_history();
        self.size = size;
    }

    /// Whether the alternate screen shows.
    pub(super) fn is_alternate(&self) -> bool {
        self.term.mode().contains(TermMode::ALT_SCREEN)
    }

    /// How many lines have gone off the top since they were taken last.
    pub(super) fn gone(&self) -> usize {
        self.term.grid().history_size()
    }

    /// The text of a line that has gone, 0 being the first that went, and whether it goes on in the next one.
    pub(super) fn gone_line(&self, index: usize) -> (String, bool) {
        let above = self.gone().saturating_sub(index);
        self.text(-i32::try_from(above).unwrap_or(0))
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.size.rows as usize
    }

    /// The row of the cursor.
    pub(super) fn cursor_row(&self) -> usize {
        usize::try_from(self.term.grid().cursor.point.line.0).unwrap_or(0)
    }

    /// The text of a row of the screen, and whether it goes on in the next one.
    pub(super) fn row(&self, row: usize) -> (String, bool) {
        self.text(i32::try_from(row).unwrap_or(0))
    }

    fn text(&self, line: i32) -> (String, bool) {
        let mut text = String::new();
        let mut wraps = false;
        for cell in cells(self.term.grid(), line, self.size) {
            wraps = cell.flags.contains(Flags::WRAPLINE);
            if cell
                .flags
                .intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER)
            {
                continue;
            }
            text.push(if cell.c == '\t' { ' ' } else { cell.c });
            text.extend(cell.zerowidth().unwrap_or_default());
        }
        text.truncate(text.trim_end_matches(' ').len());
        (text, wraps)
    }

    /// What the pane shows, as `screen` gives it of a capture.
    pub(super) fn snapshot(&mut self, pane: PaneId, offset: u64, exact: bool) -> PaneSnapshot {
        let (x, y) = place(self.term.grid(), self.size);
        let shown = lines(self.term.grid(), self.size);
        let (primary, alternate) = match self.is_alternate() {
            true => {
                let (primary, saved) = self.behind();
                let saved = Some(saved);
                (
                    primary,
                    Some(Alternate {
                        lines: shown,
                        saved,
                    }),
                )
            }
            false => (shown, None),
        };
        let mode = *self.term.mode();
        let emulated = Emulated {
            pane,
            offset,
            exact,
            size: (self.size.cols, self.size.rows),
            primary,
            alternate,
            cursor: (x, y, mode.contains(TermMode::SHOW_CURSOR)),
            modes: modes(mode),
            tabs: self.tabs(),
            scroll_region: self.scroll_region(),
            sequence: self.begun.clone().into(),
        };
        PaneSnapshot::emulated(emulated, &self.tracker)
    }

    /// The tab stops, as moving the cursor to them shows.
    fn tabs(&mut self) -> Vec<u32> {
        let cursor = self.term.grid().cursor.clone();
        let mut tabs = Vec::new();
        self.term.grid_mut().cursor.point.column = Column(0);
        loop {
            let before = self.term.grid().cursor.point.column;
            self.term.move_forward_tabs(1);
            let column = self.term.grid().cursor.point.column;
            let last = column.0 + 1 >= self.size.columns();
            if column == before || last {
                break;
            }
            tabs.extend(u32::try_from(column.0));
        }
        self.term.grid_mut().cursor = cursor;
        tabs
    }

    /// The rows that scroll, as the cursor shows where rows count from their top.
    fn scroll_region(&mut self) -> ScrollRegion {
        let cursor = self.term.grid().cursor.clone();
        let had = self.term.mode().contains(TermMode::ORIGIN);
        self.term.set_private_mode(NamedPrivateMode::Origin.into());
        self.term.goto(0, 0);
        let row = |term: &Term<_>| u32::try_from(term.grid().cursor.point.line.0).unwrap_or(0);
        let top = row(&self.term);
        self.term
            .goto(i32::try_from(self.size.rows).unwrap_or(0), 0);
        let bottom = row(&self.term);
        if !had {
            self.term
                .unset_private_mode(NamedPrivateMode::Origin.into());
        }
        self.term.grid_mut().cursor = cursor;
        ScrollRegion { top, bottom }
    }

    /// The primary screen while the other one shows, and where its cursor was left.
    fn behind(&mut self) -> (Vec<Bytes>, (u32, u32)) {
        // Swapping clears the alternate screen, and leaves the primary one as it is.
        let alternate = self.term.grid().clone();
        self.term.swap_alt();
        let primary = lines(self.term.grid(), self.size);
        let saved = place(self.term.grid(), self.size);
        self.term.swap_alt();
        *self.term.grid_mut() = alternate;
        (primary, saved)
    }
}

/// The column and row of the cursor; the number of columns if the next character goes to the next line.
fn place(grid: &Grid<Cell>, size: Size) -> (u32, u32) {
    let cursor = &grid.cursor;
    let column = u32::try_from(cursor.point.column.0).unwrap_or(0);
    let row = u32::try_from(cursor.point.line.0).unwrap_or(0);
    let column = column + u32::from(cursor.input_needs_wrap);
    (column.min(size.cols), row.min(size.rows.saturating_sub(1)))
}

fn cells(grid: &Grid<Cell>, line: i32, size: Size) -> impl Iterator<Item = &Cell> {
    let row = &grid[Line(line)];
    (0..size.cols as usize).map(move |column| &row[Column(column)])
}

/// Whether characters without width may be among these bytes. A character that is cut counts as one.
fn may_hold_marks(bytes: &[u8]) -> bool {
    let has_no_width = |c: char| c == char::REPLACEMENT_CHARACTER || c.width() == Some(0);
    !bytes.is_ascii() && String::from_utf8_lossy(bytes).chars().any(has_no_width)
}

fn lines(grid: &Grid<Cell>, size: Size) -> Vec<Bytes> {
    let rows = 0..i32::try_from(size.rows).unwrap_or(0);
    rows.map(|line| styled(cells(grid, line, size))).collect()
}

/// A line as text with SGR sequences and links, all ended within it. Blanks at its end that look like nothing are left out.
fn styled<'a>(cells: impl Iterator<Item = &'a Cell>) -> Bytes {
    let mut out = Vec::new();
    let mut solid = 0;
    let (mut pen, mut solid_pen) = (Pen::default(), Pen::default());
    for cell in cells {
        if cell
            .flags
            .intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER)
        {
            continue;
        }
        pen.become_that_of(cell, &mut out);
        let mut buffer = [0; 4];
        let shown = if cell.c == '\t' { ' ' } else { cell.c };
        out.extend_from_slice(shown.encode_utf8(&mut buffer).as_bytes());
        for mark in cell.zerowidth().unwrap_or_default() {
            out.extend_from_slice(mark.encode_utf8(&mut buffer).as_bytes());
        }
        let is_nothing = shown == ' ' && cell.zerowidth().is_none() && pen.is_invisible();
        if !is_nothing {
            solid = out.len();
            solid_pen.clone_from(&pen);
        }
    }
    out.truncate(solid);
    solid_pen.end(&mut out);
    out.into()
}

fn modes(mode: TermMode) -> Modes {
    let has = |wanted| mode.contains(wanted);
    let mouse = match () {
        () if has(TermMode::MOUSE_MOTION) => Mouse::All,
        () if has(TermMode::MOUSE_DRAG) => Mouse::Button,
        () if has(TermMode::MOUSE_REPORT_CLICK) => Mouse::Standard,
        () => Mouse::Off,
    };
    Modes {
        insert: has(TermMode::INSERT),
        wrap: has(TermMode::LINE_WRAP),
        origin: has(TermMode::ORIGIN),
        keypad: has(TermMode::APP_KEYPAD),
        cursor_keys: has(TermMode::APP_CURSOR),
        mouse,
        mouse_utf8: has(TermMode::UTF8_MOUSE),
        mouse_sgr: has(TermMode::SGR_MOUSE),
        bracketed_paste: has(TermMode::BRACKETED_PASTE),
        focus_events: has(TermMode::FOCUS_IN_OUT),
        ..Modes::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn terminal(cols: u32, rows: u32) -> Terminal {
        Terminal::new(Size::new(cols, rows).unwrap())
    }

    fn first_row(terminal: &Terminal) -> String {
        terminal.row(0).0
    }

    #[test]
    fn regression_a_wide_character_in_a_pane_of_one_column_ends_nothing() {
        let mut terminal = terminal(1, 3);
        terminal.feed("\u{65e5}\u{672c}a\r\nb".as_bytes(), |_| {});
        terminal.resize(Size::new(2, 3).unwrap());
        terminal.feed("\u{65e5}".as_bytes(), |_| {});
        terminal.resize(Size::new(1, 3).unwrap());
        terminal.feed("\u{65e5}c".as_bytes(), |_| {});
        let snapshot = terminal.snapshot(PaneId(0), 0, true);
        assert_eq!(snapshot.cols, 1);
    }

    #[test]
    fn regression_a_cell_keeps_a_bounded_number_of_marks() {
        let mut terminal = terminal(20, 3);
        terminal.feed(b"e", |_| {});
        // At one go, cut anywhere, and each time behind a motion.
        terminal.feed("\u{301}".repeat(5000).as_bytes(), |_| {});
        for byte in "\u{301}".repeat(100).bytes() {
            terminal.feed(&[byte], |_| {});
        }
        for _ in 0..100 {
            terminal.feed("\x1b[1;2H\u{301}\x1b[3;1H".as_bytes(), |_| {});
        }
        assert_eq!(
            first_row(&terminal),
            format!("e{}", "\u{301}".repeat(MOST_MARKS))
        );
    }

    #[test]
    fn regression_wide_rows_are_read_in_small_pieces_and_no_line_is_lost() {
        for cols in [80, 1_000, 10_000] {
            let mut terminal = terminal(cols, 3);
            let most = terminal.size.piece() * terminal.size.columns();
            assert!(most <= CELLS_ABOVE, "{cols} columns: {most} cells");
            let text: String = (0..5_000).map(|line| format!("{line}\r\n")).collect();
            let mut gone = Vec::new();
            terminal.feed(text.as_bytes(), |terminal| {
                gone.extend((0..terminal.gone()).map(|line| terminal.gone_line(line).0));
            });
            let expected: Vec<String> = (0..4_998).map(|line| line.to_string()).collect();
            assert_eq!(gone, expected, "{cols} columns");
        }
    }
}
