//! What people are told who come with a browser: there is no page for them here, but addresses for programs.
//!
//! Nothing that was asked for is repeated, since it may hold what is nobody's business. The name in the addresses is the one
//! that the gate has let through.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::get;

use super::http::visitor;
use super::listen::ConnectionInfo;
use super::routes::{self, Route};

/// The page at `/`.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::new("/", None, get(page))]
}

/// `/`.
async fn page(request: Request) -> Response<Body> {
    let secure = request
        .extensions()
        .get()
        .is_some_and(|came: &ConnectionInfo| came.secure);
    let scheme = if secure { "wss" } else { "ws" };
    let host = visitor(&request).host;
    let host = host.map_or_else(|| "localhost".to_owned(), |host| host.to_string());
    let greeting = format!(
        "This is muxwire. It has no page of its own yet: programs connect to\n\n  {scheme}://{host}/monitor\n\n\
         A terminal shows what happens with: muxwire watch {scheme}://{host}/monitor\n\n"
    );
    answer(StatusCode::OK, greeting + &list())
}

/// What there is not.
pub(super) async fn nothing_here() -> Response<Body> {
    answer(
        StatusCode::NOT_FOUND,
        format!("There is nothing here. {}", list()),
    )
}

/// What there is, but for another method.
pub(super) async fn other_method() -> Response<Body> {
    let sentence = "This address takes another method, which the header Allow names.\n";
    answer(StatusCode::METHOD_NOT_ALLOWED, sentence.to_owned())
}

/// `/metrics`, where it is switched off.
pub(super) fn no_metrics() -> Response<Body> {
    let sentence = "There are no metrics here: monitoring.metrics is false.\n";
    answer(StatusCode::NOT_FOUND, sentence.to_owned())
}

/// All routes with what they are for.
fn list() -> String {
    let rows = routes::all().into_iter().filter_map(|route| route.shown);
    let rows: String = rows
        .map(|(path, about)| format!("  {path:<22}{about}\n"))
        .collect();
    format!("What there is:\n\n{rows}")
}

fn answer(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
