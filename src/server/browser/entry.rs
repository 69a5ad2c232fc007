//! `/api/session`: a browser comes in, asks who it is, and leaves.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderValue, Response, StatusCode};
use axum::routing::get;
use tokio::time::sleep_until;
use tracing::{info, warn};

use super::cookie::Cookie;
use super::session_of;
use super::sessions::{BrowserSession, NoSession};
use crate::audit::{Act, Who};
use crate::auth::{AuthError, Authenticator, Ended, Permission, Principal};
use crate::server::app::{App, address, known, visitor};
use crate::server::clock::{now, today};
use crate::server::push;
use crate::server::refused::Refused;
use crate::server::route::Route;
use crate::server::rules::{Origins, Rules};
use crate::wire::{SessionAnswer, SessionRequest, read_session_request, session_answer};

/// The same for what changes something: a page says where it is from, and nothing else has a use for a cookie.
pub(in crate::server) const NO_ORIGIN: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "no_origin",
    "only a page of this server comes in here or leaves, and says so with Origin; programs show their token instead\n",
);
const NOT_IN: Refused = Refused::new(
    StatusCode::UNAUTHORIZED,
    "not_in",
    "this browser is not let in: POST a code, as `muxwire url` prints it, or a token\n",
);
const FULL: Refused = Refused::for_now(
    StatusCode::TOO_MANY_REQUESTS,
    "browsers",
    "too many browsers are let in: leave with one, or try again later\n",
);
const BROKEN: Refused = Refused::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "broken",
    "nobody can be let in now; the log says why\n",
);
const UNREADABLE: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "session_body",
    "the body ended early, or is too large\n",
);
const REDACTION_OFF: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "redaction_off",
    "secrets are to be kept from this token, but redaction is off: set redaction.enabled\n",
);

/// What holds for it.
pub(super) const RULES: Rules = Rules {
    origins: Origins::Own,
    ..Rules::DEFAULT
};

pub(super) fn routes() -> Vec<Route> {
    let handlers = get(who_is_in).post(come_in).delete(leave);
    let shown = ("/api/session", "how a browser comes in, and leaves");
    vec![Route::new("/api/session", shown, handlers, RULES)]
}

/// Says who the browser is.
async fn who_is_in(State(app): State<App>, request: Request) -> Response<Body> {
    if app.services().context.authenticator.is_none() {
        return answer(&Principal::unrestricted(), None);
    }
    match session_of(&app, request.headers(), request.extensions()) {
        Some(open) => answer(&open.session().principal, Some(open.session())),
        // Every page asks once, so this is no refusal that anybody would look for.
        None => NOT_IN.response(),
    }
}

/// Changes a code or a token for a session.
async fn come_in(State(app): State<App>, request: Request) -> Response<Body> {
    if !visitor(&request).is_own_page {
        return app.refuse(&NO_ORIGIN, request.extensions());
    }
    let (head, body) = request.into_parts();
    let Some(authenticator) = app.services().context.authenticator.clone() else {
        return answer(&Principal::unrestricted(), None);
    };
    let limit = usize::try_from(known(&head.extensions).limits.body_bytes).unwrap_or(0);
    let outcome = match to_bytes(body, limit).await {
        Ok(body) => begin(&app, &authenticator, &head, &body).await,
        Err(_) => Err(UNREADABLE),
    };
    outcome.unwrap_or_else(|refused| app.refuse(&refused, &head.extensions))
}

async fn begin(
    app: &App,
    authenticator: &Authenticator,
    head: &Parts,
    body: &Bytes,
) -> Result<Response<Body>, Refused> {
    let asked = read_session_request(body).map_err(|why| Refused {
        message: why.into(),
        ..UNREADABLE
    })?;
    let ip = address(&head.extensions).and_then(|address| address.ip());
    let (by, verdict) = match &asked {
        SessionRequest::Code(code) => ("code", authenticator.redeem(code, ip).await),
        SessionRequest::Token(token) => ("token", authenticator.verify(token, ip).await),
    };
    let principal = match verdict {
        Ok(principal) => admitted(app, principal)?,
        Err(error) => return Ok(not_accepted(app, head, &error)),
    };
    let client = address(&head.extensions).map(|address| address.to_string());
    let services = app.services();
    let begun = services
        .browsers
        .begin(principal, client.clone(), (now(), today()));
    let begun = begun.map_err(|error| match error {
        NoSession::TooMany => FULL,
        NoSession::Random(_) => {
            warn!(%error, "no browser can be let in");
            BROKEN
        }
    })?;
    // The browser forgets the one that it had.
    let before =
        session_of(app, &head.headers, &head.extensions).map(|open| Arc::clone(open.session()));
    for (old, reason) in [(begun.gone, "too_many"), (before, "replaced")] {
        if let Some(old) = old {
            app.services().browsers.end(&old);
            record_end(app, &old, None, reason);
        }
    }
    let session = begun.session;
    record_begin(app, &session, client, by);
    app.tasks().spawn(watch(app.clone(), Arc::clone(&session)));
    let life = services.browsers.limits().life;
    let mut response = answer(&session.principal, Some(&session));
    set_cookie(app, &mut response, &head.extensions, &begun.secret, life);
    Ok(response)
}

