//! Proving that a text is a token: the slow hash, computed as seldom as possible.
//!
//! The hash runs off the runtime, a few at a time, behind a bounded queue. Attempts with one text share one hash, and a
//! text that was proven is known again for a while, so a hundred clients that reconnect at once cost one hash.
//! This module must not know which tokens are in force.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::auth::jwt::JwtError;
use crate::auth::principal::Principal;
use crate::auth::store::Entry;
use crate::auth::token::{Token, TokenError, TokenId};

/// The most hashes at one time: each takes a core for tens of milliseconds, and 19 MiB. On a small machine there are
/// fewer, half as many as cores, so that the thread that serves clients has a core left.
const HASHES_AT_ONCE: usize = 4;
/// Different texts that may wait for a hash or be in one. It bounds the wait to about a second on one core.
const QUEUE: usize = 32;
/// How long a proven text is known again without a hash.
const PROVEN_LIFE: Duration = Duration::from_secs(300);

/// When it is worth to try again once there are too many texts to be checked.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// Why a token was not accepted.
///
/// [`AuthError::Unknown`], [`AuthError::Wrong`], [`AuthError::Expired`] and [`AuthError::Jwt`] read the same: the
/// difference is for logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The text is no token at all, or damaged.
    #[error(transparent)]
    Malformed(#[from] TokenError),
    /// No token in force has the id.
    #[error("the token is not valid: it is unknown, revoked or expired")]
    Unknown,
    /// The id is known, but the secret is another.
    #[error("the token is not valid: it is unknown, revoked or expired")]
    Wrong,
    /// It is a JWT that is not accepted.
    #[error("the token is not valid: it is unknown, revoked or expired")]
    Jwt(JwtError),
    /// The token's time is over.
    #[error("the token is not valid: it is unknown, revoked or expired")]
    Expired,
    /// The token is good, but the connection that it was to be used on is somebody else's.
    #[error(
        "this connection was authenticated as somebody else: connect again to use another token"
    )]
    OtherHolder,
    /// The ticket is none, is not good any more, or is for another page.
    #[error("the ticket is not valid: it is unknown, used, more than 30 s old, or of another page")]
    Ticket,
    /// The one-time code is none, or is not good any more.
    #[error("the code is not valid: it is unknown, used, or more than 5 minutes old")]
    Code,
    /// Too many texts wait to be checked.
    #[error("too many tokens are being checked: try again in a second")]
    Busy,
    /// Too many attempts failed before this one, which was not looked at.
    #[error("too many attempts failed: try again in {} s", .0.as_millis().div_ceil(1000))]
    Limited(Duration),
    /// The hash could not be computed.
    #[error("the token could not be checked: try again")]
    Failed,
}

impl AuthError {
    /// Whether the same text may be accepted later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.retry_after().is_some()
    }

    /// When the same text may be accepted, if it may.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy | Self::Failed => Some(BUSY_RETRY),
            Self::Limited(wait) => Some(*wait),
            Self::Malformed(_)
            | Self::Unknown
            | Self::Wrong
            | Self::Expired
            | Self::Jwt(_)
            | Self::OtherHolder
            | Self::Ticket
            | Self::Code => None,
        }
    }

    /// A word for logs and counters, which distinguishes what clients must not.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong_secret",
            Self::Expired => "expired",
            Self::Jwt(error) => error.reason(),
            Self::OtherHolder => "other_holder",
            Self::Ticket => "ticket",
            Self::Code => "code",
            Self::Busy => "busy",
            Self::Limited(_) => "limited",
            Self::Failed => "failed",
        }
    }
}

/// What was proven, and what is being proven.
pub(in crate::auth) struct Proofs {
    /// Of this process alone, so that what is kept of a proven text is worth nothing elsewhere.
    key: [u8; blake3::KEY_LEN],
    proven: Mutex<HashMap<TokenId, Proven>>,
    flights: Mutex<HashMap<blake3::Hash, watch::Receiver<Verdict>>>,
    queue: Arc<Semaphore>,
    hashes: Semaphore,
}

/// A text that was proven, under the keyed hash.
struct Proven {
    text: blake3::Hash,
    principal: Principal,
    until: Instant,
}

/// What a hash in progress came to; `None` until it is done.
type Verdict = Option<Result<Principal, AuthError>>;

