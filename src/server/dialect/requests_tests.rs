//! What the session is asked for by each of the messages that clients send.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use super::*;
use crate::hub::SessionPattern;
use crate::wire::parse;
use crate::wire::request::{Auth, Filters, More, Place, SessionEntry, Subscribe};
use crate::wire::schema::ACTIONS;

/// What the session is asked for by a request that a client of ours sends.
fn understood(request: impl Into<Request>) -> Asked {
    let text = request.into().encode();
    read(parse(text.as_bytes()).unwrap()).unwrap().action
}

#[test]
fn each_request_of_a_client_of_ours_is_understood() {
    let auth = Action::Auth(Auth {
        token: Some("mw_\"x".to_owned()),
        ..Auth::default()
    });
    let credential = Credential::Token("mw_\"x".to_owned());
    assert!(understood(auth) == Asked::Auth { credential });
    let types = ["pane.*".to_owned()];
    let text = |text| SessionPattern::from_text(text).unwrap();
    let sessions = [
        text("a\"b"),
        text("$3"),
        SessionPattern::Id("$4".parse().unwrap()),
        SessionPattern::Name("$5*".into()),
    ];
    let filters = Filters {
        types: Some(types.to_vec()),
        sessions: Some(sessions.iter().map(SessionEntry::from).collect()),
        ..Filters::default()
    };
    let filter = Filter::all().with_types(&types).unwrap();
    let filter = filter.with_session_patterns(sessions.to_vec()).unwrap();
    let place = request::Since::Place(Place {
        epoch: "e1".to_owned(),
        seq: 7,
        more: More::new(),
    });
    let cursor = request::Since::Cursor("1.e1.7".to_owned());
    let position = Since::Position(Position {
        epoch: Epoch::new("e1").unwrap(),
        seq: Seq(7),
    });
    let rows = [
        (Filters::default(), None, Filter::all(), None),
        (filters, Some(place), filter, Some(position.clone())),
        (
            Filters::default(),
            Some(cursor),
            Filter::all(),
            Some(position),
        ),
    ];
    for (filters, asked, filter, since) in rows {
        let subscribe = Action::Subscribe(Subscribe {
            filters: Some(filters),
            since: asked,
            ..Subscribe::default()
        });
        let expected = Asked::Subscribe {
            filter,
            since,
            prints_in: None,
        };
        assert!(understood(subscribe) == expected);
    }
    for place in [
        PrintsIn {
            server: Some(7),
            pane: Some("%3".parse().unwrap()),
            processes: vec![9, 8, 7],
        },
        PrintsIn::default(),
    ] {
        let subscribe = Action::Subscribe(Subscribe {
            prints_in: Some((&place).into()),
            without_watchers: Some(true),
            ..Subscribe::default()
        });
        let expected = Asked::Subscribe {
            filter: Filter::all().leaving_out_watchers(true),
            since: None,
            prints_in: Some(place.clone()),
        };
        assert!(understood(subscribe) == expected);
    }
    assert!(understood(Request::stats(7)) == Asked::Stats);
    assert!(understood(Request::ping(7)) == Asked::Ping);
    let snapshot = understood(Request::snapshot());
    assert!(matches!(snapshot, Asked::Snapshot { screen: false, .. }));
}

#[test]
fn regression_no_action_is_taken_for_another_one() {
    let fields = |action: &str| match action {
        "auth" => json!({ "token": "t" }),
        "command" => json!({ "target": { "pane": "%1" }, "command": "ls" }),
        "send-keys" => json!({ "target": { "pane": "%1" }, "text": "x", "key": "k" }),
        "prompt" => json!({ "target": { "pane": "%1" }, "text": "x" }),
        "answer" => json!({ "target": { "pane": "%1" }, "dialog": "d", "choice": 1 }),
        "seen" => json!({ "target": { "session": "api" } }),
        "explain" | "open" | "close" => json!({ "target": { "pane": "%1" } }),
        "ack" => json!({ "pane": "%1", "offset": 1 }),
        "disconnect" => json!({ "client_id": "c1" }),
        "emit" => json!({ "events": [{ "type": "x.a", "data": {} }] }),
        "search" => json!({ "words": "x" }),
        "screen" => json!({ "target": { "pane": "%1" }, "at": "1h" }),
        "replay" => json!({ "target": { "pane": "%1" }, "from": "1h" }),
        "replay-control" => json!({ "replay": 1 }),
        "digest" => json!({ "since": "1h" }),
        "cancel" => json!({ "request": 1 }),
        _ => json!({}),
    };
    for action in ACTIONS {
        let mut message = fields(action);
        message["action"] = Value::from(action);
        let asked = read(parse(message.to_string().as_bytes()).unwrap()).unwrap();
        let expected = match action {
            "command" | "send-keys" => "input",
            other => other,
        };
        assert_eq!(asked.action.name(), expected);
        // Each is what its name says, also where a schema knows an action that the types don't.
        let unchecked: Request = serde_json::from_value(message.clone()).unwrap();
        assert!(!matches!(unchecked.action, Action::Unknown(_)), "{action}");
    }
    let unknown: Request = serde_json::from_value(json!({ "action": "dance", "id": 4 })).unwrap();
    let rejected = read(unknown).unwrap_err();
    assert_eq!(rejected.code, ErrorCode::UnknownAction);
    assert_eq!(rejected.id, Some(4.into()));
}

/// Each line is a message, and the code of the error that it gets, or null.
#[test]
fn messages_of_clients_are_taken_or_refused_as_the_fixture_says() {
    let text = include_str!("../../../fixtures/wire/client.ndjson");
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let message = &row["message"];
        let found = parse(message.to_string().as_bytes()).and_then(read);
        let code = found.as_ref().err().map(|rejected| rejected.code.as_str());
        assert_eq!(code, row["error"].as_str(), "{message}: {found:?}");
    }
}
