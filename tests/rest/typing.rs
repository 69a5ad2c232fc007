//! What is typed, by POST: the same way as over a WebSocket.

use serde_json::json;

use super::stage::{Stage, line};
use crate::support::server::{Setup, TestServer, patient};
use crate::support::{any_program, for_each_version};

use super::stage::exchange;
use muxwire::server::{ConnectionLimits, Rate};

#[test]
fn what_is_asked_for_is_typed_once_and_stands_in_the_audit_log() {
    for_each_version(|program| {
        let stage = Stage::new(program);
        let pane = stage.pane_of("api-1");
        let typed = stage
            .post("w", "/api/command", &line("api-1", "one"))
            .json();
        assert_eq!(
            typed,
            json!({ "type": "command.response", "success": true, "pane": pane })
        );
        stage.shows(&pane, "one");
        let target = json!({ "pane": pane });
        let text = json!({ "target": target, "text": "two" });
        stage.post("w-api", "/api/keys", &text).json();
        let enter = json!({ "action": "send-keys", "target": target, "keys": ["Enter"] });
        stage.post("w-api", "/api/keys", &enter).json();
        stage.shows(&pane, "two");

        let key = "idempotency-key: k1\r\n";
        let three = line("api-1", "three");
        for repeated in [None, Some(true)] {
            let answer = stage.post_with("w", "/api/command", key, &three).json();
            assert_eq!(answer["repeated"].as_bool(), repeated, "{answer}");
        }
        stage.shows(&pane, "three");
        let other = stage.post_with("w", "/api/command", key, &line("api-1", "other"));
        assert_eq!(other.code(400), "INVALID_MESSAGE");
        let mut twofold = three;
        twofold["key"] = json!("k2");
        let twofold = stage.post_with("w", "/api/command", key, &twofold);
        assert_eq!(twofold.code(400), "INVALID_MESSAGE");
        stage
            .post("w", "/api/command", &line("api-1", "last"))
            .json();
        stage.shows(&pane, "last");
        let number = pane.trim_start_matches('%');
        let shown = stage.get("r", &format!("/api/panes/{number}/screen?format=text"));
        // Typed, and said by cat.
        for text in ["one", "two", "three", "last"] {
            let count = shown.body.lines().filter(|line| *line == text).count();
            assert_eq!(count, 2, "{text}: {shown:?}");
        }
        let inputs = stage.audited("input", 5);
        assert_eq!(inputs.len(), 5, "{inputs:#?}");
        assert!(inputs.iter().all(|line| line["session"] == "api-1"));
        assert_eq!(inputs[0]["name"], "w", "{inputs:#?}");
    });
}

#[test]
fn what_is_not_allowed_or_not_there_is_told_and_recorded() {
    let stage = Stage::new(any_program());
    let pane = stage.pane_of("web");
    let at = |target: serde_json::Value| json!({ "target": target, "command": "no" });
    let rows = [
        (
            "r",
            "/api/command",
            line("web", "no"),
            403,
            "PERMISSION_DENIED",
        ),
        ("w-api", "/api/command", line("web", "no"), 404, "NOT_FOUND"),
        (
            "w-api",
            "/api/command",
            at(json!({ "pane": pane })),
            404,
            "NOT_FOUND",
        ),
        ("w", "/api/command", line("none", "no"), 404, "NOT_FOUND"),
        (
            "w",
            "/api/command",
            json!({ "command": "no" }),
            400,
            "INVALID_MESSAGE",
        ),
        ("w", "/api/command", json!(["no"]), 400, "INVALID_MESSAGE"),
        (
            "w",
            "/api/command",
            json!({ "action": "ping" }),
            400,
            "INVALID_MESSAGE",
        ),
        (
            "w",
            "/api/keys",
            json!({ "target": { "session": "web" }, "keys": ["Nokey"] }),
            400,
            "UNKNOWN_KEY",
        ),
        (
            "r",
            "/api/prompt",
            json!({ "target": { "session": "web" }, "text": "x" }),
            403,
            "PERMISSION_DENIED",
        ),
        (
            "w-api",
            "/api/answer",
            json!({ "target": { "session": "web" }, "dialog": "x", "choice": 1 }),
            404,
            "NOT_FOUND",
        ),
    ];
    for (token, path, body, status, code) in rows {
        let answer = stage.post(token, path, &body);
        assert_eq!(
            answer.code(status),
            code,
            "{token} {path} {body}: {answer:?}"
        );
    }
    let denied = stage.audited("denied", 6);
    let rows: Vec<String> = denied
        .iter()
        .map(|line| format!("{} {}", line["request"], line["reason"]))
        .collect();
    let expected = [
        "\"input\" \"permission\"",
        "\"input\" \"scope\"",
        "\"input\" \"scope\"",
        "\"input\" \"missing\"",
        "\"prompt\" \"permission\"",
        "\"answer\" \"scope\"",
    ];
    assert_eq!(rows, expected, "{denied:#?}");
    // Whether tmux knows a key shows when it is typed; nothing else came so far.
    let inputs = stage.audited("input", 1);
    let [unknown] = &inputs[..] else {
        panic!("{inputs:#?}");
    };
    assert_eq!(
        (&unknown["keys"], &unknown["bytes"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn a_holder_asks_no_more_often_than_by_a_connection() {
    let limits = ConnectionLimits {
        messages: Rate {
            per_second: 1,
            burst: 8,
        },
        ..patient()
    };
    let server = TestServer::start(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    let address = server.address;
    let asked = tokio::task::spawn_blocking(move || {
        for _ in 0..8 {
            exchange(address, "GET /api/sessions", "", "").json();
        }
        exchange(address, "GET /api/panes", "", "")
    });
    let refused = asked.await.unwrap();
    let problem = refused.problem(429);
    assert_eq!(problem["code"], "RATE_LIMITED");
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 0, "{problem}");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0, "{refused:?}");
}
