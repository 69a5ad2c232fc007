//! Helpers of the live tests: the versions of tmux found, and a private server of one of them.

#![allow(dead_code, reason = "each topic uses its own part")]

pub mod archive;
pub mod bridge;
pub mod changes;
pub mod cores;
pub mod demo;
pub mod executable;
pub mod flood;
pub mod fold;
pub mod hazards;
pub mod holder;
pub mod http_sink;
pub mod jwt;
pub mod kept;
pub mod listed;
pub mod owner;
pub mod past;
pub mod program;
pub mod proxy;
pub mod push_service;
pub mod random;
pub mod relayed;
pub mod schema;
pub mod served;
pub mod server;
pub mod serving;
pub mod terminal;
pub mod tokens;
pub mod users;
pub mod views;
pub mod world;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use muxwire::ids::PaneId;
use muxwire::tmux::{SocketChoice, Tmux, Version};
use tempfile::TempDir;

/// When a test gives up: a hang, and not a machine with more to do than it has processors, is what it is to find.
pub const SOON: Duration = Duration::from_secs(60);

/// The versions that the project promises to work with; a test run says which were missing.
pub const PROMISED: [&str; 4] = ["3.1c", "3.3a", "3.5a", "3.8"];

/// One tmux program.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    pub version: Version,
}

/// Every version found in `MUXWIRE_TMUX_DIR` (or `target/tmux`, which `.ci/fetch-tmux` fills) and on PATH, oldest first.
pub fn programs() -> &'static [Program] {
    static FOUND: OnceLock<Vec<Program>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let folder = env::var_os("MUXWIRE_TMUX_DIR").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmux"),
            PathBuf::from,
        );
        let fetched = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("tmux"));
        let mut found: BTreeMap<Version, Program> = BTreeMap::new();
        for path in fetched.chain([PathBuf::from("tmux")]) {
            if let Some(version) = version_of(&path) {
                found.insert(version.clone(), Program { path, version });
            }
        }
        let missing: Vec<&str> = PROMISED
            .into_iter()
            .filter(|version| !found.keys().any(|found| found.to_string() == *version))
            .collect();
        let names: Vec<String> = found.keys().map(ToString::to_string).collect();
        // Straight to the descriptor, so that it shows although the tests' output is captured.
        let missing = if missing.is_empty() {
            "none".to_owned()
        } else {
            missing.join(", ")
        };
        let _ = writeln!(
            std::io::stderr(),
            "live tests: tmux {}; missing of the promised: {missing} (.ci/fetch-tmux gets them)",
            names.join(", ")
        );
        found.into_values().collect()
    })
}

fn version_of(program: &Path) -> Option<Version> {
    let output = Command::new(program).arg("-V").output().ok()?;
    Version::parse(&String::from_utf8_lossy(&output.stdout)).filter(Version::is_usable)
}

/// Runs a test over each version found, and names the one that failed.
pub fn for_each_version(test: impl Fn(&Program)) {
    assert!(
        !programs().is_empty(),
        "no tmux at all: install it, or run .ci/fetch-tmux"
    );
    for program in programs() {
        let guard = NameOnPanic(program);
        test(program);
        drop(guard);
    }
}

/// The same with all versions at once, for a test that mostly waits.
pub fn for_each_version_at_once(test: impl Fn(&Program) + Sync) {
    assert!(!programs().is_empty(), "no tmux at all");
    let test = &test;
    thread::scope(|scope| {
        for program in programs() {
            scope.spawn(move || {
                let guard = NameOnPanic(program);
                test(program);
                drop(guard);
            });
        }
    });
}

/// Runs an async test over each version, on the kind of runtime that muxwire itself runs on.
pub fn for_each_version_async<F: Future<Output = ()>>(test: impl Fn(Program) -> F) {
    for_each_version(|program| runtime().block_on(test(program.clone())));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// [`for_each_version_async`] with all versions at once, for a test that mostly waits.
pub fn for_each_version_at_once_async<F: Future<Output = ()>>(test: impl Fn(Program) -> F + Sync) {
    for_each_version_at_once(|program| runtime().block_on(test(program.clone())));
}

/// The newest version found: for tests in which the version doesn't matter.
pub fn any_program() -> &'static Program {
    programs()
        .last()
        .expect("no tmux at all: install it, or run .ci/fetch-tmux")
}

struct NameOnPanic<'a>(&'a Program);

impl Drop for NameOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("this was with tmux {}", self.0.version);
        }
    }
}

/// A private tmux server in a folder of its own. Dropping it ends the server and whatever hangs on it.
#[derive(Debug)]
pub struct TmuxServer {
    program: Program,
    folder: TempDir,
    pid: Option<u32>,
}

