//! `muxwire hook`: what agents call. It hands the event to each server of this user, and ends soon and well whatever happens.
//!
//! An agent waits for its hooks, takes an exit code for a verdict and what they print for an answer. So this prints nothing,
//! ends with 0, and waits for nobody: what it does runs on a thread, which ends with the process when the time is over.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::agent::{Hook, HookMessage, LONGEST_JSON};
use crate::cli::{General, HookArgs};
use crate::cmd::agents::hook_folder;
use crate::cmd::own_pane::own_pane;
use crate::config::resolve;

/// How long all of it may take. Starting the program takes some milliseconds besides.
const TIME: Duration = Duration::from_millis(35);

/// How long what the agent says on stdin is waited for.
const READING: Duration = Duration::from_millis(20);

/// The most servers that are told.
const MOST_SERVERS: usize = 32;

/// How much is read of stdin in one go, in bytes.
const CHUNK: usize = 64 << 10;

/// Whether these arguments call a hook, so that nothing may fail.
#[must_use]
pub fn is_called(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.nth(1).is_some_and(|first| first == "hook")
}

/// Hands the event over, and ends within its time.
#[must_use]
pub fn run(general: General, args: HookArgs) -> ExitCode {
    // Whatever goes wrong on the thread, the agent hears nothing of it.
    std::panic::set_hook(Box::new(|_| {}));
    let (done, is_done) = mpsc::channel();
    let work = move || {
        hand_over(&general, &args);
        // Nobody waits any more once the time is over.
        let _ = done.send(());
    };
    if thread::Builder::new().spawn(work).is_ok() {
        // Done, broken off or too late: each is an end.
        let _ = is_done.recv_timeout(TIME);
    }
    ExitCode::SUCCESS
}

fn hand_over(general: &General, args: &HookArgs) -> Option<()> {
    let mut words = args.words.iter().filter_map(|word| word.to_str());
    let (agent, event) = (words.next()?, words.next()?);
    let said = words.next();
    let until = Instant::now() + READING;
    // It comes while all else is looked for.
    let stdin = said.is_none().then(read_stdin);
    let place = own_pane();
    let flags = args.state.flags();
    let config = resolve(&general.inputs(flags)).ok()?.config;
    let said = match said {
        Some(said) => said.to_owned(),
        None => text(&stdin??, until),
    };
    let hook = Hook::read(&said).unwrap_or_else(|_| Hook {
        event: event.to_owned(),
        ..Hook::default()
    });
    let message = HookMessage {
        agent: agent.to_owned(),
        hook,
        server: place.server,
        pane: place.pane.map(|pane| pane.to_string()),
        processes: place.processes,
    };
    send(
        &message.encode().ok()?,
        &hook_folder(&config.server.state_dir),
    );
    Some(())
}

/// What comes on stdin, piece by piece. All of it is read, so that the agent's writing does not fail.
fn read_stdin() -> Option<Receiver<Vec<u8>>> {
    let (pieces, received) = mpsc::sync_channel(16);
    let read = move || {
        let mut stdin = io::stdin().lock();
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = stdin.read(&mut chunk) {
            if pieces.send(chunk[..length].to_vec()).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().spawn(read).ok()?;
    Some(received)
}

/// What was received until it ended or the time is over. Of what is too long nothing counts: a tool got whole files then.
fn text(received: &Receiver<Vec<u8>>, until: Instant) -> String {
    let mut all = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match received.recv_timeout(left) {
            Ok(piece) if all.len() <= LONGEST_JSON => all.extend(piece),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return String::from_utf8(all).unwrap_or_default();
            }
        }
    }
}

/// Sends a message to each server. One that hangs has a full queue, and one that was killed refuses: both are passed over.
fn send(message: &[u8], folder: &Path) {
    let Ok(socket) = UnixDatagram::unbound() else {
        return;
    };
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    let servers = fs::read_dir(folder).into_iter().flatten().flatten();
    for server in servers.take(MOST_SERVERS) {
        let _ = socket.send_to(message, server.path());
    }
}

/// The variable that says where something is, as an absolute path.
pub(super) fn variable(name: &str) -> Option<PathBuf> {
    let path = env::var_os(name).map(PathBuf::from);
    path.filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn hooks_are_told_from_other_commands() {
        let called = |words: &[&str]| is_called(words.iter().map(OsString::from));
        assert!(called(&["muxwire", "hook"]));
        assert!(called(&["muxwire", "hook", "claude", "--no-such-flag"]));
        assert!(!called(&["muxwire", "hooks", "status"]));
        assert!(!called(&["muxwire"]));
    }

    #[test]
    fn a_text_is_what_came_and_nothing_if_it_is_too_long() {
        let of = |pieces: &[&[u8]]| {
            let (sender, received) = mpsc::channel();
            for piece in pieces {
                sender.send(piece.to_vec()).unwrap();
            }
            drop(sender);
            text(&received, Instant::now() + Duration::from_secs(60))
        };
        assert_eq!(of(&[b"{\"a\"", b":1}"]), "{\"a\":1}");
        assert_eq!(of(&[b"\xff"]), "");
        let long = vec![b'x'; LONGEST_JSON];
        assert!(Hook::read(&of(&[&long, &long, b"x"])).is_err());
    }
}
