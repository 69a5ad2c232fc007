//! `POST /api/command`, `/api/keys`, `/api/prompt`, `/api/answer`: what is typed, as a message of the WebSocket would have it.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, Response};
use axum::routing::post;

use super::WRITE;
use super::answer::{body, refused};
use super::asker::Asker;
use super::exchange::exchange;
use crate::server::api::NO_TOKEN;
use crate::server::app::{App, known};
use crate::server::dialect::{Answer, Listing, read_body};
use crate::server::headers::text;
use crate::server::route::Route;
use crate::wire::ErrorCode;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What there is to ask for, with the action that it is.
const ROUTES: [(&str, &str, &str); 4] = [
    ("/api/command", "command", "a line and Enter, typed (POST)"),
    ("/api/keys", "send-keys", "text or keys, typed (POST)"),
    ("/api/prompt", "prompt", "a prompt for an agent (POST)"),
    ("/api/answer", "answer", "an answer to an agent (POST)"),
];

pub(super) fn routes() -> Vec<Route> {
    let route = |(path, action, about): (&'static str, &'static str, &'static str)| {
        let handler = move |State(app): State<App>, request: Request| typed(app, action, request);
        Route::new(path, (path, about), post(handler), WRITE)
    };
    ROUTES.map(route).into()
}

async fn typed(app: App, action: &'static str, request: Request) -> Response<Body> {
    let Some(asker) = Asker::of(&app, &request) else {
        return app.refuse(&NO_TOKEN, request.extensions());
    };
    let limit = usize::try_from(known(request.extensions()).limits.body_bytes).unwrap_or(0);
    let key = text(request.headers(), &IDEMPOTENCY_KEY).map(ToOwned::to_owned);
    let Ok(bytes) = to_bytes(request.into_body(), limit).await else {
        let why = format!("the body ended early, or has more than {limit} bytes");
        return refused(ErrorCode::InvalidMessage, &why, None);
    };
    let asked = match read_body(action, key.as_deref(), &bytes) {
        Ok(asked) => asked,
        Err((code, why)) => return refused(code, &why, None),
    };
    let asked = (asked, bytes.len());
    match exchange(app.services(), &asker, asked, Listing::Nothing).await {
        Answer::Json(json) => body("application/json", json),
        Answer::Lines(_) => refused(ErrorCode::UnknownAction, "this has no lines", None),
        Answer::Refused {
            code,
            why,
            retry_after_ms,
        } => refused(code, &why, retry_after_ms),
    }
}
