//! Control clients of the tests' own, attached without danger to the server.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use muxwire::tmux::{Relay, RelayTask};

use super::{KillOnDrop, SOON, TmuxServer, wait_until};

/// Relays live as long as the tests: they end with their clients.
static RELAYS: Mutex<Vec<RelayTask>> = Mutex::new(Vec::new());

/// A command on this server like [`TmuxServer::command`], for one control client: it goes through a relay where the
/// server needs one.
pub fn control_client<S: AsRef<OsStr>>(
    server: &TmuxServer,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let version = server.version();
    if !version.dies_of_early_notifications() {
        return server.command(arguments);
    }
    let relay = Relay::listen(&server.socket(), version).unwrap();
    let command = server.command_through(&relay.socket_path(), arguments);
    let mut relays = RELAYS.lock().unwrap();
    relays.retain(|relay| !relay.is_finished());
    relays.push(relay.start().unwrap());
    command
}

/// Somebody who is attached to a session.
pub fn attached(server: &TmuxServer, session: &str) -> KillOnDrop {
    let others = server.clients().len();
    let target = format!("={session}");
    let mut user = control_client(server, ["-C", "attach-session", "-t", &target]);
    let user = user.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let user = KillOnDrop(user.unwrap());
    wait_until("the user is attached", SOON, || {
        server.clients().len() > others
    });
    user
}
