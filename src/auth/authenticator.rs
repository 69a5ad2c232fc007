//! Checking what clients present, and telling their connections when a token ends.
//!
//! The slow hash runs off the runtime, a few at a time, behind a bounded queue. Attempts with one text share one hash,
//! and a text that was proven is known again for a while, so a hundred clients that reconnect at once cost one hash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::auth::hash::HashError;
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
/// The longest sleep towards an expiry. The clock that sleeps are measured with stands still while a machine is
/// suspended, so a connection looks at the wall clock at least this often.
const EXPIRY_CHECK: Duration = Duration::from_secs(60);

/// Why a token was not accepted.
///
/// [`AuthError::Unknown`], [`AuthError::Wrong`] and [`AuthError::Expired`] read the same: the difference is for logs.
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
    /// The token's time is over.
    #[error("the token is not valid: it is unknown, revoked or expired")]
    Expired,
    /// Too many texts wait to be checked.
    #[error("too many tokens are being checked: try again in a second")]
    Busy,
    /// The hash could not be computed.
    #[error("the token could not be checked: try again")]
    Failed,
}

impl AuthError {
    /// Whether the same text may be accepted later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Failed)
    }

    /// A word for logs and counters, which tells apart what clients must not.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong_secret",
            Self::Expired => "expired",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

/// Why a connection that was authenticated has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The token is no longer in the store.
    Revoked,
    /// The token's time is over.
    Expired,
    /// The token is valid, but its rights or its secret changed: authenticating again gives the new ones.
    Changed,
}

/// Checks tokens against those in force. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Shared>);

struct Shared {
    in_force: watch::Sender<Arc<[Entry]>>,
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

impl Authenticator {
    /// An authenticator for these tokens, to be told of changes by [`Authenticator::replace`].
    ///
    /// # Errors
    /// The system's random generator doesn't answer.
    pub fn new(entries: Vec<Entry>) -> Result<Self, getrandom::Error> {
        let mut key = [0; blake3::KEY_LEN];
        getrandom::fill(&mut key)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self(Arc::new(Shared {
            in_force: watch::Sender::new(entries.into()),
            key,
            proven: Mutex::default(),
            flights: Mutex::default(),
            queue: Arc::new(Semaphore::new(QUEUE)),
            hashes: Semaphore::new((cores / 2).clamp(1, HASHES_AT_ONCE)),
        })))
    }

    /// The tokens in force, expired ones included, as they change.
    #[must_use]
    pub fn in_force(&self) -> watch::Receiver<Arc<[Entry]>> {
        self.0.in_force.subscribe()
    }

