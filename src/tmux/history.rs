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

/// The pause between two slices, in seconds: as short as tmux's own clock makes one.
const PAUSE: &str = "-d0.001";

/// How many slices a helper command brings: tmux takes a thousand arguments.
const SLICES: u32 = 64;

/// How many lines a slice has where tmux can't pause between two, so that each takes a helper command of its own.
const LINES_WITHOUT_PAUSE: u32 = 250;

/// About how many cells a slice has otherwise: tmux takes some 80 ns for one.
const CELLS: u32 = 10_000;

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
        deadline: Duration,
    ) -> Result<Vec<HistorySlice>, TmuxError> {
        let bounds = bounds(range, self.version().pauses_between_commands());
        let printed = self.run(&arguments(pane, &bounds), deadline).await?;
        parse(&Bytes::from(printed), &bounds).ok_or_else(|| TmuxError::Failed {
            command: "capture-pane".to_owned(),
            said: "less than was asked for".to_owned(),
        })
    }
}

/// Where each slice begins and ends, in lines above the screen.
fn bounds(range: HistoryRange, pauses: bool) -> Vec<(u32, u32)> {
    let (lines, slices) = match pauses {
        true => ((CELLS / range.cols.max(1)).max(1), SLICES),
        false => (LINES_WITHOUT_PAUSE, 1),
    };
    let begin = |slice: u32| range.below.saturating_add(slice.saturating_mul(lines));
    let begins = (0..slices).map(begin);
    let begins = begins.take_while(|below| *below < range.above);
    begins
        .map(|below| (below, below.saturating_add(lines).min(range.above)))
        .collect()
}

fn arguments(pane: PaneId, bounds: &[(u32, u32)]) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::new();
    let mut add = |command: &[&str]| {
        if !arguments.is_empty() {
            arguments.push(";".to_owned());
        }
        arguments.extend(command.iter().map(|&argument| argument.to_owned()));
    };
    let (target, head) = (format!("-pt{pane}"), format!("{SEPARATOR} {HEAD}"));
    let captured = format!("-peNCt{pane}");
    for (number, (below, above)) in bounds.iter().enumerate() {
        if number > 0 {
            add(&["run-shell", PAUSE]);
        }
        add(&["display-message", &target, &head]);
        let (start, end) = (format!("-S-{above}"), format!("-E-{}", below + 1));
        add(&["capture-pane", &captured, &start, &end]);
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
                true,
                vec![(0, 50), (50, 100), (100, 120)],
            ),
            (range(3, 5, 99_999), true, vec![(3, 4), (4, 5)]),
            (range(7, 7, 80), true, vec![]),
            (range(100, 1000, 200), false, vec![(100, 350)]),
        ];
        for (range, pauses, expected) in rows {
            assert_eq!(bounds(range, pauses), expected, "{range:?}");
        }
        let many = bounds(range(0, 100_000, 80), true);
        assert_eq!(many.len(), SLICES as usize);
        assert!(arguments(PaneId(9_999_999), &many).len() < 1000);
        let bytes: usize = arguments(PaneId(9_999_999), &many)
            .iter()
            .map(|argument| argument.len() + 1)
            .sum();
        assert!(bytes < 16_000, "{bytes}: a message to tmux has 16 KiB");
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
