//! What clients say: text -> JSON -> checked against its schema -> [`ClientMessage`]. Parsed once, never checked again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::code::ErrorCode;
use super::credential::Credential;
use super::cursor::since_cursor;
use super::filter::FilterFields;
use super::printing::PrintsInFields;
use super::target::{Target, TargetFields, pane_id};
use super::{quick, schema};
use crate::hub::{Filter, Position, PrintsIn, Since};
use crate::ids::{Epoch, PaneId, Seq};

/// The longest message that is looked at, in bytes.
pub const MAX_MESSAGE: usize = 64 << 10;

/// A client's name for a request; its reply carries the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A text.
    Text(String),
    /// A number, which goes back as it came.
    Number(serde_json::Number),
}

/// A message that can be carried out.
#[derive(Debug)]
pub struct Incoming<M = ClientMessage> {
    /// The client's name for it.
    pub id: Option<RequestId>,
    /// What it says.
    pub message: M,
}

/// What a client asks for.
#[derive(Clone, PartialEq)]
pub enum ClientMessage {
    /// To be let in.
    Auth {
        /// By this.
        credential: Credential,
    },
    /// Events that pass the filter.
    Subscribe {
        /// What to send.
        filter: Filter,
        /// From where on; `None` is from now on.
        since: Option<Since>,
        /// Where the client prints what it gets.
        prints_in: Option<PrintsIn>,
    },
    /// No more events that pass the filter.
    Unsubscribe {
        /// What not to send.
        filter: Filter,
    },
    /// The state of tmux.
    Snapshot {
        /// The part of it.
        target: Target,
        /// With the panes' screens.
        screen: bool,
    },
    /// Something to be typed.
    Type {
        /// The pane.
        target: Target,
        /// What.
        typed: Typed,
        /// Whether as a paste, in brackets if the pane's program asked for that; `None` is as it fits the text.
        paste: Option<bool>,
        /// How long Enter waits after it; `None` is as the server is set.
        submit_delay: Option<Duration>,
        /// Leave a mode such as copy mode first.
        cancel_mode: bool,
        /// A repetition with the same key is not carried out again.
        key: Option<String>,
    },
    /// A pane's screen, and all that it prints from there on.
    Open(OpenRequest),
    /// No more of an open pane.
    Close {
        /// The pane.
        target: Target,
    },
    /// The client has taken in what an open pane printed.
    Ack {
        /// The pane.
        pane: PaneId,
        /// Up to this offset.
        offset: u64,
    },
    /// How the client and the server fare.
    Stats,
    /// Who is connected.
    Clients,
    /// The end of somebody's connection.
    Disconnect {
        /// The server's name for the connection.
        client_id: String,
        /// What that client is told about it.
        reason: Option<String>,
    },
    /// A sign of life.
    Ping,
}

/// How a pane is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// The pane.
    pub target: Target,
    /// How many lines of its history come before the screen.
    pub scrollback: u32,
    /// The offset in an epoch up to which the client has the pane already.
    pub since: Option<(String, u64)>,
    /// How many bytes of output may be on their way unacknowledged; `None` bounds nothing.
    pub ack_window: Option<u64>,
}

/// What is to be typed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Typed {
    /// A line, and Enter.
    Line(String),
    /// Text as it is.
    Text(String),
    /// Keys by name.
    Keys(Vec<String>),
}

/// A message that can't be carried out, with the reply that it gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The client's name for it, as far as it could be read.
    pub id: Option<RequestId>,
    /// Why, as a stable word.
    pub code: ErrorCode,
    /// Why, for people; it repeats nothing of the message but names of fields.
    pub message: String,
}

/// Reads a message.
///
/// # Errors
/// It is too long, not JSON, of an unknown action or not as its schema says.
pub fn parse(text: &[u8]) -> Result<Incoming, Rejected> {
    match quick::send_keys(text) {
        Some(keystroke) => Ok(keystroke),
        None => parse_slowly(text),
    }
}

/// Reads any message, with all that its schema says.
pub(super) fn parse_slowly(text: &[u8]) -> Result<Incoming, Rejected> {
    parse_with(text, read_message)
}

/// Reads the JSON object that a message is, and its id; `read` makes the message of it.
pub(super) fn parse_with<M>(
    text: &[u8],
    read: impl FnOnce(&Value) -> Result<M, (ErrorCode, String)>,
) -> Result<Incoming<M>, Rejected> {
    let reject = |code, message: String| Rejected {
        id: None,
        code,
        message,
    };
    if text.len() > MAX_MESSAGE {
        let message = format!(
            "a message has at most {MAX_MESSAGE} bytes, this one has {}",
            text.len()
        );
        return Err(reject(ErrorCode::TooLarge, message));
    }
    let value: Value = serde_json::from_slice(text)
        .map_err(|error| reject(ErrorCode::InvalidJson, format!("this is not JSON: {error}")))?;
    let Value::Object(fields) = &value else {
        return Err(reject(
            ErrorCode::InvalidMessage,
            "a message is a JSON object".to_owned(),
        ));
    };
    let id = read_id(fields.get("id"));
    match read(&value) {
        Ok(message) => Ok(Incoming { id, message }),
        Err((code, message)) => Err(Rejected { id, code, message }),
    }
}

/// Reads a message by its action.
pub(super) fn read_message(value: &Value) -> Result<ClientMessage, (ErrorCode, String)> {
    let why = match value.get("action") {
        Some(Value::String(action)) => return read_action(action, value),
        Some(_) => "action: it is not a string",
        None => "\"action\" is missing",
    };
    Err((ErrorCode::InvalidMessage, why.to_owned()))
}

