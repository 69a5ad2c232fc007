//! What is drawn for what is known, as text, and that it is calm and harmless.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use proptest::prelude::{any, prop_assert, proptest};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use serde_json::{Value, json};

use super::super::commands::KeyMap;
use super::super::config::COLUMNS;
use super::super::keys::Key;
use super::super::model::Model;
use super::super::parts::{Effect, Mode, Now, Setup};
use super::super::theme::{Depth, Ground, Theme};
use crate::client::{CallUpdate, Connected, PaneItem, Update};
use crate::ids::PaneId;
use crate::printable::acts_on_terminals;
use crate::wire::request::Action;
use crate::wire::{PrintsIn, Received};

#[path = "past_tests.rs"]
mod past;

/// A model, and a clock that stands unless it is set on.
struct Scene {
    model: Model,
    now: Now,
    size: (u16, u16),
}

fn agent(kind: &str, status: &str, since: &str, more: &Value) -> Value {
    let mut agent = json!({
        "agent_type": kind, "status": status, "confidence": "high", "since": since, "seen": false,
    });
    agent
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    agent
}

fn pane(id: u32, agent: Option<&Value>) -> Value {
    let mut pane = json!({
        "id": format!("%{id}"), "index": 0, "active": true, "width": 40, "height": 5, "pid": 100 + id, "title": "t",
        "command": "bash", "path": "/src",
    });
    if let Some(agent) = agent {
        pane["agent"] = agent.clone();
    }
    pane
}

fn session(id: u32, name: &str, pane: &Value) -> Value {
    let window = json!({
        "id": format!("@{id}"), "index": 0, "name": "work", "active": true, "width": 40, "height": 5, "panes": [pane],
    });
    json!({"id": format!("${id}"), "name": name, "active": 0, "streamed": true, "windows": [window]})
}

/// Four agents and a shell.
fn snapshot() -> Value {
    let dialog = json!({
        "reason": "permission", "message": "Run cargo test?",
        "dialog": {"fingerprint": "f1", "options": ["Yes", "No"]},
    });
    let sessions = [
        session(
            1,
            "web",
            &pane(
                1,
                Some(&agent("claude", "busy", "2026-11-30T09:59:00Z", &json!({}))),
            ),
        ),
        session(
            2,
            "api",
            &pane(
                2,
                Some(&agent("claude", "waiting", "2026-11-30T09:56:00Z", &dialog)),
            ),
        ),
        session(
            3,
            "docs",
            &pane(
                3,
                Some(&agent("codex", "ready", "2026-11-30T09:00:00Z", &json!({}))),
            ),
        ),
        session(
            4,
            "old",
            &pane(
                4,
                Some(&agent(
                    "gemini",
                    "ready",
                    "2026-11-29T10:00:00Z",
                    &json!({"seen": true}),
                )),
            ),
        ),
        session(5, "shell", &pane(5, None)),
    ];
    json!({
        "type": "snapshot", "host": "build-3", "epoch": "e1", "seq": 5,
        "server": {"pid": 42, "start_time": 1, "version": "3.8", "warnings": []},
        "sessions": sessions, "clients": [], "buffers": [],
    })
}

impl Scene {
    fn new(size: (u16, u16)) -> Self {
        let now = Now {
            instant: Instant::now(),
            clock: "2026-11-30T10:00:00Z".parse().unwrap(),
        };
        let theme = Theme {
            depth: Depth::Indexed,
            ground: Ground::Dark,
        };
        let setup = Setup {
            url: "ws://127.0.0.1:8765/monitor".to_owned(),
            theme,
            keys: KeyMap::default(),
            columns: COLUMNS.to_vec(),
            prints_in: Some(PrintsIn {
                server: Some(42),
                pane: Some(PaneId(9)),
                processes: vec![900, 42],
            }),
            size,
            zone: TimeZone::UTC,
        };
        let model = Model::new(setup, now);
        Self { model, now, size }
    }

    /// One that has come in and knows what there is.
    fn live(size: (u16, u16)) -> Self {
        let mut scene = Self::new(size);
        scene.connect(&["read", "write"]);
        scene.hear(&snapshot());
        scene
    }

    fn connect(&mut self, permissions: &[&str]) {
        let welcome = || {
            Box::new(Connected {
                host: "build-3".to_owned(),
                permissions: permissions.iter().map(|one| (*one).to_owned()).collect(),
                ..Connected::default()
            })
        };
        self.model.on_update(Update::Connected(welcome()), self.now);
        self.model
            .on_call(CallUpdate::Connected(welcome()), self.now);
    }

