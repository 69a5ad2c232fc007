//! The messages of `/ws/terminal/`: one pane as a terminal in a page, in the shapes that such pages are used to.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{ClientMessage, Incoming, Rejected, RequestId, parse_with, read_message};
use super::code::ErrorCode;
use super::event::Encoder;
use super::framed::{FrameBuilder, Framed};
use super::json::{lossy_string, number, string};
use super::objects::Text;
use super::server::to_frame;
use crate::ids::{Epoch, PaneId};

/// What a client asks of its terminal.
#[derive(Clone, PartialEq)]
pub enum TerminalMessage {
    /// What `/monitor` serves too, and is needed here: authentication and signs of life.
    Common(ClientMessage),
    /// The pane as it is, and all that it prints from there on.
    Connect(ConnectRequest),
    /// Something to be typed.
    Input {
        /// What.
        data: String,
        /// It was pasted.
        paste: bool,
    },
    /// Another size.
    Resize(TerminalSize),
    /// The client has drawn the output up to this offset.
    Ack(u64),
    /// The client is done.
    Disconnect,
}

/// How a terminal begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectRequest {
    /// The session that the client believes to be at.
    pub session: Option<String>,
    /// The size that it would like.
    pub size: Option<TerminalSize>,
    /// How many lines of history come before the screen.
    pub scrollback: u32,
    /// How many bytes of output may be on their way unacknowledged.
    pub ack_window: Option<u64>,
    /// The epoch, the pane and the offset up to which the client has it.
    pub since: Option<(String, PaneId, u64)>,
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// What a terminal says besides output.
#[derive(Debug, Clone, Copy)]
pub enum TerminalEvent<'a> {
    /// It shows this pane from here on.
    Connect {
        /// The request's id, if it answers one.
        id: Option<&'a RequestId>,
        /// The pane.
        pane: PaneId,
        /// Its size.
        size: (u32, u32),
        /// Where its output goes on.
        offset: u64,
        /// The output from there on follows; otherwise the pane as it is does first.
        recovered: bool,
    },
    /// The pane has another size.
    Resize {
        /// The size.
        size: (u32, u32),
    },
    /// It is over.
    Disconnect {
        /// Why.
        reason: Gone,
    },
}

/// Why a terminal is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The client asked for it.
    Requested,
    /// The pane that was named is gone.
    Pane,
    /// The session is gone.
    Session,
}

/// What all messages of one terminal carry.
#[derive(Debug, Clone, Copy)]
pub struct TerminalContext<'a> {
    /// The session's name.
    pub session: &'a str,
    /// The time of the newest event.
    pub at: Timestamp,
}

/// Reads a message.
///
/// # Errors
/// It is too long, not JSON, of an unknown type or not as its schema says.
pub fn parse(text: &[u8]) -> Result<Incoming<TerminalMessage>, Rejected> {
    match super::quick::input(text) {
        Some(keystroke) => Ok(keystroke),
        None => parse_slowly(text),
    }
}

/// Reads any message, with all that its schema says.
pub(super) fn parse_slowly(text: &[u8]) -> Result<Incoming<TerminalMessage>, Rejected> {
    parse_with(text, |value| match value.get("type") {
        Some(Value::String(kind)) => read(kind, value),
        Some(_) => Err((
            ErrorCode::InvalidMessage,
            "type: it is not a string".to_owned(),
        )),
        // Without a type it is one of those that have an action; of these, two are served here.
        None => match read_message(value)? {
            message @ (ClientMessage::Auth { .. } | ClientMessage::Ping) => {
                Ok(TerminalMessage::Common(message))
            }
            _ => {
                let why = "a terminal takes no other action than auth and ping, but these types: ";
                let types = super::schema::TERMINAL_TYPES.join(", ");
                Err((ErrorCode::UnknownAction, format!("{why}{types}")))
            }
        },
    })
}

