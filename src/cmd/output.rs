//! Printing. A reader that goes away ends the program quietly, as with any other tool in a pipe.

use std::io::{self, Stderr, Stdout, Write};

use anyhow::Context as _;

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

    /// Prints rows in columns, the first row being the heads.
    ///
    /// # Errors
    /// As with [`CommandOutput::line`].
    pub fn table<const N: usize>(&mut self, rows: &[[String; N]]) -> anyhow::Result<()> {
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: [usize; N] = std::array::from_fn(width);
        for row in rows {
            let cells: Vec<_> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            self.line(cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}
