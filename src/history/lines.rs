//! Lines of text as they finally stood.
//!
//! A line counts when it goes off the top of the screen, or when it has stood on it unchanged from one look to the next. A
//! progress bar that is redrawn, a spinner, a full-screen program that scrolls within itself: what of them never stands is
//! never a line, and what stands again as it stood lately is no new one.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use super::terminal::Terminal;

/// The longest text of a line that is kept, in bytes. What is behind is left out.
const LONGEST: usize = 16 << 10;

/// Of how many lines that stood it is remembered that they did.
pub(super) const RECENT: usize = 2048;

/// A line, and where it came to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewLine {
    pub(super) at: i64,
    pub(super) offset: u64,
    pub(super) text: String,
}

/// Finds the lines of one pane.
#[derive(Debug, Default)]
pub(super) struct LineCollector {
    hasher: RandomState,
    /// Of the primary screen and of the alternate one.
    rows: [VecDeque<Row>; 2],
    /// The beginning of a line that has gone off the screen, while the rest has not.
    begun: Begun,
    recent: HashSet<u64>,
    order: VecDeque<u64>,
}

#[derive(Debug, Default)]
struct Begun {
    text: String,
    /// Whether all rows of it were told before.
    told: bool,
    rows: usize,
}

/// A row of a screen; 0 stands for nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    /// What it showed at the last look.
    seen: u64,
    /// What it showed when it was told as a line.
    told: u64,
}

/// A line on the screen.
#[derive(Debug, Default)]
struct ScreenLine {
    first: usize,
    /// What each of its rows shows.
    hashes: Vec<u64>,
    text: String,
}

impl ScreenLine {
    fn rows(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.hashes.len()
    }
}

impl LineCollector {
    /// Lines have gone off the top.
    pub(super) fn gone(
        &mut self,
        terminal: &Terminal,
        (at, offset): (i64, u64),
        out: &mut Vec<NewLine>,
    ) {
        for index in 0..terminal.gone() {
            let (text, wraps) = terminal.gone_line(index);
            let row = self.rows[0].pop_front().unwrap_or_default();
            let told = row.told != 0 && row.told == self.hash(&text);
            self.begun.told = told && (self.begun.told || self.begun.rows == 0);
            self.begun.rows += 1;
            if self.begun.text.len() < LONGEST {
                self.begun.text.push_str(&text);
            }
            if !wraps {
                let whole = std::mem::take(&mut self.begun);
                if !whole.told {
                    push(out, (at, offset), whole.text);
                }
            }
        }
    }

    /// Looks at the screen: what shows as it did at the last look stands. With `all`, everything does.
    pub(super) fn look(
        &mut self,
        terminal: &Terminal,
        (at, offset): (i64, u64),
        all: bool,
        out: &mut Vec<NewLine>,
    ) {
        let screen = usize::from(terminal.is_alternate());
        let mut rows = std::mem::take(&mut self.rows[screen]);
        rows.resize(terminal.rows(), Row::default());
        for line in self.lines_on(terminal) {
            let (mut stands, mut told) = (true, true);
            for (row, hash) in (line.first..).zip(&line.hashes) {
                let state = &mut rows[row];
                stands &= state.seen == *hash && (all || row != terminal.cursor_row());
                told &= state.told == *hash;
                state.seen = *hash;
            }
            // What has its beginning above the screen is told when the rest goes there, too.
            let is_whole = line.first > 0 || self.begun.text.is_empty() || screen == 1;
            if !is_whole || told || !(stands || all) || line.text.is_empty() {
                continue;
            }
            for state in rows.range_mut(line.rows()) {
                state.told = state.seen;
            }
            let whole = self.hash(&line.text);
            if self.is_new(whole) {
                push(out, (at, offset), line.text);
            }
        }
        self.rows[screen] = rows;
    }

    /// Begins with another screen: one that was not followed up to here. What stands on it and stood lately is no new line.
    pub(super) fn begin(&mut self, terminal: &Terminal) {
        let screen = usize::from(terminal.is_alternate());
        let mut rows = VecDeque::from(vec![Row::default(); terminal.rows()]);
        for line in self.lines_on(terminal) {
            if self.recent.contains(&self.hash(&line.text)) {
                for (state, hash) in rows.range_mut(line.rows()).zip(&line.hashes) {
                    (state.seen, state.told) = (*hash, *hash);
                }
            }
        }
        self.begun = Begun::default();
        self.rows = <[VecDeque<Row>; 2]>::default();
        self.rows[screen] = rows;
    }

    /// These were lines already, in another run.
    pub(super) fn remember<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        for text in texts {
            let hash = self.hash(text);
            self.is_new(hash);
        }
    }

    /// The lines of the screen that shows: rows that wrap are one.
    fn lines_on(&self, terminal: &Terminal) -> Vec<ScreenLine> {
        let mut lines = Vec::new();
        let mut row = 0;
        while row < terminal.rows() {
            let mut line = ScreenLine {
                first: row,
                ..ScreenLine::default()
            };
            loop {
                let (part, wraps) = terminal.row(row);
                line.hashes.push(self.hash(&part));
                if line.text.len() < LONGEST {
                    line.text.push_str(&part);
                }
                row += 1;
                if !wraps || row == terminal.rows() {
                    break;
                }
            }
            lines.push(line);
        }
        lines
    }

    fn is_new(&mut self, hash: u64) -> bool {
        if !self.recent.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        true
    }

    fn hash(&self, text: &str) -> u64 {
        self.hasher.hash_one(text).max(1)
    }
}

