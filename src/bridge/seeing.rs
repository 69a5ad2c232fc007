//! What clients have seen of agents. It changes what they are shown and nothing else, and goes through the owner, as all that is
//! published.

use crate::ids::{PaneId, ViewerId};
use crate::model::SeenByTooMany;

/// Somebody has seen the agents in these panes as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// Who.
    pub viewer: ViewerId,
    /// The panes; those without an agent are passed over.
    pub panes: Vec<PaneId>,
}

/// What has come of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenPanes {
    /// The panes of them that hold an agent.
    pub panes: Vec<PaneId>,
    /// How many of these were not marked before.
    pub new: usize,
}

/// Why nothing was marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeenError {
    /// Too many others have marked one of them.
    #[error(transparent)]
    TooMany(#[from] SeenByTooMany),
    /// Too many requests wait for the bridge.
    #[error("too much waits to be published; try again")]
    Busy,
    /// The bridge ended before it answered.
    #[error("the server ends")]
    Ended,
}
