//! What clients show to be let in. None of it belongs in a log.

use std::fmt;

/// What a client shows to be let in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A token, or a JWT.
    Token(String),
    /// A one-time ticket.
    Ticket(String),
}

impl Credential {
    /// The one that is there; the schema has said that it is one of the two.
    pub(super) fn read(token: Option<String>, ticket: Option<String>) -> Self {
        match ticket {
            Some(ticket) => Self::Ticket(ticket),
            None => Self::Token(token.unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::Ticket(_) => "Ticket(..)",
        })
    }
}
