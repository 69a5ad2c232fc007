//! Printing a pane's history in slices: tmux serves nobody else while it captures, so it captures a little at a time.
//!
//! One helper command brings many slices. Between two of them tmux takes care of whatever else has come.

use std::time::Duration;

use bytes::Bytes;

use super::print::SEPARATOR;
use super::{Tmux, TmuxError};
use crate::ids::PaneId;

/// What tmux says at the head of a slice, in the same turn: the lines of the history, the most it may have, and the
/// pane's columns.
const HEAD: &str = "#{history_size} #{history_limit} #{pane_width}";

/// The pause between two slices. tmux's own clock makes some 4 ms of it.
const PAUSE: &str = "-d0.001;";

/// The same while somebody types: some 12 ms, so that a key seldom meets a slice.
const PAUSE_FOR_KEYS: &str = "-d0.009;";

/// How many slices a helper command brings: tmux takes a thousand arguments and 16 KiB. The fewer helpers there are,
/// the fewer keys meet the start of one, which takes a core for some milliseconds.
const SLICES: u32 = 100;

/// How many lines a slice has where tmux can't pause between two, so that each takes a helper command of its own.
const LINES_WITHOUT_PAUSE: u32 = 500;

/// The pause between two such helper commands while somebody types.
const PAUSE_OF_HELPERS: Duration = Duration::from_secs(1);

/// About how many cells a slice has otherwise: tmux takes some 80 ns for one.
const CELLS: u32 = 10_000;

/// The same while somebody types.
const CELLS_FOR_KEYS: u32 = 5_000;

/// How much the capture of a history leaves to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryPace {
    /// tmux serves others after each slice.
    Usual,
    /// The slices are so rare that the echo of a key seldom waits for one.
    Gentle,
}

/// The longest that it takes to print so many lines, at the most careful pace, where each command may take so long.
#[must_use]
pub fn longest_print(lines: u32, deadline: Duration) -> Duration {
    let helpers = lines.div_ceil(LINES_WITHOUT_PAUSE);
    (PAUSE_OF_HELPERS + deadline).saturating_mul(helpers)
}

/// Which part of a history is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRange {
    /// How many lines are left out right above the screen.
    pub below: u32,
    /// How far it reaches up, in lines above the screen.
    pub above: u32,
    /// The columns of the pane.
    pub cols: u32,
}

/// What a history was when a slice of it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryShape {
    /// Its lines.
    pub size: u32,
    /// The most lines that it may have.
    pub limit: u32,
    /// The columns of the pane.
    pub cols: u32,
}

/// Some lines of a history, all captured in one turn of tmux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorySlice {
    /// What the history was then.
    pub shape: HistoryShape,
    /// The lines that were asked for are more than `below` lines above the screen.
    pub below: u32,
    /// They are at most so many lines above the screen.
    pub above: u32,
    /// The lines, escaped as captures are, each ended by LF.
    pub lines: Bytes,
}

/// Slices as they were printed.
#[derive(Debug)]
pub struct HistoryPrint {
    printed: Bytes,
    bounds: Vec<(u32, u32)>,
}

impl HistoryPrint {
    /// The slices. It takes a while to find them in what was printed.
    ///
    /// # Errors
    /// Less was printed than was asked for.
    pub fn slices(&self) -> Result<Vec<HistorySlice>, TmuxError> {
        parse(&self.printed, &self.bounds).ok_or_else(|| TmuxError::Failed {
            command: "capture-pane".to_owned(),
            said: "less than was asked for".to_owned(),
        })
    }
}

impl HistorySlice {
    /// How many of the lines that were asked for there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.above.min(self.shape.size).saturating_sub(self.below)
    }
}

impl Tmux {
    /// Prints the lower end of a part of a pane's history, the newest slice first. It may reach less far up than was
    /// asked for, but never less than one slice.
    ///
    /// # Errors
    /// As with [`Self::run`]; a pane that is gone makes the command fail.
    pub async fn print_history(
        &self,
        pane: PaneId,
        range: HistoryRange,
        pace: HistoryPace,
        deadline: Duration,
    ) -> Result<HistoryPrint, TmuxError> {
        let pauses = self.version().pauses_between_commands();
        if pace == HistoryPace::Gentle && !pauses {
            tokio::time::sleep(PAUSE_OF_HELPERS).await;
        }
        let cells = pauses.then_some(match pace {
            HistoryPace::Usual => CELLS,
            HistoryPace::Gentle => CELLS_FOR_KEYS,
        });
        let bounds = bounds(range, cells);
        let arguments = arguments(pane, &bounds, pace);
        let printed = self.run_in_background(&arguments, deadline).await?;
        Ok(HistoryPrint {
            printed: printed.into(),
            bounds,
        })
    }
}

/// Where each slice begins and ends, in lines above the screen. Without a number of cells there is one slice.
fn bounds(range: HistoryRange, cells: Option<u32>) -> Vec<(u32, u32)> {
    let (lines, slices) = match cells {
        Some(cells) => ((cells / range.cols.max(1)).max(1), SLICES),
        None => (LINES_WITHOUT_PAUSE, 1),
    };
    let begin = |slice: u32| range.below.saturating_add(slice.saturating_mul(lines));
    let begins = (0..slices).map(begin);
    let begins = begins.take_while(|below| *below < range.above);
    begins
        .map(|below| (below, below.saturating_add(lines).min(range.above)))
        .collect()
}

