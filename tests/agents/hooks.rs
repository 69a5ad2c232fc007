//! What agents say of themselves: hooks that they call, and the registry of their sessions.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use muxwire::ids::PaneId;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::stage::{Fake, Stage, Watching, said, started};
use crate::support::program::{Home, Run};
use crate::support::server::Client;
use crate::support::{SOON, for_each_version_at_once_async, wait_until, wait_until_async};

/// What Claude Code gives to its hooks, as was recorded.
fn recorded(event: &str) -> String {
    let path = "fixtures/agents/claude-2.1.332/permission-bash.toml";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let facts: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    let mut hooks = facts["hook"].as_array().unwrap().iter();
    let hook = hooks.find(|hook| hook["event"].as_str() == Some(event));
    hook.unwrap()["json"].as_str().unwrap().to_owned()
}

/// Lets the agent call a hook, with whatever a shell is to do before, until it was heard: on a busy machine it may be out of
/// time before it has said anything.
pub async fn call(
    stage: &Stage,
    fake: &Fake,
    watching: &Watching,
    before: &str,
    words: &str,
    json: &str,
) {
    let heard =
        || watching.figure("agent_hooks_total") + watching.figure("agent_unheeded_hooks_total");
    let was = heard();
    let calls = async {
        loop {
            call_once(stage, fake, before, words, json).await;
            let limit = Duration::from_millis(500);
            let is_heard = wait_until_async("it is heard", SOON, || heard() > was);
            if timeout(limit, is_heard).await.is_ok() {
                return;
            }
        }
    };
    let calls = timeout(SOON, calls).await;
    assert!(calls.is_ok(), "{words} was never heard");
}

async fn call_once(stage: &Stage, fake: &Fake, before: &str, words: &str, json: &str) {
    let said = stage.tmux.folder().join("said.json");
    fs::write(&said, json).unwrap();
    let (code, home) = (stage.tmux.folder().join("code"), stage.tmux.folder());
    let _ = fs::remove_file(&code);
    let script = format!(
        "{before}; HOME={} {} hook --state-dir {} {words} < {}; echo $? > {}.new; mv {}.new {}",
        home.display(),
        env!("CARGO_BIN_EXE_muxwire"),
        home.join("state").display(),
        said.display(),
        code.display(),
        code.display(),
        code.display(),
    );
    fake.run(&script);
    wait_until_async("the hook has ended", SOON, || code.exists()).await;
    assert_eq!(fs::read_to_string(code).unwrap(), "0\n");
}

/// The next status for which this holds.
async fn status(client: &mut Client, pane: PaneId, holds: impl Fn(&Value) -> bool) -> Value {
    loop {
        let event = said(client).await;
        assert_eq!(event["pane"], pane.to_string(), "{event}");
        if holds(&event["data"]) {
            return event["data"].clone();
        }
    }
}

#[test]
fn hooks_say_what_an_agent_does_and_only_its_own() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let recording = "claude-2.1.332/permission-bash";
        let (fake, pane) = stage.begun(&mut client, recording, None).await;
        let permission = recorded("PermissionRequest");
        // By the variables of tmux, and without them by the processes.
        for before in [
            ":",
            "unset TMUX TMUX_PANE",
            "TMUX=/elsewhere,1,0 TMUX_PANE=%99",
        ] {
            call(
                &stage,
                &fake,
                &watching,
                before,
                "claude PermissionRequest",
                &permission,
            )
            .await;
            let waits = status(&mut client, pane, |data| data["status"] == "waiting").await;
            assert_eq!(waits["source"], "hook", "{before}: {waits}");
            assert_eq!(waits["reason"], "permission", "{before}: {waits}");
            // What shows is newer in the end.
            status(&mut client, pane, |data| data["status"] == "ready").await;
        }
        assert_eq!(watching.figure("agent_unheeded_hooks_total"), 0);
        // An event that nobody knows, and a hook of another agent, which has no process here.
        call(&stage, &fake, &watching, ":", "claude NoSuchEvent", "[]").await;
        assert_eq!(watching.figure("agent_unheeded_hooks_total"), 1);
        call_once(&stage, &fake, ":", "codex PermissionRequest", "{}").await;
        // The event's name is enough.
        call(
            &stage,
            &fake,
            &watching,
            ":",
            "claude UserPromptSubmit",
            "what?",
        )
        .await;
        let works = status(&mut client, pane, |data| data["status"] == "busy").await;
        assert_eq!(works["source"], "hook", "{works}");
        watching.stop().await;
    });
}

