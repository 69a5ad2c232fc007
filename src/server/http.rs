//! The HTTP side: accepting connections, the few routes, and handing upgraded sockets over.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::connection::{Arrival, Connection, ConnectionTask, Services};
use super::peer::TerminalAddress;
use super::shard::Standing;
use super::socket::Socket;
use super::upgrade::{Handshake, Refused};
use crate::ids::PaneId;
use crate::metrics::{Queue, Queues};
use crate::wire::ClientStats;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// Connections besides the WebSockets: handshakes, scrapes and probes.
const OTHER_CONNECTIONS: usize = 64;
/// The pause after a failed accept, which mostly means that the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the routes need.
#[derive(Debug, Clone)]
pub(super) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    services: Arc<Services>,
    allowed_hosts: Vec<String>,
    metrics: bool,
    /// A permit for each WebSocket.
    room: Arc<Semaphore>,
    clients: AtomicU64,
    tasks: TaskTracker,
}

impl App {
    pub(super) fn new(
        services: Arc<Services>,
        config: &super::ServerConfig,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Shared {
            services,
            allowed_hosts: config.allowed_hosts.clone(),
            metrics: config.metrics,
            room: Arc::new(Semaphore::new(config.max_connections)),
            clients: AtomicU64::new(0),
            tasks,
        }))
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/monitor", any(monitor))
            .route("/ws/terminal/{session}", any(terminal))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    /// Accepts connections until the server stops.
    pub(super) async fn accept(self, listener: TcpListener, max_connections: usize) {
        let router = self.router();
        let room = Arc::new(Semaphore::new(max_connections + OTHER_CONNECTIONS));
        let stop = self.0.services.stop.clone();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, address)) => match Arc::clone(&room).try_acquire_owned() {
                    Ok(permit) => self.greet(stream, address, router.clone(), permit),
                    Err(_) => self.0.services.metrics.refused("full"),
                },
                Err(error) => {
                    warn!(%error, "can't accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves HTTP on a connection, until it ends or becomes a WebSocket.
    fn greet(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        router: Router,
        permit: OwnedSemaphorePermit,
    ) {
        let stop = self.0.services.stop.clone();
        self.0.tasks.spawn(async move {
            let _permit = permit;
            if let Err(error) = stream.set_nodelay(true) {
                debug!(%address, %error, "the connection is gone already");
                return;
            }
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
                .with_upgrades();
            let mut connection = std::pin::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                debug!(%address, %error, "the HTTP connection broke");
            }
        });
    }

    fn refuse(&self, refused: &Refused) -> Response<Body> {
        self.0.services.metrics.refused(refused.reason);
        refused.response()
    }

    /// Answers a handshake; `terminal` is the address of one, if it is none of `/monitor`.
    fn upgrade(
        &self,
        request: &mut Request,
        terminal: Option<TerminalAddress>,
    ) -> Result<Response<Body>, Refused> {
        let shared = &self.0;
        let handshake =
            Handshake::read(request.method(), request.headers(), &shared.allowed_hosts)?;
        let permit = Arc::clone(&shared.room)
            .try_acquire_owned()
            .map_err(|_| Refused::FULL)?;
        let response = handshake.response();
        let upgraded = hyper::upgrade::on(request);
        let app = self.clone();
        shared.tasks.spawn(async move {
            if let Err(error) = app.take_over(upgraded, handshake, terminal, permit).await {
                debug!(%error, "the upgrade failed");
            }
        });
        Ok(response)
    }

    async fn take_over(
        &self,
        upgraded: OnUpgrade,
        handshake: Handshake,
        terminal: Option<TerminalAddress>,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<()> {
        let upgraded = upgraded.await.map_err(io::Error::other)?;
        let parts = upgraded
            .downcast::<TokioIo<TcpStream>>()
            .map_err(|_| io::Error::other("the socket is of another type than was served"))?;
        let stream = parts.io.into_inner();
        let address = stream.peer_addr().ok();
        let socket = Socket::new(stream, &parts.read_buf);
        let shared = &self.0;
        let arrival = Arrival {
            number: shared.clients.fetch_add(1, Ordering::Relaxed) + 1,
            form: handshake.form(),
            token: handshake.token,
            terminal,
            address,
        };
        let services = Arc::clone(&shared.services);
        let connection = Connection::new(arrival, socket, services, permit);
        // Nobody comes in while the server stops.
        let member = Arc::clone(&connection);
        if let Some(seat) = shared.services.shards.seat(member, Standing::NEW) {
            shared.tasks.spawn(ConnectionTask::new(connection, seat));
        }
        Ok(())
    }
}

async fn monitor(State(app): State<App>, mut request: Request) -> Response<Body> {
    app.upgrade(&mut request, None)
        .unwrap_or_else(|refused| app.refuse(&refused))
}

async fn terminal(
    State(app): State<App>,
    Path(session): Path<String>,
    RawQuery(query): RawQuery,
    mut request: Request,
) -> Response<Body> {
    let Ok(pane) = query.as_deref().map_or(Ok(None), named_pane) else {
        return app.refuse(&Refused::PANE);
    };
    app.upgrade(&mut request, Some(TerminalAddress { session, pane }))
        .unwrap_or_else(|refused| app.refuse(&refused))
}

/// The pane that a query names: `pane=7`, or its id with or without the percent sign encoded.
fn named_pane(query: &str) -> Result<Option<PaneId>, ()> {
    let value = query.split('&').find_map(|part| part.strip_prefix("pane="));
    let Some(value) = value else { return Ok(None) };
    let number = value
        .strip_prefix("%25")
        .or_else(|| value.strip_prefix('%'));
    let digits = number.unwrap_or(value);
    let pane = format!("%{digits}").parse();
    pane.map(Some).map_err(|_| ())
}

async fn ready(State(app): State<App>) -> impl IntoResponse {
    let (state, _) = app.0.services.context.hub.snapshot();
    match state.server {
        Some(_) => (StatusCode::OK, "ready\n"),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "no tmux server is connected\n",
        ),
    }
}

/// What waits for clients, as metrics show it.
fn queues(clients: &[ClientStats]) -> Queues {
    let mut queues = Queues::default();
    for client in clients {
        let queue = Queue {
            bytes: client.queue_bytes,
            messages: client.queue_messages,
            behind: client.behind_events,
        };
        queues.add(client.name.as_deref(), queue);
    }
    queues.bounded()
}

/// All metrics as text, with what waits now.
pub(super) async fn figures(services: &Services) -> Result<String, fmt::Error> {
    let Services {
        metrics, shards, ..
    } = services;
    metrics.set_queues(queues(&shards.stats().await));
    metrics.text()
}

async fn metrics(State(app): State<App>) -> Response<Body> {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    if !app.0.metrics {
        return StatusCode::NOT_FOUND.into_response();
    }
    match figures(&app.0.services).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            warn!(%error, "the metrics can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
