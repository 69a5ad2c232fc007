//! What clients add to the log of their own: it goes through the owner, as all that is published.

use crate::model::Emission;

/// Events that are published in one step, all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmitBatch(pub Vec<Emission>);

/// Why events were not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// What one of them is about is gone.
    #[error("events.{0}.target: no such session, window or pane")]
    Gone(usize),
    /// Too many requests wait for the bridge.
    #[error("too much waits to be published; try again")]
    Busy,
    /// They could not be recorded in the audit log beforehand.
    #[error("the audit log can't be written now, so nothing was published; try again later")]
    Unrecorded,
    /// The log holds a recording.
    #[error("what is served is a recording, which takes no events")]
    Recording,
    /// The bridge ended before it answered.
    #[error("the server ends; whether the events were published is not known")]
    Ended,
}
