//! The names under which a server is asked for, and the origins of pages, as browsers write both.
//!
//! Both are compared whole: a name that only ends like an allowed one, and an address in another notation, are others.
//! This module knows nothing of who may ask for what.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The longest text that is looked at, in bytes.
const MAX_LEN: usize = 300;

/// A host and perhaps a port: what a `Host` header says, or what may stand in one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    name: HostName,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum HostName {
    Address(IpAddr),
    /// In small letters.
    Name(Box<str>),
}

/// A text that is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no host: a name (in letters of ASCII) or an address, such as box.example, [::1] or 10.0.0.7:8765"
)]
pub struct NoHost;

impl Host {
    /// Whether the host is this machine for every client, and nobody's name servers can say otherwise.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.name {
            HostName::Address(address) => address.is_loopback(),
            HostName::Name(name) => &**name == "localhost",
        }
    }

    /// The address, if it is one and no name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.name {
            HostName::Address(address) => Some(address),
            HostName::Name(_) => None,
        }
    }

    /// The port, if it is named.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether a header that says `asked` asks for this host. One without a port stands for every port.
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        self.name == asked.name && (self.port.is_none() || self.port == asked.port)
    }
}

impl FromStr for Host {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        if text.len() > MAX_LEN {
            return Err(NoHost);
        }
        let (name, rest) = match text.strip_prefix('[') {
            Some(inner) => {
                let (address, rest) = inner.split_once(']').ok_or(NoHost)?;
                let address: Ipv6Addr = address.parse().map_err(|_| NoHost)?;
                let address = IpAddr::V6(address).to_canonical();
                (HostName::Address(address), rest)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                (host_name(&text[..end])?, &text[end..])
            }
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(number(port).ok_or(NoHost)?),
            None if rest.is_empty() => None,
            None => return Err(NoHost),
        };
        Ok(Self { name, port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            HostName::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            HostName::Address(IpAddr::V4(address)) => address.fmt(f)?,
            HostName::Name(name) => f.write_str(name)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// What a page is of: a scheme and a host. Two pages of one origin may do everything with each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Box<str>,
    /// Its port is there only if it is not the one that the scheme stands for.
    host: Host,
}

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no origin: a scheme and a host with nothing behind them, such as https://box.example or http://box.example:3000"
)]
pub struct NoOrigin;

