//! Which requests are looked at at all: those that ask for this server by a name that is its own, and that no foreign
//! page makes.
//!
//! A page that a user opens anywhere could reach a server on the user's own machine. Browsers say which page it is: in
//! `Origin`, which a page can't forge. A program that is no browser sends none, and needs a token all the same.
//! `Origin` alone is not enough: a foreign name that its owner makes lead here (DNS rebinding) is its own origin. So
//! `Host` has to be a name that nobody else can point here.

use std::net::IpAddr;

use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use super::refused::Refused;
use super::rules::Origins;
use super::secrets;
use crate::site::{Host, Origin};

/// The names and the pages that are let in.
#[derive(Debug)]
pub(super) struct Gate {
    listen: IpAddr,
    hosts: Vec<Host>,
    origins: Vec<Origin>,
}

/// Who makes a request, as far as it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Visitor {
    /// What it asks for this server as.
    pub(super) host: Option<Host>,
    /// The origin of the page; `None` for what is no browser.
    pub(super) origin: Option<Origin>,
    /// Whether that page came from this server, as it is asked for now.
    pub(super) is_own_page: bool,
}

const NO_HOST: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "no_host",
    "say in one Host header which server is asked for\n",
);
const FOREIGN_HOST: Refused = Refused::new(
    StatusCode::MISDIRECTED_REQUEST,
    "host",
    "this server has another name than it was asked for by; if the name is right, add it to \
              security.allowed_hosts\n",
);
const FOREIGN_ORIGIN: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "origin",
    "pages of this origin may not connect; if they should, add the origin to security.allowed_origins\n",
);
const TOKEN_IN_ADDRESS: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "token_in_address",
    "a token is never taken from an address, which ends up in logs and histories: send it as \"Authorization: \
              Bearer\", in the first message, or ask POST /api/ticket for a ticket; and revoke this one\n",
);

impl Gate {
    /// A gate for a server that listens on this address.
    pub(super) fn new(listen: IpAddr, hosts: Vec<Host>, origins: Vec<Origin>) -> Self {
        Self {
            listen: listen.to_canonical(),
            hosts,
            origins,
        }
    }

    /// Looks at the head of a request, which came encrypted or not, for a route that these pages may ask for.
    pub(super) fn admit(
        &self,
        head: &Parts,
        secure: bool,
        origins: Origins,
    ) -> Result<Visitor, Refused> {
        let host = asked_for(head)?;
        if !self.is_own(&host) {
            return Err(FOREIGN_HOST);
        }
        let mut is_own_page = false;
        let origin = match single(&head.headers, &ORIGIN) {
            None => None,
            // An origin that is no text, or none of ours to read, is as bad as a foreign one.
            Some(text) => {
                let origin: Option<Origin> = text.and_then(|text| text.parse().ok());
                let is_listed = |origin: &Origin| {
                    origins == Origins::OwnAndListed && self.origins.contains(origin)
                };
                let origin = origin.ok_or(FOREIGN_ORIGIN)?;
                is_own_page = origin.is_of(&host, secure);
                if !is_own_page && !is_listed(&origin) {
                    return Err(FOREIGN_ORIGIN);
                }
                Some(origin)
            }
        };
        if secrets::stand_in(&head.uri) {
            return Err(TOKEN_IN_ADDRESS);
        }
        Ok(Visitor {
            host: Some(host),
            origin,
            is_own_page,
        })
    }

    /// Whether a name leads here by nobody's will but that of this machine's owner.
    ///
    /// Who listens on all addresses is asked for by any of them: a browser that names an address connects to it, so
    /// there is nothing that somebody else's name server could say.
    fn is_own(&self, host: &Host) -> bool {
        let by_address = host
            .address()
            .is_some_and(|address| address == self.listen || self.listen.is_unspecified());
        host.is_loopback() || by_address || self.hosts.iter().any(|own| own.covers(host))
    }
}

/// The server that a request asks for. An address that is given whole must say the same as the header.
fn asked_for(head: &Parts) -> Result<Host, Refused> {
    let host = single(&head.headers, &HOST).flatten().ok_or(NO_HOST)?;
    let in_address = head.uri.authority().map(|authority| authority.as_str());
    if in_address.is_some_and(|authority| !authority.eq_ignore_ascii_case(host)) {
        return Err(NO_HOST);
    }
    host.parse().map_err(|_| FOREIGN_HOST)
}

