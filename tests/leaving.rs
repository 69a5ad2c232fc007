//! Leaving does no harm: neither to sessions that end with their last client nor to their server, and however many of
//! muxwire's clients leave.

use std::time::Duration;

use muxwire::bridge::{Attach, Settings};
use muxwire::model::State;
use muxwire::tmux::ExitUnattached;

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::relayed::attached;
use crate::support::users::attached_in;
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, wait_until, wait_until_async,
};

const WHILE_WANTED: Settings = Settings {
    attach: Attach::OnDemand {
        grace: Duration::from_millis(100),
    },
    ..SETTINGS
};

/// The names of sessions that nobody but muxwire is attached to.
const OURS: [&str; 8] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];

/// Some have several windows: they end together with their session.
fn start_sessions(server: &TmuxServer) {
    for (number, name) in OURS.iter().enumerate() {
        server.run(["new-session", "-d", "-s", name, "cat"]);
        for _ in 0..number % 3 {
            server.run(["new-window", "-d", "-t", &format!("={name}:"), "cat"]);
        }
    }
}

fn sessions(server: &TmuxServer) -> Vec<String> {
    let names = server.run(["list-sessions", "-F", "#{session_name}"]);
    names.lines().map(str::to_owned).collect()
}

#[test]
fn regression_sessions_that_end_when_muxwire_stops_leave_the_server_alive() {
    for_each_version_async(async |program| {
        for _ in 0..3 {
            let server = TmuxServer::start(&program);
            let outer = TmuxServer::start(any_program());
            attached_in(&outer, &server, &program, "main");
            start_sessions(&server);
            let bridge = LiveBridge::start(server.tmux().await);
            bridge.settled().await;
            let streamed = |state: &State| {
                let streamed = state.sessions.values().filter(|session| session.streamed);
                streamed.count() == 1 + OURS.len()
            };
            bridge.until("all are streamed", streamed).await;
            // No listing comes between: tmux notifies of no option.
            server.run(["set-option", "-g", "destroy-unattached", "on"]);
            bridge.stop().await;
            wait_until("the others have ended", SOON, || {
                sessions(&server).len() == 1
            });
            assert_eq!(sessions(&server), ["main"]);
        }
    });
}

#[test]
fn regression_who_listens_on_demand_does_not_end_sessions_by_going() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        start_sessions(&server);
        let bridge = LiveBridge::start_with(server.tmux().await, WHILE_WANTED, None);
        let listener = bridge.handle.demand().listen();
        let streamed = |state: &State| state.sessions.values().all(|session| session.streamed);
        bridge
            .until("a listing", |state| !state.sessions.is_empty())
            .await;
        bridge.until("all are streamed", streamed).await;
        let all = sessions(&server);
        server.run(["set-option", "-g", "destroy-unattached", "on"]);
        drop(listener);
        let known = |state: &State| {
            let mut sessions = state.sessions.values();
            sessions.all(|session| session.destroy_unattached.is_some())
        };
        bridge
            .until("the option is known before it leaves", known)
            .await;
        assert!(!server.clients().is_empty(), "it is attached still");
        assert_eq!(sessions(&server), all);
        server.run(["set-option", "-g", "destroy-unattached", "off"]);
        let none = || server.clients().is_empty();
        wait_until_async("it leaves without harm", SOON, none).await;
        assert_eq!(sessions(&server), all);
        bridge.stop().await;
    });
}

#[test]
fn regression_who_listens_on_demand_does_not_end_the_server_by_going() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let bridge = LiveBridge::start_with(server.tmux().await, WHILE_WANTED, None);
        let listener = bridge.handle.demand().listen();
        wait_until_async("both links", SOON, || server.clients().len() == 2).await;
        server.run(["set-option", "-s", "exit-unattached", "on"]);
        drop(listener);
        let warned = |state: &State| {
            let warnings = state.server.as_ref().map(|server| server.warnings.clone());
            let mut codes = warnings.iter().flat_map(|all| all.iter());
            codes.any(|warning| warning.code == "exit_unattached")
        };
        bridge
            .until("the option is known before it leaves", warned)
            .await;
        assert_eq!(server.clients().len(), 2, "it is attached still");
        server.run(["set-option", "-s", "exit-unattached", "off"]);
        let none = || server.clients().is_empty();
        wait_until_async("it leaves without harm", SOON, none).await;
        assert!(server.is_alive());
        bridge.stop().await;
    });
}

#[test]
fn regression_a_server_that_is_to_be_left_alone_is_left_to_its_user() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let settings = Settings {
            exit_unattached: ExitUnattached::Leave,
            ..SETTINGS
        };
        let bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        bridge.settled().await;
        server.run(["set-option", "-s", "exit-unattached", "on"]);
        server.run(["rename-window", "-t", "=main:", "changed"]);
        let renamed = |state: &State| {
            state
                .windows
                .values()
                .any(|window| window.name == "changed")
        };
        bridge.until("a listing", renamed).await;
        assert!(!server.clients().is_empty(), "leaving would be its end");
        let user = attached(&server, "main");
        let lost = |state: &State| state.server.is_none();
        bridge.until("muxwire has left it to the user", lost).await;
        wait_until_async("the user alone is left", SOON, || {
            server.clients() == [user.0.id()]
        })
        .await;
        server.run(["set-option", "-s", "exit-unattached", "off"]);
        bridge.settled().await;
        bridge.stop().await;
        assert!(server.is_alive());
    });
}
