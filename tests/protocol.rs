//! The protocol as clients see it, over real sockets. Every message that the server sends here is checked against its
//! schema.

use std::time::Duration;

use muxwire::auth::Permission;
use muxwire::bridge::{InputError, InputRequest, Key, Request, Screen, ScreenError};
use muxwire::ids::PaneId;
use muxwire::server::ConnectionLimits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::server::{Client, Setup, TestServer, patient};
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};

fn types(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_greeting_says_where_the_log_stands() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    let head = world.publish(&server.hub);
    let hello = Client::connect(server.address).await.expect("hello").await;
    assert_eq!(
        (&hello["protocol"], &hello["epoch"]),
        (&json!(1), &json!("e1"))
    );
    assert_eq!(
        (&hello["seq"], &hello["host"]),
        (&json!(head.0), &json!("build-3"))
    );
    assert_eq!(hello["auth_required"], false);
    assert!(
        hello["server"].as_str().unwrap().starts_with("muxwire/"),
        "{hello}"
    );
}

#[tokio::test]
async fn every_request_is_answered_once_with_its_id() {
    let mut server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let mut client = server.client().await;
    let rows = [
        (json!({ "action": "ping", "id": 1 }), "pong"),
        (json!({ "action": "ping", "id": 1.5 }), "pong"),
        (json!({ "action": "subscribe", "id": "text" }), "subscribed"),
        (json!({ "action": "snapshot", "id": -7 }), "snapshot"),
        (
            json!({ "action": "unsubscribe", "id": "\u{e9}" }),
            "unsubscribed",
        ),
        (
            json!({ "action": "auth", "id": 2, "token": "any" }),
            "auth.response",
        ),
        (
            json!({ "action": "subscribe", "id": 3, "filters": { "panes": ["x"] } }),
            "error",
        ),
        (
            json!({ "action": "snapshot", "id": 4, "target": { "session": "none" } }),
            "error",
        ),
    ];
    for (message, reply) in rows {
        let answer = client.ask(message.clone(), reply).await;
        assert_eq!(answer["id"], message["id"], "{answer}");
    }
    assert!(client.until_pong().await.is_empty());
    client
        .send(json!({ "action": "command", "id": 9, "target": { "pane": "%0" }, "command": "ls" }))
        .await;
    let (request, reply) = input(server.request().await);
    assert_eq!(
        request.keys,
        [Key::Text("ls".into()), Key::Named("Enter".to_owned())]
    );
    assert!(
        client.until_pong().await.is_empty(),
        "an answer came before tmux executed it"
    );
    reply.send(Ok(())).unwrap();
    let answer = client.expect("command.response").await;
    assert_eq!(
        answer,
        json!({ "type": "command.response", "id": 9, "success": true, "pane": "%0" })
    );
}

fn input(
    request: Request,
) -> (
    InputRequest,
    tokio::sync::oneshot::Sender<Result<(), InputError>>,
) {
    match request {
        Request::Input { input, reply } => (input.into_request(), reply),
        other => panic!("{other:?} is no input"),
    }
}

