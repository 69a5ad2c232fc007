//! A request that is refused, and its answer.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Response, StatusCode};

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    /// A word for the metrics.
    pub(super) reason: &'static str,
    /// A sentence for people, as a line.
    pub(super) message: Cow<'static, str>,
    /// In how many seconds the same request may be served.
    pub(super) retry_after: Option<u64>,
}

/// The word for why a request is refused, which its answer has among its extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reason(pub(super) &'static str);

impl Refused {
    pub(super) const fn new(
        status: StatusCode,
        reason: &'static str,
        message: &'static str,
    ) -> Self {
        Self {
            status,
            reason,
            message: Cow::Borrowed(message),
            retry_after: None,
        }
    }

    /// A request that may be served later.
    pub(super) const fn for_now(
        status: StatusCode,
        reason: &'static str,
        message: &'static str,
    ) -> Self {
        let mut refused = Self::new(status, reason, message);
        refused.retry_after = Some(1);
        refused
    }

    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.message.clone()));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(Reason(self.reason));
        let headers = response.headers_mut();
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, text);
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            _ => {}
        }
        response
    }
}
