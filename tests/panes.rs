//! Open panes on a connection: snapshot, stream, resuming, pace, and clients that are too slow. The test plays the
//! bridge.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use muxwire::bridge::ScreenError;
use muxwire::hub::HistoryLimits;
use muxwire::ids::{PaneId, SessionId};
use muxwire::model::{Change, ChangeKind, Exit};
use muxwire::server::{ConnectionLimits, SendQueueLimits};
use serde_json::{Value, json};

use crate::support::server::{Client, Setup, TestServer, patient};
use crate::support::views::{view, view_request};
use crate::support::world::{World, stamp};

const PANE: PaneId = PaneId(0);

/// One session `a` with the pane `%0`, and another one `b` with `%1`.
async fn start(setup: Setup) -> (TestServer, World) {
    let server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.session("b");
    world.publish(&server.hub);
    (server, world)
}

fn print(server: &TestServer, world: &World, pane: PaneId, offset: u64, text: &'static str) {
    let output = world.output(pane, offset, text.as_bytes());
    server.hub.publish([output], None, stamp());
}

fn open(pane: &str) -> Value {
    json!({ "action": "open", "id": 1, "target": { "pane": pane } })
}

/// Type, offset and content of what follows, for outputs and snapshots.
fn parts_of(message: &Value) -> (String, u64, String) {
    let data = &message["data"];
    let text = data["content"].as_str().or_else(|| data["replay"].as_str());
    (
        message["type"].as_str().unwrap().to_owned(),
        data["offset"].as_u64().unwrap_or_default(),
        text.unwrap_or_default().to_owned(),
    )
}

async fn next_parts(client: &mut Client) -> (String, u64, String) {
    parts_of(&client.next().await)
}

fn row(kind: &str, offset: u64, text: &str) -> (String, u64, String) {
    (kind.to_owned(), offset, text.to_owned())
}

/// Opens `%0` and answers with an empty screen at this offset.
async fn opened(server: &mut TestServer, client: &mut Client, request: Value, offset: u64) {
    client.send(request).await;
    let (_, reply) = view_request(server).await;
    reply.send(Ok(view(PANE, offset, "", ""))).unwrap();
    assert_eq!(client.expect("opened").await["recovered"], false);
    assert_eq!(
        client.expect("pane.snapshot").await["data"]["offset"],
        offset
    );
}

#[tokio::test]
async fn a_snapshot_stands_at_its_place_and_output_follows() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    print(&server, &world, PANE, 0, "before ");
    client.send(open("%0")).await;
    let (request, reply) = view_request(&mut server).await;
    assert_eq!((request.pane, request.scrollback), (PANE, 0));
    // The bridge has seen the first of these when it answers, and the client's stream the second as well.
    print(&server, &world, PANE, 7, "seen ");
    print(&server, &world, PaneId(1), 0, "another pane");
    print(&server, &world, PANE, 12, "after ");
    assert!(client.until_pong().await.is_empty(), "nothing before it");
    reply.send(Ok(view(PANE, 5, "LINE", "e seen "))).unwrap();
    let opened = client.expect("opened").await;
    assert_eq!(
        opened,
        json!({ "type": "opened", "id": 1, "pane": "%0", "recovered": false, "epoch": "e1", "offset": 18 })
    );
    let snapshot = client.find("pane.snapshot").await;
    let replay = snapshot["data"]["replay"].as_str().unwrap();
    assert!(replay.starts_with("\u{1b}c"), "{replay:?}");
    assert!(replay.contains("LINE"), "{replay:?}");
    assert!(replay.ends_with("e seen after "), "{replay:?}");
    assert_eq!(snapshot["data"]["screen_offset"], 5);
    assert_eq!(snapshot["data"]["offset"], 18);
    assert_eq!(snapshot["session"], "a");
    print(&server, &world, PANE, 18, "live");
    assert_eq!(
        next_parts(&mut client).await,
        row("pane.output", 18, "live")
    );
}

