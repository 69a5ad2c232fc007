//! Checking what clients present against the tokens in force, and reporting to connections when their token ends.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::auth::attempts::{AttemptLimits, Attempts, Caller};
use crate::auth::codes::{CodeHolder, CodeStore};
use crate::auth::jwt::{Jwt, KeySet};
use crate::auth::key_print::KeyPrint;
use crate::auth::principal::Principal;
use crate::auth::proof::{AuthError, Proofs};
use crate::auth::store::Entry;
use crate::auth::token::{Token, TokenId};

/// The longest sleep towards an expiry. The clock that sleeps are measured with stands still while a machine is
/// suspended, and the wall clock may be set, so a connection whose token expires looks at it at least this often.
const EXPIRY_CHECK: Duration = Duration::from_secs(4);

/// Why a connection that was authenticated has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The token is no longer in the store.
    Revoked,
    /// The token's time is over.
    Expired,
    /// The token is valid, but its rights or its secret changed: authenticating again gives the new ones.
    Changed,
    /// The browser that the connection is of has left, or was made to.
    SignedOut,
}

/// Checks tokens against those in force. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<AuthenticatorInner>);

struct AuthenticatorInner {
    in_force: watch::Sender<Arc<[Entry]>>,
    proofs: Arc<Proofs>,
    jwt: Option<Jwt>,
    codes: Option<CodeStore>,
    attempts: Mutex<Attempts>,
}

/// What an [`Authenticator`] goes by besides tokens.
#[derive(Debug, Clone, Default)]
pub struct AuthSettings {
    /// How many attempts may fail.
    pub attempts: AttemptLimits,
    /// What checks JWTs; `None` accepts none.
    pub jwt: Option<Jwt>,
    /// Where one-time codes are kept; `None` accepts none.
    pub codes: Option<CodeStore>,
}

impl Authenticator {
    /// An authenticator for these tokens, which learns of changes by [`Authenticator::replace`].
    ///
    /// # Errors
    /// The system's random generator doesn't answer.
    pub fn new(entries: Vec<Entry>, settings: AuthSettings) -> Result<Self, getrandom::Error> {
        Ok(Self(Arc::new(AuthenticatorInner {
            in_force: watch::Sender::new(entries.into()),
            proofs: Arc::new(Proofs::new()?),
            jwt: settings.jwt,
            codes: settings.codes,
            attempts: Mutex::new(Attempts::new(settings.attempts)),
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
        self.0.proofs.keep(|principal| holds(&tokens, principal));
        changed
    }

    /// Whose token this is, which came from this address if from any.
    ///
    /// # Errors
    /// See [`AuthError`]. Only a text whose id is in force and whose checksum fits costs a hash, and that only while
    /// not too many attempts have failed. A text that was proven before is never refused for what others did.
    pub async fn verify(
        &self,
        text: &str,
        address: Option<IpAddr>,
    ) -> Result<Principal, AuthError> {
        self.judge(text, Caller::new(address), false).await
    }

    /// The same, on a connection that was let in as `held`: it may go on as nobody else.
    ///
    /// # Errors
    /// As for [`Authenticator::verify`], and the token is another holder's.
    pub async fn renew(
        &self,
        held: &Principal,
        text: &str,
        address: Option<IpAddr>,
    ) -> Result<Principal, AuthError> {
        let principal = self.judge(text, Caller::new(address), true).await?;
        if principal.source() != held.source() {
            return Err(AuthError::OtherHolder);
        }
        Ok(principal)
    }

    /// As whom this one-time code lets in, which came from this address if from any. It is used up.
    ///
    /// # Errors
    /// See [`AuthError`]. Failures count as those with tokens do.
    pub async fn redeem(
        &self,
        code: &str,
        address: Option<IpAddr>,
    ) -> Result<Principal, AuthError> {
        let caller = Caller::new(address);
        self.check(caller, None)?;
        let verdict = match self.take(code.to_owned()).await {
            Ok(Some(CodeHolder::Local)) => Ok(Principal::this_user()),
            Ok(Some(CodeHolder::Token(id))) => {
                self.entry(id).map(|entry| entry.principal().clone())
            }
            Ok(None) => Err(AuthError::Code),
            Err(error) => Err(error),
        };
        if verdict.as_ref().is_err_and(|error| !error.is_retryable()) {
            self.attempts().failed(caller, None, now());
        }
        verdict
    }

    async fn take(&self, code: String) -> Result<Option<CodeHolder>, AuthError> {
        let Some(codes) = self.0.codes.clone() else {
            return Ok(None);
        };
        let taken = spawn_blocking(move || codes.take(&code, Timestamp::now())).await;
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "a one-time code could not be looked up");
            AuthError::Failed
        };
        taken
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))
    }