/// A header's value: none if it is not there, and none within if it is there twice or is no text.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(first.to_str().ok().filter(|_| values.next().is_none()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::http::Request;

    use super::*;

    fn gate(listen: &str) -> Gate {
        let hosts = ["box.example", "fixed.example:443"].map(|host| host.parse().unwrap());
        let origins = ["https://dash.example", "http://box.example:3000"];
        let origins = origins.map(|origin| origin.parse().unwrap());
        Gate::new(listen.parse().unwrap(), hosts.into(), origins.into())
    }

    fn admitted(
        gate: &Gate,
        address: &str,
        headers: &[(&str, &str)],
    ) -> Result<Option<String>, &'static str> {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let visitor = gate.admit(&head, false, Origins::OwnAndListed);
        let origin = visitor.map(|visitor| visitor.origin.map(|origin| origin.to_string()));
        origin.map_err(|refused| refused.reason)
    }

    #[test]
    fn hosts_are_looked_at_with_and_without_an_origin() {
        let rows = [
            ("127.0.0.1", "127.0.0.1:8765", true),
            ("127.0.0.1", "localhost:9", true),
            ("127.0.0.1", "[::1]", true),
            ("127.0.0.1", "box.example", true),
            ("127.0.0.1", "BOX.example:8765", true),
            ("127.0.0.1", "fixed.example:443", true),
            ("127.0.0.1", "fixed.example", false),
            ("127.0.0.1", "evil.example", false),
            ("127.0.0.1", "box.example.evil.example", false),
            ("127.0.0.1", "127.0.0.1.evil.example", false),
            ("127.0.0.1", "10.0.0.7:8765", false),
            ("127.0.0.1", "b\u{f6}x.example", false),
            ("10.0.0.7", "10.0.0.7:8765", true),
            ("10.0.0.7", "10.0.0.8:8765", false),
            ("::ffff:10.0.0.7", "10.0.0.7", true),
            ("0.0.0.0", "10.0.0.8:8765", true),
            ("0.0.0.0", "evil.example", false),
            ("::", "[2001:db8::1]:8765", true),
        ];
        for (listen, host, expected) in rows {
            let gate = gate(listen);
            let own = format!("http://{host}");
            for headers in [&[("host", host)][..], &[("host", host), ("origin", &own)]] {
                let found = admitted(&gate, "/", headers).map(|_| ());
                let refused = if host.is_ascii() { "host" } else { "no_host" };
                let expected = if expected { Ok(()) } else { Err(refused) };
                assert_eq!(found, expected, "{headers:?} at {listen}");
            }
        }
    }

    #[test]
    fn one_host_is_named_and_the_same_everywhere() {
        let rows: [(&str, &[(&str, &str)], _); 6] = [
            ("/", &[], Err("no_host")),
            (
                "/",
                &[("host", "localhost"), ("host", "localhost")],
                Err("no_host"),
            ),
            ("http://localhost/", &[("host", "localhost")], Ok(None)),
            (
                "http://evil.example/",
                &[("host", "localhost")],
                Err("no_host"),
            ),
            (
                "http://localhost/",
                &[("host", "evil.example")],
                Err("no_host"),
            ),
            (
                "http://evil.example/",
                &[("host", "evil.example")],
                Err("host"),
            ),
        ];
        for (address, headers, expected) in rows {
            assert_eq!(
                admitted(&gate("127.0.0.1"), address, headers),
                expected,
                "{address} {headers:?}"
            );
        }
    }

    #[test]
    fn pages_are_the_own_ones_or_listed() {
        let rows = [
            ("http://127.0.0.1:8765", "127.0.0.1:8765", true),
            ("https://box.example", "box.example", false),
            ("https://127.0.0.1:8765", "127.0.0.1:8765", false),
            ("https://localhost:8765", "localhost:8765", false),
            ("https://[::1]:8765", "[::1]:8765", false),
            ("https://dash.example", "127.0.0.1:8765", true),
            ("https://dash.example:443", "127.0.0.1:8765", true),
            ("http://box.example:3000", "127.0.0.1:8765", true),
            ("http://dash.example", "127.0.0.1:8765", false),
            ("https://dash.example:8443", "127.0.0.1:8765", false),
            ("https://dash.example.evil.example", "127.0.0.1:8765", false),
            ("https://sub.dash.example", "127.0.0.1:8765", false),
            ("http://box.example:3001", "box.example:3000", false),
            ("http://127.0.0.1:8766", "127.0.0.1:8765", false),
            ("http://localhost:8765", "127.0.0.1:8765", false),
            ("https://evil.example", "127.0.0.1:8765", false),
            ("null", "127.0.0.1:8765", false),
            ("file://", "127.0.0.1:8765", false),
            ("", "127.0.0.1:8765", false),
        ];
        for (origin, host, expected) in rows {
            let found = admitted(
                &gate("127.0.0.1"),
                "/",
                &[("host", host), ("origin", origin)],
            );
            assert_eq!(found.is_ok(), expected, "{origin} at {host}: {found:?}");
            assert!(
                expected || found == Err("origin"),
                "{origin} at {host}: {found:?}"
            );
        }
        let two = [
            ("host", "localhost"),
            ("origin", "http://localhost"),
            ("origin", "http://localhost"),
        ];
        assert_eq!(admitted(&gate("127.0.0.1"), "/", &two), Err("origin"));
    }
}
