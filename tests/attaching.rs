//! Attaching while tmux has much to tell, being killed while attaching, and what attaching leaves as it was.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use muxwire::ids::SessionId;
use muxwire::tmux::{CloseReason, LinkEvent, LinkKind, Version};
use rustix::process::Signal;

use crate::support::bridge::LiveBridge;
use crate::support::owner::Owner;
use crate::support::program::Home;
use crate::support::random::Random;
use crate::support::relayed::control_client;
use crate::support::{
    KillOnDrop, SOON, TmuxServer, for_each_version, for_each_version_async,
    for_each_version_at_once, holds_within, pause, signal, wait_until, wait_until_async,
};

/// The session that starts with a server.
const MAIN: SessionId = SessionId(0);

/// A control client that renames a session as fast as tmux takes it: a storm of notifications to every other one.
struct Storm {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _child: KillOnDrop,
}

impl Storm {
    fn over(server: &TmuxServer) -> Self {
        server.new_session("storm", "exec cat");
        let mut command = control_client(server, ["-C", "attach-session", "-t", "=storm"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || rename(stdin, BufReader::new(stdout), &stopped));
        Self {
            stop,
            thread: Some(thread),
            _child: KillOnDrop(child),
        }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || thread::panicking(),
                "the storm ended early"
            );
        }
    }
}