    async fn judge(&self, text: &str, caller: Caller, is_in: bool) -> Result<Principal, AuthError> {
        let (verdict, id) = match self.jwt_for(text) {
            Some(jwt) => {
                // A holder who is let in already must not lose its connection for what others at its address do.
                if !is_in {
                    self.check(caller, None)?;
                }
                (
                    jwt.verify(text, Timestamp::now()).map_err(AuthError::Jwt),
                    None,
                )
            }
            None => {
                let found = self.look_up(text);
                let id = found.as_ref().ok().map(|(entry, _)| entry.id());
                let proven = |(entry, token): &_| self.0.proofs.was_proven(token, entry);
                if !found.as_ref().is_ok_and(proven) {
                    self.check(caller, id)?;
                }
                let verdict = match found {
                    Ok((entry, token)) => self.prove(token, entry).await,
                    Err(error) => Err(error),
                };
                (verdict, id)
            }
        };
        if verdict.as_ref().is_err_and(|error| !error.is_retryable()) {
            self.attempts().failed(caller, id, now());
        }
        verdict
    }

    /// What checks a text that is no token by its first letters, if JWTs are accepted.
    fn jwt_for(&self, text: &str) -> Option<&Jwt> {
        let jwt = self.0.jwt.as_ref();
        jwt.filter(|_| !text.starts_with(Token::PREFIX))
    }

    /// The token that a text spells, and its entry.
    fn look_up(&self, text: &str) -> Result<(Entry, Token), AuthError> {
        let token = Token::parse(text)?;
        Ok((self.entry(token.id())?, token))
    }

    fn check(&self, caller: Caller, id: Option<TokenId>) -> Result<(), AuthError> {
        let allowed = self.attempts().check(caller, id, now());
        allowed.map_err(AuthError::Limited)
    }

    async fn prove(&self, token: Token, entry: Entry) -> Result<Principal, AuthError> {
        let id = token.id();
        let principal = self.0.proofs.prove(token, entry).await?;
        // The token may have been revoked, or replaced, while it was hashed.
        if !self.entry(id)?.principal().is_same(&principal) {
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
        let tokens = self.0.in_force.subscribe();
        let keys = self.0.jwt.as_ref().map(Jwt::in_force);
        let principal = principal.clone();
        async move {
            match (principal.key(), keys) {
                (Some(key), Some(keys)) => {
                    let is_gone = |keys: &Arc<KeySet>| (!keys.holds(key)).then_some(Ended::Revoked);
                    until(keys, &principal, is_gone).await
                }
                _ => until(tokens, &principal, |tokens| why_ended(tokens, &principal)).await,
            }
        }
    }

    /// The holder of a token as it is now; nothing if it is revoked or expired.
    #[must_use]
    pub fn holder_of(&self, id: TokenId) -> Option<Principal> {
        self.entry(id).ok().map(|entry| entry.principal().clone())
    }

    /// Whether JWTs are accepted that are signed with this key.
    pub(in crate::auth) fn accepts_key(&self, key: KeyPrint) -> bool {
        let keys = self.0.jwt.as_ref().map(Jwt::in_force);
        keys.is_some_and(|keys| keys.borrow().holds(key))
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        let attempts = self.0.attempts.lock();
        // What the lock holds is whole after each statement, so a panic elsewhere leaves it usable.
        attempts.unwrap_or_else(PoisonError::into_inner)
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
}

impl std::fmt::Debug for AuthenticatorInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticatorInner")
            .field("tokens", &self.in_force.borrow().len())
            .finish_non_exhaustive()
    }
}

