//! Printing. A reader that goes away ends the program quietly, as with any other tool in a pipe.

use std::io::{self, Stderr, Stdout, Write};

use anyhow::Context as _;
use unicode_width::UnicodeWidthStr as _;

/// Nobody reads any more what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the output is closed")]
pub struct Closed;

/// Where a command prints.
#[derive(Debug)]
pub struct CommandOutput<W>(W);

impl CommandOutput<Stdout> {
    /// What is asked for goes here.
    #[must_use]
    pub fn stdout() -> Self {
        Self(io::stdout())
    }
}

impl CommandOutput<Stderr> {
    /// Hints and errors go here.
    #[must_use]
    pub fn stderr() -> Self {
        Self(io::stderr())
    }
}

impl<W: Write> CommandOutput<W> {
    /// Printing to anything.
    pub fn new(writer: W) -> Self {
        Self(writer)
    }

    /// Prints a line, or several, at once.
    ///
    /// # Errors
    /// [`Closed`], or the system refused.
    pub fn line(&mut self, text: &str) -> anyhow::Result<()> {
        let written = self
            .0
            .write_all(format!("{text}\n").as_bytes())
            .and_then(|()| self.0.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
            other => other.context("can't print"),
        }
    }

    /// Prints a value as JSON, over several lines.
    ///
    /// # Errors
    /// As with [`CommandOutput::line`].
    pub fn json(&mut self, value: &serde_json::Value) -> anyhow::Result<()> {
        self.line(&format!("{value:#}"))
    }

    /// Prints rows in columns as wide as they show, the first row being the heads.
    ///
    /// # Errors
    /// As with [`CommandOutput::line`].
    pub fn table<const N: usize>(&mut self, rows: &[[String; N]]) -> anyhow::Result<()> {
        aligned(rows).iter().try_for_each(|row| self.line(row))
    }
}

/// Rows as lines, in columns as wide as they show on a terminal.
#[must_use]
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].width());
        widths.max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.width()));
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_as_they_show() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [
            row(["A", "B", "C"]),
            row(["\u{6f22}\u{5b57}", "e\u{301}", "x"]),
            row(["long one", "", ""]),
        ];
        let expected = [
            "A         B  C",
            "\u{6f22}\u{5b57}      e\u{301}  x",
            "long one",
        ];
        assert_eq!(aligned(&rows), expected);
    }
}
