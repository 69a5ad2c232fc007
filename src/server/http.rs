//! The HTTP side: the few routes, and handing upgraded sockets over.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderValue, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::api;
use super::clock::now;
use super::connection::{Connection, ConnectionTask};
use super::dialect::Endpoint;
use super::framing;
use super::front;
use super::listen::{ClientAddress, ConnectionInfo, HeldLimits, Pass, Stream, TlsStream};
use super::origin::{Gate, Visitor};
use super::scrape;
use super::services::{AcceptedClient, Services};
use super::session::ClientIdentity;
use super::shard::WakeInterest;
use super::socket::Socket;
use super::target::TerminalAddress;
use super::upgrade::{Handshake, Refused, check_form};
use crate::ids::PaneId;
use crate::metrics::{Queue, Queues};
use crate::model::Server;
use crate::wire::{ClientStats, SessionRef};

/// What the routes need.
#[derive(Debug, Clone)]
pub(super) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    services: Arc<Services>,
    gate: Gate,
    metrics: bool,
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
            gate: Gate::new(
                config.listen.ip(),
                config.allowed_hosts.clone(),
                config.allowed_origins.clone(),
            ),
            metrics: config.metrics,
            clients: AtomicU64::new(0),
            tasks,
        }))
    }

    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/", get(front::page))
            .route("/monitor", any(monitor))
            .route("/ws/terminal/{session}", any(terminal))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .route("/api/ticket", post(api::ask_ticket).options(api::preflight))
            .fallback(front::nothing_here)
            .method_not_allowed_fallback(front::other_method)
            .layer(from_fn_with_state(self.clone(), guarded))
            .with_state(self.clone())
    }

    pub(super) fn services(&self) -> &Services {
        &self.0.services
    }

    pub(super) fn refuse(&self, refused: &Refused, of: &Extensions) -> Response<Body> {
        scrape::tell_refused(&self.0.services, of, refused.reason);
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
        check_form(request)?;
        let handshake = Handshake::read(request.method(), request.headers())?;
        let room = Arc::clone(&shared.services.room).try_acquire_owned();
        let permit = room.map_err(|_| Refused::FULL)?;
        let response = handshake.response();
        let came = request.extensions().get::<ConnectionInfo>().copied();
        let held = self.hold(request, came)?;
        let principal = came.and_then(|came| came.admitted());
        // Anyone who is still to show who it is has no place among those who are let in yet.
        let is_known = principal.is_some() || shared.services.context.authenticator.is_none();
        let permit = is_known.then_some(permit);
        let accepted = AcceptedClient {
            number: shared.clients.fetch_add(1, Ordering::Relaxed) + 1,
            endpoint: Endpoint {
                form: handshake.form(),
                terminal,
            },
            identity: ClientIdentity {
                address: came.map(|came| came.address),
                origin: visitor(request).origin,
                principal,
            },
            credential: handshake.credential,
            held,
            permit,
        };
        let upgraded = hyper::upgrade::on(request);
        let app = self.clone();
        shared.tasks.spawn(async move {
            if let Err(error) = app.take_over(upgraded, accepted).await {
                debug!(%error, "the upgrade failed");
            }
        });
        Ok(response)
    }

    /// What a WebSocket takes up from here on. Who came through a proxy counts for its own address.
    fn hold(&self, request: &Request, came: Option<ConnectionInfo>) -> Result<HeldLimits, Refused> {
        let forwarded = came.map(|came| came.address);
        let forwarded = forwarded.filter(|address| matches!(address, ClientAddress::Forwarded(_)));
        let guest = forwarded.map(|address| self.0.services.addresses.admit(address, now()));
        let guest = guest.transpose().map_err(|crowded| Refused {
            reason: crowded.reason(),
            ..Refused::CROWDED
        })?;
        let pass: Option<&Pass> = request.extensions().get();
        let mut held = pass.map(Pass::take).unwrap_or_default();
        held.guests[1] = guest;
        if let (Some(place), Some(address)) = (&held.unauthenticated, forwarded) {
            place.comes_from(address);
        }
        Ok(held)
    }

    /// Makes a WebSocket of what hyper served, which is of one of the kinds that are listened for.
    async fn take_over(&self, upgraded: OnUpgrade, accepted: AcceptedClient) -> io::Result<()> {
        let upgraded = upgraded.await.map_err(io::Error::other)?;
        let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => return self.slot(parts, accepted),
            Err(upgraded) => upgraded,
        };
        let upgraded = match upgraded.downcast::<TokioIo<TlsStream>>() {
            Ok(parts) => return self.slot(parts, accepted),
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<UnixStream>>() {
            Ok(parts) => self.slot(parts, accepted),
            Err(_) => Err(io::Error::other(
                "the socket is of another type than was served",
            )),
        }
    }

    fn slot<S: Stream>(
        &self,
        parts: Parts<TokioIo<S>>,
        accepted: AcceptedClient,
    ) -> io::Result<()> {
        let socket = Socket::new(parts.io.into_inner(), &parts.read_buf);
        let shared = &self.0;
        let services = Arc::clone(&shared.services);
        let connection = Connection::new(accepted, socket, services);
        // Nobody comes in while the server stops.
        let client = Arc::clone(&connection);
        if let Some(slot) = shared.services.shards.slot(client, WakeInterest::NEW) {
            shared.tasks.spawn(ConnectionTask::new(connection, slot));
        }
        Ok(())
    }
}

