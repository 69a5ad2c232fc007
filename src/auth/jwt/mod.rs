//! JSON Web Tokens: texts that an issuer signs and that say by themselves who somebody is and what that allows.
//!
//! Reading order: `unique` (JSON without repeated members), `compact` (the form of a JWT, taken apart with no leniency), `key` (a key, with the one algorithm that
//! it is for), `key_set` (the file of keys), `claims` (what a JWT has to say, and the [`Principal`] that it makes),
//! [`watch`] (seeing changes of the file). The form is RFC 7519 in the compact serialisation of RFC 7515, held to what
//! RFC 8725 advises; the cryptography is ring's.
//! Checking a signature takes less time than handing it to a thread does, so it is done where it is asked for.

mod claims;
mod compact;
mod error;
mod key;
mod key_set;
mod unique;
pub mod watch;

use std::sync::Arc;

use jiff::Timestamp;

pub use claims::JwtRules;
use compact::Compact;
pub use error::JwtError;
pub use key_set::{KeyError, KeySet};
use tokio::sync::watch as channel;
pub use watch::{KeyFileError, KeyWatch};

use crate::auth::principal::Principal;

/// Checks JWTs against the keys in force. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Jwt(Arc<JwtInner>);

#[derive(Debug)]
struct JwtInner {
    rules: JwtRules,
    keys: channel::Sender<Arc<KeySet>>,
}

impl Jwt {
    /// Holds JWTs to these rules, with these keys until others are put in force.
    #[must_use]
    pub fn new(rules: JwtRules, keys: KeySet) -> Self {
        let keys = channel::Sender::new(Arc::new(keys));
        Self(Arc::new(JwtInner { rules, keys }))
    }

    /// The keys in force, as they change.
    #[must_use]
    pub fn in_force(&self) -> channel::Receiver<Arc<KeySet>> {
        self.0.keys.subscribe()
    }

    /// Puts these keys in force, and says whether that changed anything.
    pub fn replace(&self, keys: KeySet) -> bool {
        self.0.keys.send_if_modified(|current| {
            let changed = **current != keys;
            *current = Arc::new(keys);
            changed
        })
    }

    /// The principal of the bearer of a text.
    ///
    /// # Errors
    /// It is no JWT, or none that counts now.
    pub(in crate::auth) fn verify(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Principal, JwtError> {
        let jwt = Compact::parse(text)?;
        let kid = jwt.key_id().ok_or(JwtError::Key)?;
        let keys = self.0.keys.borrow().clone();
        let key = keys.find(kid).ok_or(JwtError::Key)?;
        if jwt.algorithm() != Some(key.algorithm()) {
            return Err(JwtError::Algorithm);
        }
        if !key.has_signed(jwt.signed(), jwt.signature()) {
            return Err(JwtError::Signature);
        }
        self.0.rules.principal(&jwt.claims()?, key.print(), now)
    }
}
