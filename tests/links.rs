//! Links to real tmux servers: helper commands, and what an unusable tmux says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use muxwire::tmux::{SocketChoice, Tmux, TmuxError};

use crate::support::{SOON, TmuxServer, any_program, for_each_version_async};

#[test]
fn helper_commands_run_and_fail_clearly() {
    for_each_version_async(|program| async move {
        let mut server = TmuxServer::absent(&program);
        let tmux = server.tmux().await;
        let list = ["list-sessions", "-F", "#{session_name}"];
        let absent = tmux.run(&list, SOON).await;
        assert!(
            matches!(absent, Err(TmuxError::NoServer { .. })),
            "{absent:?}"
        );
        assert!(
            !server.socket().exists(),
            "a helper command never starts a server"
        );

        server.boot();
        assert_eq!(tmux.run(&list, SOON).await.unwrap(), b"main\n");
        let refused = tmux
            .run(&["kill-session", "-t", "=nobody"], SOON)
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, TmuxError::Failed { said, .. } if said.contains("nobody")),
            "{refused}"
        );
        let late = tmux
            .run(&["wait-for", "never"], Duration::from_millis(200))
            .await
            .unwrap_err();
        assert!(matches!(late, TmuxError::TimedOut { .. }), "{late}");

        server.kill();
        let gone = tmux.run(&list, SOON).await;
        assert!(matches!(gone, Err(TmuxError::NoServer { .. })), "{gone:?}");
    });
}

/// A fake program that prints something for `-V`.
///
/// Another process writes it: a descriptor of ours, inherited by a child of another test, would make it "text busy".
fn program_that_prints(folder: &Path, name: &str, said: &str) -> PathBuf {
    let path = folder.join(name);
    let script = "printf '#!/bin/sh\\necho \"%s\"\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"";
    let status = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(&path)
        .arg(said)
        .status()
        .unwrap();
    assert!(status.success());
    path
}

#[tokio::test]
async fn an_unusable_program_is_an_error_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("plain"), "no program").unwrap();
    // the program, what the message says is wrong, and what it says to do
    let rows = [
        (
            at.join("nothing"),
            "no tmux program",
            "install tmux 3.2 or later",
        ),
        (
            Path::new("no-such-tmux").to_owned(),
            "no tmux program",
            "put it on PATH",
        ),
        (at.join("plain"), "can't be started", "make it executable"),
        (at.to_owned(), "can't be started", "make it executable"),
        (
            program_that_prints(at, "old", "tmux 2.9a"),
            "2.9a at ",
            "install 3.2 or later",
        ),
        (
            program_that_prints(at, "almost", "tmux 3.1b"),
            "too old",
            "install 3.2 or later",
        ),
        (
            program_that_prints(at, "screen", "Screen version 4.09"),
            "Screen version 4.09",
            "give the path of a tmux",
        ),
        (
            program_that_prints(at, "silent", ""),
            "says it is \"\"",
            "give the path of a tmux",
        ),
    ];
    for (program, wrong, remedy) in rows {
        let error = Tmux::probe(&program, SocketChoice::Path(at.join("s")))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(wrong) && error.contains(remedy),
            "{}: {error}",
            program.display()
        );
    }
}

#[tokio::test]
async fn an_unusable_socket_is_an_error_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("file"), "").unwrap();
    drop(std::os::unix::net::UnixListener::bind(at.join("stale")).unwrap());
    let rows = [
        ("absent", "no tmux server on", "tmux new-session -d"),
        ("nowhere/absent", "no tmux server on", "tmux new-session -d"),
        ("stale", "no tmux server on", "tmux new-session -d"),
        ("file", "is not a socket", "with -S"),
        ("file/s", "is not a socket", "with -S"),
    ];
    for (name, wrong, remedy) in rows {
        let tmux = Tmux::probe(&any_program().path, SocketChoice::Path(at.join(name)))
            .await
            .unwrap();
        let error = tmux
            .run(&["list-sessions"], SOON)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(wrong) && error.contains(remedy),
            "{name}: {error}"
        );
    }
    let long = SocketChoice::Path(at.join("x".repeat(120)));
    let error = Tmux::probe(&any_program().path, long)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("longer than 107 bytes") && error.contains("choose a shorter one"),
        "{error}"
    );
}
