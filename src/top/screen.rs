//! What a pane shows, cell by cell: an emulator that reads the pane's bytes, and draws its cells.
//!
//! Nothing of the bytes goes anywhere else. The emulator is `alacritty_terminal`, since its screens equal tmux's in the
//! trials of exactness (docs/exactness.md). It answers nothing, and its memory is bounded: strings never reach it, and of
//! characters without width only so many do between two resets.

use std::time::Duration;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::{Dimensions, Scroll};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::{Color as Wanted, CursorShape, NamedColor, Processor, Timeout};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::theme::{Depth, Theme};
use crate::emulator::{FEWEST_COLUMNS, MOST_CELLS};
use crate::printable::acts_on_terminals;
use crate::without_strings::WithoutStrings;

/// Characters without width that are taken between two resets.
const MOST_MARKS: usize = 20_000;

/// Of one cell, so many are drawn.
const MOST_MARKS_SHOWN: usize = 4;

/// A pane's screen.
pub struct Screen {
    term: Term<VoidListener>,
    parser: Processor<Held>,
    strings: WithoutStrings,
    /// The beginning of a character.
    unfinished: Vec<u8>,
    marks: usize,
    size: Size,
}

/// How far a pane is scrolled back, and from which of its cells on it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The first row.
    pub top: u16,
    /// The first column.
    pub left: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    cols: usize,
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
        self.cols
    }
}

/// A synchronized update is held until it ends, or whoever has the clock ends it.
#[derive(Debug, Default)]
struct Held(bool);

impl Timeout for Held {
    fn set_timeout(&mut self, _: Duration) {
        self.0 = true;
    }

    fn clear_timeout(&mut self) {
        self.0 = false;
    }

    fn pending_timeout(&self) -> bool {
        self.0
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("size", &self.size).finish()
    }
}

impl Screen {
    /// An empty one that keeps so many lines of history; nothing if it is too large to be kept.
    #[must_use]
    pub fn new(cols: u32, rows: u32, history: usize) -> Option<Self> {
        if cols == 0 || rows == 0 || cols.checked_mul(rows)? > MOST_CELLS {
            return None;
        }
        let size = Size {
            cols: usize::try_from(cols).ok()?.max(FEWEST_COLUMNS),
            rows: usize::try_from(rows).ok()?,
        };
        let config = Config {
            scrolling_history: history,
            ..Config::default()
        };
        Some(Self {
            term: Term::new(config, &size, VoidListener),
            parser: Processor::new(),
            strings: WithoutStrings::default(),
            unfinished: Vec::new(),
            marks: 0,
            size,
        })
    }

    /// Reads on.
    pub fn read(&mut self, bytes: &[u8]) {
        let mut rest = std::mem::take(&mut self.unfinished);
        self.strings.read(bytes, &mut rest);
        if !rest.is_ascii() {
            self.unfinished = self.thin_out(&mut rest);
        }
        self.parser.advance(&mut self.term, &rest);
    }

