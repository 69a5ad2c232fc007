//! A text of one line or several while somebody writes it.

use unicode_width::UnicodeWidthChar as _;

use super::keys::{Code, Key, Named};
use crate::printable::acts_on_terminals;

/// The longest text, in characters: a request has at most 64 KiB.
const LONGEST: usize = 12_000;

/// A text with a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Editor {
    text: Vec<char>,
    at: usize,
}

impl Editor {
    /// The text.
    #[must_use]
    pub(super) fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Whether there is none.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds text at the cursor. What acts on terminals is left out, but for line ends and tabs.
    pub(super) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        for c in text.chars() {
            let harmless = matches!(c, '\n' | '\t') || !acts_on_terminals(c);
            if harmless && self.text.len() < LONGEST {
                self.text.insert(self.at, c);
                self.at += 1;
            }
        }
    }

    /// Does what a key does while a text is written; `false` if that is nothing.
    pub(super) fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.text() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        match (key.code, key.ctrl) {
            (Code::Named(Named::Left), false) => self.at = self.at.saturating_sub(1),
            (Code::Named(Named::Right), false) => self.at = (self.at + 1).min(self.text.len()),
            (Code::Named(Named::Left), true) => self.at = self.word_before(),
            (Code::Named(Named::Right), true) => self.at = self.word_behind(),
            (Code::Named(Named::Home), _) | (Code::Char('a'), true) => self.at = self.line().0,
            (Code::Named(Named::End), _) | (Code::Char('e'), true) => self.at = self.line().1,
            (Code::Named(Named::Up), _) => self.go_line(-1),
            (Code::Named(Named::Down), _) => self.go_line(1),
            (Code::Named(Named::Backspace), false) | (Code::Char('h'), true) => {
                self.erase(self.at.saturating_sub(1), self.at);
            }
            (Code::Named(Named::Delete), _) => self.erase(self.at, self.at + 1),
            (Code::Char('w'), true) | (Code::Named(Named::Backspace), true) => {
                self.erase(self.word_before(), self.at);
            }
            (Code::Char('u'), true) => self.erase(self.line().0, self.at),
            (Code::Char('k'), true) => self.erase(self.at, self.line().1),
            _ => return false,
        }
        true
    }

    /// The text in rows of at most so many columns, and the cursor's column and row there.
    #[must_use]
    pub(super) fn rows(&self, width: u16) -> (Vec<String>, (u16, u16)) {
        let most = usize::from(width.max(2));
        let (mut rows, mut column) = (vec![String::new()], 0);
        let mut cursor = (0, 0);
        for index in 0..=self.text.len() {
            let c = self.text.get(index).copied();
            let wide = match c {
                Some('\t') => 4,
                Some(c) => c.width().unwrap_or(0),
                None => 0,
            };
            // The cursor behind a full row stands on the next one.
            if column + wide.max(usize::from(index == self.at)) > most {
                rows.push(String::new());
                column = 0;
            }
            if index == self.at {
                cursor = (column, rows.len() - 1);
            }
            match (c, rows.last_mut()) {
                (Some('\n'), _) => {
                    rows.push(String::new());
                    column = 0;
                }
                (Some('\t'), Some(row)) => row.push_str("    "),
                (Some(c), Some(row)) => row.push(c),
                _ => {}
            }
            if c != Some('\n') {
                column += wide;
            }
        }
        let narrow = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        (rows, (narrow(cursor.0), narrow(cursor.1)))
    }

    fn erase(&mut self, from: usize, to: usize) {
        let to = to.min(self.text.len());
        if from < to {
            self.text.drain(from..to);
            self.at = from;
        }
    }

    /// Where the cursor's line begins and ends.
    fn line(&self) -> (usize, usize) {
        let before = self.text[..self.at].iter().rposition(|c| *c == '\n');
        let behind = self.text[self.at..].iter().position(|c| *c == '\n');
        let begin = before.map_or(0, |index| index + 1);
        (begin, behind.map_or(self.text.len(), |end| self.at + end))
    }

    fn go_line(&mut self, by: i8) {
        let (begin, end) = self.line();
        let column = self.at - begin;
        if by < 0 && begin > 0 {
            self.at = begin - 1;
        } else if by > 0 && end < self.text.len() {
            self.at = end + 1;
        } else {
            return;
        }
        let (begin, end) = self.line();
        self.at = (begin + column).min(end);
    }

    fn word_before(&self) -> usize {
        let is_part = |c: &char| c.is_alphanumeric();
        let before = &self.text[..self.at];
        let end = before.iter().rposition(is_part).map_or(0, |end| end + 1);
        let begin = before[..end].iter().rposition(|c| !is_part(c));
        begin.map_or(0, |begin| begin + 1)
    }

    fn word_behind(&self) -> usize {
        let is_part = |c: &char| c.is_alphanumeric();
        let behind = &self.text[self.at..];
        let begin = behind.iter().position(is_part).unwrap_or(behind.len());
        let end = behind[begin..].iter().position(|c| !is_part(c));
        self.at + begin + end.unwrap_or(behind.len() - begin)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn typed(editor: &mut Editor, keys: &str) {
        for name in keys.split(' ') {
            assert!(editor.key(name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn text_is_written_and_taken_back() {
        let mut editor = Editor::default();
        editor.insert("fix the parser");
        typed(&mut editor, "C-w C-w");
        assert_eq!(editor.text(), "fix ");
        typed(&mut editor, "x Left y BSpace Home Z");
        assert_eq!(editor.text(), "Zfix x");
        typed(&mut editor, "C-Right Space DC C-k");
        assert_eq!(editor.text(), "Zfix ");
        typed(&mut editor, "C-u");
        assert!(editor.is_empty());
        assert!(!editor.key(Key::named(Named::Enter)));
    }

    #[test]
    fn lines_are_gone_through_and_what_acts_is_left_out() {
        let mut editor = Editor::default();
        editor.insert("one\r\ntwo three\rx\u{1b}]0;\u{7}\u{202e}");
        assert_eq!(editor.text(), "one\ntwo three\nx]0;");
        typed(&mut editor, "Up Up Home A");
        assert_eq!(editor.text(), "Aone\ntwo three\nx]0;");
        typed(&mut editor, "Down End !");
        assert_eq!(editor.text(), "Aone\ntwo three!\nx]0;");
    }

    #[test]
    fn rows_are_as_wide_as_there_is_room_and_the_cursor_is_in_one() {
        let mut editor = Editor::default();
        editor.insert("ab\u{6f22}\u{5b57}c\nd");
        let (rows, cursor) = editor.rows(4);
        assert_eq!(rows, ["ab\u{6f22}", "\u{5b57}c", "d"]);
        assert_eq!(cursor, (1, 2));
        editor = Editor::default();
        editor.insert("abcd");
        assert_eq!(
            editor.rows(4),
            (vec!["abcd".to_owned(), String::new()], (0, 1))
        );
        assert_eq!(editor.rows(5).1, (4, 0));
    }

    #[test]
    fn a_text_is_bounded() {
        let mut editor = Editor::default();
        editor.insert(&"x".repeat(LONGEST * 2));
        assert_eq!(editor.text().len(), LONGEST);
    }
}
