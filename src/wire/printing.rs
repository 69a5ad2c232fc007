//! Where a client prints what it gets, as it stands on the wire.

use serde::{Deserialize, Serialize};

use super::more::More;
use crate::hub;

/// Where a client prints what it gets, as far as it knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PrintsIn {
    /// The pane, as programs find it in `TMUX_PANE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pane: Option<String>,
    /// The processes that the client descends from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<u32>>,
    /// The process id of the tmux server, as its programs find it in `TMUX`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<u32>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl From<&hub::PrintsIn> for PrintsIn {
    fn from(place: &hub::PrintsIn) -> Self {
        Self {
            pane: place.pane.map(|pane| pane.to_string()),
            processes: Some(place.processes.clone()),
            server: place.server,
            more: More::new(),
        }
    }
}
