//! `/ws/terminal/`: one pane in the shapes of a web terminal. The test plays the bridge.

use bytes::Bytes;
use muxwire::auth::Permission;
use muxwire::bridge::{InputError, InputRequest, Key, Request, ResizeError};
use muxwire::ids::{PaneId, SessionId};
use muxwire::server::ResizePolicy;
use serde_json::json;
use tokio::sync::oneshot;

use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::views::{view, view_request};
use crate::support::world::{World, stamp};
use crate::support::{SOON, wait_until_async};

/// One session `a` with a window of the panes `%0` and `%2`, of which the last is active, and `b` with `%1`.
async fn start() -> (TestServer, World) {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    world.session("b");
    let window = world.state.panes[&PaneId(0)].window;
    world.pane(window);
    world.publish(&server.hub);
    (server, world)
}

async fn terminal(server: &TestServer, path: &str) -> Client {
    server
        .client_at(&format!("/ws/terminal/{path}"), "muxwire.v1")
        .await
}

/// Answers the request for this pane with a line of text.
async fn show(server: &mut TestServer, pane: u32, offset: u64, line: &'static str) {
    let (request, reply) = view_request(server).await;
    assert_eq!(request.pane, PaneId(pane));
    reply
        .send(Ok(view(request.pane, offset, line, "")))
        .unwrap();
}

/// A terminal that is connected and shows this pane, which has printed nothing.
async fn connected(server: &mut TestServer, path: &str, pane: u32) -> Client {
    let mut client = terminal(server, path).await;
    client.send(json!({ "type": "connect" })).await;
    show(server, pane, 0, "").await;
    client.expect("connect").await;
    client.expect("output").await;
    client
}

async fn input(server: &mut TestServer) -> (InputRequest, oneshot::Sender<Result<(), InputError>>) {
    match server.request().await {
        Request::Input { input, reply } => (input.into_request(), reply),
        other => panic!("nothing is typed, but {other:?}"),
    }
}

fn print(server: &TestServer, world: &World, pane: u32, offset: u64, text: &'static str) {
    let output = world.output(PaneId(pane), offset, text.as_bytes());
    server.hub.publish([output], None, stamp());
}

#[tokio::test]
async fn connect_is_answered_by_the_pane_as_it_is_and_output_follows() {
    let (mut server, world) = start().await;
    let mut client = terminal(&server, "a").await;
    client
        .send(json!({ "type": "connect", "id": 1, "sessionId": "a", "cols": 80, "rows": 24, "timestamp": 5 }))
        .await;
    show(&mut server, 2, 7, "LINE").await;
    assert_eq!(
        client.next().await,
        json!({
            "type": "connect", "id": 1, "sessionId": "a", "timestamp": "2025-11-20T05:00:00.123Z", "pane": "%2",
            "cols": 20, "rows": 2, "epoch": "e1", "offset": 7, "recovered": false,
        })
    );
    let first = client.expect("output").await;
    assert_eq!(
        (&first["replay"], &first["exact"], &first["offset"]),
        (&json!(true), &json!(true), &json!(7))
    );
    assert!(first["data"].as_str().unwrap().contains("LINE"));
    print(&server, &world, 0, 0, "of another pane");
    print(&server, &world, 2, 7, "live");
    assert_eq!(
        client.next().await,
        json!({
            "type": "output", "sessionId": "a", "timestamp": "2025-11-20T05:00:00.123Z", "data": "live",
            "offset": 7, "bytes": 4,
        })
    );
}

