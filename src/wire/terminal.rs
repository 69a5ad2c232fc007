//! The messages of `/ws/terminal/`: one pane as a terminal in a page, in the shapes that such pages are used to.

use std::borrow::Cow;

use super::encoder::Encoder;
use super::framed::{Framed, to_frame};
use super::more::More;
use super::objects::Text;
pub use super::parse::parse_terminal as parse;
use super::request::RequestId;
pub use super::terminal_message::{
    Connected, TerminalEnd, TerminalMessage, TerminalOutput, TerminalResize,
};
use super::terminal_output;
pub use super::terminal_output::TerminalContext;
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

    /// Bytes that bring a terminal to the pane at an offset.
    #[must_use]
    pub fn terminal_replay(
        &self,
        context: TerminalContext<'_>,
        offset: u64,
        exact: bool,
        replay: &[u8],
    ) -> Framed {
        terminal_output::replay(context, offset, exact, replay)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::ids::Epoch;

    #[test]
    fn what_is_said_at_a_terminal_reads_back_byte_for_byte() {
        let encoder = Encoder::new("build-3", &Epoch::new("b3f1c9").unwrap());
        let context = TerminalContext {
            session: "back\"end",
            at: "2026-11-20T05:00:00.1239Z".parse().unwrap(),
        };
        let id = RequestId::from(7);
        let connect = |id, recovered| TerminalEvent::Connect {
            id,
            pane: PaneId(3),
            size: (80, 24),
            offset: 90_211,
            recovered,
        };
        let events = [
            connect(Some(&id), true),
            connect(None, false),
            TerminalEvent::Resize { size: (1, 2) },
            TerminalEvent::Disconnect { reason: Gone::Pane },
        ];
        let written = events.iter().map(|event| encoder.terminal(context, event));
        let output = [
            terminal_output::output(context, 5, b"\x1b[1mx\xff"),
            terminal_output::output(context, 5, "\u{e9}".as_bytes()),
            encoder.terminal_replay(context, 9, false, b"\x1b[H"),
        ];
        for frame in written.chain(output) {
            let text = String::from_utf8(frame.payload().to_vec()).unwrap();
            let read = TerminalMessage::read(serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(to_frame(&read).payload(), text.as_bytes(), "{text}");
            let later = text.replacen('{', r#"{"x_later":[1],"#, 1);
            let read = TerminalMessage::read(serde_json::from_str(&later).unwrap()).unwrap();
            let kept: serde_json::Value =
                serde_json::from_slice(to_frame(&read).payload()).unwrap();
            assert_eq!(
                kept,
                serde_json::from_str::<serde_json::Value>(&later).unwrap()
            );
        }
    }
}
