//! Links to real tmux servers: helper commands, and what an unusable tmux says.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::{Duration, Instant};

use bytes::Bytes;
use muxwire::control::{Command, InputBytes};
use muxwire::tmux::{
    CloseReason, ExitUnattached, LinkBusy, LinkEvent, LinkHandle, LinkId, LinkKind, MAX_IN_FLIGHT,
    ReplyError, SocketChoice, SocketWatch, Tmux, TmuxError, find_server,
};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::support::owner::{Owner, session};
use crate::support::{SOON, TmuxServer, any_program, for_each_version_async, signal, wait_until};

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
    let status = Process::new("sh")
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

/// Root may go everywhere, so that as root a helper goes there as somebody else.
#[test]
fn a_socket_in_somebody_elses_folder_is_an_error_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    let program = program_that_prints(folder.path(), "tmux", "tmux 3.3a");
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(closed.join("s")).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();

    // By this name it can be started even where its folder is closed to that somebody.
    let mut visitor = Process::new("/proc/self/exe");
    visitor.args(["links::the_visitor", "--exact", "--nocapture"]);
    visitor
        .env("MUXWIRE_VISIT_PROGRAM", program)
        .env("MUXWIRE_VISIT_SOCKET", closed.join("s"));
    visitor
        .env("TMPDIR", folder.path())
        .current_dir(folder.path());
    if rustix::process::geteuid().is_root() {
        visitor.uid(65534).gid(65534);
    }
    let said = visitor.output().unwrap().stdout;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("no permission for the tmux socket"), "{said}");
    assert!(
        said.contains("run muxwire as the user who runs tmux"),
        "{said}"
    );
}

/// Not a test: the program of the one above.
#[tokio::test]
async fn the_visitor() {
    let Some(socket) = std::env::var_os("MUXWIRE_VISIT_SOCKET") else {
        return;
    };
    let program = PathBuf::from(std::env::var_os("MUXWIRE_VISIT_PROGRAM").unwrap());
    let tmux = Tmux::probe(&program, SocketChoice::Path(socket.into()))
        .await
        .unwrap();
    let mut watch = SocketWatch::new(tmux.socket_path());
    let error = find_server(&tmux, ExitUnattached::Watch, &mut watch, |_| {})
        .await
        .unwrap_err();
    writeln!(std::io::stdout(), "{error}").unwrap();
}

#[test]
fn links_attach_answer_carry_output_and_detach() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let (id, pane) = server.new_session("work", "cat");
        let mut watch = SocketWatch::new(&server.socket());
        let found = find_server(
            &server.tmux().await,
            ExitUnattached::Watch,
            &mut watch,
            |_| {},
        )
        .await
        .unwrap();
        assert_eq!(found.session, session("$0"));
        assert_eq!(found.server.pid, server.pid());
        assert_eq!(found.tmux.version(), server.version());

        let mut owner = Owner::new(64);
        let control = owner.open(
            &found.tmux,
            1,
            LinkKind::Control {
                session: found.session,
            },
        );
        owner.attached(&control).await;
        let output = owner.open(
            &found.tmux,
            2,
            LinkKind::Output {
                session: session(&id),
            },
        );
        owner.attached(&output).await;
        let mut clients = server.clients();
        clients.sort_unstable();
        let mut expected = [control.pid(), output.pid()];
        expected.sort_unstable();
        assert_eq!(clients, expected);

        let hello = InputBytes::new(Bytes::from_static(b"h\xc3\xa9llo\\\t\xff\n")).unwrap();
        let send = Command::SendBytes {
            pane: pane.parse().unwrap(),
            bytes: hello,
        };
        control.send(1, vec![Command::ListSessions, send]).unwrap();
        // There is no order between the two links: the output may come before the answer.
        let (mut answers, mut printed) = (Vec::new(), Vec::new());
        // The terminal echoes it, and then cat prints it.
        let twice = b"\xff\r\nh\xc3\xa9llo\\\t\xff\r\n";
        owner
            .until(|event| {
                match event {
                    LinkEvent::Output {
                        link,
                        bytes,
                        pane: from,
                        ..
                    } => {
                        assert_eq!((*link, from.to_string()), (output.id(), pane.clone()));
                        printed.extend_from_slice(bytes);
                    }
                    LinkEvent::Reply {
                        tag: 1, outcome, ..
                    } => answers.push(outcome.clone().unwrap()),
                    _ => {}
                }
                (printed.ends_with(twice) && answers.len() == 2).then_some(())
            })
            .await;
        assert_eq!(answers[0].lines().count(), 2);

        let nobody = Command::CancelMode {
            pane: "%99".parse().unwrap(),
        };
        control.send(2, vec![nobody, Command::ServerInfo]).unwrap();
        let failed = owner.answer(2, 2).await.unwrap_err();
        assert!(matches!(failed, ReplyError::Failed(_)), "{failed}");

        output.detach();
        assert_eq!(owner.closed(&output).await, CloseReason::Requested);
        drop(control);
        owner
            .until(|event| matches!(event, LinkEvent::Closed { .. }).then_some(()))
            .await;
        wait_until("all clients are gone", SOON, || server.clients().is_empty());
    });
}

