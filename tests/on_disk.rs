//! The history on disk behind the running program: clients that go on over stops, kills and starts, and files that can't be
//! used.

#[cfg(target_os = "linux")]
mod full;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muxwire::history::{Pattern, Reader, SearchQuery};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::fold::Folded;
use crate::support::program::Home;
use crate::support::random::Random;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, pause, signal, wait_until,
};

fn settings(folder: &Path) -> [(&str, &str); 4] {
    [
        // However slow the disk is, what is stopped writes all of it.
        ("MUXWIRE_SERVER_SHUTDOWN_TIMEOUT", "300s"),
        ("MUXWIRE_HISTORY_ENABLED", "true"),
        ("MUXWIRE_HISTORY_PATH", folder.to_str().unwrap()),
        ("MUXWIRE_SECURITY_REQUIRE_AUTH", "false"),
    ]
}

fn serve(server: &TmuxServer, folder: &Path) -> Serving {
    Serving::start_with(server, &[], &settings(folder))
}

/// The one file of a folder.
fn file(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files = files.filter(|path| path.extension().is_some_and(|end| end == "db"));
    files.next().unwrap()
}

/// A client that has taken in a snapshot and follows all events but figures.
struct Follower {
    client: Client,
    folded: Folded,
    position: Value,
    /// Behind which offset the bytes of each pane go on.
    ends: BTreeMap<String, u64>,
}

impl Follower {
    async fn new(serving: &Serving) -> Self {
        let mut client = serving.client().await;
        let snapshot = client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        let position = json!({ "epoch": snapshot["epoch"], "seq": snapshot["seq"] });
        let folded = Folded::of_snapshot(&snapshot);
        Self {
            client,
            folded,
            position,
            ends: BTreeMap::new(),
        }
    }

    /// Goes on from its position; whether that could be had.
    async fn resume(&mut self, serving: &Serving) -> bool {
        self.client = serving.client().await;
        let message = json!({ "action": "subscribe", "since": self.position });
        let subscribed = self.client.ask(message, "subscribed").await;
        subscribed["recovered"] == true
    }

    /// Takes in what comes until it has come to what a new snapshot shows, and gives the types of it.
    async fn catch_up(&mut self, serving: &Serving) -> Vec<String> {
        let mut types = Vec::new();
        let other = Self::new(serving).await;
        let until = other.position["seq"].as_u64().unwrap();
        while self.position["seq"].as_u64().unwrap() < until {
            let message = self.client.next().await;
            types.extend(self.take(&message));
        }
        types
    }

    /// Takes in a message. Gives the type if it is an event.
    fn take(&mut self, message: &Value) -> Option<String> {
        let kind = message["type"].as_str().unwrap().to_owned();
        if kind == "bookmark" {
            self.position["seq"] = message["seq"].clone();
        }
        let data = message
            .get("data")
            .filter(|_| message.get("seq").is_some())?;
        assert!(message["seq"].as_u64() > self.position["seq"].as_u64());
        self.position["seq"] = message["seq"].clone();
        self.folded.apply(message);
        if kind == "pane.output" {
            let pane = message["pane"].as_str().unwrap().to_owned();
            let number = |field: &str| data[field].as_u64().unwrap();
            let end = self.ends.entry(pane).or_default();
            assert!(
                number("offset") >= *end,
                "these bytes came before: {message}"
            );
            *end = number("offset") + number("bytes");
        }
        Some(kind)
    }

    /// Follows until a window has this name.
    async fn until_renamed(&mut self, name: &str) {
        loop {
            let message = self.client.next().await;
            self.take(&message);
            if message["type"] == "window.renamed" && message["data"]["name"] == name {
                return;
            }
        }
    }

