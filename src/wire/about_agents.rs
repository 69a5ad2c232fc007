//! What clients ask about agents, besides prompts and answers.

use serde::{Deserialize, Serialize};

use super::more::More;
use super::target::Target;

/// The client has seen the agents in these panes as they are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// A session, window or pane; nothing for all that the client may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What is held of the agent in a pane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Explain {
    /// The pane.
    pub target: Target,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
