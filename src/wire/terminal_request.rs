//! What clients say to a terminal, as it stands on the wire: one object with a `type` and its fields, in both directions.
//!
//! Authentication and signs of life are the same as elsewhere, with an `action`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::more::More;
use super::request::{Action, Plain, Request, debug_without_content, read_as};

/// What is asked of a terminal.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "type", rename_all = "kebab-case")]
pub enum TerminalAction {
    /// The pane as it is, and all that it prints from there on.
    Connect(Connect),
    /// Something to be typed.
    Input(Input),
    /// Another size.
    Resize(Resize),
    /// The client has drawn the output up to an offset.
    Ack(TerminalAck),
    /// The client is done.
    Disconnect(Plain),
    /// What has an action and no type; `/monitor` serves it too.
    #[serde(skip)]
    Common(Action),
    /// A type that this version doesn't know, with all of its fields.
    #[serde(skip)]
    Unknown(More),
}

/// How a terminal begins.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Connect {
    /// How many bytes of output may be on their way unacknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_window: Option<u64>,
    /// The columns that the client would like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    /// The rows that the client would like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// How many lines of history come before the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrollback: Option<u32>,
    /// The session that the client believes to be at.
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Up to where the client has a pane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<PaneOffset>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A place in the output of a pane.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PaneOffset {
    /// The log's name.
    pub epoch: String,
    /// The place, in bytes.
    pub offset: u64,
    /// The pane's id.
    pub pane: String,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Something to be typed.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Input {
    /// What.
    pub data: String,
    /// It was pasted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paste: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Another size.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Resize {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The client has drawn the output up to an offset.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TerminalAck {
    /// Up to this offset.
    pub offset: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl Serialize for TerminalAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Common(action) => Serialize::serialize(action, serializer),
            Self::Unknown(fields) => fields.serialize(serializer),
            known => Self::serialize(known, serializer),
        }
    }
}

/// Reads the types that are known; [`Request::read_terminal`] keeps the others.
impl<'de> Deserialize<'de> for TerminalAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Request<TerminalAction> {
    /// Reads the fields of what is said to a terminal.
    ///
    /// # Errors
    /// Its type is known, and a field that the type has is of another kind.
    pub fn read_terminal(fields: More) -> Result<Self, serde_json::Error> {
        if !fields.contains_key("type") && fields.contains_key("action") {
            let Request { action, id } = Request::read(fields)?;
            let action = TerminalAction::Common(action);
            return Ok(Self { action, id });
        }
        let name = fields.get("type").and_then(Value::as_str);
        let is_known = name.is_some_and(|name| super::schema::TERMINAL_TYPES.contains(&name));
        read_as(fields, is_known, TerminalAction::Unknown)
    }
}

debug_without_content!(Connect, PaneOffset, Input, Resize, TerminalAck);

impl fmt::Debug for TerminalAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect(_) => "Connect",
            Self::Input(_) => "Input",
            Self::Resize(_) => "Resize",
            Self::Ack(_) => "Ack",
            Self::Disconnect(_) => "Disconnect",
            Self::Common(action) => return action.fmt(f),
            Self::Unknown(_) => "Unknown",
        })
    }
}
