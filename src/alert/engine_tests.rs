//! The engine in model time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{Agent, AgentStatus, AlertAbout, Pane, Session, State, Window};

/// An engine, a state and a clock that the test sets.
struct Bench {
    engine: AlertEngine,
    state: State,
    began: Instant,
    passed: Duration,
}

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Bench {
    fn new(rules: &str) -> Self {
        let rules = config(rules).rules;
        let mut bench = Self {
            engine: AlertEngine::new(rules.into(), "t"),
            state: state(),
            began: Instant::now(),
            passed: Duration::ZERO,
        };
        bench.sync();
        bench
    }

    fn moment(&self) -> Moment {
        let passed = SignedDuration::try_from(self.passed).unwrap();
        Moment {
            now: self.began + self.passed,
            at: Timestamp::UNIX_EPOCH + passed,
        }
    }

    fn agent(&mut self, pane: u32, agent: Option<Agent>) {
        let pane = PaneId(pane);
        let before = self.state.agents.remove(&pane);
        if let (Some(before), None) = (before, &agent) {
            let places = self.state.places_of_pane(pane);
            let moment = self.moment();
            self.engine.agent_ended((pane, places), &before, moment);
        }
        let agent = agent.map(|agent| (pane, agent.into()));
        self.state.agents.extend(agent);
        self.sync();
    }

    fn sync(&mut self) {
        let moment = self.moment();
        self.engine.sync(&self.state, moment);
    }

    fn status(&mut self, pane: u32, status: AgentStatus, reason: &str) {
        let mut agent = Agent::new("claude", status, Timestamp::UNIX_EPOCH);
        agent.reason = (!reason.is_empty()).then(|| reason.to_owned());
        self.agent(pane, Some(agent));
    }

    fn print(&mut self, noise: Option<Noise>) {
        let moment = self.moment();
        let noises: Vec<Noise> = noise.into_iter().collect();
        self.engine.printed(PaneId(1), &noises, moment);
    }

    /// What is said until a time, each with the time at which it is.
    fn until(&mut self, millis: u64) -> Vec<String> {
        let (end, mut said) = (at(millis), Vec::new());
        loop {
            let notices = self.engine.take(self.moment());
            let passed = self.passed.as_millis();
            said.extend(
                notices
                    .iter()
                    .map(|notice| format!("{passed} {}", words(notice))),
            );
            let due = self.engine.deadline();
            let due = due.map(|due| due.saturating_duration_since(self.began));
            match due.filter(|due| *due <= end) {
                Some(due) => self.passed = due.max(self.passed),
                None => {
                    self.passed = end;
                    return said;
                }
            }
        }
    }
}

fn words(notice: &Notice) -> String {
    match notice {
        Notice::Raised(_, alert) => {
            format!("+{} {} {}", alert.id, alert.severity.name(), alert.key)
        }
        Notice::Cleared(_, alert, cause) => format!("-{} {}", alert.id, cause.name()),
    }
}

fn config(rules: &str) -> AlertConfig {
    AlertConfig::with(&[("test.toml", &format!("replace = true\n{rules}"))]).unwrap()
}

/// Two sessions with a pane each.
fn state() -> State {
    let mut state = State::default();
    for (number, name) in [(1, "api"), (2, "web")] {
        let (session, window, pane) = (SessionId(number), WindowId(number), PaneId(number));
        state
            .sessions
            .insert(session, session_of(session, window, name));
        state.windows.insert(window, window_of(window, pane));
        state.panes.insert(pane, pane_of(pane, window));
    }
    state
}

const WAITING: &str = r#"
[[rule]]
id = "waiting"
dwell = "5s"
cooldown = "30s"
when = { status = ["waiting"], except = ["usage_limit"] }
"#;

