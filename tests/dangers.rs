//! How a bridge can hurt the user's tmux, one test a danger of the table in `docs/control-mode.md`: what can happen is
//! provoked on every version found; what must never be sent is shown by the shape of what can be sent.

use std::fs;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use muxwire::control::rows::{CheckRow, Row as _, SessionRow};
use muxwire::control::{
    Command, Flow, InputBytes, KeyName, LineRange, Otherwise, Stroke, Subscription, Typing, Watch,
    When, WindowSize,
};
use muxwire::ids::{PaneId, WindowId};
use muxwire::tmux::{
    ExitUnattached, LinkEvent, LinkKind, SocketWatch, Tmux, TmuxError, attachable, find_server,
    reap_stale,
};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::support::flood::{FLOOD, flood_with_progress, flow_by, links, progress};
use crate::support::holder::hold;
use crate::support::owner::{ByteCount, Owner, flow, session};
use crate::support::relayed::{attached, control_client};
use crate::support::{
    KillOnDrop, SOON, TmuxServer, for_each_version, for_each_version_async, holds_within, is_alive,
    signal, wait_until, wait_until_async,
};

/// One of each kind of command that can be sent.
fn every_command() -> Vec<Command> {
    let pane = PaneId(1);
    let window = WindowId(2);
    let lines = LineRange::new(-5, 20).unwrap();
    let subscription = Subscription::PaneTitle;
    let watch = Watch::Panes(window);
    vec![
        Command::ServerInfo,
        Command::ListSessions,
        Command::ListWindows,
        Command::ListPanes,
        Command::ListClients,
        Command::ListBuffers,
        Command::CheckPane { pane },
        Command::PaneState { pane },
        typing(pane, When::TakesKeys, Otherwise::Report),
        typing(pane, When::WantsBrackets, Otherwise::Nothing),
        Command::SendBytes {
            pane,
            bytes: InputBytes::new("a\n;#{x}").unwrap(),
        },
        Command::SendKey {
            pane,
            key: KeyName::new("Enter").unwrap(),
        },
        Command::CancelMode { pane },
        Command::QuitModes { pane },
        flow(pane, Flow::Pause),
        flow(pane, Flow::Continue),
        Command::Subscribe { subscription },
        Command::Unsubscribe { subscription },
        Command::Watch { watch },
        Command::Unwatch { watch },
        Command::Capture { pane, lines },
        Command::CaptureSaved { pane, line: 3 },
        Command::CapturePending { pane },
        Command::ResizeWindow {
            window,
            size: WindowSize::new(80, 24).unwrap(),
        },
        Command::UnsetWindowSize { window },
        Command::Sentinel { nonce: 7 },
        Command::Detach,
    ]
}

fn typing(pane: PaneId, when: When, otherwise: Otherwise) -> Command {
    let bytes = InputBytes::new("a\n;#{x}'").unwrap();
    let key = KeyName::new("C-'").unwrap();
    let strokes = vec![Stroke::Bytes(bytes), Stroke::Key(key)];
    Command::Type(Typing::new(pane, strokes, when, otherwise).unwrap())
}

