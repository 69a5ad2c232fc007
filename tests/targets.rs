//! What targets lead to: exact forms, and texts that fit two things. The test plays the bridge.

use muxwire::bridge::Request;
use muxwire::ids::PaneId;
use serde_json::{Value, json};

use crate::support::bridge::LiveBridge;
use crate::support::server::{Client, TestServer};
use crate::support::world::World;
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until};

/// `$0` is called `$1`, and `$1` is called `b`; `$1` has `@1` at index 0 (`%1`), `@2` called `0` at index 5 (`%2`), `@3`
/// called `@1` at 6 (`%3`), `@4` and `@5` called `twice` at 7 and 8 (`%4`, `%5`), and `@6` called `9` at 10 (`%6`).
/// `$2` is called `$77`, which is nobody's id, and has `%7`.
fn world() -> World {
    let mut world = World::new();
    world.session("$1");
    let session = world.session("b");
    for (index, name) in [(5, "0"), (6, "@1"), (7, "twice"), (8, "twice"), (10, "9")] {
        world.window(session, index, name);
    }
    world.session("$77");
    world
}

/// The pane into which a key goes, or the code and the message of the error.
async fn typed_into(
    server: &mut TestServer,
    client: &mut Client,
    target: &Value,
) -> Result<PaneId, (String, String)> {
    let request = json!({ "action": "send-keys", "id": 1, "target": target, "text": "x" });
    // As it is: some of it is not as the schema says.
    client.send_text(&request.to_string()).await;
    // A request that is refused never comes to the bridge.
    client.send(json!({ "action": "ping", "id": 2 })).await;
    let answer = client.next().await;
    if answer["type"] == "error" {
        client.expect("pong").await;
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        return Err((text("code"), text("message")));
    }
    assert_eq!(answer["type"], "pong", "{target}: {answer}");
    match server.request().await {
        Request::Input { input, reply } => {
            reply.send(Ok(())).unwrap();
            client.expect("command.response").await;
            Ok(input.into_request().pane)
        }
        other => panic!("{other:?} is no input"),
    }
}

/// The same request with this field.
fn with(mut request: Value, field: &str) -> Value {
    request[field] = json!("x");
    request
}

