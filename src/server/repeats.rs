//! Requests with a key are carried out once: anyone who repeats one within a minute gets the first one's answer.
//!
//! A client that lost its connection can't know whether its keys were typed. It comes back, asks again with the same
//! key, and nothing is typed twice. So the keys outlive connections; they belong to the token that used them.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::auth::{Principal, Source};
use crate::bridge::InputError;
use crate::ids::PaneId;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(60);
/// Keys that are kept at one time, of all clients together. It bounds memory to about a megabyte.
const MAX_KEYS: usize = 4096;

/// The result of typing.
pub(super) type Typed = Result<(), InputError>;

/// The keys in use. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats(Arc<Mutex<HashMap<Key, Use>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    owner: Source,
    text: String,
}

#[derive(Debug)]
struct Use {
    /// Of the whole request, to notice a key that is used for another.
    fingerprint: u64,
    pane: PaneId,
    until: Instant,
    outcome: watch::Receiver<Option<Typed>>,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) enum Known {
    /// It was used for this request.
    Repeated(Earlier),
    /// It was used for another request.
    Conflict,
    /// It is new.
    New,
}

/// The answer of the first request, as soon as there is one.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) pane: PaneId,
    outcome: watch::Receiver<Option<Typed>>,
}

/// Too many keys are in use.
#[derive(Debug)]
pub(super) struct TooManyKeys;

/// The duty to report the result of the first request.
#[derive(Debug)]
pub(super) struct Slot {
    repeats: Repeats,
    key: Key,
    outcome: watch::Sender<Option<Typed>>,
}

impl Repeats {
    /// What is known of a key of this principal's.
    pub(super) fn look_up(
        &self,
        owner: &Principal,
        key: &str,
        request: &impl Hash,
        now: Instant,
    ) -> Known {
        let key = Key {
            owner: owner.source().clone(),
            text: key.to_owned(),
        };
        match self.lock().get(&key).filter(|known| known.until > now) {
            None => Known::New,
            Some(known) if known.fingerprint != fingerprint(request) => Known::Conflict,
            Some(known) => Known::Repeated(Earlier {
                pane: known.pane,
                outcome: known.outcome.clone(),
            }),
        }
    }

    /// Puts a new key to use.
    pub(super) fn begin(
        &self,
        owner: &Principal,
        key: &str,
        request: &impl Hash,
        pane: PaneId,
        now: Instant,
    ) -> Result<Slot, TooManyKeys> {
        let key = Key {
            owner: owner.source().clone(),
            text: key.to_owned(),
        };
        let mut keys = self.lock();
        if keys.len() >= MAX_KEYS {
            keys.retain(|_, known| known.until > now);
            if keys.len() >= MAX_KEYS {
                return Err(TooManyKeys);
            }
        }
        let (outcome, receiver) = watch::channel(None);
        let known = Use {
            fingerprint: fingerprint(request),
            pane,
            until: now + KEPT,
            outcome: receiver,
        };
        keys.insert(key.clone(), known);
        drop(keys);
        Ok(Slot {
            repeats: self.clone(),
            key,
            outcome,
        })
    }

    /// What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Reports the result. If nothing can have been typed, the key is free again.
    pub(super) fn finish(self, outcome: Typed) {
        let harmless = match &outcome {
            Ok(())
            | Err(InputError::LinkLost | InputError::Tmux(_) | InputError::Partly { .. }) => false,
            Err(_) => true,
        };
        if harmless && let Entry::Occupied(known) = self.repeats.lock().entry(self.key.clone()) {
            known.remove();
        }
        self.outcome.send_replace(Some(outcome));
    }
}

impl Earlier {
    /// The first answer. If the one that was to give it is gone, nobody knows the result.
    pub(super) async fn outcome(mut self) -> Typed {
        let known = self.outcome.wait_for(Option::is_some).await.ok();
        known
            .and_then(|outcome| outcome.clone())
            .unwrap_or(Err(InputError::LinkLost))
    }
}

fn fingerprint(request: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}
