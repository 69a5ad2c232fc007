//! How many connections each holder of a token has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::{Principal, Source};

/// The connections of all holders. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Holders {
    most: usize,
    connections: Arc<Mutex<HashMap<Source, usize>>>,
}

/// A connection that counts for its holder as long as it lives.
#[derive(Debug)]
pub(super) struct HeldLimits {
    holders: Holders,
    source: Source,
}

impl Holders {
    /// No more than so many for each.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            connections: Arc::default(),
        }
    }

    /// Counts a connection, if its holder may have another one. Who has no token is bounded by the user or the address.
    pub(super) fn admit(&self, principal: &Principal) -> Result<Option<HeldLimits>, TooMany> {
        let source = principal.source();
        if matches!(source, Source::Local(_) | Source::Nobody) {
            return Ok(None);
        }
        let mut connections = self.lock();
        let count = connections.get(source).copied().unwrap_or_default();
        if count >= self.most {
            return Err(TooMany);
        }
        connections.insert(source.clone(), count + 1);
        Ok(Some(HeldLimits {
            holders: self.clone(),
            source: source.clone(),
        }))
    }

    /// What it holds is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<Source, usize>> {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The holder has as many connections as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

impl Drop for HeldLimits {
    fn drop(&mut self) {
        let mut connections = self.holders.lock();
        if let Some(count) = connections.get_mut(&self.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                connections.remove(&self.source);
            }
        }
    }
}