    /// Follows until a snapshot stands at the same place, and holds the same.
    async fn settle(&mut self, serving: &Serving) {
        for _ in 0..2000 {
            self.catch_up(serving).await;
            let snapshot = Self::new(serving).await;
            if snapshot.position == self.position {
                assert_eq!(self.folded, snapshot.folded);
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// Takes in all that comes until the connection ends.
    async fn drain(&mut self) {
        while let Ok(message) = self.client.read().await {
            self.take(&message);
        }
    }
}

/// Asks until this run is connected to tmux. The state that an earlier one left is there before.
async fn until_connected(serving: &Serving, session: &str) {
    let mut client = serving.client().await;
    for _ in 0..2000 {
        let open = json!({ "action": "open", "target": { "session": session } });
        client.send(open).await;
        if client.next().await["code"] != "TMUX_UNAVAILABLE" {
            return;
        }
        pause(Duration::from_millis(5)).await;
    }
    panic!("never connected");
}

/// Asks until the state shows these sessions, and each of them is streamed by this run.
async fn until_streamed(serving: &Serving, names: &[&str]) {
    until_connected(serving, names[0]).await;
    for _ in 0..2000 {
        let mut client = serving.client().await;
        let snapshot = client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        let sessions = snapshot["sessions"].as_array().unwrap();
        let streams = |name: &&str| {
            let mut found = sessions.iter().filter(|session| session["name"] == **name);
            found.any(|session| session["streamed"] == true)
        };
        if names.iter().all(streams) {
            return;
        }
        pause(Duration::from_millis(5)).await;
    }
    panic!("never all of {names:?}");
}

#[test]
fn a_client_goes_on_over_a_stop_and_a_start_of_muxwire() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("kept", "cat");
        server.new_session("gone", "cat");
        let folder = tempfile::tempdir().unwrap();
        let mut serving = serve(&server, folder.path());
        until_streamed(&serving, &["kept", "gone"]).await;
        let mut follower = Follower::new(&serving).await;
        serving.signal(Signal::TERM);
        serving.wait(SOON);
        // What happens while muxwire is away is told as what has changed.
        server.run(["kill-session", "-t", "=gone"]);
        server.new_session("new", "cat");
        server.run(["rename-window", "-t", "=kept:", "renamed"]);
        let serving = serve(&server, folder.path());
        until_streamed(&serving, &["kept", "new"]).await;
        assert!(follower.resume(&serving).await);
        let types = follower.catch_up(&serving).await;
        for expected in [
            "session.removed",
            "session.created",
            "window.renamed",
            "pane.gap",
        ] {
            assert!(types.iter().any(|kind| kind == expected), "{types:?}");
        }
        for wrong in ["server.lost", "server.connected"] {
            assert!(!types.iter().any(|kind| kind == wrong), "{types:?}");
        }
        let snapshot = Follower::new(&serving).await;
        assert_eq!(follower.folded, snapshot.folded);
    });
}

#[test]
fn regression_a_server_that_an_earlier_run_knew_is_not_ready_before_it_is_attached_to() {
    let server = TmuxServer::start(any_program());
    server.new_session("kept", "cat");
    let folder = tempfile::tempdir().unwrap();
    let mut serving = serve(&server, folder.path());
    let is_ready = |serving: &Serving| serving.get("/readyz").starts_with("HTTP/1.1 200");
    wait_until("it is ready", SOON, || is_ready(&serving));
    serving.signal(Signal::TERM);
    serving.wait(SOON);
    // Nobody can attach now.
    signal(server.pid(), Signal::STOP);
    let serving = serve(&server, folder.path());
    let said = serving.get("/readyz");
    signal(server.pid(), Signal::CONT);
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    wait_until("it is ready", SOON, || is_ready(&serving));
}