/// The id if it is an acceptable one; the schema refuses the others.
fn read_id(value: Option<&Value>) -> Option<RequestId> {
    match value? {
        Value::String(text) if text.chars().count() <= 128 => Some(RequestId::Text(text.clone())),
        Value::Number(number) => Some(RequestId::Number(number.clone())),
        _ => None,
    }
}

fn read_action(action: &str, value: &Value) -> Result<ClientMessage, (ErrorCode, String)> {
    let Some(checked) = schema::check(action, value) else {
        let known = schema::ACTIONS.join(", ");
        return Err((
            ErrorCode::UnknownAction,
            format!("this action is not known; these are: {known}"),
        ));
    };
    checked?;
    let fields = Fields::deserialize(value).map_err(|error| {
        (
            ErrorCode::InvalidMessage,
            format!("the message can't be read: {error}"),
        )
    })?;
    fields.into_message(action)
}

/// The fields of all actions; the schema has said which may be there.
#[derive(Deserialize)]
struct Fields {
    token: Option<String>,
    ticket: Option<String>,
    #[serde(default)]
    filters: FilterFields,
    since: Option<SinceField>,
    prints_in: Option<PrintsInFields>,
    #[serde(default)]
    without_watchers: bool,
    #[serde(default)]
    target: TargetFields,
    #[serde(default)]
    screen: bool,
    command: Option<String>,
    text: Option<String>,
    keys: Option<Vec<String>>,
    paste: Option<bool>,
    submit_delay_ms: Option<u64>,
    #[serde(default)]
    cancel_mode: bool,
    key: Option<String>,
    #[serde(default)]
    scrollback: u32,
    ack_window: Option<u64>,
    pane: Option<String>,
    #[serde(default)]
    offset: u64,
    client_id: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum IndexOrText {
    Index(u32),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SinceField {
    Cursor(String),
    Position { epoch: String, seq: u64 },
    Offset { epoch: String, offset: u64 },
}

impl Fields {
    fn into_message(self, action: &str) -> Result<ClientMessage, (ErrorCode, String)> {
        Ok(match action {
            "auth" => ClientMessage::Auth {
                credential: Credential::read(self.token, self.ticket),
            },
            "subscribe" => self.into_subscribe()?,
            "unsubscribe" => ClientMessage::Unsubscribe {
                filter: self.filters.into_filter()?,
            },
            "snapshot" => ClientMessage::Snapshot {
                target: self.target.into_target()?,
                screen: self.screen,
            },
            "command" | "send-keys" => ClientMessage::Type {
                target: self.target.into_pane_target()?,
                typed: match (self.command, self.text) {
                    (Some(line), _) => Typed::Line(line),
                    (None, Some(text)) => Typed::Text(text),
                    (None, None) => Typed::Keys(self.keys.unwrap_or_default()),
                },
                paste: self.paste,
                submit_delay: self.submit_delay_ms.map(Duration::from_millis),
                cancel_mode: self.cancel_mode,
                key: self.key,
            },
            "open" => ClientMessage::Open(self.into_open()?),
            "close" => ClientMessage::Close {
                target: self.target.into_pane_target()?,
            },
            "ack" => ClientMessage::Ack {
                pane: pane_id("pane", &self.pane.unwrap_or_default())?,
                offset: self.offset,
            },
            "stats" => ClientMessage::Stats,
            "clients" => ClientMessage::Clients,
            "disconnect" => ClientMessage::Disconnect {
                client_id: self.client_id.unwrap_or_default(),
                reason: self.reason,
            },
            _ => ClientMessage::Ping,
        })
    }

    fn into_subscribe(self) -> Result<ClientMessage, (ErrorCode, String)> {
        let filter = self.filters.into_filter()?;
        Ok(ClientMessage::Subscribe {
            filter: filter.leaving_out_watchers(self.without_watchers),
            since: self.since.map(SinceField::into_since),
            prints_in: self.prints_in.map(PrintsInFields::read).transpose()?,
        })
    }

    fn into_open(self) -> Result<OpenRequest, (ErrorCode, String)> {
        Ok(OpenRequest {
            target: self.target.into_pane_target()?,
            scrollback: self.scrollback,
            since: self.since.and_then(SinceField::into_offset),
            ack_window: self.ack_window,
        })
    }
}

impl SinceField {
    fn into_offset(self) -> Option<(String, u64)> {
        match self {
            Self::Offset { epoch, offset } => Some((epoch, offset)),
            Self::Cursor(_) | Self::Position { .. } => None,
        }
    }

    fn into_since(self) -> Since {
        match self {
            Self::Offset { .. } => Since::Foreign,
            Self::Cursor(text) => since_cursor(&text),
            Self::Position { epoch, seq } => Epoch::new(&epoch).map_or(Since::Foreign, |epoch| {
                Since::Position(Position {
                    epoch,
                    seq: Seq(seq),
                })
            }),
        }
    }
}

/// Neither tokens nor what is typed belong in a log.
impl fmt::Debug for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth { .. } => "Auth",
            Self::Subscribe { .. } => "Subscribe",
            Self::Unsubscribe { .. } => "Unsubscribe",
            Self::Snapshot { .. } => "Snapshot",
            Self::Type { .. } => "Type",
            Self::Open(_) => "Open",
            Self::Close { .. } => "Close",
            Self::Ack { .. } => "Ack",
            Self::Stats => "Stats",
            Self::Clients => "Clients",
            Self::Disconnect { .. } => "Disconnect",
            Self::Ping => "Ping",
        })
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line(..)",
            Self::Text(_) => "Text(..)",
            Self::Keys(_) => "Keys(..)",
        })
    }
}
