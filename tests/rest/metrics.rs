//! What the last hours came to, told by a real server with a history on disk.

use serde_json::{Value, json};

use super::stage::Stage;
use super::stream::EventStream;
use crate::support::any_program;

fn kept() -> Stage {
    Stage::with(any_program(), &[("MUXWIRE_HISTORY_ENABLED", "true")])
}

fn emit(stage: &Stage, session: &str, events: &[(&str, Value)]) {
    let events = events.iter().map(
        |(kind, data)| json!({ "type": kind, "target": { "session": session }, "data": data }),
    );
    let body = json!({ "events": events.collect::<Vec<Value>>() });
    stage.post("e", "/api/events", &body).json();
}

fn overview(stage: &Stage, token: &str) -> Value {
    let answer = stage.get(token, "/api/metrics/overview?hours=1");
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn sums_are_of_what_one_sees_and_go_over_restarts() {
    let mut stage = kept();
    emit(
        &stage,
        "api-1",
        &[
            ("task.started", json!({ "task": "t1" })),
            (
                "cost.update",
                json!({ "amount": 0.1, "model": "claude-haiku-4-5", "requests": 1, "input_tokens": 70 }),
            ),
            (
                "cost.update",
                json!({ "amount": 0.2, "model": "claude-haiku-4-5", "requests": 1, "output_tokens": 7 }),
            ),
            ("tool.used", json!({ "tool": "Bash" })),
        ],
    );
    emit(
        &stage,
        "web",
        &[
            ("task.completed", json!({ "task": "t2" })),
            (
                "cost.update",
                json!({ "amount": 1.05, "model": "gpt-5.1-codex" }),
            ),
        ],
    );
    let all = json!({
        "tasks": { "total": 2, "running": 1, "completed": 1, "failed": 0 },
        "costs": { "total_cost": 1.35, "haiku_cost": 0.3, "sonnet_cost": 0.0, "gpt_5_1_codex_cost": 1.05 },
        "claude_api": { "requests": 2, "input_tokens": 70, "output_tokens": 7 },
        "tools": { "total_calls": 1, "by_type": { "Bash": 1 } },
    });
    let seen = json!({
        "tasks": { "total": 1, "running": 1, "completed": 0, "failed": 0 },
        "costs": { "total_cost": 0.3, "haiku_cost": 0.3, "sonnet_cost": 0.0 },
        "claude_api": { "requests": 2, "input_tokens": 70, "output_tokens": 7 },
        "tools": { "total_calls": 1, "by_type": { "Bash": 1 } },
    });
    for _ in 0..2 {
        assert_eq!(overview(&stage, "r"), all);
        assert_eq!(overview(&stage, "r-api"), seen);
        stage.restart(&[("MUXWIRE_HISTORY_ENABLED", "true")]);
    }
    let refused = stage.get("e", "/api/metrics/overview");
    assert_eq!(refused.code(403), "PERMISSION_DENIED");
    let invalid = stage.get("r", "/api/metrics/overview?hours=x");
    assert_eq!(invalid.code(400), "INVALID_MESSAGE");
}

#[test]
fn a_stream_tells_what_changes_and_nothing_that_is_known() {
    let stage = kept();
    let path = "/api/stream/metrics?hours=168&interval=1";
    let address = stage.serving.address;
    let mut stream = EventStream::open_any(address, path, &stage.lines("r"));
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
    let first = stream.next();
    assert_eq!(first.data["overview"]["tasks"]["total"], 0, "{first:?}");
    assert!(first.data["timestamp"].is_string(), "{first:?}");
    emit(
        &stage,
        "api-1",
        &[("task.failed", json!({ "task": "t1", "title": "build" }))],
    );
    let second = stream.find_with(|told| told["overview"]["tasks"]["failed"] == 1);
    let activity = second.data["activity"].as_array().unwrap().iter();
    let mut activity = activity.filter(|one| one["type"] == "task.failed");
    let activity = activity.next().unwrap();
    assert_eq!(activity["subject"], "build", "{second:?}");
    assert_eq!(activity["session"], "api-1", "{second:?}");
    assert_ne!(second.id, first.id);
    drop(stream);

    // Who knows the last is told the next.
    let last_known = second.id.clone();
    let known = format!(
        "{}last-event-id: {}\r\n",
        stage.lines("r"),
        second.id.unwrap()
    );
    let mut again = EventStream::open_any(address, path, &known);
    emit(
        &stage,
        "api-1",
        &[("task.completed", json!({ "task": "t1" }))],
    );
    again.find_with(|told| told["overview"]["tasks"]["completed"] == 1);
    assert!(again.seen.iter().all(|one| one.id != last_known));
    let revoked = stage.serving.home.run("token revoke r");
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let last = again.last();
    assert_eq!(last.event.as_deref(), Some("close"), "{last:?}");
    let connected = stage.audited("client.connected", 2);
    assert!(connected.iter().any(|one| one["endpoint"] == "metrics"));
}