    fn hear(&mut self, message: &Value) {
        let received = Received::parse(&message.to_string()).unwrap();
        self.model.on_update(Update::Message(received), self.now);
    }

    fn event(&mut self, kind: &str, pane: u32, data: &Value) {
        self.hear(&json!({
            "type": kind, "timestamp": "2026-11-30T10:00:00Z", "session": "api", "session_id": format!("${pane}"), "window": 0,
            "window_id": format!("@{pane}"), "pane": format!("%{pane}"), "epoch": "e1", "seq": 9, "data": data,
        }));
    }

    /// A pane shows this.
    fn show(&mut self, pane: u32, bytes: &[u8]) {
        let item = PaneItem::Snapshot {
            bytes: bytes.to_vec(),
            cols: 40,
            rows: 5,
            offset: 10,
            exact: true,
        };
        let pane = PaneId(pane);
        self.model
            .on_call(CallUpdate::Pane { pane, item }, self.now);
    }

    fn press(&mut self, keys: &str) {
        for name in keys.split(' ') {
            self.model.on_key(name.parse::<Key>().unwrap(), self.now);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.clock = self
            .now
            .clock
            .checked_add(jiff::SignedDuration::try_from(time).unwrap())
            .unwrap();
        self.model.due(self.now);
    }

    fn buffer(&mut self) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        self.model.draw(&mut buf, self.now);
        buf
    }

    fn draw(&mut self) -> Vec<String> {
        let buf = self.buffer();
        let row = |y: u16| {
            (0..buf.area.width)
                .map(|x| buf[(x, y)].symbol())
                .collect::<String>()
        };
        (0..buf.area.height)
            .map(|y| row(y).trim_end().to_owned())
            .collect()
    }

    fn text(&mut self) -> String {
        self.draw().join("\n")
    }

