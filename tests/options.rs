//! What options of tmux mean for who is attached: `destroy-unattached`, `exit-unattached`, and bells and alerts.

use std::sync::Arc;
use std::time::Duration;

use muxwire::bridge::Settings;
use muxwire::hub::Published;
use muxwire::ids::{PaneId, SessionId};
use muxwire::model::{ChangeKind, State};
use muxwire::tmux::ExitUnattached;

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::relayed::attached;
use crate::support::users::attached_in;
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, wait_until, wait_until_async,
};

fn named<'a>(state: &'a State, name: &str) -> &'a muxwire::model::Session {
    state.session_named(name).unwrap()
}

/// The values that this version knows.
fn values(server: &TmuxServer) -> Vec<&'static str> {
    let all = ["off", "on", "keep-last", "keep-group"];
    let knows = |value: &&str| {
        let set = server
            .command(["set-option", "-t", "=main:", "destroy-unattached", value])
            .output();
        set.unwrap().status.success()
    };
    let known = all.into_iter().filter(knows).collect();
    server.run(["set-option", "-t", "=main:", "destroy-unattached", "off"]);
    known
}

#[test]
fn regression_each_value_of_destroy_unattached_is_taken_as_tmux_takes_it() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        // Control clients could end it themselves when sessions end.
        let outer = TmuxServer::start(any_program());
        attached_in(&outer, &server, &program, "main");
        let values = values(&server);
        let mut all = Vec::new();
        for value in values {
            // Without a group, alone in one, and the two sessions of another.
            let sessions =
                ["single", "alone", "first", "second"].map(|kind| format!("{kind}-{value}"));
            let [single, alone, first, second] = &sessions;
            server.run(["new-session", "-d", "-s", single, "cat"]);
            server.run([
                "new-session",
                "-d",
                "-s",
                alone,
                "-t",
                &format!("group-{value}"),
            ]);
            server.run(["new-session", "-d", "-s", first, "cat"]);
            server.run(["new-session", "-d", "-s", second, "-t", first]);
            for session in &sessions {
                attached_in(&outer, &server, &program, session);
                let target = format!("={session}:");
                server.run(["set-option", "-t", &target, "destroy-unattached", value]);
            }
            let goes = match value {
                "off" => [false; 4],
                "on" => [true; 4],
                "keep-last" => [false, false, true, true],
                _ => [true, false, true, true],
            };
            all.extend(
                sessions
                    .into_iter()
                    .zip(goes)
                    .map(|(name, goes)| (name, goes, value)),
            );
        }
        let bridge = LiveBridge::start(server.tmux().await);
        let is_right = |state: &State| {
            all.iter().all(|(name, goes, _)| {
                let session = state.session_named(name);
                session.is_some_and(|session| session.streamed != *goes)
            })
        };
        let state = bridge.until("those that stay are streamed", is_right).await;
        for (name, goes, value) in &all {
            let published = &named(&state, name).destroy_unattached;
            let published = published.as_ref().map(ToString::to_string);
            assert_eq!(published.as_deref(), goes.then_some(*value), "{name}");
        }
        // And it is so: when all have left, tmux has ended these and no others.
        bridge.stop().await;
        drop(outer);
        // The last one of a group stays with `keep-last` and `keep-group`, whichever it is.
        let last = all
            .iter()
            .filter(|(name, ..)| name.starts_with("first-keep"));
        let stay = 1 + last.count() + all.iter().filter(|(_, goes, _)| !goes).count();
        wait_until("tmux has ended those that go", SOON, || {
            server.run(["list-sessions"]).lines().count() <= stay
        });
        let left = server.run(["list-sessions", "-F", "#{session_name}"]);
        for (name, goes, _) in &all {
            if !goes {
                assert!(
                    left.lines().any(|line| line == name),
                    "{name} is gone: {left}"
                );
            }
        }
    });
}

