//! The hash of a key that JWTs are signed with, which distinguishes it from others.

use std::fmt;

/// The hash of a key. It distinguishes a key from another that took its name; nothing can be signed with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct KeyPrint(blake3::Hash);

impl fmt::Debug for KeyPrint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPrint(...)")
    }
}

impl KeyPrint {
    pub(in crate::auth) fn new(hash: blake3::Hash) -> Self {
        Self(hash)
    }

    /// The digits of the hash.
    pub(in crate::auth) fn text(self) -> String {
        self.0.to_hex().to_string()
    }

    /// That of which these are the digits.
    pub(in crate::auth) fn of_text(digits: &str) -> Option<Self> {
        blake3::Hash::from_hex(digits).ok().map(Self)
    }
}
