//! How the session of a browser ends: by itself, with its token, and by those who may end it.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use muxwire::audit::{Limits, Log};
use muxwire::auth::{AuthSettings, CodeHolder, Permission};
use muxwire::server::{Bounds, SessionLimits};
use serde_json::{Value, json};

use super::stage::{Answer, Stage};
use crate::support::server::Setup;
use crate::support::tokens::Tokens;
use crate::support::{SOON, wait_until_async};

const TOKEN_ENDED: Option<u16> = Some(4503);

#[tokio::test]
async fn who_leaves_is_out_with_all_connections() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Stage::new(&tokens).await;
    let (cookie, other) = (stage.come_in(&token).await, stage.come_in(&token).await);
    let (mut client, mut stays) = (stage.open(&cookie).await, stage.open(&other).await);
    let left = stage.ask("DELETE", "/api/session", &cookie).await;
    assert_eq!(left.status, 204, "{left:?}");
    let forgotten = left.header("set-cookie").unwrap();
    assert!(forgotten.contains("=; Path=/; Max-Age=0;"), "{forgotten}");
    assert_eq!(client.close_code().await, TOKEN_ENDED);
    assert_eq!(stage.status(&cookie).await, 401);
    // It is no error to leave twice, and the other browser of the token is not meant.
    let again = stage.ask("DELETE", "/api/session", &cookie).await;
    assert_eq!(again.status, 204);
    stays.until_pong().await;
    assert_eq!(stage.status(&other).await, 200);
}

#[tokio::test]
async fn a_browser_that_comes_in_again_has_one_session() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Stage::new(&tokens).await;
    let first = stage.come_in(&token).await;
    let mut client = stage.open(&first).await;
    let lines = Stage::lines(Some(&stage.own()), &first);
    let proof = json!({ "token": token }).to_string();
    let second = Answer::read(&stage.server.post("/api/session", &lines, &proof).await).cookie();
    assert_ne!(first, second);
    assert_eq!(client.close_code().await, TOKEN_ENDED);
    assert_eq!(
        [stage.status(&first).await, stage.status(&second).await],
        [401, 200]
    );
}

#[tokio::test]
async fn a_revoked_token_closes_sockets_and_ends_the_session() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &[], None);
    let other = tokens.add(Permission::Write, &[], None);
    let stage = Stage::new(&tokens).await;
    let (cookie, stays) = (stage.come_in(&token).await, stage.come_in(&other).await);
    let (mut client, mut others) = (stage.open(&cookie).await, stage.open(&stays).await);
    tokens.revoke(1, &stage.authenticator);
    // At once: the very next request is refused.
    assert_eq!(stage.status(&cookie).await, 401);
    let mut late = stage
        .socket(Some(&stage.own()), &cookie)
        .await
        .ok()
        .unwrap();
    assert_eq!(late.expect("hello").await["auth_required"], true);
    assert_eq!(client.close_code().await, TOKEN_ENDED);
    others.until_pong().await;
    assert_eq!(stage.status(&stays).await, 200);
    let listed = stage.ask("GET", "/api/browsers", &stays).await.json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test]
async fn a_token_that_expires_takes_its_browsers_along() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Stage::new(&tokens).await;
    let cookie = stage.come_in(&token).await;
    let mut client = stage.open(&cookie).await;
    let past = "\"expires\": \"2026-01-01T00:00:00Z\"";
    tokens.rewrite("\"expires\": null", past, &stage.authenticator);
    assert_eq!(client.close_code().await, TOKEN_ENDED);
    assert_eq!(stage.status(&cookie).await, 401);
}

/// With other rights, what was begun with the old ones is over.
#[tokio::test]
async fn changed_rights_end_the_session() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &[], None);
    let stage = Stage::new(&tokens).await;
    let cookie = stage.come_in(&token).await;
    let mut client = stage.open(&cookie).await;
    tokens.rewrite(
        "\"sessions\": []",
        "\"sessions\": [\"api-*\"]",
        &stage.authenticator,
    );
    assert_eq!(client.close_code().await, Some(4005));
    assert_eq!(stage.status(&cookie).await, 401);
    let again = stage.show(&json!({ "token": token })).await;
    assert_eq!(again.json()["sessions"], json!(["api-*"]), "{again:?}");
}

#[tokio::test]
async fn time_ends_a_session_and_closes_its_sockets() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let setup = Setup {
        bounds: Bounds {
            browsers: SessionLimits {
                life: Duration::from_millis(300),
                ..SessionLimits::default()
            },
            ..Bounds::default()
        },
        ..Setup::default()
    };
    let stage = Stage::with(&tokens, AuthSettings::default(), setup).await;
    let cookie = stage.come_in(&token).await;
    let client = stage.socket(Some(&stage.own()), &cookie).await;
    let mut client = client.ok().unwrap();
    let hello = client.expect("hello").await;
    if hello["auth_required"] == false {
        assert_eq!(client.close_code().await, TOKEN_ENDED);
    }
    assert_eq!(stage.status(&cookie).await, 401);
}

