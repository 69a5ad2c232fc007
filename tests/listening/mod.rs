//! Where the server listens and how: what is refused, TLS, the Unix socket, proxies, and the service manager.

mod local;
mod proxies;
mod service;
mod settings;
mod tls;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::SOON;
use crate::support::server::{Setup, TestServer, get_from};

/// A stream of any kind.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Io for S {}

/// A WebSocket over a stream of any kind.
struct Talk(WebSocketStream<Box<dyn Io>>);

impl Talk {
    /// Shakes hands, and reads the greeting.
    async fn begin(stream: impl Io + 'static) -> Result<Self, String> {
        let stream: Box<dyn Io> = Box::new(stream);
        let hands = tokio_tungstenite::client_async("ws://localhost/monitor", stream);
        let (socket, _) = timeout(SOON, hands)
            .await
            .expect("an answer")
            .map_err(|error| error.to_string())?;
        let mut talk = Self(socket);
        let hello = talk.next().await;
        assert_eq!(hello["type"], "hello", "{hello}");
        Ok(talk)
    }

    async fn send(&mut self, message: &Value) {
        let message = Message::text(message.to_string());
        self.0.send(message).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = timeout(SOON, self.0.next()).await.expect("a message");
            if let Message::Text(text) = message.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Asks, and gives the next message, but for the news of being let in.
    async fn ask(&mut self, message: Value) -> Value {
        self.send(&message).await;
        loop {
            let answer = self.next().await;
            if answer["type"] != "auth.response" {
                return answer;
            }
        }
    }
}

/// The answer to a plain GET.
async fn get(stream: &mut (impl Io + ?Sized), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut answer)).await;
    read.expect("an answer").unwrap();
    String::from_utf8(answer).unwrap()
}

/// Asks until the answer is yes. Each asking is a connection, so it takes its time.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async { while !is_so().await {} };
    timeout(SOON, asking).await.expect(what);
}

/// A figure among the metrics; 0 where it is not there yet.
fn figure(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}
#[tokio::test]
async fn metrics_are_served_at_a_port_of_their_own_with_nothing_else() {
    let server = TestServer::start(Setup {
        metrics_listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Setup::default()
    })
    .await;
    let address = server.running.metrics_address.unwrap();
    for (path, status) in [
        ("/metrics", "200"),
        ("/healthz", "200"),
        ("/readyz", "503"),
        ("/monitor", "404"),
        ("/", "404"),
        ("/dashboard", "404"),
    ] {
        let answer = get_from(address, path).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{path}: {answer}");
        if status == "404" {
            assert!(answer.contains("  /metrics  "), "{answer}");
            assert!(!answer.contains("/api/"), "what is not here: {answer}");
        }
    }
}
