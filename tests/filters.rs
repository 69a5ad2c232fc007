//! Filters that can't have been meant as they are: the warnings that a client gets.

use serde_json::{Value, json};

use crate::support::server::TestServer;
use crate::support::world::{World, stamp};

async fn served() -> TestServer {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("api");
    world.publish(&server.hub);
    server
}

#[tokio::test]
async fn regression_an_unknown_key_of_filters_is_an_error_that_names_the_nearest() {
    let server = served().await;
    let mut client = server.client().await;
    let rows = [
        (json!({ "type": ["pane.output"] }), "types"),
        (json!({ "session": ["api"] }), "sessions"),
        (
            json!({ "types": ["pane.*"], "sesions": ["api"] }),
            "sessions",
        ),
        (json!({ "window": [1] }), "windows"),
        (json!({ "Panes": ["%1"] }), "panes"),
        (json!({ "hunter2": 1 }), "types, sessions, windows, panes"),
    ];
    for action in ["subscribe", "unsubscribe"] {
        for (filters, part) in &rows {
            let message = client.invalid_filter(action, filters).await;
            assert!(
                message.contains(part) && message.contains("more than was asked"),
                "{message}"
            );
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}

#[tokio::test]
async fn regression_filters_that_match_nothing_now_are_reported() {
    let server = served().await;
    let mut client = server.client().await;
    let rows: [(Value, &[&str]); 8] = [
        (json!({}), &[]),
        (
            json!({ "types": ["pane.*", "session.created"], "sessions": ["api"] }),
            &[],
        ),
        (
            json!({ "types": ["pane.outptu"] }),
            &["types[0]", "pane.output"],
        ),
        (
            json!({ "types": ["pane.output", "pame.*"] }),
            &["types[1]", "no event type"],
        ),
        (
            json!({ "sessions": ["a*", "apo"] }),
            &["sessions[1]", "nothing now", "\"api\""],
        ),
        (
            json!({ "sessions": ["$99"] }),
            &["sessions[0]", "nothing now"],
        ),
        (
            json!({ "windows": ["nosuch", "@99", 77] }),
            &["windows[0]", "nothing now"],
        ),
        (json!({ "panes": ["%99"] }), &["panes[0]", "nothing now"]),
    ];
    for (filters, parts) in rows {
        let asked = json!({ "action": "subscribe", "filters": filters });
        let answer = client.ask(asked, "subscribed").await;
        let warnings = answer["warnings"].to_string();
        assert_eq!(
            answer["warnings"].is_null(),
            parts.is_empty(),
            "{filters}: {answer}"
        );
        for part in parts {
            let part = part.replace('"', "\\\"");
            assert!(warnings.contains(&part), "{filters}: {warnings}");
        }
    }
}

/// Sessions and windows whose names look like ids and indexes of others.
fn misleading() -> World {
    let mut world = World::new();
    let first = world.session("api");
    let second = world.session("$0");
    world.session("a*");
    world.window(first, 2, "two");
    world.window(second, 5, "2");
    world.window(second, 6, "@0");
    world
}

#[tokio::test]
async fn regression_exact_entries_of_filters_can_t_be_mistaken() {
    let server = TestServer::open().await;
    let world = misleading();
    world.publish(&server.hub);
    // Of each filter, the panes whose output passes: session $0 is called api, session $1 is called $0 and $2 a*.
    let rows = [
        (json!({ "sessions": ["$0"] }), vec![0, 3]),
        (json!({ "sessions": [{ "session_id": "$0" }] }), vec![0, 3]),
        (
            json!({ "sessions": [{ "session_name": "$0" }] }),
            vec![1, 4, 5],
        ),
        (json!({ "sessions": ["a*"] }), vec![0, 2, 3]),
        (json!({ "sessions": [{ "session_name": "a*" }] }), vec![2]),
        (
            json!({ "sessions": [{ "session_name": "a*" }, { "session_id": "$1" }] }),
            vec![1, 2, 4, 5],
        ),
        (json!({ "windows": ["2"] }), vec![3, 4]),
        (json!({ "windows": [2] }), vec![3]),
        (json!({ "windows": [{ "window_index": 2 }] }), vec![3]),
        (json!({ "windows": [{ "window_name": "2" }] }), vec![4]),
        (json!({ "windows": ["@0"] }), vec![0]),
        (json!({ "windows": [{ "window_id": "@0" }] }), vec![0]),
        (json!({ "windows": [{ "window_name": "@0" }] }), vec![5]),
        (
            json!({ "sessions": [{ "session_name": "$0" }], "windows": [{ "window_index": 5 }, "@5"] }),
            vec![4, 5],
        ),
    ];
    for (filters, expected) in rows {
        let mut client = server.client().await;
        let asked = json!({ "action": "subscribe", "filters": filters });
        client.ask(asked, "subscribed").await;
        let panes: Vec<_> = world.state.panes.keys().copied().collect();
        let outputs = panes.iter().map(|pane| world.output(*pane, 0, b"x"));
        let outputs: Vec<_> = outputs.collect();
        server.hub.publish(outputs, None, stamp());
        let received = client.until_pong().await;
        let received = received
            .iter()
            .filter_map(|message| message["pane"].as_str());
        let received: Vec<String> = received.map(str::to_owned).collect();
        let expected: Vec<String> = expected.iter().map(|pane| format!("%{pane}")).collect();
        assert_eq!(received, expected, "{filters}");
    }
}

#[tokio::test]
async fn regression_entries_of_filters_that_may_be_mistaken_are_reported() {
    let server = TestServer::open().await;
    let mut world = misleading();
    let own = world.session("$3");
    world.window(own, 7, "@7");
    world.publish(&server.hub);
    let mut client = server.client().await;
    let rows: [(Value, &[&str]); 9] = [
        // Who is named as its own id is no other.
        (json!({ "sessions": ["$3"] }), &[]),
        (json!({ "windows": ["@7"] }), &[]),
        (
            json!({ "sessions": ["$0"] }),
            &["sessions[0]", "session_name"],
        ),
        (json!({ "sessions": [{ "session_id": "$0" }] }), &[]),
        (json!({ "sessions": ["$1", "a*"] }), &[]),
        (
            json!({ "windows": ["two", "2"] }),
            &["windows[1]", "window_name"],
        ),
        (json!({ "windows": ["@0"] }), &["windows[0]", "window_name"]),
        (json!({ "windows": [2, { "window_name": "2" }] }), &[]),
        (
            json!({ "sessions": [{ "session_name": "apo" }] }),
            &["sessions[0]", "nothing now", "\"api\""],
        ),
    ];
    for (filters, parts) in rows {
        let asked = json!({ "action": "subscribe", "filters": filters });
        let subscribed = client.ask(asked, "subscribed").await;
        let received = subscribed["warnings"].to_string();
        assert_eq!(
            parts.is_empty(),
            subscribed["warnings"].is_null(),
            "{received}"
        );
        for part in parts {
            let part = part.replace('"', "\\\"");
            assert!(received.contains(&part), "{filters}: {received}");
        }
    }
}

#[tokio::test]
async fn an_object_in_a_filter_says_exactly_one_thing() {
    let server = served().await;
    let mut client = server.client().await;
    for filters in [
        json!({ "sessions": [{}] }),
        json!({ "sessions": [{ "session_id": "$0", "session_name": "api" }] }),
        json!({ "sessions": [{ "session_id": "api" }] }),
        json!({ "sessions": [{ "session_id": "$9999999999" }] }),
        json!({ "sessions": [{ "name": "api" }] }),
        json!({ "sessions": [{ "window_id": "@0" }] }),
        json!({ "windows": [{ "window_index": "2" }] }),
        json!({ "windows": [{ "window_index": -1 }] }),
        json!({ "windows": [{ "window_name": "" }] }),
        json!({ "windows": [{ "session_id": "$0" }] }),
        json!({ "panes": [{ "pane": "%0" }] }),
    ] {
        let asked = json!({ "action": "subscribe", "filters": filters });
        client.send_text(&asked.to_string()).await;
        let error = client.expect("error").await;
        assert!(
            error["code"] == "INVALID_FILTER" || error["code"] == "INVALID_MESSAGE",
            "{filters}: {error}"
        );
    }
}
