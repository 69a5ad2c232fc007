//! A pane's screen, as snapshots of the state have it.

use std::str::Chars;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::more::More;

/// What a pane shows, and where its output goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Screen {
    /// Output from this byte on follows it.
    pub offset: u64,
    /// Whether nothing can be missing or doubled between it and the output from there on.
    pub exact: bool,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The rows from the top, with SGR sequences.
    pub lines: Vec<String>,
    /// The cursor.
    pub cursor: Cursor,
    /// Whether it is the alternate screen.
    pub alternate: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A cursor; columns and rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
    /// Whether it shows.
    pub visible: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The lines of a screen as they are read: without attributes, links and whatever else is no text, and without the blanks at their
/// ends.
#[must_use]
pub fn screen_text(lines: &[Bytes]) -> Bytes {
    let mut text = String::new();
    for line in lines {
        let line = String::from_utf8_lossy(line);
        let start = text.len();
        push_text(&mut text, &line);
        let end = text[start..].trim_end_matches(' ').len();
        text.truncate(start + end);
        text.push('\n');
    }
    text.into()
}

/// Adds what of a line is text. tmux writes attributes as CSI sequences, links as OSC strings, and line drawing between SO and SI.
fn push_text(text: &mut String, line: &str) {
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|one| !('@'..='~').contains(&one)) {},
                Some(']') => skip_string(&mut chars),
                _ => {}
            },
            char if char.is_control() => {}
            char => text.push(char),
        }
    }
}

/// Passes over an OSC string with its end.
fn skip_string(chars: &mut Chars<'_>) {
    while let Some(char) = chars.next() {
        match char {
            '\u{7}' => return,
            '\u{1b}' => {
                chars.next();
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_read_without_what_is_no_text() {
        let rows = [
            ("plain  ", "plain\n"),
            (
                "\u{1b}[1;32m$\u{1b}[0m make \u{1b}[7m \u{1b}[0m",
                "$ make\n",
            ),
            (
                "\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\ on",
                "link on\n",
            ),
            ("\u{1b}]0;title\u{7}after", "after\n"),
            ("\u{e}lqk\u{f} \u{1b}[38:2::1:2:3mé", "lqk é\n"),
            ("cut \u{1b}[38", "cut\n"),
            ("", "\n"),
        ];
        for (line, expected) in rows {
            let read = screen_text(&[Bytes::from_static(line.as_bytes())]);
            assert_eq!(read, expected, "{line:?}");
        }
    }
}
