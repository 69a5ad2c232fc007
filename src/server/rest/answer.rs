//! Answers: what was asked for, or why it is not done, as problem details (RFC 9457).

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;

use crate::server::refused::Reason;
use crate::wire::{ErrorCode, PROBLEM, Problem};

/// The longest sentence that a refusal has.
const SENTENCE: usize = 4 << 10;

/// An answer of this type.
pub(super) fn body(content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Why a request is not done.
pub(in crate::server) fn refused(
    code: ErrorCode,
    why: &str,
    retry_after_ms: Option<u64>,
) -> Response<Body> {
    let status = status_of(code);
    let problem = Problem {
        status: named(status),
        code: Some(code),
        reason: None,
        detail: why,
        retry_after_ms,
    };
    let mut response = body(PROBLEM, problem.encode());
    *response.status_mut() = status;
    if let Some(wait) = retry_after_ms {
        let seconds = HeaderValue::from(wait / 1000 + 1);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// A refusal as problem details, if it is one in plain text.
pub(in crate::server) async fn problem(response: Response<Body>) -> Response<Body> {
    let status = response.status();
    let is_text = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !is_text {
        return response;
    }
    let (mut head, text) = response.into_parts();
    let text = to_bytes(text, SENTENCE).await.unwrap_or_default();
    let reason: Option<&Reason> = head.extensions.get();
    let problem = Problem {
        status: named(status),
        code: None,
        reason: reason.map(|reason| reason.0),
        detail: &String::from_utf8_lossy(&text),
        retry_after_ms: None,
    };
    let encoded = problem.encode();
    head.headers.remove(CONTENT_LENGTH);
    head.headers
        .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    Response::from_parts(head, Body::from(encoded))
}

fn named(status: StatusCode) -> (u16, &'static str) {
    (
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
    )
}

/// The status that says the same as a code.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidJson
        | ErrorCode::InvalidMessage
        | ErrorCode::UnknownAction
        | ErrorCode::InvalidFilter
        | ErrorCode::UnknownKey => StatusCode::BAD_REQUEST,
        ErrorCode::AuthRequired | ErrorCode::AuthFailed => StatusCode::UNAUTHORIZED,
        ErrorCode::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorCode::NotFound | ErrorCode::HistoryOff => StatusCode::NOT_FOUND,
        ErrorCode::AmbiguousTarget
        | ErrorCode::PaneDead
        | ErrorCode::PaneInMode
        | ErrorCode::InputOff
        | ErrorCode::KeyUnsupported
        | ErrorCode::Recording
        | ErrorCode::Cancelled
        | ErrorCode::Disconnected => StatusCode::CONFLICT,
        ErrorCode::RateLimited | ErrorCode::LimitReached => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::TmuxError | ErrorCode::Interrupted | ErrorCode::OutcomeUnknown => {
            StatusCode::BAD_GATEWAY
        }
        ErrorCode::TmuxUnavailable
        | ErrorCode::HistoryTimeout
        | ErrorCode::HistoryUnavailable
        | ErrorCode::AuditUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