/// Who makes a request that has passed the gate.
pub(super) fn visitor(request: &Request) -> Visitor {
    let known = request.extensions().get();
    known.cloned().unwrap_or_default()
}

/// What holds for every route, those that there are not too: who may ask, and what browsers may do with the answer.
async fn guarded(State(app): State<App>, request: Request, next: Next) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let secure = head
        .extensions
        .get()
        .is_some_and(|came: &ConnectionInfo| came.secure);
    let admitted = framing::check(&head).and_then(|()| app.0.gate.admit(&head, secure));
    let mut response = match admitted {
        Ok(visitor) => {
            head.extensions.insert(visitor);
            next.run(Request::from_parts(head, body)).await
        }
        Err(refused) => {
            let mut response = app.refuse(&refused, &head.extensions);
            if refused.ends_connection() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            response
        }
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        for (name, value) in CAREFUL {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Nothing that is answered here is a page: no browser is to take it for one, to keep it, or to give it to others.
const CAREFUL: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

async fn monitor(State(app): State<App>, mut request: Request) -> Response<Body> {
    app.upgrade(&mut request, None)
        .unwrap_or_else(|refused| app.refuse(&refused, request.extensions()))
}

async fn terminal(
    State(app): State<App>,
    Path(session): Path<String>,
    RawQuery(query): RawQuery,
    mut request: Request,
) -> Response<Body> {
    let query = query.unwrap_or_default();
    let Ok(pane) = named_pane(&query) else {
        return app.refuse(&Refused::PANE, request.extensions());
    };
    let Some(session) = named_session(&query, session) else {
        return app.refuse(&Refused::SESSION, request.extensions());
    };
    app.upgrade(&mut request, Some(TerminalAddress { session, pane }))
        .unwrap_or_else(|refused| app.refuse(&refused, request.extensions()))
}

/// The session of an address: by name or id, or with `by=id` or `by=name` by that alone.
fn named_session(query: &str, session: String) -> Option<SessionRef> {
    match query.split('&').find_map(|part| part.strip_prefix("by=")) {
        None => Some(SessionRef::Text(session)),
        Some("name") => Some(SessionRef::Name(session)),
        Some("id") => session.parse().ok().map(SessionRef::Id),
        Some(_) => None,
    }
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
    if let Some(server) = &state.server {
        let is_idle = app.0.services.bridge.demand().is_idle();
        return (StatusCode::OK, readiness(server, is_idle));
    }
    let reason = state.unfit.as_deref();
    let reason = reason.unwrap_or("no tmux server is connected");
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"))
}

/// That muxwire is ready, and below it what the server's user should know before it happens.
fn readiness(server: &Server, is_idle: bool) -> String {
    let mut said = match is_idle {
        true => "ready: idle, not attached to tmux until somebody listens\n".to_owned(),
        false => "ready\n".to_owned(),
    };
    for warning in server.warnings.iter() {
        said.push_str(&format!(
            "warning {}: {}; {}\n",
            warning.code, warning.message, warning.remedy
        ));
    }
    said
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

/// All metrics as text, with what waits now; by the names of tokens too, if anyone who reads it may know them.
pub(super) async fn figures(services: &Services, names_tokens: bool) -> Result<String, fmt::Error> {
    let Services {
        metrics, shards, ..
    } = services;
    let mut queues = queues(&shards.stats().await);
    if !names_tokens {
        queues.tokens.clear();
    }
    // Nobody else is asked for figures between these two.
    metrics.set_queues(queues);
    metrics.text()
}

async fn metrics(State(app): State<App>, request: Request) -> Response<Body> {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    if !app.0.metrics {
        return front::no_metrics();
    }
    let (head, _) = request.into_parts();
    let names_tokens = match scrape::may_name_tokens(&app.0.services, &head).await {
        Ok(may) => may,
        Err(error) if error.is_retryable() => {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response();
        }
        Err(error) => {
            let scheme = [(WWW_AUTHENTICATE, "Bearer")];
            return (StatusCode::UNAUTHORIZED, scheme, format!("{error}\n")).into_response();
        }
    };
    match figures(&app.0.services, names_tokens).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            warn!(%error, "the metrics can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
