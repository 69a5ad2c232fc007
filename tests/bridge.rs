//! The bridge on a real tmux: events, bytes, input, and servers that come and go.

use bytes::Bytes;
use muxwire::bridge::{InputError, Key, ScreenError};
use muxwire::ids::PaneId;
use muxwire::model::{ChangeKind, State};

use crate::support::bridge::LiveBridge;
use crate::support::{Program, TmuxServer, for_each_version_async};

fn text(text: &str) -> Key {
    Key::Text(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn what_a_server_holds_is_seen_and_followed() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        server.run(["new-session", "-d", "-s", "second", "exec cat"]);
        bridge
            .until("a session that comes", |state| {
                state.session_named("second").is_some()
            })
            .await;
        bridge.settled().await;
        server.run(["rename-session", "-t", "=second", "third"]);
        server.run(["split-window", "-t", "=main:", "exec cat"]);
        let state = bridge
            .until("a rename", |state| state.session_named("third").is_some())
            .await;
        assert!(state.session_named("second").is_none());
        bridge
            .until("a split", |state| state.panes.len() == 3)
            .await;
        server.run(["kill-session", "-t", "=third"]);
        bridge
            .until("a session that goes", |state| state.sessions.len() == 1)
            .await;
        let renamed = |kind: &ChangeKind| matches!(kind, ChangeKind::SessionRenamed { .. });
        bridge
            .event("session.renamed", |event| renamed(&event.change.kind))
            .await;
        let removed = |kind: &ChangeKind| matches!(kind, ChangeKind::SessionRemoved);
        bridge
            .event("session.removed", |event| removed(&event.change.kind))
            .await;
        assert_eq!(bridge.counters.counts().drift, 0);
        bridge.stop().await;
        assert_eq!(server.run(["list-clients"]), "", "no link is left behind");
    });
}

#[test]
fn what_is_typed_comes_back_as_output() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge
            .event("server.connected", |event| {
                event.change.kind.label() == "server.connected"
            })
            .await;
        bridge.settled().await;
        let pane = PaneId(0);
        let keys = vec![
            text("h\u{e9}llo; #{pane_id} 'x' \"y\" $HOME"),
            Key::Named("Enter".to_owned()),
        ];
        bridge.input(pane, keys, false).await.unwrap();
        let seen = bridge
            .output(pane, "$HOME\r\nh\u{e9}llo; #{pane_id} 'x' \"y\" $HOME")
            .await;
        // The pane was there before muxwire, so its beginning is missing, and nothing else.
        assert_eq!(seen.rfind("<gap>"), Some(0), "{seen:?}");
        bridge.stop().await;
    });
}

#[test]
fn input_that_a_pane_would_not_take_is_an_error() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "remain-on-exit", "on"]);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let pane = PaneId(0);
        assert_eq!(
            bridge.input(PaneId(99), vec![text("x")], false).await,
            Err(InputError::NoSuchPane)
        );
        server.run(["copy-mode", "-t", "%0"]);
        let in_mode = InputError::InMode {
            mode: "copy-mode".to_owned(),
        };
        assert_eq!(
            bridge.input(pane, vec![text("x")], false).await,
            Err(in_mode)
        );
        assert_eq!(
            bridge.input(pane, vec![text("x")], true).await,
            Ok(()),
            "the mode is left on request"
        );
        server.run(["clock-mode", "-t", "%0"]);
        assert_eq!(
            bridge.input(pane, vec![text("x")], true).await,
            Ok(()),
            "any mode"
        );
        let bad = InputError::BadKey {
            key: "Entre".to_owned(),
        };
        assert_eq!(
            bridge
                .input(pane, vec![Key::Named("Entre".to_owned())], false)
                .await,
            Err(bad)
        );
        bridge
            .input(
                pane,
                vec![Key::Named("Enter".to_owned()), Key::Named("C-d".to_owned())],
                false,
            )
            .await
            .unwrap();
        bridge
            .until("a dead pane", |state| state.panes[&pane].exit.is_some())
            .await;
        assert_eq!(
            bridge.input(pane, vec![text("x")], false).await,
            Err(InputError::PaneDead)
        );
        bridge.stop().await;
    });
}

#[test]
fn a_process_that_ends_is_published_though_its_pane_remains() {
    for_each_version_async(async |program| {
        if !program.version.has_subscriptions() {
            return;
        }
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "remain-on-exit", "on"]);
        server.run(["set-option", "-g", "automatic-rename", "off"]);
        let (_, pane) = server.new_session("short", "read go; exit 3");
        let pane: PaneId = pane.parse().unwrap();
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        bridge
            .input(pane, vec![Key::Named("Enter".to_owned())], false)
            .await
            .unwrap();
        let exited = |kind: &ChangeKind| matches!(kind, ChangeKind::PaneExited { .. });
        let event = bridge
            .event("pane.exited", |event| exited(&event.change.kind))
            .await;
        assert_eq!(
            (event.change.pane, event.change.reconciled),
            (Some(pane), false)
        );
        // tmux may know a moment later how it ended, and 3.3a sometimes never does; what it knows is published.
        let status: Option<i32> = server
            .value(&pane.to_string(), "#{pane_dead_status}")
            .parse()
            .ok();
        assert!(status.is_none_or(|status| status == 3));
        let has_status = |state: &State| {
            state.panes[&pane]
                .exit
                .is_some_and(|exit| exit.status == status || exit.status == Some(3))
        };
        bridge.until("the exit status", has_status).await;
        server.run(["respawn-pane", "-t", &pane.to_string(), "exec cat"]);
        bridge
            .until("a respawned pane", |state| {
                state.panes[&pane].exit.is_none()
            })
            .await;
        bridge.stop().await;
    });
}