#[tokio::test]
async fn it_follows_the_active_pane_unless_one_was_named() {
    let (mut server, mut world) = start().await;
    let mut follower = connected(&mut server, "a", 2).await;
    let mut named = connected(&mut server, "a?pane=%2", 2).await;
    let window = world.state.panes[&PaneId(0)].window;
    world.state.windows.get_mut(&window).unwrap().active = Some(PaneId(0));
    world.publish(&server.hub);
    show(&mut server, 0, 3, "OTHER").await;
    let connect = follower.expect("connect").await;
    assert_eq!(
        (&connect["pane"], &connect["recovered"]),
        (&json!("%0"), &json!(false))
    );
    assert!(
        follower.expect("output").await["data"]
            .as_str()
            .unwrap()
            .contains("OTHER")
    );
    print(&server, &world, 2, 0, "left");
    print(&server, &world, 0, 3, "shown");
    assert_eq!(follower.expect("output").await["data"], "shown");
    assert_eq!(named.expect("output").await["data"], "left");
    named.until_pong().await;
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_size_that_changes_is_sent_before_the_screen() {
    let (mut server, mut world) = start().await;
    let mut client = connected(&mut server, "a", 2).await;
    world.state.panes.get_mut(&PaneId(2)).unwrap().width = 30;
    world.publish(&server.hub);
    let (_, reply) = view_request(&mut server).await;
    let mut view = view(PaneId(2), 0, "WIDER", "");
    std::sync::Arc::make_mut(&mut view.snapshot).cols = 30;
    reply.send(Ok(view)).unwrap();
    let resize = client.expect("resize").await;
    assert_eq!((&resize["cols"], &resize["rows"]), (&json!(30), &json!(2)));
    assert!(
        client.expect("output").await["data"]
            .as_str()
            .unwrap()
            .contains("WIDER")
    );
}

#[tokio::test]
async fn what_is_typed_arrives_byte_for_byte_and_in_order() {
    let (mut server, _) = start().await;
    let mut client = connected(&mut server, "a", 2).await;
    let rows: [(&str, bool); 4] = [
        ("l", false),
        ("\u{1b}[A\r", false),
        ("\u{20ac}\u{0}", false),
        ("two\nlines", true),
    ];
    for (data, paste) in rows {
        let message = json!({ "type": "input", "sessionId": "a", "data": data, "paste": paste, "timestamp": "now" });
        client.send(message).await;
    }
    for (data, paste) in rows {
        let (request, reply) = input(&mut server).await;
        let bytes = Bytes::from(data);
        let key = if paste {
            Key::Paste(bytes)
        } else {
            Key::Text(bytes)
        };
        assert_eq!((request.pane, request.keys), (PaneId(2), vec![key]));
        reply.send(Ok(())).unwrap();
    }
    assert!(client.until_pong().await.is_empty(), "nothing is answered");
    client
        .send(json!({ "type": "input", "id": 9, "data": "x" }))
        .await;
    let (_, reply) = input(&mut server).await;
    reply.send(Err(InputError::PaneDead)).unwrap();
    let error = client.expect("error").await;
    assert_eq!(
        (&error["id"], &error["code"]),
        (&json!(9), &json!("PANE_DEAD"))
    );
}

#[tokio::test]
async fn in_binary_both_ways_are_bytes() {
    let (mut server, world) = start().await;
    let mut client = server.client_at("/ws/terminal/a", "muxwire.v1.bin").await;
    client.send(json!({ "type": "connect" })).await;
    show(&mut server, 2, 5, "LINE").await;
    client.expect("connect").await;
    let replay = client.expect("binary").await;
    assert_eq!((&replay["kind"], &replay["offset"]), (&json!(2), &json!(5)));
    let output = world.output(PaneId(2), 5, b"\xff\x00");
    server.hub.publish([output], None, stamp());
    let output = client.expect("binary").await;
    assert_eq!(
        (&output["kind"], &output["bytes"]),
        (&json!(1), &json!([255, 0]))
    );
    client.send_bytes(vec![0xc3, 0x00, 0x1b]).await;
    let (request, _reply) = input(&mut server).await;
    assert_eq!(
        request.keys,
        [Key::Text(Bytes::from_static(&[0xc3, 0x00, 0x1b]))]
    );
}

#[tokio::test]
async fn a_terminal_is_resumed_from_its_offset() {
    let (mut server, world) = start().await;
    print(&server, &world, 2, 0, "seen");
    print(&server, &world, 2, 4, "missed");
    let connect = |pane: &str, epoch: &str| json!({ "type": "connect", "since": { "epoch": epoch, "pane": pane, "offset": 4 } });
    let mut client = terminal(&server, "a").await;
    client.send(connect("%2", "e1")).await;
    let answer = client.expect("connect").await;
    assert_eq!(
        (&answer["recovered"], &answer["offset"]),
        (&json!(true), &json!(4))
    );
    assert_eq!((&answer["cols"], &answer["rows"]), (&json!(80), &json!(24)));
    assert_eq!(client.expect("output").await["data"], "missed");
    for (pane, epoch) in [("%0", "e1"), ("%2", "e0")] {
        let mut client = terminal(&server, "a").await;
        client.send(connect(pane, epoch)).await;
        show(&mut server, 2, 10, "NOW").await;
        assert_eq!(client.expect("connect").await["recovered"], false);
    }
}

#[tokio::test]
async fn it_ends_with_its_session_its_pane_or_its_client() {
    let (mut server, mut world) = start().await;
    let mut of_session = connected(&mut server, "a", 2).await;
    let mut of_pane = connected(&mut server, "b?pane=%1", 1).await;
    let mut leaves = connected(&mut server, "b", 1).await;
    leaves.send(json!({ "type": "disconnect" })).await;
    world.remove_session(SessionId(0));
    world.publish(&server.hub);
    let window = world.state.panes[&PaneId(1)].window;
    let other = world.pane(window);
    world.state.windows.get_mut(&window).unwrap().panes = vec![other];
    world.state.panes.remove(&PaneId(1));
    world.publish(&server.hub);
    for (client, reason) in [
        (&mut leaves, "requested"),
        (&mut of_session, "session_gone"),
        (&mut of_pane, "pane_gone"),
    ] {
        let end = client.expect("disconnect").await;
        assert_eq!(end["reason"], reason);
        assert_eq!(client.close_code().await, Some(1000), "{reason}");
    }
}

#[tokio::test]
async fn bad_messages_cost_only_themselves() {
    let (mut server, _) = start().await;
    let mut client = terminal(&server, "a").await;
    for early in [
        json!({ "type": "input", "data": "x" }),
        json!({ "type": "ack", "offset": 1 }),
    ] {
        assert_eq!(
            client.refused(early).await,
            "INVALID_MESSAGE",
            "it is not connected"
        );
    }
    let rows = [
        ("{", "INVALID_JSON"),
        ("[]", "INVALID_MESSAGE"),
        ("{}", "INVALID_MESSAGE"),
        (r#"{"type":5}"#, "INVALID_MESSAGE"),
        (r#"{"type":"dance"}"#, "UNKNOWN_ACTION"),
        (r#"{"type":"input"}"#, "INVALID_MESSAGE"),
        (r#"{"type":"input","data":""}"#, "INVALID_MESSAGE"),
        (r#"{"type":"resize","cols":0,"rows":5}"#, "INVALID_MESSAGE"),
        (r#"{"type":"connect","sessionId":"b"}"#, "INVALID_MESSAGE"),
        (
            r#"{"type":"connect","since":{"epoch":"e1","pane":"7","offset":1}}"#,
            "INVALID_MESSAGE",
        ),
        (r#"{"action":"subscribe"}"#, "UNKNOWN_ACTION"),
    ];
    for (text, code) in rows {
        client.send_text(text).await;
        assert_eq!(client.expect("error").await["code"], code, "{text}");
    }
    client.send(json!({ "type": "connect" })).await;
    show(&mut server, 2, 0, "").await;
    client.expect("connect").await;
}

#[tokio::test]
async fn there_is_no_terminal_for_what_is_not_there() {
    let (server, _) = start().await;
    for path in ["c", "a?pane=%1", "a?pane=%9", "%24" /* $ */] {
        let mut client = terminal(&server, path).await;
        assert_eq!(
            client.refused(json!({ "type": "connect" })).await,
            "NOT_FOUND",
            "{path}"
        );
    }
}

/// Names of sessions can hold nearly everything.
#[tokio::test]
async fn sessions_are_found_by_names_that_an_address_can_not_hold_as_they_are() {
    let (mut server, mut world) = start().await;
    world.session("caf\u{e9} 100%/x?");
    world.publish(&server.hub);
    let mut client = connected(&mut server, "caf%C3%A9%20100%25%2Fx%3F", 3).await;
    client.until_pong().await;
    connected(&mut server, "$0", 2).await;
}

#[tokio::test]
async fn a_token_opens_what_it_allows() {
    let mut tokens = Tokens::new();
    let reader = tokens.add(Permission::Read, &["a"], None);
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    };
    let mut server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.session("b");
    world.publish(&server.hub);
    let auth = json!({ "action": "auth", "token": reader });
    let mut client = terminal(&server, "a").await;
    assert_eq!(
        client.refused(json!({ "type": "connect" })).await,
        "AUTH_REQUIRED"
    );
    assert_eq!(
        client.ask(auth.clone(), "auth.response").await["success"],
        true
    );
    client.send(json!({ "type": "connect" })).await;
    show(&mut server, 0, 0, "").await;
    client.expect("connect").await;
    client.expect("output").await;
    let typed = json!({ "type": "input", "data": "x" });
    assert_eq!(client.refused(typed).await, "PERMISSION_DENIED");
    let mut other = terminal(&server, "b").await;
    other.ask(auth, "auth.response").await;
    assert_eq!(
        other.refused(json!({ "type": "connect" })).await,
        "NOT_FOUND"
    );
}

/// What is asked of the bridge for a window's size, as text, and the way back.
async fn wish(server: &mut TestServer) -> (String, oneshot::Sender<Result<(), ResizeError>>) {
    match server.request().await {
        Request::Resize { wish, reply } => (format!("{:?}", wish.into_request()), reply),
        other => panic!("no size is asked for, but {other:?}"),
    }
}

#[tokio::test]
async fn a_size_is_asked_for_where_that_is_allowed_and_taken_back_at_the_end() {
    let (mut server, _) = start().await;
    let mut refused = connected(&mut server, "a", 2).await;
    let resize = json!({ "type": "resize", "id": 4, "cols": 100, "rows": 30 });
    assert_eq!(refused.refused(resize.clone()).await, "PERMISSION_DENIED");
    let setup = Setup {
        resize: ResizePolicy::Largest,
        ..Setup::default()
    };
    let mut server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let mut client = connected(&mut server, "a", 0).await;
    client.send(resize.clone()).await;
    let (first, reply) = wish(&mut server).await;
    assert!(
        first.contains("columns: 100, rows: 30") && first.contains("largest: true"),
        "{first}"
    );
    reply.send(Err(ResizeError::Busy)).unwrap();
    let error = client.expect("error").await;
    assert_eq!(
        (&error["id"], &error["code"]),
        (&json!(4), &json!("RATE_LIMITED"))
    );
    client.send(resize).await;
    wish(&mut server).await.1.send(Ok(())).unwrap();
    assert!(client.until_pong().await.is_empty(), "nothing is answered");
    drop(client);
    let Request::Leave { client } = server.request().await else {
        panic!("the wish is taken back")
    };
    assert!(first.contains(&format!("{client:?}")), "{first}");
}

#[tokio::test]
async fn regression_a_size_is_taken_back_only_once_it_has_been_asked_for() {
    let setup = Setup {
        resize: ResizePolicy::Last,
        ..Setup::default()
    };
    let mut server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let mut client = connected(&mut server, "a", 0).await;
    let resize = json!({ "type": "resize", "cols": 100, "rows": 30 });
    client.send(resize).await;
    let (_, reply) = wish(&mut server).await;
    drop(client);
    let metrics = server.metrics.clone();
    let gone = || metrics.text().unwrap().contains("muxwire_clients 0\n");
    let closed = wait_until_async("the client is gone", SOON, gone);
    tokio::select! {
        biased;
        request = server.request() => panic!("{request:?} overtakes the size"),
        () = closed => {}
    }
    reply.send(Ok(())).unwrap();
    assert!(matches!(server.request().await, Request::Leave { .. }));
}
