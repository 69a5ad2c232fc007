//! The audit log of the running program, in front of a real tmux: what stands in it, and that nothing is typed that can't
//! be recorded there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::{Value, json};

use crate::support::program::{Home, Run};
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, pause, wait_until};

/// Between two questions whether a session is known.
const LOOK: Duration = Duration::from_millis(20);

/// A pane in which what is typed goes to a file, byte for byte.
fn raw_session(server: &TmuxServer, name: &str) -> PathBuf {
    let file = server.folder().join(name);
    let script = format!("stty raw -echo; : > {0}; exec cat >> {0}", file.display());
    server.new_session(name, &script);
    wait_until("the pane is ready", SOON, || file.exists());
    file
}

fn create(home: &Home, arguments: &str) -> String {
    let made = home.run(&format!("token create {arguments}"));
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.trim().to_owned()
}

async fn let_in(serving: &Serving, token: &str) -> Client {
    let mut client = serving.client().await;
    let auth = json!({ "action": "auth", "token": token });
    client.ask(auth, "auth.response").await;
    client
}

fn type_into(session: &str, text: &str) -> Value {
    json!({ "action": "send-keys", "target": { "session": session }, "text": text })
}

/// Types once the session is known.
async fn type_soon(client: &mut Client, session: &str, text: &str) -> Value {
    let since = Instant::now();
    loop {
        let snapshot = client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        let mut sessions = snapshot["sessions"].as_array().unwrap().iter();
        if sessions.any(|one| one["name"] == session) {
            return client.next_of(type_into(session, text)).await;
        }
        assert!(since.elapsed() < SOON, "{session} is not known");
        // No more often than a client may ask.
        pause(LOOK).await;
    }
}