#[test]
fn regression_a_start_that_fails_is_no_run() {
    let server = TmuxServer::start(any_program());
    server.new_session("kept", "cat");
    let folder = tempfile::tempdir().unwrap();
    let mut serving = serve(&server, folder.path());
    wait_until("it is ready", SOON, || {
        serving.get("/readyz").starts_with("HTTP/1.1 200")
    });
    serving.signal(Signal::TERM);
    serving.wait(SOON);
    // Its address is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let mut failing = home.muxwire(["serve", "--listen", &address]);
    failing.arg("-S").arg(server.socket());
    failing.env("MUXWIRE_SERVER_TMUX", &server.program().path);
    failing.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    failing.envs(settings(folder.path()));
    let failed = failing.output().unwrap();
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(said.contains("can't listen"), "{said}");
    let serving = serve(&server, folder.path());
    let log = serving.log();
    assert!(log.contains("ended_in_order=true"), "{log}");
}

/// Waits until the file holds all up to this place.
fn until_written(folder: &Path, position: &Value) {
    let place = position["seq"].as_i64().unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = Connection::open_with_flags(file(folder), flags).unwrap();
    let question = "SELECT last_seq FROM runs ORDER BY id DESC LIMIT 1";
    wait_until("the history is written", SOON, || {
        let last: rusqlite::Result<i64> = store.query_row(question, [], |row| row.get(0));
        last.is_ok_and(|last| last >= place)
    });
}

#[test]
fn a_client_goes_on_over_a_kill_of_muxwire() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("kept", "cat");
        server.new_session("gone", "cat");
        let folder = tempfile::tempdir().unwrap();
        let mut serving = serve(&server, folder.path());
        until_streamed(&serving, &["kept", "gone"]).await;
        let mut follower = Follower::new(&serving).await;
        until_written(folder.path(), &follower.position);
        serving.signal(Signal::KILL);
        serving.wait(SOON);
        server.run(["kill-session", "-t", "=gone"]);
        server.new_session("new", "cat");
        let serving = serve(&server, folder.path());
        until_streamed(&serving, &["kept", "new"]).await;
        let before = follower.position.clone();
        assert!(follower.resume(&serving).await);
        let types = follower.catch_up(&serving).await;
        for expected in ["session.removed", "session.created", "pane.gap"] {
            assert!(types.iter().any(|kind| kind == expected), "{types:?}");
        }
        for wrong in ["server.lost", "server.connected"] {
            assert!(!types.iter().any(|kind| kind == wrong), "{types:?}");
        }
        let snapshot = Follower::new(&serving).await;
        assert_eq!(follower.folded, snapshot.folded);
        assert_eq!(follower.position["epoch"], before["epoch"]);
        // One who has seen an event that was never written learns that it can't go on.
        let unwritten = before["seq"].as_u64().unwrap() + 1_000_000;
        follower.position = json!({ "epoch": before["epoch"], "seq": unwritten });
        assert!(!follower.resume(&serving).await);
        follower.client.find("snapshot").await;
    });
}

#[test]
fn a_client_learns_that_another_tmux_server_answers_after_a_kill() {
    for_each_version_async(async |program| {
        let mut server = TmuxServer::start(&program);
        server.new_session("kept", "cat");
        let folder = tempfile::tempdir().unwrap();
        let mut serving = serve(&server, folder.path());
        until_streamed(&serving, &["kept"]).await;
        let mut follower = Follower::new(&serving).await;
        until_written(folder.path(), &follower.position);
        serving.signal(Signal::KILL);
        serving.wait(SOON);
        server.kill();
        server.boot();
        server.new_session("new", "cat");
        let serving = serve(&server, folder.path());
        until_streamed(&serving, &["new"]).await;
        assert!(follower.resume(&serving).await);
        let types = follower.catch_up(&serving).await;
        for expected in ["session.removed", "server.lost", "server.connected"] {
            assert!(types.iter().any(|kind| kind == expected), "{types:?}");
        }
        let snapshot = Follower::new(&serving).await;
        assert_eq!(follower.folded, snapshot.folded);
    });
}