#[test]
fn regression_a_session_of_which_muxwire_is_the_only_client_is_not_left_to_its_end() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["new-session", "-d", "-s", "kept", "cat"]);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        server.run(["set-option", "-t", "=kept:", "destroy-unattached", "on"]);
        // tmux notifies of no option; whatever else changes does.
        server.run(["rename-window", "-t", "=main:", "changed"]);
        let marked = |state: &State| named(state, "kept").destroy_unattached.is_some();
        let state = bridge.until("the option is known", marked).await;
        assert!(named(&state, "kept").streamed);
        let user = attached(&server, "kept");
        let left = |state: &State| !named(state, "kept").streamed;
        bridge.until("muxwire has left it to the user", left).await;
        server.run(["set-option", "-t", "=kept:", "destroy-unattached", "off"]);
        server.run(["rename-window", "-t", "=main:", "again"]);
        let streamed = |state: &State| named(state, "kept").streamed;
        bridge.until("it is streamed again", streamed).await;
        drop(user);
        bridge.stop().await;
        let sessions = server.run(["list-sessions", "-F", "#{session_name}"]);
        assert_eq!(sessions.lines().collect::<Vec<_>>(), ["kept", "main"]);
    });
}

#[test]
fn regression_a_server_that_ends_unattached_is_left_alone_where_that_is_set() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let user = attached(&server, "main");
        server.run(["set-option", "-s", "exit-unattached", "on"]);
        let settings = Settings {
            exit_unattached: ExitUnattached::Leave,
            ..SETTINGS
        };
        let bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        let tmux = server.tmux().await;
        let refused = muxwire::tmux::look_for_server(&tmux, ExitUnattached::Leave).await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("set-option -s exit-unattached off"),
            "{refused}"
        );
        assert!(bridge.state().server.is_none());
        assert_eq!(server.clients(), [user.0.id()]);
        server.run(["set-option", "-s", "exit-unattached", "off"]);
        bridge.settled().await;
        drop(user);
        bridge.stop().await;
        assert_eq!(server.run(["list-sessions"]).lines().count(), 1);
    });
}

#[test]
fn regression_exit_unattached_is_reported_when_it_is_turned_on_later() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let user = attached(&server, "main");
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        for (value, name, is_told) in [("on", "changed", true), ("off", "again", false)] {
            server.run(["set-option", "-s", "exit-unattached", value]);
            server.run(["rename-window", "-t", "=main:", name]);
            let published = |event: &Published| match &event.change.kind {
                ChangeKind::ServerChanged { server } => {
                    let mut codes = server.warnings.iter().map(|warning| &*warning.code);
                    codes.any(|code| code == "exit_unattached") == is_told
                }
                _ => false,
            };
            bridge.event("the change of the server", published).await;
        }
        drop(user);
        bridge.stop().await;
    });
}

#[test]
fn regression_a_session_is_reported_to_be_streamed_when_it_is() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let links = bridge.counters.counts().links;
        server.run(["new-session", "-d", "-s", "late", "cat"]);
        let of_late = |event: &Arc<Published>| match &event.change.kind {
            ChangeKind::SessionCreated { session } | ChangeKind::SessionChanged { session }
                if &*session.name == "late" =>
            {
                Some((event.change.kind.label(), session.streamed))
            }
            _ => None,
        };
        let wanted = |event: &Published| match &event.change.kind {
            ChangeKind::SessionCreated { session } | ChangeKind::SessionChanged { session } => {
                &*session.name == "late"
            }
            _ => false,
        };
        let event = bridge.event("the session", wanted).await;
        assert_eq!(of_late(&event), Some(("session.created", false)));
        let event = bridge.event("its link", wanted).await;
        assert_eq!(of_late(&event), Some(("session.changed", true)));
        assert!(bridge.counters.counts().links > links);
        // A link that is cut gets the notification too, and so does the next one.
        let ours = "#{?#{==:#{session_name},late},#{client_name},}";
        let client = server.run(["list-clients", "-F", ours]);
        let client = client.lines().find(|line| !line.is_empty()).unwrap();
        server.run(["detach-client", "-t", client]);
        let event = bridge.event("the cut", wanted).await;
        assert_eq!(of_late(&event), Some(("session.changed", false)));
        let event = bridge.event("the next link", wanted).await;
        assert_eq!(of_late(&event), Some(("session.changed", true)));
        bridge.stop().await;
    });
}

