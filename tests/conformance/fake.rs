//! A server that says what a scenario says.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// A server on a loopback socket.
pub struct Fake {
    listener: TcpListener,
    pub address: SocketAddr,
}

/// A connection of the client, on the server's side.
pub struct Connection {
    pub path: String,
    /// The subprotocols that the client offers; it gets the first.
    pub offers: Vec<String>,
    socket: WebSocketStream<TcpStream>,
}

/// What the client said.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    Closed(u16),
}

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub async fn accept(&self) -> Connection {
        let (stream, _) = self.listener.accept().await.unwrap();
        let (mut path, mut offers) = (String::new(), Vec::new());
        #[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
        let greet = |request: &Request, mut response: Response| -> Result<_, ErrorResponse> {
            request.uri().path().clone_into(&mut path);
            let name = "sec-websocket-protocol";
            if let Some(offered) = request.headers().get(name) {
                let offered = offered.to_str().unwrap().split(',');
                offers = offered.map(|one| one.trim().to_owned()).collect();
                let first = offers[0].parse().unwrap();
                response.headers_mut().insert(name, first);
            }
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, greet);
        let socket = socket.await.unwrap();
        Connection {
            path,
            offers,
            socket,
        }
    }
}

impl Connection {
    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        self.socket.close(Some(frame)).await.unwrap();
    }

    /// What the client says next; 1006 if its connection is gone.
    pub async fn said(&mut self) -> Said {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Said::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    return Said::Closed(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Said::Closed(1006),
            }
        }
    }
}
