//! Routes that pages fetch, as they may from their own origin and from those that are listed.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::post;
use tracing::{info, warn};

use super::clock::now;
use super::http::{App, visitor};
use super::listen::ConnectionInfo;
use super::routes::Route;
use super::tickets::{LIFE, NoTicket};
use super::upgrade::{Refused, bearer};
use crate::auth::{AuthError, Principal};
use crate::site::Origin;
use crate::wire::ticket_answer;

const NO_TOKEN: Refused = Refused {
    status: StatusCode::UNAUTHORIZED,
    reason: "no_token",
    message: "ask with a token: \"Authorization: Bearer mw_...\"\n",
};
const BAD_TOKEN: Refused = Refused {
    status: StatusCode::UNAUTHORIZED,
    reason: "bad_token",
    message: "the token is not valid: it is unknown, revoked or expired\n",
};
const BUSY: Refused = Refused {
    status: StatusCode::TOO_MANY_REQUESTS,
    reason: "busy",
    message: "too many tokens are being checked, or too many from here were wrong: try again later\n",
};
const TICKETS: Refused = Refused {
    status: StatusCode::TOO_MANY_REQUESTS,
    reason: "tickets",
    message: "too many tickets wait to be used: use them, or try again in 30 seconds\n",
};
const BROKEN: Refused = Refused {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    reason: "broken",
    message: "no ticket can be made now; the log says why\n",
};

/// What pages fetch.
pub(super) fn routes() -> Vec<Route> {
    let about = "a ticket for a page that must not hold a token (POST)";
    vec![Route::new(
        "/api/ticket",
        Some(("/api/ticket", about)),
        post(ask_ticket).options(preflight),
    )]
}

/// What a browser asks before a page of another origin may ask for a ticket.
async fn preflight(request: Request) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let rows = [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in rows {
        headers.insert(name, HeaderValue::from_static(value));
    }
    share(headers, visitor(&request).origin.as_ref());
    response
}

/// Answers with a one-time ticket for the holder of the token, good for the page that asks.
async fn ask_ticket(State(app): State<App>, request: Request) -> Response<Body> {
    let origin = visitor(&request).origin;
    let token = bearer(request.headers()).map(str::to_owned);
    let came: Option<&ConnectionInfo> = request.extensions().get();
    let address = came.and_then(|came| came.address.ip());
    let asked = request.extensions().clone();
    let mut response = match ticket(&app, token, address, origin.clone()).await {
        Ok(ticket) => {
            let mut response = Response::new(Body::from(ticket_answer(&ticket, LIFE)));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        Err(NoAnswer { refused, later }) => {
            let mut response = app.refuse(&refused, &asked);
            if let Some(later) = later {
                let seconds = HeaderValue::from(later.as_secs() + 1);
                response.headers_mut().insert(RETRY_AFTER, seconds);
            }
            response
        }
    };
    share(response.headers_mut(), origin.as_ref());
    response
}

/// Why there is no ticket, and when there may be one.
struct NoAnswer {
    refused: Refused,
    later: Option<Duration>,
}

impl From<Refused> for NoAnswer {
    fn from(refused: Refused) -> Self {
        let later = None;
        Self { refused, later }
    }
}

impl From<&AuthError> for NoAnswer {
    fn from(error: &AuthError) -> Self {
        let later = error.retry_after();
        let refused = if later.is_some() { BUSY } else { BAD_TOKEN };
        Self { refused, later }
    }
}

async fn ticket(
    app: &App,
    token: Option<String>,
    address: Option<IpAddr>,
    origin: Option<Origin>,
) -> Result<String, NoAnswer> {
    let services = app.services();
    let principal = match &services.context.authenticator {
        // Then a ticket is worth no more than anything else, but pages need not know.
        None => Principal::unrestricted(),
        Some(authenticator) => {
            let verdict = authenticator.verify(&token.ok_or(NO_TOKEN)?, address).await;
            verdict.map_err(|error| {
                info!(reason = error.reason(), "no ticket: not authenticated");
                services.metrics.auth_failure(error.reason());
                NoAnswer::from(&error)
            })?
        }
    };
    let issued = services.tickets.issue(principal, origin, now());
    issued.map_err(|error| match error {
        NoTicket::TooMany => NoAnswer {
            refused: TICKETS,
            later: Some(LIFE),
        },
        NoTicket::Random(_) => {
            warn!(%error, "no ticket can be made");
            BROKEN.into()
        }
    })
}

/// Lets the page that asked read the answer: only pages that may connect get as far as here.
fn share(headers: &mut HeaderMap, origin: Option<&Origin>) {
    headers.insert(VARY, HeaderValue::from_static("origin"));
    let origin = origin.and_then(|origin| HeaderValue::from_str(&origin.to_string()).ok());
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let readable = HeaderValue::from_static("retry-after");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    }
}
