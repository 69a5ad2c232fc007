//! Coming in: what is accepted, from which pages, and what the cookie is good for.

use std::time::Duration;

use jiff::Timestamp;
use muxwire::auth::{AttemptLimits, AuthSettings, CODE_LIFE, CodeHolder, Permission};
use muxwire::network::LOOPBACK;
use muxwire::server::{Bounds, ListenOptions};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::stage::{Answer, LISTED, Stage};
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;

#[tokio::test]
async fn a_token_is_changed_for_a_cookie_that_scripts_never_see() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &["api-*"], None);
    let stage = Stage::new(&tokens).await;
    let answer = stage.show(&json!({ "token": format!(" {token}\n") })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let who = answer.json();
    let id = format!("token:{}", tokens.ids()[0]);
    let expected = json!({
        "authentication": true, "id": id, "name": "test-1", "permissions": ["read", "write"],
        "sessions": ["api-*"], "redacted": false, "expires": null, "session": who["session"],
    });
    assert_eq!(who, expected);
    let cookie = answer.cookie();
    let (name, secret) = cookie.split_once('=').unwrap();
    assert_eq!(name, format!("muxwire-{}", stage.server.address.port()));
    assert_eq!(secret.len(), 43, "256 bits: {secret}");
    let rest = answer.header("set-cookie").unwrap().strip_prefix(&*cookie);
    let flags = "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict";
    assert_eq!(rest, Some(flags));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // Neither the secret nor the token is in what a script reads.
    assert!(!answer.body.contains(secret) && !answer.body.contains(&token));
    let again = stage.ask("GET", "/api/session", &cookie).await;
    assert_eq!((again.status, again.json()), (200, who));
    assert_eq!(again.header("set-cookie"), None);
}