#[tokio::test]
async fn regression_a_text_that_fits_two_things_is_refused_and_exact_forms_are_not() {
    let mut server = TestServer::open().await;
    world().publish(&server.hub);
    let mut client = server.client().await;
    let ambiguous = [
        (json!({ "session": "$1" }), ["\"b\"", "$0"]),
        (json!({ "session": "$1", "window": 5 }), ["\"b\"", "$0"]),
        (
            json!({ "session": "b", "window": "0" }),
            ["index 0", "index 5"],
        ),
        (
            json!({ "session": "b", "window": "@1" }),
            ["index 0", "index 6"],
        ),
        (
            json!({ "session": "b", "window_name": "twice" }),
            ["index 7", "index 8"],
        ),
        (
            json!({ "session": "b", "window": "0", "pane_index": 0 }),
            ["index 0", "index 5"],
        ),
    ];
    for (target, both) in &ambiguous {
        let (code, message) = typed_into(&mut server, &mut client, target)
            .await
            .unwrap_err();
        assert_eq!(code, "AMBIGUOUS_TARGET", "{target}");
        assert!(
            both.iter().all(|one| message.contains(one)),
            "{target}: {message}"
        );
    }
    let exact = [
        (json!({ "session_id": "$0" }), 0),
        (json!({ "session_name": "$1" }), 0),
        (json!({ "session_id": "$1", "window_index": 0 }), 1),
        (json!({ "session_name": "b", "window_id": "@1" }), 1),
        (
            json!({ "session_name": "b", "window_index": 0, "pane_index": 0 }),
            1,
        ),
        (json!({ "session": "b", "window_name": "0" }), 2),
        (json!({ "session": "b", "window": 0 }), 1),
        (json!({ "session_id": "$1", "window_name": "@1" }), 3),
        (json!({ "window_id": "@3" }), 3),
        (json!({ "window_id": "@3", "pane_index": 0 }), 3),
        (json!({ "session_name": "$77" }), 7),
        (json!({ "session": "$0" }), 0),
        (json!({ "session": "b", "window": "@5" }), 5),
        (json!({ "session": "b", "window": "10" }), 6),
        // A name as before, where nothing else fits: of two windows the first, and digits that are no index.
        (json!({ "session": "b", "window": "twice" }), 4),
        (json!({ "session": "b", "window": "9" }), 6),
    ];
    for (target, pane) in exact {
        let found = typed_into(&mut server, &mut client, &target).await;
        assert_eq!(found, Ok(PaneId(pane)), "{target}");
    }
    let refused = [
        // What looks like an id is never taken for a name: its owner may have gone a moment ago.
        (json!({ "session": "$77" }), "NOT_FOUND"),
        (json!({ "session_id": "$77" }), "NOT_FOUND"),
        (json!({ "session_name": "$0" }), "NOT_FOUND"),
        (json!({ "session": "b", "window_index": 9 }), "NOT_FOUND"),
        (json!({ "session": "b", "window": 9 }), "NOT_FOUND"),
        (json!({ "session": "b", "window_name": "10" }), "NOT_FOUND"),
        (json!({ "session": "b", "window_id": "@0" }), "NOT_FOUND"),
        (
            json!({ "session": "b", "session_id": "$1" }),
            "INVALID_MESSAGE",
        ),
        (
            json!({ "session": "b", "window": 0, "window_id": "@1" }),
            "INVALID_MESSAGE",
        ),
        (
            json!({ "pane": "%1", "session_id": "$1" }),
            "INVALID_MESSAGE",
        ),
        (
            json!({ "pane": "%1", "window_id": "@1" }),
            "INVALID_MESSAGE",
        ),
        (json!({ "session_id": "1" }), "INVALID_MESSAGE"),
        (
            json!({ "session": "b", "window_index": "0" }),
            "INVALID_MESSAGE",
        ),
        (json!({ "window_index": 0 }), "INVALID_MESSAGE"),
        (json!({ "window_name": "twice" }), "INVALID_MESSAGE"),
        (json!({ "pane_index": 0 }), "INVALID_MESSAGE"),
        (json!({}), "INVALID_MESSAGE"),
        // Without the key, it would be another pane.
        (json!({ "session": "b", "windw": 1 }), "INVALID_MESSAGE"),
        (json!({ "session": "b", "pane_indx": 1 }), "INVALID_MESSAGE"),
        (json!({ "pane": "%1", "host": "other" }), "INVALID_MESSAGE"),
    ];
    for (target, code) in refused {
        let found = typed_into(&mut server, &mut client, &target).await;
        assert_eq!(
            found.map_err(|(code, _)| code),
            Err(code.to_owned()),
            "{target}"
        );
    }
    for action in ["snapshot", "open", "close", "command"] {
        for (target, _) in &ambiguous {
            let request = json!({ "action": action, "id": 3, "target": target });
            let request = match action {
                "command" => with(request, "command"),
                _ => request,
            };
            let answer = client.ask(request, "error").await;
            assert_eq!(answer["code"], "AMBIGUOUS_TARGET", "{action} {target}");
        }
    }
}

#[tokio::test]
async fn regression_a_terminal_at_an_address_that_fits_two_sessions_is_refused() {
    let server = TestServer::open().await;
    world().publish(&server.hub);
    let rows = [
        ("%241", Some("AMBIGUOUS_TARGET")),
        ("%2477", Some("NOT_FOUND")),
        ("b?by=id&pane=1", None),
        ("b?by=both", None),
    ];
    for (path, code) in rows {
        let path = format!("/ws/terminal/{path}");
        let Some(code) = code else {
            let answer = server.get(&path).await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
            continue;
        };
        let mut client = server.client_at(&path, "muxwire.v1").await;
        client.send(json!({ "type": "connect" })).await;
        let answer = client.next().await;
        assert_eq!(answer["code"], code, "{path}: {answer}");
    }
}

#[test]
fn regression_keys_go_to_no_session_that_is_only_named_like_an_id() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, other) = server.new_session("other", "exec cat");
        let (id, _) = server.new_session("third", "exec cat");
        server.run(["rename-session", "-t", "=other", "--", &id]);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge
            .until("the name", |state| state.session_named(&id).is_some())
            .await;
        let served = bridge.serve().await;
        let mut client = served.client().await;
        let request =
            |target: Value| json!({ "action": "send-keys", "target": target, "text": "x" });
        let answer = client.ask(request(json!({ "session": id })), "error").await;
        assert_eq!(answer["code"], "AMBIGUOUS_TARGET", "{answer}");
        let answer = client
            .ask(request(json!({ "session_name": id })), "command.response")
            .await;
        assert_eq!(answer["pane"], *other);
        wait_until("it is typed", SOON, || {
            server
                .run(["capture-pane", "-p", "-t", &other])
                .starts_with('x')
        });
        bridge.stop().await;
    });
}