#[test]
fn a_link_says_why_it_ended() {
    for_each_version_async(|program| async move {
        let mut server = TmuxServer::start(&program);
        let tmux = server.tmux().await;
        let mut owner = Owner::new(64);

        let nowhere = owner.open(
            &tmux,
            1,
            LinkKind::Output {
                session: session("$77"),
            },
        );
        let reason = owner.closed(&nowhere).await;
        assert!(
            matches!(&reason, CloseReason::NotAttached(said) if said.contains("$77")),
            "{reason}"
        );

        let (id, _) = server.new_session("short", "cat");
        let killed_session = owner.open(
            &tmux,
            2,
            LinkKind::Output {
                session: session(&id),
            },
        );
        owner.attached(&killed_session).await;
        server.run(["kill-session", "-t", &id]);
        assert_eq!(
            owner.closed(&killed_session).await,
            CloseReason::Ended(None)
        );

        let (id, _) = server.new_session("moving", "cat");
        server.run(["set-option", "-g", "detach-on-destroy", "off"]);
        let moved = owner.open(
            &tmux,
            3,
            LinkKind::Output {
                session: session(&id),
            },
        );
        owner.attached(&moved).await;
        server.run(["kill-session", "-t", &id]);
        assert_eq!(
            owner.closed(&moved).await,
            CloseReason::Moved(session("$0"))
        );
        wait_until("the moved link is gone", SOON, || {
            server.clients().is_empty()
        });

        let killed = owner.open(
            &tmux,
            4,
            LinkKind::Control {
                session: session("$0"),
            },
        );
        owner.attached(&killed).await;
        killed.kill();
        assert_eq!(owner.closed(&killed).await, CloseReason::Requested);
        assert!(matches!(
            killed.send(1, vec![Command::ServerInfo]),
            Err(LinkBusy { .. })
        ));

        let lost = owner.open(
            &tmux,
            5,
            LinkKind::Control {
                session: session("$0"),
            },
        );
        owner.attached(&lost).await;
        server.kill();
        let reason = owner.closed(&lost).await;
        assert!(matches!(reason, CloseReason::Ended(_)), "{reason}");

        if tmux.version().has_no_start_flag() {
            let absent = owner.open(
                &tmux,
                6,
                LinkKind::Control {
                    session: session("$0"),
                },
            );
            let reason = owner.closed(&absent).await;
            assert!(
                matches!(&reason, CloseReason::NotAttached(said) if said.contains("no server")),
                "{reason}"
            );
        } else {
            let kind = LinkKind::Control {
                session: session("$0"),
            };
            let absent = LinkHandle::open(&tmux, LinkId(6), kind, owner.sender.clone(), None);
            assert!(
                matches!(absent, Err(TmuxError::NoServer { .. })),
                "{absent:?}"
            );
        }
    });
}

#[test]
fn every_command_is_answered_once_even_when_the_server_dies() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let tmux = server.tmux().await;
        let mut owner = Owner::new(4);
        let link = owner.open(
            &tmux,
            1,
            LinkKind::Control {
                session: session("$0"),
            },
        );
        owner.attached(&link).await;
        let mut sent = 0;
        while link
            .send(sent, vec![Command::ListSessions, Command::ListPanes])
            .is_ok()
        {
            sent += 1;
        }
        assert_eq!(
            usize::try_from(sent).unwrap(),
            MAX_IN_FLIGHT / 2,
            "what is in flight is bounded"
        );
        signal(server.pid(), Signal::KILL);
        let mut answers = vec![0; MAX_IN_FLIGHT];
        loop {
            match owner.next().await {
                LinkEvent::Reply { tag, index, .. } => {
                    answers[usize::try_from(tag).unwrap() * 2 + index] += 1
                }
                LinkEvent::Closed { .. } => break,
                _ => {}
            }
        }
        assert!(answers.iter().all(|count| *count == 1), "{answers:?}");
    });
}

#[test]
fn a_server_is_found_when_it_comes_and_comes_again() {
    for_each_version_async(|program| async move {
        let mut server = TmuxServer::absent(&program);
        let tmux = server.tmux().await;
        let mut watch = SocketWatch::new(&server.socket());
        let mut starts = Vec::new();
        for _ in 0..3 {
            let mut found = std::pin::pin!(find_server(
                &tmux,
                ExitUnattached::Watch,
                &mut watch,
                |_| {}
            ));
            let early = timeout(Duration::from_millis(600), found.as_mut()).await;
            assert!(early.is_err(), "there is no server yet: {early:?}");
            server.boot();
            let begin = Instant::now();
            let found = timeout(SOON, found).await.unwrap().unwrap();
            assert!(
                begin.elapsed() < Duration::from_secs(3),
                "found by the event, not by the retry"
            );
            starts.push((found.server.pid, found.server.start_time));
            server.kill();
        }
        starts.dedup();
        assert_eq!(
            starts.len(),
            3,
            "each run of the server is another one: {starts:?}"
        );
    });
}