    /// Puts these tokens in force, and says whether that changed anything. Connections whose token went or changed
    /// learn it from [`Authenticator::ended`].
    pub fn replace(&self, entries: Vec<Entry>) -> bool {
        let changed = self.0.in_force.send_if_modified(|current| {
            if current[..] == entries[..] {
                return false;
            }
            // An entry that did not change stays the same object: that is how its holders know.
            let kept = |entry: Entry| {
                current
                    .iter()
                    .find(|old| **old == entry)
                    .cloned()
                    .unwrap_or(entry)
            };
            *current = entries.into_iter().map(kept).collect();
            true
        });
        let tokens = self.0.in_force.borrow().clone();
        lock(&self.0.proven).retain(|id, proven| holds(&tokens, *id, &proven.principal));
        changed
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// See [`AuthError`]. Only a text whose id is in force and whose checksum fits costs a hash.
    pub async fn verify(&self, text: &str) -> Result<Principal, AuthError> {
        let token = Token::parse(text)?;
        let entry = self.entry(token.id())?;
        let mac = self.fingerprint(&token);
        if self.is_proven(&entry, &mac) {
            return Ok(entry.principal().clone());
        }
        let mut flight = self.flight(token, &entry, mac)?;
        let verdict = flight
            .wait_for(Option::is_some)
            .await
            .map_err(|_| AuthError::Failed)?
            .clone();
        let principal = verdict.unwrap_or(Err(AuthError::Failed))?;
        // The token may have been revoked, or replaced, while it was hashed.
        if !self
            .entry(principal.token().ok_or(AuthError::Failed)?)?
            .principal()
            .is_same(&principal)
        {
            return Err(AuthError::Failed);
        }
        Ok(principal)
    }

    /// Waits until the principal's token is no longer what it was; for ever if it has none.
    ///
    /// A change between [`Authenticator::verify`] and the first poll is not missed.
    pub fn ended(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Ended> + Send + 'static + use<> {
        let mut tokens = self.0.in_force.subscribe();
        let principal = principal.clone();
        async move {
            loop {
                if let Some(ended) =
                    why_ended(&tokens.borrow_and_update(), &principal, Timestamp::now())
                {
                    return ended;
                }
                tokio::select! {
                    changed = tokens.changed() => if changed.is_err() {
                        // Nobody can revoke any more: the server is going.
                        std::future::pending::<()>().await;
                    },
                    () = expiry(&principal) => {}
                }
            }
        }
    }

    fn entry(&self, id: TokenId) -> Result<Entry, AuthError> {
        let tokens = self.0.in_force.borrow();
        let entry = tokens
            .iter()
            .find(|entry| entry.id() == id)
            .ok_or(AuthError::Unknown)?;
        if entry.is_expired(Timestamp::now()) {
            return Err(AuthError::Expired);
        }
        Ok(entry.clone())
    }

    fn fingerprint(&self, token: &Token) -> blake3::Hash {
        blake3::keyed_hash(&self.0.key, token.expose().as_bytes())
    }

    fn is_proven(&self, entry: &Entry, mac: &blake3::Hash) -> bool {
        let proven = lock(&self.0.proven);
        // `blake3::Hash` compares in constant time.
        proven.get(&entry.id()).is_some_and(|known| {
            known.text == *mac
                && known.until > Instant::now()
                && known.principal.is_same(entry.principal())
        })
    }

    /// The hash of this text that is under way, or else a new one.
    ///
    /// A new one is a task of its own, so that it serves the others when the client that began it goes.
    fn flight(
        &self,
        token: Token,
        entry: &Entry,
        mac: blake3::Hash,
    ) -> Result<watch::Receiver<Verdict>, AuthError> {
        let mut flights = lock(&self.0.flights);
        if let Some(flight) = flights.get(&mac) {
            return Ok(flight.clone());
        }
        let place = Arc::clone(&self.0.queue)
            .try_acquire_owned()
            .map_err(|_| AuthError::Busy)?;
        let (sender, receiver) = watch::channel(None);
        flights.insert(mac, receiver.clone());
        drop(flights);
        let flight = Flight {
            authenticator: self.clone(),
            mac,
            sender,
            _place: place,
        };
        tokio::spawn(flight.run(token, entry.clone()));
        Ok(receiver)
    }

    fn remember(&self, mac: blake3::Hash, principal: &Principal) {
        let Some(id) = principal.token() else { return };
        let proven = Proven {
            text: mac,
            principal: principal.clone(),
            until: Instant::now() + PROVEN_LIFE,
        };
        lock(&self.0.proven).insert(id, proven);
    }
}

/// One hash, from its place in the queue to its verdict.
struct Flight {
    authenticator: Authenticator,
    mac: blake3::Hash,
    sender: watch::Sender<Verdict>,
    _place: OwnedSemaphorePermit,
}

impl Flight {
    async fn run(self, token: Token, entry: Entry) {
        let verdict = self.verdict(token, &entry).await;
        if let Ok(principal) = &verdict {
            self.authenticator.remember(self.mac, principal);
        }
        // Whoever asked may be gone.
        let _ = self.sender.send(Some(verdict));
    }

