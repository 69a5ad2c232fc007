//! What proxies say of the clients behind them, and whom of them to believe.
//!
//! A client can send any header, and a proxy passes on what it does not know. So only what a listed proxy added itself
//! counts: the chain of addresses is walked from its end, as long as those who wrote it are listed. Whatever can't be
//! read ends the walk, and so do two headers that don't agree: a proxy that writes one may pass on the client's own other.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};

use super::{ClientAddress, ConnectionInfo};
use crate::network::Network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// By which a proxy says that it is one.
const WORDS: [HeaderName; 3] = [X_FORWARDED_FOR, X_FORWARDED_PROTO, FORWARDED];

/// The proxies that are believed; none by default.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct Proxies(Vec<Network>);

impl Proxies {
    pub(in crate::server) fn new(trusted: Vec<Network>) -> Self {
        Self(trusted)
    }

    /// Whether somebody's word is believed.
    pub(super) fn trust(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }

    /// How a request came, whose connection came like this.
    pub(super) fn behind(&self, info: ConnectionInfo, headers: &HeaderMap) -> ConnectionInfo {
        let direct = info.address.ip().filter(|ip| self.trust(*ip));
        ConnectionInfo {
            address: self.client(info.address, headers),
            secure: direct
                .and_then(|_| said_secure(headers))
                .unwrap_or(info.secure),
            proxied: direct.is_some() && WORDS.iter().any(|name| headers.contains_key(name)),
            ..info
        }
    }

    /// Where a request comes from whose connection comes from here.
    fn client(&self, direct: ClientAddress, headers: &HeaderMap) -> ClientAddress {
        let Some(proxy) = direct.ip().filter(|ip| self.trust(*ip)) else {
            return direct;
        };
        let common = texts(headers, &X_FORWARDED_FOR)
            .map(|text| self.origin(proxy, text.rsplit(',').map(address).collect()));
        let standard = texts(headers, &FORWARDED).map(|text| {
            let chain = elements(&text).map(|chain| chain.into_iter().rev().collect());
            self.origin(proxy, chain.unwrap_or_else(|| vec![None]))
        });
        let found = match (common, standard) {
            (Some(one), Some(other)) if one != other => proxy,
            (Some(one), _) | (None, Some(one)) => one,
            (None, None) => proxy,
        };
        if found == proxy {
            direct
        } else {
            ClientAddress::Forwarded(found)
        }
    }

    /// The nearest of the chain who is no listed proxy, or the last that could be read.
    fn origin(&self, proxy: IpAddr, chain: Vec<Option<IpAddr>>) -> IpAddr {
        let mut nearest = proxy;
        for address in chain {
            let Some(address) = address.filter(|_| self.trust(nearest)) else {
                break;
            };
            nearest = address.to_canonical();
        }
        nearest
    }
}

/// Whether the nearest proxy was asked encrypted, as far as it says so; nothing if its headers don't agree.
fn said_secure(headers: &HeaderMap) -> Option<bool> {
    let common = texts(headers, &X_FORWARDED_PROTO);
    let common = common.map(|text| scheme(text.rsplit(',').next().unwrap_or_default()));
    let standard = texts(headers, &FORWARDED).and_then(|text| {
        let elements = split(&text, ',')?;
        let pairs = split(elements.last()?, ';')?;
        let mut found = pairs.iter().filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            name.eq_ignore_ascii_case("proto").then_some(value)
        });
        let first = found.next()?;
        let only = found.next().is_none().then(|| unquoted(first)).flatten();
        Some(only.and_then(|value| scheme(&value)))
    });
    match (common, standard) {
        (Some(one), Some(other)) if one != other => None,
        (Some(said), _) | (None, Some(said)) => said,
        (None, None) => None,
    }
}

/// Whether a word is the scheme that is encrypted, or the one that is not.
fn scheme(word: &str) -> Option<bool> {
    let word = word.trim();
    let is = |names: [&str; 2]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    match () {
        () if is(["https", "wss"]) => Some(true),
        () if is(["http", "ws"]) => Some(false),
        () => None,
    }
}

