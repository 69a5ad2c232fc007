//! How clients get in and stay in, over real sockets: attempts that fail, and authenticating again on an open
//! connection.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use data_encoding::BASE32_DNSSEC as BASE32;
use futures_util::StreamExt as _;
use muxwire::auth::{AttemptLimits, AuthSettings, Permission};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;

/// Three failures, and then nothing is forgiven while a test lasts.
const STRICT: AttemptLimits = AttemptLimits {
    failures: 3,
    recovery: Duration::from_secs(3600),
};

async fn start(tokens: &Tokens, attempts: AttemptLimits) -> TestServer {
    let settings = AuthSettings {
        attempts,
        ..AuthSettings::default()
    };
    let setup = Setup {
        authenticator: Some(tokens.with(settings)),
        ..Setup::default()
    };
    TestServer::start(setup).await
}

/// What a new client learns of its token, and the code with which it is closed if it is.
async fn present(server: &TestServer, token: &str) -> (Value, Option<u16>) {
    let mut client = server.client().await;
    client
        .send(json!({ "action": "auth", "token": token }))
        .await;
    let answer = client.next().await;
    if answer["success"] == true {
        return (answer, None);
    }
    (answer, client.close_code().await)
}

/// The same, with the token in the handshake.
async fn bear(server: &TestServer, token: &str) -> (Value, Option<u16>) {
    let request = format!("ws://{}/monitor", server.address);
    let mut request = request.into_client_request().unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let connected = Client::connect_with(server.address, request).await;
    let mut client = connected.ok().unwrap();
    client.expect("hello").await;
    let answer = client.next().await;
    if answer["success"] == true {
        return (answer, None);
    }
    (answer, client.close_code().await)
}

/// Whether the metrics count a failure for this reason.
async fn failures(server: &TestServer, reason: &str) -> bool {
    count(server, reason).await > 0
}