#[test]
fn an_alert_comes_after_its_dwell_and_goes_with_its_cause() {
    let mut bench = Bench::new(WAITING);
    bench.status(1, AgentStatus::Waiting, "permission");
    assert_eq!(bench.until(4_999), Vec::<String>::new());
    assert_eq!(bench.until(60_000), ["5000 +t-1 warning waiting/%1"]);
    // Another reason is the same alert.
    bench.status(1, AgentStatus::Waiting, "question");
    assert_eq!(bench.until(70_000), Vec::<String>::new());
    bench.status(1, AgentStatus::Busy, "");
    assert_eq!(bench.until(80_000), ["70000 -t-1 over"]);
}

#[test]
fn what_does_not_last_is_not_said() {
    let mut bench = Bench::new(WAITING);
    for step in 0..100 {
        let status = match step % 2 {
            0 => AgentStatus::Waiting,
            _ => AgentStatus::Busy,
        };
        bench.status(1, status, "");
        assert_eq!(bench.until(4_000 * (step + 1)), Vec::<String>::new());
    }
    bench.status(1, AgentStatus::Waiting, "usage_limit");
    assert_eq!(bench.until(1_000_000), Vec::<String>::new());
    assert_eq!(bench.engine.deadline(), None, "nothing is waited for");
}

#[test]
fn what_comes_back_too_soon_is_said_when_its_cooldown_is_over() {
    let mut bench = Bench::new(WAITING);
    bench.status(1, AgentStatus::Waiting, "");
    assert_eq!(bench.until(10_000), ["5000 +t-1 warning waiting/%1"]);
    bench.status(1, AgentStatus::Busy, "");
    assert_eq!(bench.until(11_000), ["10000 -t-1 over"]);
    bench.status(1, AgentStatus::Waiting, "");
    assert_eq!(bench.until(34_999), Vec::<String>::new());
    assert_eq!(bench.until(36_000), ["35000 +t-2 warning waiting/%1"]);
}

#[test]
fn a_key_is_said_once_for_all_that_share_it() {
    for (key, expected) in [("rule", "waiting"), ("agent", "waiting/claude")] {
        let rules = WAITING.replace("dwell", &format!("key = {key:?}\ndwell"));
        let mut bench = Bench::new(&rules);
        bench.status(1, AgentStatus::Waiting, "");
        bench.status(2, AgentStatus::Waiting, "");
        let said = bench.until(10_000);
        assert_eq!(said, [format!("5000 +t-1 warning {expected}")]);
        bench.status(1, AgentStatus::Busy, "");
        assert_eq!(bench.until(20_000), Vec::<String>::new(), "the other waits");
        bench.status(2, AgentStatus::Busy, "");
        assert_eq!(bench.until(30_000), ["20000 -t-1 over"]);
    }
    let rules = WAITING.replace("dwell", "key = \"session\"\ndwell");
    let mut bench = Bench::new(&rules);
    bench.status(2, AgentStatus::Waiting, "");
    assert_eq!(bench.until(9_000), ["5000 +t-1 warning waiting/$2"]);
}

#[test]
fn rules_are_for_their_agents_and_sessions() {
    for (limit, expected) in [
        ("agents = [\"codex\"]", 0),
        ("agents = [\"cl*\"]", 2),
        ("sessions = [\"web\"]", 1),
        ("sessions = [\"api\"]\nagents = [\"gemini\"]", 0),
    ] {
        let mut bench = Bench::new(&WAITING.replace("dwell", &format!("{limit}\ndwell")));
        bench.status(1, AgentStatus::Waiting, "");
        bench.status(2, AgentStatus::Waiting, "");
        assert_eq!(bench.until(9_000).len(), expected, "{limit}");
    }
}

