//! What is answered where there is nothing: for people, who may have come with a browser.
//!
//! Nothing that was asked for is repeated, since it may hold what is nobody's business.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Response, StatusCode, Uri};

use super::app::App;

/// What there is not, with what there is.
pub(super) fn nothing_here(app: &App, uri: &Uri, listing: &str) -> Response<Body> {
    if app.base().is_without_slash(uri.path()) {
        return with_slash(app);
    }
    let sentence = format!("There is nothing here. {}", introduced(listing));
    text(StatusCode::NOT_FOUND, sentence)
}

/// Sends a browser on to the path that it has left the last slash away from.
fn with_slash(app: &App) -> Response<Body> {
    let to = format!("{}/", app.base().as_str());
    let mut response = text(StatusCode::PERMANENT_REDIRECT, format!("It is at {to}\n"));
    if let Ok(to) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// What there is, but for another method.
pub(super) async fn other_method() -> Response<Body> {
    let sentence = "This address takes another method, which the header Allow names.\n";
    text(StatusCode::METHOD_NOT_ALLOWED, sentence.to_owned())
}

/// `/metrics`, where it is switched off.
pub(super) async fn no_metrics() -> Response<Body> {
    let sentence = "There are no metrics here: monitoring.metrics is false.\n";
    text(StatusCode::NOT_FOUND, sentence.to_owned())
}

/// A listing of routes with a sentence before it.
pub(super) fn introduced(listing: &str) -> String {
    format!("What there is:\n\n{listing}")
}

/// An answer in plain text.
pub(super) fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
