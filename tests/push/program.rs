//! The program as it runs: over TLS to a push service, and the command line beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::stage::all_at_once;
use crate::support::program::Home;
use crate::support::push_service::{PushBrowser, PushService, claims};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until_async};

/// A push service for 127.0.0.1 by TLS. Whoever vouches for it stands in this file.
async fn by_tls(authorities: &Path) -> PushService {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let body = data_encoding::BASE64.encode(issuer.der());
    let text = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    fs::write(authorities, text).unwrap();
    let pair = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let signed = parameters.signed_by(&pair, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(pair.serialized_der().to_vec().into());
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], key)
        .unwrap();
    PushService::with(TlsAcceptor::from(Arc::new(config))).await
}

/// The status and the JSON that the program answers.
async fn ask(serving: &Serving, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    let (host, body) = (
        serving.address,
        if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
    );
    let length = match method {
        "POST" => format!("content-length: {}\r\n", body.len()),
        _ => String::new(),
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{length}connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn a_message_goes_by_tls_to_a_service_that_is_vouched_for() {
    let tmux = TmuxServer::start(any_program());
    let home = Home::new();
    let authorities = home.path().join("authorities.pem");
    let mut service = by_tls(&authorities).await;
    let settings = [
        ("MUXWIRE_PUSH_PRIVATE_ENDPOINTS", "true"),
        ("MUXWIRE_PUSH_SUBJECT", "mailto:me@box.example"),
        ("SSL_CERT_FILE", authorities.to_str().unwrap()),
    ];
    let serving = Serving::start_in(home, &tmux, &["--no-auth"], &settings);
    let (_, listed) = ask(&serving, "GET", "/api/push", &Value::Null).await;
    let key = listed["key"].as_str().unwrap();
    let browser = PushBrowser::new(7);
    let body = browser.subscription(&service.url("/1"), &all_at_once());
    let (status, answer) = ask(&serving, "POST", "/api/push", &body).await;
    assert_eq!(status, 200, "{answer}");
    let name = answer["subscription"].as_str().unwrap();
    let path = format!("/api/push/{name}/test");
    let tested = ask(&serving, "POST", &path, &Value::Null).await;
    assert_eq!(tested, (200, json!({ "sent": true })));
    let pushed = service.next().await;
    assert_eq!(browser.read(&pushed)["kind"], "test");
    assert_eq!(claims(&pushed, key)["sub"], "mailto:me@box.example");
    // One that nobody vouches for is told nothing.
    let other = by_tls(&serving.home.path().join("others.pem")).await;
    let body = PushBrowser::new(8).subscription(&other.url("/2"), &all_at_once());
    let (_, answer) = ask(&serving, "POST", "/api/push", &body).await;
    let path = format!(
        "/api/push/{}/test",
        answer["subscription"].as_str().unwrap()
    );
    let (status, tested) = ask(&serving, "POST", &path, &Value::Null).await;
    assert_eq!((status, &tested["sent"]), (200, &json!(false)), "{tested}");
    assert!(
        tested["error"].as_str().unwrap().contains("certificate"),
        "{tested}"
    );
}

#[tokio::test]
async fn the_command_line_lists_and_removes_and_the_server_follows() {
    let tmux = TmuxServer::start(any_program());
    let settings = [("MUXWIRE_PUSH_PRIVATE_ENDPOINTS", "true")];
    let serving = Serving::start_with(&tmux, &["--no-auth"], &settings);
    let home = &serving.home;
    let none = home.run("push list");
    assert_eq!((none.code, &*none.stdout), (Some(0), ""), "{none:?}");
    assert!(none.stderr.contains("Notifications"), "{none:?}");
    let mut names = Vec::new();
    for (number, host) in [(1, "one"), (2, "two"), (3, "three")] {
        let endpoint = format!("https://{host}.example/secret-{number}");
        let body = PushBrowser::new(number).subscription(&endpoint, &all_at_once());
        let (status, answer) = ask(&serving, "POST", "/api/push", &body).await;
        assert_eq!(status, 200, "{answer}");
        names.push(answer["subscription"].as_str().unwrap().to_owned());
    }
    let folder = home.state_dir().join("push");
    for file in ["subscriptions.json", "lock"] {
        let mode = fs::metadata(folder.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let listed = home.run("push list");
    assert!(
        listed.stdout.contains("one.example") && listed.stdout.contains(&names[2]),
        "{listed:?}"
    );
    assert!(!listed.stdout.contains("secret"), "{listed:?}");
    let json: Value = serde_json::from_str(&home.run("push list --json").stdout).unwrap();
    assert_eq!(json[1]["service"], "two.example");
    assert_eq!(json[1]["id"], "nobody");
    assert!(!json.to_string().contains("secret"), "{json}");
    let wrong = home.run(&format!("push remove {} nothing", names[0]));
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        wrong.stderr.contains("`muxwire push list` shows all"),
        "{wrong:?}"
    );
    let removed = home.run(&format!("push remove {}", names[0]));
    assert_eq!(
        (removed.code, &*removed.stdout),
        (Some(0), &*format!("removed {} (Test browser)\n", names[0]))
    );
    let known = async || {
        let (_, listed) = ask(&serving, "GET", "/api/push", &Value::Null).await;
        listed["subscriptions"].as_array().unwrap().len()
    };
    for (command, left) in [("", 2), ("push remove --all", 0)] {
        if !command.is_empty() {
            assert_eq!(home.run(command).code, Some(0));
        }
        while known().await != left {
            tokio::task::yield_now().await;
        }
    }
    let (status, _) = ask(
        &serving,
        "DELETE",
        &format!("/api/push/{}", names[1]),
        &Value::Null,
    )
    .await;
    assert_eq!(status, 404);
    let audit = || home.run("audit show --json").stdout;
    wait_until_async("it is recorded", SOON, || {
        audit().matches("push.subscribed").count() == 3
    })
    .await;
    let line = audit();
    let line = line
        .lines()
        .find(|line| line.contains("push.subscribed"))
        .unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&line["target"], &line["what"]),
        (&json!(names[0]), &json!("one.example"))
    );
}

#[test]
fn a_subject_that_no_service_takes_is_refused_with_the_form() {
    let home = Home::new();
    for (value, code) in [("me@box.example", 2), ("mailto:me@box.example", 0), ("", 0)] {
        let mut command = home.muxwire(["config"]);
        let run = crate::support::program::Run::of(command.env("MUXWIRE_PUSH_SUBJECT", value));
        let is_refused = run.stderr.contains("mailto:me@box.example or https://");
        assert_eq!(is_refused, code != 0, "{value}: {run:?}");
    }
}
