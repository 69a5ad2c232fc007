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
use crate::bridge::{Composed, EmitError, InputError};
use crate::ids::{PaneId, Seq};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(60);
/// Keys that are kept at one time, of all clients together. It bounds memory to about a megabyte.
const MAX_KEYS: usize = 4096;

/// The result of typing; for prompts and answers, what has come of them.
pub(super) type Typed = Result<Option<Box<Composed>>, InputError>;

/// The result of emitting: the place of the last event.
pub(super) type Emitted = Result<Seq, EmitError>;

/// The keys in use for what is typed into panes.
pub(super) type TypedRepeats = Repeats<PaneId, Typed>;

/// The keys in use for what is emitted.
pub(super) type EmittedRepeats = Repeats<(), Emitted>;

/// What a request with a key came to.
pub(super) trait Outcome: Clone {
    /// Whether nothing can have been done, so that the key is free again.
    fn is_harmless(&self) -> bool;
    /// What is said when nobody knows.
    fn unknown() -> Self;
}

impl Outcome for Typed {
    fn is_harmless(&self) -> bool {
        match self {
            Ok(Some(composed)) => composed.result.is_err() && composed.left.is_none(),
            Ok(None)
            | Err(InputError::LinkLost | InputError::Tmux(_) | InputError::Partly { .. }) => false,
            Err(_) => true,
        }
    }

    fn unknown() -> Self {
        Err(InputError::LinkLost)
    }
}

impl Outcome for Emitted {
    fn is_harmless(&self) -> bool {
        !matches!(self, Ok(_) | Err(EmitError::Ended))
    }

    fn unknown() -> Self {
        Err(EmitError::Ended)
    }
}

/// The keys in use, each with what its request was about. Cheap to clone; all clones are one.
#[derive(Debug)]
pub(super) struct Repeats<A, O>(Arc<Mutex<HashMap<Key, Use<A, O>>>>);

impl<A, O> Clone for Repeats<A, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A, O> Default for Repeats<A, O> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    owner: Source,
    text: String,
}

#[derive(Debug)]
struct Use<A, O> {
    /// Of the whole request, to notice a key that is used for another.
    fingerprint: u64,
    about: A,
    until: Instant,
    outcome: watch::Receiver<Option<O>>,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) enum Known<A, O> {
    /// It was used for this request.
    Repeated(Earlier<A, O>),
    /// It was used for another request.
    Conflict,
    /// It is new.
    New,
}

/// The answer of the first request, as soon as there is one.
#[derive(Debug)]
pub(super) struct Earlier<A, O> {
    pub(super) about: A,
    outcome: watch::Receiver<Option<O>>,
}

/// Too many keys are in use.
#[derive(Debug)]
pub(super) struct TooManyKeys;

/// The duty to report the result of the first request.
#[derive(Debug)]
pub(super) struct Slot<A, O> {
    repeats: Repeats<A, O>,
    key: Key,
    outcome: watch::Sender<Option<O>>,
}

impl<A: Copy, O: Outcome> Repeats<A, O> {
    /// What is known of a key of this principal's.
    pub(super) fn look_up(
        &self,
        owner: &Principal,
        key: &str,
        request: &impl Hash,
        now: Instant,
    ) -> Known<A, O> {
        let key = Key {
            owner: owner.source().clone(),
            text: key.to_owned(),
        };
        match self.lock().get(&key).filter(|known| known.until > now) {
            None => Known::New,
            Some(known) if known.fingerprint != fingerprint(request) => Known::Conflict,
            Some(known) => Known::Repeated(Earlier {
                about: known.about,
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
        about: A,
        now: Instant,
    ) -> Result<Slot<A, O>, TooManyKeys> {
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
            about,
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
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Use<A, O>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Copy, O: Outcome> Slot<A, O> {
    /// Reports the result. If nothing can have been done, the key is free again.
    pub(super) fn finish(self, outcome: O) {
        if outcome.is_harmless()
            && let Entry::Occupied(known) = self.repeats.lock().entry(self.key.clone())
        {
            known.remove();
        }
        self.outcome.send_replace(Some(outcome));
    }
}

impl<A, O: Outcome> Earlier<A, O> {
    /// The first answer. If the one that was to give it is gone, nobody knows the result.
    pub(super) async fn outcome(mut self) -> O {
        let known = self.outcome.wait_for(Option::is_some).await.ok();
        known
            .and_then(|outcome| outcome.clone())
            .unwrap_or_else(O::unknown)
    }
}

fn fingerprint(request: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}
