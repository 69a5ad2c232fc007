//! A pane's output as text: what a program wrote, without what it asked its terminal to do.
//!
//! This is no terminal. What moves the cursor to another line ends the line, what moves it within the line is made up
//! for with blanks where it can be, and all else is left out. The sequences are found by `vte`, which also follows those
//! that are split between two pieces of output.

use std::mem::take;

use vte::{Params, Parser, Perform};

use super::pen::Pen;
use crate::printable::acts_on_terminals;

/// The most blanks that one sequence stands for, and the most often that it repeats a character.
const MOST_BLANKS: usize = 200;
/// The columns between two tab stops.
const TAB: usize = 8;

/// A part of a line, or its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that looks alike. It holds no control characters.
    Text(String, Pen),
    /// The line ends here.
    Break,
}

/// One pane's output, read piece by piece.
#[derive(Default)]
pub(super) struct PaneText {
    parser: Parser,
    page: Page,
}

/// What the text of a pane depends on besides its bytes.
#[derive(Default)]
struct Page {
    pen: Pen,
    /// How many characters the line has.
    column: usize,
    /// The cursor went elsewhere: what is written next is not of this line.
    left_line: bool,
    /// Which of the two character sets draws lines, and which one is in use.
    draws: [bool; 2],
    shifted: bool,
    /// A title is being set in the way of `screen`: `ESC k`, the title, `ESC \`.
    in_title: bool,
    last: Option<char>,
    pieces: Vec<Piece>,
}

impl PaneText {
    /// Reads on.
    pub(super) fn read(&mut self, content: &str) -> Vec<Piece> {
        self.parser.advance(&mut self.page, content.as_bytes());
        take(&mut self.page.pieces)
    }
}

impl Page {
    fn put(&mut self, c: char) {
        if self.left_line && self.column > 0 {
            self.end_line();
        }
        self.left_line = false;
        match self.pieces.last_mut() {
            Some(Piece::Text(text, pen)) if *pen == self.pen => text.push(c),
            _ => self.pieces.push(Piece::Text(c.to_string(), self.pen)),
        }
        self.column += 1;
    }

    fn put_blanks(&mut self, count: usize) {
        for _ in 0..count.min(MOST_BLANKS) {
            self.put(' ');
        }
    }

    fn end_line(&mut self) {
        self.pieces.push(Piece::Break);
        self.column = 0;
        self.left_line = false;
    }

    /// Where the cursor is in its line, as far as that is known.
    fn cursor(&self) -> usize {
        if self.left_line { 0 } else { self.column }
    }

    fn go_to(&mut self, column: usize) {
        match column.checked_sub(self.cursor()) {
            Some(missing) => self.put_blanks(missing),
            None => self.left_line = true,
        }
    }

    fn repeat(&mut self, count: usize) {
        if let Some(last) = self.last {
            for _ in 0..count.min(MOST_BLANKS) {
                self.put(last);
            }
        }
    }

    fn draws_lines(&self) -> bool {
        self.draws[usize::from(self.shifted)]
    }
}

impl Perform for Page {
    fn print(&mut self, c: char) {
        if self.in_title || acts_on_terminals(c) {
            return;
        }
        let c = if self.draws_lines() { drawn(c) } else { c };
        self.last = Some(c);
        self.put(c);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x18 | 0x1a => self.in_title = false,
            _ if self.in_title => {}
            // LF, VT, FF, and the 8-bit forms of IND and NEL.
            b'\n' | 0x0b | 0x0c | 0x84 | 0x85 => self.end_line(),
            b'\r' | 0x8d => self.left_line = true,
            b'\t' => self.put_blanks(TAB - self.cursor() % TAB),
            0x0e => self.shifted = true,
            0x0f => self.shifted = false,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        self.in_title = false;
        let mut numbers = params
            .iter()
            .map(|param| param.first().copied().unwrap_or(0));
        let count = usize::from(numbers.next().unwrap_or(0)).max(1);
        match (intermediates, action) {
            _ if ignore => {}
            ([], 'm') => self.pen.apply(params),
            // Up, down, to a line, to a place; erasing the screen and scrolling.
            ([], 'A' | 'B' | 'E' | 'F' | 'H' | 'f' | 'd' | 'e' | 'J' | 'S' | 'T' | 'r') => {
                self.left_line = true;
            }
            ([], 'C' | 'a') => self.put_blanks(count),
            ([], 'G' | '`') => self.go_to(count - 1),
            ([], 'b') => self.repeat(count),
            // The alternate screen, and back.
            (b"?", 'h' | 'l') if matches!(count, 47 | 1047 | 1049) => self.left_line = true,
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        self.in_title = false;
        match (intermediates, byte) {
            _ if ignore => {}
            ([], b'k') => self.in_title = true,
            ([], b'D' | b'E') => self.end_line(),
            ([], b'M') => self.left_line = true,
            ([], b'c') => {
                (self.pen, self.draws, self.shifted) = (Pen::default(), [false; 2], false);
                self.left_line = true;
            }
            ([b'('], set) => self.draws[0] = set == b'0',
            ([b')'], set) => self.draws[1] = set == b'0',
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, _: &[&[u8]], _: bool) {
        self.in_title = false;
    }

    fn hook(&mut self, _: &Params, _: &[u8], _: bool, _: char) {
        self.in_title = false;
    }
}

/// What the character set for drawing lines shows in place of a character.
pub(super) fn drawn(c: char) -> char {
    const FIRST: u32 = '`' as u32;
    const DRAWN: [char; 31] = [
        '\u{25c6}', '\u{2592}', '\u{2409}', '\u{240c}', '\u{240d}', '\u{240a}', '\u{b0}', '\u{b1}',
        '\u{2424}', '\u{240b}', '\u{2518}', '\u{2510}', '\u{250c}', '\u{2514}', '\u{253c}',
        '\u{23ba}', '\u{23bb}', '\u{2500}', '\u{23bc}', '\u{23bd}', '\u{251c}', '\u{2524}',
        '\u{2534}', '\u{252c}', '\u{2502}', '\u{2264}', '\u{2265}', '\u{3c0}', '\u{2260}',
        '\u{a3}', '\u{b7}',
    ];
    let index = u32::from(c)
        .checked_sub(FIRST)
        .and_then(|index| usize::try_from(index).ok());
    index
        .and_then(|index| DRAWN.get(index))
        .copied()
        .unwrap_or(c)
}