#[tokio::test]
async fn a_bad_message_costs_only_itself() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    let long =
        json!({ "action": "send-keys", "target": { "pane": "%0" }, "text": "x".repeat(70_000) });
    let rows = [
        ("{".to_owned(), "INVALID_JSON", "JSON"),
        ("[1]".to_owned(), "INVALID_MESSAGE", "object"),
        ("{}".to_owned(), "INVALID_MESSAGE", "action"),
        (r#"{"action":7}"#.to_owned(), "INVALID_MESSAGE", "action"),
        (
            r#"{"action":"dance"}"#.to_owned(),
            "UNKNOWN_ACTION",
            "subscribe",
        ),
        (
            r#"{"action":"auth"}"#.to_owned(),
            "INVALID_MESSAGE",
            "token",
        ),
        (
            r#"{"action":"ping","id":{}}"#.to_owned(),
            "INVALID_MESSAGE",
            "id",
        ),
        (
            r#"{"action":"subscribe","filters":{"types":"x"}}"#.to_owned(),
            "INVALID_FILTER",
            "filters.types",
        ),
        (
            r#"{"action":"subscribe","filters":{"types":[]}}"#.to_owned(),
            "INVALID_FILTER",
            "filters.types",
        ),
        (
            r#"{"action":"subscribe","filters":{"types":["A"]}}"#.to_owned(),
            "INVALID_FILTER",
            "filters.types",
        ),
        (
            r#"{"action":"subscribe","filters":{"panes":["3"]}}"#.to_owned(),
            "INVALID_FILTER",
            "filters.panes",
        ),
        (
            r#"{"action":"subscribe","filters":{"windows":[-1]}}"#.to_owned(),
            "INVALID_FILTER",
            "filters.windows",
        ),
        (
            r#"{"action":"subscribe","since":{"epoch":"e1"}}"#.to_owned(),
            "INVALID_MESSAGE",
            "seq",
        ),
        (
            r#"{"action":"subscribe","since":{"epoch":"e1","seq":-1}}"#.to_owned(),
            "INVALID_MESSAGE",
            "since.seq",
        ),
        (
            r#"{"action":"command","command":"ls"}"#.to_owned(),
            "INVALID_MESSAGE",
            "target",
        ),
        (
            r#"{"action":"command","command":"ls","target":{}}"#.to_owned(),
            "INVALID_MESSAGE",
            "target",
        ),
        (
            r#"{"action":"command","target":{"pane":"%0"},"command":"a\nb"}"#.to_owned(),
            "INVALID_MESSAGE",
            "command",
        ),
        (
            r#"{"action":"send-keys","target":{"pane":"%0"}}"#.to_owned(),
            "INVALID_MESSAGE",
            "text",
        ),
        (
            r#"{"action":"send-keys","target":{"pane":"%0"},"text":"a","keys":["b"]}"#.to_owned(),
            "INVALID_MESSAGE",
            "keys",
        ),
        (
            r#"{"action":"command","target":{"pane":"%0","session":"a"},"command":"ls"}"#
                .to_owned(),
            "INVALID_MESSAGE",
            "target",
        ),
        (long.to_string(), "TOO_LARGE", "65536"),
    ];
    for (text, code, word) in rows {
        client.send_text(&text).await;
        let error = client.expect("error").await;
        let shown: String = text.chars().take(100).collect();
        assert_eq!(error["code"], code, "{shown}: {error}");
        assert!(
            error["message"].as_str().unwrap().contains(word),
            "{shown}: {error}"
        );
    }
    client.ask(json!({ "action": "ping" }), "pong").await;
}

#[tokio::test]
async fn errors_repeat_nothing_of_the_message() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    let secret = "hunter2".repeat(2000);
    for message in [
        json!({ "action": "auth", "token": [secret] }),
        json!({ "action": secret }),
        json!({ "action": "auth", "token": secret }),
        json!({ "action": "subscribe", "filters": { "types": [secret] } }),
    ] {
        client.send_text(&message.to_string()).await;
        let error = client.expect("error").await.to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    client
        .send_text(r#"{"action":"subscribe","new":1,"filters":{}}"#)
        .await;
    client.expect("subscribed").await;
}

#[tokio::test]
async fn what_is_too_long_to_be_read_closes() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    client.send_text(&"x".repeat(300_000)).await;
    assert_eq!(client.close_code().await, Some(1009));
    let mut client = server.client().await;
    client.socket.send_binary(vec![1]).await;
    assert_eq!(client.close_code().await, Some(1003));
}

trait SendBinary {
    async fn send_binary(&mut self, bytes: Vec<u8>);
}

impl<S: futures_util::Sink<Message> + Unpin> SendBinary for S {
    async fn send_binary(&mut self, bytes: Vec<u8>) {
        use futures_util::SinkExt as _;
        assert!(self.send(Message::binary(bytes)).await.is_ok());
    }
}

#[tokio::test]
async fn events_come_in_full_and_in_order() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.publish(&server.hub);
    let mut client = server.client().await;
    let subscribed = client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    assert_eq!(subscribed["recovered"], Value::Null);
    world.session("backend");
    world.publish(&server.hub);
    server.hub.publish(
        [world.output(PaneId(0), 90, b"an \x1b[31merror\x1b[0m\r\n\xff")],
        None,
        stamp(),
    );
    let events = client.until_pong().await;
    let expected = [
        "session.created",
        "window.created",
        "pane.created",
        "pane.output",
    ];
    assert_eq!(types(&events), expected);
    assert_eq!(
        events[3],
        json!({
            "type": "pane.output", "timestamp": "2025-11-20T05:00:00.123Z", "session": "backend", "window": 0,
            "session_id": "$0", "window_id": "@0", "pane": "%0", "host": "build-3", "epoch": "e1", "seq": 4,
            "data": {
                "content": "an \u{1b}[31merror\u{1b}[0m\r\n\u{fffd}", "severity": "error", "offset": 90, "bytes": 20,
                "lossy": true,
            },
        })
    );
}

