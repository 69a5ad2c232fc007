//! The screen of a pane, as a terminal emulator shows it that reads the pane's bytes.
//!
//! It keeps no scrollback and no colours: what has scrolled away says nothing of what an agent does now. Its memory is
//! bounded by the size of the pane, of which it takes up to [`MOST_CELLS`].

use std::ops::Range;
use std::str;

use avt::{Cell, Line, Observation, Observer, Terminal};
use unicode_width::UnicodeWidthChar;

/// The most cells of a pane whose screen is kept: 600 by 400. A cell takes 20 bytes, on each of two screens.
pub const MOST_CELLS: u32 = 240_000;

/// A pane's screen.
pub(super) struct Display {
    /// The rows from the top, as they were when they were asked for last.
    lines: Vec<String>,
    dirty: Dirty,
    /// Absent where a pane is larger than what is kept: nothing is seen there.
    terminal: Option<Terminal>,
    /// The beginning of a character.
    unfinished: Vec<u8>,
}

impl std::fmt::Debug for Display {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.terminal.as_ref().map(Terminal::size);
        formatter
            .debug_struct("Display")
            .field("size", &size)
            .finish()
    }
}

impl Display {
    /// An empty screen.
    pub(super) fn new(cols: u16, rows: u16) -> Self {
        let cells = u32::from(cols) * u32::from(rows);
        let bounded = cells <= MOST_CELLS;
        let terminal = bounded.then(|| Terminal::new(usize::from(cols), usize::from(rows)).ok());
        Self {
            lines: Vec::new(),
            dirty: Dirty::default(),
            terminal: terminal.flatten(),
            unfinished: Vec::new(),
        }
    }

    /// Reads bytes that the scanner has passed on.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        if self.unfinished.is_empty() {
            self.unfinished = feed_whole(terminal, &mut self.dirty, bytes);
        } else {
            self.unfinished.extend_from_slice(bytes);
            self.unfinished = feed_whole(terminal, &mut self.dirty, &self.unfinished);
        }
    }

    /// The pane has another size.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        let cells = u32::from(cols) * u32::from(rows);
        match &mut self.terminal {
            Some(terminal) if cells <= MOST_CELLS && cells > 0 => {
                terminal.resize(usize::from(cols), usize::from(rows));
                self.lines.clear();
            }
            _ => *self = Self::new(cols, rows),
        }
    }

    /// Columns.
    pub(super) fn cols(&self) -> usize {
        self.terminal
            .as_ref()
            .map_or(0, |terminal| terminal.size().0)
    }

    /// The rows from the top, without blanks at their ends.
    pub(super) fn lines(&mut self) -> &[String] {
        let Some(terminal) = &self.terminal else {
            return &[];
        };
        // Most of what programs draw is in a few rows.
        self.lines.resize_with(terminal.size().1, || {
            self.dirty.all = true;
            String::new()
        });
        let rows = terminal.screen().visible_lines().zip(&mut self.lines);
        for (row, (line, text)) in rows.enumerate() {
            if self.dirty.has(row) {
                read_line(line, text);
            }
        }
        self.dirty = Dirty::default();
        &self.lines
    }

    /// The row of the cursor.
    pub(super) fn cursor_row(&self) -> usize {
        self.terminal
            .as_ref()
            .map_or(0, |terminal| terminal.cursor().row)
    }
}

/// The rows that were drawn on.
#[derive(Debug, Default)]
struct Dirty {
    rows: Vec<bool>,
    all: bool,
}

impl Dirty {
    fn has(&self, row: usize) -> bool {
        self.all || self.rows.get(row).is_some_and(|dirty| *dirty)
    }
}

impl Observer for Dirty {
    type Output = ();

    fn resized(&mut self, _: usize, _: usize) {
        self.all = true;
    }

