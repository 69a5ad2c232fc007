//! TLS with the real program: who is let in, certificates that change, and clients that are slow or speak something else.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use muxwire::tls::{Fingerprint, Trust, connector};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::process::Signal;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Talk, eventually, figure, get};
use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program};

/// What `muxwire cert` made in a folder.
struct Made {
    folder: PathBuf,
    fingerprint: Fingerprint,
}

impl Made {
    fn new(folder: PathBuf) -> Self {
        let home = Home::new();
        let run = Run::of(
            home.muxwire(["cert", "localhost", "127.0.0.1", "--dir"])
                .arg(&folder),
        );
        assert_eq!(run.code, Some(0), "{run:?}");
        let fingerprint = run.stdout.trim().parse().unwrap();
        Self {
            folder,
            fingerprint,
        }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    fn trust(&self) -> Trust {
        Trust::Pinned(self.fingerprint)
    }
}

/// The program with TLS over a private tmux.
struct Scene {
    serving: Serving,
    certificate: Made,
    _tmux: TmuxServer,
}

impl Scene {
    fn start(settings: &[(&str, &str)]) -> Self {
        let tmux = TmuxServer::start(any_program());
        let home = Home::new();
        let certificate = Made::new(home.path().join("tls"));
        let (chain, key) = (certificate.certificate(), certificate.key());
        let mut all = vec![
            ("MUXWIRE_TLS_CERTIFICATE", chain.to_str().unwrap()),
            ("MUXWIRE_TLS_KEY", key.to_str().unwrap()),
        ];
        all.extend(settings);
        let serving = Serving::start_in(home, &tmux, &["--no-auth"], &all);
        Self {
            serving,
            certificate,
            _tmux: tmux,
        }
    }

    async fn reach(&self, trust: &Trust) -> Result<TlsStream<TcpStream>, String> {
        reach(self.serving.address, connector(trust).unwrap()).await
    }

    /// A client that has read the greeting.
    async fn client(&self, trust: &Trust) -> Result<Talk, String> {
        Talk::begin(self.reach(trust).await?).await
    }

    async fn metrics(&self) -> String {
        let mut stream = self.reach(&self.certificate.trust()).await.unwrap();
        get(&mut stream, "/metrics").await
    }

