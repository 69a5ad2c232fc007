//! Accepting connections, on sockets of several kinds, and serving HTTP on each until it ends or becomes a WebSocket.
//!
//! `address` says who is at the other end. Nothing here knows what the routes do.

mod address;
mod spare;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

pub use self::address::ClientAddress;
use self::spare::Spare;
use crate::metrics::Metrics;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// Connections besides the WebSockets: handshakes, scrapes and probes.
const OTHER_CONNECTIONS: usize = 64;
/// The pause after a failed accept, which mostly means that the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A stream that clients may be connected through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// What is known of a connection before anything is asked on it. Each request has it among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Came {
    /// Where the client connects from.
    pub(super) address: ClientAddress,
}

/// A socket that clients come to.
#[derive(Debug)]
pub(super) enum Listener {
    /// Plain TCP.
    Tcp(TcpListener),
}

/// What was accepted, and isn't served yet.
#[derive(Debug)]
enum Accepted {
    Tcp(TcpStream, SocketAddr),
}

impl Listener {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Tcp(stream, address))
            }
        }
    }
}

/// What all listeners share: who comes in is counted together, and served alike.
#[derive(Debug, Clone)]
pub(super) struct Reception(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    router: Router,
    /// A permit for each connection, WebSocket or not.
    room: Arc<Semaphore>,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Reception {
    pub(super) fn new(
        router: Router,
        max_connections: usize,
        metrics: Metrics,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Shared {
            router,
            room: Arc::new(Semaphore::new(max_connections + OTHER_CONNECTIONS)),
            metrics,
            stop,
            tasks,
        }))
    }

    /// Begins to accept connections, until the server stops.
    pub(super) fn open(&self, listener: Listener) {
        self.0.tasks.spawn(self.clone().accept(listener));
    }

    async fn accept(self, listener: Listener) {
        let mut spare = Spare::new();
        let mut told = false;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.0.stop.cancelled() => return,
            };
            match accepted {
                // It goes at once, and with it comes the descriptor back.
                Ok(_) if !spare.is_kept() => self.0.metrics.refused("descriptors"),
                Ok(accepted) => match Arc::clone(&self.0.room).try_acquire_owned() {
                    Ok(permit) => {
                        told = false;
                        self.greet(accepted, permit);
                    }
                    Err(_) => self.0.metrics.refused("full"),
                },
                Err(error) if spare.release(&error) => {
                    if !std::mem::replace(&mut told, true) {
                        warn!(%error, "clients are refused until others leave");
                    }
                }
                Err(error) => {
                    warn!(%error, "can't accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves what was accepted, in a task of its own.
    fn greet(&self, accepted: Accepted, permit: OwnedSemaphorePermit) {
        let reception = self.clone();
        match accepted {
            Accepted::Tcp(stream, address) => self.0.tasks.spawn(async move {
                let _permit = permit;
                let came = Came {
                    address: ClientAddress::Direct(address),
                };
                match stream.set_nodelay(true) {
                    Ok(()) => reception.serve(stream, came).await,
                    Err(error) => debug!(%address, %error, "the connection is gone already"),
                }
            }),
        };
    }

    /// Serves HTTP on a connection, until it ends or becomes a WebSocket.
    async fn serve(self, stream: impl Stream, came: Came) {
        let routes = TowerToHyperService::new(self.0.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(came);
            routes.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = self.0.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            debug!(address = %came.address, %error, "the HTTP connection broke");
        }
    }
}
