//! Where a request ends: what two readers could see in two ways is refused, and its connection closed.
//!
//! A proxy in front and this server have to agree on which bytes belong to which request, or else one client's bytes are
//! taken for another's request. No route reads a body, so there is little that has to be accepted.

use axum::http::header::{CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};

use super::refused::Refused;

const FRAMING: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "framing",
    "it is not clear where this request ends: give one Content-Length, and no Transfer-Encoding\n",
);
const BODY: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "body",
    "this request may have no body\n",
);
const TOO_LARGE: Refused = Refused::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "body_bytes",
    "the body of this request is too large\n",
);

impl Refused {
    /// Whether what follows on the connection can't be trusted to be a request.
    pub(super) fn ends_connection(&self) -> bool {
        [FRAMING.reason, BODY.reason, TOO_LARGE.reason].contains(&self.reason)
    }
}

/// Looks at how the head of a request says where its body ends, which may have so many bytes. A coding is refused by itself, since hyper takes away the
/// length that may have come with it.
pub(super) fn check(head: &Parts, body_bytes: u64) -> Result<(), Refused> {
    if head.headers.contains_key(TRANSFER_ENCODING) {
        return Err(FRAMING);
    }
    let Some(length) = value(&head.headers, &CONTENT_LENGTH)? else {
        return Ok(());
    };
    let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u64 = length.parse().ok().filter(|_| is_number).ok_or(FRAMING)?;
    if length > 0 && head.method != Method::POST {
        return Err(BODY);
    }
    if length > body_bytes {
        return Err(TOO_LARGE);
    }
    Ok(())
}

/// The one value of a header.
fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(FRAMING);
    }
    first.to_str().map(Some).map_err(|_| FRAMING)
}