#[tokio::test]
async fn resuming_brings_what_was_missed_and_says_when_it_is_done() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    let head = world.publish(&server.hub);
    let mut client = server.client().await;
    let cursor = client
        .ask(json!({ "action": "snapshot" }), "snapshot")
        .await["cursor"]
        .clone();
    server.hub.publish(
        [
            world.output(PaneId(0), 0, b"one"),
            world.output(PaneId(0), 3, b"two"),
        ],
        None,
        stamp(),
    );
    for since in [cursor, json!({ "epoch": "e1", "seq": head.0 })] {
        let mut client = server.client().await;
        let subscribed = client
            .ask(
                json!({ "action": "subscribe", "since": since }),
                "subscribed",
            )
            .await;
        assert_eq!(
            (&subscribed["recovered"], &subscribed["seq"]),
            (&json!(true), &json!(head.0))
        );
        let messages = client.until_pong().await;
        assert_eq!(types(&messages), ["pane.output", "pane.output", "bookmark"]);
        assert_eq!(messages[2]["seq"], head.0 + 2);
    }
    for since in [
        json!("1.other.3"),
        json!("junk"),
        json!({ "epoch": "e1", "seq": 1000 }),
    ] {
        let mut client = server.client().await;
        let subscribed = client
            .ask(
                json!({ "action": "subscribe", "since": since }),
                "subscribed",
            )
            .await;
        assert_eq!(subscribed["recovered"], false);
        let messages = client.until_pong().await;
        assert_eq!(types(&messages), ["snapshot"]);
        assert_eq!(messages[0]["seq"], subscribed["seq"]);
    }
}

#[tokio::test]
async fn bookmarks_tell_of_what_went_by() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let mut client = server.client().await;
    let filters = json!({ "types": ["session.*"] });
    client
        .ask(
            json!({ "action": "subscribe", "filters": filters }),
            "subscribed",
        )
        .await;
    let output = |offset| [world.output(PaneId(0), offset, b"x")];
    let first = server.hub.publish(output(0), None, stamp());
    assert_eq!(client.expect("bookmark").await["seq"], first.0);
    // The next ones are gathered for a second.
    for offset in 1..50 {
        server.hub.publish(output(offset), None, stamp());
    }
    let last = server.hub.head();
    let bookmark = client.expect("bookmark").await;
    assert_eq!(bookmark["seq"], last.0);
    let mut client = server.client().await;
    let subscribe = json!({ "action": "subscribe", "since": bookmark["cursor"] });
    assert_eq!(client.ask(subscribe, "subscribed").await["recovered"], true);
    assert_eq!(types(&client.until_pong().await), ["bookmark"]);
}

