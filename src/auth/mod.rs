//! Who may do what: tokens, their holders, and what a holder may see and do.
//!
//! Reading order: [`principal`] (permissions, scopes, [`Authorized`]), [`token`] (the secret text), [`store`] (the file
//! of tokens), [`authenticator`] (checking a token, and learning that it ended), [`watch`] (seeing changes of the file).
//! This module must not know the protocol's messages, the server or tmux.

pub mod authenticator;
mod file;
mod hash;
pub mod principal;
pub mod store;
pub mod token;
pub mod watch;

pub use authenticator::{AuthError, Authenticator, Ended};
pub use file::FileError;
pub use hash::HashError;
pub use principal::{Authorized, Denied, Permission, Permissions, Principal, Scope};
pub use store::{Entry, NewToken, StoreError, TokenStore};
pub use token::{Token, TokenError, TokenId};
pub use watch::{TokenWatch, WatchError};
