//! The text of a pane as it stands on its line: what a person rubs out is taken back, and where a shell's line goes on in
//! the next row, nothing is put between.

use std::ops::Range;

use super::matcher::Matcher;
use super::rules::Rules;

/// How far back on its line the cursor can be followed, in bytes. It bounds what one byte can cost.
const REMEMBERED: usize = 128;

/// A pane's text.
#[derive(Debug, Clone)]
pub(super) struct Line {
    matcher: Matcher,
    last: Last,
    waiting: Waiting,
}

/// A blank that is not read before it is known what follows: shells print one and a CR to get into the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Nothing,
    /// A blank, at its place.
    Blank(u64),
    /// A CR behind a blank.
    Return(u64),
}

impl Line {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            matcher: Matcher::new(rules),
            last: Last::default(),
            waiting: Waiting::Nothing,
        }
    }

    /// Whether no secret has begun, and nothing waits.
    pub(super) fn is_quiet(&self) -> bool {
        self.matcher.is_quiet() && self.waiting == Waiting::Nothing
    }

    /// The first place at which it is not decided what it is.
    pub(super) fn undecided(&self) -> Option<u64> {
        self.matcher.undecided()
    }

    /// Reads a byte at its place, and reports what turns out to be secret.
    pub(super) fn read(
        &mut self,
        rules: &Rules,
        byte: u8,
        at: u64,
        mask: &mut impl FnMut(Range<u64>),
    ) {
        let byte = if matches!(byte, 0x0b | 0x0c) {
            b'\n'
        } else {
            byte
        };
        match (std::mem::replace(&mut self.waiting, Waiting::Nothing), byte) {
            (Waiting::Blank(blank), b'\r') => {
                self.waiting = Waiting::Return(blank);
                return;
            }
            // It is gone before it was read.
            (Waiting::Blank(_), 0x08) => return,
            (Waiting::Blank(blank), _) => self.take(rules, b' ', blank, mask),
            (Waiting::Return(blank), b'\n') => {
                self.take(rules, b' ', blank, mask);
                self.take(rules, b'\r', at, mask);
            }
            // The line goes on in the next row.
            (Waiting::Return(_) | Waiting::Nothing, _) => {}
        }
        match byte {
            b' ' if !self.matcher.is_quiet() => self.waiting = Waiting::Blank(at),
            b'\r' if self.matcher.is_quiet() && self.matcher.previous() == Some(b' ') => {
                self.matcher.undo();
                self.last.pop();
                self.waiting = Waiting::Return(at);
            }
            0x08 => self.back(rules, 1, at, mask),
            b'\n' | b'\r' | b'\t' | 0x20..=0x7e | 0x80.. => self.take(rules, byte, at, mask),
            _ => {}
        }
    }

    /// Reads text with which no secret begins, as long as nothing is to be decided; returns how many bytes it was.
    pub(super) fn pass_over(&mut self, rules: &Rules, text: &[u8], at: u64) -> usize {
        let count = self.matcher.pass_over(rules, text);
        self.last.push(&text[..count], at);
        count
    }

    /// The cursor has gone back by so many columns, at this place.
    pub(super) fn back(
        &mut self,
        rules: &Rules,
        columns: usize,
        at: u64,
        mask: &mut impl FnMut(Range<u64>),
    ) {
        let blank = matches!(self.waiting, Waiting::Blank(_));
        self.waiting = Waiting::Nothing;
        let Some(first) = self.last.place() else {
            return;
        };
        // What is rubbed out may be most of a secret.
        self.matcher.let_go(rules, at, mask);
        for _ in usize::from(blank)..columns {
            self.last.pop();
        }
        self.matcher.again(rules, self.last.runs(), first, at);
    }

    /// The cursor goes elsewhere: what comes next may go on with the text, or be another one.
    pub(super) fn part(&mut self, rules: &Rules) {
        self.matcher.part(rules);
    }

    /// What has begun is let go.
    pub(super) fn let_go(&mut self, rules: &Rules, to: u64, mask: &mut impl FnMut(Range<u64>)) {
        if let Waiting::Blank(blank) = self.waiting {
            self.waiting = Waiting::Nothing;
            self.take(rules, b' ', blank, mask);
        }
        self.matcher.let_go(rules, to, mask);
    }

    fn take(&mut self, rules: &Rules, byte: u8, at: u64, mask: &mut impl FnMut(Range<u64>)) {
        if matches!(byte, b'\n' | b'\r') {
            self.last.clear();
        } else {
            self.last.push(&[byte], at);
        }
        self.matcher.step(rules, byte, at, mask);
    }
}

/// The last bytes of a line, each with its place.
#[derive(Debug, Clone, Default)]
struct Last {
    bytes: Vec<u8>,
    /// Where in `bytes` a run of neighbours begins, and the place of its first byte.
    runs: Vec<(usize, u64)>,
}

impl Last {
    fn push(&mut self, text: &[u8], at: u64) {
        if text.is_empty() {
            return;
        }
        if self.bytes.len() + text.len() > 2 * REMEMBERED {
            self.forget((self.bytes.len() + text.len() - REMEMBERED).min(self.bytes.len()));
        }
        let first = text.len().saturating_sub(REMEMBERED);
        let at = at + first as u64;
        let goes_on = self
            .runs
            .last()
            .is_some_and(|(start, place)| *place + (self.bytes.len() - start) as u64 == at);
        if !goes_on {
            self.runs.push((self.bytes.len(), at));
        }
        self.bytes.extend_from_slice(&text[first..]);
    }

    fn forget(&mut self, count: usize) {
        drop(self.bytes.drain(..count));
        let ended = self.runs.partition_point(|(start, _)| *start <= count);
        drop(self.runs.drain(..ended.saturating_sub(1)));
        for (start, place) in &mut self.runs {
            *place += count.saturating_sub(*start) as u64;
            *start = start.saturating_sub(count);
        }
        if self.bytes.is_empty() {
            self.runs.clear();
        }
    }

    /// Takes the last character off.
    fn pop(&mut self) {
        while let Some(byte) = self.bytes.pop() {
            if self
                .runs
                .last()
                .is_some_and(|(start, _)| *start == self.bytes.len())
            {
                self.runs.pop();
            }
            if byte & 0xc0 != 0x80 {
                return;
            }
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.runs.clear();
    }

    /// The place of the first.
    fn place(&self) -> Option<u64> {
        self.runs.first().map(|(_, place)| *place)
    }

    fn runs(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let ends = self.runs.iter().skip(1).map(|(start, _)| *start);
        let ends = ends.chain([self.bytes.len()]);
        let runs = self.runs.iter().zip(ends);
        runs.map(|((start, place), end)| (&self.bytes[*start..end], *place))
    }
}
