//! What a client offers as WebSocket extensions, of which `permessage-deflate` (RFC 7692) is taken.
//!
//! Each message is compressed by itself, in both directions: so nothing is held for a connection, and what many clients get
//! is compressed once.

use axum::http::HeaderMap;
use axum::http::header::SEC_WEBSOCKET_EXTENSIONS;

use super::headers::words;
use super::listen::ClientAddress;
use crate::wire::Coding;

const DEFLATE: &str = "permessage-deflate";
/// The answer to an offer: neither side keeps what it has compressed for the next message.
pub(super) const ACCEPTED: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Which messages are compressed, for clients that offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Those to other machines: on the same one, compressing takes longer than sending.
    #[default]
    Auto,
    /// All.
    On,
    /// None.
    Off,
}

impl Compression {
    /// How messages to a client are coded that is there, if that is known.
    pub(super) fn coding(self, offered: bool, address: Option<ClientAddress>) -> Coding {
        let is_remote = || match address.map(|address| address.ip()) {
            // A user of this machine.
            Some(None) => false,
            Some(Some(ip)) => !ip.is_loopback(),
            None => true,
        };
        let is_compressed = match self {
            Self::Auto => is_remote(),
            Self::On => true,
            Self::Off => false,
        };
        match offered && is_compressed {
            true => Coding::Deflate,
            false => Coding::Identity,
        }
    }
}

/// Whether a client makes an offer that can be taken.
pub(super) fn offers_deflate(headers: &HeaderMap) -> bool {
    words(headers, &SEC_WEBSOCKET_EXTENSIONS).any(can_be_taken)
}

/// An offer is declined whose parameters are not known, come twice, or ask for a window that is not had: a client with less
/// memory than the 32 KiB of all others.
fn can_be_taken(offer: &str) -> bool {
    let mut parts = offer.split(';').map(str::trim);
    if !parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(DEFLATE))
    {
        return false;
    }
    let mut seen = Vec::new();
    parts.all(|part| {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        };
        let is_new = !seen.contains(&name);
        seen.push(name);
        is_new
            && match (name, value) {
                ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
                ("client_max_window_bits", None) => true,
                ("client_max_window_bits", Some(bits)) => window(bits).is_some(),
                ("server_max_window_bits", Some(bits)) => window(bits) == Some(15),
                _ => false,
            }
    })
}

/// The base-2 logarithm of a window's size.
fn window(bits: &str) -> Option<u8> {
    let is_number = !bits.starts_with('0') && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits = bits.parse().ok().filter(|_| is_number);
    bits.filter(|bits| (8..=15).contains(bits))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn offers_are_taken_that_can_be_kept() {
        let rows = [
            ("permessage-deflate", true),
            ("permessage-deflate; client_max_window_bits", true),
            ("Permessage-Deflate;client_max_window_bits=12", true),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                true,
            ),
            (
                "permessage-deflate; server_max_window_bits=15; client_max_window_bits=\"9\"",
                true,
            ),
            ("x-webkit-deflate-frame, permessage-deflate", true),
            (
                "permessage-deflate; server_max_window_bits=10, permessage-deflate",
                true,
            ),
            ("", false),
            ("permessage-deflate2", false),
            ("permessage-deflate; server_max_window_bits=10", false),
            ("permessage-deflate; server_max_window_bits", false),
            ("permessage-deflate; client_max_window_bits=16", false),
            ("permessage-deflate; client_max_window_bits=09", false),
            ("permessage-deflate; client_max_window_bits=7", false),
            ("permessage-deflate; server_no_context_takeover=1", false),
            (
                "permessage-deflate; client_max_window_bits; client_max_window_bits",
                false,
            ),
            ("permessage-deflate; other", false),
        ];
        for (offer, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer.parse().unwrap());
            assert_eq!(offers_deflate(&headers), expected, "{offer:?}");
        }
    }

    #[test]
    fn what_stays_on_the_machine_is_compressed_if_that_is_asked_for_alone() {
        use Coding::{Deflate, Identity};
        use Compression::{Auto, Off, On};
        let direct = |address: &str| Some(ClientAddress::Direct(address.parse().unwrap()));
        let forwarded = |ip: &str| Some(ClientAddress::Forwarded(ip.parse().unwrap()));
        let rows = [
            (Auto, direct("127.0.0.1:1"), Identity),
            (Auto, direct("[::1]:1"), Identity),
            (Auto, direct("[::ffff:127.0.0.1]:1"), Identity),
            (Auto, Some(ClientAddress::User(1000)), Identity),
            (Auto, direct("192.0.2.1:1"), Deflate),
            (Auto, forwarded("192.0.2.1"), Deflate),
            (Auto, None, Deflate),
            (On, direct("127.0.0.1:1"), Deflate),
            (On, Some(ClientAddress::User(1000)), Deflate),
            (Off, direct("192.0.2.1:1"), Identity),
        ];
        for (compression, address, expected) in rows {
            assert_eq!(
                compression.coding(true, address),
                expected,
                "{compression:?} {address:?}"
            );
            assert_eq!(compression.coding(false, address), Identity);
        }
    }
}
