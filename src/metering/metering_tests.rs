//! Sums of weeks that were made by hand.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;

use super::*;
use crate::ids::{SessionId, WindowId};
use crate::model::{Datum, Place};
use crate::usage::{ModelUsage, Tokens, ToolUsage};

/// The end of the week, in milliseconds since 1970.
const NOW: i64 = 1_763_614_800_000;

fn everything(_: &Audience) -> bool {
    true
}

fn only(name: &'static str) -> impl Fn(&Audience) -> bool {
    move |audience| {
        let mut places = audience.places().iter();
        places.any(|place| &*place.session_name == name)
    }
}

fn place(session: &str) -> Place {
    Place {
        session: SessionId(u32::from(session == "web")),
        session_name: session.into(),
        window: Some((WindowId(1), 0)),
    }
}

fn agent(usage: Option<Usage>) -> Arc<Agent> {
    let mut agent = Agent::new("claude", AgentStatus::Busy, Timestamp::UNIX_EPOCH);
    agent.usage = usage.map(Box::new);
    agent.into()
}

/// So many answers of a model, each of 100 tokens in and 10 out, for so many millionths each; and as many calls of a tool.
fn usage(rows: &[(&str, u64, u64)]) -> Usage {
    let models = rows.iter().map(|(model, requests, cost)| ModelUsage {
        model: (*model).to_owned(),
        requests: *requests,
        tokens: Tokens {
            input: 100 * requests,
            output: 10 * requests,
            ..Tokens::default()
        },
        cost: Some(requests * cost),
    });
    let calls = rows.iter().map(|(_, requests, _)| requests).sum();
    let tool = ToolUsage {
        tool: "Bash".to_owned(),
        calls,
    };
    Usage {
        models: models.collect(),
        tools: vec![tool],
        prices_of: None,
    }
}

/// A week as it is told.
#[derive(Default)]
struct Week(Meter);

impl Week {
    fn say(&mut self, hours_ago: i64, pane: u32, session: &str, kind: ChangeKind) {
        let change = Change::of_pane(PaneId(pane), [place(session)].into(), kind);
        self.0.take(NOW - hours_ago * HOUR, &change);
    }

    fn start(&mut self, hours_ago: i64, pane: u32, session: &str) {
        let agent = agent(None);
        self.say(hours_ago, pane, session, ChangeKind::AgentStarted { agent });
    }

    fn used(&mut self, hours_ago: i64, pane: u32, session: &str, used: &[(&str, u64, u64)]) {
        let agent = agent(Some(usage(used)));
        self.say(hours_ago, pane, session, ChangeKind::AgentUsage { agent });
    }

    fn end(&mut self, hours_ago: i64, pane: u32, session: &str) {
        let agent = agent(None);
        self.say(hours_ago, pane, session, ChangeKind::AgentEnded { agent });
    }

    fn emit(&mut self, hours_ago: i64, session: &str, type_name: &str, fields: &[(&str, Datum)]) {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let event = Emitted::new(type_name, Datum::Map(fields.collect())).unwrap();
        let event = Arc::new(event);
        self.say(hours_ago, 99, session, ChangeKind::Emitted { event });
    }

    fn overview(&self, hours: i64) -> Overview {
        self.0.overview(NOW, Hours::clamped(hours), &everything)
    }
}

fn number(digits: &str) -> Datum {
    Datum::Number(digits.into())
}