#[tokio::test]
async fn a_code_lets_one_browser_in_once() {
    let mut tokens = Tokens::new();
    tokens.add(Permission::Read, &["web"], None);
    tokens.add(Permission::Read, &[], None);
    let stage = Stage::new(&tokens).await;
    let ids = tokens.ids();
    let now = Timestamp::now();
    let made = |holder, at| {
        tokens
            .codes()
            .create(holder, at)
            .unwrap()
            .expose()
            .to_owned()
    };
    let recently = now - Duration::from_secs(60);
    let local = made(CodeHolder::Local, recently);
    let of_token = made(CodeHolder::Token(ids[0]), recently);
    let of_revoked = made(CodeHolder::Token(ids[1]), recently);
    // The last one: each that is made takes away those that are too old by then.
    let expired = made(CodeHolder::Local, now - CODE_LIFE);
    tokens.revoke(2, &stage.authenticator);
    let rows = [
        (
            &*local,
            200,
            "local",
            json!(["emit", "read", "write", "admin"]),
        ),
        (&local, 401, "", json!(null)),
        (&of_token, 200, "test-1", json!(["read"])),
        (&of_token, 401, "", json!(null)),
        (&of_revoked, 401, "", json!(null)),
        (&expired, 401, "", json!(null)),
        (&"A".repeat(43), 401, "", json!(null)),
        ("../codes", 401, "", json!(null)),
        ("", 401, "", json!(null)),
    ];
    for (at, (code, status, name, permissions)) in rows.into_iter().enumerate() {
        let answer = stage.show(&json!({ "code": code })).await;
        assert_eq!(answer.status, status, "row {at}: {answer:?}");
        if status == 200 {
            let who = answer.json();
            assert_eq!(
                (&who["name"], &who["permissions"]),
                (&json!(name), &permissions)
            );
        } else {
            assert_eq!(answer.header("set-cookie"), None, "row {at}");
            let is_said = answer.body.contains("code is not valid") || at == 4;
            assert!(is_said, "row {at}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_no_proof_is_refused_and_not_repeated() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Stage::new(&tokens).await;
    let own = Stage::lines(Some(&stage.own()), "");
    let rows = [
        ("", 400),
        ("hunter2", 400),
        ("{}", 400),
        (r#"{"token":"hunter2"}"#, 401),
        (r#"{"token":"a","code":"hunter2"}"#, 400),
        (r#"{"token":"a","password":"hunter2"}"#, 400),
        (r#"{"code":{"hunter2":1}}"#, 400),
    ];
    for (body, status) in rows {
        let answer = Answer::read(&stage.server.post("/api/session", &own, body).await);
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(!answer.body.contains("hunter2"), "{body}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), None, "{body}");
    }
    // In the address it is refused before anything looks at it.
    let path = format!("/api/session?token={token}");
    assert_eq!(stage.ask("GET", &path, "").await.status, 400);
    assert_eq!(stage.status("").await, 401);
}

/// Which pages may come in, leave and connect with the cookie.
#[tokio::test]
async fn only_the_page_s_own_origin_counts() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &[], None);
    let stage = Stage::new(&tokens).await;
    let cookie = stage.come_in(&token).await;
    let (own, port) = (stage.own(), stage.server.address.port());
    let secure = own.replace("http:", "https:");
    let neighbour = "http://127.0.0.1:1".to_owned();
    let local = format!("http://localhost:{port}");
    // The origin, whether a request with it gets through, and whether the cookie counts.
    let rows = [
        (Some(&*own), true, true),
        (None, true, false),
        (Some(LISTED), true, false),
        (Some("https://evil.example"), false, false),
        (Some("null"), false, false),
        (Some(&*secure), false, false),
        (Some(&*neighbour), false, false),
        (Some(&*local), false, false),
    ];
    for (origin, passes, counts) in rows {
        let proof = json!({ "token": token }).to_string();
        let lines = Stage::lines(origin, "");
        let came = Answer::read(&stage.server.post("/api/session", &lines, &proof).await);
        let expected = if counts { 200 } else { 403 };
        assert_eq!(came.status, expected, "{origin:?}: {came:?}");
        assert_eq!(came.header("set-cookie").is_some(), counts, "{origin:?}");
        // Nobody else has the browser leave either.
        if !counts {
            let lines = Stage::lines(origin, &cookie);
            let left = stage.server.http("DELETE", "/api/session", &lines).await;
            assert_eq!(Answer::read(&left).status, 403, "{origin:?}");
            assert_eq!(stage.status(&cookie).await, 200, "{origin:?}");
        }
        match stage.socket(origin, &cookie).await {
            Ok(mut client) => {
                assert!(passes, "{origin:?}");
                let hello = client.expect("hello").await;
                assert_eq!(hello["auth_required"], !counts, "{origin:?} {hello}");
            }
            Err(status) => assert_eq!((status, passes), (403, false), "{origin:?}"),
        }
    }
}

#[tokio::test]
async fn a_socket_with_the_cookie_is_the_holder_s_and_nobody_else_s() {
    let mut tokens = Tokens::new();
    let reader = tokens.add(Permission::Read, &["web"], None);
    let writer = tokens.add(Permission::Write, &[], None);
    let stage = Stage::new(&tokens).await;
    let cookie = stage.come_in(&reader).await;
    let mut client = stage
        .socket(Some(&stage.own()), &cookie)
        .await
        .ok()
        .unwrap();
    assert_eq!(client.expect("hello").await["auth_required"], false);
    let entry = client.expect("auth.response").await;
    assert_eq!(entry["permissions"], json!(["read"]));
    let typing = json!({ "action": "send-keys", "target": { "session": "web" }, "text": "x" });
    let refused = client.refused(typing).await;
    assert!(
        ["PERMISSION_DENIED", "NOT_FOUND"].contains(&&*refused),
        "{refused}"
    );
    // Another's token does not make it another's connection.
    let auth = json!({ "action": "auth", "token": writer });
    let answer = client.ask(auth, "auth.response").await;
    assert_eq!(answer["success"], false, "{answer}");
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("somebody else"),
        "{answer}"
    );

    // What a handshake shows itself counts before a cookie.
    let address = stage.server.address;
    let request = format!("ws://{address}/monitor");
    let mut request = request.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", stage.own().parse().unwrap());
    headers.insert("cookie", cookie.parse().unwrap());
    let bearer = format!("Bearer {writer}").parse().unwrap();
    headers.insert("authorization", bearer);
    let mut client = Client::connect_with(address, request).await.ok().unwrap();
    assert_eq!(client.expect("hello").await["auth_required"], true);
    let entry = client.expect("auth.response").await;
    assert_eq!(entry["permissions"], json!(["read", "write"]));

    // Cookies of other names, of other servers, and none that was ever given out.
    let (name, secret) = cookie.split_once('=').unwrap();
    let rows = [
        format!("muxwire-1={secret}"),
        format!("muxwire={secret}"),
        format!("__Host-{name}={secret}"),
        format!("{name}={}", "A".repeat(43)),
        format!("{name}={secret}x"),
        format!("{name}="),
        name.to_owned(),
    ];
    for other in rows {
        assert_eq!(stage.status(&other).await, 401, "{other}");
        let mut client = stage.socket(Some(&stage.own()), &other).await.ok().unwrap();
        assert_eq!(
            client.expect("hello").await["auth_required"],
            true,
            "{other}"
        );
    }
    // Of several with the name, one may be right.
    let several = format!("{name}=x; {cookie}");
    assert_eq!(stage.status(&several).await, 200);
}

#[tokio::test]
async fn the_cookie_opens_nothing_that_programs_ask_for() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Admin, &[], None);
    let stage = Stage::new(&tokens).await;
    let cookie = stage.come_in(&token).await;
    for path in ["/api/ticket", "/api/events"] {
        let lines = Stage::lines(Some(&stage.own()), &cookie);
        let answer = Answer::read(&stage.server.post(path, &lines, "{}").await);
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn attempts_count_as_those_with_tokens_do() {
    let tokens = Tokens::new();
    let attempts = AttemptLimits {
        failures: 3,
        recovery: Duration::from_secs(3600),
    };
    let settings = AuthSettings {
        attempts,
        ..AuthSettings::default()
    };
    let stage = Stage::with(&tokens, settings, Setup::default()).await;
    let proofs = [
        json!({ "code": "x" }),
        json!({ "token": "x" }),
        json!({ "code": "A".repeat(43) }),
    ];
    for proof in &proofs {
        assert_eq!(stage.show(proof).await.status, 401, "{proof}");
    }
    let code = tokens.code(CodeHolder::Local);
    for proof in [&json!({ "code": code }), &proofs[1]] {
        let answer = stage.show(proof).await;
        assert_eq!(answer.status, 429, "{answer:?}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3600).contains(&wait), "{wait}");
    }
    // What was not looked at is not used up.
    assert!(
        tokens
            .codes()
            .take(&code, Timestamp::now())
            .unwrap()
            .is_some()
    );
    let metrics = stage.server.get("/metrics").await;
    for counted in ["code\"} 2", "malformed\"} 1", "limited\"} 2"] {
        let line = format!("muxwire_auth_failures_total{{reason=\"{counted}");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn without_authentication_nobody_has_to_come_in() {
    let server = TestServer::open().await;
    let own = format!("origin: http://{}\r\n", server.address);
    let answers = [
        server.http("GET", "/api/session", &own).await,
        server.post("/api/session", &own, r#"{"code":"x"}"#).await,
    ];
    for answer in answers.map(|answer| Answer::read(&answer)) {
        assert_eq!(answer.status, 200, "{answer:?}");
        let who = answer.json();
        assert_eq!(
            (&who["authentication"], &who["session"]),
            (&json!(false), &Value::Null)
        );
        assert_eq!(answer.header("set-cookie"), None);
    }
    let left = Answer::read(&server.http("DELETE", "/api/session", &own).await);
    assert_eq!(left.status, 204);
}

#[tokio::test]
async fn with_tls_the_cookie_goes_nowhere_without() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let setup = Setup {
        allowed_hosts: vec!["box.example".parse().unwrap()],
        listeners: ListenOptions {
            proxies: LOOPBACK.to_vec(),
            ..ListenOptions::default()
        },
        ..Setup::default()
    };
    let stage = Stage::with(&tokens, AuthSettings::default(), setup).await;
    // As a proxy says that it speaks TLS.
    let secure = "x-forwarded-proto: https\r\n";
    let own = format!("origin: https://{}\r\n{secure}", stage.server.address);
    let proof = json!({ "token": token }).to_string();
    let came = Answer::read(&stage.server.post("/api/session", &own, &proof).await);
    assert_eq!(came.status, 200, "{came:?}");
    let cookie = came.cookie();
    let name = format!("__Host-muxwire-{}=", stage.server.address.port());
    assert!(cookie.starts_with(&name), "{cookie}");
    let flags = "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure";
    assert!(
        came.header("set-cookie").unwrap().ends_with(flags),
        "{came:?}"
    );
    for (lines, status) in [(secure, 200), ("", 401)] {
        let lines = format!("{lines}cookie: {cookie}\r\n");
        let answer = stage.server.http("GET", "/api/session", &lines).await;
        assert_eq!(Answer::read(&answer).status, status, "{lines}");
    }
    // Without a port in the address there is none in the name.
    let lines = format!(
        "{secure}cookie: {}\r\n",
        cookie.replace(&name, "__Host-muxwire=")
    );
    let answer = stage
        .server
        .http_as("box.example", "GET", "/api/session", &lines);
    assert_eq!(Answer::read(&answer.await).status, 200);
}

#[tokio::test]
async fn a_browser_takes_the_places_of_its_token() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let setup = Setup {
        bounds: Bounds {
            token_connections: 2,
            ..Bounds::default()
        },
        ..Setup::default()
    };
    let stage = Stage::with(&tokens, AuthSettings::default(), setup).await;
    let cookie = stage.come_in(&token).await;
    let _browser = stage.open(&cookie).await;
    let _program = stage.server.client_of(&token).await;
    let mut third = stage
        .socket(Some(&stage.own()), &cookie)
        .await
        .ok()
        .unwrap();
    assert_eq!(third.close_code().await, Some(4006));
}

#[tokio::test]
async fn secrets_are_kept_from_browsers_too() {
    let mut tokens = Tokens::new();
    let token = tokens.add_redacted(Permission::Write);
    let stage = Stage::with(
        &tokens,
        AuthSettings::default(),
        Setup::keeping_secrets(&tokens),
    )
    .await;
    let answer = stage.show(&json!({ "token": token })).await;
    assert_eq!(answer.json()["redacted"], true, "{answer:?}");
    // As on a WebSocket, where redaction is off such a token lets nobody in.
    let stage = Stage::new(&tokens).await;
    let answer = stage.show(&json!({ "token": token })).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(answer.body.contains("redaction.enabled"), "{answer:?}");
}