#[tokio::test]
async fn what_a_snapshot_holds_already_is_not_sent_again() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    client.send(open("%0")).await;
    let (_, reply) = view_request(&mut server).await;
    // The answer is ahead of the client's stream.
    let ahead = view(PANE, 0, "LINE", "abc");
    reply.send(Ok(ahead)).unwrap();
    client.expect("opened").await;
    client.expect("pane.snapshot").await;
    print(&server, &world, PANE, 0, "abc");
    print(&server, &world, PANE, 3, "def");
    assert_eq!(next_parts(&mut client).await, row("pane.output", 3, "def"));
}

/// Opens the first pane with all these lines of its history.
async fn open_with_history(server: &mut TestServer, client: &mut Client, lines: Vec<Bytes>) {
    let mut request = open("%0");
    request["scrollback"] = json!(lines.len());
    client.send(request).await;
    let (_, reply) = view_request(server).await;
    let mut view = view(PANE, 0, "LINE", "");
    view.scrollback = u32::try_from(lines.len()).unwrap();
    Arc::make_mut(&mut view.snapshot).scrollback = lines;
    reply.send(Ok(view)).unwrap();
}

/// The pages are many times what may wait for a client, which asks for more while they come.
#[tokio::test]
async fn regression_a_long_history_is_paced_by_the_socket() {
    const LINES: u32 = 100_000;
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    let lines = (0..LINES).map(|line| Bytes::from(format!("{line:0150}")));
    open_with_history(&mut server, &mut client, lines.collect()).await;
    client.expect("opened").await;
    print(&server, &world, PANE, 0, "live");
    let mut line = 0;
    for page in 0..200 {
        let message = client.expect("pane.scrollback").await;
        assert_eq!(message["page"], page);
        for given in message["lines"].as_array().unwrap() {
            assert_eq!(*given, json!(format!("{line:0150}")));
            line += 1;
        }
    }
    assert_eq!(line, LINES);
    let snapshot = client.expect("pane.snapshot").await;
    assert_eq!(
        snapshot["data"]["scrollback"],
        json!({ "lines": LINES, "pages": 200 })
    );
    assert_eq!(next_parts(&mut client).await, row("pane.output", 0, "live"));
}

/// The server runs on one thread here as everywhere, so the order in which things are done is that of the turns.
#[tokio::test]
async fn regression_others_have_their_turn_between_two_pages() {
    let (mut server, _) = start(Setup::default()).await;
    let (mut client, mut other) = (server.client().await, server.client().await);
    let lines = vec![Bytes::from("x".repeat(150)); 100_000];
    open_with_history(&mut server, &mut client, lines).await;
    client.expect("opened").await;
    let pages = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&pages);
    let reads = tokio::spawn(async move {
        while client.next().await["type"] == "pane.scrollback" {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut most = 0;
    let mut answers = 0;
    while !reads.is_finished() {
        let before = pages.load(Ordering::Relaxed);
        assert!(other.until_pong().await.is_empty());
        most = most.max(pages.load(Ordering::Relaxed) - before);
        answers += 1;
    }
    reads.await.unwrap();
    assert_eq!(pages.load(Ordering::Relaxed), 200);
    assert!(answers > 20, "{answers} answers beside 200 pages");
    assert!(most <= 8, "{most} pages were sent before one answer");
}

/// What is left of a history is sent no more when its pane is closed, and the connection goes on.
#[tokio::test]
async fn regression_a_history_that_is_closed_ends() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    let lines = vec![Bytes::from("x".repeat(150)); 100_000];
    open_with_history(&mut server, &mut client, lines).await;
    client.expect("opened").await;
    client
        .send(json!({ "action": "close", "target": { "pane": "%0" } }))
        .await;
    let mut pages = 0;
    while client.next().await["type"] == "pane.scrollback" {
        pages += 1;
    }
    assert!(pages < 200, "{pages}");
    client.send(open("%1")).await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PaneId(1), 0, "OTHER", ""))).unwrap();
    client.expect("opened").await;
    client.expect("pane.snapshot").await;
    print(&server, &world, PaneId(1), 0, "live");
    assert_eq!(next_parts(&mut client).await, row("pane.output", 0, "live"));
}