    /// Whether a synchronized update has begun and not ended.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.parser.sync_timeout().pending_timeout()
    }

    /// Shows what a synchronized update has brought so far.
    pub fn release(&mut self) {
        self.parser.stop_sync(&mut self.term);
    }

    /// Whether so much came without width that some is left out until the next reset.
    #[must_use]
    pub fn is_worn(&self) -> bool {
        self.marks >= MOST_MARKS
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        let narrow = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        (narrow(self.size.cols), narrow(self.size.rows))
    }

    /// How many lines it is scrolled back.
    #[must_use]
    pub fn scrolled(&self) -> usize {
        self.term.grid().display_offset()
    }

    /// How many lines there are to scroll back.
    #[must_use]
    pub fn history(&self) -> usize {
        self.term.grid().history_size()
    }

    /// Whether a program shows a screen of its own, which has no history.
    #[must_use]
    pub fn is_alternate(&self) -> bool {
        self.term.mode().contains(TermMode::ALT_SCREEN)
    }

    /// Scrolls back, or forward. Stays at what is shown when more is printed.
    pub fn scroll(&mut self, lines: i32) {
        self.term.scroll_display(Scroll::Delta(lines));
    }

    /// Scrolls back to what shows now.
    pub fn follow(&mut self) {
        self.term.scroll_display(Scroll::Bottom);
    }

    /// The cursor's column and row on the screen, if it shows.
    #[must_use]
    pub fn cursor(&self) -> Option<(u16, u16)> {
        let shows = self.term.mode().contains(TermMode::SHOW_CURSOR)
            && self.term.cursor_style().shape != CursorShape::Hidden;
        let point = self.term.grid().cursor.point;
        let row = usize::try_from(point.line.0).ok()? + self.scrolled();
        let inside = shows && row < self.size.rows;
        inside.then_some((
            u16::try_from(point.column.0).ok()?,
            u16::try_from(row).ok()?,
        ))
    }

    /// The last row in which something stands, or the cursor.
    #[must_use]
    pub fn last_row(&self) -> u16 {
        let rows = 0..self.size.rows;
        let used = rows.rev().find(|row| !self.is_blank(*row)).unwrap_or(0);
        let used = u16::try_from(used).unwrap_or(u16::MAX);
        self.cursor().map_or(used, |(_, row)| used.max(row))
    }

    /// What the rows say, from the top, without blanks at their ends.
    pub fn rows(&self) -> impl Iterator<Item = String> {
        (0..self.size.rows).map(|row| {
            let cells = (0..self.size.cols).map(|column| self.cell(column, row));
            let shown = cells.filter(|cell| !is_spacer(cell));
            let text: String = shown.map(|cell| harmless(cell.c)).collect();
            text.trim_end().to_owned()
        })
    }

    /// About how many bytes took what is printed below the part that shows, and a line of that.
    #[must_use]
    pub fn text_bytes(&self) -> (u64, u64) {
        let rows = i32::try_from(self.size.rows).unwrap_or(i32::MAX);
        let scrolled = i32::try_from(self.scrolled()).unwrap_or(0);
        let length = |row: i32| {
            let row = &self.term.grid()[Line(row)];
            let cells = (0..self.size.cols).map(|column| row[Column(column)].c);
            let text: String = cells.collect();
            // With what ends the line.
            text.trim_end().len() as u64 + 2
        };
        let below: u64 = (rows - scrolled..rows).map(length).sum();
        let shown: u64 = (-scrolled..rows - scrolled).map(length).sum();
        (below, shown / self.size.rows as u64)
    }

    /// Draws the part of it that fits.
    pub fn draw(&self, view: View, area: Rect, buf: &mut Buffer, theme: Theme) {
        for y in 0..area.height {
            let row = usize::from(view.top) + usize::from(y);
            if row >= self.size.rows {
                return;
            }
            self.draw_row(row, view, (area, y), buf, theme);
        }
    }

    fn draw_row(
        &self,
        row: usize,
        view: View,
        (area, y): (Rect, u16),
        buf: &mut Buffer,
        theme: Theme,
    ) {
        let mut symbol = String::new();
        for x in 0..area.width {
            let column = usize::from(view.left) + usize::from(x);
            if column >= self.size.cols {
                return;
            }
            let cell = self.cell(column, row);
            let Some(place) = buf.cell_mut(Position::new(area.x + x, area.y + y)) else {
                return;
            };
            let is_wide = cell.flags.contains(Flags::WIDE_CHAR);
            symbol.clear();
            match (is_spacer(cell), is_wide) {
                // The second half of what stands before it, unless that is out of sight.
                (true, _) => symbol.push(' '),
                // Half of it would be cut off.
                (_, true) if x + 1 == area.width => symbol.push(' '),
                _ => push_symbol(cell, 1 + usize::from(is_wide), &mut symbol),
            }
            place.set_symbol(&symbol).set_style(style(cell, theme));
        }
    }

    /// Takes characters without width out where there were too many; returns the beginning of a character at the end.
    fn thin_out(&mut self, bytes: &mut Vec<u8>) -> Vec<u8> {
        let end = whole(bytes);
        let unfinished = bytes.split_off(end);
        let is_mark = |c: char| c.width() == Some(0);
        let chunks = bytes.utf8_chunks();
        let marks = chunks.flat_map(|chunk| chunk.valid().chars());
        let marks = marks.filter(|c| is_mark(*c)).count();
        if self.marks + marks >= MOST_MARKS {
            let text = String::from_utf8_lossy(bytes);
            let thin: String = text.chars().filter(|c| !is_mark(*c)).collect();
            *bytes = thin.into_bytes();
            self.marks = MOST_MARKS;
        } else {
            self.marks += marks;
        }
        unfinished
    }

    fn is_blank(&self, row: usize) -> bool {
        let mut cells = (0..self.size.cols).map(|column| self.cell(column, row));
        cells.all(|cell| matches!(cell.c, ' ' | '\t') && cell.bg == Cell::default().bg)
    }

    /// A cell of what is shown, scrolled back as it is.
    fn cell(&self, column: usize, row: usize) -> &Cell {
        let row = i32::try_from(row).unwrap_or(i32::MAX);
        let scrolled = i32::try_from(self.scrolled()).unwrap_or(i32::MAX);
        &self.term.grid()[Line(row.saturating_sub(scrolled))][Column(column)]
    }
}