/// What a pane printed while nobody listened is a gap to those who follow events, and a snapshot to those who show the pane.
#[test]
fn what_a_pane_printed_while_muxwire_was_away_is_on_its_snapshot() {
    for_each_version_async(async |program| {
        for kind in [Signal::TERM, Signal::KILL] {
            let server = TmuxServer::start(&program);
            server.new_session("kept", "cat");
            let folder = tempfile::tempdir().unwrap();
            let mut serving = serve(&server, folder.path());
            until_streamed(&serving, &["kept"]).await;
            let pane = server.value("=kept:", "#{pane_id}");
            let mut client = serving.client().await;
            let open = json!({ "action": "open", "target": { "pane": pane } });
            let opened = client.ask(open, "opened").await;
            let snapshot = client.find("pane.snapshot").await;
            let offset = snapshot["data"]["offset"].clone();
            let follower = Follower::new(&serving).await;
            until_written(folder.path(), &follower.position);
            serving.signal(kind);
            serving.wait(SOON);
            server.run(["send-keys", "-t", "=kept:", "while-away", "Enter"]);
            wait_until("cat has printed it", SOON, || {
                let screen = server.run(["capture-pane", "-p", "-t", "=kept:"]);
                screen.matches("while-away").count() == 2
            });
            let serving = serve(&server, folder.path());
            until_streamed(&serving, &["kept"]).await;
            let mut client = serving.client().await;
            let since = json!({ "epoch": opened["epoch"], "offset": offset });
            let open = json!({ "action": "open", "target": { "pane": pane }, "since": since });
            let again = client.ask(open, "opened").await;
            assert_eq!(again["recovered"], false, "{again}");
            assert_eq!(again["epoch"], opened["epoch"]);
            let snapshot = client.find("pane.snapshot").await;
            let lines = snapshot["data"]["primary"]["lines"].to_string();
            assert_eq!(lines.matches("while-away").count(), 2, "{snapshot}");
            // No offset is ever two bytes.
            assert!(snapshot["data"]["offset"].as_u64() >= offset.as_u64());
            server.run(["send-keys", "-t", "=kept:", "afterwards", "Enter"]);
            let output = client.find("pane.output").await;
            assert!(output["data"]["offset"].as_u64() >= snapshot["data"]["offset"].as_u64());
        }
    });
}

