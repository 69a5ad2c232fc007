//! Events made by hand, and what the digest says of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::model::AgentConfidence;
use crate::usage::{ModelUsage, Tokens, ToolUsage};

fn agent(kind: &str, status: AgentStatus) -> Agent {
    Agent {
        confidence: AgentConfidence::High,
        ..Agent::new(kind, status, Timestamp::UNIX_EPOCH)
    }
}

fn place(key: i64) -> DigestPlace<'static> {
    DigestPlace {
        key,
        pane: PaneId(7),
        session: "api",
    }
}

fn status(agent: Agent) -> ChangeKind {
    ChangeKind::AgentStatus {
        agent: Arc::new(agent),
        previous: AgentStatus::Unknown,
    }
}

fn used(requests: u64, cost: u64) -> Box<Usage> {
    Box::new(Usage {
        models: vec![ModelUsage {
            model: "m".to_owned(),
            requests,
            tokens: Tokens {
                input: requests * 10,
                ..Tokens::default()
            },
            cost: Some(cost),
        }],
        tools: vec![ToolUsage {
            tool: "Bash".to_owned(),
            calls: requests,
        }],
        prices_of: None,
    })
}

#[test]
fn statuses_are_told_one_after_the_other_with_their_times() {
    let mut digest = Digest::new(1000, 10_000);
    let started = ChangeKind::AgentStarted {
        agent: Arc::new(agent("claude", AgentStatus::Ready)),
    };
    digest.take(place(1), 2000, &started);
    digest.take(place(1), 3000, &status(agent("claude", AgentStatus::Busy)));
    let asking = Agent {
        reason: Some("permission".to_owned()),
        message: Some("Bash(ls)".to_owned()),
        ..agent("claude", AgentStatus::Waiting)
    };
    digest.take(place(1), 4000, &status(asking));
    digest.take(place(1), 6500, &status(agent("claude", AgentStatus::Busy)));
    let limited = Agent {
        reason: Some("usage_limit".to_owned()),
        ..agent("claude", AgentStatus::Error)
    };
    digest.take(place(1), 7000, &status(limited));
    let told = digest.finish();
    assert_eq!(told.len(), 1);
    let told = &told[0];
    assert_eq!(told.started, Some(2000));
    assert_eq!((told.prompts, told.waits, told.longest_wait), (1, 1, 2500));
    assert_eq!(told.status, AgentStatus::Error);
    let spent = Spent {
        ready: 1000,
        busy: 1500,
        waiting: 2500,
        error: 3000,
        unknown: 0,
    };
    assert_eq!(told.spent, spent);
    let states: Vec<_> = told
        .states
        .iter()
        .map(|one| (one.since, one.until))
        .collect();
    assert_eq!(
        states,
        [
            (2000, 3000),
            (3000, 4000),
            (4000, 6500),
            (6500, 7000),
            (7000, 10_000)
        ]
    );
    assert_eq!(told.states[2].reason.as_deref(), Some("permission"));
    assert_eq!(told.states[2].message.as_deref(), Some("Bash(ls)"));
    assert_eq!(told.errors.len(), 1);
    assert_eq!(told.errors[0].reason.as_deref(), Some("usage_limit"));
}

