//! Messages as they stand in `fixtures/wire/`, with what a later version may add.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

/// A message of each type, and more.
fn fixtures() -> Vec<Value> {
    let all = [
        include_str!("../../fixtures/wire/events.ndjson"),
        include_str!("../../fixtures/wire/server.ndjson"),
    ];
    let lines = all.iter().flat_map(|text| text.lines());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Puts a field of a later version into an object and all that are in it.
fn grown(value: &Value, field: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(|one| grown(one, field)).collect(),
        Value::Object(fields) => {
            let grown = fields
                .iter()
                .map(|(name, one)| (name.clone(), grown(one, field)));
            let later = ("x_later".to_owned(), field.clone());
            Value::Object(grown.chain([later]).collect())
        }
        other => other.clone(),
    }
}

fn kept(message: &Value) -> Value {
    let fields = message.as_object().unwrap().clone();
    let read = Message::read(fields).unwrap();
    serde_json::from_slice(&read.encode()).unwrap()
}

#[test]
fn what_a_later_version_says_is_kept_whole() {
    let later = [json!(null), json!([1, { "a": -2.5 }]), json!("\u{1b}")];
    for message in fixtures() {
        for field in &later {
            let grown = grown(&message, field);
            assert_eq!(kept(&grown), grown);
            // Of a type that is not known, and of one that has other fields.
            let mut other = grown.clone();
            other["type"] = json!("pane.danced");
            assert_eq!(kept(&other), other);
        }
        let fields = message.as_object().unwrap().iter();
        for (name, value) in fields.filter(|(name, _)| *name != "type") {
            for odd in [json!(null), json!({ "odd": [] }), json!("-"), json!(-1.5)] {
                let mut other = message.clone();
                other[name] = odd.clone();
                let is_optional = odd.is_null() && kept(&other).get(name).is_none();
                // What is missing in an object has its default.
                let is_partial = odd.is_object() && (value.is_object() || value.is_null());
                if !is_optional && !is_partial {
                    assert_eq!(kept(&other), other);
                }
            }
        }
    }
}

#[test]
fn what_an_older_server_leaves_out_has_its_default() {
    for message in fixtures() {
        let is_event = message.get("data").is_some() && message.get("seq").is_some();
        let mut bare = json!({ "type": message["type"] });
        if is_event {
            bare["data"] = json!({});
            bare["seq"] = json!(1);
        }
        let read = Message::read(bare.as_object().unwrap().clone()).unwrap();
        assert!(!matches!(read, Message::Unknown(_)), "{bare}");
        if let Message::Event(event) = &read {
            assert!(
                !matches!(event.data, crate::wire::EventData::Unknown { .. }),
                "{bare}"
            );
        }
    }
}