#[tokio::test]
async fn history_comes_first_and_in_pages() {
    let (mut server, _) = start(Setup::default()).await;
    let mut client = server.client().await;
    let mut request = open("%0");
    request["scrollback"] = json!(1200);
    client.send(request).await;
    let (request, reply) = view_request(&mut server).await;
    assert_eq!(request.scrollback, 1200);
    let mut view = view(PANE, 0, "LINE", "");
    let snapshot = Arc::make_mut(&mut view.snapshot);
    // More than was asked for, as another client may have asked for more.
    snapshot.scrollback = (0..1500)
        .map(|line| Bytes::from(format!("line {line}")))
        .collect();
    snapshot.history = 2000;
    view.scrollback = 1200;
    reply.send(Ok(view)).unwrap();
    client.expect("opened").await;
    let mut lines = Vec::new();
    for page in 0..3 {
        let message = client.expect("pane.scrollback").await;
        assert_eq!(
            (&message["page"], &message["pages"]),
            (&json!(page), &json!(3))
        );
        let replay = message["replay"].as_str().unwrap();
        assert_eq!(replay.starts_with("\u{1b}c"), page == 0, "one reset");
        lines.extend(message["lines"].as_array().unwrap().clone());
    }
    assert_eq!(
        (lines.len(), &lines[0], &lines[1199]),
        (1200, &json!("line 300"), &json!("line 1499"))
    );
    let snapshot = client.find("pane.snapshot").await;
    assert_eq!(
        snapshot["data"]["scrollback"],
        json!({ "lines": 1200, "pages": 3 })
    );
    assert!(
        !snapshot["data"]["replay"]
            .as_str()
            .unwrap()
            .starts_with("\u{1b}c")
    );
}

#[tokio::test]
async fn a_pane_is_resumed_from_its_offset_while_the_history_reaches_back() {
    let (mut server, world) = start(Setup {
        history: HistoryLimits {
            events: 10,
            ..HistoryLimits::default()
        },
        ..Setup::default()
    })
    .await;
    for (offset, text) in [(0, "one"), (3, "two"), (6, "three")] {
        print(&server, &world, PANE, offset, text);
    }
    let since = |epoch: &str, offset: u64| {
        let mut request = open("%0");
        request["since"] = json!({ "epoch": epoch, "offset": offset });
        request
    };
    let rows = [
        (3, 3, &["two", "three"][..]),
        (4, 3, &["two", "three"]),
        (11, 11, &[]),
    ];
    for (offset, from, texts) in rows {
        let mut client = server.client().await;
        let answer = client.ask(since("e1", offset), "opened").await;
        assert_eq!(
            (&answer["recovered"], &answer["offset"]),
            (&json!(true), &json!(from))
        );
        for text in texts {
            assert_eq!(next_parts(&mut client).await.2, *text);
        }
        client.expect("bookmark").await;
        assert!(client.until_pong().await.is_empty());
    }
    for round in 0..10 {
        print(&server, &world, PaneId(1), round, "x");
    }
    for (epoch, offset) in [("e1", 3), ("e1", 99), ("other", 11)] {
        let mut client = server.client().await;
        opened(&mut server, &mut client, since(epoch, offset), 11).await;
    }
}

/// The server knows the new process already when the client comes back; the client does not.
#[tokio::test]
async fn regression_who_was_away_while_a_pane_was_respawned_gets_a_snapshot() {
    let (mut server, world) = start(Setup::default()).await;
    print(&server, &world, PANE, 0, "one");
    print(&server, &world, PANE, 3, "new");
    let kind = ChangeKind::PaneCommandChanged {
        command: "sh".to_owned(),
        previous: "sh".to_owned(),
        pid: world.state.panes[&PANE].pid,
        respawned: true,
    };
    let places = world.state.places_of_pane(PANE);
    let change = Change::of_pane(PANE, places, kind);
    server.hub.publish([change], None, stamp());
    let mut request = open("%0");
    request["since"] = json!({ "epoch": "e1", "offset": 3 });
    let mut client = server.client().await;
    assert_eq!(client.ask(request, "opened").await["recovered"], true);
    assert_eq!(next_parts(&mut client).await.2, "new");
    client.expect("pane.command_changed").await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 6, "NEW", ""))).unwrap();
    let snapshot = client.find("pane.snapshot").await;
    assert!(parts_of(&snapshot).2.contains("NEW"), "{snapshot}");
}

