//! What ties something that is kept to whom it was made for: it outlives connections and restarts, and not its holder.

use jiff::Timestamp;

use crate::auth::authenticator::Authenticator;
use crate::auth::key_print::KeyPrint;
use crate::auth::principal::{Principal, Source};
use crate::auth::rights::{Permission, Permissions, Scope};
use crate::auth::token::TokenId;
use crate::glob::NamePattern;

/// To whom something belongs that is kept. It is no secret, and nobody is let in by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bond {
    /// The holder of a token, with the rights that the token has now.
    Token(TokenId),
    /// The subject of a JWT, with the rights that it had: nothing but the JWT says them.
    Jwt(Box<JwtBond>),
    /// The user with this id.
    Local(u32),
    /// Everybody, where nobody is asked who they are.
    Nobody,
}

/// What a JWT said of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtBond {
    /// Who vouches for the subject.
    pub issuer: String,
    /// Who it is.
    pub subject: String,
    /// The key that the JWT was signed with, as the digits of its hash.
    pub key: String,
    /// What the holder may do.
    pub permissions: Vec<Permission>,
    /// The patterns of its sessions; none for all.
    pub sessions: Vec<NamePattern>,
    /// When it ends.
    pub expires: Timestamp,
}

impl Bond {
    /// That of a client whose identity is proven; nothing of a JWT that says no end, which none of ours is.
    #[must_use]
    pub fn of(principal: &Principal) -> Option<Self> {
        Some(match principal.source() {
            Source::Token(id) => Self::Token(*id),
            Source::Local(uid) => Self::Local(*uid),
            Source::Nobody => Self::Nobody,
            Source::Jwt { issuer, subject } => Self::Jwt(Box::new(JwtBond {
                issuer: issuer.to_string(),
                subject: subject.to_string(),
                key: principal.key()?.text(),
                permissions: Permissions::iter(principal.permissions()).collect(),
                sessions: principal.scope().patterns().to_vec(),
                expires: principal.expires()?,
            })),
        })
    }

    /// Whether it is that of this client.
    #[must_use]
    pub fn is_of(&self, principal: &Principal) -> bool {
        match (self, principal.source()) {
            (Self::Token(own), Source::Token(id)) => own == id,
            (Self::Local(own), Source::Local(uid)) => own == uid,
            (Self::Nobody, Source::Nobody) => true,
            (Self::Jwt(own), Source::Jwt { issuer, subject }) => {
                *own.issuer == **issuer && *own.subject == **subject
            }
            _ => false,
        }
    }

    /// The same text as [`Principal::id_text`].
    #[must_use]
    pub fn id_text(&self) -> String {
        match self {
            Self::Token(id) => Source::Token(*id),
            Self::Local(uid) => Source::Local(*uid),
            Self::Nobody => Source::Nobody,
            Self::Jwt(jwt) => Source::Jwt {
                issuer: jwt.issuer.as_str().into(),
                subject: jwt.subject.as_str().into(),
            },
        }
        .to_string()
    }

    /// Who its holder is now, for whoever checks tokens, or for nobody where authentication is off. Nothing once that is over.
    #[must_use]
    pub fn holder(
        &self,
        authenticator: Option<&Authenticator>,
        now: Timestamp,
    ) -> Option<Principal> {
        match (self, authenticator) {
            (Self::Nobody, None) => Some(Principal::unrestricted()),
            (Self::Nobody, Some(_)) | (_, None) => None,
            (Self::Token(id), Some(authenticator)) => authenticator.holder_of(*id),
            (Self::Local(uid), Some(_)) => {
                let own = Principal::this_user();
                (*own.source() == Source::Local(*uid)).then_some(own)
            }
            (Self::Jwt(jwt), Some(authenticator)) => jwt.holder(authenticator, now),
        }
    }
}

impl JwtBond {
    fn holder(&self, authenticator: &Authenticator, now: Timestamp) -> Option<Principal> {
        let key = KeyPrint::of_text(&self.key)?;
        if self.expires <= now || !authenticator.accepts_key(key) {
            return None;
        }
        let permissions = Permissions::closure(self.permissions.iter().copied())?;
        let scope = Scope::new(self.sessions.iter().cloned());
        let (issuer, subject) = (&self.issuer, &self.subject);
        Principal::subject(issuer, subject, key, permissions, scope, self.expires).ok()
    }
}