/// The lines of the log that fit.
fn shown(home: &Home, arguments: &str) -> Vec<Value> {
    let run = home.run(&format!("audit show --json {arguments}"));
    assert_eq!(run.code, Some(0), "{run:?}");
    let lines = run.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn verified(home: &Home) -> Run {
    let run = home.run("audit verify");
    assert_eq!(run.code, Some(0), "{run:?}");
    run
}

fn folder(home: &Home) -> PathBuf {
    home.state_dir().join("audit/1")
}

#[tokio::test]
async fn a_log_records_the_whole_story_and_no_secret() {
    let server = TmuxServer::start(any_program());
    raw_session(&server, "api-1");
    raw_session(&server, "hidden");
    let home = Home::new();
    let token = create(&home, "--name ci-bot --allow write --session api-*");
    let admin = create(&home, "--name boss --allow admin");
    let mut serving = Serving::start_in(home, &server, &[], &[]);
    let mut client = let_in(&serving, &token).await;
    assert_eq!(
        type_soon(&mut client, "api-1", "hunter2").await["success"],
        true
    );
    for (session, reason) in [
        ("hidden", "scope"),
        ("\u{1b}]52;c;AAAA\u{7}\u{202e}", "missing"),
    ] {
        assert_eq!(
            client.refused(type_into(session, "x")).await,
            "NOT_FOUND",
            "{reason}"
        );
    }
    assert_eq!(
        client.refused(json!({ "action": "clients" })).await,
        "PERMISSION_DENIED"
    );
    let mut wrong = serving.client().await;
    let damaged = format!("{}x", &token[..token.len() - 1]);
    wrong
        .send(json!({ "action": "auth", "token": damaged }))
        .await;
    assert_eq!(wrong.close_code().await, Some(4500));
    let mut boss = let_in(&serving, &admin).await;
    let end = json!({ "action": "disconnect", "client_id": "c1", "reason": "enough" });
    boss.ask(end, "disconnected").await;
    assert_eq!(client.close_code().await, Some(4504));
    serving.signal(Signal::TERM);
    serving.wait(SOON);

    verified(&serving.home);
    let all = shown(&serving.home, "");
    let story: Vec<(&str, &str)> = all
        .iter()
        .filter(|line| line["client"] != "c3" || line["action"] == "client.closed")
        .map(|line| {
            (
                line["action"].as_str().unwrap(),
                line["reason"].as_str().unwrap_or(""),
            )
        })
        .filter(|(action, _)| !action.starts_with("client.dis"))
        .collect();
    let expected = [
        ("server.started", ""),
        ("client.connected", ""),
        ("auth.succeeded", ""),
        ("input", ""),
        ("denied", "scope"),
        ("denied", "missing"),
        ("denied", "permission"),
        ("client.connected", ""),
        ("auth.failed", "malformed"),
        ("client.closed", "enough"),
        ("server.stopped", ""),
    ];
    assert_eq!(story, expected);
    let gone = |client: &str| {
        let of = all
            .iter()
            .find(|line| line["client"] == client && line["action"] == "client.disconnected");
        of.unwrap()["code"].clone()
    };
    assert_eq!(
        ["c1", "c2", "c3"].map(gone),
        [json!(4504), json!(4500), json!(4001)]
    );
    let input = &all[3];
    for (field, value) in [
        ("client", json!("c1")),
        ("name", json!("ci-bot")),
        ("session", json!("api-1")),
        ("bytes", json!(7)),
    ] {
        assert_eq!(input[field], value, "{input}");
    }
    assert_eq!(input["hmac"].as_str().unwrap().len(), 64);
    // Filters, each of which leaves what it says.
    let rows = [
        ("--client c1", 6),
        ("--name ci-*", 6),
        ("--session api-*", 1),
        ("--session hidden", 0),
        ("--action auth.*", 3),
        ("--action input --action denied", 4),
        ("--since 1h", all.len()),
        ("--until 1h", 0),
        (
            "--since 2020-01-01T00:00:00Z --until 2020-01-02T00:00:00Z",
            0,
        ),
    ];
    for (arguments, count) in rows {
        let found = shown(&serving.home, arguments);
        let actions: Vec<_> = found.iter().map(|line| &line["action"]).collect();
        let at_least = arguments.starts_with("--client") || arguments.starts_with("--name");
        assert!(
            found.len() == count || at_least && found.len() > count,
            "{arguments}: {actions:?}"
        );
    }
    // For people, nothing that a client chose acts on the terminal; and no secret is in any file.
    let text = serving.home.run("audit show").stdout;
    assert!(text.contains("\\u001b]52;c;AAAA\\u0007\\u202e"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    let file = fs::read_to_string(folder(&serving.home).join("audit.ndjson")).unwrap();
    for secret in [
        "hunter2",
        token.split('_').nth(2).unwrap(),
        admin.split('_').nth(2).unwrap(),
    ] {
        assert!(!file.contains(secret));
    }
}

/// Each makes the log unwritable, and mends it.
type Breakage = (&'static str, fn(&Serving, &Path), fn(&Serving, &Path));

fn limit_files(serving: &Serving, most: Option<u64>) {
    let pid = Pid::from_raw(serving.pid().cast_signed());
    let limit = Rlimit {
        current: most,
        maximum: None,
    };
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

const BREAKAGES: [Breakage; 3] = [
    (
        "no file may grow",
        // A part of a line still fits.
        |serving, file| limit_files(serving, Some(fs::metadata(file).unwrap().len() + 40)),
        |serving, _| limit_files(serving, None),
    ),
    (
        "a folder stands in its place",
        |_, file| {
            fs::rename(file, file.with_extension("aside")).unwrap();
            fs::create_dir(file).unwrap();
        },
        |_, file| {
            // At one stroke: in between a new file would be begun, and lost by the second.
            let aside = file.with_extension("aside");
            renameat_with(CWD, &aside, CWD, file, RenameFlags::EXCHANGE).unwrap();
            fs::remove_dir(aside).unwrap();
        },
    ),
    (
        "others may write to it",
        |_, file| fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap(),
        |_, file| fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap(),
    ),
];

#[tokio::test]
async fn nothing_is_typed_that_cannot_be_recorded() {
    let server = TmuxServer::start(any_program());
    let typed = raw_session(&server, "raw");
    let settings = [("MUXWIRE_TERMINAL_RESIZE", "client")];
    let serving = Serving::start_with(&server, &["--no-auth"], &settings);
    let mut client = serving.client().await;
    assert_eq!(type_soon(&mut client, "raw", "0").await["success"], true);
    let mut terminal = serving.client_at("/ws/terminal/raw", "muxwire.v1").await;
    terminal.ask(json!({ "type": "connect" }), "connect").await;
    let file = folder(&serving.home).join("audit.ndjson");
    let mut expected = "0".to_owned();
    for (number, (what, damage, mend)) in BREAKAGES.into_iter().enumerate() {
        damage(&serving, &file);
        for _ in 0..3 {
            let refused = client.ask(type_into("raw", "x"), "error").await;
            assert_eq!(
                (&refused["code"], &refused["retryable"]),
                (&json!("AUDIT_UNAVAILABLE"), &json!(true)),
                "{what}: {refused}"
            );
        }
        for message in [
            json!({ "type": "input", "data": "y" }),
            json!({ "type": "resize", "cols": 70, "rows": 20 }),
        ] {
            terminal.send(message).await;
            let refused = terminal.find("error").await;
            assert_eq!(refused["code"], "AUDIT_UNAVAILABLE", "{what}: {refused}");
        }
        // Reading goes on, and so does coming.
        client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        drop(serving.client().await);
        assert!(
            figures(&serving)
                .await
                .contains("\nmuxwire_audit_available 0\n"),
            "{what}"
        );
        mend(&serving, &file);
        let since = Instant::now();
        let text = (number + 1).to_string();
        while client.next_of(type_into("raw", &text)).await["type"] == "error" {
            assert!(
                since.elapsed() < Duration::from_secs(5),
                "{what}: it does not recover"
            );
        }
        expected.push_str(&text);
        wait_until("it is typed", SOON, || {
            fs::read_to_string(&typed).unwrap() == expected
        });
        assert!(
            figures(&serving)
                .await
                .contains("\nmuxwire_audit_available 1\n"),
            "{what}"
        );
        let run = verified(&serving.home);
        assert!(
            run.stdout.contains("all as they were written"),
            "{what}: {run:?}"
        );
    }
    let lost = shown(&serving.home, "--action log.unrecorded");
    assert!(
        lost.iter().all(|line| line["reason"] == "unwritable"),
        "{lost:?}"
    );
    assert!(!lost.is_empty());
}

impl Client {
    /// Sends a request and gives what comes next.
    async fn next_of(&mut self, message: Value) -> Value {
        self.send(message).await;
        self.next().await
    }
}

async fn figures(serving: &Serving) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(serving.address)
        .await
        .unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_is_typed_stays_in_order_and_a_paste_is_few_lines() {
    let server = TmuxServer::start(any_program());
    let typed = raw_session(&server, "raw");
    let serving = Serving::start_with(&server, &["--no-auth"], &[]);
    let mut client = serving.client().await;
    assert_eq!(type_soon(&mut client, "raw", ">").await["success"], true);
    let mut terminal = serving
        .client_at("/ws/terminal/raw", "muxwire.v1.bin")
        .await;
    terminal.ask(json!({ "type": "connect" }), "connect").await;
    // A mebibyte in messages as large as they may be, and keystrokes one by one.
    let all: Vec<u8> = (0..1 << 20)
        .map(|n: u32| b'a' + (n.wrapping_mul(2_654_435_761) >> 24) as u8 % 26)
        .collect();
    let parts: Vec<&[u8]> = all.chunks(60_000).collect();
    let since = Instant::now();
    for part in &parts {
        terminal.send_bytes(part.to_vec()).await;
    }
    let keys: Vec<u8> = (0..500).map(|n| b'0' + (n % 10) as u8).collect();
    for key in &keys {
        terminal.send_bytes(vec![*key]).await;
    }
    let expected = [b">".as_slice(), &all, &keys].concat();
    wait_until("all is typed", 3 * SOON, || {
        fs::metadata(&typed).unwrap().len() >= expected.len() as u64
    });
    eprintln!(
        "1 MiB in {} messages and 500 keystrokes were typed in {:?}",
        parts.len(),
        since.elapsed()
    );
    assert!(
        fs::read(&typed).unwrap() == expected,
        "what was typed is in another order"
    );
    verified(&serving.home);
    let lines = shown(&serving.home, "--action input");
    let lengths: Vec<u64> = lines
        .iter()
        .map(|line| line["bytes"].as_u64().unwrap())
        .collect();
    let sent = [1]
        .into_iter()
        .chain(parts.iter().map(|part| part.len() as u64));
    assert!(
        lengths.iter().copied().eq(sent.chain(vec![1; 500])),
        "{lengths:?}"
    );
}

#[tokio::test]
async fn whatever_was_typed_before_a_kill_is_recorded() {
    let server = TmuxServer::start(any_program());
    let typed = raw_session(&server, "raw");
    let mut home = Home::new();
    for round in 0..3 {
        let before = fs::metadata(&typed).unwrap().len();
        let recorded = |home: &Home| -> u64 {
            let lines = shown(home, "--action input");
            lines
                .iter()
                .map(|line| line["bytes"].as_u64().unwrap())
                .sum()
        };
        let recorded_before = if round == 0 { 0 } else { recorded(&home) };
        let mut serving = Serving::start_in(home, &server, &["--no-auth"], &[]);
        let mut client = serving.client().await;
        assert_eq!(type_soon(&mut client, "raw", "x").await["success"], true);
        let mut terminal = serving
            .client_at("/ws/terminal/raw", "muxwire.v1.bin")
            .await;
        terminal.ask(json!({ "type": "connect" }), "connect").await;
        for _ in 0..300 {
            terminal.send_bytes(b"k".to_vec()).await;
        }
        wait_until("some is typed", SOON, || {
            fs::metadata(&typed).unwrap().len() > before + 50
        });
        serving.signal(Signal::KILL);
        serving.wait(SOON);
        let now = fs::metadata(&typed).unwrap().len();
        let verify = serving.home.run("audit verify");
        assert_eq!(verify.code, Some(0), "{verify:?}");
        let recorded = recorded(&serving.home) - recorded_before;
        assert!(
            recorded >= now - before,
            "{} were typed, {recorded} recorded",
            now - before
        );
        home = std::mem::replace(&mut serving.home, Home::new());
    }
}

#[tokio::test]
async fn two_servers_with_one_state_directory_write_two_logs() {
    let server = TmuxServer::start(any_program());
    raw_session(&server, "raw");
    let state = tempfile::tempdir().unwrap();
    let state_dir = state.path().join("state");
    let arguments = ["--no-auth", "--state-dir", state_dir.to_str().unwrap()];
    let both = [(); 2].map(|()| Serving::start(&server, &arguments));
    for serving in &both {
        let mut client = serving.client().await;
        assert_eq!(type_soon(&mut client, "raw", "x").await["success"], true);
    }
    for mut serving in both {
        serving.signal(Signal::TERM);
        serving.wait(SOON);
    }
    let home = Home::new();
    let state_dir = state_dir.to_str().unwrap();
    let run = home.run(&format!("audit verify --json --state-dir {state_dir}"));
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reports.as_array().unwrap().len(), 2, "{reports}");
    for report in reports.as_array().unwrap() {
        assert_eq!(report["ok"], true, "{report}");
        assert!(report["lines"].as_u64() >= Some(6), "{report}");
    }
    let lines = shown(&home, &format!("--action input --state-dir {state_dir}"));
    let mut times: Vec<_> = lines
        .iter()
        .map(|line| line["time"].as_str().unwrap())
        .collect();
    assert_eq!(times.len(), 2);
    times.sort_unstable();
    assert_eq!(times[0], lines[0]["time"], "mixed by time");
    // A line is changed: which and where is printed, and the exit code says it too.
    let file = Path::new(state_dir).join("audit/2/audit.ndjson");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replacen("\"session\":\"raw\"", "\"session\":\"rav\"", 1),
    )
    .unwrap();
    let run = home.run(&format!("audit verify --state-dir {state_dir}"));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.contains("audit/2/audit.ndjson:") && run.stdout.contains("): it was changed"),
        "{run:?}"
    );
    let noted = reports[0]["noted"].as_str().unwrap();
    let run = home.run(&format!(
        "audit verify --noted {noted} --noted 7/{noted} --state-dir {state_dir}"
    ));
    assert_eq!(run.code, Some(2), "a log 7/1 is no name: {run:?}");
}

#[test]
fn a_server_without_a_usable_log_does_not_start() {
    let home = Home::new();
    let file = home.write(".local/state/muxwire/audit", "no folder");
    fs::set_permissions(home.state_dir(), fs::Permissions::from_mode(0o700)).unwrap();
    let run = home.run("serve --no-auth --listen 127.0.0.1:0 --replay fixtures/3.8/panes.mxr");
    assert_eq!(run.code, Some(1), "{run:?}");
    for part in [
        "there can be no audit log",
        "audit.enabled=false",
        file.to_str().unwrap(),
    ] {
        assert!(run.stderr.contains(part), "{part} in {run:?}");
    }
}

/// The round trips of keystrokes, one at a time, in microseconds: the median and what 99 of 100 do not pass.
async fn round_trips(server: &TmuxServer, enabled: &str) -> (u128, u128) {
    let settings = [("MUXWIRE_AUDIT_ENABLED", enabled)];
    let serving = Serving::start_with(server, &["--no-auth"], &settings);
    let mut client = serving.client().await;
    assert_eq!(type_soon(&mut client, "raw", ">").await["success"], true);
    let mut times = Vec::new();
    for _ in 0..400 {
        let since = Instant::now();
        client.ask(type_into("raw", "k"), "command.response").await;
        times.push(since.elapsed().as_micros());
    }
    times.sort_unstable();
    (times[200], times[395])
}

#[tokio::test]
async fn a_keystroke_hardly_waits_for_its_line() {
    let server = TmuxServer::start(any_program());
    raw_session(&server, "raw");
    let (without, without_p99) = round_trips(&server, "false").await;
    let (with, with_p99) = round_trips(&server, "true").await;
    eprintln!(
        "a keystroke's round trip: {without} us without the audit log (p99 {without_p99}), {with} us with it (p99 {with_p99})"
    );
    assert!(
        with < without + 10_000,
        "{without} us without, {with} us with it"
    );
}
