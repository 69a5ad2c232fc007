//! A pane's lines as they stand after redraws: what a person would have read, and not every state on the way.
//!
//! Rows are kept as a terminal keeps them, roughly: programs go back in them and write anew. A row is shown once it has
//! stood still for a moment. A spinner never does, so it is shown when it ends; a row that is drawn again as it was, or
//! with other figures only, is not shown again. While a program has the alternate screen, it is a picture and not lines,
//! and only that is said. Moments are counted, no clock is read.

use std::collections::VecDeque;

use super::pen::Pen;
use super::sequences::{self, Act, Sequences};

/// The rows of a terminal, as long as nothing else is known.
const HEIGHT: usize = 24;
/// The most rows and columns that are kept of a pane.
const MOST_ROWS: usize = 200;
const MOST_COLUMNS: usize = 500;
/// How many of the rows that were shown last are remembered, so that what is drawn anew elsewhere is not shown again.
const REMEMBERED: usize = 64;
/// How many moments a row stands still before it is shown: one that has ended, and one that has not, such as a question.
const ENDED: u64 = 1;
const OPEN: u64 = 3;
/// The columns between two tab stops.
const TAB: usize = 8;

/// How bad a line looks, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Severity {
    #[default]
    Info,
    Warning,
    Error,
}

/// A line that is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettledLine {
    /// Its text, in parts that look alike.
    pub(super) parts: Vec<(String, Pen)>,
    pub(super) severity: Severity,
    /// How many lines besides this one were finished in the same moment.
    pub(super) more: usize,
}

/// One pane.
#[derive(Default)]
pub(super) struct Standing(Sequences<Page>);

#[derive(Default)]
struct Page {
    rows: VecDeque<Row>,
    row: usize,
    column: usize,
    height: usize,
    moment: u64,
    severity: Severity,
    full_screen: bool,
    /// The moment up to which whatever is written belongs to a redraw.
    redraw_until: u64,
    remembered: VecDeque<String>,
    /// What has scrolled out before it was shown, and how much of that there is.
    gone: Option<(Row, usize)>,
}

#[derive(Default, Clone)]
struct Row {
    cells: Vec<(char, Pen)>,
    /// It differs from what was shown of it.
    is_news: bool,
    /// The program went back to draw it, so it is one that may be drawn again and again.
    redrawn: bool,
    touched: u64,
    severity: Severity,
    shown: String,
}

impl Standing {
    /// Reads what the pane prints.
    pub(super) fn read(&mut self, content: &str, severity: Severity) {
        self.0.page().severity = severity;
        self.0.read(content);
    }

    /// The pane has so many rows.
    pub(super) fn set_height(&mut self, height: usize) {
        self.0.page().height = height.min(MOST_ROWS);
    }

    /// Ends a moment: gives the line to be shown of it, if there is one. At the `end` nothing is waited for.
    pub(super) fn settle(&mut self, end: bool) -> Option<SettledLine> {
        self.0.page().settle(end)
    }
}

impl Row {
    fn text(&self) -> String {
        let text: String = self.cells.iter().map(|cell| cell.0).collect();
        text.trim_end().to_owned()
    }

    fn settled_line(&self, more: usize) -> SettledLine {
        let length = self.text().chars().count();
        let mut parts: Vec<(String, Pen)> = Vec::new();
        for (c, pen) in self.cells.iter().take(length) {
            match parts.last_mut() {
                Some((text, last)) if last == pen => text.push(*c),
                _ => parts.push((c.to_string(), *pen)),
            }
        }
        SettledLine {
            parts,
            severity: self.severity,
            more,
        }
    }
}

/// A row without what turns and counts in it: spinners, figures, bars.
pub(super) fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

impl Page {
    fn settle(&mut self, end: bool) -> Option<SettledLine> {
        self.moment += 1;
        let mut best: Option<Row> = None;
        let mut count = 0;
        if let Some((row, gone)) = self.gone.take() {
            count += gone;
            best = Some(row);
        }
        for index in 0..self.rows.len() {
            let open = index >= self.row;
            let wait = if open { OPEN } else { ENDED };
            let row = &mut self.rows[index];
            if !row.is_news || (!end && self.moment <= row.touched + wait) {
                continue;
            }
            row.is_news = false;
            let text = row.text();
            let key = key(&text);
            // A bar or a spinner that is slow: how it ends is shown.
            if open && !end && !row.shown.is_empty() && key == self::key(&row.shown) {
                continue;
            }
            let again = text.is_empty()
                || text == row.shown
                || (row.redrawn && (key.is_empty() || self.remembered.contains(&key)));
            row.shown = text;
            if again {
                continue;
            }
            let row = row.clone();
            self.remember(key);
            count += 1;
            if best
                .as_ref()
                .is_none_or(|best| best.severity <= row.severity)
            {
                best = Some(row);
            }
        }
        best.map(|row| row.settled_line(count.saturating_sub(1)))
    }

    fn remember(&mut self, key: String) {
        if self.remembered.len() >= REMEMBERED {
            self.remembered.pop_front();
        }
        self.remembered.push_back(key);
    }

    fn height(&self) -> usize {
        match self.height {
            0 => HEIGHT,
            height => height,
        }
    }

    /// The first row of the screen.
    fn top(&self) -> usize {
        self.rows.len().saturating_sub(self.height())
    }