/// Dangers 1 (`off`), 4 (`paste-buffer`), 8 (`no-output` switched later) and 11 (commands that wait) can't be sent.
#[test]
fn dangers_1_4_8_and_11_nothing_harmful_can_be_sent() {
    let harmless = [
        "display-message",
        "list-sessions",
        "list-windows",
        "list-panes",
        "list-clients",
        "list-buffers",
        "send-keys",
        "refresh-client",
        "capture-pane",
        "copy-mode",
        "resize-window",
        "set-option",
        "detach-client",
        "if-shell",
    ];
    for command in every_command() {
        let line = command.to_string();
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        assert!(harmless.contains(&verb), "{line}");
        match verb {
            // With -F it is no shell that decides, and nothing waits; what it runs is harmless too.
            "if-shell" => {
                assert!(line.starts_with("if-shell -F -t '%1' '#{?"), "{line}");
                let inner: Vec<&str> = line.split('\'').collect();
                let choices = inner[5..].iter().step_by(2).filter(|text| !text.is_empty());
                for command in choices.flat_map(|choice| choice.split(" ; ")) {
                    let harmless = ["send-keys -t %1 ", "display-message -"];
                    assert!(
                        harmless.iter().any(|start| command.starts_with(start)),
                        "{line}"
                    );
                }
            }
            "copy-mode" => assert_eq!(line, "copy-mode -t '%1' -q", "modes are ended only"),
            "refresh-client" => {
                let allowed = ["-A '%1:pause'", "-A '%1:continue'", "-B "];
                let rest = &line["refresh-client ".len()..];
                assert!(
                    allowed.iter().any(|start| rest.starts_with(start)),
                    "{line}"
                );
            }
            // Nobody's options but those that undo our own resize.
            "set-option" => assert_eq!(line, "set-option -t '@2' -uw window-size"),
            _ => {}
        }
        // `#(...)` would run a shell.
        assert!(!line.contains("#("), "{line}");
    }
}

#[test]
fn danger_1_pausing_a_flooding_pane_is_safe_and_exact() {
    for_each_version_async(|program| async move {
        if !program.version.has_flow_control() {
            return;
        }
        let server = TmuxServer::start(&program);
        let (id, pane) = server.new_session("work", FLOOD);
        let pane: PaneId = pane.parse().unwrap();
        let tmux = server.tmux().await;
        let mut owner = Owner::new(1024);
        let [_control, output] = links(&mut owner, &tmux, &id).await;
        for round in 0..50 {
            flow_by(&mut owner, 20_000).await;
            output.send(round, vec![flow(pane, Flow::Pause)]).unwrap();
            owner.answer(round, 1).await.unwrap();
            // A reply on the same link: whatever stands before it was sent while the pane was paused.
            output
                .send(1000 + round, vec![Command::Sentinel { nonce: round }])
                .unwrap();
            let is_done = |event: &LinkEvent| match event {
                LinkEvent::Output { .. } => Some(false),
                LinkEvent::Reply { tag, .. } if *tag == 1000 + round => Some(true),
                _ => None,
            };
            assert!(
                owner.until(is_done).await,
                "round {round}: output after the pause"
            );
            output
                .send(2000 + round, vec![flow(pane, Flow::Continue)])
                .unwrap();
        }
        assert!(server.is_alive());
    });
}

/// Prints a megabyte, marks its end, and rests.
const BURST: &str = "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo END; exec cat";

/// What can't be avoided, and is no part of this: up to 3.7c tmux dies when a pane is respawned at the very moment at
/// which it prints, if any control client that takes output is attached, however fast it reads.
#[test]
fn danger_2_respawning_panes_that_have_printed_or_whose_window_left() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let (id, pane) = server.new_session("work", "exec cat");
        let tmux = server.tmux().await;
        let mut owner = Owner::new(1024);
        let [_control, output] = links(&mut owner, &tmux, &id).await;
        for _ in 0..20 {
            server.run(["respawn-pane", "-k", "-t", &pane, BURST]);
            let mut printed = Vec::new();
            let ended = |event: &LinkEvent| {
                if let LinkEvent::Output { bytes, .. } = event {
                    printed.extend_from_slice(bytes);
                }
                printed.ends_with(b"END\r\n").then_some(())
            };
            owner.until(ended).await;
        }
        // Now it prints for ever, and its window leaves the session that the link is attached to.
        server.run(["respawn-pane", "-k", "-t", &pane, FLOOD]);
        flow_by(&mut owner, 100_000).await;
        server.run(["new-window", "-d", "-t", &format!("{id}:"), "cat"]);
        server.run(["move-window", "-s", &pane, "-t", "=main:"]);
        let output = leave_behind(&mut owner, &tmux, output, &id, &pane).await;
        for _ in 0..20 {
            server.run(["respawn-pane", "-k", "-t", &pane, FLOOD]);
        }
        assert!(server.is_alive());
        drop(output);
    });
}

