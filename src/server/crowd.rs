//! Those who are connected and whom nobody has let in: so many at one time, shared among where they come from.
//!
//! There is always room for one more: somebody who waits has to go for it. That is the one who has waited longest, of the
//! address or the user with the most who wait. So a flood from one address, or from some, costs their own connections, and
//! who comes from the same address has the time that it takes to replace all of its connections to show a token. A connection
//! whose token is being checked is not closed meanwhile.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::listen::ClientAddress;

/// All who wait. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    most: usize,
    waiting: Arc<Mutex<Waiting>>,
}

/// Somebody's place among those who wait, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    number: u64,
    sent_away: CancellationToken,
}

/// Those who share their room. Loopback addresses are counted apart: only the user itself comes from all of them, and a
/// program that leaves its connections open is mostly at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Share {
    User(u32),
    V4(Ipv4Addr),
    /// The first half: anyone who has one address of it has all.
    V6(u64),
}

#[derive(Debug, Default)]
struct Waiting {
    come: u64,
    all: HashMap<u64, Member>,
    /// Of each share, those who may be sent away, by the order in which they came.
    shares: HashMap<Share, BTreeSet<u64>>,
    /// The shares by how many these are; of the same number, the one is last whose first came first.
    order: BTreeSet<(usize, Reverse<u64>, Share)>,
}

#[derive(Debug)]
struct Member {
    share: Share,
    is_checked: bool,
    sent_away: CancellationToken,
}

impl Crowd {
    /// Nobody as yet, and never more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Arc::default(),
        }
    }

    /// A place for who comes from there, and whether somebody had to go for it. There is none only if all who wait are
    /// being checked.
    pub(super) fn enter(&self, address: ClientAddress) -> Option<(Place, bool)> {
        let mut waiting = self.lock();
        let is_full = waiting.all.len() >= self.most;
        if is_full && !waiting.send_one_away() {
            return None;
        }
        let number = waiting.come;
        waiting.come += 1;
        let sent_away = CancellationToken::new();
        let share = Share::of(address);
        let member = Member {
            share,
            is_checked: false,
            sent_away: sent_away.clone(),
        };
        waiting.all.insert(number, member);
        waiting.change(share, |numbers| numbers.insert(number));
        let place = Place {
            crowd: self.clone(),
            number,
            sent_away,
        };
        Some((place, is_full))
    }

    /// What it holds is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Sends the one away who has waited longest, of the share with the most.
    fn send_one_away(&mut self) -> bool {
        let Some((_, Reverse(number), _)) = self.order.last().copied() else {
            return false;
        };
        if let Some(member) = self.leave(number) {
            member.sent_away.cancel();
        }
        true
    }

    fn leave(&mut self, number: u64) -> Option<Member> {
        let member = self.all.remove(&number)?;
        self.change(member.share, |numbers| numbers.remove(&number));
        Some(member)
    }

    /// Changes who of a share may be sent away, and its place in the order with it.
    fn change(&mut self, share: Share, change: impl FnOnce(&mut BTreeSet<u64>) -> bool) {
        let rank = |numbers: &BTreeSet<u64>| {
            let first = numbers.first().copied();
            first.map(|first| (numbers.len(), Reverse(first), share))
        };
        let numbers = self.shares.entry(share).or_default();
        let before = rank(numbers);
        change(numbers);
        let after = rank(numbers);
        if after.is_none() {
            self.shares.remove(&share);
        }
        if let Some(before) = before {
            self.order.remove(&before);
        }
        self.order.extend(after);
    }
}

impl Place {
    /// Cancelled when its holder has to go.
    pub(super) fn sent_away(&self) -> &CancellationToken {
        &self.sent_away
    }

    /// Its holder comes from elsewhere than it seemed, as a proxy says.
    pub(super) fn comes_from(&self, address: ClientAddress) {
        let share = Share::of(address);
        let mut waiting = self.crowd.lock();
        let Some(member) = waiting.all.get_mut(&self.number) else {
            return;
        };
        let before = std::mem::replace(&mut member.share, share);
        if !member.is_checked {
            waiting.change(before, |numbers| numbers.remove(&self.number));
            waiting.change(share, |numbers| numbers.insert(self.number));
        }
    }

