//! Filters that can't have been meant as they are: what a client is told.

use serde_json::{Value, json};

use crate::support::server::TestServer;
use crate::support::world::World;

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
            let asked = json!({ "action": action, "filters": filters });
            client.send_text(&asked.to_string()).await;
            let error = client.expect("error").await;
            assert_eq!(error["code"], "INVALID_FILTER", "{error}");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.contains(part) && message.contains("more than was asked"),
                "{message}"
            );
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}

#[tokio::test]
async fn regression_filters_that_match_nothing_now_are_told() {
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
