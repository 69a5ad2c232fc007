//! Live panes on the real thing: `muxwire serve` as a process, every tmux found, programs in panes, WebSocket clients.

mod follower;
mod lagging;
mod resuming;
mod sizes;
mod terminals;
mod typing;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::random::Random;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{Program, SOON, TmuxServer, wait_until, wait_until_async};

/// muxwire in front of a private tmux server that holds whatever was put there before.
struct Scene {
    /// It goes before the server that it is linked to.
    serving: Serving,
    server: TmuxServer,
}

impl Scene {
    /// Starts muxwire with settings, which are variables of its environment, and waits until it is linked.
    fn start(server: TmuxServer, settings: &[(&str, &str)]) -> Self {
        let serving = serve(&server, settings);
        Self { serving, server }
    }

    /// A terminal's client, which has not connected yet.
    async fn terminal(&self, path: &str) -> Client {
        self.serving
            .client_at(&format!("/ws/terminal/{path}"), "muxwire.v1")
            .await
    }

    /// Starts muxwire anew, while tmux and what runs in it go on.
    fn restart(&mut self) {
        self.serving.signal(rustix::process::Signal::TERM);
        self.serving.wait(SOON);
        wait_until("no link is left", SOON, || self.server.clients().is_empty());
        self.serving = serve(&self.server, &[]);
    }
}

fn serve(server: &TmuxServer, settings: &[(&str, &str)]) -> Serving {
    let serving = Serving::start_with(server, &["--no-auth"], settings);
    linked(server);
    serving
}

/// Waits until each session has its link: a change while one attaches can end the servers of some versions.
fn linked(server: &TmuxServer) {
    let sessions = server.run(["list-sessions", "-F", "#S"]).lines().count();
    wait_until("the links", SOON, || server.clients().len() == sessions + 1);
}

/// A pane of which the test decides what it prints, and when: it shows what comes through a pipe, byte for byte.
struct Printer {
    pane: String,
    pipe: File,
}

impl Printer {
    /// A new session of this name with one such pane.
    fn new(server: &TmuxServer, name: &str) -> Self {
        let (pipe, path) = pipe(server, name);
        let (_, pane) = server.new_session(name, &shows(&path));
        Self { pane, pipe }
    }

    /// The same, in a window of the session `main`.
    fn window(server: &TmuxServer, name: &str) -> Self {
        let (pipe, path) = pipe(server, name);
        let command = shows(&path);
        let arguments = ["new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=main:"];
        let pane = server.run(arguments.into_iter().chain([&*command]));
        let pane = pane.trim().to_owned();
        Self { pane, pipe }
    }

    /// Gives bytes to the program in the pane. Returns how long the longest write took.
    fn print(&self, bytes: &[u8]) -> Duration {
        let mut longest = Duration::ZERO;
        for piece in bytes.chunks(PIECE) {
            let since = Instant::now();
            (&self.pipe).write_all(piece).unwrap();
            longest = longest.max(since.elapsed());
        }
        longest
    }
}

/// What is written to a printer at once, and what its pipe holds.
const PIECE: usize = 4096;

fn pipe(server: &TmuxServer, name: &str) -> (File, PathBuf) {
    let path = server.folder().join(name);
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success(), "mkfifo {}", path.display());
    // To open it for both directions waits for nobody.
    let pipe = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    // What the program does not read is soon the writer's matter, as it would be if the writer were the program.
    rustix::pipe::fcntl_setpipe_size(&pipe, PIECE).unwrap();
    (pipe, path)
}

fn shows(path: &std::path::Path) -> String {
    format!("stty raw -echo; exec cat '{}'", path.display())
}

/// Lines of text with colours and wide characters, each of which is known by its number.
fn lines(first: usize, bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 128);
    let mut random = Random::new(first as u64);
    let mut number = first;
    while text.len() < bytes {
        let colour = 31 + number % 7;
        let noise = random.next();
        write!(
            text,
            "\x1b[{colour}mline {number:08}\x1b[0m {noise:016x} \u{4e2d}\u{6587} \u{e9}\u{1f600} the rest of it\r\n"
        )
        .unwrap();
        number += 1;
    }
    text
}

/// The visible lines of a pane, without blanks at their ends.
fn captured(server: &TmuxServer, pane: &str) -> Vec<String> {
    let captured = server.run(["capture-pane", "-p", "-t", pane]);
    captured
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// Waits until tmux shows this at the end of a pane.
fn shown(server: &TmuxServer, pane: &str, end: &str) {
    wait_until(end, SOON, || {
        let lines = captured(server, pane);
        lines
            .iter()
            .rev()
            .find(|line| !line.is_empty())
            .map(|line| line.contains(end))
            == Some(true)
    });
}

/// The first bound of a wait that a busy machine may take long for.
const LONG: Duration = Duration::from_secs(120);

/// A request to open a pane.
fn open(pane: &str) -> Value {
    json!({ "action": "open", "id": 1, "target": { "pane": pane } })
}

/// Waits for a value of a format.
async fn value_is(server: &TmuxServer, target: &str, format: &str, expected: &str) {
    let mut last = String::new();
    let reached = || {
        last = server.value(target, format);
        last == expected
    };
    wait_until_async(&format!("{target}: {format} = {expected}"), SOON, reached).await;
}

/// How large the floods are: this many MiB, or as many as the variable says.
fn flood_bytes(usual: usize) -> usize {
    let asked = std::env::var("MUXWIRE_TEST_FLOOD_MIB").ok();
    asked.map_or(usual, |asked| asked.parse().unwrap()) << 20
}

/// A version, for messages.
fn named(program: &Program) -> String {
    program.version.to_string()
}
