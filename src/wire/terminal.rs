//! The messages of `/ws/terminal/`: one pane as a terminal in a page, in the shapes that such pages are used to.

use jiff::Timestamp;
use serde::Serialize;

use super::event::Encoder;
use super::framed::{FrameBuilder, Framed, to_frame};
use super::json::{lossy_string, number, string};
use super::objects::Text;
pub use super::parse::parse_terminal as parse;
use super::request::RequestId;
pub use super::terminal_request::{
    Connect, Input, PaneOffset, Resize, TerminalAck, TerminalAction,
};
use crate::ids::{Epoch, PaneId};

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
