//! Latency in the open: what `stats` and `/metrics` say of queues, of what was left out, and of times. The test plays the
//! bridge.

use std::time::{Duration, Instant};

use muxwire::auth::Permission;
use muxwire::hub::Stamp;
use muxwire::ids::PaneId;
use muxwire::model::{Change, ChangeKind};
use serde_json::{Value, json};

use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::views::{view, view_request};
use crate::support::world::{World, stamp};

const PANE: PaneId = PaneId(0);

async fn start(setup: Setup) -> (TestServer, World) {
    let server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    (server, world)
}

/// Publishes output that was read from tmux so long ago.
fn print(server: &TestServer, world: &World, offset: u64, text: &'static str, age: Duration) {
    let read_at = Instant::now().checked_sub(age);
    let stamp = Stamp { read_at, ..stamp() };
    let output = world.output(PANE, offset, text.as_bytes());
    server.hub.publish([output], None, stamp);
}

async fn stats(client: &mut Client) -> Value {
    client.send(json!({ "action": "stats", "id": 3 })).await;
    let stats = client.find("stats").await;
    assert_eq!(stats["id"], 3);
    stats
}

async fn subscribed(server: &TestServer) -> Client {
    let mut client = server.client().await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    client
}

/// The value of a figure of `/metrics`.
fn figure(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

#[tokio::test]
async fn times_are_reported_once_somebody_asks() {
    let (server, world) = start(Setup::default()).await;
    let mut asks = subscribed(&server).await;
    let mut silent = subscribed(&server).await;
    print(&server, &world, 0, "before", Duration::ZERO);
    asks.find("pane.output").await;
    let before = stats(&mut asks).await;
    assert_eq!(before["client"]["latency_us"], Value::Null);
    assert_eq!(before["server"]["latency_us"]["count"], 1, "{before}");
    assert_eq!(before["server"]["clients"], 2);

    for offset in 0..4 {
        print(&server, &world, 6 + offset, "x", Duration::from_millis(30));
        asks.find("pane.output").await;
    }
    for _ in 0..5 {
        silent.find("pane.output").await;
    }
    let after = stats(&mut asks).await;
    let client = &after["client"];
    assert_eq!(client["latency_us"]["count"], 4, "{after}");
    assert!(
        client["latency_us"]["p50"].as_u64() >= Some(30_000),
        "{after}"
    );
    assert!(client["latency_us"]["max"].as_u64() >= client["latency_us"]["p99"].as_u64());
    let server_latency = &after["server"];
    assert_eq!(
        server_latency["latency_us"]["count"], 5,
        "each event once: {after}"
    );
    assert!(
        server_latency["fan_out_us"]["max"].as_u64() >= Some(30_000),
        "{after}"
    );
    assert_eq!(client["behind_events"], 0);
    assert_eq!(client["name"], "unauthenticated");

    // Any client may do all while there are no tokens, so the writes of the silent one were timed as well.
    let clients = after["clients"].as_array().unwrap();
    assert_eq!(clients.len(), 2);
    for client in clients {
        assert_eq!(client["latency_us"]["count"], 4, "{client}");
        assert!(
            client["address"]
                .as_str()
                .unwrap()
                .starts_with("127.0.0.1:")
        );
    }
}

#[tokio::test]
async fn only_admins_see_others() {
    let mut tokens = Tokens::new();
    let rows = [
        (tokens.add(Permission::Read, &["a"], None), false),
        (tokens.add(Permission::Write, &[], None), false),
        (tokens.add(Permission::Admin, &[], None), true),
    ];
    let (server, _) = start(Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    })
    .await;
    let mut unknown = server.client().await;
    let refused = unknown.refused(json!({ "action": "stats" })).await;
    assert_eq!(refused, "AUTH_REQUIRED");
    for (count, (token, all)) in (1..).zip(rows) {
        let mut client = server.client().await;
        let auth = json!({ "action": "auth", "token": token });
        let welcome = client.ask(auth, "auth.response").await;
        let stats = stats(&mut client).await;
        assert_eq!(stats["client"]["client_id"], welcome["client_id"]);
        assert_eq!(stats["client"]["name"], format!("test-{count}"));
        assert_eq!(stats.get("clients").is_some(), all, "{stats}");
        if all {
            let clients = stats["clients"].as_array().unwrap();
            let nameless = clients.iter().find(|client| client.get("name").is_none());
            assert_eq!(nameless.unwrap()["client_id"], "c1", "who has no name yet");
        }
    }
}

