//! Open panes on a connection: snapshot, stream, resuming, pace, and clients that are too slow. The test plays the
//! bridge.

use std::sync::Arc;

use bytes::Bytes;
use muxwire::bridge::{PaneView, Request, ScreenError, ViewRequest};
use muxwire::hub::HistoryLimits;
use muxwire::ids::{PaneId, SessionId};
use muxwire::model::{Change, ChangeKind, Exit};
use muxwire::screen::{Cursor, Modes, PaneSnapshot, ScrollRegion, Tracked, Unfinished};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::server::{Client, Setup, TestServer};
use crate::support::world::{World, stamp};

const PANE: PaneId = PaneId(0);

type Reply = oneshot::Sender<Result<PaneView, ScreenError>>;

/// One session `a` with the pane `%0`, and another one `b` with `%1`.
async fn start(setup: Setup) -> (TestServer, World) {
    let server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.session("b");
    world.publish(&server.hub);
    (server, world)
}

/// The next request for a pane as it is.
async fn view_request(server: &mut TestServer) -> (ViewRequest, Reply) {
    match server.request().await {
        Request::View { view, reply } => (view.into_request(), reply),
        other => panic!("no pane is asked for, but {other:?}"),
    }
}

/// A view whose screen is one line of text at `screen_offset`, and what the pane printed since.
fn view(screen_offset: u64, line: &'static str, since: &'static str) -> PaneView {
    let snapshot = PaneSnapshot {
        tracked: Tracked::default(),
        pane: PANE,
        offset: screen_offset,
        exact: true,
        assumed: Vec::new(),
        cols: 20,
        rows: 2,
        primary: vec![Bytes::from_static(line.as_bytes()), Bytes::new()],
        alternate: None,
        cursor: Cursor {
            x: 0,
            y: 1,
            visible: true,
            shape: None,
            blinking: None,
            colour: None,
        },
        modes: Modes::default(),
        tabs: vec![8, 16],
        scroll_region: ScrollRegion { top: 0, bottom: 1 },
        unfinished: Unfinished::default(),
        history: 0,
        scrollback: Vec::new(),
    };
    PaneView {
        snapshot: Arc::new(snapshot),
        scrollback: 0,
        since: vec![Bytes::from_static(since.as_bytes())],
        offset: screen_offset + since.len() as u64,
    }
}

fn print(server: &TestServer, world: &World, pane: PaneId, offset: u64, text: &'static str) {
    let output = world.output(pane, offset, text.as_bytes());
    server.hub.publish([output], None, stamp());
}

fn open(pane: &str) -> Value {
    json!({ "action": "open", "id": 1, "target": { "pane": pane } })
}

/// Type, offset and content of what follows, for outputs and snapshots.
fn told(message: &Value) -> (String, u64, String) {
    let data = &message["data"];
    let text = data["content"].as_str().or_else(|| data["replay"].as_str());
    (
        message["type"].as_str().unwrap().to_owned(),
        data["offset"].as_u64().unwrap_or_default(),
        text.unwrap_or_default().to_owned(),
    )
}

async fn next_told(client: &mut Client) -> (String, u64, String) {
    told(&client.next().await)
}

fn row(kind: &str, offset: u64, text: &str) -> (String, u64, String) {
    (kind.to_owned(), offset, text.to_owned())
}

/// Opens `%0` and answers with an empty screen at this offset.
async fn opened(server: &mut TestServer, client: &mut Client, request: Value, offset: u64) {
    client.send(request).await;
    let (_, reply) = view_request(server).await;
    reply.send(Ok(view(offset, "", ""))).unwrap();
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
    reply.send(Ok(view(5, "LINE", "e seen "))).unwrap();
    let opened = client.expect("opened").await;
    assert_eq!(
        opened,
        json!({ "type": "opened", "id": 1, "pane": "%0", "recovered": false, "epoch": "e1", "offset": 18 })
    );
    let snapshot = client.expect("pane.snapshot").await;
    let replay = snapshot["data"]["replay"].as_str().unwrap();
    assert!(replay.starts_with("\u{1b}c"), "{replay:?}");
    assert!(replay.contains("LINE"), "{replay:?}");
    assert!(replay.ends_with("e seen after "), "{replay:?}");
    assert_eq!(snapshot["data"]["screen_offset"], 5);
    assert_eq!(snapshot["data"]["offset"], 18);
    assert_eq!(snapshot["session"], "a");
    print(&server, &world, PANE, 18, "live");
    assert_eq!(next_told(&mut client).await, row("pane.output", 18, "live"));
}