#[tokio::test]
async fn changes_that_no_byte_shows_bring_a_fresh_snapshot() {
    let (mut server, world) = start(Setup::default()).await;
    let exit = Exit {
        status: Some(0),
        signal: None,
    };
    let rows = [
        ChangeKind::PaneGap {
            offset: 3,
            bytes: None,
        },
        ChangeKind::PaneResized {
            width: 10,
            height: 5,
            previous: (80, 24),
        },
        ChangeKind::PaneExited { exit },
        ChangeKind::PaneCommandChanged {
            command: "vim".to_owned(),
            previous: "bash".to_owned(),
            pid: 77,
            respawned: true,
        },
    ];
    for kind in rows {
        let mut client = server.client().await;
        opened(&mut server, &mut client, open("%0"), 3).await;
        let name = kind.label();
        let places = world.state.places_of_pane(PANE);
        server
            .hub
            .publish([Change::of_pane(PANE, places, kind)], None, stamp());
        client.expect(name).await;
        let (_, reply) = view_request(&mut server).await;
        reply.send(Ok(view(PANE, 3, "NEW", ""))).unwrap();
        assert!(next_parts(&mut client).await.2.contains("NEW"), "{name}");
        // A connection that goes is not gone at once, and would ask for the pane as well.
        let close = json!({ "action": "close", "target": { "pane": "%0" } });
        client.ask(close, "closed").await;
    }
    // The same process with another title is no news.
    let mut client = server.client().await;
    opened(&mut server, &mut client, open("%0"), 3).await;
    let kind = ChangeKind::PaneCommandChanged {
        command: "vim".to_owned(),
        previous: "bash".to_owned(),
        pid: world.state.panes[&PANE].pid,
        respawned: false,
    };
    let places = world.state.places_of_pane(PANE);
    server
        .hub
        .publish([Change::of_pane(PANE, places, kind)], None, stamp());
    client.expect("pane.command_changed").await;
    client.until_pong().await;
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn regression_behind_a_gap_the_history_comes_too_and_stays() {
    let (mut server, world) = start(Setup::default()).await;
    let gap = |offset| ChangeKind::PaneGap {
        offset,
        bytes: None,
    };
    let resized = ChangeKind::PaneResized {
        width: 10,
        height: 5,
        previous: (80, 24),
    };
    for (asked, behind) in [(0, 1000), (5000, 5000)] {
        let mut client = server.client().await;
        let mut request = open("%0");
        request["scrollback"] = json!(asked);
        opened(&mut server, &mut client, request, 0).await;
        for kind in [gap(0), resized.clone()] {
            let places = world.state.places_of_pane(PANE);
            let change = Change::of_pane(PANE, places, kind);
            let name = change.kind.label();
            server.hub.publish([change], None, stamp());
            client.expect(name).await;
            let (view_of, reply) = view_request(&mut server).await;
            assert_eq!(view_of.scrollback, behind, "asked for {asked}");
            reply.send(Ok(view(PANE, 0, "NEW", ""))).unwrap();
            client.expect("pane.snapshot").await;
        }
        client
            .ask(
                json!({ "action": "close", "id": 2, "target": { "pane": "%0" } }),
                "closed",
            )
            .await;
    }
}

#[tokio::test]
async fn a_change_while_a_snapshot_is_under_way_brings_another_one() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    client.send(open("%0")).await;
    let (_, reply) = view_request(&mut server).await;
    let places = world.state.places_of_pane(PANE);
    let kind = ChangeKind::PaneGap {
        offset: 0,
        bytes: None,
    };
    server
        .hub
        .publish([Change::of_pane(PANE, places, kind)], None, stamp());
    client.expect("pane.gap").await;
    reply.send(Ok(view(PANE, 0, "OLD", ""))).unwrap();
    client.expect("opened").await;
    assert!(next_parts(&mut client).await.2.contains("OLD"));
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 0, "NEW", ""))).unwrap();
    assert!(next_parts(&mut client).await.2.contains("NEW"));
}

