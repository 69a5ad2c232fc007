//! Events that clients emit, by a WebSocket and by HTTP, to the program in front of a real tmux.

mod stage;

use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use self::stage::{Stage, ask, emit, exchange, next_own, refused, task};
use crate::support::schema::check_from_server;
use crate::support::{any_program, for_each_version_async};

#[test]
fn what_is_emitted_stands_in_the_log_and_is_replayed() {
    for_each_version_async(|program| async move {
        let stage = Stage::new(&program, &[]).await;
        let (writer, reader) = (stage.token("e"), stage.token("r"));
        let mut watching = stage.client(&reader).await;
        let filters = json!({ "types": ["task.*", "cost.*", "tool.*", "x.*"] });
        let subscribe = json!({ "action": "subscribe", "filters": filters });
        let subscribed = ask(&mut watching, subscribe, "subscribed").await;
        assert_eq!(subscribed["warnings"], Value::Null, "{subscribed}");

        let mut emitting = stage.client(&writer).await;
        let cost = json!({
            "type": "cost.update", "target": { "session": "api-1", "window": 0 },
            "data": { "amount": 0.25, "model": "opus", "input_tokens": 1200 }
        });
        let answer = ask(&mut emitting, emit(&[task("api-1", "t1"), cost]), "emitted").await;
        check_from_server(&answer);
        assert_eq!(answer["events"], 2);
        let own = json!({ "events": [
            { "type": "tool.call.done", "target": { "pane": "%0" }, "data": { "tool": "Bash", "duration_ms": 12 } },
            { "type": "x.acme.deploy", "data": { "to": ["a", { "b": null }], "n": 1e-3 } },
        ] });
        let posted = stage.post(&writer, "", &own.to_string());
        assert_eq!(posted.status, 200, "{posted:?}");
        check_from_server(&posted.body);

        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(next_own(&mut watching).await);
        }
        let types: Vec<&str> = seen
            .iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect();
        assert_eq!(
            types,
            [
                "task.started",
                "cost.update",
                "tool.call.done",
                "x.acme.deploy"
            ]
        );
        assert_eq!(seen[0]["data"], task("api-1", "t1")["data"]);
        assert_eq!(
            (&seen[0]["session"], &seen[0]["window"]),
            (&json!("api-1"), &Value::Null)
        );
        assert_eq!(
            (&seen[1]["session"], &seen[1]["window"]),
            (&json!("api-1"), &json!(0))
        );
        assert_eq!(seen[2]["pane"], "%0");
        assert_eq!(seen[3]["session"], Value::Null);
        assert_eq!(seen[3]["data"], own["events"][1]["data"]);
        assert_eq!(seen[1]["seq"], answer["seq"]);
        assert_eq!(seen[3]["seq"], posted.body["seq"]);

        // A client that comes later gets the same, from the same places.
        let mut later = stage.client(&reader).await;
        let since = subscribed["cursor"].clone();
        let again = json!({ "action": "subscribe", "since": since, "filters": filters });
        assert_eq!(
            ask(&mut later, again, "subscribed").await["recovered"],
            true
        );
        for event in &seen {
            assert_eq!(next_own(&mut later).await, *event);
        }
    });
}