    async fn verdict(&self, token: Token, entry: &Entry) -> Result<Principal, AuthError> {
        let _turn = self
            .authenticator
            .0
            .hashes
            .acquire()
            .await
            .map_err(|_| AuthError::Failed)?;
        let hash = entry.hash().clone();
        let hashed = tokio::task::spawn_blocking(move || hash.is_of(token.secret())).await;
        match hashed {
            Ok(Ok(true)) => Ok(entry.principal().clone()),
            Ok(Ok(false)) => Err(AuthError::Wrong),
            Ok(Err(HashError::Compute(error) | HashError::Form(error))) => {
                tracing::error!(%error, token = %entry.id(), "a token could not be checked");
                Err(AuthError::Failed)
            }
            Ok(Err(HashError::Foreign)) | Err(_) => Err(AuthError::Failed),
        }
    }
}

impl Drop for Flight {
    /// Also when the task is dropped or panics, so that the text can be tried again.
    fn drop(&mut self) {
        lock(&self.authenticator.0.flights).remove(&self.mac);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("tokens", &self.in_force.borrow().len())
            .finish_non_exhaustive()
    }
}

fn holds(tokens: &[Entry], id: TokenId, principal: &Principal) -> bool {
    tokens
        .iter()
        .any(|entry| entry.id() == id && entry.principal().is_same(principal))
}

fn why_ended(tokens: &[Entry], principal: &Principal, now: Timestamp) -> Option<Ended> {
    let id = principal.token()?;
    let Some(entry) = tokens.iter().find(|entry| entry.id() == id) else {
        return Some(Ended::Revoked);
    };
    if entry.is_expired(now) {
        return Some(Ended::Expired);
    }
    (!entry.principal().is_same(principal)).then_some(Ended::Changed)
}

/// Returns when the principal may have expired: no later than it does, unless it never does.
async fn expiry(principal: &Principal) {
    let Some(end) = principal.expires() else {
        return std::future::pending().await;
    };
    // A time that has passed gives an error here, and no sleep.
    let left = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
    tokio::time::sleep(left.min(EXPIRY_CHECK)).await;
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
    use crate::auth::principal::{Permission, Permissions, Scope};
    use crate::auth::store::{NewToken, TokenStore};

    fn create(name: &str, expires: Option<Timestamp>) -> (Token, Entry) {
        let folder = tempfile::tempdir().unwrap();
        let permissions = Permissions::up_to(Permission::Read);
        let new = NewToken {
            name: name.to_owned(),
            permissions,
            scope: Scope::all(),
            expires,
        };
        TokenStore::new(folder.path())
            .create(new, Timestamp::now())
            .unwrap()
    }

    #[tokio::test]
    async fn each_refusal_is_told_apart_for_logs_but_not_for_clients() {
        let (token, entry) = create("one", None);
        let authenticator = Authenticator::new(vec![entry]).unwrap();
        let text = token.expose();
        let forged = Token::generate_for(token.id()).expose();
        let unknown = Token::generate().unwrap().expose();
        assert_eq!(authenticator.verify(&text).await.unwrap().name(), "one");
        let rows = [
            ("", "malformed"),
            (&text[1..], "malformed"),
            (&forged, "wrong_secret"),
            (&forged, "wrong_secret"),
            (&unknown, "unknown"),
        ];
        for (text, reason) in rows {
            let refused = authenticator.verify(text).await.unwrap_err();
            assert_eq!(
                (refused.reason(), refused.is_retryable()),
                (reason, false),
                "{text:?}"
            );
        }
        assert_eq!(AuthError::Wrong.to_string(), AuthError::Unknown.to_string());
        assert_eq!(AuthError::Wrong.to_string(), AuthError::Expired.to_string());
    }

    #[tokio::test]
    async fn a_hundred_attempts_with_one_text_take_one_place_in_the_queue() {
        let (token, entry) = create("one", None);
        let authenticator = Authenticator::new(vec![entry]).unwrap();
        let _others = authenticator
            .0
            .queue
            .clone()
            .try_acquire_many_owned(QUEUE as u32 - 1)
            .unwrap();
        let text = token.expose();
        // The first client goes before it has its answer.
        drop(futures_util::poll!(Box::pin(authenticator.verify(&text))));
        let verdicts = join_all((0..100).map(|_| authenticator.verify(&text))).await;
        assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    }

    #[tokio::test]
    async fn when_the_queue_is_full_a_new_text_is_put_off_and_a_proven_one_is_not() {
        let (token, entry) = create("one", None);
        let authenticator = Authenticator::new(vec![entry]).unwrap();
        authenticator.verify(&token.expose()).await.unwrap();
        let _others = authenticator
            .0
            .queue
            .clone()
            .try_acquire_many_owned(QUEUE as u32)
            .unwrap();
        let refused = authenticator
            .verify(&Token::generate_for(token.id()).expose())
            .await;
        assert_eq!(refused, Err(AuthError::Busy));
        assert!(AuthError::Busy.is_retryable());
        assert!(authenticator.verify(&token.expose()).await.is_ok());
    }

    #[tokio::test]
    async fn a_revoked_token_is_refused_though_it_was_proven() {
        let (token, entry) = create("one", None);
        let authenticator = Authenticator::new(vec![entry.clone()]).unwrap();
        let text = token.expose();
        let principal = authenticator.verify(&text).await.unwrap();
        let ended = authenticator.ended(&principal);
        assert!(
            !authenticator.replace(vec![entry.clone()]),
            "the same tokens are no change"
        );
        assert!(authenticator.replace(Vec::new()));
        assert_eq!(ended.await, Ended::Revoked);
        assert_eq!(authenticator.verify(&text).await, Err(AuthError::Unknown));
        assert!(lock(&authenticator.0.proven).is_empty());
        // A token of the same id that comes back is not the one that the old connection was let in with.
        assert!(authenticator.replace(vec![entry]));
        assert!(authenticator.verify(&text).await.is_ok());
    }

    #[tokio::test]
    async fn a_token_whose_rights_change_ends_its_connections_and_no_others() {
        let ((one, mut entry), (two, other)) = (create("one", None), create("two", None));
        let authenticator = Authenticator::new(vec![entry.clone(), other.clone()]).unwrap();
        let changing = authenticator.verify(&one.expose()).await.unwrap();
        let staying = authenticator.verify(&two.expose()).await.unwrap();
        entry.grant(Permissions::up_to(Permission::Write));
        assert!(authenticator.replace(vec![other, entry]));
        assert_eq!(authenticator.ended(&changing).await, Ended::Changed);
        assert!(
            authenticator
                .verify(&one.expose())
                .await
                .unwrap()
                .may(Permission::Write)
        );
        assert!(futures_util::poll!(Box::pin(authenticator.ended(&staying))).is_pending());
    }

    #[tokio::test]
    async fn an_expiring_token_ends_its_connections_by_itself() {
        let end = Timestamp::now() + Duration::from_secs(1);
        let (token, entry) = create("brief", Some(end));
        let authenticator = Authenticator::new(vec![entry]).unwrap();
        let principal = authenticator.verify(&token.expose()).await.unwrap();
        assert_eq!(authenticator.ended(&principal).await, Ended::Expired);
        assert!(Timestamp::now() >= end);
        assert_eq!(
            authenticator.verify(&token.expose()).await,
            Err(AuthError::Expired)
        );
    }

    #[tokio::test]
    async fn without_authentication_nothing_ends() {
        let authenticator = Authenticator::new(Vec::new()).unwrap();
        let ended = authenticator.ended(&Principal::unrestricted());
        assert!(futures_util::poll!(Box::pin(ended)).is_pending());
    }

    #[tokio::test]
    async fn no_secret_is_in_the_debug_text() {
        let (token, entry) = create("one", None);
        let authenticator = Authenticator::new(vec![entry.clone()]).unwrap();
        let text = format!("{authenticator:?} {entry:?} {token:?}");
        let secret = token.expose();
        for part in [secret.split('_').nth(2).unwrap(), &entry.hash().to_string()] {
            assert!(!text.contains(part), "{text}");
        }
    }
}
