//! One-time tickets: what a page presents in place of a token that it must not hold.
//!
//! A page can't add headers to a WebSocket, and what stands in an address ends up in logs. So anyone who has the token asks
//! for a ticket first, and the page presents that: it is good for half a minute, once, and from one origin.
//! Time is a parameter, and what is kept of a ticket is worth nothing elsewhere: its hash.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;

use crate::auth::Principal;
use crate::site::Origin;

/// How long a ticket is good.
pub(super) const LIFE: Duration = Duration::from_secs(30);
/// Random bytes of a ticket.
const BYTES: usize = 32;
/// The part of all tickets that one principal may have outstanding.
const SHARE: usize = 8;

/// Why there is no ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoTicket {
    /// The principal, or all together, have too many that nobody has used yet.
    #[error("too many tickets wait to be used: try again in {} seconds", LIFE.as_secs())]
    TooMany,
    /// The system has no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
}

/// The tickets that nobody has used yet.
pub(super) struct Tickets {
    issued: Mutex<HashMap<blake3::Hash, Issued>>,
    most: usize,
}

struct Issued {
    principal: Principal,
    /// The page that it is for; `None` for what is no browser.
    origin: Option<Origin>,
    until: Instant,
}

impl Tickets {
    /// None as yet, and never more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self {
            issued: Mutex::default(),
            most,
        }
    }

    /// A new ticket for a principal, to be presented by a page of this origin, or from no page if there is none.
    pub(super) fn issue(
        &self,
        principal: Principal,
        origin: Option<Origin>,
        now: Instant,
    ) -> Result<String, NoTicket> {
        let mut secret = [0; BYTES];
        getrandom::fill(&mut secret)?;
        let ticket = BASE64URL_NOPAD.encode(&secret);
        let mut issued = self.lock();
        issued.retain(|_, other| now < other.until);
        let own = issued.values().filter(|other| other.principal == principal);
        if issued.len() >= self.most || own.count() >= self.most.div_ceil(SHARE) {
            return Err(NoTicket::TooMany);
        }
        let until = now + LIFE;
        issued.insert(
            blake3::hash(ticket.as_bytes()),
            Issued {
                principal,
                origin,
                until,
            },
        );
        Ok(ticket)
    }

    /// Whose ticket this is. Whatever the result, it is used up.
    pub(super) fn redeem(
        &self,
        ticket: &str,
        origin: Option<&Origin>,
        now: Instant,
    ) -> Option<Principal> {
        let found = self.lock().remove(&blake3::hash(ticket.as_bytes()))?;
        let fits = now < found.until && found.origin.as_ref() == origin;
        fits.then_some(found.principal)
    }

    /// What it holds is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<blake3::Hash, Issued>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets")
            .field("issued", &self.lock().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::HashSet;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn origin(text: &str) -> Option<Origin> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn whose(found: Option<Principal>) -> Option<String> {
        found.map(|principal| principal.name().to_owned())
    }

    #[test]
    fn a_ticket_is_good_once_in_time_and_from_its_page() {
        let (page, other) = ("https://dash.example", "https://evil.example");
        let rows = [
            (page, page, Duration::ZERO, true),
            (page, page, LIFE - MS, true),
            (page, page, LIFE, false),
            (page, other, MS, false),
            (page, "", MS, false),
            ("", page, MS, false),
            ("", "", MS, true),
        ];
        for (asked, presented, after, expected) in rows {
            let (tickets, now) = (Tickets::new(8), Instant::now());
            let me = Principal::local(1000, "me");
            let ticket = tickets.issue(me, origin(asked), now).unwrap();
            let redeem = || tickets.redeem(&ticket, origin(presented).as_ref(), now + after);
            let shown = format!("{asked} {presented} {after:?}");
            let expected = expected.then(|| "me".to_owned());
            assert_eq!(whose(redeem()), expected, "{shown}");
            // From wherever it was presented, it is used up.
            let again = tickets.redeem(&ticket, origin(asked).as_ref(), now);
            assert_eq!(whose(again), None, "{shown}");
        }
    }

    #[test]
    fn tickets_are_bounded_for_each_and_for_all() {
        let (tickets, now) = (Tickets::new(2 * SHARE), Instant::now());
        let issue = |who: usize, at| {
            let name = format!("user-{who}");
            let number = u32::try_from(who).unwrap();
            tickets
                .issue(Principal::local(number, &name), None, at)
                .is_ok()
        };
        for who in 0..SHARE {
            let found = [0, 1, 2].map(|_| issue(who, now));
            assert_eq!(found, [true, true, false], "{who}");
        }
        assert!(!issue(SHARE, now), "more than all together may have");
        assert!(issue(SHARE, now + LIFE), "the old ones are forgotten");
        assert_eq!(tickets.lock().len(), 1);
    }

    #[test]
    fn a_ticket_can_neither_be_guessed_nor_read_from_what_is_kept() {
        let (tickets, now) = (Tickets::new(1024), Instant::now());
        let issue = |_| {
            let me = Principal::unrestricted();
            tickets.issue(me, None, now).unwrap()
        };
        let all: HashSet<String> = (0..100).map(issue).collect();
        assert_eq!(all.len(), 100);
        for ticket in &all {
            assert_eq!(BASE64URL_NOPAD.decode(ticket.as_bytes()).unwrap().len(), 32);
            assert!(!format!("{tickets:?}").contains(&**ticket));
        }
        for guess in ["", "x", &"A".repeat(43)] {
            assert_eq!(whose(tickets.redeem(guess, None, now)), None);
        }
    }
}