#[tokio::test]
async fn nobody_emits_or_sees_more_than_the_token_says() {
    let stage = Stage::new(any_program(), &[]).await;
    let confined = stage.token("e-api");
    let reader = stage.token("r-api");
    let both = stage.token("we");

    let mut client = stage.client(&stage.token("w")).await;
    assert_eq!(
        refused(&mut client, emit(&[task("api-1", "t")])).await,
        "PERMISSION_DENIED"
    );
    let posted = stage.post(&reader, "", &emit(&[task("api-1", "t")]).to_string());
    assert_eq!(
        (posted.status, &posted.body["code"]),
        (403, &json!("PERMISSION_DENIED"))
    );

    let mut client = stage.client(&confined).await;
    for action in ["subscribe", "snapshot"] {
        assert_eq!(
            refused(&mut client, json!({ "action": action })).await,
            "PERMISSION_DENIED"
        );
    }
    let open = json!({ "action": "open", "target": { "session": "api-1" } });
    assert_eq!(refused(&mut client, open).await, "PERMISSION_DENIED");
    let typed = json!({ "action": "command", "target": { "session": "api-1" }, "command": "x" });
    assert_eq!(refused(&mut client, typed).await, "PERMISSION_DENIED");

    // What is out of scope is answered as what isn't there; and of a batch nothing is published if one event is wrong.
    let mut watching = stage.client(&reader).await;
    ask(
        &mut watching,
        json!({ "action": "subscribe", "filters": { "types": ["task.*", "x.*"] } }),
        "subscribed",
    )
    .await;
    let half = |session: &str| emit(&[task("api-1", "half"), task(session, "t")]);
    let out = ask(&mut client, half("web"), "error").await;
    let missing = ask(&mut client, half("nothing"), "error").await;
    assert_eq!(out, missing);
    assert_eq!(out["code"], "NOT_FOUND");
    assert!(
        out["message"]
            .as_str()
            .unwrap()
            .starts_with("events.1.target: "),
        "{out}"
    );
    let nowhere = json!({ "type": "x.a", "data": {} });
    let none = ask(&mut client, emit(std::slice::from_ref(&nowhere)), "error").await;
    assert_eq!(none["code"], "INVALID_MESSAGE");
    assert!(
        none["message"]
            .as_str()
            .unwrap()
            .contains("for some sessions"),
        "{none}"
    );

    // Who sees some sessions sees neither what is said of others nor what is said of none.
    let mut everywhere = stage.client(&both).await;
    ask(
        &mut everywhere,
        emit(&[task("web", "hidden"), nowhere]),
        "emitted",
    )
    .await;
    ask(&mut client, emit(&[task("api-1", "seen")]), "emitted").await;
    assert_eq!(next_own(&mut watching).await["data"]["task"], "seen");
    let denied = stage.audited("denied");
    assert!(
        denied
            .iter()
            .filter(|line| line["request"] == "emit")
            .count()
            >= 4,
        "{denied:?}"
    );
}

#[tokio::test]
async fn a_request_with_a_key_is_carried_out_once() {
    let stage = Stage::new(any_program(), &[]).await;
    let token = stage.token("we");
    let mut client = stage.client(&token).await;
    ask(
        &mut client,
        json!({ "action": "subscribe", "filters": { "types": ["task.*"] } }),
        "subscribed",
    )
    .await;
    let keyed =
        |name: &str| json!({ "action": "emit", "key": "k1", "events": [task("web", name)] });
    let first = ask(&mut client, keyed("once"), "emitted").await;
    assert_eq!(first["repeated"], Value::Null);
    let posted = stage.post(&token, "", &keyed("once").to_string());
    assert_eq!(
        (posted.status, &posted.body["repeated"]),
        (200, &json!(true))
    );
    assert_eq!(posted.body["seq"], first["seq"]);
    let again = ask(&mut client, keyed("once"), "emitted").await;
    assert_eq!(
        (&again["repeated"], &again["seq"]),
        (&json!(true), &first["seq"])
    );
    assert_eq!(
        refused(&mut client, keyed("other")).await,
        "INVALID_MESSAGE"
    );
    // Another's key is another one.
    let other = stage.post(&stage.token("e2"), "", &keyed("theirs").to_string());
    assert_eq!((other.status, &other.body["repeated"]), (200, &Value::Null));
    assert_eq!(next_own(&mut client).await["data"]["task"], "once");
    assert_eq!(next_own(&mut client).await["data"]["task"], "theirs");
    // What was refused leaves its key free.
    let wrong = json!({ "action": "emit", "key": "k2", "events": [task("none", "x")] });
    assert_eq!(refused(&mut client, wrong).await, "NOT_FOUND");
    let right = json!({ "action": "emit", "key": "k2", "events": [task("web", "x")] });
    assert_eq!(
        ask(&mut client, right, "emitted").await["repeated"],
        Value::Null
    );
}

