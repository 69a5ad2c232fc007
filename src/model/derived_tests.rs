//! What events of sources come to, whatever order they are said in.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::ids::{SessionId, WindowId};
use crate::model::{Audience, Pane, Session, Window};
use crate::usage::{ModelUsage, Usage};

pub(in crate::model) const PANE: PaneId = PaneId(3);

pub(in crate::model) fn state() -> State {
    let (session, window) = (SessionId(0), WindowId(1));
    let mut state = State::default();
    state.sessions.insert(
        session,
        Session {
            id: session,
            name: "api".into(),
            path: String::new(),
            created: 1,
            group: None,
            destroy_unattached: None,
            streamed: false,
            windows: [(0, window)].into(),
            alerts: [].into(),
            active: Some(0),
        },
    );
    state.windows.insert(
        window,
        Window {
            id: window,
            name: "main".into(),
            width: 80,
            height: 24,
            zoomed: false,
            layout: String::new(),
            panes: vec![PANE],
            active: Some(PANE),
        },
    );
    state.panes.insert(
        PANE,
        Pane {
            id: PANE,
            window,
            index: 0,
            width: 80,
            height: 24,
            pid: 7,
            exit: None,
            mode: None,
            title: String::new(),
            command: "bash".into(),
            path: String::new(),
        },
    );
    state
}

fn agent(agent_type: &str, status: AgentStatus) -> Arc<Agent> {
    Agent::new(agent_type, status, Timestamp::UNIX_EPOCH).into()
}

fn started(agent_type: &str) -> Derived {
    let agent = agent(agent_type, AgentStatus::Unknown);
    Derived::AgentStarted { pane: PANE, agent }
}

fn status(agent_type: &str, status: AgentStatus) -> Derived {
    let agent = agent(agent_type, status);
    Derived::AgentStatus { pane: PANE, agent }
}

/// What each event comes to, in the words of its changes.
fn said(events: impl IntoIterator<Item = Derived>) -> Vec<Vec<String>> {
    let mut state = state();
    let mut all = Vec::new();
    for derived in events {
        let Some(DerivedChanges {
            changes,
            state: next,
        }) = derived.changes(&state)
        else {
            all.push(vec!["nothing".to_owned()]);
            continue;
        };
        state = next.unwrap_or(state);
        all.push(changes.iter().map(words).collect());
    }
    all
}

fn words(change: &Change) -> String {
    assert_eq!(change.pane, Some(PANE));
    assert!(matches!(&change.audience, Audience::Places(places) if places.len() == 1));
    let name = change.kind.name();
    match &change.kind {
        ChangeKind::AgentStarted { agent } => {
            format!("{name} {} {}", agent.agent_type, agent.status)
        }
        ChangeKind::AgentStatus { agent, previous } => {
            format!(
                "{name} {} {} was {previous}",
                agent.agent_type, agent.status
            )
        }
        ChangeKind::AgentEnded { agent } => {
            format!("{name} {} was {}", agent.agent_type, agent.status)
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn an_agent_starts_has_a_status_and_ends() {
    use AgentStatus::{Busy, Waiting};
    let ended = || Derived::AgentEnded { pane: PANE };
    let events = [
        started("claude"),
        status("claude", Busy),
        status("claude", Waiting),
        status("claude", Waiting),
        ended(),
        ended(),
    ];
    let expected: [&[&str]; 6] = [
        &["agent.started claude unknown"],
        &["agent.status claude busy was unknown"],
        &["agent.status claude waiting was busy"],
        &["nothing"],
        &["agent.ended claude was waiting"],
        &["nothing"],
    ];
    assert_eq!(said(events), expected);
}

#[test]
fn what_a_source_leaves_out_is_put_in() {
    use AgentStatus::{Busy, Exited, Unknown};
    let events = [
        status("claude", Busy),
        started("codex"),
        started("codex"),
        status("codex", Busy),
        started("codex"),
        status("codex", Exited),
        status("codex", Exited),
        status("codex", Unknown),
    ];
    let expected: [&[&str]; 8] = [
        &["agent.started claude busy"],
        &["agent.ended claude was busy", "agent.started codex unknown"],
        &["nothing"],
        &["agent.status codex busy was unknown"],
        &["agent.status codex unknown was busy"],
        &["agent.ended codex was unknown"],
        &["nothing"],
        &["agent.started codex unknown"],
    ];
    assert_eq!(said(events), expected);
}

#[test]
fn what_is_said_of_a_pane_that_is_gone_comes_to_nothing() {
    let pane = PaneId(99);
    let agent = agent("claude", AgentStatus::Busy);
    let all = [
        Derived::PaneBell { pane },
        Derived::AgentStarted {
            pane,
            agent: agent.clone(),
        },
        Derived::AgentStatus { pane, agent },
        Derived::AgentEnded { pane },
    ];
    for derived in all {
        assert_eq!(derived.changes(&state()), None);
    }
}

#[test]
fn what_an_agent_has_used_is_known_until_it_ends() {
    let used = |requests| {
        let model = ModelUsage {
            requests,
            ..ModelUsage::default()
        };
        Box::new(Usage {
            models: vec![model],
            ..Usage::default()
        })
    };
    let usage = |requests| Derived::AgentUsage {
        pane: PANE,
        usage: used(requests),
    };
    assert_eq!(usage(1).changes(&state()), None, "there is no agent");
    let mut now = state();
    let known = |state: &State| state.agents[&PANE].usage.clone();
    for (event, expected) in [
        (started("claude"), None),
        (usage(1), Some(used(1))),
        (status("claude", AgentStatus::Busy), Some(used(1))),
        (usage(2), Some(used(2))),
        (started("codex"), None),
    ] {
        let came = event.changes(&now).expect("it is new");
        now = came.state.expect("it leads to another state");
        assert_eq!(known(&now), expected);
    }
    let again = usage(3).changes(&now).and_then(|came| came.state);
    let again = again.expect("it is new");
    assert_eq!(usage(3).changes(&again), None, "that is known");
    let busy = status("codex", AgentStatus::Busy);
    let busy = busy.changes(&again).and_then(|came| came.state);
    let busy = busy.expect("it is new");
    let still = status("codex", AgentStatus::Busy);
    assert_eq!(still.changes(&busy), None, "its usage is no news");
}

#[test]
fn an_agent_is_kept_for_as_long_as_its_pane() {
    let mut before = state();
    let known = agent("claude", AgentStatus::Busy);
    before.agents.insert(PANE, Arc::clone(&known));
    let mut listed = state();
    listed.keep_agents(&before);
    assert_eq!(listed.agents.get(&PANE), Some(&known));
    let mut listed = State::default();
    listed.keep_agents(&before);
    assert!(listed.agents.is_empty());
    let changes = crate::model::diff(&before, &listed);
    let names: Vec<&str> = changes.iter().map(|change| change.kind.name()).collect();
    assert_eq!(
        names[..2],
        ["agent.ended", "pane.removed"],
        "the agent first: {names:?}"
    );
}