fn word(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

const HAIKU: &str = "claude-haiku-4-5-20251001";
const SONNET: &str = "claude-sonnet-4-5";

/// One agent in `api` all the week, whose counts grow by one answer of Haiku and two of Sonnet a day; one in `web` for an hour five days
/// ago; and a program that says what it spent each day.
fn a_week() -> Week {
    let mut week = Week::default();
    week.start(167, 1, "api");
    for day in 0..7_u32 {
        let hours_ago = 160 - 24 * i64::from(day);
        let days = u64::from(day) + 1;
        if hours_ago == 112 {
            week.start(122, 2, "web");
            week.used(121, 2, "web", &[(SONNET, 3, 1_000_000)]);
            week.end(120, 2, "web");
        }
        // 0.10 and 0.333333 dollars an answer.
        let used = [(HAIKU, days, 100_000), (SONNET, 2 * days, 333_333)];
        week.used(hours_ago, 1, "api", &used);
        let cost = [("amount", number("0.1")), ("model", word("gpt-5.1 codex"))];
        week.emit(hours_ago, "web", "cost.update", &cost);
    }
    week
}

#[test]
fn a_week_comes_to_the_cent() {
    let week = a_week();
    let all = week.overview(168);
    // 7 * 0.10, 14 * 0.333333 + 3 * 1.00, and 7 * 0.1.
    let costs = [
        ("gpt_5_1_codex", 700_000),
        ("haiku", 700_000),
        ("sonnet", 7_666_662),
    ];
    let costs = costs.map(|(name, cost)| (name.to_owned(), cost));
    assert_eq!(all.costs.by_model, costs.into());
    assert_eq!(all.costs.total, 9_066_662);
    let claude = ClaudeApi {
        requests: 24,
        input_tokens: 2400,
        output_tokens: 240,
    };
    assert_eq!(all.claude_api, claude);
    assert_eq!(all.tools.total_calls, 24);
    assert_eq!(all.tools.by_type["Bash"], 24);

    // The hours back, and what of the costs lies within them.
    let rows = [
        (1, 0),
        (15, 0),
        (16, 866_666),
        (17, 866_666),
        (39, 866_666),
        (40, 1_733_332),
        (120, 4_333_330),
        (121, 7_333_330),
        (160, 9_066_662),
        (100_000, 9_066_662),
        (-5, 0),
    ];
    for (hours, cost) in rows {
        assert_eq!(week.overview(hours).costs.total, cost, "{hours}");
    }
}

#[test]
fn each_viewer_gets_the_sums_of_what_it_sees() {
    let week = a_week();
    let hours = Hours::clamped(168);
    let [api, web] = ["api", "web"].map(|name| week.0.overview(NOW, hours, &only(name)));
    assert_eq!((api.costs.total, web.costs.total), (5_366_662, 3_700_000));
    assert!(!api.costs.by_model.contains_key("gpt_5_1_codex"));
    let sessions = week.0.sessions(NOW, hours, &only("web"));
    assert_eq!(
        (sessions.total, sessions.active, sessions.tool_calls),
        (1, 0, 3)
    );
    let all = week.0.sessions(NOW, hours, &everything);
    assert_eq!((all.total, all.active, all.tool_calls), (2, 1, 24));
    let first = &all.sessions[1];
    assert_eq!(first.session.as_deref(), Some("api"));
    assert_eq!((first.requests, first.cost), (21, 5_366_662));
    // The one that ended long ago is of no later time.
    let day = week.0.sessions(NOW, Hours::default(), &everything);
    assert_eq!((day.total, day.sessions[0].tool_calls), (1, 3));
    let activity = week.0.activity(NOW, hours, &only("web"));
    assert_eq!(activity.len(), 9, "{activity:#?}");
    assert_eq!(activity[0].row.type_name, "cost.update");
    assert!(
        week.0
            .activity(NOW, Hours::clamped(1), &everything)
            .is_empty()
    );
}

#[test]
fn only_what_is_new_is_added() {
    // What is told of the agent in one pane, and the answers that count.
    type Told = fn(&mut Week);
    let rows: [(Told, u64); 5] = [
        // The beginning was not seen: what was used before is not known to be of this time.
        (
            |week| {
                week.used(9, 1, "api", &[(SONNET, 40, 1_000_000)]);
                week.used(8, 1, "api", &[(SONNET, 42, 1_000_000)]);
            },
            2,
        ),
        // Fewer than before: the agent has begun another session.
        (
            |week| {
                week.start(9, 1, "api");
                week.used(8, 1, "api", &[(SONNET, 5, 1_000_000)]);
                week.used(7, 1, "api", &[(SONNET, 2, 1_000_000)]);
            },
            7,
        ),
        // The same counts again are nothing.
        (
            |week| {
                week.start(9, 1, "api");
                week.used(8, 1, "api", &[(SONNET, 5, 1_000_000)]);
                week.used(7, 1, "api", &[(SONNET, 5, 1_000_000)]);
            },
            5,
        ),
        // It was lost from sight, and looked at anew.
        (
            |week| {
                week.start(9, 1, "api");
                week.used(8, 1, "api", &[(SONNET, 5, 1_000_000)]);
                week.end(7, 1, "api");
                week.start(7, 1, "api");
                week.used(6, 1, "api", &[(SONNET, 6, 1_000_000)]);
            },
            6,
        ),
        // Another one began in its pane.
        (
            |week| {
                week.start(9, 1, "api");
                week.used(8, 1, "api", &[(SONNET, 5, 1_000_000)]);
                week.end(7, 1, "api");
                week.start(7, 1, "api");
                week.used(6, 1, "api", &[(SONNET, 1, 1_000_000)]);
            },
            6,
        ),
    ];
    for (at, (tell, requests)) in rows.into_iter().enumerate() {
        let mut week = Week::default();
        tell(&mut week);
        let overview = week.overview(24);
        assert_eq!(overview.claude_api.requests, requests, "row {at}");
        assert_eq!(overview.costs.total, requests * 1_000_000, "row {at}");
        assert_eq!(overview.tools.total_calls, requests, "row {at}");
    }
}

#[test]
fn tasks_and_tools_of_programs_are_counted_once() {
    let mut week = Week::default();
    let named = |name: &str| ("task", word(name));
    week.emit(30, "api", "task.created", &[named("old")]);
    week.emit(9, "api", "task.started", &[named("t1")]);
    week.emit(
        8,
        "api",
        "task.progress",
        &[named("t1"), ("progress", number("50"))],
    );
    week.emit(7, "api", "task.started", &[named("t2")]);
    week.emit(
        6,
        "api",
        "task.update",
        &[named("t2"), ("status", word("completed"))],
    );
    week.emit(5, "api", "task.failed", &[named("t3")]);
    week.emit(
        4,
        "api",
        "task.update",
        &[named("t4"), ("status", word("cancelled"))],
    );
    let tool = |status: &str| {
        [
            ("tool", word("Edit")),
            ("call", word("c1")),
            ("status", word(status)),
        ]
    };
    week.emit(3, "api", "tool.use", &tool("started"));
    week.emit(2, "api", "tool.use", &tool("completed"));
    week.emit(2, "api", "tool.use", &[("tool", word("Read"))]);
    week.emit(
        2,
        "api",
        "tool.use",
        &[("tool", word("Grep")), ("status", word("failed"))],
    );
    // Euros are no dollars, and tokens without an amount cost nothing that is known.
    week.emit(
        2,
        "api",
        "cost.update",
        &[("amount", number("5")), ("currency", word("EUR"))],
    );
    week.emit(
        2,
        "api",
        "cost.update",
        &[("input_tokens", number("70")), ("requests", number("1"))],
    );
    let day = week.overview(24);
    let tasks = TaskCounts {
        total: 4,
        running: 1,
        completed: 1,
        failed: 1,
    };
    assert_eq!(day.tasks, tasks);
    assert_eq!(week.overview(48).tasks.total, 5);
    let tools = ["Edit", "Grep", "Read"].map(|tool| (tool.to_owned(), 1));
    assert_eq!(day.tools.by_type, tools.into());
    assert_eq!(day.costs, Costs::default());
    assert_eq!(
        (day.claude_api.requests, day.claude_api.input_tokens),
        (1, 70)
    );
}

#[test]
fn what_is_older_than_a_week_goes() {
    let mut week = a_week();
    week.0.forget(NOW + 100 * HOUR);
    let later = Hours::clamped(168);
    let overview = week.0.overview(NOW + 100 * HOUR, later, &everything);
    // Of seven days three are left: 64, 40 and 16 hours ago.
    assert_eq!(overview.costs.total, 2_599_998);
    week.0.forget(NOW + 1000 * HOUR);
    let nothing = week.0.overview(NOW + 1000 * HOUR, later, &everything);
    assert_eq!(nothing, Overview::default());
    let sessions = week.0.sessions(NOW + 1000 * HOUR, later, &everything);
    // The agent that never ended is still there.
    assert_eq!((sessions.total, sessions.active), (1, 1));
}