#[tokio::test]
async fn browsers_are_listed_to_those_who_may_end_them() {
    let mut tokens = Tokens::new();
    let [one, two] = [0; 2].map(|_| tokens.add(Permission::Write, &[], None));
    let admin = tokens.add(Permission::Admin, &[], None);
    let stage = Stage::new(&tokens).await;
    let [first, second, third] = [&one, &one, &two].map(|token| stage.come_in(token));
    let (first, second, third) = (first.await, second.await, third.await);
    let mut client = stage.open(&second).await;
    let stage = &stage;
    let ask = |cookie| async move { stage.ask("GET", "/api/browsers", cookie).await.json() };
    let own = ask(&first).await;
    let rows = own["sessions"].as_array().unwrap();
    let shown = |row: &Value| {
        (
            row["name"].clone(),
            row["current"].clone(),
            row["sockets"].clone(),
        )
    };
    let found: Vec<_> = rows.iter().map(shown).collect();
    let expected = [(true, 0), (false, 1)];
    assert_eq!(
        found,
        expected.map(|(current, sockets)| (json!("test-1"), json!(current), json!(sockets)))
    );
    for row in rows {
        assert!(
            row["began"].as_str().unwrap().parse::<Timestamp>().is_ok(),
            "{row}"
        );
        assert!(
            row["address"].as_str().unwrap().starts_with("127.0.0.1"),
            "{row}"
        );
    }
    assert!(!own.to_string().contains(first.split_once('=').unwrap().1));
    // An admin sees all, also as a program.
    let bearer = format!("authorization: Bearer {admin}\r\n");
    let all = Answer::read(&stage.server.get_with("/api/browsers", &bearer).await).json();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 3, "{all}");
    let nobody = Answer::read(&stage.server.get("/api/browsers").await);
    assert_eq!(nobody.status, 401);

    // Who may not know a session can't end it, and no foreign page can have one ended.
    let name = rows[1]["session"].as_str().unwrap();
    let path = format!("/api/browsers/{name}");
    let foreign = Stage::lines(None, &first);
    let rows = [
        (stage.ask("DELETE", &path, &third).await, 404),
        (stage.ask("DELETE", &path, "").await, 401),
        (
            Answer::read(&stage.server.http("DELETE", &path, &foreign).await),
            403,
        ),
        (stage.ask("DELETE", "/api/browsers/none", &first).await, 404),
    ];
    for (at, (answer, status)) in rows.into_iter().enumerate() {
        assert_eq!(answer.status, status, "row {at}: {answer:?}");
    }
    client.until_pong().await;
    assert_eq!(stage.ask("DELETE", &path, &first).await.status, 204);
    assert_eq!(client.close_code().await, TOKEN_ENDED);
    assert_eq!(stage.ask("DELETE", &path, &first).await.status, 404);
    // The admin ends another's as a program, which sends no origin.
    let third_name = ask(&third).await["sessions"][0]["session"].clone();
    let path = format!("/api/browsers/{}", third_name.as_str().unwrap());
    let ended = stage.server.http("DELETE", &path, &bearer).await;
    assert_eq!(Answer::read(&ended).status, 204);
    assert_eq!(stage.status(&third).await, 401);
}

#[tokio::test]
async fn what_browsers_do_stands_in_the_audit_log() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &["web"], None);
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        content: false,
        max_bytes: 1 << 20,
        keep: 1,
    };
    let setup = Setup {
        audit: Log::start(folder.path(), limits).unwrap(),
        ..Setup::default()
    };
    let stage = Stage::with(&tokens, AuthSettings::default(), setup).await;
    stage.show(&json!({ "code": "hunter2" })).await;
    let cookie = stage.come_in(&token).await;
    stage.ask("DELETE", "/api/session", &cookie).await;
    let code = tokens.code(CodeHolder::Local);
    let local = stage.show(&json!({ "code": code })).await.cookie();
    let lines = Stage::lines(None, &local);
    stage.server.http("DELETE", "/api/session", &lines).await;
    let file = folder.path().join("audit/1/audit.ndjson");
    let read = || fs::read_to_string(&file).unwrap_or_default();
    wait_until_async("all is written", SOON, || read().contains("no_origin")).await;
    let text = read();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let kept: Vec<(String, Value, Value)> = lines
        .filter(|line| !line["action"].as_str().unwrap().starts_with("server."))
        .map(|line| {
            let what = ["what", "reason"].map(|name| line[name].clone());
            let what = what.into_iter().find(|one| !one.is_null());
            let action = line["action"].as_str().unwrap().to_owned();
            (action, line["name"].clone(), what.unwrap_or_default())
        })
        .collect();
    let rows = [
        ("auth.failed", Value::Null, "code"),
        ("browser.signed_in", json!("test-1"), "token"),
        ("browser.signed_out", json!("test-1"), "left"),
        ("browser.signed_in", json!("local"), "code"),
        ("client.refused", Value::Null, "no_origin"),
    ];
    let expected = rows.map(|(action, name, what)| (action.to_owned(), name, json!(what)));
    assert_eq!(kept, expected);
    for secret in ["hunter2", &code, &token, local.split_once('=').unwrap().1] {
        assert!(!text.contains(secret), "{text}");
    }
}
