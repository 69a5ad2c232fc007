//! The text of a token: `mw_<id>_<secret>_<checksum>`.
//!
//! The id finds the entry, the secret proves the right to it, and the checksum distinguishes a damaged text from a wrong one
//! without any work. All three are lower-case base 32 (`0-9a-v`), so a double click selects the whole and a reader
//! can't confuse upper and lower case.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_DNSSEC as BASE32;

/// The bytes of a token's id: enough that ids never collide in one store, and that guessing one is no use.
const ID_LEN: usize = 5;
/// The bytes of a token's secret: 256 bits.
const SECRET_LEN: usize = 32;
/// The bytes of the checksum: a damaged text passes once in 2^40.
const CHECKSUM_LEN: usize = 5;

/// The public part of a token: it finds the entry, and stands in lists and logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; ID_LEN]);

/// A text that is not the id of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a token: it is 8 of the characters 0-9 and a-v")]
pub struct TokenIdError;

impl TokenId {
    /// The id that these bytes spell.
    #[cfg(test)]
    pub(in crate::auth) fn from_bytes(bytes: [u8; ID_LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32.encode(&self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TokenId {
    type Err = TokenIdError;

    fn from_str(text: &str) -> Result<Self, TokenIdError> {
        decode(text).map(Self).ok_or(TokenIdError)
    }
}

/// A text that is not a token. It shows nothing of the text, which may be a secret of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long to be a token; not looked at further.
    #[error("not a token: it is too long")]
    TooLong,
    /// It doesn't read `mw_<id>_<secret>_<checksum>`.
    #[error("not a token: a token begins with mw_ and has four parts")]
    Form,
    /// It has the form, but a character of it was changed or lost.
    #[error("a damaged token: its checksum does not fit, so it was not copied whole")]
    Checksum,
}

/// A whole token, secret included. It can't be printed by accident: only [`Token::expose`] gives the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    id: TokenId,
    secret: [u8; SECRET_LEN],
}

impl Token {
    /// What the text of every token begins with.
    pub const PREFIX: &str = "mw_";
    /// The longest text that is looked at, in bytes. A token has 73.
    pub const MAX_LEN: usize = 128;

    /// A new token, from the system's generator.
    ///
    /// # Errors
    /// The system's generator doesn't answer.
    pub(in crate::auth) fn generate() -> Result<Self, getrandom::Error> {
        let mut token = Self {
            id: TokenId([0; ID_LEN]),
            secret: [0; SECRET_LEN],
        };
        getrandom::fill(&mut token.id.0)?;
        getrandom::fill(&mut token.secret)?;
        Ok(token)
    }

    /// A token with this id and a secret that nobody was given.
    #[cfg(test)]
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    pub(in crate::auth) fn generate_for(id: TokenId) -> Self {
        Self {
            id,
            ..Self::generate().unwrap()
        }
    }

    /// The token that a text spells.
    ///
    /// # Errors
    /// The text is too long, has not the form, or its checksum does not fit. None of these costs a slow hash.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > Self::MAX_LEN {
            return Err(TokenError::TooLong);
        }
        let mut parts = text.split('_');
        let parts = [(); 5].map(|()| parts.next());
        let [Some("mw"), Some(id), Some(secret), Some(checksum), None] = parts else {
            return Err(TokenError::Form);
        };
        let token = Self {
            id: id.parse().map_err(|TokenIdError| TokenError::Form)?,
            secret: decode(secret).ok_or(TokenError::Form)?,
        };
        let checksum: [u8; CHECKSUM_LEN] = decode(checksum).ok_or(TokenError::Form)?;
        if checksum != token.checksum() {
            return Err(TokenError::Checksum);
        }
        Ok(token)
    }

    /// The public part.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// The text, to be shown to its owner once, or sent to a server.
    #[must_use]
    pub fn expose(&self) -> String {
        let secret = BASE32.encode(&self.secret);
        let checksum = BASE32.encode(&self.checksum());
        format!("mw_{}_{secret}_{checksum}", self.id)
    }

    /// The bytes that are hashed for the store.
    pub(in crate::auth) fn secret(&self) -> &[u8] {
        &self.secret
    }

    fn checksum(&self) -> [u8; CHECKSUM_LEN] {
        let mut hasher = blake3::Hasher::new_derive_key("muxwire 2026-11-20 token checksum");
        hasher.update(&self.id.0);
        hasher.update(&self.secret);
        let mut checksum = [0; CHECKSUM_LEN];
        hasher.finalize_xof().fill(&mut checksum);
        checksum
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, ...)", self.id)
    }
}

/// Decodes exactly `N` bytes, from the one spelling that [`BASE32`] gives them.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    BASE32.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn tokens_parse_their_own_text() {
        let token = Token::generate().unwrap();
        let text = token.expose();
        assert_eq!(text.len(), 73);
        assert_eq!(Token::parse(&text), Ok(token));
    }

    /// A known answer, so that tokens that were handed out stay valid in later versions.
    #[test]
    fn the_form_of_a_token_does_not_change() {
        let token = Token {
            id: TokenId([0, 1, 2, 3, 255]),
            secret: [7; SECRET_LEN],
        };
        assert_eq!(
            token.expose(),
            "mw_000g40vv_0s3ge1o70s3ge1o70s3ge1o70s3ge1o70s3ge1o70s3ge1o70s3g_vrle5qh9"
        );
    }

    #[test]
    fn texts_that_are_no_tokens_are_distinguished() {
        let good = Token::generate().unwrap().expose();
        let flipped = |at: usize| {
            let mut text = good.clone();
            let other = if &good[at..=at] == "0" { "1" } else { "0" };
            text.replace_range(at..=at, other);
            text
        };
        let rows = [
            (String::new(), TokenError::Form),
            ("mw".to_owned(), TokenError::Form),
            ("hunter2".to_owned(), TokenError::Form),
            (good.to_uppercase(), TokenError::Form),
            (good.replacen("mw", "xx", 1), TokenError::Form),
            (good[..72].to_owned(), TokenError::Form),
            (format!("{good}_"), TokenError::Form),
            (format!("{good} "), TokenError::Form),
            (flipped(4), TokenError::Checksum),
            (flipped(20), TokenError::Checksum),
            (flipped(70), TokenError::Checksum),
            ("x".repeat(129), TokenError::TooLong),
        ];
        for (text, expected) in rows {
            assert_eq!(Token::parse(&text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        let token = Token::generate().unwrap();
        let text = token.expose();
        let secret = text.split('_').nth(2).unwrap();
        assert!(!format!("{token:?}").contains(secret));
        assert!(!format!("{token:?}").contains(&format!("{:?}", token.secret)));
    }
}
