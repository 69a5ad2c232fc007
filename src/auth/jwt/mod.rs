//! JSON Web Tokens: texts that an issuer signs and that say by themselves who somebody is and what that allows.
//!
//! Reading order: `compact` (the form of a JWT, taken apart with no leniency), `key` (a key, with the one algorithm that
//! it is for), `key_set` (the file of keys), `claims` (what a JWT has to say, and the [`Principal`] that it makes),
//! [`watch`] (seeing changes of the file). The form is RFC 7519 in the compact serialisation of RFC 7515, held to what
//! RFC 8725 advises; the cryptography is ring's.
//! Checking a signature takes less time than handing it to a thread does, so it is done where it is asked for.

mod claims;
mod compact;
mod key;
mod key_set;
pub mod watch;

use std::sync::Arc;

use jiff::Timestamp;

pub use claims::JwtRules;
use compact::Compact;
pub(in crate::auth) use key::KeyPrint;
pub use key_set::{KeyError, KeySet};
use tokio::sync::watch as channel;
pub use watch::{KeyFileError, KeyWatch};

use crate::auth::principal::Principal;

/// Why a text is not accepted as a JWT. For logs and counters: clients are told the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtError {
    /// Longer than any that is looked at.
    TooLong,
    /// It is not three parts of base64url, of which two are JSON objects without repeated members.
    Malformed,
    /// Its header asks for something that is not done: an extension, another kind of token, or a key of its own.
    Header,
    /// Its header names no key that is in force.
    Key,
    /// Its algorithm is not the one of its key.
    Algorithm,
    /// The signature is not one of the key.
    Signature,
    /// It is of another issuer.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It has no time at which it ends.
    NoExpiry,
    /// It has ended.
    Expired,
    /// It does not count yet.
    Early,
    /// It does not say whom it is about.
    Subject,
    /// It gives no permission.
    Permissions,
    /// It names no session, or confines an admin to some.
    Sessions,
}

impl JwtError {
    /// A word for logs and counters.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "jwt_too_long",
            Self::Malformed => "jwt_malformed",
            Self::Header => "jwt_header",
            Self::Key => "jwt_unknown_key",
            Self::Algorithm => "jwt_algorithm",
            Self::Signature => "jwt_signature",
            Self::Issuer => "jwt_issuer",
            Self::Audience => "jwt_audience",
            Self::NoExpiry => "jwt_no_expiry",
            Self::Expired => "jwt_expired",
            Self::Early => "jwt_early",
            Self::Subject => "jwt_subject",
            Self::Permissions => "jwt_permissions",
            Self::Sessions => "jwt_sessions",
        }
    }
}

/// Checks JWTs against the keys in force. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Jwt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    rules: JwtRules,
    keys: channel::Sender<Arc<KeySet>>,
}

impl Jwt {
    /// Holds JWTs to these rules, with these keys until others are put in force.
    #[must_use]
    pub fn new(rules: JwtRules, keys: KeySet) -> Self {
        let keys = channel::Sender::new(Arc::new(keys));
        Self(Arc::new(Shared { rules, keys }))
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

    /// Whom a text makes of anyone who brings it.
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
