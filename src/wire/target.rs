//! What a client calls a session, window or pane, as it stands on the wire.

use serde::{Deserialize, Serialize};

/// A pane by its id, or a session and what is in it, in one of several forms each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A pane by its id; then there is nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pane: Option<String>,
    /// A pane of the window by its index; the active one if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pane_index: Option<u32>,
    /// A session by name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// A session by nothing but its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// A session by nothing but its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// A window by its index, id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<IndexOrText>,
    /// A window by nothing but its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_id: Option<String>,
    /// A window by nothing but its index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_index: Option<u32>,
    /// A window by nothing but its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_name: Option<String>,
}

/// An index, or a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IndexOrText {
    /// An index.
    Index(u32),
    /// A text.
    Text(String),
}
