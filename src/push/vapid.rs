//! The key that this server signs with (RFC 8292): a push service takes messages of a subscription from its owner alone.

use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::form::claims;

/// How long a signature is good. A push service takes none that is good for more than a day.
const LIFE: i64 = 12 * 3600;
/// The same for every signature: a JWT of ECDSA on P-256.
const HEAD: &[u8] = br#"{"typ":"JWT","alg":"ES256"}"#;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Letters in a line of the file.
const LINE: usize = 64;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VapidError {
    /// The text is no key.
    #[error("it is no private key on P-256 as PKCS#8 in PEM")]
    Form,
    /// The system gives no random numbers.
    #[error("no key can be made: the system gives no random numbers")]
    Random,
}

/// The key of a server. Cheap to clone; it can't be printed.
#[derive(Clone)]
pub struct VapidKey {
    pair: Arc<EcdsaKeyPair>,
    public: Arc<str>,
}

impl std::fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VapidKey({})", self.public)
    }
}

impl VapidKey {
    /// A new one, as the text of its file.
    pub(super) fn generate() -> Result<String, VapidError> {
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| VapidError::Random)?;
        let text = BASE64.encode(made.as_ref());
        let mut pem = format!("{BEGIN}\n");
        for line in text.as_bytes().chunks(LINE) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str(END);
        pem.push('\n');
        Ok(pem)
    }

    /// That of a file.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(pem: &str) -> Result<Self, VapidError> {
        let body = pem.trim().strip_prefix(BEGIN);
        let body = body.and_then(|rest| rest.strip_suffix(END));
        let text: String = body
            .ok_or(VapidError::Form)?
            .split_ascii_whitespace()
            .collect();
        let der = BASE64.decode(text.as_bytes());
        let der = der.map_err(|_| VapidError::Form)?;
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new());
        let pair = pair.map_err(|_| VapidError::Form)?;
        let public = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        Ok(Self {
            pair: Arc::new(pair),
            public: public.into(),
        })
    }

    /// The public key, as browsers take it when they subscribe.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The header `Authorization` for this audience. `subject` says whom a push service can write to.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn authorization(
        &self,
        audience: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<String, VapidError> {
        let claims = claims(audience, subject, now.as_second() + LIFE);
        let (head, claims) = (
            BASE64URL_NOPAD.encode(HEAD),
            BASE64URL_NOPAD.encode(&claims),
        );
        let signed = format!("{head}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| VapidError::Random)?;
        let signature = BASE64URL_NOPAD.encode(signature.as_ref());
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_signature_is_for_one_audience_and_half_a_day() {
        let key = VapidKey::parse(&VapidKey::generate().unwrap()).unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let header = key
            .authorization("https://push.example", "mailto:me@box.example", now)
            .unwrap();
        let (token, public) = header
            .strip_prefix("vapid t=")
            .unwrap()
            .split_once(", k=")
            .unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes(public))
            .verify(signed.as_bytes(), &bytes(signature))
            .unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        assert_eq!(bytes(head), HEAD);
        let expected =
            br#"{"aud":"https://push.example","exp":1700043200,"sub":"mailto:me@box.example"}"#;
        assert_eq!(bytes(claims), expected);
    }

    #[test]
    fn what_is_no_key_is_refused_and_no_two_are_alike() {
        let one = VapidKey::generate().unwrap();
        assert!(one.lines().all(|line| line.len() <= LINE), "{one}");
        let public = |pem: &str| VapidKey::parse(pem).unwrap().public().to_owned();
        assert_eq!(public(&one), public(&format!("\n{one}\n\n")));
        assert_ne!(public(&one), public(&VapidKey::generate().unwrap()));
        let wrong = one.replace('A', "B");
        for text in [
            "",
            "key",
            BEGIN,
            &format!("{BEGIN}\n!\n{END}"),
            &wrong,
            &one[1..],
        ] {
            assert_eq!(VapidKey::parse(text).err(), Some(VapidError::Form));
        }
    }
}