#[tokio::test]
async fn a_snapshot_stands_in_the_stream_at_its_place() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.publish(&server.hub);
    let mut client = server.client().await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    world.session("a");
    world.publish(&server.hub);
    client.send(json!({ "action": "snapshot", "id": 1 })).await;
    let snapshot = client.find("snapshot").await;
    world.session("b");
    world.publish(&server.hub);
    let all = client.until_pong().await;
    for event in &all {
        let name = if event["seq"].as_u64() <= snapshot["seq"].as_u64() {
            "a"
        } else {
            "b"
        };
        assert_eq!(event["session"], name, "{event}");
    }
    assert_eq!(all.len(), 6);
    assert_eq!(snapshot["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn targets_are_found_by_every_name_that_they_have() {
    let mut server = TestServer::open().await;
    let mut world = World::new();
    let session = world.session("api");
    let second = world.window(session, 7, "editor");
    world.window(session, 8, "7");
    let pane = world.pane(second);
    world.publish(&server.hub);
    let mut client = server.client().await;
    let rows = [
        (json!({ "pane": "%3" }), Some(3)),
        (json!({ "session": "api" }), Some(0)),
        (json!({ "session": "$0", "window": 7 }), Some(3)),
        (json!({ "session": "api", "window_index": 7 }), Some(3)),
        (json!({ "session": "api", "window_name": "7" }), Some(2)),
        (
            json!({ "session": "api", "window": "@1", "pane_index": 0 }),
            Some(1),
        ),
        (
            json!({ "session": "api", "window": "editor", "pane_index": 1 }),
            Some(3),
        ),
        (json!({ "session": "api", "pane_index": 0 }), Some(0)),
        (json!({ "session": "ap" }), None),
        (json!({ "session": "$1" }), None),
        (json!({ "session": "api", "window": 9 }), None),
        (json!({ "session": "api", "window": "edit" }), None),
        (
            json!({ "session": "api", "window": 7, "pane_index": 2 }),
            None,
        ),
        (json!({ "pane": "%4" }), None),
    ];
    assert_eq!(pane, PaneId(3));
    for (target, expected) in rows {
        client
            .send(json!({ "action": "send-keys", "target": target, "text": "x" }))
            .await;
        match expected {
            Some(number) => {
                let (request, reply) = input(server.request().await);
                assert_eq!(request.pane, PaneId(number), "{target}");
                reply.send(Ok(())).unwrap();
                assert_eq!(
                    client.expect("command.response").await["pane"],
                    format!("%{number}")
                );
            }
            None => assert_eq!(
                client.expect("error").await["code"],
                "NOT_FOUND",
                "{target}"
            ),
        }
    }
}

#[tokio::test]
async fn what_tmux_says_to_typing_is_answered() {
    let mut server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let mut client = server.client().await;
    let mode = || "copy-mode".to_owned();
    let rows = [
        (InputError::NoSuchPane, "NOT_FOUND", false),
        (InputError::PaneDead, "PANE_DEAD", false),
        (InputError::InputOff, "INPUT_OFF", false),
        (InputError::InMode { mode: mode() }, "PANE_IN_MODE", true),
        (
            InputError::BadKey {
                key: "C-".to_owned(),
            },
            "UNKNOWN_KEY",
            false,
        ),
        (
            InputError::UnsupportedKey {
                key: "C-Enter".to_owned(),
                why: "tmux is too old".to_owned(),
            },
            "KEY_UNSUPPORTED",
            false,
        ),
        (InputError::Nothing, "INVALID_MESSAGE", false),
        (InputError::Busy, "RATE_LIMITED", true),
        (InputError::Unavailable, "TMUX_UNAVAILABLE", true),
        (InputError::Recording, "RECORDING", false),
        (InputError::LinkLost, "OUTCOME_UNKNOWN", false),
        (
            InputError::Partly {
                typed: 1,
                whole: 2,
                error: Box::new(InputError::PaneDead),
            },
            "INTERRUPTED",
            false,
        ),
        (InputError::Tmux("no".to_owned()), "TMUX_ERROR", false),
    ];
    for (error, code, retryable) in rows {
        let keys = json!({ "action": "send-keys", "target": { "pane": "%0" }, "keys": ["C-c", "Up"], "cancel_mode": true });
        client.send(keys).await;
        let (request, reply) = input(server.request().await);
        assert!(request.cancel_mode);
        assert_eq!(
            request.keys,
            [Key::Named("C-c".to_owned()), Key::Named("Up".to_owned())]
        );
        reply.send(Err(error.clone())).unwrap();
        let answer = client.expect("error").await;
        assert_eq!(
            (&answer["code"], &answer["retryable"]),
            (&json!(code), &json!(retryable)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_key_is_typed_once_even_across_connections() {
    let mut server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let request =
        json!({ "action": "command", "target": { "pane": "%0" }, "command": "make", "key": "k1" });
    let mut first = server.client().await;
    first.send(request.clone()).await;
    let (_, reply) = input(server.request().await);
    drop(first);
    let mut second = server.client().await;
    second.send(request.clone()).await;
    second.ask(json!({ "action": "ping" }), "pong").await;
    reply.send(Ok(())).unwrap();
    assert_eq!(second.expect("command.response").await["repeated"], true);
    let mut other = request.clone();
    other["command"] = json!("make clean");
    assert_eq!(second.refused(other.clone()).await, "INVALID_MESSAGE");
    // What certainly typed nothing may be tried again with the same key.
    other["key"] = json!("k2");
    for outcome in [Err(InputError::PaneDead), Ok(())] {
        second.send(other.clone()).await;
        let (_, reply) = input(server.request().await);
        reply.send(outcome).unwrap();
        second.next().await;
    }
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn screens_stand_before_all_that_follows_them() {
    let mut server = TestServer::open().await;
    let mut world = World::new();
    let session = world.session("a");
    world.window(session, 1, "b");
    world.publish(&server.hub);
    let mut client = server.client().await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    client
        .send(
            json!({ "action": "snapshot", "id": 1, "screen": true, "target": { "session": "a" } }),
        )
        .await;
    let Request::Screens { screens, reply } = server.request().await else {
        panic!("no screens are asked for")
    };
    assert_eq!(screens.request().panes, [PaneId(0), PaneId(1)]);
    server
        .hub
        .publish([world.output(PaneId(0), 5, b"after")], None, stamp());
    let screen = Screen {
        offset: 5,
        exact: true,
        width: 80,
        height: 2,
        cursor: (3, 1),
        cursor_visible: true,
        alternate: false,
        lines: vec!["\u{1b}[1mone".into(), "two".into()],
    };
    let answers = vec![
        (PaneId(0), Ok(screen)),
        (PaneId(1), Err(ScreenError::NoSuchPane)),
    ];
    assert!(
        client.until_pong().await.is_empty(),
        "the stream stands still"
    );
    reply.send(answers).unwrap();
    let snapshot = client.expect("snapshot").await;
    assert_eq!(client.expect("pane.output").await["data"]["offset"], 5);
    let panes = |index: usize| snapshot["sessions"][0]["windows"][index]["panes"][0].clone();
    assert_eq!(panes(0)["screen"]["lines"], json!(["\u{1b}[1mone", "two"]));
    assert_eq!(
        panes(0)["screen"]["cursor"],
        json!({ "x": 3, "y": 1, "visible": true })
    );
    assert_eq!(panes(1)["screen_error"], "there is no such pane");
    assert_eq!(snapshot["target"], json!({ "session_id": "$0" }));
}

/// Together they are many times what may wait for a client.
#[tokio::test]
async fn snapshots_of_many_panes_are_paced_by_the_socket() {
    const SNAPSHOTS: usize = 8;
    let mut server = TestServer::open().await;
    let mut world = World::new();
    for number in 0..300 {
        world.session(&format!("s{number}"));
    }
    world.publish(&server.hub);
    let mut client = server.client().await;
    for id in 0..SNAPSHOTS {
        client
            .send(json!({ "action": "snapshot", "id": id, "screen": true }))
            .await;
    }
    let screen = Screen {
        offset: 0,
        exact: true,
        width: 200,
        height: 50,
        cursor: (0, 0),
        cursor_visible: true,
        alternate: false,
        lines: vec!["x".repeat(200).into(); 50],
    };
    let answers = async {
        for _ in 0..SNAPSHOTS {
            let Request::Screens { screens, reply } = server.request().await else {
                panic!("no screens are asked for")
            };
            let panes = screens.request().panes.iter();
            let screens = panes.map(|pane| (*pane, Ok(screen.clone())));
            reply.send(screens.collect()).unwrap();
        }
    };
    let reads = async {
        for id in 0..SNAPSHOTS {
            let snapshot = client.expect("snapshot").await;
            assert_eq!(snapshot["id"], id);
            let sessions = snapshot["sessions"].as_array().unwrap();
            assert_eq!(sessions.len(), 300);
            let last = &sessions[299]["windows"][0]["panes"][0]["screen"];
            assert_eq!(last["lines"].as_array().unwrap().len(), 50);
        }
    };
    tokio::join!(answers, reads);
    assert!(client.until_pong().await.is_empty());
}

#[tokio::test]
async fn nothing_is_served_before_authentication() {
    let tokens = Tokens::new();
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.expect("hello").await["auth_required"], true);
    for message in [
        json!({ "action": "subscribe" }),
        json!({ "action": "unsubscribe" }),
        json!({ "action": "snapshot" }),
        json!({ "action": "command", "target": { "pane": "%0" }, "command": "ls" }),
        json!({ "action": "send-keys", "target": { "pane": "%0" }, "text": "x" }),
    ] {
        assert_eq!(client.refused(message).await, "AUTH_REQUIRED");
    }
    client.ask(json!({ "action": "ping" }), "pong").await;
    let wrong = client
        .ask(
            json!({ "action": "auth", "token": "mw_wrong" }),
            "auth.response",
        )
        .await;
    assert_eq!(wrong["success"], false);
    assert_eq!(client.close_code().await, Some(4500));
}

#[tokio::test]
async fn a_token_opens_what_it_allows() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &["mine-*"], None);
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    };
    let mut server = TestServer::start(setup).await;
    let mut world = World::new();
    let mine = world.session("mine-1");
    let other = world.session("other");
    world.publish(&server.hub);
    let mut client = server.client().await;
    // What follows the token need not wait for its answer.
    client
        .send(json!({ "action": "auth", "token": token, "id": 1 }))
        .await;
    client.send(json!({ "action": "subscribe" })).await;
    client.send(json!({ "action": "snapshot" })).await;
    let answer = client.expect("auth.response").await;
    assert_eq!(answer["permissions"], json!(["read", "write"]));
    client.expect("subscribed").await;
    let snapshot = client.expect("snapshot").await;
    assert_eq!(snapshot["sessions"].as_array().unwrap().len(), 1);
    assert!(!snapshot.to_string().contains("other"), "{snapshot}");

    let there = client
        .refused(json!({ "action": "send-keys", "target": { "pane": "%1" }, "text": "x" }))
        .await;
    let absent = client
        .refused(json!({ "action": "send-keys", "target": { "pane": "%9" }, "text": "x" }))
        .await;
    assert_eq!(
        (there.as_str(), absent.as_str()),
        ("NOT_FOUND", "NOT_FOUND")
    );
    client
        .send(json!({ "action": "send-keys", "target": { "pane": "%0" }, "text": "x" }))
        .await;
    input(server.request().await).1.send(Ok(())).unwrap();
    client.expect("command.response").await;

    server.hub.publish(
        [
            world.output(PaneId(1), 0, b"x"),
            world.output(PaneId(0), 0, b"y"),
        ],
        None,
        stamp(),
    );
    world.rename(mine, "mine-2");
    world.publish(&server.hub);
    world.rename(mine, "hidden");
    world.publish(&server.hub);
    world.rename(other, "mine-3");
    world.publish(&server.hub);
    world.remove_session(mine);
    world.publish(&server.hub);
    let events = client.until_pong().await;
    let events: Vec<_> = events
        .into_iter()
        .filter(|message| message["type"] != "bookmark")
        .collect();
    let expected = [
        "pane.output",
        "session.renamed",
        "session.removed",
        "session.created",
    ];
    assert_eq!(types(&events), expected);
    assert!(!json!(events).to_string().contains("hidden"), "{events:?}");
    assert!(!json!(events).to_string().contains("other"), "{events:?}");
    let contents = &events[3]["data"]["contents"];
    assert_eq!(contents["windows"][0]["panes"][0]["id"], "%1");
}

#[tokio::test]
async fn reading_is_no_right_to_type() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &["mine"], None);
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("mine");
    world.session("other");
    world.publish(&server.hub);
    // The token may come with the handshake too.
    let mut request = format!("ws://{}/monitor", server.address)
        .into_client_request()
        .unwrap();
    request
        .headers_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    let mut client = Client::connect_with(server.address, request)
        .await
        .ok()
        .unwrap();
    client.expect("hello").await;
    assert_eq!(
        client.expect("auth.response").await["permissions"],
        json!(["read"])
    );
    for (pane, code) in [
        ("%0", "PERMISSION_DENIED"),
        ("%1", "NOT_FOUND"),
        ("%7", "NOT_FOUND"),
    ] {
        let typing =
            json!({ "action": "command", "target": { "pane": pane }, "command": "ls", "key": "k" });
        assert_eq!(client.refused(typing).await, code, "{pane}");
    }
}

