//! What clients say of panes that they have open.

use serde::{Deserialize, Serialize};

use super::more::More;
use super::target::Target;

/// A pane's screen, and all that it prints from there on.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Open {
    /// How many bytes of output may be on their way unacknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_window: Option<u64>,
    /// How many lines of its history come before the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrollback: Option<u32>,
    /// Up to where the client has the pane already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Offset>,
    /// The pane.
    pub target: Target,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A place in a pane's output.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Offset {
    /// The log's name.
    pub epoch: String,
    /// The place, in bytes.
    pub offset: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// No more of an open pane.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Close {
    /// The pane.
    pub target: Target,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The client has taken in what an open pane printed.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Ack {
    /// Up to this offset.
    pub offset: u64,
    /// The pane's id.
    pub pane: String,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
