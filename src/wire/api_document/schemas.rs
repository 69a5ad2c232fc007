//! The schemas as components: `event.alert` of the definition `alert` in `event.schema.json`.

use serde_json::{Map, Value, json};

use crate::wire::schema::DOCUMENTS;

const BASE: &str = "urn:muxwire:protocol:v1:";

/// The actions whose message is the body of a request over HTTP, which may leave `action` out.
const BODIES: [&str; 5] = ["command", "send-keys", "prompt", "answer", "emit"];

/// All definitions of all schemas.
pub(super) fn components() -> Map<String, Value> {
    let mut components = Map::new();
    for document in DOCUMENTS {
        for (name, schema) in definitions(document.text) {
            components.insert(
                component(document.name, &name),
                moved(document.name, schema),
            );
        }
    }
    for action in BODIES {
        let name = component("client", action);
        if let Some(mut schema) = components.get(&name).cloned() {
            without_action(&mut schema);
            components.insert(component("body", action), schema);
        }
    }
    components
}

/// The fields of a question about the past, as an address has them.
pub(super) fn parameters(action: &str) -> Vec<Value> {
    let client = components();
    let of = |name: &str| {
        let schema = client.get(&component("client", name)).cloned();
        schema.unwrap_or_default()
    };
    let question = of(action);
    let mut parameters = Vec::new();
    for (name, schema) in fields(&question) {
        match &*name {
            "action" | "id" => {}
            "target" => {
                let target = of("target");
                let all = fields(&target).into_iter();
                parameters.extend(all.map(|(name, schema)| parameter(&name, schema)));
            }
            _ => parameters.push(parameter(&name, schema)),
        }
    }
    parameters
}

fn parameter(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "explode": false, "schema": schema })
}

/// The properties of a schema.
fn fields(schema: &Value) -> Vec<(String, Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.cloned().unwrap_or_default();
    properties.into_iter().collect()
}

fn definitions(text: &str) -> Map<String, Value> {
    // It is a part of the program, and compiled when the server starts.
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let definitions = document.get("$defs").and_then(Value::as_object);
    definitions.cloned().unwrap_or_default()
}

/// The name of a component. A type such as `task.*` stands for all of its family.
pub(super) fn component(document: &str, name: &str) -> String {
    format!("{document}.{}", name.replace('*', "any"))
}

/// The schema with its references leading to components.
fn moved(document: &str, mut schema: Value) -> Value {
    turn(document, &mut schema);
    schema
}

fn turn(document: &str, schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                match inner {
                    Value::String(to) if name == "$ref" => *to = reference(document, to),
                    inner => turn(document, inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| turn(document, item)),
        _ => {}
    }
}

fn reference(document: &str, to: &str) -> String {
    let (document, path) = match to.strip_prefix(BASE).and_then(|rest| rest.split_once('#')) {
        Some((other, path)) => (other, path),
        None => (document, to.trim_start_matches('#')),
    };
    let name = path.strip_prefix("/$defs/").unwrap_or(path);
    format!("#/components/schemas/{}", component(document, name))
}

fn without_action(schema: &mut Value) {
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|field| field != "action");
    }
}