#[tokio::test]
async fn so_many_events_and_bytes_a_second_for_each_token() {
    let settings = [
        ("MUXWIRE_LIMITS_EMIT_RATE", "2"),
        ("MUXWIRE_LIMITS_EMIT_BYTES", "4096"),
    ];
    let stage = Stage::new(any_program(), &settings).await;
    let token = stage.token("e");
    let mut client = stage.client(&token).await;
    let ten: Vec<Value> = (0..10).map(|at| task("web", &format!("t{at}"))).collect();
    ask(&mut client, emit(&ten), "emitted").await;
    let error = ask(&mut client, emit(&ten), "error").await;
    assert_eq!(error["code"], "RATE_LIMITED");
    assert!(error["retry_after_ms"].as_u64().unwrap() > 0, "{error}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("limits.emit_rate"),
        "{error}"
    );
    let posted = stage.post(&token, "", &emit(&ten).to_string());
    assert_eq!(
        (posted.status, &posted.body["code"]),
        (429, &json!("RATE_LIMITED"))
    );
    assert!(posted.head.contains("retry-after: "), "{}", posted.head);

    let token = stage.token("e2");
    let large = json!({ "type": "x.large", "data": { "a": "x".repeat(16_000) } });
    assert_eq!(
        stage
            .post(&token, "", &emit(std::slice::from_ref(&large)).to_string())
            .status,
        200
    );
    let posted = stage.post(&token, "", &emit(&[large]).to_string());
    assert!(
        posted.body["message"]
            .as_str()
            .unwrap()
            .contains("limits.emit_bytes"),
        "{posted:?}"
    );
    let metrics = stage.serving.get("/metrics");
    for limit in ["emit_rate", "emit_bytes"] {
        let counted = format!("muxwire_limited_total{{limit=\"{limit}\"}}");
        assert!(metrics.contains(&counted), "{counted}");
    }
    assert!(metrics.contains("{type=\"task.*\"} 10"), "{metrics}");
}

#[tokio::test]
async fn bad_events_are_refused_with_the_field_and_the_cause() {
    let stage = Stage::new(any_program(), &[]).await;
    let token = stage.token("e");
    let one = |kind: &str, data: Value| json!({ "events": [{ "type": kind, "data": data }] });
    let rows = [
        (json!({}), "\"events\" is a required property"),
        (json!({ "events": [] }), "events: "),
        (json!({ "events": vec![task("web", "t"); 101] }), "events: "),
        (
            json!({ "action": "ping", "events": [task("web", "t")] }),
            "action: here it is emit",
        ),
        (
            one("pane.output", json!({})),
            "events.0.type: it is task, cost, tool or x",
        ),
        (
            one("task.Done", json!({ "task": "t" })),
            "events.0.type: it is task, cost, tool or x",
        ),
        (
            one("task.done", json!({})),
            "events.0.data: \"task\" is a required property",
        ),
        (
            one("task.done", json!({ "task": "t", "status": "over" })),
            "events.0.data.status: ",
        ),
        (
            one("task.done", json!({ "task": "t", "progress": 101 })),
            "events.0.data.progress: ",
        ),
        (
            one("cost.update", json!({ "model": "m" })),
            "events.0.data: ",
        ),
        (
            one("cost.update", json!({ "amount": -1 })),
            "events.0.data.amount: ",
        ),
        (
            one("tool.done", json!({ "tool": "" })),
            "events.0.data.tool: ",
        ),
        (one("x.a", json!([])), "events.0.data: "),
        (
            one("x.a", json!({ "a": "x".repeat(17_000) })),
            "events.0.data: it has at most 16384 bytes",
        ),
        (
            json!({ "events": [{ "type": "x.a" }] }),
            "events.0: \"data\" is a required property",
        ),
        (
            json!({ "events": [{ "type": "x.a", "data": {}, "targt": {} }] }),
            "events.0: ",
        ),
        (
            json!({ "events": [{ "type": "x.a", "data": {}, "target": {} }] }),
            "events.0.target: give a",
        ),
        (
            json!({ "events": [{ "type": "x.a", "data": {} }], "key": "" }),
            "key: ",
        ),
    ];
    let mut client = stage.client(&token).await;
    for (body, expected) in rows {
        let posted = stage.post(&token, "", &body.to_string());
        assert_eq!(
            (posted.status, &posted.body["code"]),
            (400, &json!("INVALID_MESSAGE")),
            "{body}"
        );
        let message = posted.body["message"].as_str().unwrap();
        assert!(message.starts_with(expected), "{body}: {message}");
        if body.get("action").is_none() {
            let mut asked = body.clone();
            asked["action"] = json!("emit");
            let error = ask(&mut client, asked, "error").await;
            assert_eq!(error["message"], posted.body["message"]);
        }
    }
    let posted = stage.post(&token, "", "{");
    assert_eq!(
        (posted.status, &posted.body["code"]),
        (400, &json!("INVALID_JSON"))
    );
}

