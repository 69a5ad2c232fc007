//! Checking what clients present against the tokens in force, and telling connections when their token ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::auth::principal::Principal;
use crate::auth::proof::{AuthError, Proofs};
use crate::auth::store::Entry;
use crate::auth::token::{Token, TokenId};

/// The longest sleep towards an expiry. The clock that sleeps are measured with stands still while a machine is
/// suspended, so a connection looks at the wall clock at least this often.
const EXPIRY_CHECK: Duration = Duration::from_secs(60);

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
    proofs: Arc<Proofs>,
}

impl Authenticator {
    /// An authenticator for these tokens, to be told of changes by [`Authenticator::replace`].
    ///
    /// # Errors
    /// The system's random generator doesn't answer.
    pub fn new(entries: Vec<Entry>) -> Result<Self, getrandom::Error> {
        Ok(Self(Arc::new(Shared {
            in_force: watch::Sender::new(entries.into()),
            proofs: Arc::new(Proofs::new()?),
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

    /// Whose token this is.
    ///
    /// # Errors
    /// See [`AuthError`]. Only a text whose id is in force and whose checksum fits costs a hash.
    pub async fn verify(&self, text: &str) -> Result<Principal, AuthError> {
        let token = Token::parse(text)?;
        let id = token.id();
        let principal = self.0.proofs.prove(token, self.entry(id)?).await?;
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
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("tokens", &self.in_force.borrow().len())
            .finish_non_exhaustive()
    }
}

fn holds(tokens: &[Entry], principal: &Principal) -> bool {
    tokens
        .iter()
        .any(|entry| entry.principal().is_same(principal))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::auth::rights::{Permission, Permissions};

    #[tokio::test]
    async fn each_refusal_is_told_apart_for_logs_but_not_for_clients() {
        let (token, entry) = Entry::generate("one", None);
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
    async fn a_revoked_token_is_refused_though_it_was_proven() {
        let (token, entry) = Entry::generate("one", None);
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
        // A token of the same id that comes back is not the one that the old connection was let in with.
        assert!(authenticator.replace(vec![entry]));
        assert!(authenticator.verify(&text).await.is_ok());
    }

    #[tokio::test]
    async fn a_token_whose_rights_change_ends_its_connections_and_no_others() {
        let ((one, mut entry), (two, other)) =
            (Entry::generate("one", None), Entry::generate("two", None));
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
        let (token, entry) = Entry::generate("brief", Some(end));
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
        let (token, entry) = Entry::generate("one", None);
        let authenticator = Authenticator::new(vec![entry.clone()]).unwrap();
        let text = format!("{authenticator:?} {entry:?} {token:?}");
        let secret = token.expose();
        for part in [secret.split('_').nth(2).unwrap(), &entry.hash().to_string()] {
            assert!(!text.contains(part), "{text}");
        }
    }
}
