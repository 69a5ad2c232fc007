//! A certificate's fingerprint, by which a client may know it.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;

/// The SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is 32 bytes in hexadecimal, with or without colons, as `muxwire cert` prints it"
)]
pub struct FingerprintError;

impl Fingerprint {
    /// That of a certificate.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let text = text.strip_prefix("SHA256:").unwrap_or(text);
        let digits: String = text.chars().filter(|c| *c != ':').collect();
        let bytes = HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .map_err(|_| FingerprintError)?;
        bytes.try_into().map(Self).map_err(|_| FingerprintError)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let colon = if place == 0 { "" } else { ":" };
            write!(f, "{colon}{}", HEXUPPER.encode(&[*byte]))?;
        }
        Ok(())
    }
}
