//! What agents use, counted in transcripts as real agents wrote them.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::hooks::call;
use super::stage::{Stage, Watching, said};
use crate::support::for_each_version_at_once_async;

fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents");
    fs::read_to_string(path.join(format!("{name}.transcript.jsonl"))).unwrap()
}

fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

fn make(path: PathBuf) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

#[test]
fn a_session_of_claude_is_followed_and_its_contents_stay_where_they_are() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let mut used = watching.client_of(&["agent.usage"]).await;
        let folder = stage.tmux.folder().join("own");
        let own = Some(("CLAUDE_CONFIG_DIR", &*folder));
        let recording = "claude-2.1.332/permission-bash";
        let (fake, pane) = stage.begun(&mut client, recording, own).await;
        let transcript = make(folder.join("projects/-home-dev-project/s-1.jsonl"));
        let text = recorded("claude-2.1.332/permission-bash");
        append(&transcript, &text);
        let pid = fake.pid().await;
        let entry = json!({ "pid": pid, "sessionId": "s-1", "status": "idle" });
        let registry = make(folder.join(format!("sessions/{pid}.json")));
        fs::write(registry, entry.to_string()).unwrap();
        let event = said(&mut used).await;
        assert_eq!(event["pane"], pane.to_string(), "{event}");
        let usage = &event["data"]["usage"];
        assert_eq!(
            (&usage["requests"], &usage["input_tokens"]),
            (&json!(2), &json!(2400)),
            "{event}"
        );
        assert_eq!(
            usage["tools"],
            json!({ "total_calls": 1, "by_type": { "Bash": 1 } })
        );
        assert_eq!(usage["models"][0]["model"], "claude-opus-5-5");
        // 2,400 read at 4 and 18 written at 20 dollars for a million.
        assert_eq!(usage["cost_usd"], json!(0.00996), "{event}");
        assert!(!event.to_string().contains("checks"), "{event}");
        // An agent that it runs, and a line that is written in two pieces.
        let below = make(folder.join("projects/-home-dev-project/s-1/subagents/agent-a.jsonl"));
        append(&below, &recorded("claude-2.1.332/subagent"));
        let event = said(&mut used).await;
        assert_eq!(event["data"]["usage"]["requests"], 3, "{event}");
        let line = text
            .lines()
            .rfind(|line| line.contains("\"assistant\""))
            .unwrap();
        let line = line.replace("msg_fe44a99e591e4cf9959d", "msg_new") + "\n";
        append(&transcript, &line[..line.len() / 2]);
        append(&transcript, &line[line.len() / 2..]);
        let event = said(&mut used).await;
        assert_eq!(event["data"]["usage"]["requests"], 4, "{event}");
        watching.stop().await;
    });
}

#[test]
fn a_session_of_codex_is_tied_by_its_hook() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let mut used = watching.client_of(&["agent.usage"]).await;
        let folder = stage.tmux.folder().join("own");
        let own = Some(("CODEX_HOME", &*folder));
        let recording = "codex-0.171.0/permission-bash-refused";
        let (fake, pane) = stage.begun(&mut client, recording, own).await;
        // A file of somebody else is not looked at, whoever names it.
        let other = make(stage.tmux.folder().join("other/rollout-0.jsonl"));
        append(&other, &recorded("codex-0.171.0/permission-bash"));
        let transcript = make(folder.join("sessions/2026/11/30/rollout-1.jsonl"));
        append(&transcript, &recorded("codex-0.171.0/permission-bash"));
        let up = folder.join("sessions/../../other/rollout-0.jsonl");
        for path in [&other, &up, &transcript] {
            let event = json!({ "hook_event_name": "UserPromptSubmit", "transcript_path": path });
            call(
                &stage,
                &fake,
                &watching,
                ":",
                "codex UserPromptSubmit",
                &event.to_string(),
            )
            .await;
        }
        let event = said(&mut used).await;
        assert_eq!(event["pane"], pane.to_string(), "{event}");
        let usage = &event["data"]["usage"];
        assert_eq!(
            (&usage["requests"], &usage["input_tokens"]),
            (&json!(3), &json!(3600)),
            "{event}"
        );
        // 3,600 read at 1.25 and 150 written at 10 dollars for a million.
        assert_eq!(usage["cost_usd"], json!(0.006), "{event}");
        assert_eq!(usage["tools"]["by_type"], json!({ "exec_command": 1 }));
        watching.stop().await;
    });
}
