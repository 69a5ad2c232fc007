//! The recordings of real agents have the form that docs/agents-lab.md promises.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Table;

const ONE: u64 = 150_000;
const ALL: u64 = 6_000_000;
const STATES: &[&str] = &["busy", "ready", "waiting", "error", "unknown", "exited"];
/// What a verdict may end behind the recording's last byte: a screen that stands still prints nothing.
const STILL: f64 = 60.0;

/// Every recording: its path without the ending.
fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents");
    let mut found = BTreeSet::new();
    for folder in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "cast") {
                found.insert(path.with_extension(""));
            }
        }
    }
    found.into_iter().collect()
}

/// Adds an ending to a path whose name has dots.
fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}

/// The events of a recording, once its header is seen to be one.
fn events(path: &Path) -> Vec<(f64, String, String)> {
    let text = fs::read_to_string(with(path, "cast")).unwrap();
    let mut lines = text.lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(header["version"], 2, "{path:?}");
    for field in ["width", "height", "timestamp"] {
        assert!(header[field].is_u64(), "{path:?}: {field}");
    }
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{path:?}: {error}")))
        .collect()
}

fn facts(path: &Path) -> Table {
    let text = fs::read_to_string(with(path, "toml")).unwrap();
    text.parse()
        .unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn seconds(table: &Table, name: &str) -> f64 {
    let value = &table[name];
    let whole = || f64::from(i32::try_from(value.as_integer().unwrap()).unwrap());
    value.as_float().unwrap_or_else(whole)
}

fn tables<'a>(facts: &'a Table, name: &str) -> Vec<&'a Table> {
    let entries = facts.get(name).map(|list| list.as_array().unwrap());
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.as_table().unwrap()).collect()
}

#[test]
fn events_are_in_order_and_of_known_kinds() {
    for path in recordings() {
        let mut before = 0.0;
        for (at, kind, text) in events(&path) {
            assert!(at >= before, "{path:?}: {at} comes behind {before}");
            assert!(matches!(kind.as_str(), "o" | "m" | "r"), "{path:?}: {kind}");
            if kind == "r" {
                let (width, height) = text.split_once('x').unwrap();
                assert!(width.parse::<u16>().is_ok() && height.parse::<u16>().is_ok());
            }
            before = at;
        }
    }
}

#[test]
fn verdicts_are_in_order_and_within_the_recording() {
    for path in recordings() {
        let facts = facts(&path);
        let end = events(&path).last().unwrap().0 + STILL;
        let verdicts = tables(&facts, "verdict");
        assert!(!verdicts.is_empty(), "{path:?} says nothing");
        let mut before = 0.0;
        for verdict in verdicts {
            let (from, to) = (seconds(verdict, "from"), seconds(verdict, "to"));
            assert!(
                before <= from && from < to && to <= end,
                "{path:?}: {from} to {to}"
            );
            let state = verdict["state"].as_str().unwrap();
            assert!(STATES.contains(&state), "{path:?}: {state}");
            before = to;
        }
    }
}

#[test]
fn entries_beside_the_screen_are_whole() {
    for path in recordings() {
        let facts = facts(&path);
        let folder = path.parent().unwrap().file_name().unwrap();
        let (agent, version) = (facts["agent"].as_str(), facts["version"].as_str());
        let named = format!("{}-{}", agent.unwrap(), version.unwrap());
        assert_eq!(folder.to_str(), Some(named.as_str()));
        assert!(facts["started"].is_str(), "{path:?}");
        for process in tables(&facts, "process") {
            let whole = ["ppid", "name", "argv"]
                .iter()
                .all(|field| process.contains_key(*field));
            assert!(process["pid"].is_integer() && (whole || process.contains_key("ended")));
        }
        for kind in ["registry", "hook"] {
            for entry in tables(&facts, kind) {
                let text = entry.get("json").and_then(|json| json.as_str());
                let parsed = text.map(serde_json::from_str::<Value>);
                assert!(
                    parsed.is_none_or(|parsed| parsed.is_ok()),
                    "{path:?}: {entry}"
                );
            }
        }
    }
}

#[test]
fn the_corpus_is_small_and_knows_nothing_of_where_it_was_made() {
    let mut all = 0;
    let recordings = recordings();
    assert!(!recordings.is_empty());
    for path in recordings {
        for end in ["cast", "toml"] {
            let text = fs::read_to_string(with(&path, end)).unwrap();
            let size = u64::try_from(text.len()).unwrap();
            assert!(size < ONE, "{path:?}.{end}: {size} bytes");
            all += size;
            assert!(!text.contains("target/agents"), "{path:?}.{end}");
        }
    }
    assert!(all < ALL, "{all} bytes");
}
