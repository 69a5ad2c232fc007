//! Routes that pages fetch, as they may from their own origin and from those that are listed.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use tracing::warn;

use super::app::{App, address, known, visitor};
use super::clock::now;
use super::credential::Holder;
use super::dialect::{read_emit, reply_json};
use super::emitting::{self, NotEmitted};
use super::listen::ConnectionInfo;
use super::refused::Refused;
use super::rest;
use super::route::Route;
use super::rules::{Bearer, Cors, Counts, Credential, Limits, Rules};
use super::session::Reply;
use super::tickets::{LIFE, NoTicket};
use crate::audit::{Act, Who};
use crate::auth::{AuthError, Principal};
use crate::wire::{ErrorCode, ticket_answer};

pub(super) static NO_TOKEN: Refused = Refused::new(
    StatusCode::UNAUTHORIZED,
    "no_token",
    "ask with a token: \"Authorization: Bearer mw_...\"\n",
);
const BAD_TOKEN: Refused = Refused::new(
    StatusCode::UNAUTHORIZED,
    "bad_token",
    "the token is not valid: it is unknown, revoked or expired\n",
);
const BUSY: Refused = Refused::for_now(
    StatusCode::TOO_MANY_REQUESTS,
    "busy",
    "too many tokens are being checked, or too many from here were wrong: try again later\n",
);
const TICKETS: Refused = Refused::for_now(
    StatusCode::TOO_MANY_REQUESTS,
    "tickets",
    "too many tickets wait to be used: use them, or try again in 30 seconds\n",
);
const BROKEN: Refused = Refused::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "broken",
    "no ticket can be made now; the log says why\n",
);

/// Why a token lets nobody have a ticket.
pub(super) fn not_accepted(error: &AuthError) -> Refused {
    match error.retry_after() {
        Some(later) => after(BUSY, later),
        None => BAD_TOKEN,
    }
}

fn after(refused: Refused, later: Duration) -> Refused {
    let retry_after = Some(later.as_secs() + 1);
    Refused {
        retry_after,
        ..refused
    }
}

/// What pages fetch.
pub(super) fn routes() -> Vec<Route> {
    let rules = Rules {
        credential: Credential::Bearer(Bearer {
            missing: Some(&NO_TOKEN),
            invalid: not_accepted,
        }),
        cors: Some(Cors {
            methods: "POST",
            headers: "authorization",
        }),
        ..Rules::DEFAULT
    };
    let events = Rules {
        credential: Credential::Bearer(Bearer {
            missing: None,
            invalid: not_accepted,
        }),
        cors: Some(Cors {
            methods: "GET, POST",
            headers: "authorization, content-type, last-event-id",
        }),
        limits: Limits {
            counts: Counts::Client,
            ..rules.limits
        },
        problems: true,
        ..rules
    };
    let ticket = "a ticket for a page that must not hold a token (POST)";
    let events_shown = "events as they happen (SSE), and events of your own (POST)";
    vec![
        Route::new(
            "/api/ticket",
            ("/api/ticket", ticket),
            post(ask_ticket),
            rules,
        ),
        Route::new(
            "/api/events",
            ("/api/events", events_shown),
            get(rest::events).post(emit_events),
            events,
        ),
    ]
}

/// Adds the events in the body to the log, and answers as a WebSocket would.
async fn emit_events(State(app): State<App>, request: Request) -> Response<Body> {
    let holder: Option<&Holder> = request.extensions().get();
    let info: Option<&ConnectionInfo> = request.extensions().get();
    let principal = holder.map(|holder| holder.0.clone());
    let Some(principal) = principal.or_else(|| info?.admitted()) else {
        return app.refuse(&NO_TOKEN, request.extensions());
    };
    let client = address(request.extensions()).map(|address| address.to_string());
    let who = Who::at(None, client).known_as(Some(principal.id_text()), principal.name());
    match emit(&app, &who, &principal, request).await {
        Ok(answer) => answer,
        Err(refused) => {
            record_denied(&app, &who, "emit", refused.code);
            not_emitted(&refused)
        }
    }
}

async fn emit(
    app: &App,
    who: &Who,
    principal: &Principal,
    request: Request,
) -> Result<Response<Body>, NotEmitted> {
    let services = app.services();
    let limit = usize::try_from(known(request.extensions()).limits.body_bytes).unwrap_or(0);
    let body = to_bytes(request.into_body(), limit).await.map_err(|_| {
        let why = format!("the body ended early, or has more than {limit} bytes");
        NotEmitted::from((ErrorCode::InvalidMessage, why))
    })?;
    let asked = read_emit(&body)?;
    let count = asked.events.len();
    let prepared = emitting::prepare(&services.context, principal, &asked, now())?;
    let (repeated, emitted) = emitting::carried_out(services, who, prepared).await;
    let seq = emitted.map_err(|error| (emitting::code_of(&error), error.to_string()))?;
    Ok(json(
        StatusCode::OK,
        &Reply::Emitted {
            id: None,
            events: count,
            epoch: services.context.hub.epoch(),
            seq,
            repeated,
        },
    ))
}

/// Records what the holder of a token asked for and may not have.
pub(super) fn record_denied(app: &App, who: &Who, request: &'static str, code: ErrorCode) {
    let reason = match code {
        ErrorCode::PermissionDenied => "permission",
        ErrorCode::NotFound => "missing",
        _ => return,
    };
    let target = None;
    let act = Act::Denied {
        request,
        reason,
        target,
    };
    // As often as strangers: nothing else bounds how often one asks over HTTP.
    app.services().context.audit.record_stranger(who, act);
}

fn not_emitted(refused: &NotEmitted) -> Response<Body> {
    let status = match refused.code {
        ErrorCode::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Recording => StatusCode::CONFLICT,
        ErrorCode::AuditUnavailable | ErrorCode::OutcomeUnknown => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    let wait = refused.retry_after;
    let wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let mut response = json(
        status,
        &Reply::Error {
            id: None,
            code: refused.code,
            message: &refused.why,
            retry_after_ms: wait_ms,
        },
    );
    if let Some(wait) = wait {
        let seconds = HeaderValue::from(wait.as_secs() + 1);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

pub(super) fn json(status: StatusCode, reply: &Reply<'_>) -> Response<Body> {
    let mut response = Response::new(Body::from(reply_json(reply)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// Answers with a one-time ticket for the holder of the token, good for the page that asks.
async fn ask_ticket(State(app): State<App>, request: Request) -> Response<Body> {
    match ticket(&app, &request) {
        Ok(ticket) => {
            let mut response = Response::new(Body::from(ticket_answer(&ticket, LIFE)));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        Err(refused) => app.refuse(&refused, request.extensions()),
    }
}

fn ticket(app: &App, request: &Request) -> Result<String, Refused> {
    let holder: Option<&Holder> = request.extensions().get();
    let principal = holder.map(|holder| holder.0.clone());
    let principal = principal.ok_or_else(|| NO_TOKEN.clone())?;
    let tickets = &app.services().tickets;
    let issued = tickets.issue(principal, visitor(request).origin, now());
    issued.map_err(|error| match error {
        NoTicket::TooMany => after(TICKETS, LIFE),
        NoTicket::Random(_) => {
            warn!(%error, "no ticket can be made");
            BROKEN
        }
    })
}