#[tokio::test]
async fn what_is_left_out_is_counted_as_in_lagged() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    let open = json!({ "action": "open", "id": 1, "target": { "pane": "%0" }, "ack_window": 4096 });
    client.send(open).await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 0, "", ""))).unwrap();
    client.expect("opened").await;
    client.expect("pane.snapshot").await;
    let text: &'static str = Box::leak("x".repeat(3000).into());
    for round in 0..4 {
        print(&server, &world, round * 3000, text, Duration::ZERO);
    }
    client.expect("pane.output").await;
    let ack = json!({ "action": "ack", "pane": "%0", "offset": 3000 });
    client.send(ack).await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 12_000, "", ""))).unwrap();
    let lagged = client.expect("lagged").await;
    assert_eq!(
        (&lagged["from"], &lagged["to"]),
        (&json!(3000), &json!(12_000))
    );
    client.expect("pane.snapshot").await;
    let shed = json!({ "panes": 1, "bytes": 9000 });
    assert_eq!(stats(&mut client).await["client"]["shed"], shed);

    let kind = ChangeKind::PaneResized {
        width: 90,
        height: 24,
        previous: (80, 24),
    };
    let resized = Change::of_pane(PANE, world.state.places_of_pane(PANE), kind);
    server.hub.publish([resized], None, stamp());
    client.expect("pane.resized").await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 12_000, "", ""))).unwrap();
    client.expect("pane.snapshot").await;
    let text = server.get("/metrics").await;
    let rows = [
        ("muxwire_shed_total", 1.0),
        ("muxwire_shed_bytes_total", 9000.0),
        ("muxwire_pane_snapshots_total{reason=\"opened\"}", 1.0),
        ("muxwire_pane_snapshots_total{reason=\"lagged\"}", 1.0),
        ("muxwire_pane_snapshots_total{reason=\"resized\"}", 1.0),
    ];
    for (name, expected) in rows {
        assert_eq!(figure(&text, name), Some(expected), "{name} in\n{text}");
    }
}

/// A client that does not read has something waiting, and `/metrics` says whose token it is without naming each client.
#[tokio::test]
async fn queues_are_summed_and_their_maximum_is_shown_by_token() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let admin = tokens.add(Permission::Admin, &[], None);
    let (server, world) = start(Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    })
    .await;
    let mut stuck = server.client().await;
    let auth = json!({ "action": "auth", "token": token });
    stuck.ask(auth, "auth.response").await;
    stuck
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    // More than the kernel takes for a client that does not read.
    let text: &'static str = Box::leak("x".repeat(60_000).into());
    let mut offset = 0;
    let text = loop {
        for _ in 0..20 {
            print(&server, &world, offset, text, Duration::ZERO);
            offset += text.len() as u64;
            tokio::task::yield_now().await;
        }
        let bearer = format!("authorization: Bearer {admin}\r\n");
        let shown = server.get_with("/metrics", &bearer).await;
        if figure(&shown, "muxwire_queue_bytes") > Some(0.0) {
            break shown;
        }
    };
    let value = |name: &str| figure(&text, name).unwrap_or_else(|| panic!("{name} in\n{text}"));
    assert_eq!(
        value("muxwire_queue_bytes"),
        value("muxwire_queue_bytes_max")
    );
    assert!(value("muxwire_queue_messages") >= 1.0);
    assert_eq!(
        value("muxwire_token_queue_bytes_max{token=\"test-1\"}"),
        value("muxwire_queue_bytes_max")
    );
    let mut watching = server.client().await;
    let auth = json!({ "action": "auth", "token": admin });
    watching.ask(auth, "auth.response").await;
    let stats = stats(&mut watching).await;
    let slowest = &stats["clients"][0];
    assert_eq!(slowest["name"], "test-1", "the slowest comes first");
    assert!(slowest["queue_bytes"].as_u64() > Some(0));
    assert_eq!(stats["client"]["queue_messages"], 0);
}
