//! `muxwire record` and `muxwire serve --replay` as processes, and the replay's pace.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use muxwire::auth::{Permission, Principal};
use muxwire::bridge::{
    Counters, Ends, Handle, InputError, InputRequest, Key, ScreenError, ScreensRequest, Speed,
    replay,
};
use muxwire::hub::{HistoryLimits, Hub, Next};
use muxwire::ids::PaneId;
use muxwire::recording::{End, Recording, What};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{KillOnDrop, SOON, TmuxServer, for_each_version, signal, wait_until};

fn start_recorder(home: &Home, server: &TmuxServer, arguments: &[&str]) -> Child {
    let mut command = home.muxwire(["record", "-S"]);
    command.arg(server.socket()).args(arguments);
    command.env("MUXWIRE_SERVER_TMUX", &server.program().path);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn ended(child: &mut Child) -> Option<i32> {
    let mut code = None;
    wait_until("the end of the recorder", SOON, || {
        code = child.try_wait().unwrap().map(|status| status.code());
        code.is_some()
    });
    code.flatten()
}

fn last(recording: &Recording) -> What {
    recording.entries().unwrap().last().unwrap().unwrap().what
}

#[test]
fn the_program_records_until_it_is_stopped() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let home = Home::new();
        let path = home.path().join("session.mxr");
        let shown = path.to_str().unwrap();
        let mut recorder = KillOnDrop(start_recorder(&home, &server, &["-o", shown]));
        let has = |text: &str| fs::read_to_string(&path).is_ok_and(|file| file.contains(text));
        wait_until("the links", SOON, || {
            has("\"output $0 ") && server.clients().len() == 2
        });
        wait_until("output is followed", SOON, || has(",2,\"<\","));
        server.run(["send-keys", "-t", "%0", "so it begins", "Enter"]);
        wait_until("the output", SOON, || has("so it begins"));
        signal(recorder.0.id(), Signal::INT);
        assert_eq!(ended(&mut recorder.0), Some(0));
        assert_eq!(server.clients(), Vec::<u32>::new(), "no link is left");
        let recording = Recording::open(&path).unwrap();
        assert_eq!(last(&recording), What::End(End::Wanted));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it shows what panes show");
        let again = start_recorder(&home, &server, &["-o", shown]);
        let again = Run::wait(again);
        assert_eq!(again.code, Some(1), "{again:?}");
        assert!(again.stderr.contains("is there already"), "{again:?}");
    });
}