fn push(out: &mut Vec<NewLine>, (at, offset): (i64, u64), mut text: String) {
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    if !text.trim().is_empty() {
        out.push(NewLine { at, offset, text });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::terminal::Size;
    use super::*;

    struct Pane {
        terminal: Terminal,
        collector: LineCollector,
        lines: Vec<NewLine>,
    }

    impl Pane {
        fn new(cols: u32, rows: u32) -> Self {
            Self {
                terminal: Terminal::new(Size::new(cols, rows).unwrap()),
                collector: LineCollector::default(),
                lines: Vec::new(),
            }
        }

        fn prints(&mut self, text: &str) {
            let (collector, lines) = (&mut self.collector, &mut self.lines);
            self.terminal.feed(text.as_bytes(), |terminal| {
                collector.gone(terminal, (0, 0), lines);
            });
        }

        fn looks(&mut self, all: bool) {
            self.collector
                .look(&self.terminal, (0, 0), all, &mut self.lines);
        }

        fn texts(&self) -> Vec<&str> {
            self.lines.iter().map(|line| line.text.as_str()).collect()
        }
    }

    #[test]
    fn each_line_is_told_once_when_it_goes_or_stands() {
        let mut pane = Pane::new(20, 4);
        pane.prints("one\r\ntwo\r\n");
        pane.looks(false);
        assert_eq!(pane.texts(), [""; 0], "nothing has stood for long yet");
        pane.looks(false);
        assert_eq!(pane.texts(), ["one", "two"]);
        pane.prints("three\r\nfour\r\nfive\r\nsix\r\n");
        assert_eq!(pane.texts(), ["one", "two", "three"]);
        pane.looks(true);
        pane.looks(true);
        assert_eq!(pane.texts(), ["one", "two", "three", "four", "five", "six"]);
    }

    #[test]
    fn the_same_line_twice_is_two_lines_when_both_go() {
        let mut pane = Pane::new(20, 2);
        pane.prints("ok\r\nok\r\nok\r\n");
        assert_eq!(pane.texts(), ["ok", "ok"]);
    }

    #[test]
    fn a_line_over_many_rows_is_one() {
        let mut pane = Pane::new(10, 3);
        let long = "0123456789".repeat(7);
        pane.prints(&long);
        pane.looks(false);
        pane.looks(false);
        pane.prints("\r\nnext\r\n\r\n\r\n");
        assert_eq!(pane.texts(), [&long, "next"]);
        // Marks and wide characters stay.
        pane.prints("e\u{301}あ\r\n\r\n\r\n\r\n");
        assert_eq!(pane.texts()[2], "e\u{301}あ");
    }

    #[test]
    fn regression_a_screen_that_is_read_again_has_no_new_lines() {
        let mut pane = Pane::new(10, 5);
        let long = "0123456789".repeat(2);
        pane.prints(&format!("one\r\n{long}\r\ntwo\r\n"));
        pane.looks(false);
        pane.looks(false);
        assert_eq!(pane.texts(), ["one", &long, "two"]);
        // As after output that was not read, or in the next run.
        pane.collector.begin(&pane.terminal);
        let mut next = LineCollector::default();
        next.remember(pane.texts());
        next.begin(&pane.terminal);
        for mut collector in [std::mem::take(&mut pane.collector), next] {
            std::mem::swap(&mut pane.collector, &mut collector);
            pane.looks(false);
            pane.looks(false);
        }
        assert_eq!(pane.texts(), ["one", &long, "two"]);
        // Nor when they go off the screen before anybody has looked.
        pane.collector.begin(&pane.terminal);
        pane.prints("three\r\n\r\n\r\n\r\n\r\n\r\n");
        assert_eq!(pane.texts(), ["one", &long, "two", "three"]);
    }

    #[test]
    fn a_progress_bar_is_the_line_that_it_ends_as() {
        let mut pane = Pane::new(20, 5);
        for percent in 0..=100 {
            pane.prints(&format!("\r{percent} %"));
            pane.looks(false);
        }
        pane.prints("\r\ndone\r\n");
        pane.looks(false);
        pane.looks(false);
        assert_eq!(pane.texts(), ["100 %", "done"]);
    }

    #[test]
    fn a_full_screen_program_brings_what_stands_and_once() {
        let mut pane = Pane::new(20, 4);
        pane.prints("before\r\n\x1b[?1049h\x1b[H");
        for spin in 0..50 {
            pane.prints(&format!(
                "\x1b[1;1Htitle\x1b[2;1Hspin {spin}\x1b[3;1Hrow\x1b[4;1H"
            ));
            pane.looks(false);
        }
        pane.prints("\x1b[?1049l");
        for _ in 0..3 {
            pane.looks(false);
        }
        pane.prints("\x1b[?1049h\x1b[1;1Htitle\x1b[3;1Hrow\x1b[4;1H");
        for _ in 0..3 {
            pane.looks(false);
        }
        assert_eq!(pane.texts(), ["title", "row", "before"]);
    }
}