#[tokio::test]
async fn the_route_has_the_gates_of_all_routes() {
    let stage = Stage::new(any_program(), &[]).await;
    let token = stage.token("e");
    let body = emit(&[task("web", "t")]).to_string();
    let own = stage.serving.address.to_string();
    let bearer = format!("authorization: Bearer {token}\r\n");
    let with = |line: &str| format!("{bearer}{line}");
    let rows = [
        (&*own, bearer.clone(), 200),
        (&*own, with(&format!("origin: http://{own}\r\n")), 200),
        (&*own, with("origin: http://evil.example\r\n"), 403),
        (&*own, with("origin: null\r\n"), 403),
        ("evil.example", bearer.clone(), 421),
        (&*own, String::new(), 401),
        (&*own, "authorization: Bearer mw_wrong\r\n".to_owned(), 401),
        (&*own, format!("cookie: token={token}\r\n"), 401),
    ];
    for (host, lines, status) in rows {
        let answer = stage.post_as(host, &lines, &body);
        assert_eq!(answer.status, status, "{host} {lines:?}: {answer:?}");
    }
    let long = stage.post(&token, "", &" ".repeat(65_537));
    assert_eq!(long.status, 413, "{long:?}");
    // Reading is another thing, for which a token is needed as well.
    let read = stage.serving.get("/api/events");
    assert!(read.starts_with("HTTP/1.1 401 "), "{read}");
}

#[tokio::test]
async fn secrets_are_masked_and_the_audit_log_has_no_contents() {
    const SECRET: &str = "Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5a";
    let stage = Stage::new(any_program(), &[("MUXWIRE_REDACTION_ENABLED", "true")]).await;
    let mut masked = stage.client(&stage.token("r")).await;
    let mut plain = stage.client(&stage.token("w")).await;
    let subscribe = json!({ "action": "subscribe", "filters": { "types": ["x.*"] } });
    for client in [&mut masked, &mut plain] {
        ask(client, subscribe.clone(), "subscribed").await;
    }
    let data = json!({
        "password": SECRET, "text": format!("used ghp_{SECRET}0000 to push"), "deep": [{ "api_key": SECRET }], "n": 7
    });
    let token = stage.token("e");
    let event = json!({ "type": "x.secret", "target": { "session": "web" }, "data": data });
    let posted = stage.post(&token, "", &emit(&[event]).to_string());
    assert_eq!(posted.status, 200, "{posted:?}");
    assert_eq!(next_own(&mut plain).await["data"], data);
    let seen = next_own(&mut masked).await;
    assert!(!seen.to_string().contains(&SECRET[8..]), "{seen}");
    assert_eq!(
        (&seen["data"]["n"], &seen["type"]),
        (&json!(7), &json!("x.secret"))
    );
    assert!(
        seen["data"]["text"].as_str().unwrap().ends_with(" to push"),
        "{seen}"
    );

    let lines = stage.audited("emit");
    let [line] = &lines[..] else {
        panic!("one line: {lines:?}");
    };
    assert_eq!(
        (&line["what"], &line["count"], &line["session"]),
        (&json!("x.secret"), &json!(1), &json!("web"))
    );
    assert_eq!(line["name"], "e");
    assert!(!line.to_string().contains(SECRET), "{line}");
}

#[tokio::test]
async fn the_own_user_needs_no_token_at_the_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let shown = path.display().to_string();
    let settings = [
        ("MUXWIRE_SERVER_UNIX_SOCKET", &*shown),
        ("MUXWIRE_SECURITY_TRUST_SAME_USER", "true"),
    ];
    let stage = Stage::new(any_program(), &settings).await;
    let body = emit(&[task("web", "t")]).to_string();
    let ask = |lines: &str| {
        let stream = UnixStream::connect(&path).unwrap();
        exchange(stream, "localhost", lines, &body)
    };
    assert_eq!(ask("").status, 200);
    let lines = stage.audited("emit");
    assert!(
        lines[0]["token"].as_str().unwrap().starts_with("uid:"),
        "{lines:?}"
    );
    // A token that is shown counts all the same, and only as what it is.
    let reader = format!("authorization: Bearer {}\r\n", stage.token("r"));
    assert_eq!(ask(&reader).status, 403);
    assert_eq!(ask("authorization: Bearer mw_wrong\r\n").status, 401);
    assert_eq!(ask("origin: http://evil.example\r\n").status, 403);
}
