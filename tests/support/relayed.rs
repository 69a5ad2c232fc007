//! Control clients of the tests' own, attached without danger to the server.

use std::ffi::OsStr;
use std::process::Command;
use std::thread;

use muxwire::tmux::Relay;

use super::TmuxServer;

/// A command on this server like [`TmuxServer::command`], for one control client: it goes through a relay where the
/// server needs one. The relay lives as long as the client.
pub fn control_client<S: AsRef<OsStr>>(
    server: &TmuxServer,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let version = server.version();
    if !version.dies_of_early_notifications() {
        return server.command(arguments);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let guard = runtime.enter();
    let relay = Relay::listen(&server.socket(), version).unwrap();
    drop(guard);
    let command = server.command_through(&relay.socket_path(), arguments);
    thread::spawn(move || {
        if let Err(error) = runtime.block_on(relay.run()) {
            eprintln!("a relayed client was not handed over: {error}");
        }
    });
    command
}
