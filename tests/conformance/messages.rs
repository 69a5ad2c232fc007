//! All messages of the protocol stand in scenarios, and the Rust client has a type for each.

use std::collections::BTreeSet;
use std::fs;

use muxwire::wire::terminal::{self, TerminalAction, TerminalMessage};
use muxwire::wire::{Action, EventData, Message, Received, Request};
use serde_json::{Value, json};

use super::scenario::{Scenario, all, filled, lines, root};

/// Types that no version knows: what clients do with them is tried with these.
const UNKNOWN: &[&str] = &["from.the.future", "chat"];

/// The names that were found to have a type.
#[derive(Default)]
struct Known {
    messages: BTreeSet<String>,
    actions: BTreeSet<String>,
    terminal_messages: BTreeSet<String>,
    terminal_actions: BTreeSet<String>,
}

impl Known {
    fn scenario(&mut self, scenario: &Scenario) {
        let is_terminal = scenario.part.contains_key("terminal");
        for step in &scenario.steps {
            for (kind, value) in step {
                match kind.as_str() {
                    "send" | "reply" => self.message(&filled(value), is_terminal),
                    "send_lines" => {
                        for line in lines(value.as_str().unwrap()) {
                            self.message(&line, is_terminal);
                        }
                    }
                    "expect" | "ask" | "call" => self.request(value, is_terminal),
                    _ => {}
                }
            }
        }
    }

    fn message(&mut self, message: &Value, is_terminal: bool) {
        let name = message["type"].as_str().unwrap();
        if UNKNOWN.contains(&name) {
            return;
        }
        let fields = message.as_object().unwrap().clone();
        if is_terminal && TerminalMessage::read(fields).is_some() {
            self.terminal_messages.insert(name.to_owned());
            return;
        }
        let received = Received::parse(&message.to_string()).unwrap();
        let is_known = match received.message() {
            Message::Unknown(_) => false,
            Message::Event(event) => !matches!(event.data, EventData::Unknown { .. }),
            _ => true,
        };
        assert!(is_known, "the Rust client has no type for {message}");
        self.messages.insert(name.to_owned());
    }

    fn request(&mut self, request: &Value, is_terminal: bool) {
        let request = chosen("", request);
        let written = if let (true, Some(name)) = (is_terminal, request["type"].as_str()) {
            let read = terminal::parse(request.to_string().as_bytes()).unwrap();
            let is_known = !matches!(read.action, TerminalAction::Unknown(_));
            assert!(is_known, "the Rust client has no type for {request}");
            self.terminal_actions.insert(name.to_owned());
            serde_json::to_value(&read)
        } else {
            let read: Request = serde_json::from_value(request.clone()).unwrap();
            let is_known = !matches!(read.action, Action::Unknown(_));
            assert!(is_known, "the Rust client has no type for {request}");
            let name = request["action"].as_str().unwrap();
            self.actions.insert(name.to_owned());
            serde_json::to_value(&read)
        };
        assert_eq!(written.unwrap(), request);
    }
}

/// With something in the stead of what the client chooses.
fn chosen(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("$same") => match name {
            "types" => json!(["pane.*"]),
            _ => json!("k"),
        },
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, field)| (name.clone(), chosen(name, field)));
            Value::Object(fields.collect())
        }
        _ => value.clone(),
    }
}

/// The names of the messages of a schema. A family of types ends with a star.
fn messages(file: &str) -> Vec<String> {
    let path = root().join(format!("grammar/protocol/v1/{file}.schema.json"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let references = schema["oneOf"].as_array().unwrap().iter();
    let names = references.map(|one| one["$ref"].as_str().unwrap());
    names
        .map(|name| name.strip_prefix("#/$defs/").unwrap().to_owned())
        .collect()
}

fn missing(file: &str, known: &BTreeSet<String>) -> Vec<String> {
    let is_known = |name: &str| match name.strip_suffix('*') {
        Some(family) => known.iter().any(|known| known.starts_with(family)),
        None => known.contains(name),
    };
    let names = messages(file);
    names.into_iter().filter(|name| !is_known(name)).collect()
}

#[test]
fn every_message_stands_in_a_scenario_and_has_a_type() {
    let mut known = Known::default();
    for scenario in all() {
        known.scenario(&scenario);
    }
    let files = [
        ("server", &known.messages),
        ("event", &known.messages),
        ("client", &known.actions),
        ("terminal-server", &known.terminal_messages),
        ("terminal-client", &known.terminal_actions),
    ];
    for (file, known) in files {
        let missing = missing(file, known);
        assert!(
            missing.is_empty(),
            "add scenarios for these of {file}.schema.json to tests/conformance: {missing:?}"
        );
    }
}