    /// Waits until a figure is this.
    async fn counts(&self, name: &str, expected: u64) {
        eventually(name, async || {
            figure(&self.metrics().await, name) == expected
        })
        .await;
    }
}

async fn reach(address: SocketAddr, tls: TlsConnector) -> Result<TlsStream<TcpStream>, String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connected = timeout(SOON, tls.connect(name, stream)).await;
    connected
        .expect("an answer")
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn watch_connects_to_whom_it_is_configured_to_trust() {
    let scene = Scene::start(&[]);
    let other = Made::new(scene.serving.home.path().join("other"));
    let url = format!("wss://localhost:{}", scene.serving.address.port());
    let own = &scene.certificate;
    let file = |made: &Made| made.certificate().display().to_string();
    let rows = [
        (format!("--fingerprint {}", own.fingerprint), None),
        (format!("--ca {}", file(own)), None),
        (
            format!("--fingerprint {}", other.fingerprint),
            Some("another fingerprint"),
        ),
        (format!("--ca {}", file(&other)), Some("--ca FILE")),
        (String::new(), Some("--ca")),
    ];
    for (arguments, refusal) in rows {
        let home = Home::new();
        let fixed = ["watch", "--url", &url];
        let command = home.muxwire(fixed.into_iter().chain(arguments.split_whitespace()));
        let mut child = tokio::process::Command::from(command)
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stderr));
        let line = timeout(SOON, lines.next_line()).await.expect("a line");
        let line = line.unwrap().unwrap_or_default();
        match refusal {
            None => {
                assert!(line.contains("watching"), "{arguments}: {line}");
                crate::support::signal(child.id().unwrap(), Signal::INT);
            }
            Some(word) => {
                assert!(line.contains(word), "{arguments}: {line}");
                let code = timeout(SOON, child.wait()).await.expect("it ends");
                assert_eq!(code.unwrap().code(), Some(1), "{arguments}");
            }
        }
    }
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_a_broken_one_for_none() {
    let scene = Scene::start(&[]);
    let old = &scene.certificate;
    let mut first = scene.client(&old.trust()).await.unwrap();
    let next = Made::new(scene.serving.home.path().join("next"));

    fs::write(old.certificate(), "garbage").unwrap();
    scene
        .counts("muxwire_certificate_reload_failures_total", 1)
        .await;
    assert!(
        scene.client(&old.trust()).await.is_ok(),
        "the old one is in force"
    );
    // Only half of the pair: the certificate is good, and does not fit the key.
    fs::copy(next.certificate(), old.certificate()).unwrap();
    scene
        .counts("muxwire_certificate_reload_failures_total", 2)
        .await;
    assert!(
        scene.client(&old.trust()).await.is_ok(),
        "the old one is in force"
    );

    fs::rename(next.key(), old.key()).unwrap();
    let trust = next.trust();
    eventually("the new certificate", async || {
        scene.client(&trust).await.is_ok()
    })
    .await;
    let refused = scene.client(&old.trust()).await;
    assert!(refused.is_err(), "the old one is gone");
    let answer = first.ask(json!({"action": "stats", "id": 1})).await;
    assert_eq!(
        answer["type"], "stats",
        "the first connection lives: {answer}"
    );
    let Scene { serving, .. } = scene;
    serving.signal(Signal::TERM);
    let (code, log, _) = serving.ended_within(SOON);
    assert_eq!(code, Some(0), "{log}");
    for line in [
        "holds no certificate",
        "can't be used together",
        "new connections get the new one",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
}

/// An authority, and a client's certificate of its, as files.
fn authority(folder: &Path) -> (PathBuf, PathBuf, PathBuf) {
    fs::create_dir_all(folder).unwrap();
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let client = CertificateParams::new(["client".to_owned()]).unwrap();
    let client = client.signed_by(&key, &issuer).unwrap();
    let write = |name: &str, label: &str, bytes: &[u8]| {
        let path = folder.join(name);
        let body = data_encoding::BASE64.encode(bytes);
        let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        fs::write(&path, text).unwrap();
        path
    };
    (
        write("ca.pem", "CERTIFICATE", issuer.der()),
        write("client.pem", "CERTIFICATE", client.der()),
        write("client.key", "PRIVATE KEY", key.serialized_der()),
    )
}

/// A client of these versions, with this certificate of its own.
fn custom(
    server: &Made,
    versions: &[&'static SupportedProtocolVersion],
    own: Option<(&Path, &Path)>,
    protocols: &[&[u8]],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(server.certificate()).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
            let key = PrivateKeyDer::from_pem_file(key).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn clients_need_a_certificate_where_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, certificate, key) = authority(&folder.path().join("ours"));
    let (_, foreign, foreign_key) = authority(&folder.path().join("theirs"));
    let scene = Scene::start(&[("MUXWIRE_TLS_CLIENT_CA", ca.to_str().unwrap())]);
    let rows = [
        ("of our authority", Some((&certificate, &key)), true),
        (
            "of another authority",
            Some((&foreign, &foreign_key)),
            false,
        ),
        ("none", None, false),
    ];
    for (what, own, expected) in rows {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let own = own.map(|(certificate, key)| (certificate.as_path(), key.as_path()));
            let tls = custom(&scene.certificate, &[version], own, &[b"http/1.1"]);
            // With TLS 1.3 the client believes to be through before the server has looked.
            let talk = match reach(scene.serving.address, tls).await {
                Ok(stream) => Talk::begin(stream).await.map(|_| ()),
                Err(error) => Err(error),
            };
            assert_eq!(talk.is_ok(), expected, "{what} {version:?}: {talk:?}");
        }
    }
    // A program that has none to show says so, instead of trying for ever.
    let url = format!("wss://localhost:{}", scene.serving.address.port());
    let pin = scene.certificate.fingerprint.to_string();
    let run = Run::of(&mut Home::new().muxwire(["watch", "--url", &url, "--fingerprint", &pin]));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("wants a client certificate"), "{run:?}");
}

#[tokio::test]
async fn both_versions_are_spoken_and_only_http_1() {
    use rustls::version::{TLS12, TLS13};
    let scene = Scene::start(&[]);
    let rows: [(&'static SupportedProtocolVersion, &[&[u8]], bool); 5] = [
        (&TLS12, &[b"http/1.1"], true),
        (&TLS13, &[b"http/1.1"], true),
        (&TLS13, &[b"h2", b"http/1.1"], true),
        (&TLS13, &[], true),
        (&TLS13, &[b"h2"], false),
    ];
    for (version, protocols, expected) in rows {
        let tls = custom(&scene.certificate, &[version], None, protocols);
        let stream = reach(scene.serving.address, tls).await;
        assert_eq!(
            stream.is_ok(),
            expected,
            "{version:?} {protocols:?}: {stream:?}"
        );
        if let Ok(mut stream) = stream {
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            let answer = get(&mut stream, "/healthz").await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
}

#[tokio::test]
async fn plain_http_is_answered_with_the_advice_to_speak_tls() {
    let scene = Scene::start(&[]);
    let mut stream = TcpStream::connect(scene.serving.address).await.unwrap();
    let answer = get(&mut stream, "/healthz").await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.contains("this port speaks TLS"), "{answer}");
    drop(stream);
    scene
        .counts("muxwire_refused_total{reason=\"not_tls\"}", 1)
        .await;
    // What is neither one nor the other ends as well.
    let mut stream = TcpStream::connect(scene.serving.address).await.unwrap();
    stream
        .write_all(&[22, 3, 1, 0, 4, 1, 2, 3, 4])
        .await
        .unwrap();
    let mut rest = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut rest)).await;
    // With an alert, or with a reset.
    let _ = read.expect("an end");
    scene
        .counts("muxwire_refused_total{reason=\"tls\"}", 1)
        .await;
}