#[test]
fn a_recording_goes_to_stdout_for_as_long_as_is_asked_for() {
    let server = TmuxServer::start(crate::support::any_program());
    let home = Home::new();
    let run = Run::wait(start_recorder(&home, &server, &["--duration", "1s"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    let recording = Recording::from_bytes(run.stdout).unwrap();
    assert_eq!(last(&recording), What::End(End::Wanted));
    assert!(!recording.is_empty());
    assert_eq!(server.clients(), Vec::<u32>::new(), "no link is left");
}

/// A recording with its list of events.
fn fixture() -> (std::path::PathBuf, Vec<Value>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/3.8");
    let list = fs::read_to_string(folder.join("windows.events.jsonl")).unwrap();
    let events = list.lines().map(|line| serde_json::from_str(line).unwrap());
    (folder.join("windows.mxr"), events.collect())
}

#[tokio::test]
async fn a_client_of_a_replay_gets_the_recorded_events_and_types_nothing() {
    let (path, events) = fixture();
    let shown = path.to_str().unwrap();
    let serving = Serving::replay(&["--no-auth", "--replay", shown, "--replay-speed", "max"]);
    let mut client = crate::support::server::Client::connect(serving.address).await;
    let hello = client.expect("hello").await;
    assert_eq!(hello["epoch"], events[0]["epoch"]);
    let since = json!({ "epoch": hello["epoch"], "seq": 0 });
    let subscribe = json!({ "action": "subscribe", "since": since });
    let subscribed = client.ask(subscribe, "subscribed").await;
    assert_eq!(subscribed["recovered"], true, "{subscribed}");
    for expected in &events {
        let mut event = client.next().await;
        while event["type"] == "bookmark" {
            event = client.next().await;
        }
        assert_eq!(event, *expected);
    }
    let keys = json!({ "action": "send-keys", "target": { "pane": "%1" }, "keys": ["Enter"] });
    client.send(keys).await;
    let error = client.find("error").await;
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!("RECORDING"), &json!(false))
    );
    client
        .send(json!({ "action": "snapshot", "screen": true }))
        .await;
    let snapshot = client.find("snapshot").await;
    assert_eq!(snapshot["seq"], json!(events.len()), "{snapshot}");
    assert!(
        snapshot
            .to_string()
            .contains("what is served is a recording"),
        "{snapshot}"
    );
    serving.signal(Signal::TERM);
    client.find("shutdown").await;
    assert_eq!(client.close_code().await, Some(4001));
    let (code, log, _) = serving.ended_within(SOON);
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_file_that_is_no_whole_recording_is_refused_with_its_line() {
    let home = Home::new();
    let (path, _) = fixture();
    let whole = fs::read_to_string(path).unwrap();
    let cut = &whole[..whole.len() / 2];
    let line = format!("line {} of the recording", cut.lines().count());
    let rows = [
        ("cut", Some(cut), &*line),
        (
            "text",
            Some("hello\n"),
            "line 1 of the recording: this is no recording",
        ),
        ("absent", None, "No such file"),
        (".", None, "no plain file"),
    ];
    for (name, content, expected) in rows {
        if let Some(content) = content {
            home.write(name, content);
        }
        let path = home.path().join(name);
        let arguments = ["serve", "--no-auth", "--listen", "127.0.0.1:0", "--replay"];
        let run = Run::of(home.muxwire(arguments).arg(&path));
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains(expected), "{expected}: {run:?}");
        assert!(run.stderr.contains(path.to_str().unwrap()), "{run:?}");
        assert_eq!(run.stdout, "", "it doesn't listen");
    }
}

/// A server that comes at once and goes 400 ms later.
const SHORT: &str = r#"{"muxwire_recording":1,"tmux":"3.8","started":"2026-11-20T06:00:00Z"}
[0,0,"=","server 1 1700000000 $0 3.8"]
[400000,0,"=","no-server gone"]
[400000,0,"=","end"]
"#;

#[tokio::test]
async fn a_replay_keeps_the_recorded_pace_or_none() {
    for (speed, at_least) in [(Speed::Original, 390), (Speed::Max, 0)] {
        let recording = Recording::from_bytes(SHORT).unwrap();
        let hub = Hub::new(HistoryLimits::default(), recording.epoch().clone());
        let (handle, requests) = Handle::pair();
        let ends = Ends {
            demand: handle.demand().clone(),
            hub: hub.clone(),
            counters: Arc::new(Counters::default()),
            requests,
        };
        let cancel = CancellationToken::new();
        let mut reader = hub.reader();
        let begun = Instant::now();
        let playing = tokio::spawn(replay(recording, speed, ends, cancel.clone()));
        let mut published = Vec::new();
        while published.len() < 2 {
            match reader.pull() {
                Next::Event(event) => {
                    published.push(format!("{} {}", event.change.kind.label(), event.at));
                }
                _ => reader.readable().await,
            }
        }
        let took = begun.elapsed();
        assert!(
            took >= Duration::from_millis(at_least),
            "{speed:?}: {took:?}"
        );
        let expected = [
            "server.connected 2026-11-20T06:00:00Z",
            "server.lost 2026-11-20T06:00:00.4Z",
        ];
        assert_eq!(published, expected);
        refuses(&handle).await;
        cancel.cancel();
        playing.await.unwrap().unwrap();
    }
}

/// A client that asks for something gets an answer, after the end too.
async fn refuses(handle: &Handle) {
    let pane = PaneId(0);
    let request = InputRequest {
        client: muxwire::bridge::ClientNumber::next(),
        pane,
        keys: vec![Key::Named("Enter".to_owned())],
        cancel_mode: false,
        submit_delay: None,
    };
    let everybody = Principal::unrestricted();
    let request = everybody.authorize(Permission::Write, ["main"], request);
    assert_eq!(
        handle.input(request.unwrap()).await,
        Err(InputError::Recording)
    );
    let request = ScreensRequest {
        panes: vec![pane],
        redacted: false,
    };
    let panes = everybody.authorize(Permission::Read, ["main"], request);
    let screens = handle.screens(panes.unwrap()).await;
    assert_eq!(screens, [(pane, Err(ScreenError::Recording))]);
}
