//! A client that keeps every byte that it was sent.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::SOON;

pub struct Eye {
    socket: WebSocketStream<TcpStream>,
    /// All that came, a message each; in binary the bytes as they are, and for a close frame its code and reason.
    pub seen: Vec<Vec<u8>>,
}

impl Eye {
    /// A client at this path, let in by this token if there is one, which has read all that it was greeted with.
    pub async fn open(
        address: SocketAddr,
        path: &str,
        subprotocol: &str,
        token: Option<&str>,
    ) -> Self {
        let request = format!("ws://{address}{path}");
        let mut request = request.into_client_request().unwrap();
        let subprotocol = subprotocol.parse().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", subprotocol);
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        let mut eye = Self {
            socket,
            seen: Vec::new(),
        };
        if let Some(token) = token {
            eye.say(&json!({ "action": "auth", "token": token })).await;
        }
        eye.settle().await;
        eye
    }

    pub async fn say(&mut self, message: &Value) {
        let text = message.to_string();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Sends a message; what was received until it was answered for sure, or the connection was closed.
    pub async fn ask(&mut self, message: &Value) -> Vec<Vec<u8>> {
        let before = self.seen.len();
        self.say(message).await;
        self.settle().await;
        self.seen[before..].to_vec()
    }

    /// Reads until all that was asked for is answered. What takes its way through the bridge is behind one ping, but
    /// not behind three with a look at how it fares between them.
    pub async fn settle(&mut self) {
        for round in 0..3 {
            let mark = format!("settled-{round}");
            let ping = json!({ "action": "ping", "id": mark });
            if self
                .socket
                .send(Message::text(ping.to_string()))
                .await
                .is_err()
            {
                return;
            }
            if !self.read_until(&mark).await {
                return;
            }
        }
    }

    /// Whether the connection is still there.
    pub async fn read_until(&mut self, mark: &str) -> bool {
        let mark = mark.as_bytes();
        loop {
            let message = timeout(SOON, self.socket.next())
                .await
                .expect("something comes");
            let bytes = match message {
                Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                    self.seen.push(format!("{code:?}").into_bytes());
                    return false;
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return false,
            };
            let found = holds(&bytes, mark);
            if found && holds(&bytes, b"\"pong\"") {
                return true;
            }
            self.seen.push(bytes);
            if found {
                return true;
            }
        }
    }
}

pub fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