/// All values of a header in their order, as if they had been one. One that is no text can't be read.
fn texts(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values = headers.get_all(name).iter();
    let texts: Vec<&str> = values
        .map(|value| value.to_str().unwrap_or("unreadable"))
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// An address as proxies write it, with a port or without, with brackets or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let ip = match bare {
        Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok(),
    };
    ip.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// For each proxy that a `Forwarded` header (RFC 7239) passed, whose request it passed on: `None` where that is no address. `None` for
/// all if the header is not well formed.
fn elements(text: &str) -> Option<Vec<Option<IpAddr>>> {
    let elements = split(text, ',')?;
    elements
        .into_iter()
        .map(|element| client_of(&element))
        .collect()
}

/// The client of one proxy. The outer `None` means that the element is not well formed.
fn client_of(element: &str) -> Option<Option<IpAddr>> {
    let mut found = None;
    for pair in split(element, ';')? {
        let (name, value) = pair.trim().split_once('=')?;
        if !name.eq_ignore_ascii_case("for") {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(address(&unquoted(value)?));
    }
    Some(found.flatten())
}

/// The parts between separators outside of quotes; `None` if a quote has no end.
fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c == separator && !quoted {
            parts.push(String::new());
            continue;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    (!quoted).then_some(parts)
}

/// A value without its quotes; `None` if they stand in a wrong place.
fn unquoted(value: &str) -> Option<String> {
    let inside = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let text = inside.unwrap_or(value);
    // No address needs a backslash.
    (!text.contains(['"', '\\'])).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// Lists 10.0.0.0/8 and fd00::/8, and asks from where a request of `direct` with these headers comes.
    fn client(direct: &str, headers: &[(&str, &str)]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        let proxies = Proxies::new(trusted.map(|text| text.parse().unwrap()).to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(
                name,
                axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let direct = ClientAddress::Direct(direct.parse().unwrap());
        proxies.client(direct, &map).to_string()
    }

    #[test]
    fn only_listed_proxies_are_believed_and_only_for_what_they_wrote() {
        const PROXY: &str = "10.0.0.1:443";
        const X: &str = "x-forwarded-for";
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let rows: &[Row<'_>] = &[
            // Nobody said anything.
            (PROXY, &[], PROXY),
            ("192.0.2.7:9", &[], "192.0.2.7:9"),
            // A client that pretends to be a proxy.
            ("192.0.2.7:9", &[(X, "203.0.113.1")], "192.0.2.7:9"),
            (
                "192.0.2.7:9",
                &[("forwarded", "for=203.0.113.1")],
                "192.0.2.7:9",
            ),
            ("[2001:db8::1]:9", &[(X, "10.0.0.1")], "[2001:db8::1]:9"),
            // One proxy, several, and clients that put something before.
            (PROXY, &[(X, "203.0.113.1")], "203.0.113.1"),
            (
                PROXY,
                &[(X, "203.0.113.1, 10.2.2.2, 10.3.3.3")],
                "203.0.113.1",
            ),
            (PROXY, &[(X, "1.1.1.1, 203.0.113.1")], "203.0.113.1"),
            (
                PROXY,
                &[(X, "1.1.1.1, 203.0.113.1, 10.2.2.2")],
                "203.0.113.1",
            ),
            (PROXY, &[(X, "10.9.9.9, 203.0.113.1")], "203.0.113.1"),
            (PROXY, &[(X, "10.9.9.9")], "10.9.9.9"),
            (PROXY, &[(X, "1.1.1.1"), (X, "203.0.113.1")], "203.0.113.1"),
            // All forms of addresses.
            (PROXY, &[(X, "203.0.113.1:5555")], "203.0.113.1"),
            (PROXY, &[(X, "2001:db8::7")], "2001:db8::7"),
            (PROXY, &[(X, "[2001:db8::7]")], "2001:db8::7"),
            (PROXY, &[(X, "[2001:db8::7]:80")], "2001:db8::7"),
            (PROXY, &[(X, "::ffff:203.0.113.1")], "203.0.113.1"),
            (PROXY, &[(X, "203.0.113.1, ::ffff:10.2.2.2")], "203.0.113.1"),
            (
                "[::ffff:10.0.0.1]:443",
                &[(X, "203.0.113.1")],
                "203.0.113.1",
            ),
            (
                "[fd00::1]:443",
                &[(X, "203.0.113.1, fd00::2")],
                "203.0.113.1",
            ),
            // What can't be read ends the walk at the last that could.
            (PROXY, &[(X, "")], PROXY),
            (PROXY, &[(X, "unknown")], PROXY),
            (PROXY, &[(X, "203.0.113.1, garbage")], PROXY),
            (PROXY, &[(X, "203.0.113.1, garbage, 10.2.2.2")], "10.2.2.2"),
            (PROXY, &[(X, "203.0.113.1,")], PROXY),
            (PROXY, &[(X, "203.0.113.300")], PROXY),
            (PROXY, &[(X, "[203.0.113.1]")], PROXY),
            (PROXY, &[(X, "203.0.113.1 10.2.2.2")], PROXY),
            (PROXY, &[(X, "h\u{f6}st")], PROXY),
            // The standard's header.
            (PROXY, &[("forwarded", "for=203.0.113.1")], "203.0.113.1"),
            (
                PROXY,
                &[("forwarded", "proto=https;FOR=203.0.113.1; by=10.0.0.1")],
                "203.0.113.1",
            ),
            (
                PROXY,
                &[("forwarded", "for=1.1.1.1, for=203.0.113.1, for=10.2.2.2")],
                "203.0.113.1",
            ),
            (
                PROXY,
                &[("forwarded", "for=\"[2001:db8::7]:4711\"")],
                "2001:db8::7",
            ),
            (
                PROXY,
                &[("forwarded", "for=\"203.0.113.1:80\"")],
                "203.0.113.1",
            ),
            (
                PROXY,
                &[
                    ("forwarded", "for=1.1.1.1"),
                    ("forwarded", "for=203.0.113.1"),
                ],
                "203.0.113.1",
            ),
            (PROXY, &[("forwarded", "for=unknown")], PROXY),
            (
                PROXY,
                &[("forwarded", "for=203.0.113.1, for=_hidden")],
                PROXY,
            ),
            (
                PROXY,
                &[("forwarded", "for=203.0.113.1, proto=https")],
                PROXY,
            ),
            (
                PROXY,
                &[("forwarded", "for=203.0.113.1;for=1.1.1.1")],
                PROXY,
            ),
            (PROXY, &[("forwarded", "for=\"203.0.113.1")], PROXY),
            (
                PROXY,
                &[("forwarded", "for=\"1.1.1.1, for=203.0.113.1")],
                PROXY,
            ),
            (
                PROXY,
                &[("forwarded", "x=\"a,for=1.1.1.1\";for=203.0.113.1")],
                "203.0.113.1",
            ),
            (
                PROXY,
                &[("forwarded", "x=\"a\\\",for=1.1.1.1\";for=203.0.113.1")],
                "203.0.113.1",
            ),
            (PROXY, &[("forwarded", "nonsense")], PROXY),
            // Both: who passes on the client's own other header makes the two differ.
            (
                PROXY,
                &[(X, "203.0.113.1"), ("forwarded", "for=203.0.113.1")],
                "203.0.113.1",
            ),
            (
                PROXY,
                &[(X, "203.0.113.1"), ("forwarded", "for=1.1.1.1")],
                PROXY,
            ),
            (
                PROXY,
                &[(X, "203.0.113.1"), ("forwarded", "garbage")],
                PROXY,
            ),
        ];
        for (direct, headers, expected) in rows {
            assert_eq!(client(direct, headers), *expected, "{direct} {headers:?}");
        }
    }

    #[test]
    fn a_user_of_this_machine_is_nobody_elses_client() {
        let everyone = Proxies::new(vec!["0.0.0.0/0".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, "203.0.113.1".parse().unwrap());
        let user = ClientAddress::User(1000);
        assert_eq!(everyone.client(user, &headers), user);
        let none = Proxies::default();
        let direct = ClientAddress::Direct("127.0.0.1:9".parse().unwrap());
        assert_eq!(none.client(direct, &headers), direct);
    }
}
