//! The documents that describe the server, held against what it really answers.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::stage::{Answer, Stage, exchange, line};
use crate::support::any_program;

/// The OpenAPI document, as the server gives it.
struct Document(Value);

impl Document {
    fn of(stage: &Stage) -> Self {
        let answer = exchange(stage.serving.address, "GET /api/openapi.json", "", "");
        assert_eq!(answer.status, 200, "{answer:?}");
        Self(serde_json::from_str(&answer.body).unwrap())
    }

    /// All operations: the path, the method, and what is said of it.
    fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(|(method, operation)| (&**path, &**method, operation))
        });
        operations.collect()
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        schema["components"] = self.0["components"].clone();
        jsonschema::options().build(&schema).unwrap()
    }

    /// Panics unless an answer is one that the document promises.
    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let operation = &self.0["paths"][path][method];
        let responses = &operation["responses"];
        assert!(responses.is_object(), "{method} {path} is not described");
        let status = answer.status.to_string();
        let response = match &responses[&*status] {
            Value::Null => {
                assert!(
                    answer.status >= 400,
                    "{method} {path}: {status} is not described"
                );
                &responses["default"]
            }
            response => response,
        };
        let content = &response["content"];
        let kind = answer
            .header("content-type")
            .map(|kind| kind.split(';').next().unwrap());
        let Some(kind) = kind.filter(|_| content.is_object()) else {
            assert!(
                answer.body.is_empty() || content.is_object(),
                "{method} {path}: {answer:?}"
            );
            return;
        };
        let promised = &content[kind];
        let is_any = content.get("*/*").is_some();
        assert!(
            promised.is_object() || is_any,
            "{method} {path}: {kind} is not in {content}"
        );
        if kind.ends_with("json") && promised["schema"].get("$ref").is_some() {
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            let validator = self.validator(&promised["schema"]);
            let errors: Vec<String> = validator
                .iter_errors(&body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(
                errors.is_empty(),
                "{method} {path}: {body}\n{}",
                errors.join("\n")
            );
        }
    }
}

#[test]
fn each_route_has_the_methods_of_the_document() {
    let stage = Stage::new(any_program());
    let document = Document::of(&stage);
    let mut methods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in document.operations() {
        let of_path = methods.entry(path).or_default();
        of_path.insert(method.to_ascii_uppercase());
    }
    for (path, described) in methods {
        let real = path
            .replace("{pane}", "1")
            .replace("{folder}/{name}", "x/y")
            .replace(['{', '}'], "");
        let answer = exchange(stage.serving.address, &format!("PATCH {real}"), "", "");
        // A handshake is a GET of its own kind, which says more of what is wrong with others.
        if document.0["paths"][path]["get"]["responses"]
            .get("101")
            .is_some()
        {
            assert_eq!(answer.status, 426, "{path}: {answer:?}");
            continue;
        }
        assert_eq!(answer.status, 405, "{path}: {answer:?}");
        let allowed = answer.header("allow").unwrap().split(',');
        let allowed = allowed
            .map(str::trim)
            .filter(|one| !["HEAD", "OPTIONS"].contains(one));
        let allowed: BTreeSet<String> = allowed.map(str::to_owned).collect();
        assert_eq!(allowed, described, "{path}");
    }
}

#[test]
fn what_is_answered_is_what_the_document_promises() {
    let stage = Stage::with(any_program(), &[("MUXWIRE_HISTORY_ENABLED", "true")]);
    let document = Document::of(&stage);
    let pane = stage.pane_of("api-1");
    let number = pane.trim_start_matches('%');
    let screen = format!("/api/panes/{number}/screen");
    let then = format!("/api/screen?pane=%25{number}&at=1s");
    // The token, the path as it is asked, and as it is described.
    let gets = [
        ("r", "/api/sessions", "/api/sessions"),
        ("r", "/api/panes?sessions=none", "/api/panes"),
        ("r", "/api/panes", "/api/panes"),
        ("r", "/api/panes?sessions=", "/api/panes"),
        ("r", "/api/agents", "/api/agents"),
        ("r", "/api/alerts", "/api/alerts"),
        ("r", &*screen, "/api/panes/{pane}/screen"),
        (
            "r",
            &*format!("{screen}?format=text"),
            "/api/panes/{pane}/screen",
        ),
        (
            "r",
            &*format!("{screen}?format=ansi"),
            "/api/panes/{pane}/screen",
        ),
        ("r", "/api/panes/99/screen", "/api/panes/{pane}/screen"),
        ("e", "/api/panes", "/api/panes"),
        (
            "r",
            "/api/metrics/overview?hours=7",
            "/api/metrics/overview",
        ),
        (
            "r",
            "/api/metrics/overview?hours=x",
            "/api/metrics/overview",
        ),
        ("e", "/api/stream/metrics", "/api/stream/metrics"),
        ("r", "/api/history", "/api/history"),
        ("r", "/api/history?limit=x", "/api/history"),
        ("r", "/api/search?words=x", "/api/search"),
        ("r", &*then, "/api/screen"),
        ("r", "/api/digest?since=1h", "/api/digest"),
        ("r", "/api/session", "/api/session"),
        ("r", "/api/browsers", "/api/browsers"),
        ("r", "/api/push", "/api/push"),
        ("r", "/api/openapi.json", "/api/openapi.json"),
        ("r", "/api/asyncapi.json", "/api/asyncapi.json"),
        ("r", "/healthz", "/healthz"),
        ("r", "/readyz", "/readyz"),
        ("r", "/", "/"),
        ("r", "/start", "/start"),
        ("r", "/protocol", "/protocol"),
        ("r", "/websocket-test", "/websocket-test"),
        ("r", "/t/web", "/t/{session}"),
        ("r", "/sw.js", "/sw.js"),
        ("r", "/monitor", "/monitor"),
        ("r", "/ws/terminal/web", "/ws/terminal/{session}"),
        ("r", "/manifest.webmanifest", "/manifest.webmanifest"),
    ];
    for (token, path, described) in gets {
        let answer = stage.get_with(token, path, "accept: application/json, text/html\r\n");
        document.check("get", described, &answer);
    }
    let target = json!({ "session": "api-1" });
    let event = json!({ "type": "x.test.done", "target": target, "data": {} });
    let posts = [
        ("w", "/api/command", line("api-1", "x"), 200),
        ("r", "/api/command", line("api-1", "x"), 403),
        (
            "w",
            "/api/keys",
            json!({ "target": target, "keys": ["Enter"] }),
            200,
        ),
        ("w", "/api/keys", json!({ "target": target }), 400),
        (
            "w",
            "/api/prompt",
            json!({ "target": target, "text": "x", "timeout_ms": 1000 }),
            200,
        ),
        (
            "w",
            "/api/answer",
            json!({ "target": target, "dialog": "x", "choice": 1 }),
            200,
        ),
        ("e", "/api/events", json!({ "events": [event] }), 200),
        ("r", "/api/events", json!({ "events": [event] }), 403),
        ("r", "/api/ticket", json!({}), 200),
    ];
    for (token, path, body, status) in posts {
        let answer = stage.post(token, path, &body);
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        document.check("post", path, &answer);
        // What is asked is what the document asks for.
        let asks = &document.0["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            ["schema"];
        if asks.is_object() {
            let is_valid = document.validator(asks).is_valid(&body);
            assert_eq!(is_valid, status != 400, "{path} {body}");
        }
    }
    for (path, method, operation) in document.operations() {
        let id = operation["operationId"].as_str();
        assert!(id.is_some(), "{method} {path}");
    }
}
