//! Faults of what muxwire depends on, each made with the real program and a real tmux: what clients receive, that nothing
//! is lost that was promised, and how long it takes until all is well again.
//!
//! Each recovery is a line of a table on stderr: `cargo test --test main faults:: 2>&1 | grep '^| '` shows it.

mod clocks;
mod coming;
mod descriptors;
mod disk;
mod endings;
mod files;
mod links;
mod logs;
mod partial;
mod servers;
mod witness;

use std::fmt::Display;
use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::serving::Serving;
use crate::support::{Program, SOON, TmuxServer, signal, wait_until};

/// What muxwire has to be well again in.
const RECOVERY: Duration = Duration::from_secs(5);

/// Says how long a recovery took, as a line of the table, and fails if it took too long.
#[track_caller]
fn recovered(what: &str, version: impl Display, since: Instant) {
    let took = since.elapsed();
    print_row(&format!("| {what} | {version} | {} ms |", took.as_millis()));
    assert!(
        took < RECOVERY,
        "{what}, tmux {version}: it took {took:.1?}"
    );
}

/// Adds a line to the table.
fn print_row(line: &str) {
    // Straight to the descriptor, so that it shows although the tests' output is captured.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// muxwire in front of a private tmux server, linked to each of its sessions.
struct Scene {
    /// It goes before the server that it is linked to.
    serving: Serving,
    server: TmuxServer,
}

impl Scene {
    /// Lets everybody in.
    fn open(program: &Program, settings: &[(&str, &str)]) -> Self {
        Self::before(TmuxServer::start(program), settings)
    }

    /// The same in front of a server that holds some sessions already.
    fn before(server: TmuxServer, settings: &[(&str, &str)]) -> Self {
        let serving = Serving::start_with(&server, &["--no-auth"], settings);
        linked(&server);
        Self { serving, server }
    }
}

/// Waits until each session has its link, and the server its control link.
fn linked(server: &TmuxServer) {
    let sessions = server.run(["list-sessions", "-F", "#S"]).lines().count();
    wait_until("the links", SOON, || server.clients().len() == sessions + 1);
}

/// A process that is stopped until this is dropped.
struct Stopped(u32);

impl Stopped {
    fn new(pid: u32) -> Self {
        signal(pid, Signal::STOP);
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal(self.0, Signal::CONT);
    }
}

/// How many files a process has open.
fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// How long a process's first thread, which does all that muxwire does but hashes, has been on a core.
fn cpu(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    let nanoseconds = text.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}
