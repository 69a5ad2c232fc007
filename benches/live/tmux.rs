//! Private tmux servers, and the versions of tmux at hand.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use muxwire::tmux::{Relay, RelayTask, Version};
use tempfile::TempDir;

use crate::pane;
use crate::process::Guard;

/// How long tmux may take for anything here.
const SOON: Duration = Duration::from_secs(20);

/// Relays live as long as the benchmark: they end with their clients.
static RELAYS: Mutex<Vec<RelayTask>> = Mutex::new(Vec::new());

/// A tmux program and what it calls itself.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    pub version: String,
}

impl Program {
    /// The program that most parts use: `MUXWIRE_BENCH_TMUX`, or the one on PATH.
    pub fn usual() -> Self {
        let path = env::var_os("MUXWIRE_BENCH_TMUX").unwrap_or_else(|| "tmux".into());
        Self::at(Path::new(&path)).expect("tmux is installed, or MUXWIRE_BENCH_TMUX names it")
    }

    /// The usual one, and all that `.ci/fetch-tmux` has put below target/tmux unless one is named.
    pub fn all() -> Vec<Self> {
        let mut found = vec![Self::usual()];
        if env::var_os("MUXWIRE_BENCH_TMUX").is_none() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmux");
            let fetched = fs::read_dir(folder).into_iter().flatten().flatten();
            found.extend(fetched.filter_map(|entry| Self::at(&entry.path().join("tmux"))));
        }
        found.sort_by(|one, other| one.version.cmp(&other.version));
        found.dedup_by(|one, other| one.version == other.version);
        found
    }

    fn at(path: &Path) -> Option<Self> {
        let output = Command::new(path).arg("-V").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(Self {
            path: path.to_owned(),
            version: text.trim().strip_prefix("tmux ")?.to_owned(),
        })
    }
}

/// A private tmux server with a session `main`. Dropping it ends the server and whatever hangs on it.
#[derive(Debug)]
pub struct Tmux {
    program: PathBuf,
    version: Version,
    folder: TempDir,
    pub pid: u32,
    /// Ends the server once its input ends, so also when the benchmark is killed.
    keeper: Option<Child>,
}

impl Tmux {
    /// A server whose first pane, of 200 by 50, runs a command line.
    pub fn start(program: &Program, command: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("muxwire-bench-")
            .tempdir()
            .unwrap();
        let mut server = Self {
            program: program.path.clone(),
            version: Version::parse(&program.version).expect("a version of tmux"),
            folder,
            pid: 0,
            keeper: None,
        };
        server.keeper = Some(server.start_keeper());
        server.session("main", command);
        // A status line would be drawn for terminals only, once a minute.
        server.run(&["set-option", "-g", "status", "off"]);
        let pid = server.run(&["display-message", "-p", "-t", "=main:", "#{pid}"]);
        server.pid = pid.trim().parse().unwrap();
        server
    }

    fn start_keeper(&self) -> Child {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["pane", "keep"])
            .arg(&self.program)
            .arg(self.socket())
            .stdin(Stdio::piped())
            .stderr(Stdio::null());
        // What interrupts the benchmark must not interrupt this.
        command.process_group(0).spawn().unwrap()
    }

    /// One more session, whose pane runs a command line.
    pub fn session(&self, name: &str, command: &str) {
        let size = ["-x", "200", "-y", "50"];
        self.run(&[&["new-session", "-d", "-s", name], &size[..], &[command]].concat());
    }

    /// One more window of a session.
    pub fn window(&self, session: &str, command: &str) {
        let target = format!("={session}:");
        self.run(&["new-window", "-d", "-t", &target, command]);
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// A command of this server, in a small and fixed environment.
    pub fn command(&self) -> Command {
        self.command_through(&self.socket())
    }

    /// A command for one control client, attached to the session `main`: where attaching could end the server, it goes
    /// through a relay, by which nothing passes but what client and server say of themselves.
    pub fn control_command(&self) -> Command {
        let mut command = if self.version.dies_of_early_notifications() {
            let relay = Relay::listen(&self.socket(), &self.version).unwrap();
            let command = self.command_through(&relay.socket_path());
            let mut relays = RELAYS.lock().unwrap();
            relays.retain(|relay| !relay.is_finished());
            relays.push(relay.start().unwrap());
            command
        } else {
            self.command()
        };
        command.args(["-C", "attach-session", "-t", "=main"]);
        command
    }

    fn command_through(&self, socket: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-u", "-f", "/dev/null", "-S"]);
        command
            .arg(socket)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null());
        command
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Types a line into the first pane.
    pub fn type_line(&self, line: &str) {
        self.run(&["send-keys", "-t", "%0", "-l", line]);
        self.run(&["send-keys", "-t", "%0", "Enter"]);
    }

    /// A reader in control mode, attached to the session `main`, with these flags if any.
    pub fn control(&self, flags: &[&str]) -> (Guard, ChildStdin, ChildStdout) {
        let child = self
            .control_command()
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = Guard(child.unwrap());
        let input = child.0.stdin.take().unwrap();
        let output = child.0.stdout.take().unwrap();
        (child, input, output)
    }

    /// Waits until so many clients are attached, and a moment more, so that none is still coming in.
    pub fn wait_for_clients(&self, count: usize) {
        let begin = Instant::now();
        while self.run(&["list-clients", "-F", "x"]).lines().count() < count {
            assert!(begin.elapsed() < SOON, "{count} clients attach in time");
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut keeper = self.keeper.take().expect("it is taken here only");
        // Its input is closed by waiting.
        keeper.wait().unwrap();
        let begin = Instant::now();
        while Path::new(&format!("/proc/{}", self.pid)).exists() && begin.elapsed() < SOON {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A server whose pane writes stamps on request.
pub fn stamping(program: &Program) -> Tmux {
    Tmux::start(program, &pane::command("stamp"))
}
