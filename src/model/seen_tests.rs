//! Marks of those who have seen agents: how long they last, and how many there are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::model::derived::tests::{PANE, state};
use crate::model::{AgentDialog, AgentStatus, Derived};
use crate::usage::Usage;

const ONE: ViewerId = ViewerId([1; 16]);
const OTHER: ViewerId = ViewerId([2; 16]);

fn agent(status: AgentStatus) -> Agent {
    Agent::new("claude", status, Timestamp::UNIX_EPOCH)
}

/// A state in which the agent is this one, as if a source had said so.
fn said(state: &State, agent: Agent) -> State {
    let agent = Arc::new(agent);
    let said = Derived::AgentStatus { pane: PANE, agent };
    said.changes(state).unwrap().state.unwrap()
}

/// What one viewer has seen, and what is published of it.
fn seen(state: &State, viewer: ViewerId) -> (State, Vec<Change>) {
    let seen = mark_seen(state, viewer, &[PANE, PaneId(99)]).unwrap();
    assert_eq!(seen.panes, [PANE]);
    (seen.state.unwrap_or_else(|| state.clone()), seen.changes)
}

fn marks(state: &State) -> [bool; 2] {
    let seen_by = &state.agents[&PANE].seen_by;
    [ONE, OTHER].map(|viewer| seen_by.contains(viewer))
}

#[test]
fn each_viewer_marks_for_itself_and_once() {
    let state = said(&state(), agent(AgentStatus::Ready));
    let (state, changes) = seen(&state, ONE);
    assert_eq!(changes.len(), 1);
    let change = &changes[0];
    assert_eq!(
        (change.pane, change.kind.name()),
        (Some(PANE), "agent.status")
    );
    assert!(change.kind.is_seen_by(ONE) && !change.kind.is_seen_by(OTHER));
    assert_eq!(seen(&state, ONE).1, []);
    let (state, changes) = seen(&state, OTHER);
    assert_eq!((changes.len(), marks(&state)), (1, [true, true]));
    assert_eq!(mark_seen(&state, ONE, &[]), Ok(Seen::default()));
}

#[test]
fn marks_last_as_long_as_the_agent_stands_as_it_was_seen() {
    let waiting = |message: &str| Agent {
        message: Some(message.to_owned()),
        ..agent(AgentStatus::Waiting)
    };
    let shows = |fingerprint: &str| AgentDialog {
        fingerprint: fingerprint.to_owned(),
        options: Vec::new(),
    };
    let later = |millis: u64| Timestamp::UNIX_EPOCH + Duration::from_millis(millis);
    let ready = || agent(AgentStatus::Ready);
    let rows: [(&str, Agent, Agent, bool); 9] = [
        (
            "figures",
            ready(),
            Agent {
                tokens: Some(7),
                model: Some("m".to_owned()),
                ..ready()
            },
            true,
        ),
        (
            "two clocks",
            ready(),
            Agent {
                since: later(2),
                ..ready()
            },
            true,
        ),
        (
            "was busy between",
            ready(),
            Agent {
                since: later(800),
                ..ready()
            },
            false,
        ),
        ("another status", ready(), agent(AgentStatus::Busy), false),
        (
            "another reason",
            ready(),
            Agent {
                reason: Some("interrupted".to_owned()),
                ..ready()
            },
            false,
        ),
        ("another question", waiting("ls"), waiting("rm"), false),
        (
            "what a ready agent says",
            ready(),
            Agent {
                message: Some("done".to_owned()),
                ..ready()
            },
            true,
        ),
        (
            "another dialog",
            Agent {
                dialog: Some(shows("a")),
                ..waiting("ls")
            },
            Agent {
                dialog: Some(shows("b")),
                ..waiting("ls")
            },
            false,
        ),
        (
            "another agent",
            ready(),
            Agent {
                agent_type: "codex".to_owned(),
                ..ready()
            },
            false,
        ),
    ];
    for (what, before, after, lasts) in rows {
        let (state, _) = seen(&said(&state(), before), ONE);
        assert_eq!(marks(&said(&state, after)), [lasts, false], "{what}");
    }
    // What the session has used says nothing of what the agent does.
    let (state, _) = seen(&said(&state(), ready()), ONE);
    let usage = Box::new(Usage {
        prices_of: Some("2025-12-01".to_owned()),
        ..Usage::default()
    });
    let used = Derived::AgentUsage { pane: PANE, usage };
    assert_eq!(
        marks(&used.changes(&state).unwrap().state.unwrap()),
        [true, false]
    );
}

#[test]
fn marks_are_bounded_and_come_all_or_not_at_all() {
    let viewer = |number: usize| ViewerId((number as u128).to_be_bytes());
    let mut state = said(&state(), agent(AgentStatus::Ready));
    for number in 0..SeenBy::MOST {
        state = seen(&state, viewer(number)).0;
    }
    let refused = mark_seen(&state, viewer(SeenBy::MOST), &[PANE]);
    assert_eq!(refused, Err(SeenByTooMany(PANE)));
    let why = SeenByTooMany(PANE).to_string();
    assert!(
        why.starts_with("256 others have marked the agent in %3"),
        "{why}"
    );
    assert_eq!(seen(&state, viewer(7)).1, []);
    let state = said(&state, agent(AgentStatus::Busy));
    assert_eq!(seen(&state, viewer(SeenBy::MOST)).1.len(), 1);
    assert_eq!((0..500).map(viewer).collect::<SeenBy>().len(), SeenBy::MOST);
}

#[test]
fn an_agent_that_was_found_ready_is_fresh_until_it_has_done_something() {
    let at = |millis: u64, status| Agent {
        since: Timestamp::UNIX_EPOCH + Duration::from_millis(millis),
        ..agent(status)
    };
    let (ready, unknown) = (AgentStatus::Ready, AgentStatus::Unknown);
    let asked = Agent {
        elapsed: Some(Duration::from_secs(5)),
        ..at(0, ready)
    };
    let interrupted = Agent {
        reason: Some("interrupted".to_owned()),
        ..at(0, ready)
    };
    let rows = [
        ("found ready", vec![at(0, ready)], true),
        (
            "not known, then ready",
            vec![at(0, unknown), at(900, ready)],
            true,
        ),
        ("two clocks", vec![at(0, ready), at(2, ready)], true),
        ("found busy", vec![at(0, AgentStatus::Busy)], false),
        (
            "was busy",
            vec![at(0, ready), at(5, AgentStatus::Busy), at(9, ready)],
            false,
        ),
        (
            "was busy between",
            vec![at(0, ready), at(800, ready)],
            false,
        ),
        ("shows a turn", vec![asked], false),
        ("was interrupted", vec![interrupted], false),
        ("waits", vec![at(0, AgentStatus::Waiting)], false),
        (
            "not known again",
            vec![at(0, AgentStatus::Busy), at(5, unknown), at(9, ready)],
            false,
        ),
    ];
    for (name, agents, fresh) in rows {
        let state = agents
            .into_iter()
            .fold(state(), |state, agent| said(&state, agent));
        assert_eq!(state.agents[&PANE].is_fresh, fresh, "{name}");
    }
    // Another agent in the same pane is found anew.
    let state = said(&state(), agent(AgentStatus::Busy));
    let other = Agent::new("codex", ready, Timestamp::UNIX_EPOCH);
    assert!(said(&state, other).agents[&PANE].is_fresh);
}
