//! Answers that pages of other origins may read, as far as the rules of a route say so (CORS).

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::middleware::Next;

use super::app::visitor;
use super::rules::Cors;
use crate::site::Origin;

/// What a browser asks before a page of another origin may send a request.
pub(super) fn preflight(cors: Cors) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let rows = [
        (ACCESS_CONTROL_ALLOW_METHODS, cors.methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, cors.headers),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in rows {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Lets the page that asked read the answer: only pages that may ask get as far as here.
pub(super) async fn readable(request: Request, next: Next) -> Response<Body> {
    let origin = visitor(&request).origin;
    let mut response = next.run(request).await;
    share(response.headers_mut(), origin.as_ref());
    response
}

fn share(headers: &mut HeaderMap, origin: Option<&Origin>) {
    headers.append(VARY, HeaderValue::from_static("origin"));
    let origin = origin.and_then(|origin| HeaderValue::from_str(&origin.to_string()).ok());
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static("retry-after");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}
