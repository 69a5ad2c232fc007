//! The clock of the server's tasks.

use std::time::Instant;

use jiff::Timestamp;
use tokio::time;

/// The time, as tests may set it.
pub(super) fn now() -> Instant {
    time::Instant::now().into_std()
}

/// The time of day, to be shown.
pub(super) fn today() -> Timestamp {
    Timestamp::now()
}
