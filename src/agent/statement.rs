//! What an agent says of itself in JSON: events of hooks, and Claude Code's session registry.
//!
//! Both are read leniently, since neither form is promised: what is not known is passed over, and what is missing is
//! absent. What an event means is in the rules.

use serde::Deserialize;

use super::osc::clean;

/// The longest JSON text that is read, in bytes. Tool calls with whole files in them are longer and are refused.
pub const LONGEST_JSON: usize = 1 << 20;

/// Why a statement was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is too long to be read.
    #[error("{0} bytes of JSON are more than {LONGEST_JSON}")]
    TooLong(usize),
    /// It is no such JSON.
    #[error("no JSON of this form: {0}")]
    Form(String),
}

/// An event of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hook {
    /// Its name, such as `PermissionRequest`.
    pub event: String,
    /// What kind of it: of notification, of error.
    pub detail: Option<String>,
    /// The tool that it is about.
    pub tool: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// The agent's mode, such as `plan`.
    pub mode: Option<String>,
    /// Its own name for the session.
    pub session: Option<String>,
    /// The file in which it keeps the session.
    pub transcript: Option<String>,
}

/// What Claude Code keeps of one session in its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The agent's process.
    pub pid: u32,
    /// When the process was started, in the kernel's clock ticks since boot, where it says so.
    pub started: Option<u64>,
    /// The agent's version.
    pub version: Option<String>,
    /// What it does.
    pub status: String,
    /// What it waits for.
    pub waiting_for: Option<String>,
    /// The pane, as `SESSION:@WINDOW.%PANE`.
    pub tmux: Option<String>,
    /// Its own name for the session.
    pub session: Option<String>,
    /// When it said so last, in its own milliseconds.
    pub updated: Option<u64>,
}

#[derive(Deserialize)]
struct HookForm {
    hook_event_name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    notification_type: Option<String>,
    error: Option<serde_json::Value>,
    tool_name: Option<String>,
    message: Option<String>,
    permission_mode: Option<String>,
    #[serde(alias = "thread-id")]
    session_id: Option<String>,
    transcript_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegistryForm {
    pid: u32,
    proc_start: Option<serde_json::Value>,
    version: Option<String>,
    status: Option<String>,
    waiting_for: Option<String>,
    tmux: Option<String>,
    session_id: Option<String>,
    updated_at: Option<u64>,
}

fn parsed<'a, Form: Deserialize<'a>>(json: &'a str) -> Result<Form, StatementError> {
    if json.len() > LONGEST_JSON {
        return Err(StatementError::TooLong(json.len()));
    }
    serde_json::from_str(json).map_err(|error| StatementError::Form(error.to_string()))
}

impl Hook {
    /// Reads what an agent gives to a hook's command.
    ///
    /// # Errors
    ///
    /// What is no JSON object, or has no event.
    pub fn read(json: &str) -> Result<Self, StatementError> {
        let form: HookForm = parsed(json)?;
        let text = |text: Option<String>| {
            text.map(|text| clean(&text))
                .filter(|text| !text.is_empty())
        };
        let error = form.error.and_then(|error| match error {
            serde_json::Value::String(error) => Some(error),
            serde_json::Value::Object(fields) => {
                let kind = fields.get("type").or_else(|| fields.get("code"))?;
                kind.as_str().map(str::to_owned)
            }
            _ => None,
        });
        let event = text(form.hook_event_name.or(form.kind))
            .ok_or_else(|| StatementError::Form("it names no event".to_owned()))?;
        Ok(Self {
            event,
            detail: text(form.notification_type.or(error)),
            tool: text(form.tool_name),
            message: text(form.message),
            mode: text(form.permission_mode),
            session: text(form.session_id),
            transcript: form.transcript_path.filter(|path| !path.is_empty()),
        })
    }
}

impl Registry {
    /// Whether a file of the registry's folder is a session: the folder holds keys as well, which nobody may read.
    #[must_use]
    pub fn is_session_file(name: &str) -> bool {
        let pid = name.strip_suffix(".json");
        pid.is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Reads a session's file. One without a status, as of a version that has none, says nothing.
    ///
    /// # Errors
    ///
    /// What is no JSON object, or has no process.
    pub fn read(json: &str) -> Result<Option<Self>, StatementError> {
        let form: RegistryForm = parsed(json)?;
        let started = form.proc_start.and_then(|start| match start {
            serde_json::Value::Number(number) => number.as_u64(),
            serde_json::Value::String(text) => text.parse().ok(),
            _ => None,
        });
        Ok(form.status.map(|status| Self {
            pid: form.pid,
            started,
            version: form.version.map(|version| clean(&version)),
            status: clean(&status),
            waiting_for: form.waiting_for.map(|what| clean(&what)),
            tmux: form.tmux.map(|pane| clean(&pane)),
            session: form.session_id.map(|session| clean(&session)),
            updated: form.updated_at,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn hooks_are_read() {
        let notification = r#"{"hook_event_name":"Notification","notification_type":"idle_prompt","message":"waits\u0007","x":1}"#;
        let hook = Hook::read(notification).unwrap();
        assert_eq!(
            (hook.event.as_str(), hook.detail.as_deref()),
            ("Notification", Some("idle_prompt"))
        );
        assert_eq!(hook.message.as_deref(), Some("waits"));
        let failure =
            Hook::read(r#"{"hook_event_name":"StopFailure","error":"rate_limit"}"#).unwrap();
        assert_eq!(failure.detail.as_deref(), Some("rate_limit"));
        let codex = Hook::read(r#"{"type":"agent-turn-complete","turn-id":"1"}"#).unwrap();
        assert_eq!(codex.event, "agent-turn-complete");
        for bad in ["", "[]", "{}", "{\"hook_event_name\":1}"] {
            assert!(Hook::read(bad).is_err(), "{bad}");
        }
        assert!(Hook::read(&" ".repeat(LONGEST_JSON + 1)).is_err());
    }

    #[test]
    fn the_registry_is_read() {
        let json = r#"{"pid":42,"procStart":"817","version":"2.1.332","status":"waiting","waitingFor":"permission prompt","tmux":"a:@1.%3","new":{}}"#;
        let registry = Registry::read(json).unwrap().unwrap();
        assert_eq!((registry.pid, registry.started), (42, Some(817)));
        assert_eq!(registry.waiting_for.as_deref(), Some("permission prompt"));
        assert_eq!(registry.tmux.as_deref(), Some("a:@1.%3"));
        assert_eq!(Registry::read(r#"{"pid":42}"#), Ok(None));
        assert!(Registry::read(r#"{"status":"busy"}"#).is_err());
    }

    #[test]
    fn keys_beside_the_registry_are_no_sessions() {
        for (name, is) in [
            ("42.json", true),
            ("42.0123abcd.key", false),
            ("a.json", false),
            (".json", false),
        ] {
            assert_eq!(Registry::is_session_file(name), is, "{name}");
        }
    }
}
