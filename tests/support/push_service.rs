//! A push service on a loopback address, and a browser that subscribed there: it reads what it is sent by other hands than ours.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac as _};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Pushed {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Pushed {
    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// The service. It answers by what it is told to, in that order, and then that all is well.
pub struct PushService {
    pub port: u16,
    scheme: &'static str,
    answers: Arc<Mutex<VecDeque<String>>>,
    got: mpsc::UnboundedReceiver<Pushed>,
    task: JoinHandle<()>,
}

impl PushService {
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// The same with TLS.
    pub async fn with(tls: TlsAcceptor) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (to, got) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::<String>::new()));
        let (told, scheme) = (
            Arc::clone(&answers),
            if tls.is_some() { "https" } else { "http" },
        );
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (to, told, tls) = (to.clone(), Arc::clone(&told), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &to, &told).await,
                        Some(tls) => {
                            // Who does not believe the certificate hangs up.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &to, &told).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            scheme,
            answers,
            got,
            task,
        }
    }

    /// The next request is answered so: a status, and lines of the head.
    pub fn answers(&self, status: &str, headers: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{headers}\r\n");
        self.answers.lock().unwrap().push_back(answer);
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub async fn next(&mut self) -> Pushed {
        let next = tokio::time::timeout(super::SOON, self.got.recv());
        next.await.expect("a push message comes").unwrap()
    }

    /// Whether nothing has come that was not looked at.
    pub fn is_idle(&mut self) -> bool {
        self.got.try_recv().is_err()
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    to: &mpsc::UnboundedSender<Pushed>,
    answers: &Mutex<VecDeque<String>>,
) {
    let Some(pushed) = read(&mut stream).await else {
        return;
    };
    let answer = answers.lock().unwrap().pop_front();
    let usual = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
    let answer = answer.unwrap_or_else(|| usual.to_owned());
    // It is there before the sender can know that it was taken.
    drop(to.send(pushed));
    drop(stream.write_all(answer.as_bytes()).await);
    drop(stream.shutdown().await);
}

/// One request; nothing if the sender hangs up.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Pushed> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
            let header = |line: &str| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_owned(), value.to_owned())
            };
            let pushed = Pushed {
                path,
                headers: lines.map(header).collect(),
                body: bytes[end + 4..].to_vec(),
            };
            let length: usize = pushed.header("content-length").parse().unwrap();
            if pushed.body.len() >= length {
                return Some(pushed);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

/// A browser, as far as push messages go.
pub struct PushBrowser {
    secret: SecretKey,
    auth: [u8; 16],
}

impl PushBrowser {
    /// One with keys of its own for this number.
    pub fn new(number: u8) -> Self {
        Self {
            secret: SecretKey::from_slice(&[number; 32]).unwrap(),
            auth: [number ^ 0x55; 16],
        }
    }

    fn public(&self) -> Box<[u8]> {
        self.secret.public_key().to_sec1_bytes()
    }

    /// What its page sends to subscribe at this endpoint.
    pub fn subscription(&self, endpoint: &str, wishes: &Value) -> Value {
        json!({
            "endpoint": endpoint,
            "keys": {
                "p256dh": BASE64URL_NOPAD.encode(&self.public()),
                "auth": BASE64URL_NOPAD.encode(&self.auth),
            },
            "device": "Test browser",
            "wishes": wishes,
        })
    }

    /// What a message says, as RFC 8188 and RFC 8291 have the receiver read it.
    pub fn read(&self, pushed: &Pushed) -> Value {
        assert_eq!(pushed.header("content-encoding"), "aes128gcm");
        let (salt, rest) = pushed.body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert_eq!(u32::from_be_bytes(size.try_into().unwrap()), 4096);
        let (key, sealed) = rest[1..].split_at(usize::from(rest[0]));
        let sender = PublicKey::from_sec1_bytes(key).unwrap();
        let shared = self.secret.diffie_hellman(&sender);
        let mut info = b"WebPush: info\0".to_vec();
        info.extend_from_slice(&self.public());
        info.extend_from_slice(key);
        let material = hkdf(&self.auth, shared.raw_secret_bytes(), &info, 32);
        let key = hkdf(salt, &material, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = hkdf(salt, &material, b"Content-Encoding: nonce\0", 12);
        let cipher = Aes128Gcm::new_from_slice(&key).unwrap();
        let nonce = Nonce::try_from(&*nonce).unwrap();
        let padded = cipher.decrypt(&nonce, sealed).unwrap();
        let end = padded.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(padded[end], 2, "the delimiter of the last record");
        serde_json::from_slice(&padded[..end]).unwrap()
    }
}

/// HKDF of one block with SHA-256 (RFC 5869).
fn hkdf(salt: &[u8], material: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mac = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    let key = mac(salt, &[material]);
    mac(&key, &[info, &[1]])[..length].to_vec()
}

/// The claims that a message is signed with, by this key of a server (RFC 8292).
pub fn claims(pushed: &Pushed, server_key: &str) -> Value {
    let header = pushed.header("authorization");
    let (token, key) = header
        .strip_prefix("vapid t=")
        .unwrap()
        .split_once(", k=")
        .unwrap();
    assert_eq!(key, server_key);
    let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let verifier = VerifyingKey::from_sec1_bytes(&bytes(key)).unwrap();
    let signature = Signature::from_slice(&bytes(signature)).unwrap();
    verifier.verify(signed.as_bytes(), &signature).unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let head: Value = serde_json::from_slice(&bytes(head)).unwrap();
    assert_eq!(head, json!({ "typ": "JWT", "alg": "ES256" }));
    serde_json::from_slice(&bytes(claims)).unwrap()
}
