//! Forged and broken JWTs: all are refused, each for its own reason in the log, and clients get one text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use muxwire::auth::{Jwt, JwtRules, KeySet, Permission};
use serde_json::{Value, json};

use super::{authenticator, judge};
use crate::support::jwt::{
    EC, ED, Issuer, SHARED, claims, ed_header, encode, rules, sign_with, with,
};
use crate::support::server::{Setup, TestServer};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jwt");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Keys and signatures of another library, one of each algorithm.
#[tokio::test]
async fn what_others_sign_is_accepted() {
    let keys = KeySet::parse(fixture("keys.json").as_bytes()).unwrap();
    let authenticator = authenticator(Jwt::new(rules(), keys));
    let tokens = fixture("tokens.txt");
    let mut algorithms = Vec::new();
    for (algorithm, token) in tokens.lines().filter_map(|line| line.split_once(' ')) {
        let principal = authenticator.verify(token, None).await.unwrap();
        assert_eq!(
            (principal.name(), &*principal.id_text()),
            ("ada", "jwt:https://issuer.example#ada"),
            "{algorithm}"
        );
        assert!(principal.may(Permission::Write) && !principal.may(Permission::Admin));
        assert!(principal.sees("mine-1") && !principal.sees("other"));
        algorithms.push(algorithm);
    }
    assert_eq!(algorithms, ["HS256", "RS256", "ES256", "EdDSA"]);
}

/// What is wrong, the text, and the reason in the log.
type Row = (&'static str, String, &'static str);