#[test]
fn a_server_may_come_late_die_and_come_back() {
    for_each_version_async(async |program| {
        let mut server = TmuxServer::absent(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        for _ in 0..3 {
            server.boot();
            bridge
                .event("server.connected", |event| {
                    event.change.kind.label() == "server.connected"
                })
                .await;
            bridge
                .until("its session", |state| state.session_named("main").is_some())
                .await;
            bridge.settled().await;
            server.run(["kill-server"]);
            bridge
                .event("server.lost", |event| {
                    event.change.kind.label() == "server.lost"
                })
                .await;
            assert_eq!(*bridge.state(), State::default());
        }
        bridge.stop().await;
    });
}

/// Counts in a pane, `L1`, `L2`, ..., once a key is pressed, and says at its end, again and again, that it is done.
const COUNTER: &str = "read go; i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo L$i; done; \
    while sleep 0.2; do echo DONE; done";

/// A server whose session `counter` is about to count.
fn counter(program: &Program) -> (TmuxServer, PaneId) {
    let server = TmuxServer::start(program);
    let (_, pane) = server.new_session("counter", COUNTER);
    (server, pane.parse().unwrap())
}

/// Lets it count, and returns the output up to the 500th line.
async fn counting(bridge: &mut LiveBridge, pane: PaneId) -> String {
    bridge.settled().await;
    let enter = vec![Key::Named("Enter".to_owned())];
    bridge.input(pane, enter, false).await.unwrap();
    bridge.output(pane, "L500\r\n").await
}

#[test]
fn a_window_in_several_sessions_gives_each_byte_once() {
    for_each_version_async(async |program| {
        let (server, pane) = counter(&program);
        server.run(["new-session", "-d", "-s", "grouped", "-t", "=counter"]);
        server.run(["link-window", "-d", "-s", "=counter:", "-t", "=main:7"]);
        let mut bridge = LiveBridge::start(server.tmux().await);
        let first = counting(&mut bridge, pane).await;
        // The link that was listened to goes in the middle of it, and another one takes over.
        server.run(["kill-session", "-t", "=counter"]);
        let all = first + &bridge.output(pane, "DONE").await;
        let expected: String = (1..=4000).map(|line| format!("L{line}\r\n")).collect();
        let counted = &all[all.find("L1\r\n").unwrap()..];
        assert!(
            counted.starts_with(&expected),
            "lost or doubled: {:?}",
            first_difference(counted, &expected)
        );
        bridge.stop().await;
    });
}

fn first_difference(one: &str, other: &str) -> Option<(String, String)> {
    one.lines()
        .zip(other.lines())
        .find(|(a, b)| a != b)
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
}

#[test]
fn a_window_that_moves_under_output_marks_what_may_be_lost() {
    for_each_version_async(async |program| {
        let (server, pane) = counter(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        let first = counting(&mut bridge, pane).await;
        server.run(["new-window", "-d", "-t", "=counter:", "exec cat"]);
        server.run(["move-window", "-d", "-s", "=counter:0", "-t", "=main:7"]);
        let all = first + &bridge.output(pane, "DONE").await;
        let lines = || {
            all.lines()
                .filter_map(|line| line.trim_end().strip_prefix('L')?.parse::<u32>().ok())
        };
        assert!(lines().is_sorted(), "out of order or doubled");
        let missing = 4000 - lines().count();
        assert!(
            missing == 0 || all.contains("<gap>"),
            "{missing} lines are lost and nothing says so"
        );
        bridge.stop().await;
    });
}

#[test]
fn a_screen_loses_nothing_towards_the_stream() {
    for_each_version_async(async |program| {
        let (server, pane) = counter(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        counting(&mut bridge, pane).await;
        let (screen, gone) = tokio::join!(bridge.screen(pane), bridge.screen(PaneId(99)));
        assert_eq!(gone, Err(ScreenError::NoSuchPane));
        let screen = screen.unwrap();
        assert_eq!((screen.width, screen.height), (80, 24));
        let numbers = screen.lines.iter().filter_map(|line| number(line));
        let last = numbers.max().expect("the counter shows");
        let following = bridge.output_from(pane, screen.offset, "DONE").await;
        let whole = following.split_once('\n').map_or("", |(_, whole)| whole);
        let following: Vec<u32> = whole
            .lines()
            .filter_map(|line| number(line.as_bytes()))
            .collect();
        // The first line of it may be cut, and is left out. Or the counter has come to its end already.
        let first = following.first().copied().unwrap_or(4001);
        assert!(
            first <= last + 2,
            "{last} is shown, and the stream goes on with {first}"
        );
        let expected: Vec<u32> = (first..=4000).collect();
        assert_eq!(
            following, expected,
            "what others follow is not touched by a capture"
        );
        bridge.stop().await;
    });
}

/// The number of a line of the counter.
fn number(line: &[u8]) -> Option<u32> {
    std::str::from_utf8(line)
        .ok()?
        .trim()
        .strip_prefix('L')?
        .parse()
        .ok()
}