/// What the bridge does with a pane whose window has left the link's session: it pauses the pane there, or, where tmux
/// has no flow control, opens the link anew.
async fn leave_behind(
    owner: &mut Owner,
    tmux: &Tmux,
    link: muxwire::tmux::LinkHandle,
    id: &str,
    pane: &str,
) -> muxwire::tmux::LinkHandle {
    if tmux.version().has_flow_control() {
        link.send(99, vec![flow(pane.parse().unwrap(), Flow::Pause)])
            .unwrap();
        owner.answer(99, 1).await.unwrap();
        return link;
    }
    link.kill();
    owner.closed(&link).await;
    let link = owner.open(
        tmux,
        3,
        LinkKind::Output {
            session: session(id),
        },
    );
    owner.attached(&link).await;
    link
}

#[test]
fn danger_3_a_flooding_window_that_left_the_session_costs_no_memory() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let (command, file) = flood_with_progress(&server);
        let (id, pane) = server.new_session("work", &command);
        server.run(["new-window", "-d", "-t", &format!("{id}:"), "cat"]);
        let tmux = server.tmux().await;
        let mut owner = Owner::new(1024);
        let [_control, output] = links(&mut owner, &tmux, &id).await;
        flow_by(&mut owner, 1_000_000).await;
        server.run(["move-window", "-s", &pane, "-t", "=main:"]);
        let _output = leave_behind(&mut owner, &tmux, output, &id, &pane).await;
        let after = |more: usize| {
            let (file, start) = (file.clone(), progress(&file));
            wait_until_async("the pane prints", SOON * 3, move || {
                progress(&file) > start + more
            })
        };
        after(2_000_000).await;
        let before = server.memory();
        after(30_000_000).await;
        let grown = server.memory().saturating_sub(before);
        assert!(
            grown < 8_000_000,
            "tmux {} grew by {grown} bytes in 30 MB of output",
            program.version
        );
    });
}

#[test]
fn danger_4_input_for_a_dead_pane_is_harmless() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "remain-on-exit", "on"]);
        let (id, pane) = server.new_session("work", "true");
        wait_until("the pane is dead", SOON, || {
            server.value(&pane, "#{pane_dead}") == "1"
        });
        let tmux = server.tmux().await;
        let mut owner = Owner::new(64);
        let [control, _output] = links(&mut owner, &tmux, &id).await;
        let pane: PaneId = pane.parse().unwrap();
        control.send(1, vec![Command::CheckPane { pane }]).unwrap();
        let check = owner.answer(1, 1).await.unwrap();
        assert!(CheckRow::parse(check[0].first_line()).unwrap().dead);
        let bytes = InputBytes::new("hello\n").unwrap();
        // tmux may refuse it or not; it must live.
        control
            .send(2, vec![Command::SendBytes { pane, bytes }])
            .unwrap();
        let _ = owner.answer(2, 1).await;
        control.send(3, vec![Command::ServerInfo]).unwrap();
        owner.answer(3, 1).await.unwrap();
        assert!(server.is_alive());
    });
}

#[test]
fn danger_5_a_capture_through_a_process_of_its_own_costs_no_memory() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "history-limit", "5000"]);
        let command = "i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo $i 0123456789012345678901234567890123456789; done; exec cat";
        let (_, pane) = server.new_session("work", command);
        wait_until("the history is full", SOON, || {
            server.value(&pane, "#{history_size}") == "3977"
        });
        let tmux = server.tmux().await;
        let capture = ["capture-pane", "-p", "-t", &pane, "-S", "-4000"];
        tmux.run(&capture, SOON).await.unwrap();
        let before = server.memory();
        for _ in 0..60 {
            tmux.run(&capture, SOON).await.unwrap();
        }
        let grown = server.memory().saturating_sub(before);
        assert!(
            grown < 4_000_000,
            "tmux {} grew by {grown} bytes",
            program.version
        );
    });
}