fn read(kind: &str, value: &Value) -> Result<TerminalMessage, (ErrorCode, String)> {
    let Some(checked) = super::schema::check_terminal(kind, value) else {
        let known = super::schema::TERMINAL_TYPES.join(", ");
        let why = format!("this type is not known; these are: {known}");
        return Err((ErrorCode::UnknownAction, why));
    };
    checked?;
    let invalid = |error: &dyn fmt::Display| {
        let why = format!("the message can't be read: {error}");
        (ErrorCode::InvalidMessage, why)
    };
    let fields = Fields::deserialize(value).map_err(|error| invalid(&error))?;
    Ok(match kind {
        "input" => TerminalMessage::Input {
            data: fields.data.unwrap_or_default(),
            paste: fields.paste,
        },
        "resize" => TerminalMessage::Resize(
            fields
                .size()
                .ok_or_else(|| invalid(&"cols and rows are missing"))?,
        ),
        "ack" => TerminalMessage::Ack(fields.offset.unwrap_or_default()),
        "disconnect" => TerminalMessage::Disconnect,
        _ => {
            let size = fields.size();
            let since = fields.since.map(|since| {
                let pane = since.pane.parse();
                pane.map(|pane| (since.epoch, pane, since.offset))
            });
            TerminalMessage::Connect(ConnectRequest {
                session: fields.session,
                size,
                scrollback: fields.scrollback,
                ack_window: fields.ack_window,
                since: since.transpose().map_err(|error| invalid(&error))?,
            })
        }
    })
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "sessionId")]
    session: Option<String>,
    data: Option<String>,
    #[serde(default)]
    paste: bool,
    cols: Option<u16>,
    rows: Option<u16>,
    offset: Option<u64>,
    #[serde(default)]
    scrollback: u32,
    ack_window: Option<u64>,
    since: Option<SinceFields>,
}

#[derive(Deserialize)]
struct SinceFields {
    epoch: String,
    pane: String,
    offset: u64,
}

impl Fields {
    fn size(&self) -> Option<TerminalSize> {
        let (cols, rows) = (self.cols?, self.rows?);
        Some(TerminalSize { cols, rows })
    }
}

/// What is typed belongs in no log.
impl fmt::Debug for TerminalMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common(message) => message.fmt(f),
            Self::Connect(request) => request.fmt(f),
            Self::Input { .. } => f.write_str("Input(..)"),
            Self::Resize(size) => size.fmt(f),
            Self::Ack(offset) => write!(f, "Ack({offset})"),
            Self::Disconnect => f.write_str("Disconnect"),
        }
    }
}

impl Gone {
    fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Pane => "pane_gone",
            Self::Session => "session_gone",
        }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(rename = "sessionId")]
    session: &'a str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pane: Option<Text<PaneId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cols: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<Text<&'a Epoch>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl Encoder {
    /// What a terminal says besides output.
    #[must_use]
    pub fn terminal(&self, context: TerminalContext<'_>, event: &TerminalEvent<'_>) -> Framed {
        let mut message = Message {
            kind: "connect",
            id: None,
            session: context.session,
            timestamp: format!("{:.3}", context.at),
            pane: None,
            cols: None,
            rows: None,
            epoch: None,
            offset: None,
            recovered: None,
            reason: None,
        };
        match *event {
            TerminalEvent::Connect {
                id,
                pane,
                size,
                offset,
                recovered,
            } => {
                message.id = id;
                message.pane = Some(Text(pane));
                (message.cols, message.rows) = (Some(size.0), Some(size.1));
                message.epoch = Some(Text(self.epoch()));
                message.offset = Some(offset);
                message.recovered = Some(recovered);
            }
            TerminalEvent::Resize { size } => {
                message.kind = "resize";
                (message.cols, message.rows) = (Some(size.0), Some(size.1));
            }
            TerminalEvent::Disconnect { reason } => {
                message.kind = "disconnect";
                message.reason = Some(reason.word());
            }
        }
        to_frame(&message)
    }

    /// Bytes that bring a terminal to the pane as it is at an offset.
    #[must_use]
    pub fn terminal_replay(
        &self,
        context: TerminalContext<'_>,
        offset: u64,
        exact: bool,
        replay: &[u8],
    ) -> Framed {
        let mut frame = begin(context, replay);
        let out = frame.out();
        write_offset(out, offset);
        out.extend_from_slice(b",\"replay\":true,\"exact\":");
        out.extend_from_slice(if exact { b"true" } else { b"false" });
        out.push(b'}');
        frame.text()
    }
}

/// What a pane printed, as a terminal gets it.
pub(super) fn output(context: TerminalContext<'_>, offset: u64, bytes: &[u8]) -> Framed {
    let mut frame = begin(context, bytes);
    let out = frame.out();
    write_offset(out, offset);
    out.extend_from_slice(b",\"bytes\":");
    number(out, bytes.len() as u64);
    if std::str::from_utf8(bytes).is_err() {
        out.extend_from_slice(b",\"lossy\":true");
    }
    out.push(b'}');
    frame.text()
}

fn begin(context: TerminalContext<'_>, data: &[u8]) -> FrameBuilder {
    let mut frame = FrameBuilder::new(data.len() + data.len() / 8 + 160);
    let out = frame.out();
    out.extend_from_slice(b"{\"type\":\"output\",\"sessionId\":");
    string(out, context.session);
    out.extend_from_slice(format!(",\"timestamp\":\"{:.3}\",\"data\":", context.at).as_bytes());
    lossy_string(out, data);
    frame
}

fn write_offset(out: &mut Vec<u8>, offset: u64) {
    out.extend_from_slice(b",\"offset\":");
    number(out, offset);
}
