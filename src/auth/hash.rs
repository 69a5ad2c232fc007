//! The slow hash under which a token's secret is kept: argon2id.
//!
//! Anyone who reads the file of tokens can't use them. One hash takes tens of milliseconds and 19 MiB, so this module's
//! functions must run where blocking is allowed.

use std::fmt;

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};

/// Memory of one hash in KiB, passes over it, and lanes: what OWASP recommends at the least for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The bytes of a hash.
const OUTPUT_LEN: usize = 32;
/// The most that a hash in the file may ask for. It keeps a damaged file from costing minutes or gigabytes.
const MAX_MEMORY_KIB: u32 = 131_072;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 4;
/// Beyond 32 MiB glibc maps every block by itself, so that freeing it gives it back.
const ALWAYS_MAPPED: usize = 33 * 1024 * 1024;

/// A hash that can't be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The text is not an argon2id hash in the PHC form.
    #[error("not an argon2id hash: {0}")]
    Form(String),
    /// The hash is of another kind, or asks for more than is reasonable.
    #[error(
        "not a hash that muxwire makes: argon2id, version 19, m up to 131072, t up to 10, p up to 4"
    )]
    Foreign,
    /// The library could not compute it.
    #[error("can't compute an argon2id hash: {0}")]
    Compute(String),
}

/// The hash of a secret, with its salt and parameters.
#[derive(Clone, PartialEq)]
pub(in crate::auth) struct SecretHash {
    params: Params,
    salt: Salt,
    output: Output,
}

impl SecretHash {
    /// Hashes a secret under a new salt. Slow.
    pub(in crate::auth) fn new(secret: &[u8]) -> Result<Self, HashError> {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        getrandom::fill(&mut salt).map_err(failed)?;
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_LEN)).map_err(failed)?;
        let salt = Salt::new(&salt).map_err(failed)?;
        let output = compute(&params, &salt, secret, OUTPUT_LEN)?;
        Ok(Self {
            params,
            salt,
            output,
        })
    }

    /// Reads a hash that was written by [`fmt::Display`].
    pub(in crate::auth) fn parse(text: &str) -> Result<Self, HashError> {
        let form = |error: &dyn fmt::Display| HashError::Form(error.to_string());
        let hash = PasswordHash::new(text).map_err(|error| form(&error))?;
        let params = Params::try_from(&hash).map_err(|error| form(&error))?;
        let ours = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && params.m_cost() <= MAX_MEMORY_KIB
            && params.t_cost() <= MAX_PASSES
            && params.p_cost() <= MAX_LANES;
        match (ours, hash.salt, hash.hash) {
            (true, Some(salt), Some(output)) => Ok(Self {
                params,
                salt,
                output,
            }),
            _ => Err(HashError::Foreign),
        }
    }

    /// Whether this is the hash of the secret. Slow, and takes the same time whatever the answer.
    pub(in crate::auth) fn is_of(&self, secret: &[u8]) -> Result<bool, HashError> {
        // `Output` compares in constant time.
        Ok(compute(&self.params, &self.salt, secret, self.output.len())? == self.output)
    }
}

/// Computes a hash in memory that goes back to the system at once.
///
/// The library's own way leaves 19 MiB behind in the allocator for each thread that ever hashed: after the first hash
/// glibc takes a block of that size for an ordinary one, and keeps it. Blocks beyond 32 MiB it always maps and unmaps.
/// So room for more is asked for; what is not used of it is never touched, and so takes no memory.
fn compute(
    params: &Params,
    salt: &Salt,
    secret: &[u8],
    length: usize,
) -> Result<Output, HashError> {
    let count = params.block_count();
    let mut blocks = Vec::with_capacity(count.max(ALWAYS_MAPPED / Block::SIZE));
    blocks.resize(count, Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut output = vec![0; length];
    argon2
        .hash_password_into_with_memory(secret, salt, &mut output, &mut blocks)
        .map_err(failed)?;
    Output::new(&output).map_err(failed)
}

fn failed(error: impl fmt::Display) -> HashError {
    HashError::Compute(error.to_string())
}

impl Eq for SecretHash {}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(|_| fmt::Error)?,
            salt: Some(self.salt),
            hash: Some(self.output),
        };
        fmt::Display::fmt(&hash, f)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(...)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_hash_fits_its_secret_alone_and_survives_writing() {
        let hash = SecretHash::new(b"secret").unwrap();
        let text = hash.to_string();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{text}"
        );
        let read = SecretHash::parse(&text).unwrap();
        assert_eq!(read, hash);
        assert_eq!(read.is_of(b"secret"), Ok(true));
        assert_eq!(read.is_of(b"Secret"), Ok(false));
        assert_eq!(format!("{hash:?}"), "SecretHash(...)");
    }

    #[test]
    fn foreign_and_greedy_hashes_are_refused() {
        let rest = "c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
        let rows = [
            ("$argon2id$v=19$m=19456,t=2,p=1$", true),
            ("$argon2id$v=19$m=65536,t=3,p=4$", true),
            ("$argon2i$v=19$m=19456,t=2,p=1$", false),
            ("$argon2d$v=19$m=19456,t=2,p=1$", false),
            ("$argon2id$v=16$m=19456,t=2,p=1$", false),
            ("$argon2id$v=19$m=4194304,t=2,p=1$", false),
            ("$argon2id$v=19$m=19456,t=1000,p=1$", false),
            ("$argon2id$v=19$m=19456,t=2,p=64$", false),
            ("$2b$12$", false),
            ("", false),
        ];
        for (head, good) in rows {
            let found = SecretHash::parse(&format!("{head}{rest}"));
            assert_eq!(found.is_ok(), good, "{head}: {found:?}");
        }
        assert!(
            SecretHash::parse("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA").is_err()
        );
    }
}
