//! A message for one browser's eyes: `aes128gcm` of RFC 8188, with the keys that RFC 8291 has for push messages.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Bytes of a point of P-256 as it is written whole.
const POINT: usize = 65;
/// Bytes of the secret that browser and server share.
const SECRET: usize = 16;
/// Bytes of the salt.
const SALT: usize = 16;
/// Bytes of a tag of AES-GCM.
const TAG: usize = 16;
/// The size of a record; a message is one. Push services take no more than this.
const RECORD: u32 = 4096;
/// Lengths are hidden up to this many bytes.
const STEP: usize = 256;
/// What comes before the ciphertext.
const HEAD: usize = SALT + 4 + 1 + POINT;
/// The delimiter of the last record.
const LAST: u8 = 2;

/// The longest message, in bytes.
pub(super) const LONGEST: usize = RECORD as usize - HEAD - TAG - 1;

/// Why a message can't be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// The browser's key is no point of the curve, or the system has no random numbers.
    #[error("it can't be encrypted for the keys of this subscription")]
    Keys,
    /// It is too long.
    #[error("a message has at most {LONGEST} bytes")]
    TooLong,
}

impl From<Unspecified> for EncryptError {
    fn from(_: Unspecified) -> Self {
        Self::Keys
    }
}

/// The keys of a browser's subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserKeys {
    public: [u8; POINT],
    secret: [u8; SECRET],
}

/// Who has them can read what the browser is sent.
impl std::fmt::Debug for BrowserKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserKeys(..)")
    }
}

impl BrowserKeys {
    /// The browser's public key (`p256dh`) and the secret that it shares with the server (`auth`); nothing if they are none.
    #[must_use]
    pub fn new(public: &[u8], secret: &[u8]) -> Option<Self> {
        let keys = Self {
            public: public.try_into().ok()?,
            secret: secret.try_into().ok()?,
        };
        // A point that is none is found out here, and not when something is to be told.
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).ok()?;
        agree_ephemeral(own, &keys.peer(), |_| ()).ok()?;
        Some(keys)
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The shared secret.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    fn peer(&self) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(&ECDH_P256, &self.public)
    }
}

/// The body of a push message, which this browser alone can read.
///
/// # Errors
/// It is too long, or the keys can't be used.
pub fn encrypt(keys: &BrowserKeys, text: &[u8]) -> Result<Vec<u8>, EncryptError> {
    let random = SystemRandom::new();
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let public = own.compute_public_key()?;
    let public: [u8; POINT] = public.as_ref().try_into().map_err(|_| EncryptError::Keys)?;
    let mut salt = [0; SALT];
    random.fill(&mut salt)?;
    let shared = agree_ephemeral(own, &keys.peer(), <[u8]>::to_vec)?;
    let padded = text.len().next_multiple_of(STEP).min(LONGEST);
    let parts = Parts {
        keys,
        shared: &shared,
        public,
        salt,
    };
    parts.seal(text, padded)
}

/// What a message is made of besides its text.
struct Parts<'a> {
    keys: &'a BrowserKeys,
    /// What the two keys agree on.
    shared: &'a [u8],
    /// The server's key for this message alone.
    public: [u8; POINT],
    salt: [u8; SALT],
}

/// The length of a key that is derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Parts<'_> {
    /// One record, its text padded to this length.
    fn seal(&self, text: &[u8], padded: usize) -> Result<Vec<u8>, EncryptError> {
        if text.len() > LONGEST {
            return Err(EncryptError::TooLong);
        }
        let mut record = text.to_vec();
        record.push(LAST);
        record.resize(padded.max(text.len()) + 1, 0);
        let (key, nonce) = self.derive()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?).seal_in_place_append_tag(
            nonce,
            Aad::empty(),
            &mut record,
        )?;
        let mut body = Vec::with_capacity(HEAD + record.len());
        body.extend_from_slice(&self.salt);
        body.extend_from_slice(&RECORD.to_be_bytes());
        body.push(POINT as u8);
        body.extend_from_slice(&self.public);
        body.append(&mut record);
        Ok(body)
    }

    /// The key and the nonce of the one record.
    fn derive(&self) -> Result<([u8; 16], [u8; NONCE_LEN]), Unspecified> {
        let agreed = Salt::new(HKDF_SHA256, &self.keys.secret).extract(self.shared);
        let info: [&[u8]; 3] = [b"WebPush: info\0", &self.keys.public, &self.public];
        let mut material = [0; 32];
        expand(&agreed, &info, &mut material)?;
        let mixed = Salt::new(HKDF_SHA256, &self.salt).extract(&material);
        let (mut key, mut nonce) = ([0; 16], [0; NONCE_LEN]);
        expand(&mixed, &[b"Content-Encoding: aes128gcm\0"], &mut key)?;
        expand(&mixed, &[b"Content-Encoding: nonce\0"], &mut nonce)?;
        Ok((key, nonce))
    }
}

fn expand(prk: &Prk, info: &[&[u8]], into: &mut [u8]) -> Result<(), Unspecified> {
    prk.expand(info, Length(into.len()))?.fill(into)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    /// The keys of the browser in RFC 8291, section 5 and appendix A.
    fn keys() -> BrowserKeys {
        let public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        BrowserKeys::new(&bytes(public), &bytes("BTBZMqHH6r4Tts7J_aSIgg")).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_comes_out_as_it_stands_there() {
        let keys = keys();
        let public = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        let parts = Parts {
            keys: &keys,
            shared: &bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"),
            public: bytes(public).try_into().unwrap(),
            salt: bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap(),
        };
        let (key, nonce) = parts.derive().unwrap();
        assert_eq!(BASE64URL_NOPAD.encode(&key), "oIhVW04MRdy2XN9CiKLxTg");
        assert_eq!(BASE64URL_NOPAD.encode(&nonce), "4h_95klXJ5E_qnoN");
        let text = b"When I grow up, I want to be a watermelon";
        let body = parts.seal(text, text.len()).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(BASE64URL_NOPAD.encode(&body), expected);
    }

    #[test]
    fn lengths_are_hidden_and_bounded() {
        let keys = keys();
        let length = |text: usize| encrypt(&keys, &vec![b'x'; text]).map(|body| body.len());
        let one = HEAD + STEP + 1 + TAG;
        for (text, expected) in [
            (1, Ok(one)),
            (STEP, Ok(one)),
            (STEP + 1, Ok(one + STEP)),
            (LONGEST, Ok(RECORD as usize)),
            (LONGEST + 1, Err(EncryptError::TooLong)),
        ] {
            assert_eq!(length(text), expected, "{text}");
        }
        // No two are alike: each has a key and a salt of its own.
        assert_ne!(encrypt(&keys, b"x").unwrap(), encrypt(&keys, b"x").unwrap());
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let (good, secret) = (keys().public, [7; SECRET]);
        assert!(BrowserKeys::new(&good, &secret).is_some());
        let mut off_the_curve = good;
        off_the_curve[64] ^= 1;
        for (public, secret) in [
            (&off_the_curve[..], &secret[..]),
            (&good[1..], &secret),
            (&good, &secret[1..]),
            (&[0; 65], &secret),
            (&[], &[]),
        ] {
            assert!(BrowserKeys::new(public, secret).is_none());
        }
        assert_eq!(format!("{:?}", keys()), "BrowserKeys(..)");
    }
}
