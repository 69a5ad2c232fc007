//! Who has failed too often, and when they may try again: asked before any slow work. No IO, and time is a parameter.
//!
//! Each address, and each token, has so many failures to spend; one comes back after each recovery time. A caller that has
//! none left gets the time to come back, and that costs nothing but this lookup.
//!
//! Attempts against one token from many addresses must not lock its holder out. So an address that owes nothing has a
//! try at a token that others attack; and a text that was proven before is not asked about here at all.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::auth::token::TokenId;

/// Addresses, and tokens, that are kept apart at one time. What comes beyond shares one account, so that memory is
/// bounded and forgetting somebody is not for the one who fails to bring about.
const MAX_ACCOUNTS: usize = 8192;
/// The most that anybody can owe, as a multiple of what may fail in a row. Attempts that are judged at one time are
/// all charged afterwards, and must not shut an address out for hours.
const MOST_OWED: u32 = 4;
/// How often those that owe nothing are looked for, at the most: it takes a look at each.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How many attempts may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Failures in a row, of one address or against one token.
    pub failures: u32,
    /// After this time one failure is forgiven.
    pub recovery: Duration,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self {
            failures: 20,
            recovery: Duration::from_secs(3),
        }
    }
}

/// Where an attempt comes from, as far as limits tell addresses apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::auth) struct Caller(Option<IpAddr>);

impl Caller {
    /// The caller at an address; `None` for a caller without one, at a Unix socket. Of an IPv6 address the
    /// first 64 bits count, since anyone who has one has all of these.
    pub(in crate::auth) fn new(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        }))
    }
}

/// The failures of all callers, and against all tokens.
#[derive(Debug)]
pub(in crate::auth) struct Attempts {
    limits: AttemptLimits,
    callers: Accounts<Caller>,
    tokens: Accounts<TokenId>,
}

impl Attempts {
    pub(in crate::auth) fn new(limits: AttemptLimits) -> Self {
        Self {
            limits,
            callers: Accounts::new(),
            tokens: Accounts::new(),
        }
    }

    /// Whether a caller may try, against this token if it is one.
    ///
    /// # Errors
    /// After this time it may.
    pub(in crate::auth) fn check(
        &self,
        caller: Caller,
        token: Option<TokenId>,
        now: Instant,
    ) -> Result<(), Duration> {
        self.callers.check(&caller, self.limits, now)?;
        match token {
            Some(token) if self.callers.owes(&caller, now) => {
                self.tokens.check(&token, self.limits, now)
            }
            _ => Ok(()),
        }
    }

    /// An attempt failed.
    pub(in crate::auth) fn failed(&mut self, caller: Caller, token: Option<TokenId>, now: Instant) {
        self.callers.charge(caller, self.limits, now);
        if let Some(token) = token {
            self.tokens.charge(token, self.limits, now);
        }
    }
}

/// What each owes: the time at which all of its failures are forgiven.
#[derive(Debug)]
struct Accounts<K> {
    each: HashMap<K, Instant>,
    /// Of those that have no account of their own.
    others: Option<Instant>,
    swept: Option<Instant>,
}

impl<K: Eq + Hash> Accounts<K> {
    fn new() -> Self {
        Self {
            each: HashMap::new(),
            others: None,
            swept: None,
        }
    }

    fn check(&self, key: &K, limits: AttemptLimits, now: Instant) -> Result<(), Duration> {
        let debt = self.debt(key, now);
        // One more failure has to fit.
        let most = limits.recovery * limits.failures.saturating_sub(1);
        debt.checked_sub(most)
            .filter(|wait| !wait.is_zero())
            .map_or(Ok(()), Err)
    }

    fn owes(&self, key: &K, now: Instant) -> bool {
        !self.debt(key, now).is_zero()
    }

    fn charge(&mut self, key: K, limits: AttemptLimits, now: Instant) {
        let most = now + limits.recovery * limits.failures.saturating_mul(MOST_OWED);
        let later = |until: Option<Instant>| {
            let until = until.map_or(now, |until| until.max(now));
            (until + limits.recovery).min(most)
        };
        if !self.each.contains_key(&key) && !self.has_room(now) {
            self.others = Some(later(self.others));
            return;
        }
        let until = self.each.get(&key).copied();
        self.each.insert(key, later(until));
    }

