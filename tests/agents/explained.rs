//! What the server holds for and against what it says of an agent, asked for while an agent plays in a real tmux.

use std::fs;

use muxwire::ids::PaneId;
use muxwire::model::State;
use serde_json::{Value, json};

use super::hooks::call;
use super::stage::{Stage, Watching};
use crate::support::for_each_version_at_once_async;
use crate::support::schema::check_from_server;
use crate::support::server::Client;

async fn explain(client: &mut Client, pane: PaneId) -> Value {
    let target = json!({ "pane": pane.to_string() });
    let explain = json!({ "action": "explain", "id": "e", "target": target });
    let answer = client.ask(explain, "explanation").await;
    check_from_server(&answer);
    assert_eq!(answer["pane"], pane.to_string());
    answer
}

/// The sources that say something, each with what it says.
fn sources(grounds: &Value) -> Vec<(&str, &str)> {
    let evidence = grounds["evidence"].as_array().unwrap().iter();
    evidence
        .map(|one| {
            let (source, status) = (&one["source"], &one["status"]);
            (source.as_str().unwrap(), status.as_str().unwrap())
        })
        .collect()
}

/// The source that the status rests on.
fn counting(grounds: &Value) -> &str {
    let evidence = grounds["evidence"].as_array().unwrap().iter();
    let counts: Vec<&Value> = evidence.filter(|one| one["standing"] == "counts").collect();
    assert_eq!(counts.len(), 1, "{grounds}");
    counts[0]["source"].as_str().unwrap()
}

#[test]
fn all_that_the_server_holds_of_an_agent_is_told() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let recording = "claude-2.1.332/permission-bash";
        let (fake, pane) = stage.begun(&mut client, recording, None).await;
        let mut asker = watching.asker().await;
        let answer = explain(&mut asker, pane).await;
        let grounds = &answer["grounds"];
        assert_eq!(sources(grounds), [("screen", "ready")], "{grounds}");
        assert_eq!(grounds["screen_known"], true, "{grounds}");
        let screen = &grounds["evidence"][0];
        assert_eq!(
            (&screen["strength"], counting(grounds)),
            (&json!(50), "screen")
        );
        let basis = screen["basis"].as_str().unwrap();
        assert!(basis.contains("claude.toml:"), "{basis}");
        let pids = grounds["pids"].as_array().unwrap();
        assert!(pids.contains(&grounds["pid"]), "{grounds}");

        // A hook says otherwise, and for a while it is believed.
        call(
            &stage,
            &fake,
            &watching,
            ":",
            "claude UserPromptSubmit",
            "{}",
        )
        .await;
        let answer = explain(&mut asker, pane).await;
        let grounds = &answer["grounds"];
        assert_eq!(sources(grounds), [("hook", "busy"), ("screen", "ready")]);
        assert_eq!(grounds["evidence"][0]["basis"], "the hook UserPromptSubmit");
        assert!(grounds["evidence"][0]["said_ms"].is_u64(), "{grounds}");

        // What it reports itself is stronger than both.
        let file = stage.tmux.folder().join("report");
        fs::write(
            &file,
            "\x1b]7501;state=blocked:kind=permission:app=claude\x07",
        )
        .unwrap();
        fake.print_file(&file);
        let answer = loop {
            let answer = explain(&mut asker, pane).await;
            if sources(&answer["grounds"])[0].0 == "report" {
                break answer;
            }
            // It is there with the next that is published of the agent.
            client.next().await;
        };
        let grounds = &answer["grounds"];
        let expected = [("report", "waiting"), ("hook", "busy"), ("screen", "ready")];
        assert_eq!(sources(grounds), expected, "{grounds}");
        assert_eq!(counting(grounds), "report");
        let signals = grounds["signals"].as_array().unwrap();
        let report = signals.iter().find(|one| one["kind"] == "report").unwrap();
        let text = report["text"].as_str().unwrap();
        assert_eq!(text, "state=blocked app=claude kind=permission");

        // Where there is no agent, nothing is held.
        let plain = stage.session("plain", "exec cat");
        let comes = |state: &State| state.panes.contains_key(&plain);
        watching.bridge.until("the pane", comes).await;
        let answer = explain(&mut asker, plain).await;
        assert_eq!(answer["missing"], "no_agent", "{answer}");
        assert_eq!(answer.get("grounds"), None, "{answer}");
        watching.stop().await;
    });
}
