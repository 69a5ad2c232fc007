//! The form of a JWT: `header.claims.signature`, each in base64url, the first two JSON objects.
//!
//! Two readers of one text must not understand it differently, so nothing is forgiven: no padding, no white space around
//! it, no stray bits, no member that is there twice.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::auth::jwt::error::JwtError;
use crate::auth::jwt::unique::{Object, unique};

/// The longest text that is looked at, in bytes.
pub(super) const MAX_LEN: usize = 8192;
/// Members of a header that would bring a key along, or that must be understood and aren't: RFC 7515 section 4.1,
/// RFC 7797, and of RFC 7516 those of encryption.
const REFUSED: [&str; 8] = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip"];
/// What `typ` may say, if it is there. Issuers sign other things with the same keys, and none of those lets anybody in.
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// A JWT whose form is right. Nothing that it says is proven.
pub(super) struct Compact<'a> {
    header: Object,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a text apart.
    pub(super) fn parse(text: &'a str) -> Result<Self, JwtError> {
        if text.len() > MAX_LEN {
            return Err(JwtError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        if claims.contains('.') {
            return Err(JwtError::Malformed);
        }
        let header = object(header)?;
        let is_refused = REFUSED.iter().any(|name| header.contains_key(*name));
        if is_refused || !header.get("typ").is_none_or(is_known_type) {
            return Err(JwtError::Header);
        }
        Ok(Self {
            header,
            signed,
            claims,
            signature: decode(signature)?,
        })
    }

    /// The name of the key that it says it is signed with.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    /// The algorithm that it says it is signed with.
    pub(super) fn algorithm(&self) -> Option<&str> {
        self.header.get("alg")?.as_str()
    }

    /// What is signed.
    pub(super) fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What it says. To be asked once the signature is checked.
    pub(super) fn claims(&self) -> Result<Object, JwtError> {
        object(self.claims)
    }
}

fn is_known_type(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| TYPES.iter().any(|known| text.eq_ignore_ascii_case(known)))
}

fn object(part: &str) -> Result<Object, JwtError> {
    match unique(&decode(part)?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(JwtError::Malformed),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JwtError> {
    let decoded = BASE64URL_NOPAD.decode(part.as_bytes());
    decoded.map_err(|_| JwtError::Malformed)
}
