//! How many lines a pane's output can have moved into its history, at most.
//!
//! tmux reports how many lines a history has, and not how many it has thrown away. A reader of a history in several turns
//! finds out by this what can't have been.

/// Counts from some point of a pane's output on.
#[derive(Debug, Clone)]
pub struct Scrolled {
    cols: u64,
    rows: u64,
    lines: u64,
    /// The cursor is at most so far right.
    column: u64,
    state: ScrolledState,
    /// The parameters of the control sequence under way, as far as they are looked at.
    parameters: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScrolledState {
    Text,
    Escape,
    Control,
}

/// The longest parameters that are looked at.
const LONGEST: usize = 4;

impl Scrolled {
    /// Of a pane of this size. Nobody knows where its cursor is.
    #[must_use]
    pub fn new(cols: u32, rows: u32) -> Self {
        Self {
            cols: u64::from(cols).max(2),
            rows: u64::from(rows),
            lines: 0,
            column: u64::from(cols).max(2),
            state: ScrolledState::Text,
            parameters: Vec::new(),
        }
    }

    /// At most so many lines have gone into the history.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// What the pane printed next.
    pub fn feed(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.one(*byte));
    }

    fn one(&mut self, byte: u8) {
        match (self.state, byte) {
            (_, 0x1b) => self.state = ScrolledState::Escape,
            // Whatever else is going on, these do what they do.
            (_, b'\n' | 0x0b | 0x0c) => self.lines += 1,
            (_, b'\r') => self.column = 0,
            (ScrolledState::Text, b'\t') => self.text(8),
            (ScrolledState::Text, 0x20..=0x7e | 0xc0..=0xdf) => self.text(1),
            (ScrolledState::Text, 0xe0..) => self.text(2),
            (ScrolledState::Escape, 0x20..=0x7e) => self.escape(byte),
            (ScrolledState::Control, 0x20..=0x3f) if self.parameters.len() < LONGEST => {
                self.parameters.push(byte);
            }
            (ScrolledState::Control, 0x40..=0x7e) => self.control(byte),
            _ => {}
        }
    }

    /// A character or a tab of at most so many columns.
    fn text(&mut self, columns: u64) {
        self.column += columns;
        if self.column > self.cols {
            self.lines += 1;
            self.column = columns;
        }
    }

    /// The cursor may be anywhere now.
    fn lose_cursor(&mut self) {
        self.column = self.cols;
    }

    fn escape(&mut self, byte: u8) {
        self.state = ScrolledState::Text;
        match byte {
            b'[' => {
                self.state = ScrolledState::Control;
                self.parameters.clear();
                return;
            }
            0x20..=0x2f => self.state = ScrolledState::Escape,
            b'D' | b'E' => self.lines += 1,
            // An image may follow, which scrolls as far as it is high.
            b'P' => self.lines += self.rows,
            _ => {}
        }
        // The text of a string counts as if it were shown, since it is if the string never ends.
        self.lose_cursor();
    }

    fn control(&mut self, last: u8) {
        self.state = ScrolledState::Text;
        match (last, &self.parameters[..]) {
            // What is cleared goes into the history, too.
            (b'S' | b'J', _) | (b'h' | b'l', b"?3") => self.lines += self.rows,
            (b'm' | b'K', _) => return,
            _ => {}
        }
        self.lose_cursor();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_output_scrolls_further_than_is_said() {
        let rows = [
            ("", 0),
            ("\r\n\r\nab\r\n", 3),
            ("a", 1),
            ("\rab\x1b[31mcdefghij", 0),
            ("\rabcdefghijk", 1),
            ("\r\u{6f22}\u{6f22}\u{6f22}\u{6f22}\u{6f22}\u{6f22}", 1),
            ("\r\u{e9}\u{e9}\u{e9}", 0),
            ("\ra\tb", 0),
            ("\ra\t\tb", 1),
            ("\r\x1b[10Gxy", 1),
            ("\x1bD\x1bE", 2),
            ("\x1b[2J\x1b[99S", 8),
            ("\x1b[?25l\x1b[?3h", 4),
            ("\x1b]0;title\x07\r", 1),
            ("\x1b[1\n2H", 1),
        ];
        for (printed, expected) in rows {
            for cut in 0..=printed.len() {
                let mut scrolled = Scrolled::new(10, 4);
                let (one, other) = printed.as_bytes().split_at(cut);
                scrolled.feed(one);
                scrolled.feed(other);
                assert_eq!(scrolled.lines(), expected, "{printed:?} cut at {cut}");
            }
        }
    }
}
