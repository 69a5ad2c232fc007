//! A pane's output as text: what a program wrote, without what it asked its terminal to do.
//!
//! This is no terminal. What moves the cursor to another line ends the line, what moves it within the line is made up
//! for with blanks where it can be, and all else is left out.

use std::mem::take;

use super::pen::Pen;
use super::sequences::{self, Act, Sequences};

/// The most blanks that one sequence stands for, and the most often that it repeats a character.
const MOST_REPEATED: usize = 200;
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
pub(super) struct PaneText(Sequences<Page>);

/// What the text of a pane depends on besides its bytes.
#[derive(Default)]
struct Page {
    /// How many characters the line has.
    column: usize,
    /// The cursor went elsewhere: what is written next is not of this line.
    left_line: bool,
    pieces: Vec<Piece>,
}

impl PaneText {
    /// Reads on.
    pub(super) fn read(&mut self, content: &str) -> Vec<Piece> {
        self.0.read(content);
        take(&mut self.0.page().pieces)
    }
}

impl Page {
    fn put(&mut self, c: char, look: Pen) {
        if self.left_line && self.column > 0 {
            self.end_line();
        }
        self.left_line = false;
        match self.pieces.last_mut() {
            Some(Piece::Text(text, pen)) if *pen == look => text.push(c),
            _ => self.pieces.push(Piece::Text(c.to_string(), look)),
        }
        self.column += 1;
    }

    fn repeat(&mut self, c: char, count: usize, pen: Pen) {
        for _ in 0..count.min(MOST_REPEATED) {
            self.put(c, pen);
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

    fn go_to(&mut self, column: usize, pen: Pen) {
        match column.checked_sub(self.cursor()) {
            Some(missing) => self.repeat(' ', missing, pen),
            None => self.left_line = true,
        }
    }
}

impl sequences::Page for Page {
    fn act(&mut self, act: Act, pen: Pen) {
        match act {
            Act::Put(c, count) => self.repeat(c, count, pen),
            Act::Feed | Act::NextLine => self.end_line(),
            Act::Tab => self.repeat(' ', TAB - self.cursor() % TAB, pen),
            Act::Right(count) => self.repeat(' ', count, pen),
            Act::Column(column) => self.go_to(column - 1, pen),
            Act::Back | Act::Left(_) | Act::EraseLine(_) => {}
            Act::Return
            | Act::Up(_)
            | Act::Down(_)
            | Act::LinesUp(_)
            | Act::LinesDown(_)
            | Act::Row(_)
            | Act::Place(..)
            | Act::EraseScreen(_)
            | Act::Scroll
            | Act::FullScreen(_)
            | Act::Reset => self.left_line = true,
        }
    }
}