    /// Whether what its holder shows is being checked just now.
    pub(super) fn set_checked(&self, is_checked: bool) {
        let mut waiting = self.crowd.lock();
        let Some(member) = waiting.all.get_mut(&self.number) else {
            return;
        };
        if std::mem::replace(&mut member.is_checked, is_checked) == is_checked {
            return;
        }
        let share = member.share;
        waiting.change(share, |numbers| {
            if is_checked {
                numbers.remove(&self.number)
            } else {
                numbers.insert(self.number)
            }
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().leave(self.number);
    }
}

impl Share {
    fn of(address: ClientAddress) -> Self {
        match (address, address.ip()) {
            (ClientAddress::User(number), _) => Self::User(number),
            (_, Some(IpAddr::V4(ip))) => Self::V4(ip),
            (_, Some(IpAddr::V6(ip))) => Self::V6((ip.to_bits() >> 64) as u64),
            (_, None) => Self::V4(Ipv4Addr::UNSPECIFIED),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn from(ip: &str) -> ClientAddress {
        ClientAddress::Forwarded(ip.parse().unwrap())
    }

    fn gone(places: &[Place]) -> Vec<bool> {
        let gone = places.iter().map(|place| place.sent_away().is_cancelled());
        gone.collect()
    }

    #[test]
    fn the_oldest_of_the_largest_share_goes_first() {
        let crowd = Crowd::new(4);
        let enter = |ip: &str| crowd.enter(from(ip)).unwrap();
        let come = ["192.0.2.1", "198.51.100.7", "192.0.2.1", "192.0.2.2"];
        let mut places: Vec<Place> = come.map(|ip| enter(ip).0).into();
        assert_eq!(gone(&places), [false; 4]);
        let (place, somebody_went) = enter("203.0.113.1");
        assert!(somebody_went);
        places.push(place);
        assert_eq!(gone(&places), [true, false, false, false, false]);
        // All have one now, so it is the oldest of all.
        places.push(enter("203.0.113.2").0);
        assert_eq!(gone(&places), [true, true, false, false, false, false]);
        // A connection that ends makes room.
        drop(places.remove(2));
        assert!(!enter("203.0.113.3").1);
    }

    #[test]
    fn a_flood_from_one_place_sends_its_own_away() {
        let crowd = Crowd::new(16);
        let quiet = [
            crowd.enter(from("2001:db8::1")).unwrap().0,
            crowd.enter(ClientAddress::User(7)).unwrap().0,
        ];
        let mut flood = Vec::new();
        for number in 0..1000 {
            let ip = ["127.0.0.2", "127.0.0.3", "127.0.0.4"][number % 3];
            flood.push(crowd.enter(from(ip)).unwrap().0);
        }
        assert_eq!(gone(&quiet), [false, false]);
        let left = gone(&flood).iter().filter(|gone| !**gone).count();
        assert_eq!(left, 14);
        assert_eq!(crowd.lock().all.len(), 16);
        drop(flood);
        drop(quiet);
        let waiting = crowd.lock();
        assert!(waiting.all.is_empty() && waiting.shares.is_empty() && waiting.order.is_empty());
    }

    #[test]
    fn who_is_being_checked_stays_and_a_proxy_says_who_it_is() {
        let crowd = Crowd::new(2);
        let enter = || crowd.enter(from("192.0.2.1"));
        let (checked, _) = enter().unwrap();
        checked.set_checked(true);
        let (other, _) = enter().unwrap();
        other.comes_from(from("192.0.2.9"));
        let (third, _) = enter().unwrap();
        assert!(!checked.sent_away().is_cancelled() && other.sent_away().is_cancelled());
        third.set_checked(true);
        assert!(enter().is_none());
        checked.set_checked(false);
        assert!(enter().is_some() && checked.sent_away().is_cancelled());
    }
}
