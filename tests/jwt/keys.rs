//! The file of keys: what is refused, and that a change is in force while the server runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use muxwire::auth::{Ended, Jwt, KeySet, KeyWatch};
use serde_json::{Value, json};

use super::{authenticator, judge};
use crate::support::jwt::{Issuer, claims, encode, key_set, rules, with};

/// Why a set is refused, or how many keys it has.
fn parse(text: &str) -> Result<usize, String> {
    let keys = KeySet::parse(text.as_bytes());
    keys.map(|keys| keys.len())
        .map_err(|error| error.to_string())
}

#[test]
fn sets_of_keys_are_read_or_refused_with_the_reason() {
    let issuer = Issuer::new();
    let (ed, ec, shared) = (issuer.ed_key(), issuer.ec_key(), issuer.shared_key());
    let changed = |key: &Value, changes: Value| key_set(&[with(key, &changes)]);
    let rsa = |n: &[u8], e: &[u8]| {
        key_set(&[
            json!({ "kty": "RSA", "kid": "r", "alg": "RS256", "n": encode(n), "e": encode(e) }),
        ])
    };
    let e = [1, 0, 1];
    let rows = [
        (issuer.keys(), Ok(3)),
        (key_set(&[]), Ok(0)),
        (rsa(&[0xff; 256], &e), Ok(1)),
        // Issuers publish keys for other purposes beside.
        (changed(&ed, json!({ "use": "enc" })), Ok(0)),
        (
            changed(&ed, json!({ "use": null, "key_ops": ["encrypt"] })),
            Ok(0),
        ),
        (
            changed(
                &ed,
                json!({ "key_ops": ["verify"], "x5t": "a", "issuer": "b" }),
            ),
            Ok(1),
        ),
        ("".to_owned(), Err("no JSON")),
        ("{\"keys\":[]".to_owned(), Err("line 1 column 10")),
        ("{\"keys\":[],\"keys\":[]}".to_owned(), Err("twice")),
        ("[]".to_owned(), Err("\"keys\" is not a list")),
        ("{\"keys\":[1]}".to_owned(), Err("a key is not an object")),
        (
            key_set(&[ed.clone(), ed.clone()]),
            Err("key \"ed-1\": kid: another key has it"),
        ),
        (
            key_set(&vec![json!({ "use": "enc" }); 101]),
            Err("more than 100 keys"),
        ),
        (
            changed(&ed, json!({ "kid": null })),
            Err("key 1 of the list: kid: it is missing"),
        ),
        (
            changed(&ed, json!({ "kid": "" })),
            Err("kid: it must have 1 to 256 bytes"),
        ),
        (
            changed(&ed, json!({ "alg": null })),
            Err("alg: it is missing"),
        ),
        (changed(&ed, json!({ "alg": "none" })), Err("no other")),
        (changed(&ed, json!({ "alg": "ES384" })), Err("no other")),
        (
            changed(&ed, json!({ "alg": "HS256" })),
            Err("kty, crv: they don't fit the alg"),
        ),
        (changed(&ed, json!({ "crv": "X25519" })), Err("kty, crv")),
        (
            changed(&ed, json!({ "d": "AAAA" })),
            Err("it is a private key"),
        ),
        (
            changed(&ed, json!({ "x": "AAAA" })),
            Err("x: it must be 32 bytes"),
        ),
        (
            changed(&ec, json!({ "y": null })),
            Err("y: it must be 32 bytes"),
        ),
        (changed(&ec, json!({ "crv": "P-384" })), Err("kty, crv")),
        (
            changed(&shared, json!({ "k": encode(&[1; 31]) })),
            Err("at least 32 random bytes"),
        ),
        (changed(&shared, json!({ "k": "a b" })), Err("no base64url")),
        (rsa(&[0xff; 128], &e), Err("2048 to 8192 bits")),
        (rsa(&[0xff; 1025], &e), Err("2048 to 8192 bits")),
        (rsa(&[0xfe; 256], &e), Err("2048 to 8192 bits")),
        (rsa(&[0xff; 256], &[1]), Err("exponent")),
        (rsa(&[0xff; 256], &[2]), Err("exponent")),
        (rsa(&[0xff; 256], &[1; 5]), Err("exponent")),
    ];
    for (text, expected) in rows {
        match (parse(&text), expected) {
            (Ok(count), Ok(expected)) => assert_eq!(count, expected, "{text}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{text}: {error}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }
}

#[test]
fn no_secret_is_in_what_is_printed() {
    let issuer = Issuer::new();
    let shared = issuer.shared_key();
    let secret = shared["k"].as_str().unwrap();
    let keys = KeySet::parse(issuer.keys().as_bytes()).unwrap();
    let shown = format!(
        "{keys:?} {:?}",
        authenticator(Jwt::new(rules(), keys.clone()))
    );
    assert!(
        shown.contains("shared-1") && !shown.contains(secret),
        "{shown}"
    );
    // Nor where the file is broken right behind it.
    let broken = [
        key_set(&[with(&shared, &json!({ "kid": null }))]),
        format!("{{\"keys\":[{{\"k\":\"{secret}\"x"),
        format!("{{\"{secret}\":1,\"{secret}\":2}}"),
    ];
    for text in broken {
        let error = parse(&text).unwrap_err();
        assert!(!error.contains(secret), "{error}");
    }
}

pub fn write(path: &Path, text: &str, mode: u32) {
    let draft = path.with_extension("new");
    fs::write(&draft, text).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(&draft, path).unwrap();
}

#[tokio::test]
async fn files_that_others_could_have_a_hand_in_are_refused() {
    let issuer = Issuer::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let (secret, public) = (issuer.keys(), key_set(&[issuer.ed_key()]));
    let rows = [
        (&secret, 0o600, None),
        (&secret, 0o640, Some("read the secret in")),
        (&secret, 0o604, Some("chmod 600")),
        (&public, 0o644, None),
        (&public, 0o664, Some("change")),
        (&public, 0o646, Some("chmod 644")),
    ];
    for (text, mode, expected) in rows {
        write(&path, text, mode);
        let found = KeyWatch::start(&path, rules())
            .map(|_| ())
            .map_err(|error| error.to_string());
        match (&found, expected) {
            (Ok(()), None) => {}
            (Err(error), Some(expected)) => assert!(error.contains(expected), "{mode:o}: {error}"),
            _ => panic!("{mode:o}: {found:?}"),
        }
    }
    fs::remove_file(&path).unwrap();
    let missing = KeyWatch::start(&path, rules())
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("can't read the keys of JWTs in"),
        "{missing}"
    );
}

#[tokio::test]
async fn changed_keys_are_in_force_at_once_and_broken_files_change_nothing() {
    tokio::time::timeout(Duration::from_secs(60), change_keys())
        .await
        .unwrap();
}

async fn change_keys() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    write(&path, &key_set(&[one.ed_key(), one.ec_key()]), 0o600);
    let (jwt, watch) = KeyWatch::start(&path, rules()).unwrap();
    let authenticator = authenticator(jwt.clone());
    let mut in_force = jwt.in_force();
    let running = tokio::spawn(watch.run());
    let token = one.sign(&claims("ada", 600));
    let principal = authenticator.verify(&token, None).await.unwrap();
    let ended = authenticator.ended(&principal);
    tokio::pin!(ended);

    // Each of these is seen before the one behind it, which is good again, is in force.
    for broken in ["{", "{\"keys\":[{}]}", &key_set(&[one.shared_key()])[..20]] {
        write(&path, broken, 0o600);
        write(&path, &key_set(&[one.ed_key()]), 0o600);
    }
    in_force.wait_for(|keys| keys.len() == 1).await.unwrap();
    assert!(
        futures_util::poll!(&mut ended).is_pending(),
        "its key was there all the time"
    );
    fs::remove_file(&path).unwrap();
    write(
        &path,
        &key_set(&[one.ed_key(), two.shared_key(), two.ec_key()]),
        0o600,
    );
    in_force.wait_for(|keys| keys.len() == 3).await.unwrap();
    assert_eq!(judge(&authenticator, &token).await, Ok("ada".to_owned()));
    assert!(futures_util::poll!(&mut ended).is_pending());

    // Another key of the same name is another key.
    write(&path, &key_set(&[two.ed_key()]), 0o600);
    assert_eq!(ended.await, Ended::Revoked);
    assert_eq!(judge(&authenticator, &token).await, Err("jwt_signature"));
    let token = two.sign(&claims("bob", 600));
    let principal = authenticator.verify(&token, None).await.unwrap();
    write(&path, &key_set(&[]), 0o600);
    assert_eq!(authenticator.ended(&principal).await, Ended::Revoked);
    assert_eq!(judge(&authenticator, &token).await, Err("jwt_unknown_key"));
    running.abort();
}
