//! What `muxwire hook` hands to a server: an event of a hook, and where it was called. One message is one datagram.

use serde::{Deserialize, Serialize};

use super::osc::clean;
use super::statement::{Hook, StatementError};

/// The longest message, in bytes. What tools are given is never in one.
pub const LONGEST_MESSAGE: usize = 16 << 10;

/// The longest path that is kept, in bytes.
const LONGEST_PATH: usize = 4096;

/// The most processes of a message.
const MOST_PROCESSES: usize = 64;

/// A hook that was called somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookMessage {
    /// Which agent called it, such as `claude`.
    pub agent: String,
    /// What it says.
    pub hook: Hook,
    /// The process id of the tmux server, as its programs find it in `TMUX`.
    pub server: Option<u32>,
    /// The pane, as programs find it in `TMUX_PANE`.
    pub pane: Option<String>,
    /// The processes above the hook's, the nearest first.
    pub processes: Vec<u32>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Form {
    agent: String,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pane: Option<String>,
    processes: Vec<u32>,
}

impl HookMessage {
    /// The message as it is sent.
    ///
    /// # Errors
    /// It is too long.
    pub fn encode(&self) -> Result<Vec<u8>, StatementError> {
        let hook = self.hook.clone();
        let form = Form {
            agent: self.agent.clone(),
            event: hook.event,
            detail: hook.detail,
            tool: hook.tool,
            message: hook.message,
            mode: hook.mode,
            session: hook.session,
            transcript: hook.transcript,
            server: self.server,
            pane: self.pane.clone(),
            processes: self.processes.clone(),
        };
        let bytes =
            serde_json::to_vec(&form).map_err(|error| StatementError::Form(error.to_string()))?;
        match bytes.len() {
            length if length > LONGEST_MESSAGE => Err(StatementError::TooLong(length)),
            _ => Ok(bytes),
        }
    }

    /// Reads a message. Whoever sent it, its texts are bounded and clean.
    ///
    /// # Errors
    /// What is no message, or names no agent or no event.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > LONGEST_MESSAGE {
            return Err(StatementError::TooLong(bytes.len()));
        }
        let form: Form = serde_json::from_slice(bytes)
            .map_err(|error| StatementError::Form(error.to_string()))?;
        let text = |text: Option<String>| {
            text.map(|text| clean(&text))
                .filter(|text| !text.is_empty())
        };
        let hook = Hook {
            event: clean(&form.event),
            detail: text(form.detail),
            tool: text(form.tool),
            message: text(form.message),
            mode: text(form.mode),
            session: text(form.session),
            transcript: form.transcript.filter(|path| path.len() <= LONGEST_PATH),
        };
        let agent = clean(&form.agent);
        if agent.is_empty() || hook.event.is_empty() {
            return Err(StatementError::Form(
                "it names no agent or no event".to_owned(),
            ));
        }
        let mut processes = form.processes;
        processes.truncate(MOST_PROCESSES);
        Ok(Self {
            agent,
            hook,
            server: form.server,
            pane: form.pane,
            processes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = HookMessage {
            agent: "claude".to_owned(),
            hook: Hook {
                event: "Notification".to_owned(),
                detail: Some("permission_prompt".to_owned()),
                session: Some("s".to_owned()),
                transcript: Some("/home/a b/x.jsonl".to_owned()),
                ..Hook::default()
            },
            server: Some(7),
            pane: Some("%3".to_owned()),
            processes: vec![9, 8],
        };
        assert_eq!(
            HookMessage::decode(&message.encode().unwrap()).unwrap(),
            message
        );
    }

    #[test]
    fn what_is_no_message_is_refused_and_texts_are_clean() {
        let long = vec![b' '; LONGEST_MESSAGE + 1];
        for bad in [
            &b""[..],
            b"{}",
            b"[]",
            b"{\"agent\":\"a\"}",
            b"\xff",
            long.as_slice(),
        ] {
            assert!(HookMessage::decode(bad).is_err(), "{bad:?}");
        }
        let hostile = br#"{"agent":"a","event":"E\u001b[2J","message":"\u0007","later":{"x":1}}"#;
        let message = HookMessage::decode(hostile).unwrap();
        assert_eq!(message.hook.event, "E[2J");
        assert_eq!(message.hook.message, None);
        let mut large = message;
        large.hook.transcript = Some("x".repeat(LONGEST_MESSAGE));
        assert!(large.encode().is_err());
    }
}
