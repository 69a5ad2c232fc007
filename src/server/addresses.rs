//! Who connects from where, and how often: bounds for each address, so that one of them can't take all the room.
//!
//! Of IPv6 a whole /64 counts as one address, since anyone who has one has all of it. All loopback addresses are one too,
//! and each user at the Unix socket is: they share a machine, often a proxy, and so have bounds of their own.
//! Time is a parameter.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bucket::{Bucket, Rate};
use super::listen::ClientAddress;

/// The most addresses that are remembered. Each is forgotten when it has no connection and its rate has recovered.
const MOST: usize = 65_536;
/// How often those to be forgotten are looked for, at the most.
const SWEEP: Duration = Duration::from_secs(1);

/// What one address may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressLimits {
    /// Connections at one time.
    pub connections: usize,
    /// New connections.
    pub rate: Rate,
}

/// Why an address gets no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crowded {
    /// It has as many as it may have.
    Connections,
    /// They come too quickly.
    Rate,
    /// There are too many addresses.
    Addresses,
}

impl Crowded {
    /// A word for the metrics.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Connections => "address",
            Self::Rate => "address_rate",
            Self::Addresses => "addresses",
        }
    }
}

/// All addresses that are connected or were a moment ago. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Addresses(Arc<AddressesInner>);

#[derive(Debug)]
struct AddressesInner {
    remote: AddressLimits,
    local: AddressLimits,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    usages: HashMap<Key, Usage>,
    swept_at: Option<Instant>,
}

/// What counts as one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Loopback,
    User(u32),
    V4(Ipv4Addr),
    /// The first half.
    V6(u64),
}

#[derive(Debug)]
struct Usage {
    connections: usize,
    rate: Bucket,
}

/// A connection that counts for its address as long as it lives.
#[derive(Debug)]
pub(super) struct Guest {
    addresses: Addresses,
    key: Key,
}

impl Addresses {
    pub(super) fn new(remote: AddressLimits, local: AddressLimits) -> Self {
        Self(Arc::new(AddressesInner {
            remote,
            local,
            known: Mutex::default(),
        }))
    }

    /// Counts a connection, if its address may have another one.
    pub(super) fn admit(&self, address: ClientAddress, now: Instant) -> Result<Guest, Crowded> {
        let key = Key::of(address);
        let limits = match key {
            Key::Loopback | Key::User(_) => self.0.local,
            Key::V4(_) | Key::V6(_) => self.0.remote,
        };
        let mut known = self.lock();
        known.make_room(now);
        let is_full = known.usages.len() >= MOST;
        let usage = match known.usages.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if is_full => return Err(Crowded::Addresses),
            Entry::Vacant(entry) => entry.insert(Usage {
                connections: 0,
                rate: Bucket::new(now),
            }),
        };
        if usage.connections >= limits.connections {
            return Err(Crowded::Connections);
        }
        let paid = usage.rate.take(limits.rate, 1, now);
        paid.map_err(|_| Crowded::Rate)?;
        usage.connections += 1;
        Ok(Guest {
            addresses: self.clone(),
            key,
        })
    }

    /// What it holds is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Forgets what has no effect any more, once there is much of it.
    fn make_room(&mut self, now: Instant) {
        let was_swept = |at: Instant| now.saturating_duration_since(at) < SWEEP;
        if self.usages.len() < MOST / 2 || self.swept_at.is_some_and(was_swept) {
            return;
        }
        self.swept_at = Some(now);
        self.usages
            .retain(|_, usage| usage.connections > 0 || !usage.rate.is_full(now));
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut known = self.addresses.lock();
        if let Some(usage) = known.usages.get_mut(&self.key) {
            usage.connections = usage.connections.saturating_sub(1);
        }
    }
}