#[test]
fn a_hook_that_comes_before_its_agent_is_found_is_kept() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let fake = stage.fake("claude");
        let pane = stage.session("work", &fake.command);
        fake.pid().await;
        let watching = Watching::start(&stage).await;
        let permission = recorded("PermissionRequest");
        call(
            &stage,
            &fake,
            &watching,
            ":",
            "claude PermissionRequest",
            &permission,
        )
        .await;
        let mut client = watching.client().await;
        started(&mut client, pane, "claude").await;
        let waits = status(&mut client, pane, |data| data["status"] == "waiting").await;
        assert_eq!(waits["source"], "hook", "{waits}");
        watching.stop().await;
    });
}

#[test]
fn the_registry_of_sessions_says_what_an_agent_does() {
    for_each_version_at_once_async(async |program| {
        let mut stage = Stage::new(&program);
        let watching = Watching::start(&stage).await;
        let mut client = watching.client().await;
        let folder = stage.tmux.folder().join("own");
        let own = Some(("CLAUDE_CONFIG_DIR", &*folder));
        let recording = "claude-2.1.332/permission-bash";
        let (fake, pane) = stage.begun(&mut client, recording, own).await;
        let sessions = folder.join("sessions");
        let pid = fake.pid().await;
        // Keys beside the sessions are opened by nobody: this one can't be.
        let entry = |status: &str, updated: u64| {
            json!({
                "pid": pid, "sessionId": "s", "version": "2.1.332", "status": status,
                "waitingFor": (status == "waiting").then_some("permission prompt"), "updatedAt": updated,
            })
        };
        fs::create_dir_all(sessions.join("1.0123.key")).unwrap();
        let write = |entry: Value| {
            fs::write(sessions.join(format!("{pid}.json")), entry.to_string()).unwrap();
        };
        write(entry("busy", 1));
        let works = status(&mut client, pane, |data| data["status"] == "busy").await;
        assert_eq!(works["source"], "registry", "{works}");
        // A session of somebody else is none of this pane's.
        let other = json!({"pid": std::process::id(), "status": "waiting"});
        fs::write(sessions.join("1.json"), other.to_string()).unwrap();
        // A file in the middle of being written says nothing.
        fs::write(sessions.join(format!("{pid}.json")), "{\"pid\":").unwrap();
        write(entry("waiting", 2));
        let waits = status(&mut client, pane, |data| data["status"] == "waiting").await;
        assert_eq!(waits["source"], "registry", "{waits}");
        assert_eq!(waits["reason"], "permission", "{waits}");
        fs::remove_file(sessions.join(format!("{pid}.json"))).unwrap();
        status(&mut client, pane, |data| data["status"] == "ready").await;
        watching.stop().await;
    });
}

/// Calls a hook from here, with what is given on stdin.
fn hook(home: &Home, words: &[&str], said: &[u8]) -> Run {
    let mut command = home.muxwire(words);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end before it has read everything.
    let _ = stdin.write_all(said);
    drop(stdin);
    Run::wait(child)
}

#[test]
fn a_hook_ends_well_whatever_happens() {
    let long = format!("{{\"tool_input\":\"{}\"}}", "x".repeat(3 << 20));
    let cases: [(&[&str], &[u8]); 8] = [
        (&["hook", "claude", "Stop"], b"{}"),
        (&["hook", "claude", "Stop"], b"\xff\x00{"),
        (&["hook", "claude", "PreToolUse"], long.as_bytes()),
        (&["hook"], b""),
        (&["hook", "claude"], b"{}"),
        (&["hook", "--no-such-flag", "claude", "Stop"], b"{}"),
        (&["hook", "--state-dir"], b"{}"),
        (&["hook", "codex", "notify", "{\"type\":\"x\"}"], b""),
    ];
    let broken = "server = 5\n";
    for prepare in ["no server", "hangs", "killed", "broken settings"] {
        let home = Home::new();
        let folder = home.state_dir().join("hooks");
        fs::create_dir_all(&folder).unwrap();
        let server = UnixDatagram::bind(folder.join("one.sock")).unwrap();
        match prepare {
            "no server" => fs::remove_dir_all(home.state_dir()).unwrap(),
            // Nobody reads, and no message finds room any more.
            "hangs" => fill(&folder.join("one.sock")),
            "broken settings" => {
                home.write(".config/muxwire/config.toml", broken);
            }
            _ => {}
        }
        let server = (prepare != "killed").then_some(server);
        for (words, said) in cases {
            let run = hook(&home, words, said);
            assert_eq!(run.code, Some(0), "{prepare} {words:?} {run:?}");
            assert_eq!(
                (&*run.stdout, &*run.stderr),
                ("", ""),
                "{prepare} {words:?}"
            );
        }
        drop(server);
    }
}

fn fill(path: &PathBuf) {
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(b"x", path).is_ok() {}
}

