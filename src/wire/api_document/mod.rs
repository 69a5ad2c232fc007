//! The documents that describe the server to programs: OpenAPI 3.1 of HTTP, and AsyncAPI 3 of its streams.
//!
//! Both are made of the schemas in `grammar/protocol/v1/`, each of which becomes a component, and of a table: [`operations`] has what
//! can be asked over HTTP, `channels` what connects. A test holds the table against the routes that there are, and their answers
//! against the document.

mod channels;
pub mod operations;
mod schemas;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use self::operations::{Access, Answer, OPERATIONS, Operation, Query};
use super::json::to_json;

/// The version that the documents are of.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> Bytes {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths
            .entry(operation.path)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(methods) = path {
            methods.insert(operation.method.to_owned(), described(operation));
        }
    }
    to_json(&json!({
        "openapi": "3.1.0",
        "info": {
            "title": "muxwire",
            "version": VERSION,
            "description": "A tmux server over HTTP. What connects is described by /api/asyncapi.json.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "tags": [
            { "name": "now", "description": "What there is." },
            { "name": "input", "description": "What is typed." },
            { "name": "past", "description": "What happened." },
            { "name": "events", "description": "What happens." },
            { "name": "sums", "description": "What the last hours came to." },
            { "name": "entry", "description": "Who is let in." },
            { "name": "push", "description": "Who is told while its page is closed." },
            { "name": "server", "description": "How the server fares, and what it is." },
            { "name": "pages", "description": "What browsers show." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas::components(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token (mw_...) or a JWT." },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "muxwire", "description": "The session of a browser. The port is in the cookie's real name." },
            },
        },
    }))
}

/// The AsyncAPI document.
#[must_use]
pub fn asyncapi() -> Bytes {
    to_json(&channels::document(VERSION))
}

fn described(operation: &Operation) -> Value {
    let mut parameters = path_parameters(operation.path);
    parameters.extend(match operation.query {
        Query::None => Vec::new(),
        Query::Fields(action) => schemas::parameters(action),
        Query::Lists(lists) => lists.iter().map(|name| list_parameter(name)).collect(),
        Query::Numbers(names) => names
            .iter()
            .map(|name| json!({ "name": name, "in": "query", "required": false, "schema": { "type": "integer" } }))
            .collect(),
        Query::Form => vec![json!({
            "name": "format", "in": "query", "required": false,
            "description": "The form; else Accept says which.",
            "schema": { "enum": ["json", "text", "ansi"] },
        })],
    });
    let mut responses = Map::new();
    for (status, answer) in operation.answers {
        let content = content(*answer);
        let description = operations::meaning(*status);
        responses.insert(
            status.to_string(),
            match content {
                Value::Null => json!({ "description": description }),
                content => json!({ "description": description, "content": content }),
            },
        );
    }
    responses.insert("default".to_owned(), refused(operation));
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": responses,
        "security": security(operation.access),
    });
    if let (Some(body), Value::Object(fields)) = (operation.body, &mut described) {
        let schema = json!({ "$ref": format!("#/components/schemas/{body}") });
        fields.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }
    described
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([{}]),
        Access::Token => json!([{ "bearer": [] }]),
        Access::TokenOrCookie => json!([{ "bearer": [] }, { "cookie": [] }]),
        Access::MaybeToken => json!([{ "bearer": [] }, {}]),
    }
}

fn content(answer: Answer) -> Value {
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    match answer {
        Answer::Nothing => Value::Null,
        Answer::Json(name) => json!({ "application/json": { "schema": schema(name) } }),
        Answer::Text(kind) => json!({ kind: { "schema": { "type": "string" } } }),
        Answer::Screen => json!({
            "application/json": { "schema": schema("http.pane.screen") },
            "text/plain": { "schema": { "type": "string" } },
            "text/x-ansi": { "schema": { "type": "string" } },
        }),
    }
}

/// What is answered if it is not done.
fn refused(operation: &Operation) -> Value {
    let content = match operation.has_problems {
        true => {
            json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/http.problem" } } })
        }
        false => json!({
            "text/plain": { "schema": { "type": "string" } },
            "application/json": { "schema": { "$ref": "#/components/schemas/server.error" } },
        }),
    };
    json!({ "description": "Why it is not done.", "content": content })
}

fn path_parameters(path: &str) -> Vec<Value> {
    let parts = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        )
    });
    parts.collect()
}

/// A parameter that is a list, with commas or given several times, or one text.
fn list_parameter(name: &str) -> Value {
    let schema = match name {
        "since" => json!({ "type": "string" }),
        "without_watchers" => json!({ "type": "boolean" }),
        _ => json!({ "type": "array", "items": { "type": "string" } }),
    };
    json!({ "name": name, "in": "query", "required": false, "explode": false, "schema": schema })
}
