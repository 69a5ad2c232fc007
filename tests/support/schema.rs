//! The protocol's schemas, made strict: in tests, a field that no schema names is an error too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use muxwire::model::Family;
use muxwire::wire::schema::DOCUMENTS;
use serde_json::{Map, Value};

struct Schemas {
    client: BTreeMap<String, Validator>,
    server: BTreeMap<String, Validator>,
    terminal_client: BTreeMap<String, Validator>,
    terminal_server: BTreeMap<String, Validator>,
    http: BTreeMap<String, Validator>,
    problem: Validator,
}

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let documents: BTreeMap<&str, Value> = DOCUMENTS
        .iter()
        .map(|document| (document.name, strict(document.text)))
        .collect();
    let registry = Registry::new()
        .add("urn:muxwire:protocol:v1:objects", &documents["objects"])
        .unwrap()
        .add("urn:muxwire:protocol:v1:client", &documents["client"])
        .unwrap()
        .add("urn:muxwire:protocol:v1:event", &documents["event"])
        .unwrap()
        .prepare()
        .unwrap();
    let compile = |name: &str| -> BTreeMap<String, Validator> {
        let document = documents[name].as_object().unwrap();
        types(document)
            .into_iter()
            .map(|kind| {
                let mut schema = document.clone();
                schema.remove("oneOf");
                schema.insert("$ref".to_owned(), format!("#/$defs/{kind}").into());
                let options = jsonschema::options().with_registry(&registry);
                let compiled = options.build(&Value::Object(schema));
                (
                    kind,
                    compiled.unwrap_or_else(|error| panic!("{name}: {error}")),
                )
            })
            .collect()
    };
    let mut http = compile("http");
    let problem = http.remove("problem").unwrap();
    let mut server = compile("server");
    server.extend(compile("event"));
    Schemas {
        client: compile("client"),
        server,
        terminal_client: compile("terminal-client"),
        terminal_server: compile("terminal-server"),
        http,
        problem,
    }
});

/// The types of messages that a schema lists.
fn types(document: &Map<String, Value>) -> Vec<String> {
    let listed = document["oneOf"].as_array().unwrap();
    let name = |one: &Value| {
        one["$ref"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    listed.iter().map(name).collect()
}

fn strict(text: &str) -> Value {
    let mut value = serde_json::from_str(text).unwrap();
    tighten(&mut value);
    value
}

fn tighten(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) {
                let keyword = match fields.contains_key("$ref") {
                    true => "unevaluatedProperties",
                    false => "additionalProperties",
                };
                fields.insert(keyword.to_owned(), Value::Bool(false));
            }
            for (name, inner) in fields.iter_mut() {
                match (&**name, inner) {
                    // What stands behind `if` is a question and no shape.
                    ("if", _) => {}
                    // What follows from the answer says more of some fields, and is not all of them.
                    ("then" | "else", Value::Object(more)) => {
                        more.values_mut().for_each(tighten);
                    }
                    (_, inner) => tighten(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tighten),
        _ => {}
    }
}

/// Panics unless the message is one of the server's, with every field documented.
pub fn check_from_server(message: &Value) {
    let is_terminal = message["type"]
        .as_str()
        .is_some_and(|kind| SCHEMAS.terminal_server.contains_key(kind));
    let schemas = if is_terminal {
        &SCHEMAS.terminal_server
    } else {
        &SCHEMAS.server
    };
    check(schemas, "type", message);
}

/// Panics unless the answer is one that HTTP gives, with every field documented: one of its own, or a message of the server.
pub fn check_from_http(answer: &Value) {
    let is_own = |kind: &str| SCHEMAS.http.contains_key(kind);
    match answer["type"].as_str().is_some_and(is_own) {
        true => check(&SCHEMAS.http, "type", answer),
        false => check(&SCHEMAS.server, "type", answer),
    }
}

/// Panics unless the answer is a problem of RFC 9457, with every field documented.
pub fn check_problem(answer: &Value) {
    let errors = SCHEMAS.problem.iter_errors(answer);
    let errors: Vec<String> = errors.map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{answer}: {}", errors.join("\n"));
}

/// Panics unless the message is one of a terminal's client, with every field documented.
pub fn check_from_terminal_client(message: &Value) {
    check(&SCHEMAS.terminal_client, "type", message);
}

/// Which side of a terminal this is a message of, if it is one with every field documented.
pub fn terminal_side(message: &Value) -> Option<&'static str> {
    let sides = [
        ("server", &SCHEMAS.terminal_server),
        ("client", &SCHEMAS.terminal_client),
    ];
    let kind = message["type"].as_str()?;
    let fits = |schemas: &BTreeMap<String, Validator>| {
        schemas.get(kind).is_some_and(|one| one.is_valid(message))
    };
    sides
        .into_iter()
        .find(|(_, schemas)| fits(schemas))
        .map(|(side, _)| side)
}

/// Every type of message that a terminal may send, and that it may be sent.
pub fn terminal_types() -> (
    impl Iterator<Item = &'static str>,
    impl Iterator<Item = &'static str>,
) {
    let (server, client) = (&SCHEMAS.terminal_server, &SCHEMAS.terminal_client);
    (
        server.keys().map(String::as_str),
        client.keys().map(String::as_str),
    )
}

/// Panics unless the message is one of a client's, with every field documented.
pub fn check_from_client(message: &Value) {
    check(&SCHEMAS.client, "action", message);
}

fn check(validators: &BTreeMap<String, Validator>, field: &str, message: &Value) {
    let kind = message[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field}: {message}"));
    let validator = validators
        .get(kind)
        .or_else(|| validators.get(Family::of(kind)?.pattern()))
        .unwrap_or_else(|| panic!("no schema for {message}"));
    let errors: Vec<String> = validator
        .iter_errors(message)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{message}\nis not as its schema says:\n{}",
        errors.join("\n")
    );
}

/// Every type of message that the server may send.
pub fn server_types() -> impl Iterator<Item = &'static str> {
    SCHEMAS.server.keys().map(String::as_str)
}

/// Every action of a client.
pub fn client_actions() -> impl Iterator<Item = &'static str> {
    SCHEMAS.client.keys().map(String::as_str)
}