#[tokio::test]
async fn what_could_not_be_had_exactly_is_asked_for_again() {
    let (mut server, _) = start(Setup::default()).await;
    let mut client = server.client().await;
    client.send(open("%0")).await;
    let (_, reply) = view_request(&mut server).await;
    let mut inexact = view(PANE, 0, "ABOUT", "");
    Arc::make_mut(&mut inexact.snapshot).exact = false;
    reply.send(Ok(inexact)).unwrap();
    client.expect("opened").await;
    assert_eq!(client.expect("pane.snapshot").await["data"]["exact"], false);
    // Once it fails, and then it comes.
    let (_, reply) = view_request(&mut server).await;
    reply.send(Err(ScreenError::Busy)).unwrap();
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 0, "EXACT", ""))).unwrap();
    let healed = client.expect("pane.snapshot").await;
    assert!(parts_of(&healed).2.contains("EXACT"));
    client.until_pong().await;
    assert!(server.requests.try_recv().is_err(), "that is all");
}

#[tokio::test]
async fn regression_panes_are_closed_and_cancelled_or_not_found() {
    let (mut server, mut world) = start(Setup::default()).await;
    let mut client = server.client().await;
    opened(&mut server, &mut client, open("%0"), 0).await;
    let close = json!({ "action": "close", "id": 2, "target": { "pane": "%0" } });
    assert_eq!(
        client.ask(close.clone(), "closed").await,
        json!({ "type": "closed", "id": 2, "pane": "%0" })
    );
    print(&server, &world, PANE, 0, "unseen");
    assert!(client.until_pong().await.is_empty());
    // Closed before it is open, by itself or with everything else.
    for end in [close, json!({ "action": "unsubscribe", "id": 2 })] {
        client.send(open("%0")).await;
        let (_, reply) = view_request(&mut server).await;
        client.send(end).await;
        let error = client.find("error").await;
        assert_eq!(
            (&error["id"], &error["code"]),
            (&json!(1), &json!("CANCELLED"))
        );
        assert_eq!(client.next().await["id"], 2);
        drop(reply.send(Ok(view(PANE, 6, "LATE", ""))));
        assert!(client.until_pong().await.is_empty());
    }
    // It goes before it is open.
    client.send(open("%0")).await;
    let (_, _reply) = view_request(&mut server).await;
    world.remove_session(SessionId(0));
    world.publish(&server.hub);
    let error = client.find("error").await;
    assert_eq!(
        (&error["id"], &error["code"]),
        (&json!(1), &json!("NOT_FOUND"))
    );
}

#[tokio::test]
async fn what_the_bridge_can_not_show_is_an_error() {
    let (mut server, _) = start(Setup::default()).await;
    let mut client = server.client().await;
    let rows = [
        (ScreenError::NoSuchPane, "NOT_FOUND"),
        (ScreenError::Unavailable, "TMUX_UNAVAILABLE"),
        (ScreenError::Busy, "RATE_LIMITED"),
        (ScreenError::Recording, "RECORDING"),
        (ScreenError::Tmux("no".to_owned()), "TMUX_ERROR"),
    ];
    for (error, code) in rows {
        client.send(open("%0")).await;
        let (_, reply) = view_request(&mut server).await;
        reply.send(Err(error)).unwrap();
        let answer = client.expect("error").await;
        assert_eq!((&answer["id"], &answer["code"]), (&json!(1), &json!(code)));
    }
    for target in [json!({ "pane": "%9" }), json!({ "session": "none" })] {
        let request = json!({ "action": "open", "target": target });
        assert_eq!(client.refused(request).await, "NOT_FOUND");
        let request = json!({ "action": "close", "target": target });
        assert_eq!(client.refused(request).await, "NOT_FOUND");
    }
    let ack = json!({ "action": "ack", "pane": "%0", "offset": 1 });
    assert_eq!(client.refused(ack).await, "NOT_FOUND", "it is not open");
}

