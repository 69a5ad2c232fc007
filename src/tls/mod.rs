//! TLS: what the server shows and asks for, what clients trust, and certificates for a start.
//!
//! Reading order: `files` (certificate and key as they lie on the disk), `identity` (what is in force, for new
//! connections), `watch` (files that change), `trust` (whom a client believes), `fingerprint`, and `made` (certificates
//! of our own making). This is the one module that knows rustls' settings; it knows nothing of HTTP.

mod error;
mod files;
mod fingerprint;
mod identity;
mod made;
#[cfg(test)]
mod tests;
mod trust;
mod watch;

pub use error::TlsError;
pub use files::TlsFiles;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use identity::{Identity, Reloads};
pub use made::{SelfSigned, SubjectName, make_self_signed};
pub use trust::{Trust, connector, lasting_failure};
pub use watch::IdentityWatch;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The cryptography that all of this uses. It is named wherever it is needed, so no global default is depended on.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