/// Texts that are no JWTs.
fn malformed(issuer: &Issuer) -> Vec<Row> {
    let good = issuer.sign(&claims("ada", 3600));
    let parts: Vec<&str> = good.split('.').collect();
    let [header, body, signature] = parts[..] else {
        panic!("{good}")
    };
    let with_header = |text: &str| issuer.sign_text(text, "{}");
    let with_claims = |text: &str| issuer.sign_text(&ed_header().to_string(), text);
    let deep = format!(r#"{{"alg":"EdDSA","kid":"ed-1","x":{}}}"#, "[".repeat(500));
    let long = with(&claims("ada", 3600), &json!({ "more": "x".repeat(9000) }));
    let rows = [
        ("no dot", "x".to_owned()),
        ("dots alone", "..".to_owned()),
        ("two parts", format!("{header}.{body}")),
        (
            "five parts, as if encrypted",
            format!("{good}.{body}.{signature}"),
        ),
        ("padding", format!("{header}=.{body}.{signature}")),
        ("white space before it", format!(" {good}")),
        ("a line end behind it", format!("{good}\n")),
        ("the other alphabet", format!("{header}.{body}.+/+/")),
        (
            // No text of base64 has this length, whatever the signature is.
            "about half a signature",
            format!("{header}.{body}.{}", &signature[..41]),
        ),
        ("a header that is no object", with_header("[]")),
        ("a header that is no JSON", with_header("{")),
        ("a header that is deep", with_header(&deep)),
        (
            "a member twice",
            with_header(r#"{"alg":"none","alg":"EdDSA","kid":"ed-1"}"#),
        ),
        ("claims that are no object", with_claims("null")),
        ("a claim twice", with_claims(r#"{"sub":"ada","sub":"bob"}"#)),
        ("claims with text behind them", with_claims("{} {}")),
    ];
    let rows = rows.map(|(what, text)| (what, text, "jwt_malformed"));
    let long = ("too long", issuer.sign(&long), "jwt_too_long");
    rows.into_iter().chain([long]).collect()
}

/// Signatures that are of nobody, or of another, or of something else.
fn forged(issuer: &Issuer) -> Vec<Row> {
    let body = claims("ada", 3600);
    let good = issuer.sign(&body);
    let (text, signature) = good.rsplit_once('.').unwrap();
    let mut flipped = signature.to_owned().into_bytes();
    flipped[10] = if flipped[10] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let swapped = with(&body, &json!({ "permissions": ["admin"] })).to_string();
    let swapped = encode(swapped.as_bytes());
    let (head, _) = text.split_once('.').unwrap();
    let secret = json!({ "alg": "HS256", "kid": SHARED });
    let point = issuer.sign_ec(&json!({ "alg": "ES256", "kid": EC }), &body);
    let (point, _) = point.rsplit_once('.').unwrap();
    let zeros = encode(&[0; 64]);
    let rows = [
        ("no signature", format!("{text}.")),
        ("a changed bit", format!("{text}.{flipped}")),
        (
            "a shorter signature",
            format!("{text}.{}", &signature[..40]),
        ),
        ("zeros", format!("{text}.{zeros}")),
        ("zeros for ES256", format!("{point}.{zeros}")),
        ("other claims", format!("{head}.{swapped}.{signature}")),
        (
            "another key of the issuer",
            issuer.sign_ec(&ed_header(), &body),
        ),
        (
            "the secret for the public key",
            issuer.sign_shared(&ed_header(), &body),
        ),
        ("another issuer's key", Issuer::new().sign(&body)),
        ("another secret", sign_with(&[7; 32], &secret, &body)),
        ("an empty secret", sign_with(&[], &secret, &body)),
    ];
    let rows = rows.map(|(what, text)| (what, text, "jwt_signature"));
    rows.into_iter().collect()
}

/// Algorithms that the text chooses: none at all, or a public key taken for a secret.
fn confused(issuer: &Issuer) -> Vec<Row> {
    let body = claims("ada", 3600);
    let header = |alg: &str| json!({ "alg": alg, "kid": ED });
    let unsigned = |alg: &str| {
        let signed = issuer.sign_text(&header(alg).to_string(), &body.to_string());
        format!("{}.", signed.rsplit_once('.').unwrap().0)
    };
    let bytes = issuer.ed_bytes();
    let text = encode(bytes);
    let secret = |bytes: &[u8], header: &Value| sign_with(bytes, header, &body);
    let (named, kept) = (header("HS256"), ed_header());
    vec![
        ("none", unsigned("none"), "jwt_algorithm"),
        ("nOnE", unsigned("nOnE"), "jwt_algorithm"),
        (
            "the public key's bytes for HS256",
            secret(bytes, &named),
            "jwt_algorithm",
        ),
        (
            "the public key's text for HS256",
            secret(text.as_bytes(), &named),
            "jwt_algorithm",
        ),
        (
            "the same, called EdDSA",
            secret(bytes, &kept),
            "jwt_signature",
        ),
    ]
}

/// Changes of good claims that a good signature does not make good, and the reason in the log.
const CLAIMS: &[(&str, &str, &str)] = &[
    ("no issuer", r#"{"iss":null}"#, "jwt_issuer"),
    (
        "another issuer",
        r#"{"iss":"https://issuer.example/"}"#,
        "jwt_issuer",
    ),
    (
        "a list of issuers",
        r#"{"iss":["https://issuer.example"]}"#,
        "jwt_issuer",
    ),
    ("no audience", r#"{"aud":null}"#, "jwt_audience"),
    ("another audience", r#"{"aud":"mux"}"#, "jwt_audience"),
    ("other audiences", r#"{"aud":["a","b"]}"#, "jwt_audience"),
    ("no end", r#"{"exp":null}"#, "jwt_no_expiry"),
    (
        "an end that is a text",
        r#"{"exp":"4102444800"}"#,
        "jwt_no_expiry",
    ),
    ("an end before 1970", r#"{"exp":-1}"#, "jwt_no_expiry"),
    (
        "an end beyond all times",
        r#"{"exp":1e300}"#,
        "jwt_no_expiry",
    ),
    (
        "an end that has passed",
        r#"{"exp":1763600000}"#,
        "jwt_expired",
    ),
    ("a start to come", r#"{"nbf":4102444800}"#, "jwt_early"),
    ("a start that is a text", r#"{"nbf":"0"}"#, "jwt_early"),
    ("made in the future", r#"{"iat":4102444800}"#, "jwt_early"),
    ("nobody", r#"{"sub":null}"#, "jwt_subject"),
    ("an empty name", r#"{"sub":""}"#, "jwt_subject"),
    ("a name that is a number", r#"{"sub":7}"#, "jwt_subject"),
    (
        "a name that acts on terminals",
        r#"{"sub":"a\u001b[2J"}"#,
        "jwt_subject",
    ),
    (
        "no permissions",
        r#"{"permissions":null}"#,
        "jwt_permissions",
    ),
    (
        "an empty list of them",
        r#"{"permissions":[]}"#,
        "jwt_permissions",
    ),
    (
        "others' permissions",
        r#"{"permissions":"openid Read"}"#,
        "jwt_permissions",
    ),
    (
        "permissions that are true",
        r#"{"permissions":true}"#,
        "jwt_permissions",
    ),
    (
        "a list with a number",
        r#"{"permissions":["read",1]}"#,
        "jwt_permissions",
    ),
    ("no sessions", r#"{"sessions":null}"#, "jwt_sessions"),
    (
        "an empty list of sessions",
        r#"{"sessions":[]}"#,
        "jwt_sessions",
    ),
    (
        "an empty pattern",
        r#"{"sessions":["a",""]}"#,
        "jwt_sessions",
    ),
    (
        "a session that is a number",
        r#"{"sessions":[1]}"#,
        "jwt_sessions",
    ),
    (
        "an admin for some",
        r#"{"permissions":["admin"],"sessions":["a"]}"#,
        "jwt_sessions",
    ),
];

/// Changes of a good header, signed with the right key.
const HEADERS: &[(&str, &str, &str)] = &[
    (
        "an extension that must be understood",
        r#"{"crit":["exp"]}"#,
        "jwt_header",
    ),
    (
        "claims that are not encoded",
        r#"{"b64":false}"#,
        "jwt_header",
    ),
    (
        "a key of its own",
        r#"{"jwk":{"kty":"oct","k":"AAAA"}}"#,
        "jwt_header",
    ),
    (
        "an address of keys",
        r#"{"jku":"https://evil.example/k"}"#,
        "jwt_header",
    ),
    (
        "an address of certificates",
        r#"{"x5u":"https://evil.example/c"}"#,
        "jwt_header",
    ),
    (
        "certificates of its own",
        r#"{"x5c":["MIIB"]}"#,
        "jwt_header",
    ),
    ("compression", r#"{"zip":"DEF"}"#, "jwt_header"),
    ("encryption", r#"{"enc":"A128GCM"}"#, "jwt_header"),
    (
        "another kind of token",
        r#"{"typ":"logout+jwt"}"#,
        "jwt_header",
    ),
    ("a kind that is no text", r#"{"typ":1}"#, "jwt_header"),
    ("no key named", r#"{"kid":null}"#, "jwt_unknown_key"),
    (
        "a key that isn't there",
        r#"{"kid":"ed-2"}"#,
        "jwt_unknown_key",
    ),
    (
        "a key's name in other letters",
        r#"{"kid":"ED-1"}"#,
        "jwt_unknown_key",
    ),
    (
        "a key's name as a path",
        r#"{"kid":"../ed-1"}"#,
        "jwt_unknown_key",
    ),
    (
        "a key's name as a list",
        r#"{"kid":["ed-1"]}"#,
        "jwt_unknown_key",
    ),
    ("no algorithm named", r#"{"alg":null}"#, "jwt_algorithm"),
    ("none, but signed", r#"{"alg":"none"}"#, "jwt_algorithm"),
    (
        "the algorithm in other letters",
        r#"{"alg":"EDDSA"}"#,
        "jwt_algorithm",
    ),
    (
        "another key's algorithm",
        r#"{"alg":"ES256"}"#,
        "jwt_algorithm",
    ),
    (
        "an algorithm that is a list",
        r#"{"alg":["EdDSA"]}"#,
        "jwt_algorithm",
    ),
];

/// Both tables as texts.
fn changed(issuer: &Issuer) -> Vec<Row> {
    let read = |changes: &str| -> Value { serde_json::from_str(changes).unwrap() };
    let claims_of = |changes: &str| issuer.sign(&with(&claims("ada", 3600), &read(changes)));
    let header_of = |changes: &str| {
        let header = with(&ed_header(), &read(changes)).to_string();
        issuer.sign_text(&header, &claims("ada", 3600).to_string())
    };
    let claimed = CLAIMS
        .iter()
        .map(|(what, changes, reason)| (*what, claims_of(changes), *reason));
    let headed = HEADERS
        .iter()
        .map(|(what, changes, reason)| (*what, header_of(changes), *reason));
    claimed.chain(headed).collect()
}

/// Claims at the edges: what is over now is over, and no name is endless.
fn edges(issuer: &Issuer) -> Vec<Row> {
    let now = jiff::Timestamp::now().as_second();
    let rows = [
        ("an end now", json!({ "exp": now }), "jwt_expired"),
        (
            "a start that is too far",
            json!({ "nbf": now + 3600 }),
            "jwt_early",
        ),
        (
            "made too far ahead",
            json!({ "iat": now + 3600 }),
            "jwt_early",
        ),
        (
            "an endless name",
            json!({ "sub": "x".repeat(256) }),
            "jwt_subject",
        ),
    ];
    let signed = |changes| issuer.sign(&with(&claims("ada", 3600), changes));
    let rows = rows.iter();
    rows.map(|(what, changes, reason)| (*what, signed(changes), *reason))
        .collect()
}

#[tokio::test]
async fn forged_and_broken_tokens_are_refused_each_for_its_reason_with_one_text() {
    let issuer = Issuer::new();
    let authenticator = authenticator(issuer.checker());
    let setup = Setup {
        authenticator: Some(authenticator.clone()),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let good = issuer.sign(&claims("ada", 3600));
    assert_eq!(judge(&authenticator, &good).await, Ok("ada".to_owned()));
    let mut answers = BTreeSet::new();
    let mut reasons = BTreeSet::new();
    let rows = [malformed, forged, confused, changed, edges].map(|rows| rows(&issuer));
    let rows = rows.concat();
    for (what, text, reason) in rows {
        assert_eq!(
            judge(&authenticator, &text).await,
            Err(reason),
            "{what}: {text}"
        );
        reasons.insert(reason);
        if text.len() > 8192 {
            // No message can hold it, so it is refused even earlier.
            continue;
        }
        let mut client = server.client().await;
        let auth = json!({ "action": "auth", "token": text });
        let answer = client.ask(auth, "auth.response").await;
        assert_eq!(client.close_code().await, Some(4500), "{what}");
        answers.insert(answer.to_string());
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let metrics = server.get("/metrics").await;
    reasons.remove("jwt_too_long");
    for reason in reasons {
        let line = format!("muxwire_auth_failures_total{{reason=\"{reason}\"}}");
        assert!(metrics.contains(&line), "{reason} is not counted");
    }
}

#[tokio::test]
async fn claims_say_what_somebody_may_do_and_see() {
    let issuer = Issuer::new();
    let authenticator = authenticator(issuer.checker());
    let now = jiff::Timestamp::now().as_second();
    let rows = [
        (json!({}), "read", true),
        (json!({ "permissions": "openid write" }), "write", true),
        (json!({ "permissions": ["read", "admin"] }), "admin", true),
        (
            json!({ "permissions": "admin", "sessions": null }),
            "admin",
            true,
        ),
        (json!({ "sessions": "web" }), "read", true),
        (json!({ "sessions": ["api-*"] }), "read", false),
        (json!({ "sessions": ["api-*", "*"] }), "read", true),
        (json!({ "aud": ["a", "muxwire"] }), "read", true),
        (json!({ "nbf": now + 5, "iat": now + 5 }), "read", true),
        (json!({ "exp": 4_102_444_800.5 }), "read", true),
        (
            json!({ "jti": "1", "other": { "a": [null] } }),
            "read",
            true,
        ),
    ];
    for (changes, highest, sees_web) in rows {
        let token = issuer.sign(&with(&claims("ada", 3600), &changes));
        let principal = authenticator.verify(&token, None).await.unwrap();
        let permissions: Vec<_> = principal
            .permissions()
            .iter()
            .map(|one| one.as_str())
            .collect();
        assert_eq!(permissions.last(), Some(&highest), "{changes}");
        assert_eq!(principal.sees("web"), sees_web, "{changes}");
    }
}

#[tokio::test]
async fn the_names_of_the_claims_can_be_chosen() {
    let issuer = Issuer::new();
    let chosen = JwtRules {
        permissions_claim: "https://muxwire.example/may".to_owned(),
        sessions_claim: "scope".to_owned(),
        ..rules()
    };
    let keys = KeySet::parse(issuer.keys().as_bytes()).unwrap();
    let authenticator = authenticator(Jwt::new(chosen, keys));
    let usual = issuer.sign(&claims("ada", 3600));
    assert_eq!(judge(&authenticator, &usual).await, Err("jwt_permissions"));
    let changes = json!({ "https://muxwire.example/may": "write", "scope": "web" });
    let token = issuer.sign(&with(&claims("ada", 3600), &changes));
    let principal = authenticator.verify(&token, None).await.unwrap();
    assert!(principal.may(Permission::Write) && principal.sees("web") && !principal.sees("api"));
}

/// Without keys nothing is a JWT; with them a token of the store is still one.
#[tokio::test]
async fn tokens_and_jwts_stand_beside_each_other() {
    let issuer = Issuer::new();
    let mut tokens = crate::support::tokens::Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let jwt = issuer.sign(&claims("ada", 3600));
    let rows = [
        (None, &token, Ok("test-1".to_owned())),
        (None, &jwt, Err("malformed")),
        (Some(issuer.checker()), &token, Ok("test-1".to_owned())),
        (Some(issuer.checker()), &jwt, Ok("ada".to_owned())),
    ];
    for (jwt, text, expected) in rows {
        let what = format!("{jwt:?} {text}");
        let settings = muxwire::auth::AuthSettings {
            jwt,
            ..Default::default()
        };
        assert_eq!(
            judge(&tokens.with(settings), text).await,
            expected,
            "{what}"
        );
    }
}
