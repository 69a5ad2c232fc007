//! The JSON Schemas of the protocol, which are part of the program: it checks what clients send against them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::code::ErrorCode;
use crate::model::{AgentStatus, Family};
use crate::nearest::nearest;

/// A schema of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Its name, such as `client`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All schemas, as they are in `grammar/protocol/v1/`.
pub const DOCUMENTS: [Document; 7] = [
    Document {
        name: "client",
        text: include_str!("../../grammar/protocol/v1/client.schema.json"),
    },
    Document {
        name: "server",
        text: include_str!("../../grammar/protocol/v1/server.schema.json"),
    },
    Document {
        name: "event",
        text: include_str!("../../grammar/protocol/v1/event.schema.json"),
    },
    Document {
        name: "objects",
        text: include_str!("../../grammar/protocol/v1/objects.schema.json"),
    },
    Document {
        name: "terminal-client",
        text: include_str!("../../grammar/protocol/v1/terminal-client.schema.json"),
    },
    Document {
        name: "terminal-server",
        text: include_str!("../../grammar/protocol/v1/terminal-server.schema.json"),
    },
    Document {
        name: "http",
        text: include_str!("../../grammar/protocol/v1/http.schema.json"),
    },
];

/// What clients can ask for.
pub const ACTIONS: [&str; 25] = [
    "auth",
    "subscribe",
    "unsubscribe",
    "snapshot",
    "command",
    "send-keys",
    "prompt",
    "answer",
    "seen",
    "explain",
    "open",
    "close",
    "ack",
    "stats",
    "clients",
    "disconnect",
    "emit",
    "history",
    "search",
    "screen",
    "replay",
    "replay-control",
    "digest",
    "cancel",
    "ping",
];

/// The lists that filters may have.
const FILTERS: [&str; 6] = [
    "types", "sessions", "windows", "panes", "agents", "statuses",
];

/// The keys that targets may have.
const TARGETS: [&str; 9] = [
    "pane",
    "session",
    "session_id",
    "session_name",
    "window",
    "window_id",
    "window_index",
    "window_name",
    "pane_index",
];

/// What clients can send to a terminal.
pub const TERMINAL_TYPES: [&str; 5] = ["connect", "input", "resize", "ack", "disconnect"];

/// Compiles the schemas now rather than at the first message, which would wait for it.
pub fn prepare() {
    LazyLock::force(&VALIDATORS);
    LazyLock::force(&TERMINAL_VALIDATORS);
    LazyLock::force(&FIELDS);
}

/// Checks a message against the schema of its action. `None` if no such action is known.
pub(super) fn check(action: &str, message: &Value) -> Option<Result<(), (ErrorCode, String)>> {
    let validator = VALIDATORS.get(action)?;
    if let Err(why) = check_fields(action, message) {
        return Some(Err((ErrorCode::InvalidMessage, why)));
    }
    check_with(validator, action, message)
}

/// Finds a field that only other actions have. Anyone who sends it means something that would not happen; what no action
/// has may belong to a later version, and is passed over.
fn check_fields(action: &str, message: &Value) -> Result<(), String> {
    let fields = message.as_object().into_iter().flat_map(Map::keys);
    for field in fields {
        let Some((field, actions)) = FIELDS.get_key_value(field) else {
            continue;
        };
        if !actions.contains(&action) {
            let have = if actions.len() == 1 { "has" } else { "have" };
            let others = actions.join(", ");
            return Err(format!(
                "{field}: the action {action} has no such field; {others} {have}"
            ));
        }
    }
    Ok(())
}

/// Checks a message against the schema of its type. `None` if no such type is known.
pub(super) fn check_terminal(
    kind: &str,
    message: &Value,
) -> Option<Result<(), (ErrorCode, String)>> {
    check_with(TERMINAL_VALIDATORS.get(kind)?, kind, message)
}

fn check_with(
    validator: &Validator,
    action: &str,
    message: &Value,
) -> Option<Result<(), (ErrorCode, String)>> {
    Some(validator.validate(message).map_err(|error| {
        let path = error.instance_path().to_string();
        let code = match path.split('/').nth(1) {
            Some("filters") => ErrorCode::InvalidFilter,
            _ => ErrorCode::InvalidMessage,
        };
        // Masked, so that neither a secret nor a hostile text comes back.
        let why = match (action, path.as_str(), error.kind().keyword()) {
            ("auth", "", "oneOf") => "give either \"token\" or \"ticket\"".to_owned(),
            ("search", "", "oneOf") => "give either \"words\" or \"regex\"".to_owned(),
            ("send-keys", "", "oneOf") => "give either \"text\" or \"keys\"".to_owned(),
            ("command", "/command", "pattern") => no_line(message),
            ("prompt", "/text", "pattern") => NO_PROMPT.to_owned(),
            ("send-keys", "/paste", "const") => {
                "keys can't be pasted: give \"text\" instead, or leave \"paste\" out".to_owned()
            }
            (_, "/target", "anyOf") => {
                "a window or a pane's index is one of a session: give that too".to_owned()
            }
            (_, "/filters", "additionalProperties") => {
                let why = "to ignore it would give more than was asked for";
                unknown_key(message, "filters", &FILTERS, why)
            }
            (_, "/target", "additionalProperties") => {
                let why = "to ignore it could mean another pane";
                unknown_key(message, "target", &TARGETS, why)
            }
            (_, _, "enum") if path.starts_with("/filters/statuses/") => {
                no_status(message.pointer(&path))
            }
            ("emit", at, "pattern") if at.ends_with("/type") => NO_TYPE.to_owned(),
            _ => error.masked().to_string(),
        };
        let field = path.trim_start_matches('/').replace('/', ".");
        (
            code,
            if field.is_empty() {
                why
            } else {
                format!("{field}: {why}")
            },
        )
    }))
}

