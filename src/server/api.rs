//! Routes that pages fetch, as they may from their own origin and from those that are listed.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::post;
use tracing::warn;

use super::app::{App, visitor};
use super::clock::now;
use super::credential::Holder;
use super::refused::Refused;
use super::route::Route;
use super::rules::{Bearer, Cors, Credential, Rules};
use super::tickets::{LIFE, NoTicket};
use crate::auth::AuthError;
use crate::wire::ticket_answer;

static NO_TOKEN: Refused = Refused::new(
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
fn not_accepted(error: &AuthError) -> Refused {
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
    let about = "a ticket for a page that must not hold a token (POST)";
    let shown = ("/api/ticket", about);
    vec![Route::new("/api/ticket", shown, post(ask_ticket), rules)]
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
