//! Scenarios as they stand in the files.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

pub type Fields = Map<String, Value>;

/// A scenario as README.md describes it.
pub struct Scenario {
    pub file: String,
    pub about: String,
    /// The clients that it is for; nothing if it is for all.
    pub only: Option<Vec<String>>,
    pub client: Fields,
    pub part: Fields,
    pub steps: Vec<Fields>,
}

/// All scenarios of all files.
pub fn all() -> Vec<Scenario> {
    let folder = root().join("tests/conformance");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|one| one == "json"));
    files.flat_map(|path| read(&path)).collect()
}

fn read(path: &Path) -> Vec<Scenario> {
    let scenarios: Vec<Fields> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let file = path.file_stem().unwrap().to_str().unwrap();
    let made = scenarios.into_iter().map(|mut scenario| Scenario {
        file: file.to_owned(),
        about: scenario["about"].as_str().unwrap().to_owned(),
        only: take(&mut scenario, "only").map(|only| serde_json::from_value(only).unwrap()),
        client: object(take(&mut scenario, "client")),
        part: object(take(&mut scenario, "part")),
        steps: serde_json::from_value(scenario["steps"].take()).unwrap(),
    });
    made.collect()
}

fn take(fields: &mut Fields, name: &str) -> Option<Value> {
    fields.remove(name)
}

/// The object, or an empty one where there is none.
pub fn object(value: Option<Value>) -> Fields {
    match value {
        None => Fields::new(),
        Some(Value::Object(fields)) => fields,
        Some(other) => panic!("{other} is no object"),
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of a file. A line with a `seq` gets that of its place.
pub fn lines(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let lines = text.lines().enumerate().map(|(at, line)| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line.get("seq").is_some() {
            line["seq"] = json!(at + 1);
        }
        line
    });
    lines.collect()
}

/// A message with what scenarios need not repeat.
pub fn filled(message: &Value) -> Value {
    let kind = message["type"].as_str().unwrap_or_default();
    let is_event = message.get("seq").is_some() && message.get("cursor").is_none();
    if !is_event || matches!(kind, "hello" | "bookmark") {
        return message.clone();
    }
    let mut whole =
        json!({"timestamp": "2026-11-20T05:00:00.123Z", "host": "h", "epoch": "e1", "data": {}});
    let fields = whole.as_object_mut().unwrap();
    fields.extend(message.as_object().unwrap().clone());
    whole
}
