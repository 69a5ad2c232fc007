//! What a server says of what went wrong, and of what a client has to do about it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use crate::ids::PaneId;

/// Output of a pane was left out for this client; a snapshot of the pane follows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lagged {
    /// The pane.
    pub pane: Text<PaneId>,
    /// The offset of the first byte that was left out.
    pub from: u64,
    /// The offset behind the last one: that of the snapshot.
    pub to: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A request was refused.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Error<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Why, as a stable word.
    pub code: Cow<'a, str>,
    /// Why, for people.
    pub message: Cow<'a, str>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// When to ask again, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The server is about to close all connections.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shutdown {
    /// When to come back.
    pub retry_after_ms: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