    fn dirty(&mut self, rows: Range<usize>) {
        if self.rows.len() < rows.end {
            self.rows.resize(rows.end, false);
        }
        self.rows[rows].fill(true);
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

/// The text of a row, without blanks at its end. The second cell of a wide character has none.
fn read_line(line: &Line, text: &mut String) {
    let cells = line.cells();
    let last = cells.iter().rposition(|cell| cell.char() != ' ');
    let cells = &cells[..last.map_or(0, |last| last + 1)];
    text.clear();
    text.extend(cells.iter().filter(|cell| cell.width() > 0).map(Cell::char));
}

/// Feeds all whole characters, and gives the beginning of one back.
fn feed_whole(terminal: &mut Terminal, dirty: &mut Dirty, mut bytes: &[u8]) -> Vec<u8> {
    loop {
        match str::from_utf8(bytes) {
            Ok(text) => {
                feed_text(terminal, dirty, text);
                return Vec::new();
            }
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                feed_text(terminal, dirty, str::from_utf8(good).unwrap_or_default());
                let Some(bad) = error.error_len() else {
                    return rest.to_vec();
                };
                terminal.feed_with(char::REPLACEMENT_CHARACTER, &mut *dirty);
                bytes = &rest[bad..];
            }
        }
    }
}

/// Feeds text. What has no width is left out: the emulator would give it a column, and words are found without it.
fn feed_text(terminal: &mut Terminal, dirty: &mut Dirty, text: &str) {
    // The signs of frames and spinners have a width, and are most of what is not ASCII.
    let has_width = |one: &char| {
        matches!(one, ..'\u{300}' | '\u{2010}'..'\u{2028}' | '\u{2190}'..'\u{2c00}')
            || one.width() != Some(0)
    };
    let mut rest = text;
    while let Some(at) = rest.find(|one| !has_width(&one)) {
        terminal.feed_with(&rest[..at], &mut *dirty);
        rest = &rest[at..];
        rest = rest
            .strip_prefix(|one| !has_width(&one))
            .unwrap_or_default();
    }
    terminal.feed_with(rest, dirty);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::scene::numbers;
    use super::*;

    #[track_caller]
    fn check(bytes: &str, expected: &[&str]) {
        let mut display = Display::new(8, 3);
        display.feed(bytes.as_bytes());
        assert_eq!(display.lines(), expected, "{bytes:?}");
    }

    #[test]
    fn it_shows_what_a_terminal_shows() {
        check("a\r\nb", &["a", "b", ""]);
        check("a\r\nb\r\nc\r\nd", &["b", "c", "d"]);
        check("12345678\rx\x1b[2;3Hy", &["x2345678", "  y", ""]);
        check("\u{6f22}\u{5b57}x\x1b[1;3H--", &["\u{6f22}--x", "", ""]);
        check("e\u{301}\u{2733}\u{fe0e}|", &["e\u{2733}|", "", ""]);
        check("\u{2500}\u{2500}\x0e", &["\u{2500}\u{2500}", "", ""]);
        check("main\x1b[?1049h\x1b[Halternate", &["alternat", "e", ""]);
        check("main\x1b[?1049h\x1b[Hother\x1b[?1049l", &["main", "", ""]);
        check("a\r\nb\r\nc\x1b[1;2r\x1b[2;1H\n\x1b[r", &["b", "", "c"]);
        check("a\r\nb\x1b[1A\x1b[2K", &["", "b", ""]);
    }

    #[test]
    fn characters_may_be_cut() {
        let mut display = Display::new(8, 1);
        for byte in "a\u{2733}\u{6f22}b".bytes() {
            display.feed(&[byte]);
        }
        display.feed(b"\xff\xe2|");
        assert_eq!(display.lines(), ["a\u{2733}\u{6f22}b\u{fffd}\u{fffd}|"]);
    }

    #[test]
    fn another_size_keeps_what_fits() {
        let mut display = Display::new(8, 3);
        display.feed(b"one\r\ntwo\r\nthree");
        display.resize(4, 2);
        assert_eq!(display.lines().len(), 2);
        display.resize(0, 0);
        display.feed("\u{6f22}\r\n".as_bytes());
        display.resize(u16::MAX, u16::MAX);
        display.feed(b"too large to be kept");
        assert_eq!(display.lines().len(), 0);
        display.resize(20, 3);
        display.feed(b"\x1b[H\x1b[2Jagain");
        assert_eq!(display.lines(), ["again", "", ""]);
    }

    /// No bytes and no sizes make it fail: a pane can print anything.
    #[test]
    fn nothing_that_a_pane_prints_makes_it_fail() {
        let pieces: &[&str] = &[
            "\x1b[",
            "\x1b[?",
            "9",
            ";",
            "65535",
            "H",
            "A",
            "B",
            "C",
            "D",
            "J",
            "K",
            "L",
            "M",
            "P",
            "S",
            "T",
            "X",
            "@",
            "r",
            "b",
            "d",
            "G",
            "\x1b7",
            "\x1b8",
            "\x1bM",
            "\x1bc",
            "1049h",
            "1049l",
            "47h",
            "6h",
            "7l",
            "\r",
            "\n",
            "\t",
            "\x08",
            "a",
            "\u{6f22}",
            "\u{301}",
            "\u{fe0f}",
            "\u{1f468}\u{200d}\u{1f469}",
        ];
        let mut next = numbers(1);
        let mut display = Display::new(20, 5);
        for _ in 0..60_000 {
            display.feed(pieces[next(pieces.len())].as_bytes());
            if next(20) == 0 {
                let size = |n: usize| u16::try_from(n).unwrap();
                display.resize(size(next(30)), size(next(9)));
                assert!(display.lines().len() < 9);
            }
        }
    }
}
