//! A TCP proxy that breaks connections where the test wants it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a connection is to end: after so many bytes to the client, or not at the proxy's doing.
type Cut = Box<dyn FnMut() -> Option<usize> + Send>;

/// A proxy in front of a server. It ends with the test.
pub struct Proxy {
    pub address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    count: Arc<Mutex<usize>>,
    /// How often something has come from clients.
    spoken: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy that asks `cut`, for each new connection, when to break it.
    pub async fn start(
        target: SocketAddr,
        cut: impl FnMut() -> Option<usize> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::new(Mutex::new(target));
        let count = Arc::default();
        let spoken = Arc::default();
        let task = tokio::spawn(accept(
            listener,
            Arc::clone(&target),
            (Arc::clone(&count), Arc::clone(&spoken)),
            Box::new(cut),
        ));
        Self {
            address,
            target,
            count,
            spoken,
            task,
        }
    }

    /// New connections go to another server.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        *self.count.lock().unwrap()
    }

    /// How often something has come from clients.
    pub fn spoken(&self) -> usize {
        self.spoken.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: Arc<Mutex<SocketAddr>>,
    (count, spoken): (Arc<Mutex<usize>>, Arc<AtomicUsize>),
    mut cut: Cut,
) {
    while let Ok((client, _)) = listener.accept().await {
        *count.lock().unwrap() += 1;
        let target = *target.lock().unwrap();
        let after = cut().unwrap_or(usize::MAX);
        let spoken = Arc::clone(&spoken);
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(target).await {
                relay(client, server, after, &spoken).await;
            }
        });
    }
}

/// Relays until one side ends, or so many bytes have gone to the client; then both are dropped.
async fn relay(client: TcpStream, server: TcpStream, after: usize, spoken: &AtomicUsize) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = copy(from_client, to_server, usize::MAX, || { spoken.fetch_add(1, Ordering::SeqCst); }) => {}
        () = copy(from_server, to_client, after, || {}) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut left: usize,
    on_bytes: impl Fn(),
) {
    let mut buffer = [0; 4096];
    while left > 0 {
        let most = buffer.len().min(left);
        let Ok(length @ 1..) = from.read(&mut buffer[..most]).await else {
            return;
        };
        on_bytes();
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        left -= length;
    }
}
