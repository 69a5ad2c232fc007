//! Who may do what: tokens, their holders, and what a holder may see and do.
//!
//! Reading order: [`principal`] (permissions, scopes, [`Authorized`]), `token` (the secret text), `store` (the file of
//! tokens), `authenticator` (checking a token, and learning that it ended).
//! This module must not know the protocol's messages, the server or tmux.

#![allow(dead_code, reason = "the store, which uses the rest, comes in the next commit")]

pub mod principal;
pub mod token;

pub use principal::{Authorized, Denied, Permission, Permissions, Principal, Scope};
pub use token::{Token, TokenError, TokenId};