/// The time, as tests may set it.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn holds(tokens: &[Entry], principal: &Principal) -> bool {
    tokens
        .iter()
        .any(|entry| entry.principal().is_same(principal))
}

/// Waits until a principal's time is over, or what is in force says that it ended.
async fn until<T>(
    mut in_force: watch::Receiver<T>,
    principal: &Principal,
    why_ended: impl Fn(&T) -> Option<Ended>,
) -> Ended {
    loop {
        if let Some(ended) = why_ended(&in_force.borrow_and_update()) {
            return ended;
        }
        if principal
            .expires()
            .is_some_and(|end| end <= Timestamp::now())
        {
            return Ended::Expired;
        }
        tokio::select! {
            changed = in_force.changed() => if changed.is_err() {
                // Nobody can revoke any more: the server is going.
                std::future::pending::<()>().await;
            },
            () = expiry(principal) => {}
        }
    }
}

fn why_ended(tokens: &[Entry], principal: &Principal) -> Option<Ended> {
    let id = principal.token()?;
    let Some(entry) = tokens.iter().find(|entry| entry.id() == id) else {
        return Some(Ended::Revoked);
    };
    if entry.is_expired(Timestamp::now()) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use futures_util::FutureExt as _;

    use super::*;
    use crate::auth::rights::{Permission, Permissions};

    #[tokio::test]
    async fn each_refusal_is_distinguished_for_logs_but_not_for_clients() {
        let (token, entry) = Entry::generate("one", None);
        let authenticator = Authenticator::new(vec![entry], AuthSettings::default()).unwrap();
        let text = token.expose();
        let forged = Token::generate_for(token.id()).expose();
        let unknown = Token::generate().unwrap().expose();
        assert_eq!(
            authenticator.verify(&text, None).await.unwrap().name(),
            "one"
        );
        let rows = [
            ("", "malformed"),
            (&text[1..], "malformed"),
            (&forged, "wrong_secret"),
            (&forged, "wrong_secret"),
            (&unknown, "unknown"),
        ];
        for (text, reason) in rows {
            let refused = authenticator.verify(text, None).await.unwrap_err();
            assert_eq!(
                (refused.reason(), refused.is_retryable()),
                (reason, false),
                "{text:?}"
            );
        }
        assert_eq!(AuthError::Wrong.to_string(), AuthError::Unknown.to_string());
        assert_eq!(AuthError::Wrong.to_string(), AuthError::Expired.to_string());
    }

    /// A verdict that is there at once took no hash.
    fn at_once<T>(attempt: impl Future<Output = T>) -> Option<T> {
        attempt.now_or_never()
    }

    #[tokio::test]
    async fn a_client_that_fails_too_often_costs_no_hash_and_locks_nobody_out() {
        let ((one, entry), (two, other)) =
            (Entry::generate("one", None), Entry::generate("two", None));
        let attempts = AttemptLimits {
            failures: 3,
            recovery: Duration::from_secs(3600),
        };
        let settings = AuthSettings {
            attempts,
            ..AuthSettings::default()
        };
        let authenticator = Authenticator::new(vec![entry, other], settings).unwrap();
        let (attacker, owner) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        let (one, two) = (one.expose(), two.expose());
        let guess = || Token::generate_for(Token::parse(&one).unwrap().id()).expose();
        assert!(authenticator.verify(&one, owner).await.is_ok());
        for _ in 0..3 {
            let refused = authenticator.verify(&guess(), attacker).await;
            assert_eq!(refused, Err(AuthError::Wrong));
        }
        for _ in 0..1000 {
            let refused = at_once(authenticator.verify(&guess(), attacker));
            assert!(
                matches!(refused, Some(Err(AuthError::Limited(_)))),
                "{refused:?}"
            );
        }
        // The text that was proven is no guess, wherever it comes from; one that was not is, from that address.
        assert!(
            at_once(authenticator.verify(&one, attacker))
                .unwrap()
                .is_ok()
        );
        assert!(
            at_once(authenticator.verify(&two, attacker))
                .unwrap()
                .is_err()
        );
        assert!(authenticator.verify(&two, owner).await.is_ok());
    }

    #[tokio::test]
    async fn a_revoked_token_is_refused_though_it_was_proven() {
        let (token, entry) = Entry::generate("one", None);
        let authenticator =
            Authenticator::new(vec![entry.clone()], AuthSettings::default()).unwrap();
        let text = token.expose();
        let principal = authenticator.verify(&text, None).await.unwrap();
        let ended = authenticator.ended(&principal);
        assert!(
            !authenticator.replace(vec![entry.clone()]),
            "the same tokens are no change"
        );
        assert!(authenticator.replace(Vec::new()));
        assert_eq!(ended.await, Ended::Revoked);
        assert_eq!(
            authenticator.verify(&text, None).await,
            Err(AuthError::Unknown)
        );
        // A token of the same id that comes back is not the one that the old connection was let in with.
        assert!(authenticator.replace(vec![entry]));
        assert!(authenticator.verify(&text, None).await.is_ok());
    }

    #[tokio::test]
    async fn a_token_whose_rights_change_ends_its_connections_and_no_others() {
        let ((one, mut entry), (two, other)) =
            (Entry::generate("one", None), Entry::generate("two", None));
        let authenticator =
            Authenticator::new(vec![entry.clone(), other.clone()], AuthSettings::default())
                .unwrap();
        let changing = authenticator.verify(&one.expose(), None).await.unwrap();
        let staying = authenticator.verify(&two.expose(), None).await.unwrap();
        entry.grant(Permissions::up_to(Permission::Write));
        assert!(authenticator.replace(vec![other, entry]));
        assert_eq!(authenticator.ended(&changing).await, Ended::Changed);
        assert!(
            authenticator
                .verify(&one.expose(), None)
                .await
                .unwrap()
                .may(Permission::Write)
        );
        assert!(futures_util::poll!(Box::pin(authenticator.ended(&staying))).is_pending());
    }

    #[tokio::test]
    async fn an_expiring_token_ends_its_connections_by_itself() {
        let mut life = Duration::from_secs(1);
        // A machine that is busy may take longer for the hash than a short life lasts.
        let (end, token, authenticator, principal) = loop {
            let end = Timestamp::now() + life;
            let (token, entry) = Entry::generate("brief", Some(end));
            let authenticator = Authenticator::new(vec![entry], AuthSettings::default()).unwrap();
            match authenticator.verify(&token.expose(), None).await {
                Ok(principal) => break (end, token, authenticator, principal),
                Err(error) => assert_eq!(error, AuthError::Expired),
            }
            life *= 2;
        };
        assert_eq!(authenticator.ended(&principal).await, Ended::Expired);
        assert!(Timestamp::now() >= end);
        assert_eq!(
            authenticator.verify(&token.expose(), None).await,
            Err(AuthError::Expired)
        );
    }

    #[tokio::test]
    async fn without_authentication_nothing_ends() {
        let authenticator = Authenticator::new(Vec::new(), AuthSettings::default()).unwrap();
        let ended = authenticator.ended(&Principal::unrestricted());
        assert!(futures_util::poll!(Box::pin(ended)).is_pending());
    }

    #[tokio::test]
    async fn no_secret_is_in_the_debug_text() {
        let (token, entry) = Entry::generate("one", None);
        let authenticator =
            Authenticator::new(vec![entry.clone()], AuthSettings::default()).unwrap();
        let text = format!("{authenticator:?} {entry:?} {token:?}");
        let secret = token.expose();
        for part in [secret.split('_').nth(2).unwrap(), &entry.hash().to_string()] {
            assert!(!text.contains(part), "{text}");
        }
    }
}
