//! Tests of one pane: what reaches the rules, and when.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::super::scene::{RULES, Scene, claude, codex, numbers, process};
use super::*;

const BUSY: &str = "⏸ manual mode on · esc to interrupt";

#[test]
fn a_state_is_said_within_a_fifth_of_a_second_of_its_bytes() {
    let mut scene = Scene::new("claude");
    scene
        .show(&claude("● Text", "? for shortcuts"))
        .after(140)
        .says("ready");
    scene.show(&claude("✻ Thinking…", BUSY)).says("busy");
    assert_eq!(scene.said, [State::Unknown, State::Ready, State::Busy]);
    assert_eq!(scene.status().source, Some(Source::Screen));
}

#[test]
fn a_synchronized_update_is_judged_when_it_is_whole() {
    let mut scene = Scene::new("codex");
    scene
        .show(&codex("• Working (5s • esc to interrupt)"))
        .says("busy");
    for _ in 0..20 {
        scene.bytes("\x1b[?2026h\x1b[H\x1b[2J").says("busy");
        let screen = codex("• Working (5s • esc to interrupt)").replace('\n', "\r\n");
        scene.bytes(&format!("{screen}\x1b[?2026l")).says("busy");
    }
    assert_eq!(scene.said, [State::Unknown, State::Busy]);
    // One that never ends is not waited for.
    scene
        .bytes("\x1b[?2026h")
        .show(&codex("• Done."))
        .after(2000)
        .says("ready");
}

#[test]
fn a_pane_without_an_agent_says_nothing() {
    let now = Instant::now();
    let mut watch = PaneWatch::new(Arc::clone(&RULES), 80, 24, now);
    watch.output("\x1b]7501;state=working\x1b\\✻ Thinking…".as_bytes(), now);
    watch.processes(1, &[process(1, 0, "-bash"), process(2, 1, "vim")], now);
    assert_eq!((watch.poll(now), watch.next_deadline(now)), (None, None));
    assert!(!watch.needs_screen() && watch.explain(now).is_none());
}

#[test]
fn an_agent_that_is_found_later_is_seeded_with_a_snapshot() {
    let now = Instant::now();
    let mut watch = PaneWatch::new(Arc::clone(&RULES), 80, 40, now);
    // What it reported before anybody looked is its own.
    watch.output(b"\x1b]7501;state=idle:app=codex\x1b\\", now);
    watch.processes(1, &[process(1, 0, "codex")], now);
    assert!(watch.needs_screen());
    let screen = codex("• Done.").replace('\n', "\r\n");
    watch.seed(80, 40, screen.as_bytes(), Some("thread | project"), now);
    assert!(!watch.needs_screen());
    let status = watch.poll(now).unwrap();
    assert_eq!(
        (status.state, status.vitals.model.as_deref()),
        (State::Ready, Some("gpt-5"))
    );
}

#[test]
fn a_restarted_agent_begins_anew() {
    let mut scene = Scene::new("codex");
    scene.report("state=working").says("busy");
    scene.watch.processes(
        1,
        &[process(1, 0, "-bash"), process(5, 1, "/opt/codex")],
        scene.now,
    );
    scene.after(10).says("unknown");
}

#[test]
fn a_prompt_of_the_shell_ends_what_was_reported() {
    let mut scene = Scene::new("codex");
    scene.report("state=working").says("busy");
    scene.bytes("\x1b]133;A\x07").after(5000).says("unknown");
}

#[test]
fn a_notification_counts_for_ten_seconds() {
    let rule = "id = \"claude\"\n[[rule]]\nid = \"note\"\nstate = \"waiting\"\npriority = 1\nwhen = { region = \"notification\", contains = \"needs you\" }\n";
    let mut scene = Scene::new("claude");
    scene.watch.set_rules(
        Arc::new(RuleSet::with(&[("a.toml", rule)]).unwrap()),
        scene.now,
    );
    scene
        .bytes("\x1bPtmux;\x1b\x1b]777;notify;Claude;It needs you\x07\x1b\\")
        .says("waiting");
    scene
        .after(9000)
        .says("waiting")
        .after(5000)
        .says("unknown");
}

