//! The JSON Schemas of the protocol, which are part of the program: it checks what clients send against them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::code::ErrorCode;

/// A schema of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Its name, such as `client`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All schemas, as they are in `grammar/protocol/v1/`.
pub const DOCUMENTS: [Document; 6] = [
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
];

/// What clients can ask for.
pub const ACTIONS: [&str; 13] = [
    "auth",
    "subscribe",
    "unsubscribe",
    "snapshot",
    "command",
    "send-keys",
    "open",
    "close",
    "ack",
    "stats",
    "clients",
    "disconnect",
    "ping",
];

/// What clients can send to a terminal.
pub const TERMINAL_TYPES: [&str; 5] = ["connect", "input", "resize", "ack", "disconnect"];

/// Compiles the schemas now rather than at the first message, which would wait for it.
pub fn prepare() {
    LazyLock::force(&VALIDATORS);
    LazyLock::force(&TERMINAL_VALIDATORS);
}

/// Checks a message against the schema of its action. `None` if no such action is known.
pub(super) fn check(action: &str, message: &Value) -> Option<Result<(), (ErrorCode, String)>> {
    check_with(VALIDATORS.get(action)?, action, message)
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
            ("send-keys", "", "oneOf") => "give either \"text\" or \"keys\"".to_owned(),
            ("command", "/command", "pattern") => "a line has no line breaks in it".to_owned(),
            (_, "/target", "anyOf") => {
                "a window or a pane's index is one of a session: give that too".to_owned()
            }
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

/// The same for each type that a terminal takes.
static TERMINAL_VALIDATORS: Validators =
    LazyLock::new(|| compile_all(&DOCUMENTS[4], &TERMINAL_TYPES));

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
