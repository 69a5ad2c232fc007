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
pub const DOCUMENTS: [Document; 4] = [
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
];

/// What clients can ask for.
pub const ACTIONS: [&str; 10] = [
    "auth",
    "subscribe",
    "unsubscribe",
    "snapshot",
    "command",
    "send-keys",
    "open",
    "close",
    "ack",
    "ping",
];

/// Compiles the schemas now rather than at the first message, which would wait for it.
pub fn prepare() {
    LazyLock::force(&VALIDATORS);
}

/// Checks a message against the schema of its action. `None` if no such action is known.
pub(super) fn check(action: &str, message: &Value) -> Option<Result<(), (ErrorCode, String)>> {
    let validator = VALIDATORS.get(action)?;
    Some(validator.validate(message).map_err(|error| {
        let path = error.instance_path().to_string();
        let code = match path.split('/').nth(1) {
            Some("filters") => ErrorCode::InvalidFilter,
            _ => ErrorCode::InvalidMessage,
        };
        // Masked, so that neither a secret nor a hostile text comes back.
        let why = match (action, path.as_str(), error.kind().keyword()) {
            ("send-keys", "", "oneOf") => "give either \"text\" or \"keys\"".to_owned(),
            ("command", "/command", "pattern") => "a line has no line breaks in it".to_owned(),
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

/// A compiled schema for each action, so that an error speaks of that action's fields alone.
static VALIDATORS: LazyLock<BTreeMap<&'static str, Validator>> = LazyLock::new(|| {
    let schema = read(DOCUMENTS[0].text);
    ACTIONS
        .into_iter()
        .map(|action| (action, compile(&schema, action)))
        .collect()
});

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
