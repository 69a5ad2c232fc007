//! The messages of `/ws/terminal/`: one pane as a terminal in a page, in the shapes that such pages are used to.

use std::borrow::Cow;

use jiff::Timestamp;

use super::encoder::Encoder;
use super::framed::{FrameBuilder, Framed, to_frame};
use super::json::{lossy_string, number, string};
use super::more::More;
use super::objects::Text;
pub use super::parse::parse_terminal as parse;
use super::request::RequestId;
pub use super::terminal_message::{
    Connected, TerminalEnd, TerminalMessage, TerminalOutput, TerminalResize,
};
pub use super::terminal_request::{
    Connect, Input, PaneOffset, Resize, TerminalAck, TerminalAction,
};
use crate::ids::PaneId;

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

impl Encoder {
    /// What a terminal says besides output.
    #[must_use]
    pub fn terminal(&self, context: TerminalContext<'_>, event: &TerminalEvent<'_>) -> Framed {
        let session = Cow::Borrowed(context.session);
        let timestamp = Cow::Owned(format!("{:.3}", context.at));
        let more = More::new();
        to_frame(&match *event {
            TerminalEvent::Connect {
                id,
                pane,
                size: (cols, rows),
                offset,
                recovered,
            } => TerminalMessage::Connect(Connected {
                id: id.map(Cow::Borrowed),
                session,
                timestamp,
                pane: Text(pane),
                cols,
                rows,
                epoch: Cow::Borrowed(self.epoch().as_str()),
                offset,
                recovered,
                more,
            }),
            TerminalEvent::Resize { size: (cols, rows) } => {
                TerminalMessage::Resize(TerminalResize {
                    session,
                    timestamp,
                    cols,
                    rows,
                    more,
                })
            }
            TerminalEvent::Disconnect { reason } => TerminalMessage::Disconnect(TerminalEnd {
                session,
                timestamp,
                reason: Cow::Borrowed(reason.word()),
                more,
            }),
        })
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
