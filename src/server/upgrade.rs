//! The WebSocket handshake, by hand: so that the socket is ours afterwards, with buffers of our own size.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use data_encoding::BASE64;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::origin;
use crate::hub::Form;
use crate::wire::{BINARY_SUBPROTOCOL, SUBPROTOCOL};

/// A handshake that is as it has to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    accept_key: String,
    /// The subprotocol that the client offered, which has to be named back.
    subprotocol: Option<&'static str>,
    /// A token that came with it.
    pub(super) token: Option<String>,
}

/// Why there will be no WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    /// A word for the metrics.
    pub(super) reason: &'static str,
    message: &'static str,
}

impl Refused {
    pub(super) const FULL: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        reason: "full",
        message: "there are too many connections: try again later\n",
    };

    pub(super) const PANE: Self = Self {
        status: StatusCode::BAD_REQUEST,
        reason: "pane",
        message: "pane: name it by its number, as in ?pane=7 for %7\n",
    };

    const NOT_WEBSOCKET: Self = Self {
        status: StatusCode::UPGRADE_REQUIRED,
        reason: "not_websocket",
        message: "this is a WebSocket endpoint: connect with ws://\n",
    };
    const BAD_HANDSHAKE: Self = Self {
        status: StatusCode::BAD_REQUEST,
        reason: "bad_handshake",
        message: "the WebSocket handshake is not as RFC 6455 says\n",
    };
    const ORIGIN: Self = Self {
        status: StatusCode::FORBIDDEN,
        reason: "origin",
        message: "pages of this origin may not connect\n",
    };
    const SUBPROTOCOL: Self = Self {
        status: StatusCode::BAD_REQUEST,
        reason: "subprotocol",
        message: "none of the offered subprotocols is known: offer muxwire.v1, muxwire.v1.bin, or none\n",
    };

    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.message));
        *response.status_mut() = self.status;
        if self.status == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    }
}

impl Handshake {
    /// Reads a request's method and headers.
    pub(super) fn read(
        method: &Method,
        headers: &HeaderMap,
        allowed_hosts: &[String],
    ) -> Result<Self, Refused> {
        let upgrades =
            lists(headers, &CONNECTION, "upgrade") && lists(headers, &UPGRADE, "websocket");
        if method != Method::GET || !upgrades {
            return Err(Refused::NOT_WEBSOCKET);
        }
        if text(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(Refused::NOT_WEBSOCKET);
        }
        let key = text(headers, &SEC_WEBSOCKET_KEY).ok_or(Refused::BAD_HANDSHAKE)?;
        if BASE64.decode(key.as_bytes()).map_or(0, |bytes| bytes.len()) != 16 {
            return Err(Refused::BAD_HANDSHAKE);
        }
        let has_origin = headers.contains_key(ORIGIN);
        // An origin that is no text is as bad as a foreign one.
        let origin = has_origin.then(|| text(headers, &ORIGIN).unwrap_or("null"));
        if !origin::is_allowed(origin, text(headers, &HOST), allowed_hosts) {
            return Err(Refused::ORIGIN);
        }
        let subprotocol = words(headers, &SEC_WEBSOCKET_PROTOCOL).find_map(|word| {
            SUBPROTOCOLS
                .into_iter()
                .find(|known| word.eq_ignore_ascii_case(known))
        });
        if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) && subprotocol.is_none() {
            return Err(Refused::SUBPROTOCOL);
        }
        let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        Ok(Self {
            accept_key: derive_accept_key(key.as_bytes()),
            subprotocol,
            token: token.map(|(_, token)| token.trim().to_owned()),
        })
    }

    /// The answer that makes the connection a WebSocket.
    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        if let Ok(key) = HeaderValue::from_str(&self.accept_key) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, key);
        }
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(
                SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(subprotocol),
            );
        }
        response
    }

    /// The form that events take.
    pub(super) fn form(&self) -> Form {
        match self.subprotocol {
            Some(BINARY_SUBPROTOCOL) => Form::Binary,
            _ => Form::Json,
        }
    }
}