impl Key {
    fn of(address: ClientAddress) -> Self {
        let user = |address| match address {
            ClientAddress::User(number) => Self::User(number),
            ClientAddress::Direct(_) | ClientAddress::Forwarded(_) => Self::Loopback,
        };
        match address.ip() {
            None => user(address),
            Some(ip) if ip.is_loopback() => Self::Loopback,
            Some(IpAddr::V4(ip)) => Self::V4(ip),
            Some(IpAddr::V6(ip)) => Self::V6((ip.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::net::{Ipv6Addr, SocketAddr};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn limits(connections: usize, per_second: u64, burst: u64) -> AddressLimits {
        let rate = Rate { per_second, burst };
        AddressLimits { connections, rate }
    }

    fn direct(ip: &str) -> ClientAddress {
        ClientAddress::Direct(SocketAddr::new(ip.parse().unwrap(), 50_000))
    }

    fn forwarded(ip: &str) -> ClientAddress {
        ClientAddress::Forwarded(ip.parse().unwrap())
    }

    #[test]
    fn what_counts_as_one_address_shares_its_room() {
        let rows = [
            (direct("192.0.2.1"), direct("192.0.2.1"), true),
            (direct("192.0.2.1"), forwarded("192.0.2.1"), true),
            (direct("192.0.2.1"), direct("::ffff:192.0.2.1"), true),
            (direct("192.0.2.1"), direct("192.0.2.2"), false),
            (
                direct("2001:db8:0:1::1"),
                direct("2001:db8:0:1:ffff::9"),
                true,
            ),
            (direct("2001:db8:0:1::1"), direct("2001:db8:0:2::1"), false),
            (direct("127.0.0.1"), direct("127.0.0.2"), true),
            (direct("127.0.0.1"), direct("::1"), true),
            (ClientAddress::User(1), ClientAddress::User(1), true),
            (ClientAddress::User(1), ClientAddress::User(2), false),
            (ClientAddress::User(1), direct("127.0.0.1"), false),
        ];
        let now = Instant::now();
        for (one, other, shared) in rows {
            let few = limits(1, 100, 100);
            let addresses = Addresses::new(few, few);
            let first = addresses.admit(one, now).unwrap();
            let second = addresses.admit(other, now).map(|_| ());
            let expected = if shared {
                Err(Crowded::Connections)
            } else {
                Ok(())
            };
            assert_eq!(second, expected, "{one} and {other}");
            // A connection that ends makes room.
            drop(first);
            assert!(addresses.admit(other, now).is_ok(), "{one} and {other}");
        }
    }

    #[test]
    fn new_connections_come_at_a_rate_and_loopback_has_its_own() {
        let addresses = Addresses::new(limits(1000, 10, 3), limits(1000, 10, 8));
        let start = Instant::now();
        for (address, burst) in [(direct("192.0.2.1"), 3), (direct("127.0.0.1"), 8)] {
            let come = |at: u32| addresses.admit(address, start + at * MS).map(|_| ());
            for _ in 0..burst {
                assert_eq!(come(0), Ok(()), "{address}");
            }
            assert_eq!(come(99), Err(Crowded::Rate), "{address}");
            assert_eq!(come(100), Ok(()), "{address}");
            assert_eq!(come(100), Err(Crowded::Rate), "{address}");
        }
    }

    #[test]
    fn addresses_are_forgotten_and_bounded() {
        let addresses = Addresses::new(limits(10, 1, 1), limits(10, 1, 1));
        let start = Instant::now();
        let address = |number: usize| {
            let ip = Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) | ((number as u128) << 64));
            ClientAddress::Forwarded(ip.into())
        };
        let stays = addresses.admit(address(0), start).unwrap();
        for number in 1..MOST {
            assert!(addresses.admit(address(number), start).is_ok(), "{number}");
        }
        let more = |at| addresses.admit(address(MOST), at).map(|_| ());
        assert_eq!(more(start), Err(Crowded::Addresses));
        assert_eq!(more(start + 2000 * MS), Ok(()));
        // Only the one that is there and the new one are known now.
        assert_eq!(addresses.lock().usages.len(), 2);
        drop(stays);
    }
}