/// What happened before only says how things stood.
#[test]
fn the_time_before_counts_for_nothing() {
    let mut digest = Digest::new(1000, 2000);
    let waiting = Agent {
        usage: Some(used(5, 500)),
        ..agent("codex", AgentStatus::Waiting)
    };
    digest.take(place(1), 10, &status(waiting));
    let working = Agent {
        usage: Some(used(7, 900)),
        ..agent("codex", AgentStatus::Busy)
    };
    digest.take(place(1), 1300, &status(working));
    // Behind the time.
    digest.take(place(1), 2001, &status(agent("codex", AgentStatus::Error)));
    // One that was gone before.
    digest.take(place(2), 20, &status(agent("codex", AgentStatus::Busy)));
    let ended = ChangeKind::AgentEnded {
        agent: Arc::new(agent("codex", AgentStatus::Busy)),
    };
    digest.take(place(2), 30, &ended);
    let told = digest.finish();
    assert_eq!(told.len(), 1);
    let told = &told[0];
    assert_eq!((told.started, told.ended), (None, None));
    assert_eq!((told.spent.waiting, told.spent.busy), (300, 700));
    assert_eq!((told.prompts, told.waits, told.longest_wait), (0, 1, 300));
    assert!(told.errors.is_empty());
    let usage = told.usage.as_ref().unwrap();
    assert_eq!((usage.requests(), usage.cost()), (2, Some(400)));
    assert_eq!(usage.tokens().input, 20);
    assert_eq!(usage.tools[0].calls, 2);
}

#[test]
fn a_session_that_begins_anew_counts_besides_the_one_before() {
    let mut digest = Digest::new(0, 100);
    let with = |usage| Agent {
        usage: Some(usage),
        ..agent("claude", AgentStatus::Busy)
    };
    let started = ChangeKind::AgentStarted {
        agent: Arc::new(with(used(1, 10))),
    };
    digest.take(place(1), 1, &started);
    for usage in [used(4, 40), used(2, 25)] {
        let kind = ChangeKind::AgentUsage {
            agent: Arc::new(with(usage)),
        };
        digest.take(place(1), 2, &kind);
    }
    let told = digest.finish();
    let usage = told[0].usage.as_ref().unwrap();
    assert_eq!((usage.requests(), usage.cost()), (6, Some(65)));
}

#[test]
fn those_come_first_that_want_something() {
    let mut digest = Digest::new(0, 100);
    let rows = [
        (1, AgentStatus::Busy),
        (2, AgentStatus::Error),
        (3, AgentStatus::Waiting),
        (4, AgentStatus::Ready),
    ];
    for (key, state) in rows {
        digest.take(place(key), 1, &status(agent("claude", state)));
    }
    digest.take(place(5), 1, &status(agent("claude", AgentStatus::Waiting)));
    let ended = ChangeKind::AgentEnded {
        agent: Arc::new(agent("claude", AgentStatus::Waiting)),
    };
    digest.take(place(5), 9, &ended);
    let keys: Vec<i64> = digest.finish().iter().map(|one| one.key).collect();
    assert_eq!(keys, [3, 2, 4, 1, 5]);
}

#[test]
fn lines_belong_to_the_agent_that_was_there_then() {
    let mut digest = Digest::new(0, 100);
    let started = |kind: &str| ChangeKind::AgentStarted {
        agent: Arc::new(agent(kind, AgentStatus::Busy)),
    };
    digest.take(place(1), 10, &started("claude"));
    digest.take(place(1), 50, &started("codex"));
    let line = "FAILED tests/test_a.py::test_b - assert";
    digest.line(1, 20, line);
    digest.line(1, 21, line);
    digest.line(1, 60, "FAIL src/a.test.ts");
    digest.line(1, 61, "nothing failed");
    digest.line(2, 61, line);
    let told = digest.finish();
    let tests = |kind: &str| {
        let one = told.iter().find(|one| one.agent_type == kind).unwrap();
        one.failed_tests.clone()
    };
    assert_eq!(tests("claude"), ["tests/test_a.py"]);
    assert_eq!(tests("codex"), ["src/a.test.ts"]);
}

#[test]
fn of_many_statuses_the_last_are_told_and_all_are_counted() {
    let mut digest = Digest::new(0, 100_000);
    for turn in 0..300 {
        let state = match turn % 2 {
            0 => AgentStatus::Ready,
            _ => AgentStatus::Busy,
        };
        digest.take(place(1), turn * 10, &status(agent("claude", state)));
    }
    let told = digest.finish();
    assert_eq!(told[0].states.len(), STATES);
    assert_eq!(told[0].prompts, 150);
    assert_eq!(told[0].states.last().unwrap().until, 100_000);
}
