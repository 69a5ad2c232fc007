//! Agents in panes of a real tmux, as a client sees them.

use std::fs;
use std::time::Duration;

use muxwire::bridge::Settings;
use rustix::process::Signal;

use super::stage::{Stage, Watching, comes_to, ended, said, started, write_rules};
use crate::support::bridge::SETTINGS;
use crate::support::serving::Serving;
use crate::support::{
    SOON, any_program, for_each_version_at_once_async, signal, wait_until, wait_until_async,
};

#[test]
fn what_an_agent_does_is_told_in_order() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let fake = stage.fake("claude");
        let pane = stage.session("work", &fake.command);
        started(&mut client, pane, "claude").await;
        for scene in stage.scenes("claude-2.1.332/permission-bash") {
            fake.print(&scene);
            let before = comes_to(&mut client, pane, &scene).await;
            // On the way between two states there may be one that real agents pass through, but none of these.
            let wrong = |state: &String| state == "error" || state == "exited";
            assert!(
                !before.iter().any(wrong),
                "{before:?} before {}",
                scene.state
            );
        }
        assert_eq!(watching.figure("agents"), 1);
        assert_eq!(watching.figure("agent_screen_bytes"), 120 * 35 * 40);
        fake.end();
        ended(&mut client, pane).await;
        wait_until_async("its memory is free", SOON, || {
            watching.figure("agents") == 0
        })
        .await;
        assert_eq!(watching.figure("agent_screen_bytes"), 0);
        watching.stop().await;
    });
}

#[test]
fn two_agents_are_told_apart_one_of_them_below_a_shell() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let (one, other) = (stage.fake("claude"), stage.fake("codex"));
        let first = stage.session("one", &one.command);
        started(&mut client, first, "claude").await;
        // A shell that waits for it, so that tmux says that the shell runs.
        let below = format!("bash -c '{}; true'", other.command);
        let second = stage.session("other", &below);
        started(&mut client, second, "codex").await;
        let claude = stage.scenes("claude-2.1.332/permission-bash");
        let codex = stage.scenes("codex-0.171.0/permission-bash-refused");
        one.print(&claude[0]);
        comes_to(&mut client, first, &claude[0]).await;
        other.print(&codex[0]);
        comes_to(&mut client, second, &codex[0]).await;
        other.print(&codex[1]);
        comes_to(&mut client, second, &codex[1]).await;
        one.print(&claude[1]);
        comes_to(&mut client, first, &claude[1]).await;
        // Killed, it says nothing any more, and the kernel says it.
        signal(other.pid().await, Signal::KILL);
        ended(&mut client, second).await;
        stage.tmux.run(["kill-session", "-t", "=one"]);
        ended(&mut client, first).await;
        watching.stop().await;
    });
}

#[test]
fn an_agent_in_a_terminal_of_muxwires_is_found_and_reports() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let fake = stage.fake("claude");
        let muxwire = env!("CARGO_BIN_EXE_muxwire");
        let pane = stage.session("work", &format!("exec {muxwire} run -- {}", fake.command));
        started(&mut client, pane, "claude").await;
        // What it reports before it is watched nobody hears.
        let begun = &stage.scenes("claude-2.1.332/permission-bash")[0];
        fake.print(begun);
        comes_to(&mut client, pane, begun).await;
        let file = stage.tmux.folder().join("report");
        let rows = [
            ("working", "busy"),
            ("blocked:kind=permission", "waiting"),
            ("done", "ready"),
        ];
        for (report, status) in rows {
            fs::write(&file, format!("\x1b]7501;state={report}:app=claude\x07")).unwrap();
            fake.print_file(&file);
            let mut event = said(&mut client).await;
            while event["data"]["status"] != status {
                event = said(&mut client).await;
            }
            assert_eq!(event["data"]["source"], "report", "{event}");
        }
        fake.end();
        ended(&mut client, pane).await;
        watching.stop().await;
    });
}

#[test]
fn an_agent_that_is_typed_into_a_shell_is_found_each_time() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let pane = stage.session("shell", "exec sh");
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        for _ in 0..2 {
            let fake = stage.fake("claude");
            let line = [&*fake.command, "Enter"];
            let keys = ["send-keys", "-t", "=shell:"];
            stage.tmux.run(keys.into_iter().chain(line));
            started(&mut client, pane, "claude").await;
            fake.end();
            ended(&mut client, pane).await;
        }
        watching.stop().await;
    });
}