#[test]
fn an_agent_that_goes_at_work_is_said_even_if_its_pane_goes_too() {
    let rules = r#"
[[rule]]
id = "gone"
hold = "1m"
cooldown = "0s"
when = { gone_while = ["busy"] }
"#;
    let mut bench = Bench::new(rules);
    bench.status(1, AgentStatus::Ready, "");
    bench.agent(1, None);
    assert_eq!(bench.until(1_000), Vec::<String>::new(), "it was asked to");
    bench.status(1, AgentStatus::Busy, "");
    bench.agent(1, None);
    bench.state.panes.clear();
    bench.sync();
    let said = bench.until(100_000);
    assert_eq!(said, ["1000 +t-1 warning gone/%1", "61000 -t-1 over"]);
    // The next one in the pane ends it at once.
    bench.state = state();
    bench.status(2, AgentStatus::Busy, "");
    bench.agent(2, None);
    assert_eq!(bench.until(101_000), ["100000 +t-2 warning gone/%2"]);
    bench.status(2, AgentStatus::Busy, "");
    assert_eq!(bench.until(102_000), ["101000 -t-2 over"]);
}

#[test]
fn an_agent_that_is_busy_and_silent_is_said_until_it_prints() {
    let rules = r#"
[[rule]]
id = "stuck"
dwell = "10m"
cooldown = "0s"
when = { silent_while = ["busy"] }
"#;
    let mut bench = Bench::new(rules);
    bench.status(1, AgentStatus::Busy, "");
    for minute in 1..=20 {
        assert_eq!(bench.until(60_000 * minute), Vec::<String>::new());
        bench.print(None);
    }
    let said = bench.until(1_900_000);
    assert_eq!(said, ["1800000 +t-1 warning stuck/%1"]);
    bench.print(None);
    assert_eq!(bench.until(1_900_001), ["1900000 -t-1 over"]);
    bench.status(1, AgentStatus::Ready, "");
    assert_eq!(bench.until(9_000_000), Vec::<String>::new());
}

#[test]
fn so_many_errors_within_a_time_are_said() {
    let rules = r#"
[[rule]]
id = "errors"
severity = "error"
hold = "20s"
when = { output = "error", count = 3, within = "10s" }
"#;
    let mut bench = Bench::new(rules);
    for second in 0..10 {
        bench.print(Some(Noise::Warning));
        bench.print((second % 6 == 0).then_some(Noise::Error));
        assert_eq!(bench.until(1_000 * (second + 1)), Vec::<String>::new());
    }
    bench.print(Some(Noise::Error));
    let said = bench.until(60_000);
    assert_eq!(said, ["10000 +t-1 error errors/%1", "30000 -t-1 over"]);
    for _ in 0..1_000 {
        bench.print(Some(Noise::Warning));
    }
}

#[test]
fn context_and_what_is_used_are_compared() {
    let mut bench = Bench::new("");
    let context = config("[[rule]]\nid = \"context\"\nwhen = { context_below = 10 }").rules;
    let of = |id: &str, subject, amount| Rule {
        id: id.to_owned(),
        condition: Condition::Used { subject, amount },
        ..context[0].clone()
    };
    let rules = [
        context[0].clone(),
        of("cpu", Subject::Host, Amount::Cpu(90)),
        of("memory", Subject::Pane, Amount::Memory(1 << 30)),
    ];
    bench.engine = AlertEngine::new(rules.into(), "t");
    bench.sync();
    let mut agent = Agent::new("claude", AgentStatus::Busy, Timestamp::UNIX_EPOCH);
    for (left, expected) in [(10, 0), (9, 1), (8, 0), (80, 1)] {
        agent.context_left = Some(left);
        bench.agent(1, Some(agent.clone()));
        assert_eq!(bench.until(0).len(), expected, "{left}");
    }
    for (about, cpu, memory, expected) in [
        (About::Host, 900, 0, ""),
        (About::Host, 901, 0, "+t-2 warning cpu/host"),
        (About::Host, 500, 0, "-t-2 over"),
        (About::Muxwire, 1_000, 2 << 30, ""),
        (About::Pane(PaneId(2)), 1_000, 1 << 30, ""),
        (
            About::Pane(PaneId(2)),
            0,
            (1 << 30) + 1,
            "+t-3 warning memory/%2",
        ),
        (About::Pane(PaneId(9)), 0, 4 << 30, ""),
    ] {
        let (cpu, memory) = (Some(cpu), Some(memory));
        let moment = bench.moment();
        bench.engine.used(about, Used { cpu, memory }, moment);
        let said = bench.until(0).join(",");
        let expected = match expected {
            "" => String::new(),
            expected => format!("0 {expected}"),
        };
        assert_eq!(said, expected, "{about:?}");
    }
    bench.state.panes.remove(&PaneId(2));
    bench.sync();
    assert_eq!(bench.until(0), ["0 -t-3 gone"]);
}

