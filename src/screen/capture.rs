//! What tmux captured of a pane, as it came.

use bytes::{Bytes, BytesMut};

use super::lines::independent;
use crate::control::escape::unescape_capture_into;
use crate::control::rows::{PaneStateRow, Row as _, RowError};

/// What tmux said of a pane in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    pub(super) state: PaneStateRow,
    /// Scrollback and the screen that shows.
    pub(super) lines: Vec<Bytes>,
    /// The primary screen while the other one shows.
    pub(super) saved: Vec<Bytes>,
    pub(super) pending: Bytes,
}

impl Capture {
    /// Reads the state row and the captures, escaped as tmux prints them with `-C`, each line ended by LF.
    ///
    /// # Errors
    /// The row is not one.
    pub fn new(
        state: &[u8],
        screen: &Bytes,
        saved: &Bytes,
        pending: &Bytes,
    ) -> Result<Self, RowError> {
        let state = state.strip_suffix(b"\n").unwrap_or(state);
        Ok(Self {
            state: PaneStateRow::parse(state)?,
            lines: lines(screen),
            saved: lines(saved),
            pending: lines(pending).into_iter().next().unwrap_or_default(),
        })
    }

    /// What tmux said of the cursor and the modes.
    #[must_use]
    pub fn state(&self) -> &PaneStateRow {
        &self.state
    }

    /// Whether there is a tab on the screen.
    pub(super) fn has_tabs(&self) -> bool {
        let lines = self.lines.iter().chain(&self.saved);
        lines.into_iter().any(|line| line.contains(&b'\t'))
    }

    /// Whether the pane has begun an escape sequence and not ended it.
    #[must_use]
    pub fn has_unfinished_sequence(&self) -> bool {
        !self.pending.is_empty()
    }
}

/// The lines of a history, escaped as tmux prints them with `-C`, each ended by LF: each made to stand for itself, all in
/// one piece of memory. The tab stops and columns are the pane's.
#[must_use]
pub fn history_lines(escaped: &Bytes, tabs: &[u32], cols: u32) -> Vec<Bytes> {
    let lines = independent(&lines(escaped), tabs, cols);
    let mut whole = Bytes::from(lines.concat());
    lines
        .iter()
        .map(|line| whole.split_to(line.len()))
        .collect()
}

fn lines(escaped: &Bytes) -> Vec<Bytes> {
    let Some(whole) = escaped.strip_suffix(b"\n") else {
        return Vec::new();
    };
    let unescaped = |line| {
        let mut bytes = BytesMut::new();
        unescape_capture_into(line, &mut bytes);
        bytes.freeze()
    };
    whole.split(|byte| *byte == b'\n').map(unescaped).collect()
}
