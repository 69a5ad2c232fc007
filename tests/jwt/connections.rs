//! Connections that were let in by a JWT: they end with it, unless they bring the next one in time.

use muxwire::auth::{Jwt, KeySet};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::authenticator;
use crate::support::jwt::{Issuer, claims, key_set, rules, with};
use crate::support::server::{Client, Setup, TestServer};
use crate::support::world::World;

async fn start(jwt: Jwt) -> TestServer {
    let setup = Setup {
        authenticator: Some(authenticator(jwt)),
        ..Setup::default()
    };
    TestServer::start(setup).await
}

fn auth(token: &str) -> Value {
    json!({ "action": "auth", "token": token })
}

#[tokio::test]
async fn a_connection_ends_when_its_jwt_does() {
    let issuer = Issuer::new();
    let server = start(issuer.checker()).await;
    let mut client = server.client().await;
    let body = claims("ada", 1);
    let answer = client.ask(auth(&issuer.sign(&body)), "auth.response").await;
    let end: jiff::Timestamp = answer["expires"].as_str().unwrap().parse().unwrap();
    assert!((end.as_millisecond() as f64 / 1000.0 - body["exp"].as_f64().unwrap()).abs() < 0.01);
    assert_eq!(client.close_code().await, Some(4503));
    assert!(jiff::Timestamp::now() >= end);
}

#[tokio::test]
async fn the_next_jwt_keeps_the_connection() {
    let issuer = Issuer::new();
    let server = start(issuer.checker()).await;
    let (mut kept, mut other) = (server.client().await, server.client().await);
    for client in [&mut kept, &mut other] {
        let first = issuer.sign(&claims("ada", 2));
        client.ask(auth(&first), "auth.response").await;
    }
    let next = issuer.sign(&claims("ada", 600));
    let answer = kept.ask(auth(&next), "auth.response").await;
    assert_eq!(answer["success"], true, "{answer}");
    // The other one shows that the first JWT's time is over.
    assert_eq!(other.close_code().await, Some(4503));
    kept.ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
}

#[tokio::test]
async fn a_connection_goes_on_as_the_same_subject_only() {
    let issuer = Issuer::new();
    let server = start(issuer.checker()).await;
    let mut world = World::new();
    world.session("web");
    world.publish(&server.hub);
    let held = with(
        &claims("ada", 600),
        &json!({ "permissions": "write", "sessions": ["web", "api"] }),
    );
    // What the next one says, whether it is accepted, and whether the connection is closed so that it comes back.
    let rows = [
        (json!({}), true, false),
        (json!({ "sub": "bob" }), false, false),
        (json!({ "sub": "ada " }), false, false),
        (json!({ "exp": 1 }), false, false),
        (json!({ "sessions": ["web", "api", "db"] }), true, false),
        (json!({ "sessions": "*" }), true, false),
        (
            json!({ "permissions": "admin", "sessions": null }),
            true,
            false,
        ),
        (json!({ "permissions": "read" }), true, true),
        (json!({ "sessions": "api" }), true, true),
        (json!({ "sessions": ["we*", "api"] }), true, true),
    ];
    for (changes, accepted, closed) in rows {
        let mut client = server.client().await;
        client.ask(auth(&issuer.sign(&held)), "auth.response").await;
        let next = issuer.sign(&with(&held, &changes));
        let answer = client.ask(auth(&next), "auth.response").await;
        assert_eq!(answer["success"], accepted, "{changes}: {answer}");
        if closed {
            assert_eq!(client.close_code().await, Some(4005), "{changes}");
            continue;
        }
        let stats = client.ask(json!({ "action": "stats" }), "stats").await;
        let is_admin = changes["permissions"] == "admin";
        assert_eq!(stats.get("clients").is_some(), is_admin, "{changes}");
        let snapshot = client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        assert_eq!(
            snapshot["sessions"].as_array().unwrap().len(),
            1,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn rights_that_grew_count_for_what_comes_after() {
    let issuer = Issuer::new();
    let server = start(issuer.checker()).await;
    let mut world = World::new();
    world.session("web");
    let api = world.session("api");
    world.publish(&server.hub);
    let mut client = server.client().await;
    let held = with(&claims("ada", 600), &json!({ "sessions": "web" }));
    client.ask(auth(&issuer.sign(&held)), "auth.response").await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    world.rename(api, "api-2");
    world.publish(&server.hub);
    let before = client.until_pong().await;
    assert!(!json!(before).to_string().contains("api"), "{before:?}");
    let next = with(&held, &json!({ "sessions": ["web", "api-*"] }));
    client.send(auth(&issuer.sign(&next))).await;
    client.find("auth.response").await;
    world.rename(api, "api-3");
    world.publish(&server.hub);
    let renamed = client.find("session.renamed").await;
    assert_eq!(renamed["session"], "api-3", "{renamed}");
}

#[tokio::test]
async fn a_jwt_comes_with_the_handshake_too() {
    let issuer = Issuer::new();
    let server = start(issuer.checker()).await;
    for (token, code) in [
        (issuer.sign(&claims("ada", 600)), None),
        ("e.e.e".to_owned(), Some(4500)),
    ] {
        let request = format!("ws://{}/monitor", server.address);
        let mut request = request.into_client_request().unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let mut client = Client::connect_with(server.address, request)
            .await
            .ok()
            .unwrap();
        client.expect("hello").await;
        let answer = client.expect("auth.response").await;
        assert_eq!(answer["success"], code.is_none(), "{answer}");
        if code.is_some() {
            assert_eq!(client.close_code().await, code);
        }
    }
}

#[tokio::test]
async fn a_key_that_is_taken_out_of_force_takes_its_connections_along() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let keys = |all: &[Value]| KeySet::parse(key_set(all).as_bytes()).unwrap();
    let jwt = Jwt::new(rules(), keys(&[one.ed_key(), two.ec_key()]));
    let server = start(jwt.clone()).await;
    let (mut going, mut staying) = (server.client().await, server.client().await);
    going
        .ask(auth(&one.sign(&claims("ada", 600))), "auth.response")
        .await;
    let header = json!({ "alg": "ES256", "kid": "ec-1" });
    let token = two.sign_ec(&header, &claims("bob", 600));
    staying.ask(auth(&token), "auth.response").await;
    assert!(jwt.replace(keys(&[two.ec_key()])));
    assert_eq!(going.close_code().await, Some(4503));
    staying.ask(json!({ "action": "ping" }), "pong").await;
}