    /// How long it takes until all is forgiven.
    fn debt(&self, key: &K, now: Instant) -> Duration {
        let is_full = self.each.len() >= MAX_ACCOUNTS;
        let until = self
            .each
            .get(key)
            .or_else(|| self.others.as_ref().filter(|_| is_full));
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    fn has_room(&mut self, now: Instant) -> bool {
        if self.each.len() < MAX_ACCOUNTS {
            return true;
        }
        if self
            .swept
            .is_none_or(|last| now.duration_since(last) >= SWEEP_INTERVAL)
        {
            self.swept = Some(now);
            self.each.retain(|_, until| *until > now);
        }
        self.each.len() < MAX_ACCOUNTS
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const LIMITS: AttemptLimits = AttemptLimits {
        failures: 3,
        recovery: Duration::from_secs(10),
    };

    fn caller(text: &str) -> Caller {
        Caller::new(Some(text.parse().unwrap()))
    }

    fn token(number: u8) -> TokenId {
        TokenId::from_bytes([number; 5])
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn an_address_that_fails_too_often_waits_for_one_failure_to_be_forgiven() {
        let mut attempts = Attempts::new(LIMITS);
        let (start, one) = (Instant::now(), caller("192.0.2.1"));
        for second in 0..3 {
            let now = start + seconds(second);
            assert_eq!(attempts.check(one, None, now), Ok(()), "{second}");
            attempts.failed(one, None, now);
        }
        // Three failures are forgiven at 30 s, so there is room for a fourth at 10 s.
        let rows = [(2, Err(seconds(8))), (9, Err(seconds(1))), (10, Ok(()))];
        for (second, expected) in rows {
            let found = attempts.check(one, None, start + seconds(second));
            assert_eq!(found, expected, "at {second} s");
        }
        assert_eq!(attempts.check(caller("192.0.2.2"), None, start), Ok(()));
        attempts.failed(one, None, start + seconds(10));
        let found = attempts.check(one, None, start + seconds(10));
        assert_eq!(
            found,
            Err(seconds(10)),
            "what is forgiven is not all forgiven"
        );
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let rows = [
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ];
        for (one, other, same) in rows {
            assert_eq!(caller(one) == caller(other), same, "{one} {other}");
        }
        assert_eq!(Caller::new(None), Caller::new(None));
    }

    #[test]
    fn a_token_that_is_attacked_is_shut_to_those_that_fail_and_open_to_others() {
        let mut attempts = Attempts::new(LIMITS);
        let now = Instant::now();
        // Each of the attackers fails once, so it is the token's account that runs out.
        let attackers = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(caller);
        for attacker in attackers {
            attempts.failed(attacker, Some(token(1)), now);
        }
        for attacker in attackers {
            assert!(attempts.check(attacker, Some(token(1)), now).is_err());
            assert_eq!(attempts.check(attacker, Some(token(2)), now), Ok(()));
        }
        assert_eq!(
            attempts.check(caller("192.0.2.9"), Some(token(1)), now),
            Ok(())
        );
    }

    #[test]
    fn memory_is_bounded_and_nobody_is_forgotten_by_force() {
        let mut attempts = Attempts::new(LIMITS);
        let now = Instant::now();
        let owner = caller("192.0.2.1");
        for _ in 0..3 {
            attempts.failed(owner, None, now);
        }
        let address = |number: u32| Caller::new(Some(IpAddr::V4(number.into())));
        for number in 0..20_000 {
            attempts.failed(address(number), None, now);
        }
        assert_eq!(attempts.callers.each.len(), MAX_ACCOUNTS);
        assert!(attempts.check(owner, None, now).is_err());
        assert!(attempts.check(address(19_999), None, now).is_err());
        // Once they owe nothing they go, and make room for an account of one's own.
        let later = now + seconds(1_000_000);
        attempts.failed(address(19_999), None, later);
        assert_eq!(attempts.callers.each.len(), 1);
        assert_eq!(attempts.check(owner, None, later), Ok(()));
    }

    #[test]
    fn many_failures_at_one_time_are_forgiven_in_time() {
        let mut attempts = Attempts::new(LIMITS);
        let (now, one) = (Instant::now(), caller("192.0.2.1"));
        for _ in 0..1000 {
            attempts.failed(one, None, now);
        }
        assert_eq!(attempts.check(one, None, now), Err(seconds(100)));
        assert_eq!(attempts.check(one, None, now + seconds(100)), Ok(()));
    }

    #[test]
    fn one_failure_may_be_all_that_is_allowed() {
        let limits = AttemptLimits {
            failures: 1,
            ..LIMITS
        };
        let mut attempts = Attempts::new(limits);
        let (now, one) = (Instant::now(), caller("192.0.2.1"));
        assert_eq!(attempts.check(one, None, now), Ok(()));
        attempts.failed(one, None, now);
        assert_eq!(attempts.check(one, None, now), Err(seconds(10)));
        assert_eq!(attempts.check(one, None, now + seconds(10)), Ok(()));
    }
}
