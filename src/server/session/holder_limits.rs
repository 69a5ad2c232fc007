//! How much each holder of a token may ask for over HTTP: as much as by one connection, over all that it asks by.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ConnectionLimits;
use super::limits::Allowance;
use crate::auth::{Principal, Source};

/// Holders of tokens of whom it is known at one time how much they have asked for. Those who have asked for nothing for a while
/// don't count.
const MOST_HOLDERS: usize = 4096;

/// The wait of a holder for whom there is no room.
const NO_ROOM: Duration = Duration::from_secs(1);

/// What is left of what each holder may ask for. Those who need no token have one allowance together.
#[derive(Debug, Default)]
pub(in crate::server) struct HolderAllowances(Mutex<HashMap<Source, Allowance>>);

impl HolderAllowances {
    /// Takes a request of so many bytes from what is left.
    ///
    /// # Errors
    /// It is too much: the limit, and the time to wait.
    pub(in crate::server) fn take(
        &self,
        principal: &Principal,
        limits: &ConnectionLimits,
        bytes: usize,
        now: Instant,
    ) -> Result<(), (&'static str, Duration)> {
        let source = principal.source();
        // What the lock guards is whole after each statement.
        let mut holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.len() >= MOST_HOLDERS && !holders.contains_key(source) {
            holders.retain(|_, left| !left.is_full(now));
            if holders.len() >= MOST_HOLDERS {
                return Err(("messages", NO_ROOM));
            }
        }
        let left = holders.entry(source.clone());
        let left = left.or_insert_with(|| Allowance::new(now));
        left.ask(limits, bytes as u64, now)
    }
}