    /// What is asked of the server.
    fn asked(&mut self) -> Vec<Action> {
        let effects = self.model.take_effects().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Ask { action, .. } => Some(*action),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn the_list_the_pane_and_its_dialog_on_80_columns() {
    let mut scene = Scene::live((80, 20));
    scene.show(2, b"\x1bcfirst\r\n\x1b[32msecond\x1b[0m\r\nDo you want it?");
    let expected = [
        " muxwire  build-3  Panes  Alerts  Events  History    \u{25b2} 1  \u{2713} 1  \u{25cf} 1  \u{25cb} 1  \u{25cf} live",
        " AGENTS 4",
        "\u{258c} \u{25b2} waiting permission   4m claude api:0.0  Run cargo test?",
        "  \u{2713} done                 1h codex  docs:0.0 t",
        "  \u{25cf} busy                 1m claude web:0.0  t",
        "  \u{25cb} idle                 1d gemini old:0.0  t",
        " PANES 1",
        "  shell",
        "\u{2500}\u{2500} api:0.0 %2  claude  \u{25b2} waiting permission 4m \u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500} 40x5 \u{2500}\u{2500}",
        "first",
        "second",
        "Do you want it?",
        "",
        "",
        "",
        "",
        "",
        "",
        "  1 Yes  2 No",
        " 1-2 answer  Enter type  p prompt  n next  s seen  / search  f filter  z zoom",
    ];
    assert_eq!(scene.draw(), expected);
}

#[test]
fn on_wide_terminals_the_pane_stands_beside_the_list() {
    let mut scene = Scene::live((140, 12));
    scene.show(2, b"\x1bcbeside");
    let rows = scene.draw();
    assert!(rows[1].starts_with(" AGENTS 4"), "{rows:#?}");
    assert!(
        rows[1].contains("\u{2502}\u{2500}\u{2500} api:0.0 %2"),
        "{rows:#?}"
    );
    assert!(rows[2].ends_with("\u{2502}beside"), "{rows:#?}");
    assert!(rows[8].contains("0.0   work           bash"), "{rows:#?}");
}

#[test]
fn before_there_is_anything_it_says_what_it_does_or_what_to_do() {
    let mut scene = Scene::new((80, 12));
    let text = scene.text();
    assert!(
        text.contains("connecting to ws://127.0.0.1:8765/monitor"),
        "{text}"
    );
    assert!(text.contains("\u{25cc} connecting"), "{text}");
    scene.connect(&[]);
    assert!(matches!(scene.model.take_effects()[..], [Effect::Snapshot]));
    let mut nothing = snapshot();
    (nothing["server"], nothing["sessions"]) = (Value::Null, json!([]));
    scene.hear(&nothing);
    assert!(scene.text().contains("`tmux new` starts one"));
    let away = Update::Disconnected {
        code: None,
        reason: "the connection broke".to_owned(),
        retry_in: Duration::from_secs(4),
    };
    scene.model.on_update(away, scene.now);
    let text = scene.text();
    assert!(
        text.contains("reconnecting in 4s") && text.contains("the connection broke"),
        "{text}"
    );
    scene.size = (20, 5);
    assert!(scene.text().starts_with("muxwire top needs"));
}

#[test]
fn rows_keep_their_places_while_somebody_moves_and_settle_afterwards() {
    let mut scene = Scene::live((80, 20));
    scene.pass(Duration::from_secs(10));
    scene.draw();
    scene.press("Down");
    let since = "2026-11-30T10:00:10Z";
    let failed = agent(
        "claude",
        "error",
        since,
        &json!({"previous": "busy", "reason": "api_error"}),
    );
    scene.event("agent.status", 1, &failed);
    let rows = scene.draw();
    assert!(
        rows[4].contains("error") && rows[3].contains("\u{258c} \u{2713} done"),
        "{rows:#?}"
    );
    scene.pass(Duration::from_secs(4));
    let rows = scene.draw();
    assert!(rows[3].contains("error"), "{rows:#?}");
    assert!(
        rows[4].contains("\u{258c} \u{2713} done"),
        "the selection goes with it: {rows:#?}"
    );
}

#[test]
fn a_dialog_is_answered_by_its_number_once_it_has_been_shown_for_a_moment() {
    let mut scene = Scene::live((80, 20));
    scene.draw();
    scene.press("1");
    assert!(scene.asked().is_empty());
    assert!(scene.text().contains("has only just come"));
    scene.pass(Duration::from_millis(500));
    scene.press("2");
    let asked = scene.asked();
    let [Action::Answer(answer)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (&*answer.dialog, answer.target.pane.as_deref()),
        ("f1", Some("%2"))
    );
    // Another one came in its stead.
    let other = json!({"previous": "waiting", "dialog": {"fingerprint": "f2", "options": ["Delete all", "No"]}});
    scene.event(
        "agent.status",
        2,
        &agent("claude", "waiting", "2026-11-30T10:00:00Z", &other),
    );
    scene.draw();
    scene.press("1");
    assert!(scene.asked().is_empty());
    scene.pass(Duration::from_millis(500));
    scene.press("3");
    assert!(scene.asked().is_empty());
    assert!(scene.text().contains("the dialog has 2 choices"));
}

#[test]
fn what_is_typed_goes_to_the_pane_and_the_key_that_stops_to_nobody() {
    let mut scene = Scene::live((80, 20));
    scene.show(2, b"\x1bc$ ");
    scene.model.take_effects();
    scene.press("Enter q C-c Up x C-]");
    let asked = scene.asked();
    let typed: Vec<String> = asked
        .iter()
        .map(|action| match action {
            Action::SendKeys(keys) => keys
                .text
                .clone()
                .unwrap_or_else(|| keys.keys.clone().unwrap_or_default().join(" ")),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(typed, ["q", "C-c Up", "x"]);
    assert_eq!(scene.model.mode, Mode::Browse);
    scene.press("Enter");
    let rows = scene.draw();
    assert!(
        rows[1].starts_with("\u{250f}\u{2501} TYPING INTO api:0.0 claude C-] stops "),
        "{rows:#?}"
    );
    assert!(rows[18].ends_with('\u{251b}'), "{rows:#?}");
    let buf = scene.buffer();
    assert!(buf[(3, 1)].modifier.contains(Modifier::BOLD));
    scene.model.on_paste("two\r\nlines", scene.now);
    let asked = scene.asked();
    let [Action::SendKeys(keys)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (keys.text.as_deref(), keys.paste),
        (Some("two\nlines"), Some(true))
    );
}

#[test]
fn keys_for_a_pane_that_is_gone_are_for_no_other() {
    let mut scene = Scene::live((80, 20));
    scene.press("Enter");
    scene.event("pane.removed", 2, &json!({"moved": false}));
    assert!(scene.text().contains("the pane is gone"));
    scene.model.take_effects();
    scene.press("q x");
    let asked = scene.asked();
    assert!(
        asked.iter().all(|action| matches!(action, Action::SendKeys(keys) if keys.target.pane.as_deref() == Some("%2"))),
        "{asked:?}"
    );
    scene.press("C-]");
    assert_eq!(
        scene.model.selected,
        Some(PaneId(3)),
        "the next one is selected"
    );
}

#[test]
fn a_prompt_of_several_lines_goes_to_all_that_are_marked_and_each_has_a_receipt() {
    let mut scene = Scene::live((100, 24));
    scene.press("Space Space p");
    scene.model.on_paste("one\ntwo", scene.now);
    scene.press("M-Enter x");
    let text = scene.text();
    assert!(
        text.contains("Prompt for 2 agents: api:0.0, docs:0.0"),
        "{text}"
    );
    scene.press("Escape p");
    assert!(scene.text().contains("two"), "the draft is kept");
    scene.press("Enter");
    let effects = scene.model.take_effects();
    let tickets: Vec<u64> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask { ticket, action } => {
                let Action::Prompt(prompt) = &**action else {
                    panic!("{action:?}");
                };
                assert_eq!(prompt.text, "one\ntwo\nx");
                Some(*ticket)
            }
            _ => None,
        })
        .collect();
    assert_eq!(tickets.len(), 2);
    assert!(scene.text().contains("waiting for proof"));
    let answers = [
        json!({"type": "prompt.response", "success": true, "pane": "%2", "submitted": false, "reason": "dialog",
               "message": "a dialog is open"}),
        json!({"type": "prompt.response", "success": true, "pane": "%3", "submitted": true, "evidence": "busy"}),
    ];
    for (ticket, answer) in tickets.into_iter().zip(&answers) {
        let answer = Received::parse(&answer.to_string()).unwrap();
        scene
            .model
            .on_answer(ticket, Ok(Box::new(answer)), scene.now);
    }
    let text = scene.text();
    assert!(
        text.contains("\u{2717} not submitted: a dialog is open"),
        "{text}"
    );
    assert!(text.contains("\u{2713} submitted (busy)"), "{text}");
}

#[test]
fn who_may_only_read_is_offered_nothing_to_type_with() {
    let mut scene = Scene::new((80, 20));
    scene.connect(&["read"]);
    scene.hear(&snapshot());
    let text = scene.text();
    assert!(text.contains("read only"), "{text}");
    assert!(
        !text.contains("type") && !text.contains("prompt") && !text.contains("answer"),
        "{text}"
    );
    assert!(!text.contains("1 Yes"), "{text}");
    scene.pass(Duration::from_secs(1));
    scene.draw();
    scene.model.take_effects();
    scene.press("Enter p 1");
    scene.model.on_paste("x", scene.now);
    assert!(scene.asked().is_empty());
    assert_eq!(scene.model.mode, Mode::Browse);
}

#[test]
fn its_own_pane_is_neither_opened_nor_typed_into() {
    let mut scene = Scene::live((80, 20));
    let mut with_own = snapshot();
    with_own["sessions"]
        .as_array_mut()
        .unwrap()
        .push(session(9, "mine", &pane(9, None)));
    scene.hear(&with_own);
    scene.model.take_effects();
    scene.press("G");
    scene.pass(Duration::from_secs(1));
    let opened = |effect: &Effect| matches!(effect, Effect::Open(PaneId(9), _));
    assert!(!scene.model.take_effects().iter().any(opened));
    assert!(scene.text().contains("in this very pane"));
    scene.press("Enter /");
    assert!(!scene.model.take_effects().iter().any(opened));
    assert_ne!(scene.model.mode, Mode::Typing(PaneId(9)));
}

#[test]
fn a_search_looks_at_names_and_at_what_panes_show_as_they_show_it() {
    let mut scene = Scene::live((80, 24));
    scene.model.take_effects();
    scene.press("/ n e e d l e");
    let opened: Vec<PaneId> = scene
        .model
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Open(pane, _) => Some(pane),
            _ => None,
        })
        .collect();
    assert_eq!(
        opened,
        [1, 3, 4, 5].map(PaneId),
        "all but the one that is open"
    );
    assert!(scene.text().contains("0 found"));
    scene.show(3, b"\x1bcsome Needle here");
    let text = scene.text();
    assert!(
        text.contains("AGENTS 1") && text.contains("some Needle here"),
        "{text}"
    );
    scene.press("Escape");
    let closed = scene.model.take_effects();
    let closed = closed
        .iter()
        .filter(|effect| matches!(effect, Effect::Close(_)))
        .count();
    assert_eq!(closed, 4, "only the one that is selected stays open");
}