#[test]
fn progress_is_evidence_while_it_stands() {
    let rule = "id = \"claude\"\n[[rule]]\nid = \"note\"\nstate = \"busy\"\npriority = 1\nwhen = { region = \"progress\", exists = true }\n";
    let mut scene = Scene::new("claude");
    scene.watch.set_rules(
        Arc::new(RuleSet::with(&[("a.toml", rule)]).unwrap()),
        scene.now,
    );
    scene
        .bytes("\x1b]9;4;3\x07")
        .says("busy")
        .after(60_000)
        .says("busy");
    scene.bytes("\x1b]9;4;0\x07").after(4000).says("unknown");
}

#[test]
fn another_size_does_not_lose_the_state() {
    let mut scene = Scene::new("claude");
    scene.show(&claude("✻ Thinking…", BUSY)).says("busy");
    scene.watch.resize(60, 30);
    scene.after(1000).says("busy");
}

#[test]
fn what_explains_it_has_signals_evidence_and_rules() {
    let mut scene = Scene::new("codex");
    scene
        .title("⠋ a | b")
        .report("state=working")
        .show(&codex("• Text"));
    let text = scene.watch.explain(scene.now).unwrap().to_string();
    for part in [
        "Codex",
        "busy, high confidence",
        "report says busy: OSC 7501 state=working",
        "strength 80, counts",
        "title ⠋ a | b",
        "rule title (codex.toml:",
        "counts",
        "does not match",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn deadlines_lie_ahead_or_are_done_by_a_poll() {
    let mut scene = Scene::new("claude");
    scene
        .registry("\"idle\"")
        .event("UserPromptSubmit")
        .title("⠐ x")
        .show(&claude("● API Error: x", BUSY));
    for _ in 0..10_000 {
        let Some(next) = scene.watch.next_deadline(scene.now) else {
            return;
        };
        scene.now = scene.now.max(next);
        scene.watch.poll(scene.now);
        let after = scene.watch.next_deadline(scene.now);
        assert!(
            after.is_none_or(|after| after > scene.now),
            "it asks for the same moment again"
        );
    }
    panic!("the deadlines never end");
}

/// Whatever a pane prints, and however it is cut: nothing fails, and what is kept stays bounded.
#[test]
fn nothing_that_a_pane_prints_makes_it_fail() {
    let pieces = [
        "\x1b]7501;state=",
        "working",
        "blocked:kind=",
        ":msg=////",
        ":id=a/b",
        "\x07",
        "\x1b\\",
        "\x1b]0;",
        "\u{2819} x",
        "\x1b]9;4;3",
        "\x1b]777;notify;",
        "\x1bPtmux;",
        "\x1b\x1b",
        "\x1b[?2026h",
        "\x1b[?2026l",
        "\x1b[H\x1b[2J",
        "\r\n",
        "\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}",
        "\u{276f} ",
        "\u{273b} Cooking\u{2026} (3s)",
        "esc to interrupt",
        "\u{25cf} API Error: ",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "1. Yes",
        "\u{256d}\u{2500}\u{256e}",
        "\u{6f22}",
        "\x1b[3;9r",
        "\x1b[99;99H",
        "\t",
    ];
    let mut next = numbers(7);
    let mut scene = Scene::new("claude");
    for turn in 0..20_000 {
        let piece = pieces[next(pieces.len())].as_bytes();
        let (one, other) = piece.split_at(next(piece.len()));
        scene.watch.output(one, scene.now);
        scene.watch.output(other, scene.now);
        if turn % 50 == 0 {
            let side = |number: usize| u16::try_from(number + 1).unwrap();
            scene.watch.resize(side(next(90)), side(next(30)));
        }
        scene.now += Duration::from_millis(10);
        scene.watch.poll(scene.now);
    }
    assert!(scene.watch.explain(scene.now).is_some());
}
