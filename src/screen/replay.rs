//! The bytes that bring a fresh terminal into a snapshot's state.

use bytes::Bytes;

use super::snapshot::PaneSnapshot;

impl PaneSnapshot {
    /// Everything at once: a reset, the last `scrollback` lines, the screen and its state.
    ///
    /// The same as [`Self::replay_start`], [`Self::replay_scrollback`] of these lines, in pages of any size, and
    /// [`Self::replay_screen`], one after the other.
    #[must_use]
    pub fn replay(&self, scrollback: usize) -> Bytes {
        let first = self.scrollback.len().saturating_sub(scrollback);
        let parts = [
            self.replay_start(),
            replay_scrollback(&self.scrollback[first..]),
            self.replay_screen(),
        ];
        parts.concat().into()
    }

    /// What comes first: a reset.
    #[must_use]
    pub fn replay_start(&self) -> Bytes {
        Bytes::from_static(b"\x1bc")
    }

    /// What comes last: the screen and its state.
    #[must_use]
    pub fn replay_screen(&self) -> Bytes {
        let lines = self
            .alternate
            .as_ref()
            .map_or(&self.primary, |alternate| &alternate.lines);
        let mut bytes = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            if row > 0 {
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(line);
        }
        let (row, column) = (self.cursor.y + 1, self.cursor.x + 1);
        bytes.extend_from_slice(format!("\x1b[{row};{column}H").as_bytes());
        bytes.into()
    }
}

/// A page of scrollback: any of a snapshot's [`PaneSnapshot::scrollback`] lines, in order.
#[must_use]
pub fn replay_scrollback(lines: &[Bytes]) -> Bytes {
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 2).sum());
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.into()
}
