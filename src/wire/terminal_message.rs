//! What a server says at a terminal, as it stands on the wire, in both directions. What is the same at `/monitor`, such as
//! the greeting, is a [`Message`](super::Message).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use crate::ids::PaneId;

/// What is said at a terminal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum TerminalMessage<'a> {
    /// The terminal shows this pane from here on.
    Connect(Connected<'a>),
    /// To be written to the client's terminal.
    Output(TerminalOutput<'a>),
    /// The pane has another size.
    Resize(TerminalResize<'a>),
    /// It is over.
    Disconnect(TerminalEnd<'a>),
}

/// The terminal shows this pane from here on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Connected<'a> {
    /// The request's id, if it answers one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The session's name.
    #[serde(rename = "sessionId")]
    pub session: Cow<'a, str>,
    /// The time of the newest event, as RFC 3339 in UTC with milliseconds.
    pub timestamp: Cow<'a, str>,
    /// The pane.
    pub pane: Text<PaneId>,
    /// Its columns.
    pub cols: u32,
    /// Its rows.
    pub rows: u32,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// Where its output goes on.
    pub offset: u64,
    /// The output from there on follows; otherwise what the pane shows does first.
    pub recovered: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// To be written to the client's terminal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TerminalOutput<'a> {
    /// The session's name.
    #[serde(rename = "sessionId")]
    pub session: Cow<'a, str>,
    /// The time of the newest event, as RFC 3339 in UTC with milliseconds.
    pub timestamp: Cow<'a, str>,
    /// What.
    pub data: Cow<'a, str>,
    /// Of its first byte; with `replay`, of the first byte that follows it.
    pub offset: u64,
    /// How many bytes it was before any decoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// There was invalid UTF-8 in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lossy: Option<bool>,
    /// It brings the terminal to what the pane shows, and is no output of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<bool>,
    /// With `replay`: nothing can be missing or doubled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The pane has another size.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TerminalResize<'a> {
    /// The session's name.
    #[serde(rename = "sessionId")]
    pub session: Cow<'a, str>,
    /// The time of the newest event, as RFC 3339 in UTC with milliseconds.
    pub timestamp: Cow<'a, str>,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// It is over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TerminalEnd<'a> {
    /// The session's name.
    #[serde(rename = "sessionId")]
    pub session: Cow<'a, str>,
    /// The time of the newest event, as RFC 3339 in UTC with milliseconds.
    pub timestamp: Cow<'a, str>,
    /// Why: `requested`, `pane_gone` or `session_gone`.
    pub reason: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl TerminalMessage<'static> {
    /// Reads a message. Nothing if it is none of a terminal's own.
    #[must_use]
    pub fn read(fields: More) -> Option<Self> {
        Self::deserialize(Value::Object(fields)).ok()
    }
}
