//! `server.attach = "on-demand"`: control clients are there only while somebody listens.

use std::time::Duration;

use bytes::Bytes;
use muxwire::bridge::{Attach, Key, Settings};
use serde_json::{Value, json};

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::hazards::survives_the_end_of_four_windows;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{
    SOON, TmuxServer, for_each_version_async, pause, wait_until, wait_until_async,
};

const ON_DEMAND: [(&str, &str); 3] = [
    ("MUXWIRE_SERVER_ATTACH", "on-demand"),
    ("MUXWIRE_SERVER_ATTACH_GRACE", "1s"),
    ("MUXWIRE_SECURITY_REQUIRE_AUTH", "false"),
];

/// A bridge of this process that is attached while somebody listens.
const WHILE_WANTED: Settings = Settings {
    attach: Attach::OnDemand {
        grace: Duration::from_secs(1),
    },
    ..SETTINGS
};

const IDLE: &str = "ready: idle, not attached to tmux until somebody listens\n";

fn is_idle(serving: &Serving) -> bool {
    serving.get("/readyz").contains(IDLE)
}

fn has_sessions(snapshot: &Value, names: &[&str]) -> bool {
    let sessions = snapshot["sessions"].as_array().unwrap();
    names
        .iter()
        .all(|name| sessions.iter().any(|session| session["name"] == *name))
}

/// Asks until all these sessions are in the state; returns the position of that snapshot.
async fn knows(client: &mut Client, names: &[&str]) -> Value {
    for _ in 0..2000 {
        client.send(json!({ "action": "snapshot" })).await;
        let snapshot = client.find("snapshot").await;
        if has_sessions(&snapshot, names) {
            return snapshot["cursor"].clone();
        }
        pause(Duration::from_millis(5)).await;
    }
    panic!("never all of {names:?}");
}

#[test]
fn regression_without_clients_no_control_client_is_attached() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let serving = Serving::start_with(&server, &[], &ON_DEMAND);
        wait_until("it is idle", SOON, || is_idle(&serving));
        assert_eq!(server.clients(), Vec::<u32>::new());

        let mut client = serving.client().await;
        let two_links = || server.clients().len() == 2;
        wait_until_async("control and output link", SOON, two_links).await;
        assert!(!is_idle(&serving));
        knows(&mut client, &["main"]).await;
        drop(client);
        let none = || server.clients().is_empty();
        wait_until_async("the grace is over", SOON, none).await;
        wait_until_async("it is idle again", SOON, || is_idle(&serving)).await;
        assert!(server.is_alive());
    });
}

#[test]
fn regression_without_clients_a_server_survives_windows_that_end_together() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let serving = Serving::start_with(&server, &[], &ON_DEMAND);
        wait_until("it is idle", SOON, || is_idle(&serving));
        for _ in 0..5 {
            assert!(survives_the_end_of_four_windows(&server));
        }
        // Nothing of it has cost muxwire its place.
        let mut client = serving.client().await;
        wait_until_async("it attaches", SOON, || !server.clients().is_empty()).await;
        knows(&mut client, &["main"]).await;
    });
}

#[test]
fn what_came_while_nobody_listened_is_published_from_a_listing() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let serving = Serving::start_with(&server, &[], &ON_DEMAND);
        wait_until("it is idle", SOON, || is_idle(&serving));
        let mut first = serving.client().await;
        let position = knows(&mut first, &["main"]).await;
        drop(first);
        wait_until_async("the grace is over", SOON, || server.clients().is_empty()).await;
        server.new_session("meanwhile", "exec cat");

        let mut second = serving.client().await;
        let subscribe = json!({ "action": "subscribe", "since": position });
        second.send(subscribe).await;
        let created = second.find("session.created").await;
        assert_eq!(created["session"], "meanwhile", "{created}");
        knows(&mut second, &["main", "meanwhile"]).await;
    });
}

#[test]
fn requests_that_come_before_the_link_wait_for_it() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let bridge = LiveBridge::start_with(server.tmux().await, WHILE_WANTED, None);
        let state = bridge
            .until("a look", |state| !state.panes.is_empty())
            .await;
        assert!(bridge.handle.demand().is_idle());
        assert_eq!(server.clients(), Vec::<u32>::new());
        let pane = *state.panes.keys().next().unwrap();
        // Nobody listens; the request alone is reason enough to attach.
        let typed = vec![Key::Text(Bytes::from_static(b"typed early\r"))];
        bridge.input(pane, typed, false).await.unwrap();
        wait_until_async("it is typed", SOON, || {
            let shown = server.run(["capture-pane", "-p", "-t", &pane.to_string()]);
            shown.matches("typed early").count() == 2
        })
        .await;
        let none = || server.clients().is_empty();
        wait_until_async("the grace is over", SOON, none).await;
        assert!(bridge.handle.demand().is_idle());
    });
}

#[test]
fn output_that_nobody_saw_is_published_as_a_gap() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start_with(server.tmux().await, WHILE_WANTED, None);
        bridge
            .until("a look", |state| !state.panes.is_empty())
            .await;
        server.run(["send-keys", "-t", "=main:", "unseen", "Enter"]);
        let listener = bridge.handle.demand().listen();
        let gap = bridge
            .event("a gap", |event| event.change.kind.label() == "pane.gap")
            .await;
        assert!(gap.change.pane.is_some());
        drop(listener);
    });
}