#[test]
fn other_rules_end_only_what_they_change() {
    let other = "[[rule]]\nid = \"busy\"\nwhen = { status = [\"busy\"] }\n";
    let mut bench = Bench::new(&format!("{WAITING}{other}"));
    bench.status(1, AgentStatus::Waiting, "");
    bench.status(2, AgentStatus::Busy, "");
    let said = bench.until(9_000);
    assert_eq!(
        said,
        ["0 +t-1 warning busy/%2", "5000 +t-2 warning waiting/%1"]
    );
    let fresh = "[[rule]]\nid = \"any\"\nwhen = { status = [\"waiting\"] }\n";
    let rules = config(&format!("{fresh}{WAITING}")).rules;
    let moment = bench.moment();
    bench.engine.use_rules(rules.into(), moment);
    let said = bench.until(9_000);
    assert_eq!(said, ["9000 -t-1 rules", "9000 +t-3 warning any/%1"]);
    bench.agent(1, None);
    assert_eq!(bench.until(9_000), ["9000 -t-3 gone", "9000 -t-2 gone"]);
}

#[test]
fn an_alert_says_what_happened() {
    let rules = AlertConfig::with(&[]).unwrap().rules;
    let mut bench = Bench::new("");
    bench.engine = AlertEngine::new(rules.into(), "t");
    let mut agent = Agent::new("codex", AgentStatus::Waiting, Timestamp::UNIX_EPOCH);
    agent.reason = Some("permission".to_owned());
    agent.message = Some("cargo test".to_owned());
    agent.context_left = Some(3);
    bench.agent(1, Some(agent));
    bench.passed = at(5_000);
    let notices = bench.engine.take(bench.moment());
    let titles = notices.iter().map(|notice| match notice {
        Notice::Raised(about, alert) => {
            assert!(matches!(about, AlertAbout::Pane(PaneId(1), places) if places.len() == 1));
            assert_eq!(alert.message.as_deref(), Some("cargo test"));
            assert_eq!(alert.since, Timestamp::UNIX_EPOCH);
            alert.title.clone()
        }
        Notice::Cleared(..) => panic!("{}", words(notice)),
    });
    let titles: Vec<String> = titles.collect();
    let expected = [
        "codex waits: permission",
        "codex has 3 % of its context left",
    ];
    assert_eq!(titles, expected);
}

fn session_of(id: SessionId, window: WindowId, name: &str) -> Session {
    Session {
        id,
        name: name.into(),
        path: "/home".to_owned(),
        created: 1,
        group: None,
        destroy_unattached: None,
        streamed: true,
        windows: [(0, window)].into(),
        alerts: [].into(),
        active: Some(0),
    }
}

fn window_of(id: WindowId, pane: PaneId) -> Window {
    Window {
        id,
        name: "main".to_owned(),
        width: 80,
        height: 24,
        zoomed: false,
        layout: String::new(),
        panes: vec![pane],
        active: Some(pane),
    }
}

fn pane_of(id: PaneId, window: WindowId) -> Pane {
    Pane {
        id,
        window,
        index: 0,
        width: 80,
        height: 24,
        pid: 100 + id.0,
        exit: None,
        mode: None,
        title: String::new(),
        command: "bash".to_owned(),
        path: "/home".to_owned(),
    }
}