#[test]
fn a_hook_waits_neither_for_stdin_nor_for_what_a_tool_was_given() {
    let home = Home::new();
    let folder = home.state_dir().join("hooks");
    fs::create_dir_all(&folder).unwrap();
    let server = UnixDatagram::bind(folder.join("one.sock")).unwrap();
    // A hook that the machine lets wait for too long says nothing, and ends.
    server.set_nonblocking(true).unwrap();
    let heard = |call: &dyn Fn()| {
        let mut message = [0; 1 << 16];
        let mut length = None;
        wait_until("a hook is in time", SOON, || {
            call();
            length = server.recv(&mut message).ok();
            length.is_some()
        });
        let message: Value = serde_json::from_slice(&message[..length.unwrap()]).unwrap();
        message
    };
    // Its stdin stays open for as long as it runs, with a whole event in it or with none.
    for (said, tool) in [
        (
            "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"secret\"}}",
            json!("Bash"),
        ),
        ("", Value::Null),
    ] {
        let message = heard(&|| {
            let mut command = home.muxwire(["hook", "claude", "PreToolUse"]);
            let (reader, mut writer) = std::io::pipe().unwrap();
            writer.write_all(said.as_bytes()).unwrap();
            let mut child = command.stdin(reader).spawn().unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(0));
            drop(writer);
        });
        assert_eq!(message["event"], "PreToolUse", "{message}");
        assert_eq!(message["tool"], tool, "{message}");
        assert!(!message.to_string().contains("secret"), "{message}");
    }
    let notify = r#"{"type":"agent-turn-complete","thread-id":"t","input-messages":["secret"]}"#;
    let message = heard(&|| {
        let run = hook(&home, &["hook", "codex", "notify", notify], b"");
        assert_eq!(run.code, Some(0), "{run:?}");
    });
    assert_eq!(message["event"], "agent-turn-complete", "{message}");
    assert_eq!(message["session"], "t", "{message}");
    assert!(!message.to_string().contains("secret"), "{message}");
}

#[test]
fn hooks_are_installed_and_removed_and_nothing_else_is_touched() {
    for (agent, file) in [
        ("claude", ".claude/settings.json"),
        ("codex", ".codex/hooks.json"),
        ("gemini", ".gemini/settings.json"),
    ] {
        let home = Home::new();
        let ok = |words: String| {
            let run = home.run(&words);
            assert_eq!(run.code, Some(0), "{words}: {run:?}");
            run.stdout
        };
        let path = home.path().join(file);
        let state = || {
            let found: Value =
                serde_json::from_str(&ok(format!("hooks status {agent} --json"))).unwrap();
            found[0]["state"].as_str().unwrap().to_owned()
        };
        let printed = ok(format!("hooks install {agent} --print"));
        assert!(!path.exists(), "--print writes nothing");
        assert_eq!(state(), "absent");
        ok(format!("hooks install {agent}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), printed);
        assert_eq!(state(), "installed");
        ok(format!("hooks remove {agent}"));
        assert!(!path.exists(), "it was made for the hooks alone");

        let written = "{\n  \"theme\": \"dark\",\n  \"hooks\": {\n    \"Other\": [{ \"hooks\": [{ \"type\": \"command\", \"command\": \"mine\" }] }]\n  }\n}\n";
        let target = home.write("dotfiles/settings.json", written);
        std::os::unix::fs::symlink(&target, &path).unwrap();
        ok(format!("hooks install {agent}"));
        let with = fs::read_to_string(&path).unwrap();
        let backup = home.path().join(format!("{file}.muxwire-backup"));
        assert_eq!(fs::read_to_string(&backup).unwrap(), written);
        ok(format!("hooks install {agent}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), with, "a second time");
        assert_eq!(fs::read_to_string(&backup).unwrap(), written);
        assert!(ok(format!("hooks remove {agent} --print")).contains("mine"));
        assert_eq!(state(), "installed");
        ok(format!("hooks remove {agent}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), written);
        assert!(path.is_symlink(), "a link stays one");
        ok(format!("hooks remove {agent}"));
        fs::write(&path, "{ \"hooks\": 5 }").unwrap();
        let run = home.run(&format!("hooks install {agent}"));
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains("mend it"), "{run:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{ \"hooks\": 5 }");
    }
}

#[test]
fn hooks_lead_to_the_state_directory_that_was_chosen() {
    let home = Home::new();
    let printed = home.run("hooks install claude --print").stdout;
    assert!(!printed.contains("--state-dir"), "{printed}");
    let chosen = home
        .run("hooks install claude --print --state-dir /var/lib/mine")
        .stdout;
    assert!(
        chosen.contains(" hook --state-dir /var/lib/mine claude Stop"),
        "{chosen}"
    );
    File::create(home.write("taken", "")).unwrap();
    let words = ["hooks", "install", "claude"];
    let taken = home.path().join("taken");
    let run = Run::of(home.muxwire(words).env("CLAUDE_CONFIG_DIR", taken));
    assert_eq!(run.code, Some(1), "{run:?}");
}