#[test]
fn danger_6_a_slow_owner_holds_up_nobody_and_every_byte_is_accounted_for() {
    const SIZE: usize = 20_000_000;
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let done = server.folder().join("done");
        let command = format!(
            "stty -echo -onlcr; read x; head -c {SIZE} /dev/zero | tr '\\0' x; touch {}; exec cat",
            done.display()
        );
        let (id, pane) = server.new_session("work", &command);
        wait_until("the pane waits", SOON, || {
            server.value(&pane, "#{pane_current_command}") == "sh"
        });
        let tmux = server.tmux().await;
        let read = ByteCount::of(b'x');
        let mut owner = Owner::counting(4, &read);
        let [control, _output] = links(&mut owner, &tmux, &id).await;
        let key = KeyName::new("Enter").unwrap();
        control
            .send(
                1,
                vec![Command::SendKey {
                    pane: pane.parse().unwrap(),
                    key,
                }],
            )
            .unwrap();
        // The owner takes nothing at all until the program has got rid of everything, and the link has read it.
        wait_until_async("the program is not held up", SOON * 2, || done.exists()).await;
        wait_until_async("all is read", SOON * 2, || read.get() >= SIZE).await;
        let (mut bytes, mut lost, mut unknown) = (0, 0, false);
        while bytes + lost < SIZE && !unknown {
            match owner.next().await {
                LinkEvent::Output { bytes: printed, .. } => {
                    bytes += printed.iter().filter(|byte| **byte == b'x').count()
                }
                LinkEvent::Gap { bytes: gap, .. } => {
                    lost += usize::try_from(gap).unwrap();
                    unknown = gap == 0;
                }
                _ => {}
            }
        }
        assert!(
            !unknown,
            "tmux itself threw output away: the link did not drain"
        );
        assert!(
            lost > SIZE / 2,
            "only {lost} bytes were lost: the owner was not slow"
        );
        assert_eq!(bytes + lost, SIZE);
    });
}

#[test]
fn danger_6_what_tmux_throws_away_is_reported_and_the_flow_goes_on() {
    for_each_version_async(|program| async move {
        if !program.version.has_flow_control() {
            return;
        }
        let server = TmuxServer::start(&program);
        let (id, _) = server.new_session("work", FLOOD);
        let tmux = server.tmux().await;
        let mut owner = Owner::new(1024);
        let [_control, _output] = links(&mut owner, &tmux, &id).await;
        flow_by(&mut owner, 100_000).await;
        // The links' tasks live on this thread, so that nobody reads until pause-after has passed.
        let begin = Instant::now();
        wait_until("tmux loses patience", SOON, || {
            begin.elapsed() > Duration::from_secs(7)
        });
        let gap = |event: &LinkEvent| match event {
            LinkEvent::Gap { bytes, .. } => Some(*bytes),
            _ => None,
        };
        while owner.until(gap).await != 0 {}
        flow_by(&mut owner, 100_000).await;
        assert!(server.is_alive());
    });
}

#[test]
fn danger_6_a_stopped_muxwire_holds_up_nobody() {
    for_each_version(|program| {
        // Below 3.2 no client can do without output, so that nothing helps against a stopped one.
        if !program.version.has_flow_control() {
            return;
        }
        let server = TmuxServer::start(program);
        let (command, file) = flood_with_progress(&server);
        let (id, _) = server.new_session("work", &command);
        let holder = hold(&server, &["$0", &id], &[]);
        wait_until("the pane prints", SOON, || progress(&file) > 1_000_000);
        signal(holder.0.id(), Signal::STOP);
        let stopped_at = progress(&file);
        wait_until("the program goes on", SOON * 2, || {
            progress(&file) > stopped_at + 20_000_000
        });
        signal(holder.0.id(), Signal::CONT);
    });
}

