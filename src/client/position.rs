//! Where a client stands in a server's event log.

use std::fmt;
use std::str::FromStr;

use crate::ids::{Epoch, Seq};
use crate::wire;

/// A place in a server's event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The log's name.
    pub epoch: Epoch,
    /// The place in it.
    pub seq: Seq,
}

impl Position {
    /// Whether another position is at this one or before it; of another log none is.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.epoch == other.epoch && other.seq <= self.seq
    }
}

impl From<(Epoch, Seq)> for Position {
    fn from((epoch, seq): (Epoch, Seq)) -> Self {
        Self { epoch, seq }
    }
}

/// A text that no server writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a position is a cursor as the server or an earlier `watch` gave it, such as 1.b3f1c9.48213"
)]
pub struct NotPosition;

/// Reads what `Display` writes.
impl FromStr for Position {
    type Err = NotPosition;

    fn from_str(text: &str) -> Result<Self, NotPosition> {
        wire::read_cursor(text).map(Self::from).ok_or(NotPosition)
    }
}

/// The position as servers write it, to be given to `since`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wire::cursor(&self.epoch, self.seq))
    }
}