/// The principal, secrets kept from it if they are to be.
fn admitted(app: &App, principal: Principal) -> Result<Principal, Refused> {
    let redact = &app.services().context.redact;
    match principal.is_redacted() && !redact.is_on() {
        true => Err(REDACTION_OFF),
        false => Ok(redact.applied_to(principal)),
    }
}

/// The answer to what lets nobody in. It is a line `auth.failed`, as on a WebSocket.
fn not_accepted(app: &App, head: &Parts, error: &AuthError) -> Response<Body> {
    let reason = error.reason();
    info!(reason, "not authenticated: a browser is not let in");
    app.services().metrics.auth_failure(reason);
    app.record(&head.extensions, Act::AuthFailed { reason });
    let wait = error.retry_after();
    let status = match wait {
        Some(_) => StatusCode::TOO_MANY_REQUESTS,
        None => StatusCode::UNAUTHORIZED,
    };
    let refused = Refused {
        status,
        message: format!("{error}\n").into(),
        retry_after: wait.map(|wait| wait.as_secs() + 1),
        ..NOT_IN
    };
    refused.response()
}

/// Ends the session, and has the browser forget it. Who has none is out already.
async fn leave(State(app): State<App>, request: Request) -> Response<Body> {
    if !visitor(&request).is_own_page {
        return app.refuse(&NO_ORIGIN, request.extensions());
    }
    let session = session_of(&app, request.headers(), request.extensions())
        .map(|open| Arc::clone(open.session()));
    if let Some(session) = session
        && app.services().browsers.end(&session)
    {
        record_end(&app, &session, None, "left");
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    set_cookie(
        &app,
        &mut response,
        request.extensions(),
        "",
        Duration::ZERO,
    );
    response
}

/// Ends a session when its time is over, or what it was begun with.
async fn watch(app: App, session: Arc<BrowserSession>) {
    let services = app.services();
    let Some(authenticator) = services.context.authenticator.clone() else {
        return;
    };
    let mut ended = std::pin::pin!(authenticator.ended(&session.principal));
    let reason = loop {
        let due = services.browsers.over_at(&session, now());
        tokio::select! {
            ended = &mut ended => break word(ended),
            () = sleep_until(due.into()) => {
                if let Some(reason) = services.browsers.why_over(&session, now()) {
                    break reason;
                }
            }
            () = session.over().cancelled() => return,
            () = services.stop.cancelled() => return,
        }
    };
    if services.browsers.end(&session) {
        record_end(&app, &session, None, reason);
    }
}

fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::Revoked => "token_revoked",
        Ended::Expired => "token_expired",
        Ended::Changed => "token_changed",
        Ended::SignedOut => "left",
    }
}

fn record_begin(app: &App, session: &BrowserSession, address: Option<String>, by: &'static str) {
    let principal = &session.principal;
    info!(
        browser = session.id,
        name = principal.name(),
        "a browser is let in"
    );
    let highest = principal.permissions().iter().last();
    let patterns = principal.scope().patterns().iter();
    let act = Act::SignedIn {
        browser: session.id.clone(),
        by,
        permission: highest.map_or("", Permission::as_str),
        sessions: patterns.map(ToString::to_string).collect(),
    };
    let who = Who::at(None, address).known_as(Some(principal.id_text()), principal.name());
    app.services().context.audit.record(&who, act);
}

/// Records that a session is over, which `by` did if it is not the one whose it is.
pub(super) fn record_end(
    app: &App,
    session: &BrowserSession,
    by: Option<&Who>,
    reason: &'static str,
) {
    info!(
        browser = session.id,
        reason, "a browser is let in no longer"
    );
    let principal = &session.principal;
    let own = Who::at(None, session.address.clone())
        .known_as(Some(principal.id_text()), principal.name());
    let act = Act::SignedOut {
        browser: session.id.clone(),
        reason,
    };
    app.services().context.audit.record(by.unwrap_or(&own), act);
    // One that is over by its age is one whose page was closed for long, and which is to be told all the same.
    if matches!(reason, "left" | "revoked" | "replaced") {
        push::forget_browser(app, &session.id, by.unwrap_or(&own));
    }
}

fn answer(principal: &Principal, session: Option<&Arc<BrowserSession>>) -> Response<Body> {
    let patterns = principal.scope().patterns().iter();
    let answer = SessionAnswer {
        authentication: session.is_some(),
        id: principal.id_text(),
        name: principal.name(),
        permissions: principal
            .permissions()
            .iter()
            .map(Permission::as_str)
            .collect(),
        sessions: patterns.map(|pattern| pattern.as_str()).collect(),
        redacted: principal.is_redacted(),
        expires: principal.expires().map(|end| end.to_string()),
        session: session.map(|session| &*session.id),
    };
    json(session_answer(&answer))
}

pub(in crate::server) fn json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn set_cookie(
    app: &App,
    response: &mut Response<Body>,
    of: &Extensions,
    value: &str,
    life: Duration,
) {
    if let Some(cookie) = Cookie::of(app, of).set(value, life) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}