#[test]
fn alerts_and_events_are_listed_and_lead_to_their_pane() {
    let mut scene = Scene::live((100, 20));
    let alert = json!({
        "id": "a1", "rule": "waiting", "severity": "warning", "key": "k", "title": "claude waits", "message": "Run it?",
        "since": "2026-11-30T09:59:00Z",
    });
    scene.event("alert", 3, &alert);
    scene.event(
        "pane.title_changed",
        1,
        &json!({"title": "new", "previous": "t"}),
    );
    scene.press("Tab");
    scene.draw();
    scene.pass(Duration::from_secs(1));
    scene.press("1 p s Space");
    assert!(scene.asked().is_empty(), "the pane does not show");
    assert_eq!(scene.model.mode, Mode::Browse);
    let rows = scene.draw();
    assert!(rows[0].contains("Alerts 1"), "{rows:#?}");
    assert_eq!(
        rows[1],
        "\u{258c} warning    1s  docs:0.0         claude waits  Run it?"
    );
    scene.press("Enter");
    assert_eq!(scene.model.selected, Some(PaneId(3)));
    scene.press("Tab Tab");
    let rows = scene.draw();
    assert!(
        rows[2].contains("10:00:00  web:0.0        pane.title_changed   \"new\", was \"t\""),
        "{rows:#?}"
    );
    let mut cleared = alert;
    cleared["cause"] = json!("over");
    scene.event("alert.cleared", 3, &cleared);
    assert!(scene.draw()[0].contains("Alerts  Events"));
}