#[test]
fn a_pane_that_is_respawned_has_another_agent() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let (one, other) = (stage.fake("claude"), stage.fake("claude"));
        // tmux 3.1 says nothing of a respawn: the reconciler finds it.
        let reconcile = Duration::from_secs(1);
        let watching = Watching::start_with(
            &stage,
            Settings {
                reconcile,
                ..SETTINGS
            },
        )
        .await;
        let mut client = watching.client().await;
        let pane = stage.session("work", &one.command);
        started(&mut client, pane, "claude").await;
        let scenes = stage.scenes("claude-2.1.332/permission-bash");
        for scene in &scenes[..3] {
            one.print(scene);
        }
        comes_to(&mut client, pane, &scenes[2]).await;
        stage
            .tmux
            .run(["respawn-pane", "-k", "-t", "=work:", &other.command]);
        ended(&mut client, pane).await;
        started(&mut client, pane, "claude").await;
        // Nothing of the dialog is left.
        other.print(&scenes[0]);
        let before = comes_to(&mut client, pane, &scenes[0]).await;
        assert!(!before.contains(&"waiting".to_owned()), "{before:?}");
        watching.stop().await;
    });
}

#[test]
fn what_an_agent_does_is_known_at_once_after_a_restart() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let fake = stage.fake("claude");
        let pane = stage.session("work", &fake.command);
        let scenes = stage.scenes("claude-2.1.332/permission-bash");
        for _ in 0..2 {
            let watching = Watching::start(&stage).await;
            let mut client = watching.client().await;
            started(&mut client, pane, "claude").await;
            for scene in &scenes[..3] {
                fake.print(scene);
            }
            comes_to(&mut client, pane, &scenes[2]).await;
            watching.stop().await;
        }
        // The dialog is on the screen, and nothing is printed any more: the snapshot alone says so.
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        started(&mut client, pane, "claude").await;
        let before = comes_to(&mut client, pane, &scenes[2]).await;
        assert_eq!(before, Vec::<String>::new());
        watching.stop().await;
    });
}

/// An agent of which nobody has heard.
const NEW_AGENT: &str = r#"
id = "newcomer"
name = "Newcomer"
untested = "this test"

[identify]
names = ["newcomer"]

[[rule]]
id = "asks"
state = "STATE"
priority = 100
when = { region = "screen", contains = ["PHRASE"] }
"#;

#[test]
fn rules_are_reloaded_and_broken_ones_change_nothing() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let rules = |state: &str| NEW_AGENT.replace("STATE", state).replace("PHRASE", "hello");
        write_rules(&stage, "broken.toml", "id = ");
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        // The broken file has changed nothing of the rules that are built in.
        let claude = stage.fake("claude");
        let known = stage.session("known", &claude.command);
        started(&mut client, known, "claude").await;
        let scene = &stage.scenes("claude-2.1.332/permission-bash")[0];
        claude.print(scene);
        comes_to(&mut client, known, scene).await;
        let newcomer = stage.fake("newcomer");
        let pane = stage.session("new", &newcomer.command);
        newcomer.pid().await;
        // Nobody knows this name, nor that of the file.
        write_rules(&stage, "newcomer.toml", &rules("waiting"));
        fs::remove_file(stage.tmux.folder().join("config/agents/broken.toml")).unwrap();
        started(&mut client, pane, "newcomer").await;
        fs::write(stage.tmux.folder().join("hello"), "hello").unwrap();
        newcomer.print_file(&stage.tmux.folder().join("hello"));
        let waits = said(&mut client).await;
        assert_eq!(waits["data"]["status"], "waiting", "{waits}");
        write_rules(&stage, "newcomer.toml", "id = 5");
        write_rules(&stage, "newcomer.toml", &rules("busy"));
        let works = said(&mut client).await;
        assert_eq!(works["data"]["status"], "busy", "{works}");
        fs::remove_file(stage.tmux.folder().join("config/agents/newcomer.toml")).unwrap();
        ended(&mut client, pane).await;
        watching.stop().await;
    });
}

#[test]
fn the_program_watches_agents_unless_it_is_told_not_to() {
    for (setting, watches) in [("true", true), ("false", false)] {
        let mut stage = Stage::new(any_program());
        let fake = stage.fake("claude");
        stage.session("work", &fake.command);
        let settings = [("MUXWIRE_AGENTS_ENABLED", setting)];
        let mut serving = Serving::start_with(&stage.tmux, &[], &settings);
        let shown = |serving: &Serving| serving.get("/metrics").contains("\nmuxwire_agents 1\n");
        if watches {
            wait_until("an agent is found", SOON, || shown(&serving));
        } else {
            let connected = || serving.get("/metrics").contains("\nmuxwire_links 3\n");
            wait_until("all sessions have links", SOON, connected);
            assert!(!serving.get("/metrics").contains("muxwire_agent"));
        }
        serving.signal(Signal::TERM);
        serving.wait(SOON);
    }
}
