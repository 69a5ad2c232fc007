//! The recordings of real tmux versions in `fixtures/`, each beside the list of events that it gives.
//!
//! `.ci/record-fixtures` makes the recordings. With `UPDATE_GOLDEN=1` these tests write the lists instead of comparing.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use muxwire::auth::Principal;
use muxwire::control::{ControlClient, Event, Limits, Notification};
use muxwire::hub::view;
use muxwire::recording::{Recording, What};
use muxwire::tmux::{LinkId, Version};
use muxwire::wire::{Encoder, Form};

use super::replayed;
use crate::support::PROMISED;

/// What each version must have reported in its recordings: the first words of its lines, and since when there are these.
const TOLD: [(&str, &[&str]); 3] = [
    (
        "3.1c",
        &[
            "client-session-changed",
            "layout-change",
            "pane-mode-changed",
            "session-changed",
            "session-renamed",
            "session-window-changed",
            "sessions-changed",
            "unlinked-window-add",
            "unlinked-window-close",
            "unlinked-window-renamed",
            "window-add",
            "window-close",
            "window-pane-changed",
            "window-renamed",
        ],
    ),
    (
        "3.2",
        &[
            "client-detached",
            "continue",
            "exit",
            "extended-output",
            "pause",
            "subscription-changed",
        ],
    ),
    (
        "3.4",
        &[
            "config-error",
            "message",
            "paste-buffer-changed",
            "paste-buffer-deleted",
        ],
    ),
];

struct Fixture {
    /// Version and scenario.
    name: String,
    path: PathBuf,
    recording: Recording,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every recording of a version.
fn fixtures_of(version: &str) -> Vec<Fixture> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder().join(version))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mxr"))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no recording of tmux {version}");
    let fixture = |path: PathBuf| {
        let recording = Recording::open(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let stem = path.file_stem().unwrap().to_string_lossy();
        Fixture {
            name: format!("{version}/{stem}"),
            path,
            recording,
        }
    };
    found.into_iter().map(fixture).collect()
}

fn fixtures() -> impl Iterator<Item = Fixture> {
    PROMISED.into_iter().flat_map(fixtures_of)
}

/// Compares with what stands in a file, or writes it there.
fn check_golden(path: &Path, found: &str) {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(path, found).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    if let Some((index, (expected, found))) = lines.find(|(_, (expected, found))| expected != found)
    {
        panic!(
            "{}:{}\nexpected {expected}\nfound    {found}",
            path.display(),
            index + 1
        );
    }
    assert_eq!(expected, found, "{}", path.display());
}

/// The events as a client sees them that may see everything, a line each.
fn events(recording: &Recording) -> String {
    let encoder = Encoder::new("fixture", recording.epoch());
    let everybody = Principal::unrestricted();
    let mut lines = String::new();
    for event in replayed(recording) {
        let view = view(&event.change, &everybody, |_| true).expect("nothing is hidden");
        let encoded = encoder.event(&event, view, Form::Json);
        lines.push_str(std::str::from_utf8(encoded.payload()).unwrap());
        lines.push('\n');
    }
    lines
}

#[test]
fn each_recording_gives_the_events_beside_it() {
    for fixture in fixtures() {
        let golden = fixture.path.with_extension("events.jsonl");
        check_golden(&golden, &events(&fixture.recording));
    }
}

#[test]
fn all_that_changes_is_reported_somewhere() {
    let schema: serde_json::Value = serde_json::from_str(
        &fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/protocol/v1/event.schema.json"),
        )
        .unwrap(),
    )
    .unwrap();
    let types = schema["oneOf"].as_array().unwrap().iter();
    let mut missing: BTreeSet<&str> = types
        .map(|row| row["$ref"].as_str().unwrap().trim_start_matches("#/$defs/"))
        .collect();
    assert!(missing.len() > 20, "{missing:?}");
    for fixture in fixtures() {
        for event in replayed(&fixture.recording) {
            missing.remove(event.change.kind.label());
        }
    }
    // A recording holds what a server says, and one that does not fit the program says nothing: tests/misfit.rs has it.
    missing.remove("server.unfit");
    // Whether a listing comes in time is chance, so no recording of it can be had again; tests/beginnings.rs has it.
    missing.remove("window.missed");
    missing.remove("pane.missed");
    // That a part of the log is lost is known after a crash of muxwire; tests/on_disk.rs has it.
    missing.remove("log.gap");
    // What sources say of agents, alerts and the machine and what programs emit is nothing that tmux says;
    // tests/agent_events.rs, tests/alerts.rs, tests/resources.rs and tests/emitting have it.
    let of_sources = ["agent.", "alert", "system."];
    let is_of_tmux = |name: &str| !of_sources.iter().any(|begin| name.starts_with(begin));
    missing.retain(|name| is_of_tmux(name) && !name.ends_with(".*"));
    assert!(missing.is_empty(), "in no recording: {missing:?}");
}

