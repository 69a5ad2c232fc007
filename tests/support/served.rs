//! A server in the test's own process, in front of any log and bridge.

use std::net::SocketAddr;

use muxwire::auth::Authenticator;
use muxwire::bridge::Handle;
use muxwire::hub::Hub;
use muxwire::metrics::Metrics;
use muxwire::server::{self, Compression, ListenOptions, ResizePolicy, ServerConfig, Sources};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::SOON;
use super::server::{Client, patient};

/// A server that ends with the test.
pub struct Served {
    pub address: SocketAddr,
    stop: CancellationToken,
}

impl Served {
    /// A server in front of this log and bridge. With an authenticator it asks who its clients are.
    pub async fn start(hub: &Hub, bridge: &Handle, authenticator: Option<Authenticator>) -> Self {
        let config = ServerConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            listeners: ListenOptions::default(),
            host_name: "build-3".to_owned(),
            base_path: String::new(),
            assets_dir: None,
            frame_ancestors: Vec::new(),
            compression: Compression::Auto,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_connections: 100,
            metrics: true,
            metrics_listen: None,
            resize: ResizePolicy::Largest,
            redacted_roles: Vec::new(),
            limits: patient(),
            bounds: server::Bounds::default(),
        };
        let sources = Sources {
            hub: hub.clone(),
            bridge: bridge.clone(),
            history: None,
            authenticator,
            metrics: Metrics::new(hub),
            audit: muxwire::audit::Log::off(),
            push: None,
        };
        let stop = CancellationToken::new();
        let running = server::start(config, sources, stop.clone()).await.unwrap();
        Self {
            address: running.address,
            stop,
        }
    }

    /// A client that is let in with this token.
    pub async fn client_of(&self, token: &str) -> Client {
        Client::of_token(self.address, token).await
    }

    /// A client that has read the greeting.
    pub async fn client(&self) -> Client {
        let mut client = Client::connect(self.address).await;
        client.expect("hello").await;
        client
    }

    /// A client at this address that offers a subprotocol and has read the greeting.
    pub async fn client_at(&self, path: &str, subprotocol: &str) -> Client {
        Client::greeted(self.address, path, subprotocol).await
    }

    /// A client that reads every event from the first one on.
    pub async fn follow(&self) -> Follower {
        let mut client = self.client().await;
        let since = json!({"epoch": "test", "seq": 0});
        client
            .ask(json!({"action": "subscribe", "since": since}), "subscribed")
            .await;
        let (sender, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok(message) = client.read().await {
                if message["seq"].is_u64()
                    && message["type"] != "bookmark"
                    && sender.send(message).is_err()
                {
                    return;
                }
            }
        });
        Follower { events, task }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The events that a client has read so far.
pub struct Follower {
    events: mpsc::UnboundedReceiver<Value>,
    task: JoinHandle<()>,
}

impl Follower {
    /// All events up to this place in the log.
    pub async fn until(mut self, seq: u64) -> Vec<Value> {
        let mut events = Vec::new();
        while events
            .last()
            .is_none_or(|last: &Value| last["seq"].as_u64().unwrap() < seq)
        {
            events.push(
                timeout(SOON, self.events.recv())
                    .await
                    .expect("more events")
                    .unwrap(),
            );
        }
        self.task.abort();
        events
    }
}