fn arguments(pane: PaneId, bounds: &[(u32, u32)], pace: HistoryPace) -> Vec<String> {
    let pause = match pace {
        HistoryPace::Usual => PAUSE,
        HistoryPace::Gentle => PAUSE_FOR_KEYS,
    };
    let (target, head) = (format!("-pt{pane}"), format!("{SEPARATOR} {HEAD};"));
    let captured = format!("-peNCt{pane}");
    let mut arguments = Vec::new();
    let mut add = |command: &[&str]| {
        arguments.extend(command.iter().map(|&argument| argument.to_owned()));
    };
    let last = bounds.len().saturating_sub(1);
    for (number, (below, above)) in bounds.iter().enumerate() {
        add(&["display-message", &target, &head]);
        let start = format!("-S-{above}");
        // A semicolon at the end of an argument ends a command as one that stands alone does.
        let end = format!("-E-{}{}", below + 1, if number < last { ";" } else { "" });
        add(&["capture-pane", &captured, &start, &end]);
        if number < last {
            add(&["run-shell", pause]);
        }
    }
    arguments
}

/// The slices of what was printed; nothing if they are not those that were asked for.
fn parse(printed: &Bytes, bounds: &[(u32, u32)]) -> Option<Vec<HistorySlice>> {
    let mut slices: Vec<HistorySlice> = Vec::with_capacity(bounds.len());
    let (mut at, mut start) = (0, 0);
    let end = |slices: &mut Vec<HistorySlice>, from: usize, to: usize| {
        if let Some(last) = slices.last_mut() {
            last.lines = printed.slice(from..to);
        }
    };
    for line in printed.split_inclusive(|byte| *byte == b'\n') {
        let behind = at + line.len();
        // No line of a capture begins so, since a backslash is doubled there.
        if let Some(head) = line.strip_prefix(SEPARATOR.as_bytes()) {
            end(&mut slices, start, at);
            let (below, above) = *bounds.get(slices.len())?;
            let (shape, lines) = (shape(head)?, Bytes::new());
            slices.push(HistorySlice {
                shape,
                below,
                above,
                lines,
            });
            start = behind;
        }
        at = behind;
    }
    end(&mut slices, start, at);
    (slices.len() == bounds.len()).then_some(slices)
}

fn shape(head: &[u8]) -> Option<HistoryShape> {
    let mut numbers = std::str::from_utf8(head).ok()?.split_whitespace();
    let mut number = || numbers.next()?.parse().ok();
    Some(HistoryShape {
        size: number()?,
        limit: number()?,
        cols: number()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn range(below: u32, above: u32, cols: u32) -> HistoryRange {
        HistoryRange { below, above, cols }
    }

    #[test]
    fn slices_follow_each_other_and_have_about_as_many_cells() {
        let rows = [
            (
                range(0, 120, 200),
                Some(CELLS),
                vec![(0, 50), (50, 100), (100, 120)],
            ),
            (range(3, 5, 99_999), Some(CELLS), vec![(3, 4), (4, 5)]),
            (range(7, 7, 80), Some(CELLS), vec![]),
            (range(100, 1000, 200), None, vec![(100, 600)]),
        ];
        for (range, cells, expected) in rows {
            assert_eq!(bounds(range, cells), expected, "{range:?}");
        }
        let many = bounds(range(0, 100_000, 80), Some(CELLS));
        assert_eq!(many.len(), SLICES as usize);
        let arguments = arguments(PaneId(9_999_999), &many, HistoryPace::Gentle);
        assert!(arguments.len() < 1000);
        let bytes: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
        assert!(bytes < 16_000, "{bytes}: a message to tmux has 16 KiB");
    }

    #[test]
    fn regression_the_slowest_history_is_within_the_limit_of_its_lines() {
        let deadline = Duration::from_secs(5);
        for lines in [1, 500, 501, 100_000] {
            let (mut helpers, mut below) = (0, 0);
            while let Some((_, above)) = bounds(range(below, lines, 150), None).last() {
                (helpers, below) = (helpers + 1, *above);
            }
            let slowest = (PAUSE_OF_HELPERS + deadline) * helpers;
            assert!(slowest <= longest_print(lines, deadline), "{lines}");
        }
    }

    #[test]
    fn a_slice_begins_with_what_the_history_was() {
        let printed = "\\muxwire 9 100 20\na\n\\\\muxwire\n\\muxwire 10 100 20\n\n";
        let slices = parse(&Bytes::from(printed), &[(0, 2), (2, 4)]).unwrap();
        let found: Vec<_> = slices
            .iter()
            .map(|slice| (slice.shape.size, slice.count(), slice.lines.clone()))
            .collect();
        assert_eq!(
            found,
            [
                (9, 2, Bytes::from("a\n\\\\muxwire\n")),
                (10, 2, Bytes::from("\n"))
            ]
        );
        for broken in ["", "a\n", "\\muxwire 9 100 20\na\n", "\\muxwire x\n"] {
            assert_eq!(parse(&Bytes::from(broken), &[(0, 2), (2, 4)]), None);
        }
        let few = HistorySlice {
            below: 8,
            above: 20,
            ..slices[0].clone()
        };
        assert_eq!(few.count(), 1, "there are no more");
    }
}
