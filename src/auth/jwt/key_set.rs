//! The file of keys: a JSON Web Key Set (RFC 7517), in which each key names itself and its one algorithm.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::auth::jwt::key::{Key, Material};
use crate::auth::jwt::unique::{Object, unique};
use crate::auth::key_print::KeyPrint;

/// The most keys of a file.
const MAX_KEYS: usize = 100;
/// The longest name of a key, in bytes.
const MAX_ID: usize = 256;
/// The fewest bytes of an HS256 secret: as many as its hash has, says RFC 7518.
const MIN_SECRET: usize = 32;
/// The bytes of the modulus of an RSA key: 2048 to 8192 bits.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
/// The bytes of one coordinate on P-256, and of a point of edwards25519.
const COORDINATE: usize = 32;

/// A text is not a set of keys that muxwire can use. It repeats nothing that could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not a JSON Web Key Set.
    #[error("it is not a JSON Web Key Set: {0}")]
    Form(String),
    /// One of its keys can't be used.
    #[error("key {name}: {reason}")]
    Key {
        /// Its name, or which it is, counted from 1.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The keys in force. They can't be printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// The keys that a text spells.
    ///
    /// # Errors
    /// The text is no JSON Web Key Set, or a key for signatures in it can't be used.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        let form = |reason: &str| KeyError::Form(reason.to_owned());
        // The library's own words may quote the text.
        let document = unique(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            KeyError::Form(format!(
                "no JSON, or a member twice, at line {line} column {column}"
            ))
        })?;
        let listed = document.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| form("\"keys\" is not a list"))?;
        if listed.len() > MAX_KEYS {
            return Err(KeyError::Form(format!("it has more than {MAX_KEYS} keys")));
        }
        let mut keys: Vec<Arc<Key>> = Vec::new();
        for (at, listed) in listed.iter().enumerate() {
            let object = listed
                .as_object()
                .ok_or_else(|| form("a key is not an object"))?;
            let name = text_of(object, "kid");
            let refused = |reason| KeyError::Key {
                name: name
                    .map_or_else(|| format!("{} of the list", at + 1), |id| format!("{id:?}")),
                reason,
            };
            let Some(key) = key(object).map_err(refused)? else {
                continue;
            };
            if keys.iter().any(|other| other.id() == key.id()) {
                return Err(refused("kid: another key has it"));
            }
            keys.push(Arc::new(key));
        }
        Ok(Self(keys))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, so no JWT is valid.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody who reads the file could sign.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.0.iter().any(|key| key.is_secret())
    }

    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().map(|key| &**key).find(|key| key.id() == id)
    }

    /// Whether this very key is among them.
    pub(in crate::auth) fn holds(&self, print: KeyPrint) -> bool {
        self.0.iter().any(|key| key.print() == print)
    }
}

/// The key that an object spells; `None` for one that is for something else than signatures.
fn key(object: &Object) -> Result<Option<Key>, &'static str> {
    if object.get("use").is_some_and(|wanted| wanted != "sig") {
        return Ok(None);
    }
    let operations = object.get("key_ops").and_then(Value::as_array);
    if operations.is_some_and(|all| !all.iter().any(|one| one == "verify")) {
        return Ok(None);
    }
    let id =
        text_of(object, "kid").ok_or("kid: it is missing, and JWTs are matched with keys by it")?;
    if id.is_empty() || id.len() > MAX_ID {
        return Err("kid: it must have 1 to 256 bytes");
    }
    let is_public = object.get("kty").is_none_or(|kind| kind != "oct");
    if is_public && object.contains_key("d") {
        return Err("it is a private key: the issuer keeps that, muxwire needs the public one");
    }
    let kind = text_of(object, "kty").ok_or("kty: it is missing")?;
    let algorithm =
        text_of(object, "alg").ok_or("alg: it is missing, and each key has just one")?;
    let curve = text_of(object, "crv");
    let material = match (algorithm, kind, curve) {
        ("HS256", "oct", _) => secret(object)?,
        ("RS256", "RSA", _) => rsa(object)?,
        ("ES256", "EC", Some("P-256")) => {
            let (x, y) = (coordinate(object, "x")?, coordinate(object, "y")?);
            Material::Es256([&[4], &x[..], &y[..]].concat().into())
        }
        ("EdDSA", "OKP", Some("Ed25519")) => Material::EdDsa(coordinate(object, "x")?),
        ("HS256" | "RS256" | "ES256" | "EdDSA", _, _) => {
            return Err("kty, crv: they don't fit the alg");
        }
        _ => return Err("alg: HS256, RS256, ES256 and EdDSA are known, no other"),
    };
    Ok(Some(Key::new(id, material)))
}

fn secret(object: &Object) -> Result<Material, &'static str> {
    let secret = bytes(object, "k").ok_or("k: it is missing, or no base64url")?;
    if secret.len() < MIN_SECRET {
        return Err("k: a secret for HS256 has at least 32 random bytes");
    }
    Ok(Material::Hs256(secret))
}

fn rsa(object: &Object) -> Result<Material, &'static str> {
    let n = bytes(object, "n").ok_or("n: it is missing, or no base64url")?;
    let e = bytes(object, "e").ok_or("e: it is missing, or no base64url")?;
    // Whatever isn't a number in its shortest form would never fit a signature.
    let fits = |number: &[u8]| number.first().is_some_and(|byte| *byte != 0);
    if !fits(&n) || !RSA_MODULUS.contains(&n.len()) || n.last().is_none_or(|byte| byte % 2 == 0) {
        return Err("n: it must be a modulus of 2048 to 8192 bits");
    }
    if !fits(&e) || e.len() > 4 || e.last().is_none_or(|byte| byte % 2 == 0) || *e == [1] {
        return Err("e: it must be an exponent such as 65537");
    }
    Ok(Material::Rs256 { n, e })
}

fn coordinate(object: &Object, name: &'static str) -> Result<Box<[u8]>, &'static str> {
    let found = bytes(object, name).filter(|bytes| bytes.len() == COORDINATE);
    found.ok_or(match name {
        "x" => "x: it must be 32 bytes in base64url",
        _ => "y: it must be 32 bytes in base64url",
    })
}

fn bytes(object: &Object, name: &str) -> Option<Box<[u8]>> {
    let decoded = BASE64URL_NOPAD.decode(text_of(object, name)?.as_bytes());
    decoded.ok().map(Vec::into_boxed_slice)
}

fn text_of<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}
