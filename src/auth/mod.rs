//! Who may do what: tokens, their holders, and what a holder may see and do.
//!
//! Reading order: [`rights`] (permissions and scopes), [`principal`] (who has them, [`Authorized`]), [`token`] (the
//! secret text), [`store`] (the file of tokens), `attempts` (who failed too often), `proof` (the slow
//! hash, as seldom as possible), `codes` (what lets a browser in once), [`authenticator`]
//! (checking a token, and learning that it ended), `bond` (what is kept for somebody), `redact` (from whom secrets are kept), [`watch`] (seeing changes of the file).
//! This module must not know the protocol's messages, the server or tmux.

mod attempts;
pub mod authenticator;
mod bond;
mod codes;
mod file;
mod hash;
pub mod jwt;
mod key_print;
pub mod principal;
mod proof;
mod redact;
pub mod rights;
pub mod store;
pub mod token;
pub mod watch;

pub use attempts::AttemptLimits;
pub use authenticator::{AuthSettings, Authenticator, Ended};
pub use bond::{Bond, JwtBond};
pub use codes::{CODE_LIFE, CodeError, CodeHolder, CodeStore, OneTimeCode};
pub use file::{FileError, read_token_file};
pub use hash::HashError;
pub use jwt::{Jwt, JwtError, JwtRules, KeySet, KeyWatch};
pub use principal::{Authorized, Denied, Principal, Source};
pub use proof::AuthError;
pub use redact::Redact;
pub use rights::{Permission, Permissions, Scope};
pub use store::{Entry, NewToken, StoreError, TokenStore};
pub use token::{Token, TokenError, TokenId};
pub use watch::{TokenWatch, WatchError};
