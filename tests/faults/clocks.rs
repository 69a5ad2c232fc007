//! A wall clock that jumps by hours, forwards and backwards, as `.ci/fetch-faketime` lets it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::recovered;
use super::witness::Witness;
use crate::support::program::Home;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{Program, TmuxServer, any_program, pause};

/// A clock that is off by as much as the test says.
struct Clock(PathBuf);

impl Clock {
    fn new(home: &Home) -> Self {
        Self(home.write("clock", "+0"))
    }

    fn jump(&self, by: &str) {
        // Replaced whole: it is read again and again.
        let new = self.0.with_extension("new");
        fs::write(&new, by).unwrap();
        fs::rename(&new, &self.0).unwrap();
    }

    /// What makes a program see this clock; nothing, and a word about it, if the library is not there.
    fn settings(&self) -> Option<Vec<(&'static str, String)>> {
        let library = std::env::var_os("MUXWIRE_FAKETIME").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/faketime/libfaketime.so.1"),
            PathBuf::from,
        );
        if !library.exists() {
            let _ = writeln!(
                std::io::stderr(),
                "JUMPS OF THE CLOCK ARE NOT TESTED: .ci/fetch-faketime gets what they need"
            );
            return None;
        }
        Some(vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ])
    }
}

/// muxwire with a clock that can jump, and two tokens: one for ever, and one for an hour.
struct Scene {
    clock: Clock,
    always: String,
    hour: String,
    serving: Serving,
    _server: TmuxServer,
}

impl Scene {
    fn start(program: &Program) -> Option<Self> {
        let home = Home::new();
        let clock = Clock::new(&home);
        let faked = clock.settings()?;
        let faked: Vec<(&str, &str)> = faked
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let create = |more: &str| {
            let made = home.run(&format!("token create --allow write {more}"));
            made.stdout.trim().to_owned()
        };
        let (always, hour) = (create("--name always"), create("--name hour --expires 1h"));
        let server = TmuxServer::start(program);
        // tmux may come with a C library of its own, which the clock's does not fit.
        let tmux = plain(&home, program);
        let own = [
            ("MUXWIRE_SERVER_PING_INTERVAL", "1s"),
            ("MUXWIRE_SERVER_TMUX", &*tmux),
        ];
        let settings = [&faked[..], &own].concat();
        let serving = Serving::start_in(home, &server, &[], &settings);
        Some(Self {
            clock,
            always,
            hour,
            serving,
            _server: server,
        })
    }

    async fn present(&self, token: &str) -> (Client, bool) {
        let mut client = self.serving.client().await;
        let auth = json!({ "action": "auth", "token": token });
        let answer = client.ask(auth, "auth.response").await;
        (client, answer["success"] == true)
    }

    async fn witness(&self) -> Witness {
        let (client, accepted) = self.present(&self.always).await;
        assert!(accepted);
        Witness::of(client).await
    }
}

/// A tmux that sees the clock as it is.
fn plain(home: &Home, program: &Program) -> String {
    let path = home.path().join("tmux").display().to_string();
    // Another process writes it: a descriptor of ours, inherited by a child of another test, would make it "text busy".
    let script = "printf '#!/bin/sh\\nunset LD_PRELOAD\\nexec \"%s\" \"$@\"\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"";
    let mut command = std::process::Command::new("sh");
    let written = command
        .args(["-c", script, "sh", &path])
        .arg(&program.path)
        .status();
    assert!(written.unwrap().success());
    path
}

#[tokio::test]
async fn a_clock_that_jumps_closes_nobody_and_forgets_nothing() {
    let program = any_program();
    let Some(scene) = Scene::start(program) else {
        return;
    };
    let mut here = scene.witness().await;
    let mut away = scene.witness().await;
    here.works("main").await;
    for (by, hours) in [
        ("+3h", 3),
        ("-5h", -5),
        ("+400d", 9600),
        ("-400d", -9600),
        ("+0", 0),
    ] {
        let since = Instant::now();
        scene.clock.jump(by);
        here.works("main").await;
        // Longer than pings: nobody is taken for silent.
        while since.elapsed() < Duration::from_millis(2500) {
            here.ask(json!({ "action": "ping" })).await;
            pause(Duration::from_millis(100)).await;
        }
        let dated: Timestamp = here.at.parse().unwrap();
        let off = dated.duration_since(Timestamp::now()).as_hours();
        assert!((off - hours).abs() <= 1, "{by}: an event is dated {dated}");
        // What happened before the jump is still there for who comes back.
        away.come_back(scene.present(&scene.always).await.0).await;
        away.agrees().await;
        here.agrees().await;
    }
}

#[tokio::test]
async fn a_token_expires_by_the_clock_as_it_is_now() {
    let program = any_program();
    let Some(scene) = Scene::start(program) else {
        return;
    };
    let (mut client, accepted) = scene.present(&scene.hour).await;
    assert!(accepted);
    let since = Instant::now();
    scene.clock.jump("+2h");
    assert_eq!(client.close_code().await, Some(4503));
    recovered(
        "clock two hours on: the expired token's client is closed",
        &program.version,
        since,
    );
    let (mut refused, accepted) = scene.present(&scene.hour).await;
    assert!(!accepted);
    assert_eq!(refused.close_code().await, Some(4500));
    scene.clock.jump("-2h");
    let (_client, accepted) = scene.present(&scene.hour).await;
    assert!(accepted, "its hour is not over any more");
}

#[tokio::test]
async fn a_ticket_lasts_as_long_as_it_was_said_whatever_the_clock_says() {
    let Some(scene) = Scene::start(any_program()) else {
        return;
    };
    for by in ["+3h", "-5h"] {
        let ticket = scene.ticket().await;
        scene.clock.jump(by);
        for (times, good) in [(1, true), (2, false)] {
            let mut client = scene.serving.client().await;
            let auth = json!({ "action": "auth", "ticket": ticket });
            let answer = client.ask(auth, "auth.response").await;
            assert_eq!(
                answer["success"], good,
                "{by}, presented {times} times: {answer}"
            );
        }
    }
}

impl Scene {
    /// A one-time ticket.
    async fn ticket(&self) -> String {
        let mut stream = TcpStream::connect(self.serving.address).await.unwrap();
        let request = format!(
            "POST /api/ticket HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
             Content-Length: 0\r\n\r\n",
            self.serving.address, self.always,
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
        body["ticket"].as_str().unwrap().to_owned()
    }
}