#[test]
fn regression_a_bell_in_a_window_that_is_current_is_published() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        // The end of a title is no bell, nor is one in a string that tmux ignores.
        let print = r"printf '\033]2;a title\007\033]52;;\007plain\n'; read x; printf 'one\007two\n'; exec cat";
        let pane = server.run([
            "new-window",
            "-P",
            "-F",
            "#{pane_id}",
            "-t",
            "=main:",
            print,
        ]);
        let pane: PaneId = pane.trim().parse().unwrap();
        assert_eq!(bells(&mut bridge, pane, "plain").await, 0);
        server.run(["send-keys", "-t", &pane.to_string(), "Enter"]);
        if bells(&mut bridge, pane, "two").await == 0 {
            let bell = |event: &Published| event.change.kind == ChangeKind::PaneBell;
            let event = bridge.event("the bell", bell).await;
            assert_eq!(event.change.pane, Some(pane));
        }
        bridge.stop().await;
    });
}

/// How many bells are published before the pane has printed a text.
async fn bells(bridge: &mut LiveBridge, pane: PaneId, until: &str) -> usize {
    let (mut bells, mut seen) = (0, Vec::new());
    while !String::from_utf8_lossy(&seen).contains(until) {
        let event = bridge
            .event(until, |event| event.change.pane == Some(pane))
            .await;
        match &event.change.kind {
            ChangeKind::PaneBell => bells += 1,
            ChangeKind::PaneOutput { bytes, .. } => seen.extend_from_slice(bytes),
            _ => {}
        }
    }
    bells
}

#[tokio::test]
async fn bells_in_a_flood_are_published_ten_times_a_second_at_most() {
    let server = TmuxServer::start(any_program());
    let mut bridge = LiveBridge::start(server.tmux().await);
    bridge.settled().await;
    let flood = r"i=0; while [ $i -lt 2000 ]; do printf '\007.\n'; i=$((i+1)); done; printf 'over\n'; exec cat";
    let began = std::time::Instant::now();
    let pane = server.new_window(flood);
    let mut bells = bells(&mut bridge, pane, "over").await;
    if bells == 0 {
        let bell = |event: &Published| event.change.kind == ChangeKind::PaneBell;
        bridge.event("the bell", bell).await;
        bells = 1;
    }
    let most = usize::try_from(began.elapsed().as_millis() / 100 + 2).unwrap();
    assert!((1..=most).contains(&bells), "{bells} bells, at most {most}");
    bridge.stop().await;
}

#[test]
fn regression_marks_of_windows_are_published() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let settings = Settings {
            reconcile: Duration::from_millis(500),
            ..SETTINGS
        };
        let mut bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        bridge.settled().await;
        let format = "#{window_id} #{pane_id}";
        let made = server.run([
            "new-window",
            "-d",
            "-P",
            "-F",
            format,
            "-t",
            "=main:",
            "cat",
        ]);
        let (window, pane) = made.trim().split_once(' ').unwrap();
        let pane_id: PaneId = pane.parse().unwrap();
        let known = |state: &State| state.panes.contains_key(&pane_id);
        bridge.until("the pane is known", known).await;
        server.run(["send-keys", "-t", pane, "-l", "\x07"]);
        server.run(["send-keys", "-t", pane, "Enter"]);
        let marked = |event: &Published| match event.change.kind {
            ChangeKind::WindowAlert { alerts } => alerts.bell,
            _ => false,
        };
        bridge.event("the mark", marked).await;
        let session = &bridge.state().sessions[&SessionId(0)];
        assert!(session.alerts_of(window.parse().unwrap()).bell);
        server.run(["select-window", "-t", window]);
        let unmarked = |event: &Published| match event.change.kind {
            ChangeKind::WindowAlert { alerts } => alerts.is_empty(),
            _ => false,
        };
        bridge.event("the mark's end", unmarked).await;
        wait_until_async("the state has no mark", SOON, || {
            bridge.state().sessions[&SessionId(0)].alerts.is_empty()
        })
        .await;
        bridge.stop().await;
    });
}