impl TmuxServer {
    /// A folder and a socket's path; the server does not run yet.
    pub fn absent(program: &Program) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("muxwire-")
            .tempdir()
            .unwrap();
        Self {
            program: program.clone(),
            folder,
            pid: None,
        }
    }

    /// A running server with one session `main`, 80 by 24, whose pane runs `cat`.
    pub fn start(program: &Program) -> Self {
        let mut server = Self::absent(program);
        server.boot();
        server
    }

    /// Starts the server (again), with one session `main`.
    pub fn boot(&mut self) {
        let session = ["new-session", "-d", "-s", "main", "-x", "80", "-y", "24"];
        let command = self.command(session.into_iter().chain(["exec cat"]));
        let status = cores::leaving_core(&command, self.folder()).status();
        assert!(status.unwrap().success(), "no server of {}", self.version());
        self.adopt();
    }

    /// Takes charge of the server that runs on the socket now.
    pub fn adopt(&mut self) {
        let pid = self.run(["display-message", "-p", "-t", "=main:", "#{pid}"]);
        self.pid = Some(pid.trim().parse().unwrap());
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    pub fn version(&self) -> &Version {
        &self.program.version
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// A folder that goes with the server, for scripts and logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.pid.expect("the server runs")
    }

    /// What the code under test gets.
    pub async fn tmux(&self) -> Tmux {
        Tmux::probe(&self.program.path, SocketChoice::Path(self.socket()))
            .await
            .unwrap()
    }

    /// A command on this server: `tmux -u -S SOCKET -f /dev/null ...`, in a small and fixed environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        self.command_through(&self.socket(), arguments)
    }

    /// The same through another socket.
    pub fn command_through<S: AsRef<OsStr>>(
        &self,
        socket: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(&self.program.path);
        command
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(socket)
            .args(arguments);
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm-256color");
        command
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        // Killing the runner of the tests must not leave clients behind.
        command.process_group(0);
        command
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let arguments: Vec<S> = arguments.into_iter().collect();
        let shown = || {
            arguments
                .iter()
                .map(|argument| argument.as_ref().to_string_lossy())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let output = self
            .try_run(&arguments)
            .unwrap_or_else(|| panic!("tmux {} hangs", shown()));
        let error = String::from_utf8_lossy(&output.stderr);
        let server = self.state();
        assert!(
            output.status.success(),
            "tmux {}: {error} ({server})",
            shown()
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command; none if it did not end in time.
    pub fn try_run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Option<Output> {
        let mut command = self.command(arguments);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_with_output(child, SOON)
    }

    /// A new window of the session `main` that runs a shell command; returns the id of its pane.
    pub fn new_window(&self, shell_command: &str) -> PaneId {
        let window = [
            "new-window",
            "-d",
            "-P",
            "-F",
            "#{pane_id}",
            "-t",
            "=main:",
            shell_command,
        ];
        self.run(window).trim().parse().unwrap()
    }

    /// A new session of 80 by 24 that runs a shell command; returns its id and that of its pane.
    pub fn new_session(&self, name: &str, shell_command: &str) -> (String, String) {
        let printed = self.run([
            "new-session",
            "-d",
            "-P",
            "-F",
            "#{session_id} #{pane_id}",
            "-s",
            name,
            "-x",
            "80",
            "-y",
            "24",
            shell_command,
        ]);
        let (session, pane) = printed.trim().split_once(' ').unwrap();
        (session.to_owned(), pane.to_owned())
    }

    /// A format's value at a target, which is a name with `=` before it or an id.
    pub fn value(&self, target: &str, format: &str) -> String {
        self.run(["display-message", "-p", "-t", target, format])
            .trim_end_matches('\n')
            .to_owned()
    }

    /// The pids of the clients, one a line of `list-clients`.
    pub fn clients(&self) -> Vec<u32> {
        let printed = self.run(["list-clients", "-F", "#{client_pid}"]);
        printed.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Whether the server lives, as a failure should say it.
    pub fn state(&self) -> String {
        match self.pid {
            None => "no server was started".to_owned(),
            Some(pid) if is_alive(pid) => format!("the server {pid} lives"),
            Some(pid) => format!(
                "THE TMUX SERVER {pid} IS GONE: version {}, {}",
                self.version(),
                cores::crash(&self.program, self.folder())
            ),
        }
    }

    /// Whether the server's process lives.
    pub fn is_alive(&self) -> bool {
        is_alive(self.pid())
    }

    /// The resident memory of the server, in bytes.
    pub fn memory(&self) -> u64 {
        memory_of(self.pid())
    }

    /// Ends the server, and waits until its process is gone. Panics if the server doesn't take it.
    pub fn kill(&mut self) {
        let pid = self.pid();
        self.run(["kill-server"]);
        wait_until("the server is gone", SOON, || !is_alive(pid));
        self.pid = None;
    }
}

impl Drop for TmuxServer {
    fn drop(&mut self) {
        if thread::panicking() && self.pid.is_some() {
            eprintln!("when the test failed: {}", self.state());
        }
        let Some(pid) = self.pid.filter(|pid| is_alive(*pid)) else {
            return;
        };
        let _ = self.try_run(&["kill-server"]);
        if !holds_within(Duration::from_secs(5), || !is_alive(pid)) {
            signal(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Waits for a condition, and panics with its description when it does not hold in time.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, condition: impl FnMut() -> bool) {
    assert!(
        holds_within(limit, condition),
        "not within {limit:?}: {what}"
    );
}

/// Whether a condition comes to hold in time.
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// The same for tests with tasks of their own on this thread.
#[track_caller]
pub fn wait_until_async(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + limit;
        while !condition() {
            assert!(
                Instant::now() < deadline,
                "{caller}: not within {limit:?}: {what}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The time between two looks, or two bytes of a slow client: what is part of a test, and never a wait for something.
pub async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// Whether a process lives; one that has ended and waits to be reaped doesn't.
pub fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            stat.rsplit_once(") ")
                .map(|(_, rest)| !rest.starts_with(['Z', 'X']))
        })
        .unwrap_or(false)
}

/// Resident memory of a process, in bytes.
pub fn memory_of(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// Sends a signal to one process, if it is still there.
pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, signal);
}

/// A child that is killed when the test ends, however it ends.
#[derive(Debug)]
pub struct KillOnDrop(pub Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a child printed, or none if it did not end in time (it is killed then).
pub fn wait_with_output(child: Child, limit: Duration) -> Option<Output> {
    let pid = child.id();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let result = receiver.recv_timeout(limit);
    if result.is_err() {
        signal(pid, rustix::process::Signal::KILL);
    }
    result.ok().map(|output| output.unwrap())
}
