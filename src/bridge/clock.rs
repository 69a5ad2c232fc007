//! The time that events carry: now, or the time at which what they report was recorded.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use crate::hub::Stamp;

/// Where timestamps come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    /// The system's clock.
    System,
    /// A recording that began at `started`, as if that were `origin` on this machine's monotonic clock.
    Recorded {
        /// When the recording began.
        started: Timestamp,
        /// The instant that stands for it.
        origin: Instant,
    },
}

impl Clock {
    /// The stamp of what was read at an instant.
    pub(super) fn stamp(&self, read_at: Instant) -> Stamp {
        match self {
            Self::System => Stamp {
                at: Timestamp::now(),
                read_at: Some(read_at),
            },
            Self::Recorded { started, origin } => {
                let elapsed = SignedDuration::try_from(read_at.saturating_duration_since(*origin));
                let at = elapsed
                    .ok()
                    .and_then(|elapsed| started.checked_add(elapsed).ok());
                Stamp::at(at.unwrap_or(*started))
            }
        }
    }
}