/// Every event of the codec on every link, in order.
fn decode(recording: &Recording, mut each: impl FnMut(LinkId, Event<'_>)) {
    let mut clients: BTreeMap<LinkId, ControlClient> = BTreeMap::new();
    for entry in recording.entries().unwrap() {
        match entry.unwrap().what {
            What::Opened { link, .. } => {
                clients.insert(link, ControlClient::new(Limits::default()));
            }
            What::Written { link, lines } => {
                for commands in lines {
                    clients
                        .get_mut(&link)
                        .unwrap()
                        .enqueue_batch(commands)
                        .unwrap();
                }
            }
            What::Read { link, bytes } => {
                let client = clients.get_mut(&link).unwrap();
                client.feed(&bytes);
                while let Some(event) = client.next_event() {
                    each(link, event);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_codec_reads_each_recording_as_ever() {
    let mut table = String::new();
    for fixture in fixtures() {
        let mut hash = blake3::Hasher::new();
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        decode(&fixture.recording, |link, event| {
            hash.update(format!("{link} {event:?}\n").as_bytes());
            let kind = match &event {
                Event::Output(_) => "output",
                Event::Notification(Notification::Unknown { name, args }) => {
                    panic!("{}: {name:?} {args:?}", fixture.name)
                }
                Event::Notification(_) => "notifications",
                Event::Reply(_) => "replies",
                Event::Block(_) => "blocks",
                Event::Exit { .. } => "exits",
                Event::Bad(bad) => panic!("{}: {bad:?}", fixture.name),
            };
            *counts.entry(kind).or_default() += 1;
        });
        write!(table, "{}", fixture.name).unwrap();
        for (kind, count) in counts {
            write!(table, " {kind}={count}").unwrap();
        }
        writeln!(table, " {}", &hash.finalize().to_hex()[..16]).unwrap();
    }
    check_golden(&folder().join("codec.txt"), &table);
}

/// The first words of all lines that tmux sent, wherever they stand.
fn reported(recording: &Recording) -> BTreeSet<String> {
    let mut streams: BTreeMap<LinkId, Vec<u8>> = BTreeMap::new();
    for entry in recording.entries().unwrap() {
        if let What::Read { link, bytes } = entry.unwrap().what {
            streams.entry(link).or_default().extend_from_slice(&bytes);
        }
    }
    let lines = streams
        .values()
        .flat_map(|stream| stream.split(|byte| *byte == b'\n'));
    let word = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        line.strip_prefix('%')?.split(' ').next().map(str::to_owned)
    };
    lines.filter_map(word).collect()
}

#[test]
fn each_version_reports_all_that_it_can() {
    for name in PROMISED {
        let version = Version::parse(name).unwrap();
        let mut seen = BTreeSet::new();
        for fixture in fixtures_of(name) {
            assert_eq!(fixture.recording.header().tmux, name);
            seen.extend(reported(&fixture.recording));
        }
        let output = if version.has_flow_control() {
            "extended-output"
        } else {
            "output"
        };
        let due = TOLD
            .iter()
            .filter(|(since, _)| Version::parse(since).unwrap() <= version)
            .flat_map(|(_, words)| words.iter().copied())
            .chain([output]);
        let missing: Vec<&str> = due.filter(|word| !seen.contains(*word)).collect();
        assert!(
            missing.is_empty(),
            "no recording of tmux {name} has {missing:?}"
        );
    }
}