#[test]
fn danger_7_sigkill_under_flood_leaves_a_healthy_server() {
    for_each_version(|program| {
        // With a backlog, since it is stopped first, and without.
        for stopped in [false, true] {
            let mut server = TmuxServer::start(program);
            let (first, _) = server.new_session("one", FLOOD);
            let (second, _) = server.new_session("two", FLOOD);
            let mut holder = hold(&server, &["$0", &first, &second], &[]);
            if stopped {
                signal(holder.0.id(), Signal::STOP);
                wait_for_backlog(&server);
            }
            holder.0.kill().unwrap();
            holder.0.wait().unwrap();
            wait_until("list-clients is empty", SOON, || {
                server.clients().is_empty()
            });
            server.kill();
            server.boot();
            assert_eq!(
                server.run(["list-sessions", "-F", "#{session_name}"]),
                "main\n"
            );
        }
    });
}

/// Gives tmux the time to get a backlog for clients that don't read. Some versions hold up the program instead, so that
/// nothing grows that could be waited for.
fn wait_for_backlog(server: &TmuxServer) {
    let before = server.memory();
    holds_within(Duration::from_secs(2), || {
        server.memory() > before + 1_000_000
    });
}

/// The mark of a link whose muxwire has ended.
fn mark_of_a_dead_muxwire(server: &TmuxServer) -> String {
    let mut ended = Process::new("true").spawn().unwrap();
    let gone = ended.id();
    ended.wait().unwrap();
    format!("{}:{gone}:1:{}", pid_namespace(), server.socket().display())
}

fn pid_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap();
    let text = link.display().to_string();
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A control client that nobody reads.
fn unread_client(server: &TmuxServer, mark: Option<&str>) -> KillOnDrop {
    let mut command = control_client(server, ["-C", "attach-session", "-E", "-t", "=main"]);
    command.envs(mark.map(|mark| ("MUXWIRE_LINK", mark)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    KillOnDrop(command.spawn().unwrap())
}

#[test]
fn danger_7_a_half_dead_server_is_freed_from_its_orphan() {
    for_each_version_async(|program| async move {
        let mut server = TmuxServer::start(&program);
        server.run(["respawn-pane", "-k", "-t", "=main:", FLOOD]);
        let tmux = server.tmux().await;
        let orphan = unread_client(&server, Some(&mark_of_a_dead_muxwire(&server)));
        wait_until("the orphan is attached", SOON, || {
            server.clients().len() == 1
        });
        // Its pipe is full, so that it can't end.
        wait_for_backlog(&server);
        server.run(["kill-server"]);
        let free = |server: &TmuxServer| {
            let made = server.try_run(&["new-session", "-d", "-s", "main", "exec cat"]);
            made.is_some_and(|output| output.status.success())
        };
        // Whether tmux is stuck now, and for how long, is up to the version; afterwards none may be.
        let was_stuck = !free(&server);
        reap_stale(&tmux).await.unwrap();
        wait_until("the orphan has ended", SOON, || !is_alive(orphan.0.id()));
        wait_until("the socket is free", SOON, || !was_stuck || free(&server));
        server.adopt();
    });
}

#[test]
fn danger_7_orphans_are_known_by_their_mark_alone() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let tmux = server.tmux().await;
        let mark = mark_of_a_dead_muxwire(&server);
        let orphans = [(); 3].map(|()| unread_client(&server, Some(&mark)));
        // Nobody's, one of another container, and one that is none.
        let elsewhere = mark.replace(&pid_namespace(), "1");
        let others = [None, Some(elsewhere.as_str()), Some("nonsense")]
            .map(|mark| unread_client(&server, mark));
        let mut owner = Owner::new(64);
        let own = owner.open(
            &tmux,
            1,
            LinkKind::Control {
                session: session("$0"),
            },
        );
        owner.attached(&own).await;
        wait_until("all are attached", SOON, || server.clients().len() == 7);

        assert_eq!(reap_stale(&tmux).await.unwrap(), 3);
        for orphan in &orphans {
            assert!(!is_alive(orphan.0.id()));
        }
        let mut expected: Vec<u32> = others
            .iter()
            .map(|other| other.0.id())
            .chain([own.pid()])
            .collect();
        expected.sort_unstable();
        // The server hears of the end of a client when it reads from its socket.
        wait_until("only the orphans are gone", SOON, || {
            let mut left = server.clients();
            left.sort_unstable();
            left == expected
        });
        assert_eq!(reap_stale(&tmux).await.unwrap(), 0);
    });
}