/// Those that are known; of several that a client offers, its first one of these is taken.
const SUBPROTOCOLS: [&str; 2] = [SUBPROTOCOL, BINARY_SUBPROTOCOL];

/// Whether a request can be a handshake at all, whatever it asks for. With a body it can't: behind the upgrade, the bytes
/// of the body and those of frames could be taken for each other.
pub(super) fn check_form(request: &Request) -> Result<(), Refused> {
    if request.version() < Version::HTTP_11 {
        return Err(Refused::NOT_WEBSOCKET);
    }
    let body = [CONTENT_LENGTH, TRANSFER_ENCODING];
    if body.iter().any(|name| request.headers().contains_key(name)) {
        return Err(Refused::BAD_HANDSHAKE);
    }
    Ok(())
}

/// The value of a header that stands there once; of two, nobody knows which one counts.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()
}

/// Whether a comma-separated header names this word, in whatever case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|one| one.eq_ignore_ascii_case(word))
}

/// The words of a comma-separated header.
fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("host", "127.0.0.1:8765"),
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn read(method: Method, changes: &[(&str, &str)]) -> Result<Handshake, &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in GOOD.iter().chain(changes) {
            let name: HeaderName = name.parse().unwrap();
            if value.is_empty() {
                headers.remove(name);
            } else {
                headers.insert(name, value.parse().unwrap());
            }
        }
        Handshake::read(&method, &headers, &[]).map_err(|refused| refused.reason)
    }

    #[test]
    fn the_key_is_answered_as_the_standard_says() {
        let handshake = read(Method::GET, &[]).unwrap();
        let response = handshake.response();
        assert_eq!(
            response.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn handshakes_are_checked() {
        type Row = (
            Method,
            &'static [(&'static str, &'static str)],
            Option<&'static str>,
        );
        let rows: [Row; 16] = [
            (Method::GET, &[], None),
            (
                Method::GET,
                &[("sec-websocket-protocol", "muxwire.v1")],
                None,
            ),
            (
                Method::GET,
                &[("sec-websocket-protocol", "other, muxwire.v1")],
                None,
            ),
            (Method::GET, &[("origin", "http://127.0.0.1:8765")], None),
            (Method::POST, &[], Some("not_websocket")),
            (Method::GET, &[("upgrade", "")], Some("not_websocket")),
            (Method::GET, &[("upgrade", "h2c")], Some("not_websocket")),
            (
                Method::GET,
                &[("connection", "close")],
                Some("not_websocket"),
            ),
            (
                Method::GET,
                &[("sec-websocket-version", "8")],
                Some("not_websocket"),
            ),
            (
                Method::GET,
                &[("sec-websocket-key", "")],
                Some("bad_handshake"),
            ),
            (
                Method::GET,
                &[("sec-websocket-key", "short")],
                Some("bad_handshake"),
            ),
            (
                Method::GET,
                &[("sec-websocket-protocol", "muxwire.v2")],
                Some("subprotocol"),
            ),
            (
                Method::GET,
                &[("origin", "https://evil.example")],
                Some("origin"),
            ),
            (Method::GET, &[("origin", "null")], Some("origin")),
            (
                Method::GET,
                &[("origin", "http://x"), ("host", "x")],
                Some("origin"),
            ),
            (
                Method::GET,
                &[("origin", "http://127.0.0.1:8765"), ("host", "")],
                Some("origin"),
            ),
        ];
        for (method, changes, expected) in rows {
            let found = read(method.clone(), changes).err();
            assert_eq!(found, expected, "{method} {changes:?}");
        }
    }

    #[test]
    fn a_token_may_come_with_the_handshake() {
        let rows = [
            ("Bearer mw_x", Some("mw_x")),
            ("bearer  mw_x ", Some("mw_x")),
            ("Basic eDp5", None),
            ("mw_x", None),
        ];
        for (header, expected) in rows {
            let found = read(Method::GET, &[("authorization", header)])
                .unwrap()
                .token;
            assert_eq!(found.as_deref(), expected, "{header:?}");
        }
    }
}