/// Renames the attached session to and fro, with the next command as soon as the last one is answered.
fn rename(mut stdin: ChildStdin, mut stdout: BufReader<ChildStdout>, stop: &AtomicBool) {
    let mut answers = 0_u64;
    let mut line = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        line.clear();
        // The server's end is what the test looks for, not this thread.
        if stdout.read_until(b'\n', &mut line).unwrap() == 0 {
            return;
        }
        if line.starts_with(b"%end ") {
            answers += 1;
            let renamed = format!("rename-session storm{}\n", answers % 2);
            if stdin.write_all(renamed.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// How often something is done: as an environment variable says, else by default.
fn times(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Whether this version dies of a bare client that attaches in a storm, so that attaching is worth many tries.
fn is_in_danger(version: &Version) -> bool {
    version.dies_of_early_notifications()
}

fn alive(server: &TmuxServer, what: &str) {
    assert!(server.is_alive(), "THE TMUX SERVER IS GONE: {what}");
}

#[test]
fn regression_attaching_in_a_storm_of_notifications_leaves_the_server_alive() {
    for_each_version_async(|program| async move {
        let count = if is_in_danger(&program.version) {
            times("MUXWIRE_ATTACHMENTS", 1_000)
        } else {
            100
        };
        let server = TmuxServer::start(&program);
        let tmux = server.tmux().await;
        let _storm = Storm::over(&server);
        let mut owner = Owner::new(1 << 16);
        for number in 0..count {
            let kind = match number % 2 {
                0 => LinkKind::Output { session: MAIN },
                _ => LinkKind::Control { session: MAIN },
            };
            let link = owner.open(&tmux, number, kind);
            let mut attached = false;
            let reason = owner
                .until(|event| match event {
                    LinkEvent::Attached { link: id } if *id == link.id() => {
                        attached = true;
                        link.detach();
                        None
                    }
                    LinkEvent::Closed { link: id, reason } if *id == link.id() => {
                        Some(reason.clone())
                    }
                    _ => None,
                })
                .await;
            alive(&server, &format!("attachment {number}"));
            assert!(attached, "attachment {number}: {reason}");
            assert_eq!(reason, CloseReason::Requested, "attachment {number}");
            if (number + 1) % 1_000 == 0 {
                let done = number + 1;
                eprintln!("  tmux {}: {done} attachments, 0 deaths", program.version);
            }
        }
    });
}

#[test]
fn regression_a_client_killed_while_it_attaches_leaves_the_server_alive() {
    for_each_version_async(|program| async move {
        let count = times("MUXWIRE_KILLED_ATTACHMENTS", 50);
        let server = TmuxServer::start(&program);
        let tmux = server.tmux().await;
        let _storm = Storm::over(&server);
        let mut owner = Owner::new(1 << 16);
        let mut random = Random::new(8);
        for number in 0..count {
            let link = owner.open(&tmux, number, LinkKind::Output { session: MAIN });
            pause(Duration::from_micros(random.next() % 12_000)).await;
            signal(link.pid(), Signal::KILL);
            owner.closed(&link).await;
            alive(&server, &format!("killed attachment {number}"));
        }
        wait_until_async("only the storm's client is left", SOON, || {
            server.clients().len() == 1
        })
        .await;
    });
}

#[test]
fn regression_short_lived_sessions_leave_the_server_alive() {
    for_each_version_async(|program| async move {
        for run in 0..times("MUXWIRE_SHORT_LIVED_RUNS", 1) {
            let server = TmuxServer::start(&program);
            let bridge = LiveBridge::start(server.tmux().await);
            bridge.settled().await;
            for number in 0..120 {
                let name = format!("k{number}");
                let made = server
                    .command(["new-session", "-d", "-s", &name, "sleep 0.05"])
                    .status()
                    .unwrap();
                tokio::task::yield_now().await;
                alive(&server, &format!("run {run}, session {number}"));
                assert!(made.success(), "run {run}, session {number}");
                // Only here does the bridge of this thread get its turn.
                pause(Duration::from_millis(5)).await;
            }
            bridge
                .until("only the first session is left", |state| {
                    state.sessions.len() == 1
                })
                .await;
            alive(&server, &format!("run {run}"));
            bridge.stop().await;
        }
    });
}

#[test]
fn regression_the_session_used_last_stays_the_one_that_a_bare_attach_chooses() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        for name in ["b", "c"] {
            server.new_session(name, "exec cat");
        }
        let latest = || server.run(["display-message", "-p", "#{session_name}"]);
        for used in ["main", "b"] {
            // A user attaches and leaves: the session is the one that was used last, though not the newest.
            let mut command = control_client(&server, ["-C", "attach-session", "-t", used]);
            let user = command.stdin(Stdio::piped()).stdout(Stdio::null());
            let mut user = KillOnDrop(user.spawn().unwrap());
            wait_until("the user is attached", SOON, || server.clients().len() == 1);
            drop(user.0.stdin.take());
            wait_until("the user has left", SOON, || server.clients().is_empty());
            let before = latest();
            let bridge = LiveBridge::start(server.tmux().await);
            bridge.settled().await;
            assert_eq!(latest(), before, "while muxwire is attached");
            bridge.stop().await;
            assert_eq!(latest(), before, "after it has left");
        }
    });
}

#[test]
fn regression_sessions_keep_the_order_in_which_they_were_used() {
    const GROUPS: usize = 3;
    const EACH: usize = 5;
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let second = || server.run(["display-message", "-p", "%s"]);
        for group in 0..GROUPS {
            let before = second();
            wait_until("the next second", SOON, || second() != before);
            for number in 0..EACH {
                server.new_session(&format!("{group}-{number}"), "exec cat");
            }
        }
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        bridge.stop().await;
        let mut used = Vec::new();
        while used.len() < GROUPS * EACH {
            let latest = server.run(["display-message", "-p", "#{session_name}"]);
            server.run(["kill-session", "-t", &format!("={}", latest.trim())]);
            used.push(latest.trim().to_owned());
        }
        used.reverse();
        let group = |name: &String| name.split('-').next().unwrap().to_owned();
        let groups: Vec<_> = used.iter().map(group).collect();
        assert!(groups.is_sorted(), "{}: {used:?}", program.version);
        if is_in_danger(&program.version) {
            // Their clients are handed over one after the other, also where tmux reports no order.
            assert!(used.is_sorted(), "{}: {used:?}", program.version);
        }
    });
}