#[tokio::test]
async fn what_a_snapshot_holds_already_is_not_sent_again() {
    let (mut server, world) = start(Setup::default()).await;
    let mut client = server.client().await;
    client.send(open("%0")).await;
    let (_, reply) = view_request(&mut server).await;
    // The answer is ahead of the client's stream.
    let ahead = view(0, "LINE", "abc");
    reply.send(Ok(ahead)).unwrap();
    client.expect("opened").await;
    client.expect("pane.snapshot").await;
    print(&server, &world, PANE, 0, "abc");
    print(&server, &world, PANE, 3, "def");
    assert_eq!(next_told(&mut client).await, row("pane.output", 3, "def"));
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
    let mut view = view(0, "LINE", "");
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
    let snapshot = client.expect("pane.snapshot").await;
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
            assert_eq!(next_told(&mut client).await.2, *text);
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

#[tokio::test]
async fn changes_that_no_byte_tells_of_bring_a_fresh_snapshot() {
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
        },
    ];
    for kind in rows {
        let mut client = server.client().await;
        opened(&mut server, &mut client, open("%0"), 3).await;
        let name = kind.name();
        let places = world.state.places_of_pane(PANE);
        server
            .hub
            .publish([Change::of_pane(PANE, places, kind)], None, stamp());
        client.expect(name).await;
        let (_, reply) = view_request(&mut server).await;
        reply.send(Ok(view(3, "NEW", ""))).unwrap();
        assert!(next_told(&mut client).await.2.contains("NEW"), "{name}");
    }
    // The same process with another title is no news.
    let mut client = server.client().await;
    opened(&mut server, &mut client, open("%0"), 3).await;
    let kind = ChangeKind::PaneCommandChanged {
        command: "vim".to_owned(),
        previous: "bash".to_owned(),
        pid: world.state.panes[&PANE].pid,
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
    reply.send(Ok(view(0, "OLD", ""))).unwrap();
    client.expect("opened").await;
    assert!(next_told(&mut client).await.2.contains("OLD"));
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(0, "NEW", ""))).unwrap();
    assert!(next_told(&mut client).await.2.contains("NEW"));
}

#[tokio::test]
async fn panes_are_closed_and_cancelled() {
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
        drop(reply.send(Ok(view(6, "LATE", ""))));
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
        (&json!(1), &json!("CANCELLED"))
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
        assert_eq!(next_told(&mut client).await.1, round * 1000);
    }
    assert!(client.until_pong().await.is_empty());
    let ack = |offset: u64| json!({ "action": "ack", "id": 3, "pane": "%0", "offset": offset });
    // Less than half, and more than was ever sent.
    client.ask(ack(1000), "acked").await;
    assert!(server.requests.try_recv().is_err());
    client.ask(ack(99_999), "acked").await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(10_000, "CAUGHT UP", ""))).unwrap();
    assert_eq!(
        client.next().await,
        json!({ "type": "lagged", "pane": "%0", "from": 4000, "to": 10_000 })
    );
    assert!(next_told(&mut client).await.2.contains("CAUGHT UP"));
    for round in 10..14 {
        print(&server, &world, PANE, round * 1000, chunk);
        assert_eq!(told(&client.find("pane.output").await).1, round * 1000);
    }
}

#[tokio::test]
async fn in_binary_bytes_come_as_they_are() {
    let (mut server, world) = start(Setup::default()).await;
    let mut request = format!("ws://{}/monitor", server.address)
        .into_client_request()
        .unwrap();
    let offers = "unknown, muxwire.v1.bin, muxwire.v1".parse().unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-protocol", offers);
    let mut client = Client::connect_with(server.address, request).await.unwrap();
    client.expect("hello").await;
    client.send(open("%0")).await;
    let (_, reply) = view_request(&mut server).await;
    reply.send(Ok(view(5, "LINE", ""))).unwrap();
    client.expect("opened").await;
    let snapshot = client.expect("pane.snapshot").await;
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
