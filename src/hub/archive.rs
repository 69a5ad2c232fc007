//! What is kept beyond memory: an archive that readers fall back to for places that the history has let go.
//!
//! Only a reader whose place is older than the history asks for it, so nobody else pays for it or waits for it.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use super::published::Published;
use crate::ids::Seq;

/// How many events are read from an archive at once, at most; each reader holds so many.
const PAGE: u64 = 512;

/// How many pages are read from an archive at one time. Others wait for their turn.
pub(super) const READS: usize = 4;

/// Keeps events that memory has let go.
pub trait Archive: Debug + Send + Sync {
    /// Reads the events of a range, the oldest first and none left out. It may return fewer than are asked for if they
    /// hold much memory, but at least one; the rest is asked for again.
    ///
    /// The future may be dropped before it is done.
    fn read(&self, range: SeqRange) -> ArchiveRead;
}

/// What an archive gives, as soon as it has it.
pub type ArchiveRead =
    Pin<Box<dyn Future<Output = Result<Vec<Arc<Published>>, ArchiveError>> + Send>>;

/// Places of the log: those behind `after`, up to `until` and with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeqRange {
    /// The place behind which the range begins.
    pub after: Seq,
    /// The last place of the range.
    pub until: Seq,
}

/// Events from an archive, and the place that they come right behind.
#[derive(Debug)]
pub struct Archived {
    pub(super) after: Seq,
    pub(super) events: Vec<Arc<Published>>,
}

/// Why an archive gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It keeps nothing that is so old, or has lost it.
    #[error("the archive does not hold these events")]
    NotKept,
    /// It could not be read.
    #[error("{0}")]
    Failed(String),
    /// It gave other events than were asked for.
    #[error("the archive gave event {found} where {wanted} was to come")]
    Hole {
        /// The place that was to come.
        wanted: Seq,
        /// The place that came.
        found: Seq,
    },
}

impl SeqRange {
    /// The first page of what lies behind a place, up to this one.
    pub(super) fn page(after: Seq, last: Seq) -> Self {
        let until = Seq(last.0.min(after.0 + PAGE));
        Self { after, until }
    }

    /// What was read of this range, if it is what was asked for.
    pub(super) fn checked(self, events: Vec<Arc<Published>>) -> Result<Archived, ArchiveError> {
        let after = self.after;
        if events.is_empty() {
            return Err(ArchiveError::NotKept);
        }
        let mut wanted = after;
        for event in &events {
            wanted = wanted.next();
            if event.seq != wanted {
                let found = event.seq;
                return Err(ArchiveError::Hole { wanted, found });
            }
        }
        Ok(Archived { after, events })
    }
}