#[test]
fn dangers_9_and_10_attaching_changes_nothing() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let (id, pane) = server.new_session("work", "cat");
        server.run([
            "set-environment",
            "-t",
            &id,
            "SSH_AUTH_SOCK",
            "/the/users/own",
        ]);
        let state = || {
            let target: &str = &id;
            [
                server.run(["show-environment", "-t", target]),
                server.run(["show-environment", "-g"]),
                server.run(["show-options", "-g"]),
                server.run(["show-options", "-t", target]),
                server.run(["show-options", "-wg"]),
                server.run(["list-windows", "-a", "-F", "#{window_id} #{window_width}x#{window_height} #{window_layout} #{window_active}"]),
                server.run(["list-panes", "-a", "-F", "#{pane_id} #{pane_width}x#{pane_height} #{pane_active} #{pane_in_mode}"]),
                server.run(["list-sessions", "-F", "#{session_id} #{session_name} #{session_windows}"]),
            ]
        };
        let before = state();
        let holder = hold(
            &server,
            &["$0", &id],
            &[("SSH_AUTH_SOCK", "/muxwires/own"), ("DISPLAY", ":77")],
        );
        assert_eq!(state(), before, "while the links are attached");
        let read_only = server.run(["list-clients", "-F", "#{client_readonly}"]);
        assert!(read_only.lines().all(|line| line == "0"), "{read_only:?}");
        // Danger 10: our links are the only clients, and the user's own send-keys works.
        server.run(["send-keys", "-t", &pane, "typed by the user", "Enter"]);
        wait_until("it is typed", SOON, || {
            server
                .run(["capture-pane", "-p", "-t", &pane])
                .matches("typed")
                .count()
                == 2
        });
        drop(holder);
        wait_until("list-clients is empty", SOON, || {
            server.clients().is_empty()
        });
        assert_eq!(state(), before, "after they have gone");
    });
}

#[test]
fn danger_12_a_session_that_would_go_with_us_is_refused() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        // 3.1c destroys it at once unless somebody is attached.
        let _user = attached(&server, "main");
        server.run(["set-option", "-t", "$0", "destroy-unattached", "on"]);
        let tmux = server.tmux().await;
        let mut watch = SocketWatch::new(&server.socket());
        let early = timeout(
            Duration::from_secs(1),
            find_server(&tmux, ExitUnattached::Watch, &mut watch, |_| {}),
        )
        .await;
        assert!(early.is_err(), "{early:?}");

        let listed = tmux
            .run(&["list-sessions", "-F", SessionRow::FORMAT], SOON)
            .await
            .unwrap();
        let row = SessionRow::parse(listed.trim_ascii_end()).unwrap();
        let refused = attachable(&row).unwrap_err();
        assert!(
            matches!(refused, TmuxError::DestroyUnattached { .. }),
            "{refused}"
        );
        let remedy = "tmux set-option -t '$0' destroy-unattached off";
        assert!(refused.to_string().contains(remedy), "{refused}");

        let (other, _) = server.new_session("safe", "cat");
        let found = timeout(
            SOON,
            find_server(&tmux, ExitUnattached::Watch, &mut watch, |_| {}),
        )
        .await
        .unwrap()
        .unwrap();
        assert_eq!(found.session, session(&other));
        assert_eq!(
            server.run(["list-sessions"]).lines().count(),
            2,
            "nobody was harmed"
        );
    });
}
