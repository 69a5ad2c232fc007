//! A key that JWTs are signed with, and the one algorithm that it is for.

use std::fmt;

use ring::{hmac, signature};

use crate::auth::key_print::KeyPrint;

/// What signatures are checked with. The kind is the algorithm: no text can choose another.
pub(super) enum Material {
    /// A secret that issuer and muxwire share.
    Hs256(Box<[u8]>),
    /// The modulus and the exponent, big-endian.
    Rs256 { n: Box<[u8]>, e: Box<[u8]> },
    /// A point of P-256, not compressed.
    Es256(Box<[u8]>),
    /// A point of edwards25519.
    EdDsa(Box<[u8]>),
}

/// A key with its name. It can't be printed: of HS256 it is a secret.
pub(super) struct Key {
    id: Box<str>,
    material: Material,
    print: KeyPrint,
}

impl Key {
    pub(super) fn new(id: &str, material: Material) -> Self {
        let print = print(id, &material);
        Self {
            id: id.into(),
            material,
            print,
        }
    }

    /// Its name, the `kid`.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn print(&self) -> KeyPrint {
        self.print
    }

    /// The algorithm that it is for, as `alg` spells it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.material {
            Material::Hs256(_) => "HS256",
            Material::Rs256 { .. } => "RS256",
            Material::Es256(_) => "ES256",
            Material::EdDsa(_) => "EdDSA",
        }
    }

    /// Whether anyone who has it could sign with it.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.material, Material::Hs256(_))
    }

    /// Whether a signature of this text was made with the key.
    pub(super) fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let checked = match &self.material {
            Material::Hs256(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::verify(&key, text, signature)
            }
            Material::Rs256 { n, e } => {
                let key = signature::RsaPublicKeyComponents { n, e };
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, text, signature)
            }
            Material::Es256(point) => {
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(text, signature)
            }
            Material::EdDsa(point) => signature::UnparsedPublicKey::new(&signature::ED25519, point)
                .verify(text, signature),
        };
        checked.is_ok()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.print == other.print
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {}, ...)", self.id, self.algorithm())
    }
}

fn print(id: &str, material: &Material) -> KeyPrint {
    let mut hasher = blake3::Hasher::new_derive_key("muxwire 2026-11-20 key of a jwt");
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    add(id.as_bytes());
    let (kind, parts): (_, [&[u8]; 2]) = match material {
        Material::Hs256(secret) => (0, [secret, &[]]),
        Material::Rs256 { n, e } => (1, [n, e]),
        Material::Es256(point) => (2, [point, &[]]),
        Material::EdDsa(point) => (3, [point, &[]]),
    };
    add(&[kind]);
    parts.into_iter().for_each(add);
    KeyPrint::new(hasher.finalize())
}
