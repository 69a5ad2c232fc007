//! The real server in this process, on a free port, and a client that checks every message against the schemas.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use muxwire::auth::{Authenticator, Permission};
use muxwire::bridge::{Handle, Request};
use muxwire::hub::{HistoryLimits, Hub, Redaction};
use muxwire::ids::Epoch;
use muxwire::metrics::Metrics;
use muxwire::push::PushDesk;
use muxwire::redact::Rules;
use muxwire::server::{
    self, Bounds, Compression, ConnectionLimits, HistoryAccess, ListenOptions, ResizePolicy,
    Running, ServerConfig, Sources,
};
use muxwire::site::{Host, Origin};
use muxwire::wire::binary::Header;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request as Handshake;
use tokio_util::sync::CancellationToken;

use super::{SOON, schema};

/// How the server of a test differs from the usual.
#[derive(Debug, Clone)]
pub struct Setup {
    pub authenticator: Option<Authenticator>,
    pub limits: ConnectionLimits,
    pub history: HistoryLimits,
    /// What is kept on disk.
    pub kept: Option<HistoryAccess>,
    pub max_connections: Option<usize>,
    pub resize: ResizePolicy,
    pub audit: muxwire::audit::Log,
    pub base_path: String,
    pub assets_dir: Option<std::path::PathBuf>,
    pub frame_ancestors: Vec<Origin>,
    pub compression: Compression,
    pub metrics_listen: Option<SocketAddr>,
    pub allowed_hosts: Vec<Host>,
    pub allowed_origins: Vec<Origin>,
    pub bounds: Bounds,
    pub listeners: ListenOptions,
    /// How secrets are kept, and from which roles.
    pub redaction: Option<Redaction>,
    pub redacted_roles: Vec<Permission>,
    /// Who is told by push.
    pub push: Option<PushDesk>,
}

/// The usual limits, of which none is reached by a test that waits for its turn on a busy machine.
pub fn patient() -> ConnectionLimits {
    ConnectionLimits {
        auth_timeout: Duration::from_secs(3600),
        ping_interval: Duration::from_secs(3600),
        ..ConnectionLimits::default()
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            authenticator: None,
            limits: patient(),
            history: HistoryLimits::default(),
            kept: None,
            max_connections: None,
            resize: ResizePolicy::default(),
            audit: muxwire::audit::Log::default(),
            base_path: String::new(),
            assets_dir: None,
            frame_ancestors: Vec::new(),
            compression: Compression::default(),
            metrics_listen: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            bounds: Bounds::default(),
            listeners: ListenOptions::default(),
            redaction: None,
            redacted_roles: Vec::new(),
            push: None,
        }
    }
}

/// The rules for secrets that are built in.
pub fn redaction() -> Redaction {
    Redaction {
        rules: Arc::new(Rules::new::<&str>(&[], true).unwrap()),
        hold: Duration::from_millis(100),
    }
}

/// A server that ends with the test.
pub struct TestServer {
    pub hub: Hub,
    pub address: SocketAddr,
    pub metrics: Metrics,
    /// What the server asks of the bridge; the test answers in its place.
    pub requests: mpsc::Receiver<Request>,
    pub stop: CancellationToken,
    pub running: Running,
}

impl TestServer {
    pub async fn start(setup: Setup) -> Self {
        Self::start_as("e1", setup).await
    }

    /// A server whose log has this name.
    pub async fn start_as(epoch: &str, setup: Setup) -> Self {
        let hub = Hub::redacting(setup.history, Epoch::new(epoch).unwrap(), setup.redaction);
        let (bridge, requests) = Handle::pair();
        let metrics = Metrics::new(&hub);
        let stop = CancellationToken::new();
        let config = ServerConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            listeners: setup.listeners,
            host_name: "build-3".to_owned(),
            base_path: setup.base_path,
            assets_dir: setup.assets_dir,
            frame_ancestors: setup.frame_ancestors,
            compression: setup.compression,
            allowed_hosts: setup.allowed_hosts,
            allowed_origins: setup.allowed_origins,
            max_connections: setup.max_connections.unwrap_or(100),
            metrics: true,
            metrics_listen: setup.metrics_listen,
            resize: setup.resize,
            redacted_roles: setup.redacted_roles,
            limits: setup.limits,
            bounds: setup.bounds,
        };
        let sources = Sources {
            hub: hub.clone(),
            bridge,
            history: setup.kept,
            authenticator: setup.authenticator,
            metrics: metrics.clone(),
            audit: setup.audit,
            push: setup.push,
        };
        let running = server::start(config, sources, stop.clone()).await.unwrap();
        Self {
            hub,
            address: running.address,
            metrics,
            requests,
            stop,
            running,
        }
    }

    pub async fn open() -> Self {
        Self::start(Setup::default()).await
    }

    /// A client that has read the greeting.
    pub async fn client(&self) -> Client {
        let mut client = Client::connect(self.address).await;
        client.expect("hello").await;
        client
    }

    /// A client that is let in with this token.
    pub async fn client_of(&self, token: &str) -> Client {
        Client::of_token(self.address, token).await
    }

    /// A client at this address that offers these subprotocols and has read the greeting.
    pub async fn client_at(&self, path: &str, subprotocols: &str) -> Client {
        Client::greeted(self.address, path, subprotocols).await
    }

    /// The answer to a plain GET.
    pub async fn get(&self, path: &str) -> String {
        self.get_with(path, "").await
    }

    /// The same with these lines in its head.
    pub async fn get_with(&self, path: &str, lines: &str) -> String {
        self.http("GET", path, lines).await
    }

    /// The answer to a plain request without a body.
    pub async fn http(&self, method: &str, path: &str, lines: &str) -> String {
        self.http_as(&self.address.to_string(), method, path, lines)
            .await
    }

    /// The same of a server that is asked for by this name.
    pub async fn http_as(&self, host: &str, method: &str, path: &str, lines: &str) -> String {
        ask_at(self.address, host, method, path, lines).await
    }

    /// The answer to a POST with this body.
    pub async fn post(&self, path: &str, lines: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (host, length) = (self.address, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        timeout(SOON, read).await.unwrap().unwrap();
        answer
    }

    /// The next thing that the server asks of the bridge.
    pub async fn request(&mut self) -> Request {
        timeout(SOON, self.requests.recv())
            .await
            .expect("a request comes")
            .unwrap()
    }
}

