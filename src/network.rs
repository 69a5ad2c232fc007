//! Networks of IP addresses, as `192.0.2.0/24`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many bits count.
    prefix: u8,
}

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a network is an IP address, or one with the number of bits that count, such as 10.0.0.0/8 or fd00::/8"
)]
pub struct NetworkError;

impl Network {
    /// Whether an address is one of its. An IPv4-mapped address is one of IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other) = (self.address, address.to_canonical());
        own.is_ipv4() == other.is_ipv4() && bits(own, self.prefix) == bits(other, self.prefix)
    }

    /// Whether all of its addresses are of this machine alone.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let enough = if self.address.is_ipv4() { 8 } else { 128 };
        self.address.is_loopback() && self.prefix >= enough
    }
}

/// The first bits of an address, as a number whose other bits are zero.
fn bits(address: IpAddr, prefix: u8) -> u128 {
    let (whole, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    match u32::from(width - prefix.min(width)) {
        128 => 0,
        rest => whole >> rest << rest,
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            // "+8" is a number to Rust.
            Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
                digits.parse().map_err(|_| NetworkError)?
            }
            Some(_) => return Err(NetworkError),
            None => width,
        };
        let address = match (address.to_canonical(), address) {
            (IpAddr::V4(_), IpAddr::V6(_)) => return Err(NetworkError),
            _ => address,
        };
        // Bits behind the prefix would be taken for a mistake of one or the other, so they are none.
        let whole = bits(address, width);
        if prefix > width || bits(address, prefix) != whole {
            return Err(NetworkError);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = if self.address.is_ipv4() { 32 } else { 128 };
        self.address.fmt(f)?;
        if self.prefix < width {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

/// All addresses of the loopback interface.
pub const LOOPBACK: [Network; 2] = [
    Network {
        address: IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 0)),
        prefix: 8,
    },
    Network {
        address: IpAddr::V6(Ipv6Addr::LOCALHOST),
        prefix: 128,
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn networks_are_read_as_they_are_shown() {
        let good = [
            "10.0.0.0/8",
            "192.0.2.7",
            "0.0.0.0/0",
            "::/0",
            "fd00::/8",
            "2001:db8::1",
        ];
        for text in good {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        let one: Network = "192.0.2.7/32".parse().unwrap();
        assert_eq!(one.to_string(), "192.0.2.7");
        let bad = [
            "",
            "x",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "::1/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0/8",
            "::ffff:10.0.0.1",
            "fe80::1%eth0",
            "10.0.0.0/8/8",
        ];
        for text in bad {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn addresses_are_in_their_networks() {
        let rows = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/8", "::10.1.1.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.9", false),
            ("2001:db8::/33", "2001:db8:7fff::", true),
            ("2001:db8::/33", "2001:db8:8000::", false),
        ];
        for (network, address, expected) in rows {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(
                parsed.contains(address.parse().unwrap()),
                expected,
                "{address} in {network}"
            );
        }
    }

    #[test]
    fn loopback_is_distinguished_from_the_rest() {
        let rows = [
            ("127.0.0.0/8", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("126.0.0.0/7", false),
            ("0.0.0.0/0", false),
            ("10.0.0.0/8", false),
        ];
        for (text, expected) in rows {
            assert_eq!(
                text.parse::<Network>().unwrap().is_loopback(),
                expected,
                "{text}"
            );
        }
        assert!(LOOPBACK.iter().all(Network::is_loopback));
    }
}