/// How many failures the metrics count for this reason.
async fn count(server: &TestServer, reason: &str) -> usize {
    let metrics = server.get("/metrics").await;
    let name = format!("muxwire_auth_failures_total{{reason=\"{reason}\"}} ");
    let counted = metrics.lines().find_map(|line| line.strip_prefix(&name));
    counted.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn an_address_that_fails_too_often_gets_the_time_to_come_back() {
    let mut tokens = Tokens::new();
    let (good, proven) = (
        tokens.add(Permission::Read, &[], None),
        tokens.add(Permission::Read, &[], None),
    );
    let server = start(&tokens, STRICT).await;
    assert_eq!(present(&server, &proven).await.1, None);
    let unknown = Tokens::new().add(Permission::Read, &[], None);
    for bad in ["mw_wrong", "x", &unknown] {
        let (answer, code) = present(&server, bad).await;
        assert_eq!(
            (&answer["code"], code),
            (&json!("AUTH_FAILED"), Some(4500)),
            "{bad:?}"
        );
    }
    for (text, what) in [
        (&*unknown, "a bad one"),
        (&*good, "one that nobody has used"),
    ] {
        for (answer, code) in [present(&server, text).await, bear(&server, text).await] {
            let wait = answer["retry_after_ms"].as_u64().unwrap_or_default();
            assert_eq!(answer["code"], "RATE_LIMITED", "{what}: {answer}");
            assert_eq!(
                (&answer["retryable"], code),
                (&json!(true), Some(4004)),
                "{what}"
            );
            assert!((3_500_000..=3_600_000).contains(&wait), "{what}: {answer}");
        }
    }
    // A client that was let in before is let in again, by the first message or the handshake.
    assert_eq!(present(&server, &proven).await.1, None);
    assert_eq!(bear(&server, &proven).await.1, None);
    for reason in ["malformed", "unknown", "limited"] {
        assert!(failures(&server, reason).await, "{reason} is not counted");
    }
}

/// Right ids with wrong secrets are the dear ones: each would take a hash.
#[tokio::test]
async fn a_flood_of_bad_tokens_takes_few_hashes_and_nobody_s_turn() {
    const ATTEMPTS: usize = 400;
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let attempts = AttemptLimits {
        failures: 5,
        ..STRICT
    };
    let server = start(&tokens, attempts).await;
    let mut inside = server.client().await;
    inside
        .ask(json!({ "action": "auth", "token": token }), "auth.response")
        .await;
    let unknown = Tokens::new().add(Permission::Read, &[], None);
    let address = server.address;
    let texts = (0..ATTEMPTS).map(|number| match number % 4 {
        0 => "mw_hunter2".to_owned(),
        1 => token[..token.len() - 1].to_owned(),
        2 => unknown.clone(),
        _ => forge(&token, number),
    });
    // So many at one time as the server lets in.
    let flood = futures_util::stream::iter(texts.collect::<Vec<_>>());
    let flood = flood.map(|text| async move {
        let mut client = Client::connect(address).await;
        client.expect("hello").await;
        client
            .send(json!({ "action": "auth", "token": text }))
            .await;
        let answer = client.next().await;
        answer["code"].as_str().unwrap().to_owned()
    });
    let mut flood = pin!(flood.buffer_unordered(50));
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(answer) = flood.next().await {
        *answers.entry(answer).or_default() += 1;
        inside.ask(json!({ "action": "ping" }), "pong").await;
    }
    assert_eq!(answers.values().sum::<usize>(), ATTEMPTS, "{answers:?}");
    // Those that were let through before the first failure was known, and no more: 5 that may fail, and 50 on their way.
    let hashes = count(&server, "wrong_secret").await;
    assert!(hashes <= 55, "{hashes} hashes, {answers:?}");
    assert!(answers["RATE_LIMITED"] >= ATTEMPTS - 55, "{answers:?}");
}

/// The id of a token with a secret that nobody was given.
fn forge(token: &str, number: usize) -> String {
    let id = token.split('_').nth(1).unwrap();
    let id = BASE32.decode(id.as_bytes()).unwrap();
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&number.to_be_bytes());
    let mut hasher = blake3::Hasher::new_derive_key("muxwire 2026-11-20 token checksum");
    hasher.update(&id).update(&secret);
    let mut checksum = [0; 5];
    hasher.finalize_xof().fill(&mut checksum);
    let parts = [&id[..], &secret, &checksum].map(|bytes| BASE32.encode(bytes));
    format!("mw_{}_{}_{}", parts[0], parts[1], parts[2])
}

#[tokio::test]
async fn a_connection_is_kept_by_authenticating_again_as_the_same() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &["mine"], None);
    let other = tokens.add(Permission::Admin, &[], None);
    let server = start(&tokens, AttemptLimits::default()).await;
    let mut client = server.client().await;
    let auth = |token: &str| json!({ "action": "auth", "id": 1, "token": token });
    let first = client.ask(auth(&token), "auth.response").await;
    let rows = [
        ("the same", &token, true, "other_holder", false),
        ("another's", &other, false, "other_holder", true),
        ("none at all", &"x".to_owned(), false, "malformed", true),
    ];
    for (what, text, success, reason, counted) in rows {
        let answer = client.ask(auth(text), "auth.response").await;
        assert_eq!(answer["success"], success, "{what}: {answer}");
        assert_eq!(failures(&server, reason).await, counted, "{what}");
        if success {
            assert_eq!(answer, first, "{what}");
        }
        // Whatever the result, the connection is what it was.
        let stats = client.ask(json!({ "action": "stats" }), "stats").await;
        assert!(stats.get("clients").is_none(), "{what}: {stats}");
    }
}

#[tokio::test]
async fn failures_on_an_open_connection_count_as_others_do() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let server = start(&tokens, STRICT).await;
    let mut client = server.client().await;
    let auth = |token: &str| json!({ "action": "auth", "token": token });
    client.ask(auth(&token), "auth.response").await;
    for _ in 0..3 {
        client.ask(auth("x"), "auth.response").await;
    }
    for _ in 0..3 {
        let error = client.ask(auth("x"), "error").await;
        assert_eq!(error["code"], "RATE_LIMITED", "{error}");
    }
    let answer = client.ask(auth(&token), "auth.response").await;
    assert_eq!(answer["success"], true);
}
