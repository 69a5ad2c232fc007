//! Who may do what: each role, each operation, each kind of session. What is out of scope is answered byte for byte like
//! what does not exist, and nothing of it is in any byte that a client gets. The test plays the bridge.

mod eye;
mod life;
mod stage;

use serde_json::{Value, json};

use self::eye::holds;
use self::life::{FORBIDDEN, live};
use self::stage::{Role, Stage};

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Inside,
    /// A window that is in a session inside and in one outside.
    Shared,
    Outside,
    Absent,
}

impl About {
    const ALL: [Self; 4] = [Self::Inside, Self::Shared, Self::Outside, Self::Absent];

    /// All ways to name it.
    fn targets(self) -> Vec<Value> {
        let named = |session: &str, id: &str, window: &str, pane: &str| {
            vec![
                json!({ "session": session }),
                json!({ "session": id }),
                json!({ "session": session, "window": window }),
                json!({ "session": session, "window": 0, "pane_index": 0 }),
                json!({ "pane": pane }),
            ]
        };
        match self {
            Self::Inside => named("api-1", "$0", "main", "%0"),
            Self::Shared => vec![
                json!({ "session": "api-1", "window": 1 }),
                json!({ "session": "api-1", "window": "shared" }),
                json!({ "pane": "%1" }),
            ],
            Self::Outside => named("zq-hidden", "$777", "zq-window", "%777"),
            Self::Absent => named("zq-absent", "$555", "zq-nothing", "%555"),
        }
    }
}

/// The result that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Refused(&'static str),
}

/// What a role has to get of an operation that needs to write or only to read.
fn fate(role: Role, about: About, writes: bool) -> Fate {
    if role == Role::Nobody {
        return Fate::Refused("AUTH_REQUIRED");
    }
    match about {
        About::Absent => Fate::Refused("NOT_FOUND"),
        About::Outside if role.is_scoped() => Fate::Refused("NOT_FOUND"),
        _ if writes && !role.writes() => Fate::Refused("PERMISSION_DENIED"),
        _ => Fate::Done,
    }
}

/// The answer to the request with the id `q`.
fn answer(came: &[Vec<u8>]) -> Value {
    let messages = came
        .iter()
        .filter_map(|bytes| serde_json::from_slice(bytes).ok());
    let mut answers = messages.filter(|message: &Value| message["id"] == "q");
    let answer = answers.next().unwrap_or_else(|| {
        let came: Vec<_> = came
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes))
            .collect();
        panic!("no answer in {came:?}")
    });
    assert_eq!(answers.next(), None, "one answer");
    answer
}

fn check(role: Role, what: &str, answer: &Value, expected: Fate) {
    match expected {
        Fate::Done => assert_ne!(answer["type"], "error", "{role:?} {what}: {answer}"),
        Fate::Refused(code) => assert_eq!(answer["code"], code, "{role:?} {what}: {answer}"),
    }
}

