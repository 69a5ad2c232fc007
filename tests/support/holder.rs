//! A process that holds links, to be stopped or killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use muxwire::tmux::{LinkKind, SocketChoice, Tmux};

use super::owner::{Owner, session};
use super::{KillOnDrop, SOON, TmuxServer};

/// Starts a process that holds a control link to the first session and output links to the others, and goes on reading
/// them. It stands for muxwire where a whole process must be stopped or killed.
pub fn hold(server: &TmuxServer, sessions: &[&str], environment: &[(&str, &str)]) -> KillOnDrop {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "support::holder::the_holder_of_links",
        "--exact",
        "--nocapture",
    ]);
    command
        .env("MUXWIRE_HOLD_SOCKET", server.socket())
        .env("MUXWIRE_HOLD_PROGRAM", &server.program().path);
    command
        .env("MUXWIRE_HOLD_SESSIONS", sessions.join(" "))
        .envs(environment.iter().copied());
    let mut holder = KillOnDrop(command.stdout(Stdio::piped()).spawn().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    let output = BufReader::new(holder.0.stdout.take().unwrap());
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if line.contains("HOLDING") {
                let _ = sender.send(());
            }
        }
    });
    receiver.recv_timeout(SOON).expect("the links are attached");
    assert_eq!(server.clients().len(), sessions.len());
    holder
}

/// Not a test: the program of [`hold`].
#[test]
fn the_holder_of_links() {
    let Some(socket) = std::env::var_os("MUXWIRE_HOLD_SOCKET") else {
        return;
    };
    let program = PathBuf::from(std::env::var_os("MUXWIRE_HOLD_PROGRAM").unwrap());
    let sessions = std::env::var("MUXWIRE_HOLD_SESSIONS").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tmux = Tmux::probe(&program, SocketChoice::Path(socket.into()))
            .await
            .unwrap();
        let mut owner = Owner::new(1024);
        let mut links = Vec::new();
        for (number, id) in (1..).zip(sessions.split(' ')) {
            let session = session(id);
            let kind = if number == 1 {
                LinkKind::Control { session }
            } else {
                LinkKind::Output { session }
            };
            let link = owner.open(&tmux, number, kind);
            owner.attached(&link).await;
            links.push(link);
        }
        writeln!(std::io::stdout(), "HOLDING").unwrap();
        while owner.events.recv().await.is_some() {}
    });
}