/// Where the last whole character ends, as far as a character has begun behind it.
fn whole(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let lead = bytes[tail..].iter().rposition(|byte| *byte >= 0xc0);
    match lead.map(|lead| tail + lead) {
        Some(lead) => {
            let needs = match bytes[lead] {
                0xf0.. => 4,
                0xe0.. => 3,
                _ => 2,
            };
            let continues = bytes[lead + 1..].iter().all(|byte| byte & 0xc0 == 0x80);
            let is_cut = continues && bytes.len() - lead < needs;
            if is_cut { lead } else { bytes.len() }
        }
        None => bytes.len(),
    }
}

fn is_spacer(cell: &Cell) -> bool {
    let spacers = Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER;
    cell.flags.intersects(spacers)
}

/// The character, or a sign in the place of one that acts on terminals.
fn harmless(c: char) -> char {
    match c {
        '\t' | '\0' => ' ',
        c if acts_on_terminals(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// What is drawn in a cell: nothing that is wider or narrower than the cell is.
fn push_symbol(cell: &Cell, width: usize, symbol: &mut String) {
    let base = harmless(cell.c);
    if base.width() != Some(width) {
        symbol.extend(std::iter::repeat_n('?', width));
        return;
    }
    symbol.push(base);
    // Joiners and variation selectors would make others of what stands beside it.
    let draws = |c: &&char| {
        let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
        c.width() == Some(0) && !joins && !acts_on_terminals(**c)
    };
    let marks = cell.zerowidth().unwrap_or_default().iter();
    symbol.extend(marks.filter(draws).take(MOST_MARKS_SHOWN));
    if symbol.width() != width {
        symbol.clear();
        symbol.push(base);
    }
}

fn style(cell: &Cell, theme: Theme) -> Style {
    let modifiers = [
        (Flags::BOLD, Modifier::BOLD),
        (Flags::DIM, Modifier::DIM),
        (Flags::ITALIC, Modifier::ITALIC),
        (Flags::INVERSE, Modifier::REVERSED),
        (Flags::STRIKEOUT, Modifier::CROSSED_OUT),
    ];
    let mut modifier = Modifier::empty();
    for (_, one) in modifiers
        .iter()
        .filter(|(flag, _)| cell.flags.contains(*flag))
    {
        modifier |= *one;
    }
    if cell.flags.intersects(Flags::ALL_UNDERLINES) {
        modifier |= Modifier::UNDERLINED;
    }
    let (fg, bg) = (
        theme.nearest(colour(cell.fg)),
        theme.nearest(colour(cell.bg)),
    );
    // What differs by its ground alone is still to be seen.
    if theme.depth == Depth::None && colour(cell.bg) != Color::Reset {
        modifier.toggle(Modifier::REVERSED);
    }
    Style::new().fg(fg).bg(bg).add_modifier(modifier)
}

fn colour(wanted: Wanted) -> Color {
    match wanted {
        Wanted::Spec(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
        Wanted::Indexed(index) => Color::Indexed(index),
        Wanted::Named(named) => match named as usize {
            index @ 0..16 => u8::try_from(index).map_or(Color::Reset, Color::Indexed),
            dim if (NamedColor::DimBlack as usize..=NamedColor::DimWhite as usize)
                .contains(&dim) =>
            {
                let index = dim - NamedColor::DimBlack as usize;
                u8::try_from(index).map_or(Color::Reset, Color::Indexed)
            }
            _ => Color::Reset,
        },
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
