//! `GET /api/events`: the event stream for those who need no socket, as Server-Sent Events.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderName};
use axum::http::{Extensions, HeaderMap, HeaderValue, Response, StatusCode};
use futures_util::Stream;
use tokio::io::{AsyncRead as _, DuplexStream, ReadBuf, duplex};

use super::answer::{body, refused};
use super::asker::Asker;
use super::exchange::admitted;
use crate::server::admission::Admission;
use crate::server::app::App;
use crate::server::browser::{OpenSession, WHO};
use crate::server::connection::{Connection, ConnectionTask};
use crate::server::dialect::{Endpoint, read_subscription};
use crate::server::headers::text;
use crate::server::listen::SharedLimits;
use crate::server::refused::Refused;
use crate::server::services::AcceptedClient;
use crate::server::session::may_read;
use crate::server::shard::WakeInterest;
use crate::server::socket::Socket;
use crate::wire::{CloseCode, ErrorCode};

/// What lies between the queue of a client and its socket, in bytes: what is here can't be shed any more.
const PIPE: usize = 64 << 10;
/// What one read takes out of it.
const READ: usize = 16 << 10;

const STOPPING: Refused = Refused::for_now(
    StatusCode::SERVICE_UNAVAILABLE,
    "stopping",
    "the server stops: come back in a moment\n",
);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks a proxy to pass on what comes as it comes. It is nginx's, and others know it too.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Answers with events, for as long as the client stays.
pub(in crate::server) async fn events(State(app): State<App>, request: Request) -> Response<Body> {
    let Some(asker) = Asker::of(&app, &request) else {
        return app.refuse(&WHO, request.extensions());
    };
    match accepted(&app, asker, &request) {
        Ok(Some(stream)) => stream,
        Ok(None) => app.refuse(&STOPPING, &Extensions::new()),
        Err(response) => *response,
    }
}

/// The stream; nothing while the server stops.
fn accepted(
    app: &App,
    asker: Asker,
    request: &Request,
) -> Result<Option<Response<Body>>, Box<Response<Body>>> {
    let services = app.services();
    let no = |(code, why): (ErrorCode, String)| Box::new(refused(code, &why, None));
    let query = request.uri().query().unwrap_or_default();
    let asked = read_subscription(query, last_event_id(request.headers())).map_err(no)?;
    admitted(services, &asker, query.len())
        .map_err(|(code, why, wait)| Box::new(refused(code, &why, wait)))?;
    may_read(&asker.principal).map_err(|refusal| {
        asker.record_denied(app, "subscribe", refusal.0);
        no(refusal)
    })?;
    let taken = app.take_up(request);
    let (_, held) = taken.map_err(|full| Box::new(app.refuse(&full, request.extensions())))?;
    let mut admission = Admission::new(held, None);
    let has_place = admission.admit(&asker.principal, services);
    has_place.map_err(|code| Box::new(crowded(code)))?;
    if let Some(limits) = request.extensions().get::<SharedLimits>() {
        limits.last();
    }
    let accepted = AcceptedClient {
        number: app.next_client(),
        credential: None,
        endpoint: Endpoint {
            events: Some(Box::new(asked)),
            ..Endpoint::default()
        },
        identity: asker.identity(),
        browser: asker.browser.map(OpenSession::into_socket),
        admission,
    };
    let (ours, theirs) = duplex(PIPE);
    let connection = Connection::new(accepted, Socket::one_way(ours), Arc::clone(services));
    let slot = services
        .shards
        .slot(Arc::clone(&connection) as _, WakeInterest::NEW);
    Ok(slot.map(|slot| {
        app.tasks().spawn(ConnectionTask::new(connection, slot));
        streamed(theirs)
    }))
}

/// The position that a client goes on from by itself, whatever its address says.
fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, &LAST_EVENT_ID).filter(|id| !id.is_empty())
}

/// There is no room for one more who stays.
pub(super) fn crowded(code: CloseCode) -> Response<Body> {
    match code {
        CloseCode::TooMany => {
            let why = "the token has as many connections as it may have (limits.token_connections)";
            refused(ErrorCode::LimitReached, why, None)
        }
        _ => {
            let why = "there are too many connections: try again later (server.max_connections)";
            refused(ErrorCode::RateLimited, why, Some(1000))
        }
    }
}

fn streamed(from: DuplexStream) -> Response<Body> {
    let mut response = body("text/event-stream", Bytes::new());
    *response.body_mut() = Body::from_stream(Outgoing(from));
    let headers = response.headers_mut();
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    // What serves a stream serves nothing behind it: it may have lasted longer than a connection may that answers requests.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What a connection writes, as the body of an answer.
struct Outgoing(DuplexStream);

impl Stream for Outgoing {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut room = [0; READ];
        let mut read = ReadBuf::new(&mut room);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut read))?;
        let read = read.filled();
        Poll::Ready((!read.is_empty()).then(|| Ok(Bytes::copy_from_slice(read))))
    }
}