#[tokio::test]
async fn a_token_that_ends_closes_its_connections() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let authenticator = tokens.authenticator();
    let setup = Setup {
        authenticator: Some(authenticator.clone()),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let mut client = server.client().await;
    client
        .ask(json!({ "action": "auth", "token": token }), "auth.response")
        .await;
    authenticator.replace(Vec::new());
    assert_eq!(client.close_code().await, Some(4503));
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let limits = ConnectionLimits {
        auth_timeout: Duration::from_millis(50),
        ping_interval: Duration::from_millis(100),
        ..patient()
    };
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        limits,
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let mut client = server.client().await;
    assert_eq!(client.close_code().await, Some(4501));

    // A client whose library answers no pings: it doesn't read, so it can't.
    let mut quiet = server.client().await;
    quiet
        .send(json!({ "action": "auth", "token": token }))
        .await;
    let closed = async {
        let line = r#"muxwire_closed_total{code="4003"} 1"#;
        while !server.get("/metrics").await.contains(line) {}
    };
    tokio::time::timeout(Duration::from_secs(20), closed)
        .await
        .unwrap();
}

#[tokio::test]
async fn stopping_sends_clients_the_time_to_come_back() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    server.stop.cancel();
    assert_eq!(client.expect("shutdown").await["retry_after_ms"], 1000);
    assert_eq!(client.close_code().await, Some(4001));
    tokio::time::timeout(Duration::from_secs(20), server.running.finished())
        .await
        .unwrap();
}