#[tokio::test]
async fn a_page_is_given_no_more_than_it_acknowledges() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    let mut request = open("%0");
    request["ack_window"] = json!(4096);
    opened(&mut server, &mut client, request, 0).await;
    let chunk: &'static str = Box::leak("x".repeat(1000).into());
    for round in 0..10 {
        print(&server, &world, PANE, round * 1000, chunk);
    }
    print(
        &server,
        &world,
        PaneId(1),
        0,
        "another pane has no such bound",
    );
    for round in 0..4 {
        assert_eq!(next_parts(&mut client).await.1, round * 1000);
    }
    assert!(client.until_pong().await.is_empty());
    let ack = |offset: u64| json!({ "action": "ack", "id": 3, "pane": "%0", "offset": offset });
    // Less than half, and more than was ever sent.
    client.ask(ack(1000), "acked").await;
    assert!(server.requests.try_recv().is_err());
    client.ask(ack(99_999), "acked").await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 10_000, "CAUGHT UP", ""))).unwrap();
    assert_eq!(
        client.next().await,
        json!({ "type": "lagged", "pane": "%0", "from": 4000, "to": 10_000 })
    );
    assert!(next_parts(&mut client).await.2.contains("CAUGHT UP"));
    for round in 10..14 {
        print(&server, &world, PANE, round * 1000, chunk);
        assert_eq!(parts_of(&client.find("pane.output").await).1, round * 1000);
    }
}

#[tokio::test]
async fn a_page_that_acknowledges_no_snapshot_is_given_no_further_one() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    let mut request = open("%0");
    request["ack_window"] = json!(4096);
    opened(&mut server, &mut client, request, 0).await;
    // Each of these is more than a window.
    let chunk: &'static str = Box::leak("x".repeat(5000).into());
    for round in 0..3 {
        print(&server, &world, PANE, round * 5000, chunk);
        assert!(client.until_pong().await.is_empty());
        assert!(server.requests.try_recv().is_err());
    }
    let ack = |offset: u64| json!({ "action": "ack", "id": 3, "pane": "%0", "offset": offset });
    client.ask(ack(0), "acked").await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 15_000, "CAUGHT UP", ""))).unwrap();
    assert_eq!(client.expect("lagged").await["to"], 15_000);
    client.expect("pane.snapshot").await;
    print(&server, &world, PANE, 15_000, chunk);
    client.ask(ack(14_999), "acked").await;
    assert!(server.requests.try_recv().is_err());
    client.ask(ack(15_000), "acked").await;
    view_request(&mut server).await;
}

#[tokio::test]
async fn in_binary_bytes_come_as_they_are() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server
        .client_at("/monitor", "unknown, muxwire.v1.bin, muxwire.v1")
        .await;
    client.send(open("%0")).await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(PANE, 5, "LINE", ""))).unwrap();
    client.expect("opened").await;
    let snapshot = client.find("pane.snapshot").await;
    let replay = client.expect("binary").await;
    assert_eq!(
        snapshot["data"]["replay_bytes"],
        replay["bytes"].as_array().unwrap().len()
    );
    assert_eq!((&replay["kind"], &replay["offset"]), (&json!(2), &json!(5)));
    let output = world.output(PANE, 5, b"\x00\xff\xe2\x82 split");
    let seq = server.hub.publish([output], None, stamp());
    assert_eq!(
        client.next().await,
        json!({
            "type": "binary", "kind": 1, "pane": "%0", "epoch": 0xe1, "seq": seq.0, "offset": 5,
            "bytes": b"\x00\xff\xe2\x82 split",
        })
    );
}

