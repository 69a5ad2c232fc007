//! The routes of WebSockets: the handshake is answered, and the socket handed over to its connection.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::any;
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tracing::debug;

use super::admission::Admission;
use super::app::{App, visitor};
use super::browser::{OpenSession, SessionSocket, session_of};
use super::connection::{Connection, ConnectionTask};
use super::dialect::Endpoint;
use super::listen::{ConnectionInfo, Stream, TlsStream};
use super::refused::Refused;
use super::route::Route;
use super::rules::{Counts, Credential, Limits, Rules};
use super::services::AcceptedClient;
use super::session::ClientIdentity;
use super::shard::WakeInterest;
use super::socket::Socket;
use super::target::{SessionRef, TerminalAddress};
use super::upgrade::{Handshake, check_form};
use crate::ids::PaneId;

const PANE: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "pane",
    "pane: name it by its number, as in ?pane=7 for %7\n",
);
const SESSION: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "session",
    "by: it is \"name\" or \"id\", and with \"id\" the address names an id such as $3\n",
);

/// What there is to connect to.
pub(super) fn routes() -> Vec<Route> {
    let rules = Rules {
        credential: Credential::InSession,
        limits: Limits {
            counts: Counts::Client,
            ..Rules::DEFAULT.limits
        },
        ..Rules::DEFAULT
    };
    let monitor_shown = ("/monitor", "all that happens in tmux, over a WebSocket");
    let terminal_shown = ("/ws/terminal/SESSION", "one pane, over a WebSocket");
    vec![
        Route::new("/monitor", monitor_shown, any(monitor), rules),
        Route::new(
            "/ws/terminal/{session}",
            terminal_shown,
            any(terminal),
            rules,
        ),
    ]
}

impl App {
    /// Answers a handshake; `terminal` is the address of one, if it is none of `/monitor`.
    fn upgrade(
        &self,
        request: &mut Request,
        terminal: Option<TerminalAddress>,
    ) -> Result<Response<Body>, Refused> {
        check_form(request)?;
        let handshake = Handshake::read(request.method(), request.headers())?;
        let (permit, held) = self.take_up(request)?;
        let info = request.extensions().get::<ConnectionInfo>().copied();
        let address = info.map(|info| info.address);
        let compression = self.services().context.compression;
        let coding = compression.coding(handshake.offers_deflate, address);
        let response = handshake.response(coding);
        let known = info.and_then(|info| info.admitted());
        // A client that is still to authenticate has no place among those who are let in yet.
        let is_known = known.is_some() || self.services().context.authenticator.is_none();
        let permit = permit.filter(|_| is_known);
        let shows_something = is_known || handshake.credential.is_some();
        let browser = (!shows_something).then(|| self.browser(request)).flatten();
        let of_browser = browser
            .as_ref()
            .map(|browser| browser.session().principal.clone());
        let accepted = AcceptedClient {
            number: self.next_client(),
            endpoint: Endpoint {
                form: handshake.form(),
                terminal,
                events: None,
            },
            identity: ClientIdentity {
                address,
                coding,
                origin: visitor(request).origin,
                principal: known.or(of_browser),
            },
            browser,
            credential: handshake.credential,
            admission: Admission::new(held, permit),
        };
        let upgraded = hyper::upgrade::on(request);
        let app = self.clone();
        self.tasks().spawn(async move {
            if let Err(error) = app.take_over(upgraded, accepted).await {
                debug!(%error, "the upgrade failed");
            }
        });
        Ok(response)
    }

    /// The session of the browser that asks, by its cookie: of a page of this server alone, which says so. Any other page could
    /// have a browser send the cookie too.
    fn browser(&self, request: &Request) -> Option<SessionSocket> {
        let visitor = visitor(request);
        let open = visitor
            .is_own_page
            .then(|| session_of(self, request.headers(), request.extensions()));
        open.flatten().map(OpenSession::into_socket)
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
        let coding = accepted.identity.coding;
        let socket = Socket::new(parts.io.into_inner(), &parts.read_buf, coding);
        let services = Arc::clone(self.services());
        let connection = Connection::new(accepted, socket, services);
        // Nobody comes in while the server stops.
        let client = Arc::clone(&connection);
        if let Some(slot) = self.services().shards.slot(client, WakeInterest::NEW) {
            self.tasks().spawn(ConnectionTask::new(connection, slot));
        }
        Ok(())
    }
}

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
        return app.refuse(&PANE, request.extensions());
    };
    let Some(session) = named_session(&query, session) else {
        return app.refuse(&SESSION, request.extensions());
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