#[tokio::test]
async fn pages_of_others_are_refused() {
    let server = TestServer::open().await;
    let own = format!("http://{}", server.address);
    let rows = [
        (own.as_str(), None),
        ("https://evil.example", Some(403)),
        ("null", Some(403)),
    ];
    for (origin, refused) in rows {
        let mut request = format!("ws://{}/monitor", server.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        let found = Client::connect_with(server.address, request).await.err();
        assert_eq!(found, refused, "{origin}");
    }
}

#[tokio::test]
async fn subprotocols_are_agreed_upon() {
    let server = TestServer::open().await;
    for (offered, refused) in [
        ("muxwire.v1", None),
        ("x, muxwire.v1", None),
        ("muxwire.v9", Some(400)),
    ] {
        let mut request = format!("ws://{}/monitor", server.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offered.parse().unwrap());
        let found = Client::connect_with(server.address, request).await.err();
        assert_eq!(found, refused, "{offered}");
    }
}

#[tokio::test]
async fn the_number_of_connections_is_bounded() {
    let server = TestServer::start(Setup {
        max_connections: Some(2),
        ..Setup::default()
    })
    .await;
    let _first = server.client().await;
    let second = server.client().await;
    let connect = || async {
        let request = format!("ws://{}/monitor", server.address)
            .into_client_request()
            .unwrap();
        Client::connect_with(server.address, request).await.err()
    };
    assert_eq!(connect().await, Some(503));
    drop(second);
    let room = async { while connect().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), room)
        .await
        .unwrap();
}

