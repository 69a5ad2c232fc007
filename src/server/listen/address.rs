//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where a client connects from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// The other end of the connection itself.
    Direct(SocketAddr),
    /// What a trusted proxy says of the client behind it.
    Forwarded(IpAddr),
    /// A user of this machine, by number, at the Unix socket.
    User(u32),
}

impl ClientAddress {
    /// The IP address, by which clients are limited; `None` for users of this machine. An IPv4-mapped address is
    /// IPv4, so that one client has one address whichever socket it comes to.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Direct(address) => Some(address.ip().to_canonical()),
            Self::Forwarded(ip) => Some(ip.to_canonical()),
            Self::User(_) => None,
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(address) => address.fmt(f),
            Self::Forwarded(ip) => ip.fmt(f),
            Self::User(number) => write!(f, "uid {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn addresses_are_shown_and_compared_as_ip() {
        let direct = |text: &str| ClientAddress::Direct(text.parse().unwrap());
        let rows = [
            (
                direct("192.0.2.7:50412"),
                "192.0.2.7:50412",
                Some("192.0.2.7"),
            ),
            (
                direct("[2001:db8::1]:9"),
                "[2001:db8::1]:9",
                Some("2001:db8::1"),
            ),
            (
                direct("[::ffff:192.0.2.7]:9"),
                "[::ffff:192.0.2.7]:9",
                Some("192.0.2.7"),
            ),
            (
                ClientAddress::Forwarded("198.51.100.4".parse().unwrap()),
                "198.51.100.4",
                Some("198.51.100.4"),
            ),
            (ClientAddress::User(1000), "uid 1000", None),
        ];
        for (address, shown, ip) in rows {
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.ip(), ip.map(|ip| ip.parse().unwrap()), "{shown}");
        }
    }
}