/// A client stops reading under a flood while another pane prints a little: the flood is left out for it, and nothing
/// else.
#[tokio::test]
async fn a_slow_client_is_spared_the_flood_and_ends_up_exact() {
    let limits = ConnectionLimits {
        send_queue: SendQueueLimits {
            bytes: 1 << 20,
            messages: 10_000,
        },
        ..patient()
    };
    let (mut server, mut world) = start(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    let mut slow = server.client().await;
    let mut quick = server.client().await;
    for client in [&mut slow, &mut quick] {
        client
            .ask(json!({ "action": "subscribe" }), "subscribed")
            .await;
    }
    let chunk: &'static [u8] = Box::leak(vec![b'x'; 60_000].into());
    let (mut little, mut renames) = (0, 0);
    // More than the buffers of a socket and the history can hold.
    for round in 0..500_u64 {
        let output = world.output(PANE, round * 60_000, chunk);
        server.hub.publish([output], None, stamp());
        quick.expect("pane.output").await;
        if round % 50 == 0 {
            print(&server, &world, PaneId(1), little, "tick");
            little += 4;
            world.rename(SessionId(1), &format!("b{round}"));
            world.publish(&server.hub);
            renames += 1;
            quick.expect("pane.output").await;
            quick.expect("session.renamed").await;
        }
    }
    let (mut ticks, mut seen_renames, mut position, mut last) = (0, 0, 0, 0);
    let lagged = loop {
        let message = tokio::select! {
            message = slow.next() => message,
            request = view_request(&mut server) => {
                assert_eq!(request.0.pane, PANE);
                assert!(request.1.send(Ok(view(PANE, 30_000_000, "NOW", ""))).is_ok());
                continue;
            }
        };
        if let Some(seq) = message["seq"]
            .as_u64()
            .filter(|_| message["type"] != "bookmark")
        {
            assert!(seq > last, "in order");
            last = seq;
        }
        match (message["type"].as_str().unwrap(), message["pane"].as_str()) {
            ("pane.output", Some("%0")) => {
                assert_eq!(
                    message["data"]["offset"], position,
                    "no hole before its gap"
                );
                position += 60_000;
            }
            ("pane.output", _) => ticks += 1,
            ("session.renamed", _) => seen_renames += 1,
            ("lagged", _) => break message,
            ("bookmark", _) => {}
            (other, _) => panic!("{other} was not expected"),
        }
    };
    assert_eq!(
        (ticks, seen_renames),
        (10, renames),
        "nothing else was left out"
    );
    assert_eq!(
        lagged,
        json!({ "type": "lagged", "pane": "%0", "from": position, "to": 30_000_000 })
    );
    assert!(next_parts(&mut slow).await.2.contains("NOW"));
    print(&server, &world, PANE, 30_000_000, "live");
    assert_eq!(slow.find("pane.output").await["data"]["content"], "live");
}

/// A client that lets even the structural events pile up is closed, and comes back.
#[tokio::test]
async fn a_client_that_is_too_slow_for_structural_events_is_closed() {
    let limits = ConnectionLimits {
        send_queue: SendQueueLimits {
            bytes: 1 << 20,
            messages: 10_000,
        },
        close_timeout: Duration::from_secs(20),
        ..patient()
    };
    let (server, mut world) = start(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    let mut slow = server.client().await;
    let mut quick = server.client().await;
    for client in [&mut slow, &mut quick] {
        client
            .ask(json!({ "action": "subscribe" }), "subscribed")
            .await;
    }
    for round in 0..3000 {
        world.rename(SessionId(0), &format!("{round:09000}"));
        world.publish(&server.hub);
        quick.expect("session.renamed").await;
    }
    let mut last = 0;
    let code = loop {
        match slow.read().await {
            Ok(message) if message["type"] == "session.renamed" => {
                last = message["seq"].as_u64().unwrap()
            }
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, Some(4002));
    let mut back = server.client().await;
    let since = json!({ "epoch": "e1", "seq": last });
    let subscribe = json!({ "action": "subscribe", "since": since });
    let answer = back.ask(subscribe, "subscribed").await;
    assert!(answer["recovered"].is_boolean());
}
