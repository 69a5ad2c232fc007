//! What a server says, as a client reads it: leniently, since unknown types and fields are to pass through.

use super::event::Event;
use super::message::Message;
use super::more::More;
use super::request::RequestId;
use crate::ids::{Epoch, Seq};

/// What a message is, as far as a client has to distinguish messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The greeting.
    Hello,
    /// The answer to a token.
    AuthResponse,
    /// A subscription counts.
    Subscribed,
    /// The state of tmux.
    Snapshot,
    /// How far the client is complete.
    Bookmark,
    /// A request was refused.
    Error,
    /// The server is about to stop.
    Shutdown,
    /// An event, of whatever type.
    Event,
    /// Anything else.
    Other,
}

/// A text that is no message of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server said something that is no message of muxwire's")]
pub struct Garbled;

/// One message of a server.
#[derive(Debug, Clone)]
pub struct Received {
    text: String,
    message: Message<'static>,
    id: Option<RequestId>,
}

impl Received {
    /// Reads a message.
    ///
    /// # Errors
    /// The text is no JSON object with a type.
    pub fn parse(text: &str) -> Result<Self, Garbled> {
        let fields: More = serde_json::from_str(text).map_err(|_| Garbled)?;
        let id = fields.get("id").cloned();
        let id = id.and_then(|id| serde_json::from_value(id).ok());
        let message = Message::read(fields).ok_or(Garbled)?;
        let text = text.to_owned();
        Ok(Self { text, message, id })
    }

    /// The message as it was received.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    #[must_use]
    pub fn message(&self) -> &Message<'static> {
        &self.message
    }

    /// The request that it answers, if it answers one that had an id.
    #[must_use]
    pub fn request(&self) -> Option<&RequestId> {
        self.id.as_ref()
    }

    /// The event, if it is one.
    #[must_use]
    pub fn event(&self) -> Option<&Event<'static>> {
        match &self.message {
            Message::Event(event) => Some(event),
            _ => None,
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.message {
            Message::Hello(_) => Kind::Hello,
            Message::AuthResponse(_) => Kind::AuthResponse,
            Message::Subscribed(_) => Kind::Subscribed,
            Message::Snapshot(_) => Kind::Snapshot,
            Message::Bookmark(_) => Kind::Bookmark,
            Message::Error(_) => Kind::Error,
            Message::Shutdown(_) => Kind::Shutdown,
            Message::Event(_) => Kind::Event,
            _ => Kind::Other,
        }
    }

    /// Its type, as it stands there.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.message.type_name()
    }

    /// The place in the log that it names.
    #[must_use]
    pub fn position(&self) -> Option<(Epoch, Seq)> {
        self.message.position()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn messages_are_distinguished_and_unknown_ones_pass() {
        let rows = [
            (
                r#"{"type":"hello","epoch":"e1","seq":3}"#,
                Ok((Kind::Hello, Some("e1 3"))),
            ),
            (
                r#"{"type":"bookmark","epoch":"e1","seq":3}"#,
                Ok((Kind::Bookmark, Some("e1 3"))),
            ),
            (
                r#"{"type":"new.thing","epoch":"e1","seq":3,"data":{}}"#,
                Ok((Kind::Event, Some("e1 3"))),
            ),
            (r#"{"type":"new.thing"}"#, Ok((Kind::Other, None))),
            (
                r#"{"type":"pane.output","epoch":"e 1","seq":3,"data":{}}"#,
                Ok((Kind::Event, None)),
            ),
            (
                r#"{"type":"pane.output","epoch":"e1","seq":-3,"data":{}}"#,
                Ok((Kind::Event, None)),
            ),
            (r#"{"type":3}"#, Err(Garbled)),
            (r#"["type"]"#, Err(Garbled)),
            (r#"{"type":"hello""#, Err(Garbled)),
            ("", Err(Garbled)),
        ];
        for (text, expected) in rows {
            let found = Received::parse(text);
            let found = found.map(|one| {
                (
                    one.kind(),
                    one.position().map(|(epoch, seq)| format!("{epoch} {seq}")),
                )
            });
            let expected = expected.map(|(kind, at)| (kind, at.map(str::to_owned)));
            assert_eq!(found, expected, "{text}");
        }
    }
}
