//! How far an export is, on a line of a terminal that is drawn again and again.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// An export that takes no longer shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is drawn.
const AGAIN: Duration = Duration::from_millis(200);

/// How wide the bar is.
const WIDTH: usize = 24;

/// The line.
#[derive(Debug)]
pub(super) struct Progress {
    due: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// Shows nothing yet; nothing at all where stderr is no terminal.
    pub(super) fn new() -> Self {
        Self {
            due: stderr().is_terminal().then(|| Instant::now() + PATIENCE),
            is_shown: false,
        }
    }

    /// So much is done, from 0 to 1: so many bytes, up to this time.
    pub(super) fn show(&mut self, done: f64, bytes: u64, at: &str) {
        let now = Instant::now();
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.due = Some(now + AGAIN);
        self.is_shown = true;
        self.draw(&line(done, bytes, at));
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            self.draw("");
        }
    }

    fn draw(&self, line: &str) {
        // Who does not see it misses nothing.
        let _ = write!(stderr(), "\r\x1b[K{line}");
    }
}

fn line(done: f64, bytes: u64, at: &str) -> String {
    let done = done.clamp(0.0, 1.0);
    let full = (0..WIDTH)
        .filter(|part| (*part as f64) < done * WIDTH as f64)
        .count();
    format!(
        "[{}{}] {:3.0} % up to {at}, {} KiB",
        "#".repeat(full),
        ".".repeat(WIDTH - full),
        done * 100.0,
        bytes / 1024
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        let rows = [
            (0.0, "[........................]   0 % up to now, 2 KiB"),
            (0.5, "[############............]  50 % up to now, 2 KiB"),
            (7.0, "[########################] 100 % up to now, 2 KiB"),
        ];
        for (done, expected) in rows {
            assert_eq!(line(done, 2100, "now"), expected);
        }
    }
}