#[test]
fn each_theme_and_size_draws_all_that_there_is() {
    for depth in [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True] {
        for ground in [Ground::Dark, Ground::Light] {
            let mut scene = Scene::live((80, 24));
            scene.model.setup.theme = Theme { depth, ground };
            scene.show(2, b"\x1bc\x1b[38;2;10;20;30;48;5;200mcoloured\x1b[0m");
            let buf = scene.buffer();
            let allowed = |colour: ratatui::style::Color| match depth {
                Depth::None => colour == ratatui::style::Color::Reset,
                Depth::Sixteen => !matches!(
                    colour,
                    ratatui::style::Color::Rgb(..) | ratatui::style::Color::Indexed(16..)
                ),
                Depth::Indexed => !matches!(colour, ratatui::style::Color::Rgb(..)),
                Depth::True => true,
            };
            assert!(
                buf.content
                    .iter()
                    .all(|cell| allowed(cell.fg) && allowed(cell.bg)),
                "{depth:?}"
            );
        }
    }
}

proptest! {
    /// Whatever panes are called and print, and whichever keys are pressed on terminals of any size, it draws, and
    /// nothing of it acts on the terminal.
    #[test]
    fn no_name_and_no_key_is_too_much(
        names in proptest::collection::vec(any::<String>(), 6),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        keys in proptest::collection::vec(0_usize..32, 0..40),
        size in (1_u16..170, 1_u16..60),
    ) {
        const KEYS: [&str; 32] = [
            "Up", "Down", "Enter", "C-]", "p", "x", "Escape", "Space", "/", "f", "i", "e", "r", "Tab", "BTab", "z", "PPage",
            "NPage", "?", "n", "s", "S", "1", "2", "G", "g", "C-j", ">", "<", "BSpace", "h", "x",
        ];
        let mut scene = Scene::live(size);
        let mut hostile = snapshot();
        hostile["sessions"][1]["name"] = json!(names[0]);
        hostile["sessions"][1]["windows"][0]["name"] = json!(names[1]);
        let pane = &mut hostile["sessions"][1]["windows"][0]["panes"][0];
        (pane["title"], pane["command"], pane["path"]) = (json!(names[2]), json!(names[3]), json!(names[4]));
        (pane["agent"]["message"], pane["agent"]["reason"]) = (json!(names[5]), json!(names[0]));
        pane["agent"]["dialog"]["options"] = json!(names);
        scene.hear(&hostile);
        scene.show(2, &bytes);
        for key in keys {
            scene.press(KEYS[key]);
            let buf = scene.buffer();
            prop_assert!(!buf.content.iter().any(|cell| cell.symbol().contains(acts_on_terminals)));
            scene.model.take_effects();
            scene.pass(Duration::from_millis(300));
        }
    }
}

#[test]
fn nothing_is_due_while_nothing_changes_by_itself() {
    let mut scene = Scene::live((80, 20));
    scene.pass(Duration::from_secs(10));
    scene.draw();
    assert!(!scene.model.is_dirty());
    let due = scene.model.next_due().unwrap();
    let seconds = (due - scene.now.instant).as_secs();
    assert_eq!(seconds, 50, "the next age that changes is one minute old");
    scene.pass(Duration::from_secs(50));
    assert!(scene.model.is_dirty());
}
