//! What a JWT has to say, and whom that makes of its bearer.
//!
//! What is missing is refused and never filled in: an issuer that forgets a claim must not open more than it meant to.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::auth::jwt::error::JwtError;
use crate::auth::jwt::unique::Object;
use crate::auth::key_print::KeyPrint;
use crate::auth::principal::Principal;
use crate::auth::rights::{Permission, Permissions, Scope};
use crate::glob::NamePattern;
use crate::printable::acts_on_terminals;

/// How far ahead the issuer's clock may be when it says from when on a JWT counts. Its end is never put off.
const LEEWAY: Duration = Duration::from_secs(10);
/// The longest subject, in characters.
const MAX_SUBJECT: usize = 255;
/// The most patterns of sessions.
const MAX_PATTERNS: usize = 100;

/// What is asked of a JWT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtRules {
    /// Who has to have issued it: the claim `iss`.
    pub issuer: String,
    /// For whom it has to be: one of the claim `aud`.
    pub audience: String,
    /// The claim that holds the permissions.
    pub permissions_claim: String,
    /// The claim that holds the patterns of session names.
    pub sessions_claim: String,
}

impl JwtRules {
    /// Whom the claims of a JWT make of its bearer. Its signature is checked.
    pub(super) fn principal(
        &self,
        claims: &Object,
        key: KeyPrint,
        now: Timestamp,
    ) -> Result<Principal, JwtError> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(JwtError::Issuer);
        }
        if !self.is_for_us(claims.get("aud")) {
            return Err(JwtError::Audience);
        }
        let expires = claims.get("exp").and_then(time).ok_or(JwtError::NoExpiry)?;
        if expires <= now {
            return Err(JwtError::Expired);
        }
        let counts = |claim| {
            claims
                .get(claim)
                .is_none_or(|value| time(value).is_some_and(|start| start <= now + LEEWAY))
        };
        if !counts("nbf") || !counts("iat") {
            return Err(JwtError::Early);
        }
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject
            .filter(|text| is_subject(text))
            .ok_or(JwtError::Subject)?;
        let permissions = self.permissions(claims).ok_or(JwtError::Permissions)?;
        let scope = self.scope(claims, permissions).ok_or(JwtError::Sessions)?;
        Principal::subject(&self.issuer, subject, key, permissions, scope, expires)
            .map_err(|_| JwtError::Sessions)
    }

    fn is_for_us(&self, audience: Option<&Value>) -> bool {
        match audience {
            Some(Value::String(one)) => *one == self.audience,
            Some(Value::Array(several)) => several.iter().any(|one| *one == *self.audience),
            _ => false,
        }
    }

    /// The permissions among the words of the claim. Others than ours may be there too: they give nothing.
    fn permissions(&self, claims: &Object) -> Option<Permissions> {
        let words = words(claims.get(&self.permissions_claim)?)?;
        Permissions::closure(words.iter().filter_map(|word| word.parse().ok()))
    }

    /// The scope that the claim spells. Only an admin needs none.
    fn scope(&self, claims: &Object, permissions: Permissions) -> Option<Scope> {
        let Some(claim) = claims.get(&self.sessions_claim) else {
            let is_admin = permissions.contains(Permission::Admin);
            return is_admin.then(Scope::all);
        };
        let patterns: Vec<&str> = match claim {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().map(Value::as_str).collect::<Option<_>>()?,
            _ => return None,
        };
        // No pattern at all would mean every session where tokens are concerned.
        if patterns.is_empty() || patterns.len() > MAX_PATTERNS {
            return None;
        }
        if patterns.contains(&"*") {
            return Some(Scope::all());
        }
        let patterns = patterns.into_iter().map(|text| NamePattern::new(text).ok());
        Some(Scope::new(patterns.collect::<Option<Vec<_>>>()?))
    }
}

/// A list of words, or one text with spaces between them, as the claim `scope` of OAuth is.
fn words(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(text.split(' ').collect()),
        Value::Array(words) => words.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// A `NumericDate`: seconds since 1970, maybe with a fraction.
fn time(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

/// Whether a text can be the name of somebody, where names are shown too.
fn is_subject(text: &str) -> bool {
    let fits = (1..=MAX_SUBJECT).contains(&text.chars().count());
    fits && !text.contains(acts_on_terminals)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::auth::jwt::key::{Key, Material};

    #[test]
    fn a_jwt_counts_from_a_little_before_its_start_until_its_end() {
        let rules = JwtRules {
            issuer: "issuer".to_owned(),
            audience: "muxwire".to_owned(),
            permissions_claim: "permissions".to_owned(),
            sessions_claim: "sessions".to_owned(),
        };
        let now = 1_000_000_000;
        let leeway = i64::try_from(LEEWAY.as_secs()).expect("a few seconds");
        let rows = [
            (json!({ "exp": now }), Some(JwtError::Expired)),
            (json!({ "exp": now + 1 }), None),
            (json!({ "nbf": now + leeway }), None),
            (json!({ "nbf": now + leeway + 1 }), Some(JwtError::Early)),
            (json!({ "iat": now + leeway }), None),
            (json!({ "iat": now + leeway + 1 }), Some(JwtError::Early)),
        ];
        for (changes, expected) in rows {
            let mut claims = json!({
                "iss": "issuer",
                "aud": "muxwire",
                "sub": "ada",
                "exp": now + 60,
                "permissions": "admin",
            });
            let claims = claims.as_object_mut().expect("it is one");
            claims.extend(changes.as_object().expect("it is one").clone());
            let claims = claims.clone().into_iter().collect();
            let at = Timestamp::from_second(now).expect("a time");
            let key = Key::new("one", Material::Hs256([1; 32].into()));
            let judged = rules.principal(&claims, key.print(), at);
            assert_eq!(judged.err(), expected, "{changes}");
        }
    }
}