#[tokio::test]
async fn what_a_pane_printed_is_found_while_muxwire_runs() {
    let server = TmuxServer::start(any_program());
    server.new_session("kept", "echo a needle in the hay; cat");
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(&server, folder.path());
    until_streamed(&serving, &["kept"]).await;
    server.run(["send-keys", "-t", "=kept:", "thread", "Enter"]);
    let path = file(folder.path());
    let reader = Reader::open(&path, (Vec::new(), false)).unwrap();
    let query = SearchQuery {
        pattern: Pattern::Words("thread".to_owned()),
        panes: Vec::new(),
        sessions: vec!["kept".parse().unwrap()],
        severity: None,
        from: None,
        to: None,
        before: None,
        limit: 10,
    };
    let mut found = false;
    for _ in 0..4000 {
        found = !reader.search(query.clone()).await.unwrap().found.is_empty();
        if found {
            break;
        }
        pause(Duration::from_millis(10)).await;
    }
    assert!(found, "a line that has come to stand is found");
    for name in fs::read_dir(folder.path()).unwrap() {
        let mode = name.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[tokio::test]
async fn a_file_that_cant_be_used_is_named_and_all_else_goes_on() {
    let server = TmuxServer::start(any_program());
    let folder = tempfile::tempdir().unwrap();
    let mut first = serve(&server, folder.path());
    until_streamed(&first, &["main"]).await;
    let path = file(folder.path());
    // Another one of the same server and the same folder.
    let second = serve(&server, folder.path());
    until_streamed(&second, &["main"]).await;
    assert!(
        second.log().contains("another muxwire writes"),
        "{}",
        second.log()
    );
    drop(second);
    first.signal(Signal::TERM);
    first.wait(SOON);

    // One that others may read.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let open = serve(&server, folder.path());
    until_streamed(&open, &["main"]).await;
    assert!(open.log().contains("chmod go-rwx"), "{}", open.log());
    drop(open);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

    // One of a newer muxwire.
    let mut bytes = fs::read(&path).unwrap();
    let version = u32::from_be_bytes(bytes[60..64].try_into().unwrap());
    bytes[60..64].copy_from_slice(&(version + 1).to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let newer = serve(&server, folder.path());
    until_streamed(&newer, &["main"]).await;
    assert!(newer.log().contains("newer muxwire"), "{}", newer.log());
    drop(newer);
    assert_eq!(fs::read(&path).unwrap(), bytes, "it is not touched");

    // One that is damaged: a new one is begun.
    fs::write(&path, vec![0x5a; 20_000]).unwrap();
    let anew = serve(&server, folder.path());
    until_streamed(&anew, &["main"]).await;
    let log = anew.log();
    assert!(
        log.contains("damaged-1") && log.contains("history is kept"),
        "{log}"
    );
}

/// One thing that somebody does in tmux.
fn act(server: &TmuxServer, which: usize, number: usize) {
    match which {
        0 => drop(server.run(["rename-window", "-t", "=kept:", &format!("name{number}")])),
        1 => drop(server.new_window("exec cat")),
        2 => {
            server.new_session(&format!("more{number}"), "cat");
        }
        3 => drop(server.run(["send-keys", "-t", "=kept:", "C-v", "C-g", "Enter"])),
        _ => drop(server.run([
            "send-keys",
            "-t",
            "=kept:",
            &format!("line {number}"),
            "Enter",
        ])),
    }
}

/// At random moments muxwire is killed, and things happen while it is away. Whoever resumes gets everything once, with a
/// `log.gap` where something may be lost, or learns that its position is not recoverable; and no offset of a pane is two bytes.
#[test]
fn nothing_is_lost_untold_or_doubled_over_kills_at_random_moments() {
    let kills = std::env::var("MUXWIRE_TEST_KILLS").map_or(3, |kills| kills.parse().unwrap());
    for_each_version_async(async |program| {
        let mut random = Random::new(17);
        let server = TmuxServer::start(&program);
        server.new_session("kept", "cat");
        let folder = tempfile::tempdir().unwrap();
        let mut serving = serve(&server, folder.path());
        until_streamed(&serving, &["kept"]).await;
        let mut follower = Follower::new(&serving).await;
        assert!(follower.resume(&serving).await);
        until_written(folder.path(), &follower.position);
        let mut recovered = 0;
        for kill in 0..kills {
            if random.below(3) > 0 {
                until_written(folder.path(), &follower.position);
            }
            let stays = random.below(2) == 0;
            for number in 0..1 + random.below(8) {
                act(&server, random.below(8), 100 * kill + number);
            }
            serving.signal(Signal::KILL);
            if stays {
                follower.drain().await;
            }
            serving.wait(SOON);
            act(&server, random.below(8), 100 * kill + 99);
            serving = serve(&server, folder.path());
            until_streamed(&serving, &["kept"]).await;
            assert!(!serving.log().contains("damaged"), "{}", serving.log());
            if follower.resume(&serving).await {
                recovered += 1;
                let types = follower.catch_up(&serving).await;
                assert!(types.iter().any(|kind| kind == "log.gap"), "{types:?}");
            } else {
                let snapshot = follower.client.find("snapshot").await;
                assert_eq!(snapshot["epoch"], follower.position["epoch"]);
                follower.position["seq"] = snapshot["seq"].clone();
                follower.folded = Folded::of_snapshot(&snapshot);
            }
            follower.settle(&serving).await;
        }
        serving.signal(Signal::TERM);
        serving.wait(SOON);
        let store = Connection::open(file(folder.path())).unwrap();
        let found = "PRAGMA integrity_check";
        let found: String = store.query_row(found, [], |row| row.get(0)).unwrap();
        assert_eq!(found, "ok");
        eprintln!("tmux {}: {recovered} of {kills} recovered", program.version);
    });
}