/// What is wrong with a type that may not be emitted.
const NO_TYPE: &str = "it is task, cost, tool or x, a dot, and words of lower-case letters, digits and underscores, with dots between them";

/// What keeps a text from being a prompt.
const NO_PROMPT: &str =
    "it is blank, or has control characters other than tabs and line feeds in it";

/// What keeps a text from being a line.
fn no_line(message: &Value) -> String {
    let command = message.get("command").and_then(Value::as_str);
    if command.is_some_and(|command| command.contains('\0')) {
        return "it has a NUL in it; send it as text with send-keys".to_owned();
    }
    "a line has no line breaks in it; with \"paste\":true, text of several lines is pasted and submitted".to_owned()
}

/// What is wrong with an entry that is no status of an agent. It is not repeated: it may be anything.
fn no_status(entry: Option<&Value>) -> String {
    let known = || AgentStatus::ALL.into_iter().map(AgentStatus::name);
    let meant = entry.and_then(Value::as_str);
    let meant = meant.and_then(|entry| nearest(entry, known()));
    let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant:?}?)"));
    let known: Vec<&str> = known().collect();
    format!("a status is one of {}{meant}", known.join(", "))
}

/// What is wrong with a field that has a key which is none of these. The key itself is not repeated: it may be anything.
fn unknown_key(message: &Value, field: &str, known: &[&'static str], why: &str) -> String {
    let given = message.get(field).and_then(Value::as_object);
    let keys = given.into_iter().flat_map(Map::keys);
    let mut unknown = keys.filter(|key| !known.contains(&&***key));
    let meant = unknown.find_map(|key| nearest(key, known.iter().copied()));
    let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean {meant:?}?)"));
    format!("a key is none of {}{meant}: {why}", known.join(", "))
}

type Validators = LazyLock<BTreeMap<&'static str, Validator>>;

/// A compiled schema for each action, so that an error speaks of that action's fields alone.
static VALIDATORS: Validators = LazyLock::new(|| compile_all(&DOCUMENTS[0], &ACTIONS));

/// The types of events that this version knows.
#[must_use]
pub fn event_types() -> Vec<String> {
    let documents = DOCUMENTS.iter();
    let events = documents.filter(|document| document.name == "event");
    let types = |document: &Document| {
        let schema = read(document.text);
        let names = schema["$defs"].as_object().cloned().unwrap_or_default();
        names.into_iter().map(|(name, _)| name)
    };
    events
        .flat_map(types)
        .filter(|name| name.contains('.'))
        .collect()
}

/// Whether a pattern may match some event: of a type that is known, or of one that programs emit.
#[must_use]
pub fn may_match_events(pattern: &str, matches: impl Fn(&str) -> bool) -> bool {
    Family::is_asked_for(pattern) || event_types().iter().any(|name| matches(name))
}

/// The same for each type that a terminal takes.
static TERMINAL_VALIDATORS: Validators =
    LazyLock::new(|| compile_all(&DOCUMENTS[4], &TERMINAL_TYPES));

/// The fields that actions have, each with those that have it.
static FIELDS: LazyLock<BTreeMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let schema = read(DOCUMENTS[0].text);
    let mut fields: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for action in ACTIONS {
        let properties = schema
            .get("$defs")
            .and_then(|defs| defs.get(action)?.get("properties"));
        let names = properties.and_then(Value::as_object);
        for name in names.into_iter().flat_map(Map::keys) {
            fields.entry(name.clone()).or_default().push(action);
        }
    }
    fields
});

fn compile_all(document: &Document, kinds: &[&'static str]) -> BTreeMap<&'static str, Validator> {
    let schema = read(document.text);
    let compiled = kinds.iter().map(|kind| (*kind, compile(&schema, kind)));
    compiled.collect()
}

#[expect(
    clippy::expect_used,
    reason = "the schemas are part of the program, and a test compiles them"
)]
fn read(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("the client schema is a JSON object")
}

#[expect(
    clippy::expect_used,
    reason = "the schemas are part of the program, and a test compiles them"
)]
fn compile(schema: &Map<String, Value>, action: &str) -> Validator {
    let mut schema = schema.clone();
    schema.remove("oneOf");
    schema.insert("$ref".to_owned(), format!("#/$defs/{action}").into());
    jsonschema::validator_for(&Value::Object(schema)).expect("the client schema compiles")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn regression_a_field_of_another_action_is_an_error_that_names_it() {
        for action in ACTIONS {
            for (field, actions) in FIELDS.iter() {
                let message = json!({ "action": action, field: 1 });
                let why = check_fields(action, &message);
                if actions.contains(&action) {
                    assert_eq!(why, Ok(()), "{action} has {field}");
                    continue;
                }
                let why = why.err().unwrap_or_default();
                let begins = format!("{field}: the action {action} has no such field; ");
                assert!(why.starts_with(&begins), "{why}");
                assert!(actions.iter().all(|other| why.contains(other)), "{why}");
            }
            let later = json!({ "action": action, "of_a_later_version": 1 });
            assert_eq!(check_fields(action, &later), Ok(()));
        }
        assert!(FIELDS.len() > 20, "{:?}", FIELDS.keys());
    }
}