    /// The row in which the cursor is.
    fn here(&mut self) -> &mut Row {
        while self.rows.len() <= self.row {
            self.rows.push_back(Row::default());
            if self.rows.len() > MOST_ROWS {
                self.scroll_out();
            }
        }
        &mut self.rows[self.row]
    }

    /// The first row is kept no longer. If it has not been shown, it is counted.
    fn scroll_out(&mut self) {
        self.row = self.row.saturating_sub(1);
        let Some(row) = self.rows.pop_front() else {
            return;
        };
        let text = row.text();
        let again = row.redrawn && self.remembered.contains(&key(&text));
        if !row.is_news || text.is_empty() || text == row.shown || again {
            return;
        }
        let (before, count) = self.gone.take().unwrap_or_default();
        let worse = before.severity > row.severity;
        self.gone = Some((if worse { before } else { row }, count + 1));
    }

    fn touch(&mut self) -> &mut Row {
        let (moment, severity) = (self.moment, self.severity);
        let redraws = moment <= self.redraw_until && self.redraw_until > 0;
        let row = self.here();
        if row.touched != moment {
            row.severity = Severity::Info;
        }
        row.is_news = true;
        row.redrawn |= redraws;
        row.touched = moment;
        row.severity = row.severity.max(severity);
        row
    }

    fn put(&mut self, c: char, pen: Pen) {
        if self.full_screen || self.column >= MOST_COLUMNS {
            return;
        }
        let column = self.column;
        let row = self.touch();
        if column < row.cells.len() {
            row.cells[column] = (c, pen);
        } else {
            row.cells.resize(column, (' ', Pen::default()));
            row.cells.push((c, pen));
        }
        self.column += 1;
    }

    fn line_feed(&mut self) {
        if self.full_screen {
            return;
        }
        let moment = self.moment;
        let row = self.here();
        if row.text() != row.shown {
            (row.is_news, row.touched) = (true, moment);
        }
        self.row += 1;
        self.here();
    }

    /// The cursor goes back to rows that were written before: what follows is drawn anew.
    fn go_to_row(&mut self, row: usize) {
        if self.full_screen {
            return;
        }
        self.redraw_until = self.moment + 2;
        self.row = row.min(self.top() + self.height() - 1);
        self.here();
    }

    fn go_up(&mut self, count: usize) {
        self.go_to_row(self.row.saturating_sub(count).max(self.top()));
    }

    /// Erases from one column to another of the cursor's row.
    fn erase_line(&mut self, mode: usize) {
        if self.full_screen || self.row >= self.rows.len() {
            return;
        }
        let column = self.column;
        let row = self.touch();
        match mode {
            0 => row.cells.truncate(column),
            1 => row.cells.iter_mut().take(column + 1).for_each(blank),
            _ => row.cells.clear(),
        }
    }

    fn erase_screen(&mut self, mode: usize) {
        if self.full_screen {
            return;
        }
        let (first, last) = match mode {
            0 => {
                self.erase_line(0);
                (self.row + 1, self.rows.len())
            }
            1 => (self.top(), self.row),
            2 => (self.top(), self.rows.len()),
            _ => return,
        };
        for index in first..last {
            let row = &mut self.rows[index];
            row.cells.clear();
            row.redrawn = true;
        }
    }

    fn switch_screen(&mut self, full: bool) {
        if full && !self.full_screen {
            self.severity = Severity::Info;
            self.column = 0;
            if !self.here().cells.is_empty() {
                self.line_feed();
            }
            "(draws on the whole screen)"
                .chars()
                .for_each(|c| self.put(c, Pen::default()));
            self.line_feed();
        }
        self.full_screen = full;
        self.column = 0;
    }
}

fn blank(cell: &mut (char, Pen)) {
    *cell = (' ', Pen::default());
}

impl sequences::Page for Page {
    fn act(&mut self, act: Act, pen: Pen) {
        match act {
            Act::Put(c, count) => (0..count.min(MOST_COLUMNS)).for_each(|_| self.put(c, pen)),
            Act::Feed => self.line_feed(),
            Act::NextLine => {
                self.line_feed();
                self.column = 0;
            }
            Act::Return => self.column = 0,
            Act::Back => self.column = self.column.saturating_sub(1),
            Act::Tab => self.column += TAB - self.column % TAB,
            Act::Up(count) => self.go_up(count),
            Act::Down(count) => self.go_to_row(self.row + count),
            Act::LinesUp(count) => {
                self.go_up(count);
                self.column = 0;
            }
            Act::LinesDown(count) => {
                self.go_to_row(self.row + count);
                self.column = 0;
            }
            Act::Right(count) => self.column += count,
            Act::Left(count) => self.column = self.column.saturating_sub(count),
            Act::Row(row) => self.go_to_row(self.top() + row - 1),
            Act::Column(column) => self.column = column - 1,
            Act::Place(row, column) => {
                self.go_to_row(self.top() + row - 1);
                self.column = column - 1;
            }
            Act::EraseLine(mode) => self.erase_line(mode),
            Act::EraseScreen(mode) => self.erase_screen(mode),
            Act::Scroll => {}
            Act::FullScreen(full) => self.switch_screen(full),
            Act::Reset => {
                self.full_screen = false;
                self.erase_screen(2);
                self.go_to_row(self.top());
                self.column = 0;
            }
        }
        self.column = self.column.min(MOST_COLUMNS);
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
