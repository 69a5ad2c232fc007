//! What a program asks of its terminal, read from a pane's output. `vte` finds the sequences, also those that are split
//! between two pieces of output; their effect is the page's matter.

use vte::{Params, Parser, Perform};

use super::pen::Pen;
use crate::printable::acts_on_terminals;

/// One thing that is asked for. Numbers count from 1, and are as the program wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// To show a character, so often, with the pen as it is.
    Put(char, usize),
    /// To go to the next row, in the same column.
    Feed,
    /// To go to the beginning of the next row.
    NextLine,
    /// To go back to the beginning of the row.
    Return,
    /// To go one column back.
    Back,
    /// To go to the next tab stop.
    Tab,
    /// To go up.
    Up(usize),
    /// To go down.
    Down(usize),
    /// To go up, to the beginning of the row.
    LinesUp(usize),
    /// To go down, to the beginning of the row.
    LinesDown(usize),
    /// To go to the right.
    Right(usize),
    /// To go to the left.
    Left(usize),
    /// To go to a row of the screen.
    Row(usize),
    /// To go to a column of the row.
    Column(usize),
    /// To go to a row and a column.
    Place(usize, usize),
    /// To erase a part of the row: what is behind the cursor (0), before it (1), or all.
    EraseLine(usize),
    /// The same of the screen.
    EraseScreen(usize),
    /// To scroll, or to do so within some rows only.
    Scroll,
    /// To begin on a screen of its own, or to end that.
    FullScreen(bool),
    /// To be as at the start.
    Reset,
}

/// Where it is done.
pub(super) trait Page {
    /// Does it; what is written looks like the pen.
    fn act(&mut self, act: Act, pen: Pen);
}

/// A pane's output, read piece by piece onto a page.
#[derive(Default)]
pub(super) struct Sequences<P> {
    parser: Parser,
    reader: Reader<P>,
}

#[derive(Default)]
struct Reader<P> {
    page: P,
    pen: Pen,
    /// Which of the two character sets draws lines, and which one is in use.
    draws: [bool; 2],
    shifted: bool,
    /// A title is being set in the way of `screen`: `ESC k`, the title, `ESC \`.
    in_title: bool,
    last: Option<char>,
}

impl<P: Page> Sequences<P> {
    /// Reads on.
    pub(super) fn read(&mut self, content: &str) {
        self.parser.advance(&mut self.reader, content.as_bytes());
    }

    /// The page as it is.
    pub(super) fn page(&mut self) -> &mut P {
        &mut self.reader.page
    }
}

impl<P: Page> Reader<P> {
    fn act(&mut self, act: Act) {
        self.page.act(act, self.pen);
    }
}

impl<P: Page> Perform for Reader<P> {
    fn print(&mut self, c: char) {
        if self.in_title || acts_on_terminals(c) {
            return;
        }
        let draws_lines = self.draws[usize::from(self.shifted)];
        let c = if draws_lines { drawn(c) } else { c };
        self.last = Some(c);
        self.act(Act::Put(c, 1));
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x18 | 0x1a => self.in_title = false,
            _ if self.in_title => {}
            // LF, VT, FF, and the 8-bit forms of IND, NEL and RI.
            b'\n' | 0x0b | 0x0c | 0x84 => self.act(Act::Feed),
            0x85 => self.act(Act::NextLine),
            0x8d => self.act(Act::Up(1)),
            b'\r' => self.act(Act::Return),
            0x08 => self.act(Act::Back),
            b'\t' => self.act(Act::Tab),
            0x0e => self.shifted = true,
            0x0f => self.shifted = false,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        self.in_title = false;
        let mut numbers = params.iter().map(|param| param.first().copied());
        let mut number = || usize::from(numbers.next().flatten().unwrap_or(0));
        let (first, second) = (number(), number().max(1));
        let count = first.max(1);
        self.act(match (intermediates, action) {
            _ if ignore => return,
            ([], 'm') => return self.pen.apply(params),
            ([], 'A') => Act::Up(count),
            ([], 'B' | 'e') => Act::Down(count),
            ([], 'C' | 'a') => Act::Right(count),
            ([], 'D') => Act::Left(count),
            ([], 'E') => Act::LinesDown(count),
            ([], 'F') => Act::LinesUp(count),
            ([], 'G' | '`') => Act::Column(count),
            ([], 'H' | 'f') => Act::Place(count, second),
            ([], 'd') => Act::Row(count),
            ([], 'J') => Act::EraseScreen(first),
            ([], 'K') => Act::EraseLine(first),
            ([], 'S' | 'T' | 'r') => Act::Scroll,
            ([], 'b') => match self.last {
                Some(last) => Act::Put(last, count),
                None => return,
            },
            (b"?", 'h' | 'l') if is_alternate(params) => Act::FullScreen(action == 'h'),
            _ => return,
        });
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        self.in_title = false;
        match (intermediates, byte) {
            _ if ignore => {}
            ([], b'k') => self.in_title = true,
            ([], b'D') => self.act(Act::Feed),
            ([], b'E') => self.act(Act::NextLine),
            ([], b'M') => self.act(Act::Up(1)),
            ([], b'c') => {
                (self.pen, self.draws, self.shifted) = (Pen::default(), [false; 2], false);
                self.act(Act::Reset);
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

/// Whether one of these modes is the alternate screen.
fn is_alternate(modes: &Params) -> bool {
    let mut modes = modes.iter().flatten();
    modes.any(|mode| matches!(mode, 47 | 1047 | 1049))
}

/// What the character set for drawing lines shows in place of a character.
fn drawn(c: char) -> char {
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
