//! What a server says, as a client reads it: leniently, since unknown types and fields are to pass through.

use serde_json::Value;

use crate::ids::{Epoch, Seq};

/// What a message is, as far as a client has to tell messages apart.
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
    value: Value,
    kind: Kind,
}

impl Received {
    /// Reads a message.
    ///
    /// # Errors
    /// The text is no JSON object with a type.
    pub fn parse(text: &str) -> Result<Self, Garbled> {
        let value: Value = serde_json::from_str(text).map_err(|_| Garbled)?;
        let kind = match value.get("type").and_then(Value::as_str).ok_or(Garbled)? {
            "hello" => Kind::Hello,
            "auth.response" => Kind::AuthResponse,
            "subscribed" => Kind::Subscribed,
            "snapshot" => Kind::Snapshot,
            "bookmark" => Kind::Bookmark,
            "error" => Kind::Error,
            "shutdown" => Kind::Shutdown,
            _ if value.get("seq").is_some() && value.get("data").is_some() => Kind::Event,
            _ => Kind::Other,
        };
        let text = text.to_owned();
        Ok(Self { text, value, kind })
    }

    /// The message as it was received.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its type, as it stands there.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.string("type").unwrap_or_default()
    }

    /// One of its fields.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.value.get(name)
    }

    /// One of its fields that is a text.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }

    /// One of its fields that is a whole number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.as_u64()
    }

    /// Whether one of its fields says this; a field that is missing or no truth value says neither.
    #[must_use]
    pub fn says(&self, name: &str, truth: bool) -> bool {
        self.field(name) == Some(&Value::Bool(truth))
    }

    /// What an event carries; null where there is nothing.
    #[must_use]
    pub fn data(&self) -> &Value {
        self.field("data").unwrap_or(&Value::Null)
    }

    /// The place in the log that it names.
    #[must_use]
    pub fn position(&self) -> Option<(Epoch, Seq)> {
        let epoch = Epoch::new(self.string("epoch")?)?;
        Some((epoch, Seq(self.number("seq")?)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn messages_are_told_apart_and_unknown_ones_pass() {
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