#[tokio::test]
async fn a_slow_handshake_costs_only_itself() {
    const SLOW: usize = 20;
    let scene = Scene::start(&[("MUXWIRE_TLS_HANDSHAKE_TIMEOUT", "2s")]);
    let mut slow = Vec::new();
    for number in 0..SLOW {
        let mut stream = TcpStream::connect(scene.serving.address).await.unwrap();
        // Some say nothing, some the beginning of a hello.
        if number % 2 == 0 {
            stream.write_all(&[22, 3, 1, 2, 0]).await.unwrap();
        }
        slow.push(stream);
    }
    let trust = scene.certificate.trust();
    let quick = scene.client(&trust);
    let quick = timeout(Duration::from_secs(2), quick).await;
    let mut quick = quick.expect("nobody waits for the slow ones").unwrap();
    for mut stream in slow {
        let mut rest = Vec::new();
        let read = timeout(SOON, stream.read_to_end(&mut rest)).await;
        // With nothing, or with a reset.
        let _ = read.expect("an end");
    }
    scene
        .counts("muxwire_refused_total{reason=\"tls_timeout\"}", SLOW as u64)
        .await;
    let answer = quick.ask(json!({"action": "stats"})).await;
    assert_eq!(answer["type"], "stats", "{answer}");
}

#[tokio::test]
async fn regression_a_flood_on_the_tls_port_keeps_nobody_out() {
    let scene = Scene::start(&[("MUXWIRE_LIMITS_UNAUTHENTICATED", "32")]);
    let trust = scene.certificate.trust();
    let mut inside = scene.client(&trust).await.unwrap();
    // Silence, the beginning of a greeting, and something that is no TLS.
    for said in [&b""[..], &[22, 3, 1, 2, 0, 1, 0], b"GET / HTTP/1.1\r\n"] {
        let mut plain = Vec::new();
        for _ in 0..100 {
            let mut stream = TcpStream::connect(scene.serving.address).await.unwrap();
            // Those who were sent away can't say anything any more.
            let _ = stream.write_all(said).await;
            plain.push(stream);
        }
        // Others are silent behind the handshake.
        let mut encrypted = Vec::new();
        for _ in 0..40 {
            encrypted.push(scene.reach(&trust).await.unwrap());
        }
        for _ in 0..3 {
            scene.client(&trust).await.unwrap();
        }
        let pong = inside.ask(json!({ "action": "ping" })).await;
        assert_eq!(pong["type"], "pong");
    }
}

#[test]
fn a_certificate_that_can_not_be_used_stops_the_start() {
    let home = Home::new();
    let made = Made::new(home.path().join("tls"));
    fs::set_permissions(
        made.key(),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let run = Run::of(
        home.muxwire(["serve", "--demo", "--listen", "127.0.0.1:0", "--no-auth"])
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("MUXWIRE_TLS_CERTIFICATE", made.certificate())
            .env("MUXWIRE_TLS_KEY", made.key()),
    );
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("chmod 600"), "{run:?}");
}

#[test]
fn cert_says_what_to_do_and_overwrites_nothing() {
    let home = Home::new();
    let first = home.run("cert box.example 192.0.2.7 --days 30");
    assert_eq!(first.code, Some(0), "{first:?}");
    let folder = home.state_dir().join("tls");
    for line in [
        "box.example, 192.0.2.7",
        folder.join("cert.pem").to_str().unwrap(),
        folder.join("key.pem").to_str().unwrap(),
        "--fingerprint",
    ] {
        assert!(first.stderr.contains(line), "{line}: {first:?}");
    }
    let key = fs::read(folder.join("key.pem")).unwrap();
    let again = home.run("cert");
    assert_eq!(
        (again.code, fs::read(folder.join("key.pem")).unwrap()),
        (Some(1), key)
    );
    assert!(again.stderr.contains("not overwritten"), "{again:?}");
    for wrong in ["cert a/b", "cert --days 0", "cert --days 4000"] {
        assert_eq!(home.run(wrong).code, Some(2), "{wrong}");
    }
}
