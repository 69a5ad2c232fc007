//! JWTs with the built program: its settings, its file of keys, its log.

use std::fs;

use serde_json::json;

use super::keys::write;
use crate::support::jwt::{Issuer, claims, key_set};
use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until};

#[tokio::test]
async fn the_program_follows_its_file_of_keys_and_says_what_is_wrong() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let home = Home::new();
    let path = home.path().join("keys.json");
    write(&path, &key_set(&[one.ed_key()]), 0o600);
    let server = TmuxServer::start(any_program());
    let shown = path.display().to_string();
    let settings = [
        ("MUXWIRE_SECURITY_JWT_KEYS", &*shown),
        ("MUXWIRE_SECURITY_JWT_ISSUER", "https://issuer.example"),
        ("MUXWIRE_SECURITY_JWT_AUDIENCE", "muxwire"),
    ];
    let serving = Serving::start_in(home, &server, &[], &settings);
    let auth = |issuer: &Issuer| {
        let token = issuer.sign(&claims("ada", 600));
        json!({ "action": "auth", "token": token })
    };
    let (good, forged) = (auth(&one), auth(&two));
    let mut client = serving.client().await;
    client.ask(good.clone(), "auth.response").await;
    let mut forger = serving.client().await;
    forger.ask(forged.clone(), "auth.response").await;
    assert_eq!(forger.close_code().await, Some(4500));

    write(&path, "{", 0o600);
    wait_until("the log reports the broken file", SOON, || {
        serving.log().contains("stay in force")
    });
    let answer = serving
        .client()
        .await
        .ask(good.clone(), "auth.response")
        .await;
    assert_eq!(answer["success"], true, "{answer}");
    client.ask(json!({ "action": "ping" }), "pong").await;

    write(&path, &key_set(&[two.ed_key()]), 0o600);
    assert_eq!(client.close_code().await, Some(4503));
    let answer = serving
        .client()
        .await
        .ask(forged.clone(), "auth.response")
        .await;
    assert_eq!(answer["success"], true, "{answer}");

    let log = serving.log();
    assert!(
        log.contains("jwt_signature") && log.contains("ada"),
        "{log}"
    );
    for secret in [&good, &forged] {
        let text = secret["token"].as_str().unwrap();
        assert!(text.split('.').all(|part| !log.contains(part)), "{log}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_at_the_start() {
    let home = Home::new();
    let path = home.path().join("keys.json");
    let keys = path.display().to_string();
    let issuer = ("MUXWIRE_SECURITY_JWT_ISSUER", "i");
    let audience = ("MUXWIRE_SECURITY_JWT_AUDIENCE", "a");
    let rows = [
        ("", vec![issuer, audience], "it is not a JSON Web Key Set"),
        (
            "{\"keys\":[]}",
            vec![issuer],
            "security.jwt_audience must be set",
        ),
        ("{\"keys\":[]}", vec![audience], "security.jwt_issuer and"),
    ];
    for (text, settings, expected) in rows {
        fs::write(&path, text).unwrap();
        let mut command = home.muxwire(["serve", "--listen", "127.0.0.1:0"]);
        command
            .env("MUXWIRE_SERVER_TMUX", &any_program().path)
            .env("PATH", "/usr/bin:/bin")
            .env("MUXWIRE_SECURITY_JWT_KEYS", &keys)
            .envs(settings);
        let run = Run::of(&mut command);
        assert_eq!(run.code, Some(1), "{text:?}: {run:?}");
        assert!(run.stderr.contains(expected), "{text:?}: {}", run.stderr);
    }
}