#[tokio::test]
async fn health_and_figures_are_shown() {
    let server = TestServer::open().await;
    assert!(server.get("/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(server.get("/nothing").await.starts_with("HTTP/1.1 404"));
    assert!(server.get("/monitor").await.starts_with("HTTP/1.1 426"));
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let ready = server.get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.ends_with("\r\n\r\nready\n"), "{ready}");
    let mut client = server.client().await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    let read_at = Some(std::time::Instant::now());
    let now = muxwire::hub::Stamp { read_at, ..stamp() };
    server
        .hub
        .publish([world.output(PaneId(0), 0, b"x")], None, now);
    client.expect("pane.output").await;
    client.ask(json!({ "action": "ping" }), "pong").await;
    let text = server.get("/metrics").await;
    for line in [
        "muxwire_clients 1",
        "muxwire_events_total{type=\"pane.output\"} 1",
        "muxwire_history_events 4",
        "muxwire_tmux_connected 1",
        "muxwire_latency_seconds_count 1",
        "muxwire_refused_total{reason=\"not_websocket\"} 1",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn typing_without_a_tmux_server_is_to_be_tried_again() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    for target in [json!({"pane": "%0"}), json!({"session": "main"})] {
        let request = json!({"action": "command", "target": target, "command": "ls"});
        let error = client.ask(request, "error").await;
        assert_eq!(
            (&error["code"], &error["retryable"]),
            (&json!("TMUX_UNAVAILABLE"), &json!(true))
        );
    }
}