#[test]
fn regression_a_relayed_client_goes_with_its_relay() {
    for_each_version(|program| {
        if !is_in_danger(&program.version) {
            return;
        }
        let server = TmuxServer::start(program);
        let relay = muxwire::tmux::Relay::listen(&server.socket(), &program.version).unwrap();
        let mut command = std::process::Command::new(&program.path);
        command.arg("-S").arg(relay.socket_path());
        command.args(["-u", "-C", "attach-session", "-E", "-t", "$0"]);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let child = KillOnDrop(child);
        let relay = relay.start().unwrap();
        wait_until("it is attached", SOON, || {
            server.clients() == [child.0.id()]
        });
        // The relay goes, as it does when muxwire is killed; the client itself lives on.
        drop(relay);
        wait_until("the server has let it go", SOON, || {
            server.clients().is_empty()
        });
        alive(&server, "the relay ended");
        drop(child);
    });
}

#[test]
fn regression_muxwire_killed_and_started_again_in_a_storm_leaves_the_server_alive() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        for number in 0..29 {
            server.new_session(&format!("s{number}"), "exec cat");
        }
        let _storm = Storm::over(&server);
        let home = Home::new();
        let mut random = Random::new(30);
        let mut most = 0;
        let socket = server.socket();
        let log = std::fs::File::create(server.folder().join("log")).unwrap();
        for run in 0..times("MUXWIRE_KILLED_RUNS", 10) {
            let mut command = home.muxwire(["serve", "--listen", "127.0.0.1:0", "--no-auth"]);
            command.arg("-S").arg(&socket);
            command.env("MUXWIRE_SERVER_TMUX", &program.path);
            command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
            let muxwire = command
                .stdout(Stdio::null())
                .stderr(log.try_clone().unwrap())
                .spawn()
                .unwrap();
            let muxwire = KillOnDrop(muxwire);
            // Killed at any moment: before the first link, among them, or when all are attached.
            for _ in 0..random.below(100) {
                most = most.max(server.clients().len());
            }
            signal(muxwire.0.id(), Signal::KILL);
            drop(muxwire);
            alive(&server, &format!("run {run}"));
        }
        wait_until("no client is left but the storm's", SOON, || {
            server.clients().len() == 1
        });
        alive(&server, "at the end");
        assert!(most > 1, "no link was ever attached");
    });
}

/// While muxwire does nothing its clients stay where their sessions were, and tmux goes on looking, once a second, at what
/// they have subscribed to.
#[test]
fn regression_a_session_that_ends_while_muxwire_is_stopped_leaves_the_server_alive() {
    for_each_version_at_once(|program| {
        let server = TmuxServer::start(program);
        let (_, pane) = server.new_session("short", "exec cat");
        let home = Home::new();
        let path = server.folder().join("log");
        let mut command = home.muxwire(["serve", "--listen", "127.0.0.1:0", "--no-auth"]);
        command.args(["--log-level", "debug", "-S"]);
        command.arg(server.socket());
        command.env("MUXWIRE_SERVER_TMUX", &program.path);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdout(Stdio::null());
        command.stderr(std::fs::File::create(&path).unwrap());
        let muxwire = KillOnDrop(command.spawn().unwrap());
        let logged = |what: &str| {
            std::fs::read_to_string(&path)
                .unwrap()
                .matches(what)
                .count()
        };
        wait_until("both sessions are streamed", SOON, || {
            logged("output link attached") == 2
        });
        if program.version.has_subscriptions() {
            server.run(["select-pane", "-t", &pane, "-T", "a title of its own"]);
            wait_until("the title is known", SOON, || {
                logged("a title of its own") > 0
            });
        }
        signal(muxwire.0.id(), Signal::STOP);
        server.run(["kill-session", "-t", "=short"]);
        let died = holds_within(Duration::from_secs(3), || !server.is_alive());
        signal(muxwire.0.id(), Signal::CONT);
        assert!(!died, "THE TMUX SERVER IS GONE");
    });
}