impl Origin {
    /// Whether a page of this origin came from the server that `asked` names, which is asked encrypted if `secure`.
    #[must_use]
    pub fn is_of(&self, asked: &Host, secure: bool) -> bool {
        let served = if secure { "https" } else { "http" };
        &*self.scheme == served && self.host == without_usual_port(asked.clone(), &self.scheme)
    }
}

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let (scheme, host) = text.split_once("://").ok_or(NoOrigin)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(allowed) {
            return Err(NoOrigin);
        }
        let scheme = scheme.to_ascii_lowercase();
        let host = host.parse().map_err(|NoHost| NoOrigin)?;
        Ok(Self {
            host: without_usual_port(host, &scheme),
            scheme: scheme.into(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

fn without_usual_port(host: Host, scheme: &str) -> Host {
    let usual = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port = host.port.filter(|port| Some(*port) != usual);
    Host { port, ..host }
}

fn host_name(text: &str) -> Result<HostName, NoHost> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || !text.chars().all(allowed) {
        return Err(NoHost);
    }
    Ok(match text.parse() {
        Ok(address) => HostName::Address(address),
        Err(_) => HostName::Name(text.to_ascii_lowercase().into()),
    })
}

/// A port; without signs or anything else that a number could be written with.
fn number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn hosts_are_read_and_shown() {
        let rows = [
            ("localhost", Some("localhost"), true),
            ("LocalHost:8765", Some("localhost:8765"), true),
            ("127.0.0.1", Some("127.0.0.1"), true),
            ("127.9.9.9:1", Some("127.9.9.9:1"), true),
            ("[::1]:8765", Some("[::1]:8765"), true),
            ("[0:0:0:0:0:0:0:1]", Some("[::1]"), true),
            ("[::ffff:127.0.0.1]", Some("127.0.0.1"), true),
            ("box.example:80", Some("box.example:80"), false),
            ("localhost.", Some("localhost."), false),
            (
                "127.0.0.1.evil.example",
                Some("127.0.0.1.evil.example"),
                false,
            ),
            // Other notations of 127.0.0.1, which some would take for it.
            ("127.1", Some("127.1"), false),
            ("0x7f000001", Some("0x7f000001"), false),
            ("2130706433", Some("2130706433"), false),
            ("0.0.0.0", Some("0.0.0.0"), false),
            ("", None, false),
            (":80", None, false),
            ("box:", None, false),
            ("box:+1", None, false),
            ("box:65536", None, false),
            ("box:80:80", None, false),
            ("::1", None, false),
            ("[::1", None, false),
            ("[::1]80", None, false),
            ("[box]", None, false),
            ("[fe80::1%25eth0]", None, false),
            ("me@box", None, false),
            ("box/path", None, false),
            ("box box", None, false),
            ("b\u{fc}cher.example", None, false),
            ("box\r\n", None, false),
        ];
        for (text, shown, loopback) in rows {
            let found: Option<Host> = text.parse().ok();
            let is_loopback = found.as_ref().is_some_and(Host::is_loopback);
            let found = found.map(|host| host.to_string());
            assert_eq!(
                (found.as_deref(), is_loopback),
                (shown, loopback),
                "{text:?}"
            );
        }
        assert!("x".repeat(MAX_LEN + 1).parse::<Host>().is_err());
    }

    #[test]
    fn a_host_without_a_port_covers_every_port() {
        let rows = [
            ("box", "box:1", true),
            ("box", "BOX", true),
            ("box:1", "box:1", true),
            ("box:1", "box", false),
            ("box:1", "box:2", false),
            ("box", "box.example", false),
            ("box", "xbox", false),
            ("10.0.0.7", "10.0.0.7:9", true),
            ("10.0.0.7", "10.0.0.70", false),
        ];
        for (allowed, asked, expected) in rows {
            let (allowed, asked): (Host, Host) = (allowed.parse().unwrap(), asked.parse().unwrap());
            assert_eq!(allowed.covers(&asked), expected, "{allowed} for {asked}");
        }
    }

    #[test]
    fn origins_are_read_and_shown() {
        let rows = [
            ("https://box.example", Some("https://box.example")),
            ("HTTPS://Box.Example:443", Some("https://box.example")),
            ("http://box.example:80", Some("http://box.example")),
            ("https://box.example:80", Some("https://box.example:80")),
            ("http://[::1]:3000", Some("http://[::1]:3000")),
            (
                "chrome-extension://abcdef",
                Some("chrome-extension://abcdef"),
            ),
            ("null", None),
            ("", None),
            ("file://", None),
            ("https://", None),
            ("://box", None),
            ("1https://box", None),
            ("https:box", None),
            ("https://box/", None),
            ("https://box/path", None),
            ("https://me@box", None),
            ("https://a.example https://b.example", None),
            ("https://*.example", None),
        ];
        for (text, shown) in rows {
            let found = text.parse().map(|origin: Origin| origin.to_string());
            assert_eq!(found.ok().as_deref(), shown, "{text:?}");
        }
    }

    #[test]
    fn a_page_is_of_the_server_that_it_came_from() {
        let rows = [
            ("http://127.0.0.1:8765", "127.0.0.1:8765", false, true),
            ("http://LOCALHOST:8765", "localhost:8765", false, true),
            ("http://[::1]:8765", "[::1]:8765", false, true),
            ("http://box.example", "box.example", false, true),
            ("http://box.example", "box.example:80", false, true),
            ("https://box.example", "box.example", false, false),
            ("https://127.0.0.1:8765", "127.0.0.1:8765", false, false),
            ("https://127.0.0.1:8765", "127.0.0.1:8765", true, true),
            ("https://box.example", "box.example:443", true, true),
            ("http://box.example", "box.example", true, false),
            ("http://127.0.0.1:8766", "127.0.0.1:8765", false, false),
            ("http://127.0.0.1", "127.0.0.1:8765", false, false),
            ("http://localhost:8765", "127.0.0.1:8765", false, false),
            ("https://box.example", "box.example:80", false, false),
            ("https://evil.example", "box.example", false, false),
            (
                "https://box.example.evil.example",
                "box.example",
                false,
                false,
            ),
            ("chrome-extension://box", "box", false, false),
        ];
        for (origin, host, secure, expected) in rows {
            let (origin, host): (Origin, Host) = (origin.parse().unwrap(), host.parse().unwrap());
            assert_eq!(
                origin.is_of(&host, secure),
                expected,
                "{origin} at {host} {secure}"
            );
        }
    }
}
