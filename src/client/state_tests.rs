//! The scenarios of states that all clients play, as far as this state goes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::Value;

use super::*;
use crate::ids::Seq;
use crate::wire::{Message, Received};

const SCENARIOS: &str = include_str!("../../tests/conformance/state.json");

fn snapshot(message: &Value) -> State {
    let received = Received::parse(&message.to_string()).unwrap();
    match received.message() {
        Message::Snapshot(snapshot) => State::of(snapshot),
        other => panic!("{other:?} is no snapshot"),
    }
}

#[test]
fn a_snapshot_and_the_events_behind_it_equal_the_next_snapshot() {
    let scenarios: Vec<Value> = serde_json::from_str(SCENARIOS).unwrap();
    let mut compared = 0;
    for scenario in &scenarios {
        let about = &scenario["about"];
        let mut state: Option<State> = None;
        let mut position = Seq(0);
        for step in scenario["steps"].as_array().unwrap() {
            if let Some(wanted) = step.get("state_of") {
                assert_eq!(state.as_ref(), Some(&snapshot(wanted)), "{about}");
                compared += 1;
            }
            let said = step.get("reply").or_else(|| step.get("send"));
            let Some(message) = said.filter(|said| said["type"].is_string()) else {
                continue;
            };
            // Scenarios leave out of events what is the same in all.
            let mut message = message.clone();
            message
                .as_object_mut()
                .unwrap()
                .entry("epoch")
                .or_insert("e1".into());
            let received = Received::parse(&message.to_string()).unwrap();
            match received.message() {
                Message::Snapshot(_) => {
                    state = Some(snapshot(&message));
                    position = received.position().map_or(position, |(_, seq)| seq);
                }
                Message::Event(event) => {
                    let seq = received.position().map(|(_, seq)| seq);
                    // The follower hands none on twice.
                    if let Some(state) = state.as_mut().filter(|_| seq > Some(position)) {
                        state.apply(event);
                        position = seq.unwrap_or(position);
                    }
                }
                _ => {}
            }
        }
    }
    assert!(compared >= 15, "{compared} states were compared");
}
