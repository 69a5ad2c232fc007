//! The WebSocket handshake, by hand: so that the socket is ours afterwards, with buffers of our own size.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use data_encoding::BASE64;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::extensions::{ACCEPTED, offers_deflate};
use super::headers::{bearer, lists, text, words};
use super::refused::Refused;
use super::session::Credential;
use crate::wire::{BINARY_SUBPROTOCOL, SUBPROTOCOL, TICKET_PREFIX};
use crate::wire::{Coding, Form};

/// A handshake that is as it has to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    accept_key: String,
    /// The subprotocol that the client offered, which has to be named back.
    subprotocol: Option<&'static str>,
    /// The client takes messages that are compressed, and may send such.
    pub(super) offers_deflate: bool,
    /// What the client showed with it.
    pub(super) credential: Option<Credential>,
}

const NOT_WEBSOCKET: Refused = Refused::new(
    StatusCode::UPGRADE_REQUIRED,
    "not_websocket",
    "this is a WebSocket endpoint: connect with ws://\n",
);
const BAD_HANDSHAKE: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "bad_handshake",
    "the WebSocket handshake is not as RFC 6455 says\n",
);
const UNKNOWN_SUBPROTOCOL: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "subprotocol",
    "none of the offered subprotocols is known: offer muxwire.v1, muxwire.v1.bin, or none, and besides a \
                  ticket one of the first two\n",
);
const CREDENTIALS: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "credentials",
    "show one credential: a token as \"Authorization: Bearer\", or one ticket\n",
);

impl Handshake {
    /// Reads a request's method and headers; who may ask at all is decided before.
    pub(super) fn read(method: &Method, headers: &HeaderMap) -> Result<Self, Refused> {
        let upgrades =
            lists(headers, &CONNECTION, "upgrade") && lists(headers, &UPGRADE, "websocket");
        if method != Method::GET || !upgrades {
            return Err(NOT_WEBSOCKET);
        }
        if text(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(NOT_WEBSOCKET);
        }
        let key = text(headers, &SEC_WEBSOCKET_KEY).ok_or(BAD_HANDSHAKE)?;
        if BASE64.decode(key.as_bytes()).map_or(0, |bytes| bytes.len()) != 16 {
            return Err(BAD_HANDSHAKE);
        }
        let subprotocol = words(headers, &SEC_WEBSOCKET_PROTOCOL).find_map(|word| {
            SUBPROTOCOLS
                .into_iter()
                .find(|known| word.eq_ignore_ascii_case(known))
        });
        if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) && subprotocol.is_none() {
            return Err(UNKNOWN_SUBPROTOCOL);
        }
        Ok(Self {
            accept_key: derive_accept_key(key.as_bytes()),
            subprotocol,
            offers_deflate: offers_deflate(headers),
            credential: shown(headers)?,
        })
    }

    /// The answer that makes the connection a WebSocket.
    pub(super) fn response(&self, coding: Coding) -> Response<Body> {
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
        if coding == Coding::Deflate {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(ACCEPTED));
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
        return Err(NOT_WEBSOCKET);
    }
    let body = [CONTENT_LENGTH, TRANSFER_ENCODING];
    if body.iter().any(|name| request.headers().contains_key(name)) {
        return Err(BAD_HANDSHAKE);
    }
    Ok(())
}

/// What a client shows with its handshake, if it shows anything.
fn shown(headers: &HeaderMap) -> Result<Option<Credential>, Refused> {
    let token = bearer(headers).map(|token| Credential::Token(token.to_owned()));
    let tickets = words(headers, &SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|word| word.strip_prefix(TICKET_PREFIX))
        .map(|ticket| Credential::Ticket(ticket.to_owned()));
    let mut all = token.into_iter().chain(tickets);
    let first = all.next();
    match all.next() {
        Some(_) => Err(CREDENTIALS),
        None => Ok(first),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::http::HeaderName;

    use super::*;

    const GOOD: [(&str, &str); 4] = [
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
        Handshake::read(&method, &headers).map_err(|refused| refused.reason)
    }

    #[test]
    fn the_key_is_answered_as_the_standard_says() {
        let handshake = read(Method::GET, &[]).unwrap();
        let response = handshake.response(Coding::Identity);
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
        let rows: [Row; 12] = [
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
                &[("sec-websocket-protocol", "muxwire.ticket.x")],
                Some("subprotocol"),
            ),
        ];
        for (method, changes, expected) in rows {
            let found = read(method.clone(), changes).err();
            assert_eq!(found, expected, "{method} {changes:?}");
        }
    }

    #[test]
    fn one_credential_may_come_with_the_handshake() {
        let token = |text: &str| Ok(Some(Credential::Token(text.to_owned())));
        let ticket = |text: &str| Ok(Some(Credential::Ticket(text.to_owned())));
        let rows = [
            ("Bearer mw_x", "", token("mw_x")),
            ("bearer  mw_x ", "", token("mw_x")),
            ("Basic eDp5", "", Ok(None)),
            ("mw_x", "", Ok(None)),
            ("", "muxwire.v1, muxwire.ticket.a-_b", ticket("a-_b")),
            ("", "muxwire.ticket.a,muxwire.v1.bin", ticket("a")),
            ("", "muxwire.v1, MUXWIRE.TICKET.a", Ok(None)),
            (
                "Bearer mw_x",
                "muxwire.v1, muxwire.ticket.a",
                Err("credentials"),
            ),
            (
                "",
                "muxwire.v1, muxwire.ticket.a, muxwire.ticket.b",
                Err("credentials"),
            ),
        ];
        for (authorization, offered, expected) in rows {
            let changes = [
                ("authorization", authorization),
                ("sec-websocket-protocol", offered),
            ];
            let found = read(Method::GET, &changes).map(|handshake| {
                // What is answered is a protocol, and never the ticket.
                let answer = handshake.response(Coding::Identity);
                let answer = answer.headers().get("sec-websocket-protocol").cloned();
                assert!(
                    answer.is_none_or(|answer| answer.to_str().unwrap().starts_with("muxwire.v1"))
                );
                handshake.credential
            });
            assert_eq!(found, expected, "{authorization:?} {offered:?}");
        }
    }
}