impl Proofs {
    pub(in crate::auth) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; blake3::KEY_LEN];
        getrandom::fill(&mut key)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            key,
            proven: Mutex::default(),
            flights: Mutex::default(),
            queue: Arc::new(Semaphore::new(QUEUE)),
            hashes: Semaphore::new((cores / 2).clamp(1, HASHES_AT_ONCE)),
        })
    }

    /// Whether this very text was proven for the entry as it is now, however long ago. It takes no slow hash.
    pub(in crate::auth) fn was_proven(&self, token: &Token, entry: &Entry) -> bool {
        let text = self.text(token);
        self.known(entry, &text, |_| true)
    }

    /// The principal of an entry, if the token is the one that the entry was made for.
    pub(in crate::auth) async fn prove(
        self: &Arc<Self>,
        token: Token,
        entry: Entry,
    ) -> Result<Principal, AuthError> {
        let text = self.text(&token);
        if self.is_proven(&entry, &text, Instant::now()) {
            return Ok(entry.principal().clone());
        }
        let mut flight = self.flight(token, entry, text)?;
        let done = flight.wait_for(Option::is_some).await;
        let verdict = done.map_err(|_| AuthError::Failed)?.clone();
        verdict.unwrap_or(Err(AuthError::Failed))
    }

    /// Forgets whatever was proven, but for these principals.
    pub(in crate::auth) fn keep(&self, wanted: impl Fn(&Principal) -> bool) {
        lock(&self.proven).retain(|_, proven| wanted(&proven.principal));
    }

    /// What is kept of a text, and compared.
    fn text(&self, token: &Token) -> blake3::Hash {
        blake3::keyed_hash(&self.key, token.expose().as_bytes())
    }

    fn is_proven(&self, entry: &Entry, text: &blake3::Hash, now: Instant) -> bool {
        self.known(entry, text, |known| known.until > now)
    }

    fn known(&self, entry: &Entry, text: &blake3::Hash, fits: impl Fn(&Proven) -> bool) -> bool {
        let proven = lock(&self.proven);
        // `blake3::Hash` compares in constant time.
        proven.get(&entry.id()).is_some_and(|known| {
            known.text == *text && known.principal.is_same(entry.principal()) && fits(known)
        })
    }

    /// The hash of this text that is under way, or else a new one.
    ///
    /// A new one is a task of its own, so that it serves the others when the client that began it goes.
    fn flight(
        self: &Arc<Self>,
        token: Token,
        entry: Entry,
        text: blake3::Hash,
    ) -> Result<watch::Receiver<Verdict>, AuthError> {
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(&text) {
            return Ok(flight.clone());
        }
        let place = Arc::clone(&self.queue).try_acquire_owned();
        let place = place.map_err(|_| AuthError::Busy)?;
        let (sender, receiver) = watch::channel(None);
        flights.insert(text, receiver.clone());
        drop(flights);
        let flight = Flight {
            proofs: Arc::clone(self),
            text,
            sender,
            _place: place,
        };
        tokio::spawn(flight.run(token, entry));
        Ok(receiver)
    }

    fn remember(&self, text: blake3::Hash, entry: &Entry) {
        let principal = entry.principal().clone();
        let proven = Proven {
            text,
            principal,
            until: Instant::now() + PROVEN_LIFE,
        };
        lock(&self.proven).insert(entry.id(), proven);
    }
}

/// One hash, from its place in the queue to its verdict.
struct Flight {
    proofs: Arc<Proofs>,
    text: blake3::Hash,
    sender: watch::Sender<Verdict>,
    _place: OwnedSemaphorePermit,
}

impl Flight {
    async fn run(self, token: Token, entry: Entry) {
        let verdict = self.verdict(token, &entry).await;
        if verdict.is_ok() {
            self.proofs.remember(self.text, &entry);
        }
        // The caller may be gone.
        let _ = self.sender.send(Some(verdict));
    }

    async fn verdict(&self, token: Token, entry: &Entry) -> Result<Principal, AuthError> {
        let turn = self.proofs.hashes.acquire().await;
        let _turn = turn.map_err(|_| AuthError::Failed)?;
        let hash = entry.hash().clone();
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, token = %entry.id(), "a token could not be checked");
            AuthError::Failed
        };
        match spawn_blocking(move || hash.is_of(token.secret())).await {
            Ok(Ok(true)) => Ok(entry.principal().clone()),
            Ok(Ok(false)) => Err(AuthError::Wrong),
            Ok(Err(error)) => Err(failed(&error)),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Drop for Flight {
    /// Also when the task is dropped or panics, so that the text can be tried again.
    fn drop(&mut self) {
        lock(&self.proofs.flights).remove(&self.text);
    }
}

/// What the locks hold is whole after each statement, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use futures_util::future::join_all;

    use super::*;

    fn create() -> (Arc<Proofs>, Token, Entry) {
        let (token, entry) = Entry::generate("one", None);
        (Arc::new(Proofs::new().unwrap()), token, entry)
    }

    /// Leaves this many places in the queue as long as the answer lives.
    fn leave(proofs: &Proofs, places: u32) -> OwnedSemaphorePermit {
        let taken = u32::try_from(QUEUE).unwrap() - places;
        Arc::clone(&proofs.queue)
            .try_acquire_many_owned(taken)
            .unwrap()
    }

    #[tokio::test]
    async fn a_hundred_attempts_with_one_text_take_one_place_in_the_queue() {
        let (proofs, token, entry) = create();
        let _others = leave(&proofs, 1);
        let prove = || proofs.prove(token.clone(), entry.clone());
        // The first client goes before it has its answer.
        drop(futures_util::poll!(Box::pin(prove())));
        let verdicts = join_all((0..100).map(|_| prove())).await;
        assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    }

    #[tokio::test]
    async fn when_the_queue_is_full_a_new_text_is_put_off_and_a_proven_one_is_not() {
        let (proofs, token, entry) = create();
        proofs.prove(token.clone(), entry.clone()).await.unwrap();
        let _others = leave(&proofs, 0);
        let refused = proofs
            .prove(Token::generate_for(token.id()), entry.clone())
            .await;
        assert_eq!(refused, Err(AuthError::Busy));
        assert!(AuthError::Busy.is_retryable());
        assert!(proofs.prove(token, entry).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_proven_is_forgotten_in_time_and_on_request() {
        let (proofs, token, entry) = create();
        let text = blake3::keyed_hash(&proofs.key, token.expose().as_bytes());
        let known = |after| proofs.is_proven(&entry, &text, Instant::now() + after);
        proofs.prove(token, entry.clone()).await.unwrap();
        assert!(known(Duration::ZERO) && !known(PROVEN_LIFE));
        proofs.keep(|_| false);
        assert!(!known(Duration::ZERO));
    }
}