#[tokio::test]
async fn each_role_operation_and_session_is_decided() {
    type Operation = (bool, fn(&Value) -> Value);
    let operations: [Operation; 11] = [
        (
            false,
            |target| json!({ "action": "snapshot", "target": target }),
        ),
        (
            false,
            |target| json!({ "action": "snapshot", "target": target, "screen": true }),
        ),
        (
            false,
            |target| json!({ "action": "open", "target": target }),
        ),
        (
            false,
            |target| json!({ "action": "close", "target": target }),
        ),
        (
            false,
            |target| json!({ "action": "seen", "target": target }),
        ),
        (
            false,
            |target| json!({ "action": "explain", "target": target }),
        ),
        (
            true,
            |target| json!({ "action": "command", "target": target, "command": "ls" }),
        ),
        (
            true,
            |target| json!({ "action": "send-keys", "target": target, "text": "x" }),
        ),
        (
            true,
            |target| json!({ "action": "send-keys", "target": target, "keys": ["Enter"], "key": target.to_string() }),
        ),
        (
            true,
            |target| json!({ "action": "prompt", "target": target, "text": "x" }),
        ),
        (
            true,
            |target| json!({ "action": "answer", "target": target, "dialog": "d", "choice": 1 }),
        ),
    ];
    let stage = Stage::start().await;
    let mut rows = 0;
    for role in Role::ALL {
        let mut refusals: Vec<(usize, usize, Vec<Vec<u8>>)> = Vec::new();
        for about in About::ALL {
            for (number, (writes, message)) in operations.iter().enumerate() {
                for (form, target) in about.targets().iter().enumerate() {
                    // A connection each, so that nothing of one request is in the answer of another.
                    let mut eye = stage.eye(role, "/monitor", "muxwire.v1").await;
                    let mut message = message(target);
                    message["id"] = "q".into();
                    let came = eye.ask(&message).await;
                    let what = message.to_string();
                    check(role, &what, &answer(&came), fate(role, about, *writes));
                    stage.look_for_leaks(role, &eye, &what);
                    rows += 1;
                    match about {
                        About::Outside if role.is_scoped() => refusals.push((number, form, came)),
                        About::Absent if role.is_scoped() => {
                            let known =
                                refusals.iter().find(|(n, f, _)| (*n, *f) == (number, form));
                            assert_eq!(known.map(|known| &known.2), Some(&came), "{role:?} {what}");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    assert_eq!(rows, 6 * 11 * (5 + 3 + 5 + 5));
}

#[tokio::test]
async fn what_is_about_no_session_is_decided_by_role() {
    let stage = Stage::start().await;
    let other = stage.eye(Role::ReadSome, "/monitor", "muxwire.v1").await;
    let (no, admin_only) = (Some("AUTH_REQUIRED"), Some("PERMISSION_DENIED"));
    // Nobody; those who are let in; admins.
    let rows = [
        (json!({ "action": "subscribe" }), [no, None, None]),
        (json!({ "action": "unsubscribe" }), [no, None, None]),
        (json!({ "action": "stats" }), [no, None, None]),
        (json!({ "action": "seen" }), [no, None, None]),
        (
            json!({ "action": "ack", "pane": "%0", "offset": 0 }),
            [no, Some("NOT_FOUND"), Some("NOT_FOUND")],
        ),
        (json!({ "action": "ping" }), [None, None, None]),
        (json!({ "action": "clients" }), [no, admin_only, None]),
        (
            json!({ "action": "disconnect", "client_id": "c999" }),
            [no, admin_only, Some("NOT_FOUND")],
        ),
        (
            json!({ "action": "disconnect", "client_id": "c1" }),
            [no, admin_only, None],
        ),
    ];
    for role in Role::ALL {
        for (message, expected) in &rows {
            let expected = match role {
                Role::Nobody => expected[0],
                Role::Admin => expected[2],
                _ => expected[1],
            };
            let mut eye = stage.eye(role, "/monitor", "muxwire.v1").await;
            let mut message = message.clone();
            message["id"] = "q".into();
            let came = match message["action"].as_str() {
                // It is the pong that says that all has come.
                Some("ping") => continue,
                _ => eye.ask(&message).await,
            };
            let found = answer(&came);
            assert_eq!(
                found["code"].as_str(),
                expected,
                "{role:?} {message}: {found}"
            );
            stage.look_for_leaks(role, &eye, &message.to_string());
        }
    }
    drop(other);
}

/// Whether somebody is connected is nothing that others learn: who is there is refused like who is not.
#[tokio::test]
async fn who_is_connected_is_shown_to_admins_alone() {
    let stage = Stage::start().await;
    let mut admin = stage.eye(Role::Admin, "/monitor", "muxwire.v1").await;
    let mut victim = stage
        .eye(Role::WriteSome, "/ws/terminal/api-1", "muxwire.v1")
        .await;
    let came = admin.ask(&json!({ "action": "clients", "id": "q" })).await;
    let clients = answer(&came);
    assert_eq!(clients["total"], 2, "{clients}");
    let row = &clients["clients"][1];
    assert_eq!(
        (&row["endpoint"], &row["permissions"], &row["sessions"]),
        (
            &json!("terminal"),
            &json!(["read", "write"]),
            &json!(["api-*"])
        ),
        "{row}"
    );
    assert!(
        row["address"].as_str().unwrap().starts_with("127.0.0.1:"),
        "{row}"
    );
    assert!(
        row["token"].as_str().unwrap().starts_with("token:"),
        "{row}"
    );
    for role in [Role::ReadSome, Role::WriteAll] {
        let mut eye = stage.eye(role, "/monitor", "muxwire.v1").await;
        let ask = |id: &Value| json!({ "action": "disconnect", "id": "q", "client_id": id });
        let there = eye.ask(&ask(&row["client_id"])).await;
        let absent = eye.ask(&ask(&json!("c999"))).await;
        assert_eq!(there, absent, "{role:?}");
    }
    let end = json!({ "action": "disconnect", "id": "q", "client_id": row["client_id"], "reason": "too loud" });
    let came = admin.ask(&end).await;
    assert_eq!(answer(&came)["type"], "disconnected");
    assert!(!victim.read_until("never").await);
    let last: Vec<_> = victim
        .seen
        .iter()
        .rev()
        .take(2)
        .map(|bytes| String::from_utf8_lossy(bytes))
        .collect();
    assert!(last[0].contains("4504"), "{last:?}");
    assert!(
        last[1].contains("DISCONNECTED") && last[1].contains("too loud"),
        "{last:?}"
    );
    let came = admin.ask(&end).await;
    assert_eq!(answer(&came)["code"], "NOT_FOUND");
}

#[tokio::test]
async fn terminals_are_decided_like_all_else() {
    let addresses = [
        (About::Inside, ["api-1", "$0", "api-1?pane=0"]),
        (
            About::Shared,
            ["api-1?pane=1", "api-1?pane=%251", "$0?pane=1"],
        ),
        (About::Outside, ["zq-hidden", "$777", "zq-hidden?pane=777"]),
        (About::Absent, ["zq-absent", "$555", "zq-absent?pane=555"]),
    ];
    let stage = Stage::start().await;
    for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
        for role in Role::ALL {
            let mut unseen = Vec::new();
            for (about, paths) in addresses {
                for path in paths {
                    let path = format!("/ws/terminal/{path}");
                    let mut eye = stage.eye(role, &path, subprotocol).await;
                    let what = format!("{path} {subprotocol}");
                    let came = eye.ask(&json!({ "type": "connect", "id": "q" })).await;
                    let expected = fate(role, about, false);
                    check(role, &what, &answer(&came), expected);
                    for message in [
                        json!({ "type": "input", "id": "q", "data": "x" }),
                        json!({ "type": "input", "id": "q", "data": "x", "paste": true }),
                        json!({ "type": "resize", "id": "q", "cols": 90, "rows": 30 }),
                    ] {
                        let came = eye.ask(&message).await;
                        match (expected, fate(role, about, true)) {
                            // What is shown may be typed into without an answer.
                            (Fate::Done, Fate::Done) => {
                                assert!(!holds(&came.concat(), b"error"), "{role:?} {what}")
                            }
                            (Fate::Done, refused) => check(role, &what, &answer(&came), refused),
                            // Nothing is shown, so nothing can be typed into, whatever there is.
                            (Fate::Refused("NOT_FOUND"), _) => {
                                check(
                                    role,
                                    &what,
                                    &answer(&came),
                                    Fate::Refused("INVALID_MESSAGE"),
                                );
                            }
                            (refused, _) => check(role, &what, &answer(&came), refused),
                        }
                    }
                    stage.look_for_leaks(role, &eye, &what);
                    // But for how it names itself, and the time and the place of the greeting.
                    unseen.push((about, eye.seen.clone()));
                }
            }
            if role.is_scoped() {
                let of = |wanted: About| unseen.iter().filter(move |(about, _)| *about == wanted);
                for ((_, outside), (_, absent)) in of(About::Outside).zip(of(About::Absent)) {
                    assert_eq!(
                        stage.without_greeting(outside),
                        stage.without_greeting(absent),
                        "{role:?}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_out_of_scope_is_in_any_byte_live_replayed_or_in_snapshots() {
    let stage = Stage::empty().await;
    let mut eyes = Vec::new();
    for role in Role::ALL {
        for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
            let mut eye = stage.eye(role, "/monitor", subprotocol).await;
            eye.say(&json!({ "action": "subscribe" })).await;
            eye.settle().await;
            eyes.push((role, eye));
        }
    }
    let history = live(&stage, &mut eyes).await;
    for (role, eye) in &mut eyes {
        eye.settle().await;
        stage.look_for_leaks(*role, eye, "live");
        // All that is looked for is there to be seen by those who may.
        if matches!(role, Role::ReadAll | Role::WriteAll | Role::Admin) {
            let all = eye.seen.concat();
            for word in FORBIDDEN {
                assert!(stage::names(&all, word), "{role:?} sees {word}");
            }
        }
    }
    for role in Role::ALL {
        for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
            let mut eye = stage.eye(role, "/monitor", subprotocol).await;
            let since = json!({ "epoch": "e1", "seq": 0 });
            eye.ask(&json!({ "action": "subscribe", "since": since }))
                .await;
            if role.is_scoped() || role == Role::Nobody {
                assert_eq!(
                    holds(&eye.seen.concat(), b"api-1"),
                    role != Role::Nobody,
                    "{role:?}"
                );
            }
            stage.look_for_leaks(role, &eye, "replayed");
        }
    }
    assert!(history > 40, "{history}");
}

#[tokio::test]
async fn figures_name_tokens_to_admins_alone() {
    let stage = Stage::start().await;
    let mut eyes = Vec::new();
    for role in Role::ALL {
        eyes.push(stage.eye(role, "/monitor", "muxwire.v1").await);
    }
    for role in Role::ALL {
        let bearer = stage
            .token(role)
            .map(|token| format!("authorization: Bearer {token}\r\n"));
        let figures = stage
            .server
            .get_with("/metrics", &bearer.unwrap_or_default())
            .await;
        assert!(figures.contains("muxwire_clients 6"), "{figures}");
        assert_eq!(
            figures.contains("token=\"test-"),
            role == Role::Admin,
            "{role:?}"
        );
        for word in FORBIDDEN {
            assert!(!stage::names(figures.as_bytes(), word), "{word}");
        }
    }
    for bad in ["Bearer mw_wrong", "Basic eDp5", "x"] {
        let line = format!("authorization: {bad}\r\n");
        let answer = stage.server.get_with("/metrics", &line).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(!answer.contains("muxwire_"), "{answer}");
    }
    for path in ["/healthz", "/readyz"] {
        let answer = stage.server.get(path).await;
        for word in FORBIDDEN {
            assert!(!stage::names(answer.as_bytes(), word), "{path} {word}");
        }
    }
}

/// What is out of scope since its session got another name is gone: none of its events comes any more, to those who had it open.
#[tokio::test]
async fn what_leaves_the_scope_is_gone_at_once() {
    for role in [Role::ReadSome, Role::WriteSome] {
        for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
            let stage = Stage::start().await;
            let mut terminal = stage.eye(role, "/ws/terminal/api-1", subprotocol).await;
            let connect = json!({ "type": "connect", "id": "q" });
            assert_eq!(answer(&terminal.ask(&connect).await)["type"], "connect");
            let mut monitor = stage.eye(role, "/monitor", subprotocol).await;
            monitor.ask(&json!({ "action": "subscribe" })).await;
            let pane = json!({ "pane": "%0" });
            let open = json!({ "action": "open", "id": "q", "target": pane });
            assert_eq!(answer(&monitor.ask(&open).await)["type"], "opened");
            stage.change(|world| world.rename(muxwire::ids::SessionId(0), "zq-gone"));
            life::print(&stage, muxwire::ids::PaneId(0), b"zq-output");
            terminal.settle().await;
            monitor.settle().await;
            for message in [
                json!({ "action": "send-keys", "id": "q", "target": pane, "text": "x" }),
                json!({ "action": "ack", "id": "q", "pane": "%0", "offset": 0 }),
                json!({ "action": "close", "id": "q", "target": pane }),
                open,
            ] {
                let came = monitor.ask(&message).await;
                check(
                    role,
                    &message.to_string(),
                    &answer(&came),
                    Fate::Refused("NOT_FOUND"),
                );
            }
            let what = "once it has left";
            stage.look_for_leaks(role, &terminal, what);
            stage.look_for_leaks(role, &monitor, what);
            assert!(
                holds(&terminal.seen.concat(), b"session_gone"),
                "{role:?} {subprotocol}"
            );
            assert!(
                holds(&monitor.seen.concat(), b"session.removed"),
                "{role:?} {subprotocol}"
            );
        }
    }
}

#[tokio::test]
async fn tickets_are_for_those_who_are_known() {
    let stage = Stage::start().await;
    for role in Role::ALL {
        let bearer = stage
            .token(role)
            .map(|token| format!("authorization: Bearer {token}\r\n"));
        let answer = stage
            .server
            .http("POST", "/api/ticket", &bearer.unwrap_or_default())
            .await;
        let status = if role == Role::Nobody { "401" } else { "200" };
        assert_eq!(answer.split(' ').nth(1), Some(status), "{role:?}: {answer}");
        for word in FORBIDDEN {
            assert!(!stage::names(answer.as_bytes(), word), "{role:?} {word}");
        }
    }
}