/// The answer of a server at an address to a plain GET.
pub async fn get_from(address: SocketAddr, path: &str) -> String {
    ask_at(address, &address.to_string(), "GET", path, "").await
}

async fn ask_at(address: SocketAddr, host: &str, method: &str, path: &str, lines: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{lines}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(SOON, read).await.unwrap().unwrap();
    answer
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A WebSocket client.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    /// Messages that were passed over while another was waited for.
    skipped: VecDeque<Value>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let request = format!("ws://{address}/monitor")
            .into_client_request()
            .unwrap();
        Self::connect_with(address, request)
            .await
            .expect("the handshake succeeds")
    }

    /// A client at this path that offers these subprotocols and has read the greeting.
    pub async fn greeted(address: SocketAddr, path: &str, subprotocols: &str) -> Self {
        let request = format!("ws://{address}{path}");
        let mut request = request.into_client_request().unwrap();
        let offers = subprotocols.parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offers);
        let mut client = Self::connect_with(address, request).await.unwrap();
        client.expect("hello").await;
        client
    }

    /// A client that is let in with this token.
    pub async fn of_token(address: SocketAddr, token: &str) -> Self {
        let mut client = Self::connect(address).await;
        client.expect("hello").await;
        let auth = json!({ "action": "auth", "token": token });
        client.ask(auth, "auth.response").await;
        client
    }

    /// Connects with this handshake; the error is the status that refused it.
    pub async fn connect_with(address: SocketAddr, request: Handshake) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.unwrap();
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self {
                socket,
                skipped: VecDeque::new(),
            }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a message that is as its schema says.
    pub async fn send(&mut self, message: Value) {
        if message.get("action").is_some() {
            schema::check_from_client(&message);
        } else {
            schema::check_from_terminal_client(&message);
        }
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The same where the server may have closed already.
    pub async fn try_send_text(&mut self, text: &str) -> bool {
        self.socket.send(Message::text(text)).await.is_ok()
    }

    /// The same with bytes.
    pub async fn try_send_bytes(&mut self, bytes: Vec<u8>) -> bool {
        self.socket.send(Message::binary(bytes)).await.is_ok()
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        match self.skipped.pop_front() {
            Some(message) => message,
            None => self
                .read()
                .await
                .unwrap_or_else(|code| panic!("closed with {code:?}")),
        }
    }

    /// The next message, which has to be of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message of this type; what comes before stays for later.
    pub async fn find(&mut self, kind: &str) -> Value {
        if let Some(at) = self
            .skipped
            .iter()
            .position(|message| message["type"] == kind)
        {
            return self.skipped.remove(at).unwrap();
        }
        loop {
            let message = self
                .read()
                .await
                .unwrap_or_else(|code| panic!("closed with {code:?}"));
            if message["type"] == kind {
                return message;
            }
            self.skipped.push_back(message);
        }
    }

    /// Sends a request and waits for its reply, which is the next message.
    pub async fn ask(&mut self, message: Value, reply: &str) -> Value {
        self.send(message).await;
        self.expect(reply).await
    }

    /// Sends a request that is refused, and returns the code.
    pub async fn refused(&mut self, message: Value) -> String {
        let error = self.ask(message, "error").await;
        error["code"].as_str().unwrap().to_owned()
    }

    /// Asks with filters that are refused, and returns what is said of them.
    pub async fn invalid_filter(&mut self, action: &str, filters: &Value) -> String {
        let asked = serde_json::json!({ "action": action, "filters": filters });
        self.send_text(&asked.to_string()).await;
        let error = self.expect("error").await;
        assert_eq!(error["code"], "INVALID_FILTER", "{error}");
        error["message"].as_str().unwrap().to_owned()
    }

    /// Says ping and collects all that comes before the answer.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.send(serde_json::json!({ "action": "ping", "id": "until" }))
            .await;
        let mut before = Vec::new();
        loop {
            let message = self.next().await;
            if message["type"] == "pong" && message["id"] == "until" {
                return before;
            }
            before.push(message);
        }
    }

    /// Reads on until the server closes, and returns its code.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.read().await {
                Ok(message) => self.skipped.push_back(message),
                Err(code) => return code,
            }
        }
    }

    /// One message from the socket, or the code with which it was closed.
    pub async fn read(&mut self) -> Result<Value, Option<u16>> {
        // Pings don't count.
        let deadline = Instant::now() + SOON;
        loop {
            let message = timeout_at(deadline, self.socket.next())
                .await
                .expect("something comes");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    schema::check_from_server(&message);
                    return Ok(message);
                }
                Some(Ok(Message::Binary(message))) => return Ok(binary(&message)),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}

/// A binary message in the form of the others; its bytes are a list of numbers.
fn binary(message: &[u8]) -> Value {
    let (header, bytes) = Header::read(message).expect("the header is known");
    serde_json::json!({
        "type": "binary", "kind": header.kind as u8, "pane": header.pane.to_string(), "epoch": header.epoch,
        "seq": header.seq.0, "offset": header.offset, "bytes": bytes,
    })
}
