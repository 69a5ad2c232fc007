//! A client whose identity is proven, and the proof that it was asked whether it may do something.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::auth::key_print::KeyPrint;
use crate::auth::rights::{Permission, Permissions, Scope};
use crate::auth::token::TokenId;

/// An admin was to be confined to some sessions, which would promise what it does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an admin sees every session, so it can't be confined to some")]
pub struct ConfinedAdmin;

/// Where a client's identity comes from. Two connections with the same source are one client that came back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A token of the store.
    Token(TokenId),
    /// A JWT.
    Jwt {
        /// Who vouches for the subject.
        issuer: Arc<str>,
        /// Who it is, as the issuer calls it.
        subject: Arc<str>,
    },
    /// The user with this id, whom the system vouches for on a Unix socket.
    Local(u32),
    /// Nobody is asked who they are: authentication is off.
    Nobody,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Jwt { issuer, subject } => write!(f, "jwt:{issuer}#{subject}"),
            Self::Local(uid) => write!(f, "uid:{uid}"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

/// What the user of this process is called, who comes without a token.
const LOCAL_NAME: &str = "local";

/// A client whose identity is proven. Cheap to clone.
#[derive(Clone)]
pub struct Principal {
    identity: Arc<Identity>,
    /// Whether secrets are kept from it.
    redacted: bool,
}

struct Identity {
    source: Source,
    /// The beginning of the hash of the source's text.
    print: [u8; 16],
    /// The key that vouches for it, if it is a JWT.
    key: Option<KeyPrint>,
    name: Box<str>,
    permissions: Permissions,
    scope: Scope,
    expires: Option<Timestamp>,
}

impl Principal {
    /// The holder of a token. Only the store of tokens, which knows them, makes one.
    ///
    /// # Errors
    /// An admin with a scope of its own.
    pub(in crate::auth) fn holder(
        token: TokenId,
        name: &str,
        permissions: Permissions,
        scope: Scope,
        expires: Option<Timestamp>,
    ) -> Result<Self, ConfinedAdmin> {
        if permissions.contains(Permission::Admin) && !scope.is_all() {
            return Err(ConfinedAdmin);
        }
        let source = Source::Token(token);
        Ok(Self::new(Identity {
            print: print_of(&source),
            source,
            key: None,
            name: name.into(),
            permissions,
            scope,
            expires,
        }))
    }

    /// The subject of a JWT. Only what has checked its signature with this key makes one.
    ///
    /// # Errors
    /// An admin with a scope of its own.
    pub(in crate::auth) fn subject(
        issuer: &str,
        subject: &str,
        key: KeyPrint,
        permissions: Permissions,
        scope: Scope,
        expires: Timestamp,
    ) -> Result<Self, ConfinedAdmin> {
        if permissions.contains(Permission::Admin) && !scope.is_all() {
            return Err(ConfinedAdmin);
        }
        let source = Source::Jwt {
            issuer: issuer.into(),
            subject: subject.into(),
        };
        Ok(Self::new(Identity {
            print: print_of(&source),
            source,
            key: Some(key),
            name: subject.into(),
            permissions,
            scope,
            expires: Some(expires),
        }))
    }

    /// The principal of every connection while authentication is off: may do all, for ever.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self::new(Identity {
            print: print_of(&Source::Nobody),
            source: Source::Nobody,
            key: None,
            name: "unauthenticated".into(),
            permissions: Permissions::up_to(Permission::Admin),
            scope: Scope::all(),
            expires: None,
        })
    }

    /// A user of this machine, whom the system vouches for: may do all, for ever.
    ///
    /// Only for the user that muxwire runs as, who can do all of it without muxwire.
    #[must_use]
    pub fn local(uid: u32, name: &str) -> Self {
        Self::new(Identity {
            print: print_of(&Source::Local(uid)),
            source: Source::Local(uid),
            key: None,
            name: name.into(),
            permissions: Permissions::up_to(Permission::Admin),
            scope: Scope::all(),
            expires: None,
        })
    }

    /// The user that this process runs as.
    #[must_use]
    pub fn this_user() -> Self {
        Self::local(rustix::process::geteuid().as_raw(), LOCAL_NAME)
    }

    fn new(identity: Identity) -> Self {
        Self {
            identity: Arc::new(identity),
            redacted: false,
        }
    }

    /// The same, but secrets are kept from it, if this says so or it was so before.
    #[must_use]
    pub fn redacted_if(self, redacted: bool) -> Self {
        Self {
            redacted: self.redacted || redacted,
            ..self
        }
    }

    /// Whether secrets are kept from it: what it sees of panes and names is masked.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.redacted
    }

    /// Where the identity comes from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.identity.source
    }

    /// The source as text, for logs: `token:4fdc55l7`, `jwt:ISSUER#SUBJECT`, `uid:1000` or `nobody`. It is no secret.
    #[must_use]
    pub fn id_text(&self) -> String {
        self.identity.source.to_string()
    }

    /// The same as few bytes: equal for all connections of one holder, and for no two holders. It is no secret.
    #[must_use]
    pub fn print(&self) -> [u8; 16] {
        self.identity.print
    }

    /// The id of the token, which is no secret, if it was a token.
    #[must_use]
    pub fn token(&self) -> Option<TokenId> {
        match self.identity.source {
            Source::Token(id) => Some(id),
            Source::Jwt { .. } | Source::Local(_) | Source::Nobody => None,
        }
    }

    /// What people call it: the name that the token was given, the subject of a JWT, or the name of the user.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// What it may do.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.identity.permissions
    }

    /// Whose sessions these are.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.identity.scope
    }

    /// When the token ends by itself.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.identity.expires
    }

    /// Whether the permission is held, on the sessions in scope.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.identity.permissions.contains(permission)
    }

    /// Whether the session of this name is in scope. Whatever belongs to several sessions is seen when one of them is.
    #[must_use]
    pub fn sees(&self, session_name: &str) -> bool {
        self.identity.scope.covers(session_name)
    }

    /// Allows a request about something that is in all of `session_names`, of which one must be in scope.
    ///
    /// # Errors
    /// [`Denied::Unseen`] comes first: anyone who can't see a thing doesn't learn that it is there.
    pub fn authorize<'a, T>(
        &self,
        permission: Permission,
        session_names: impl IntoIterator<Item = &'a str>,
        request: T,
    ) -> Result<Authorized<T>, Denied> {
        let mut names = session_names.into_iter();
        if !self.identity.scope.is_all() && !names.any(|name| self.sees(name)) {
            return Err(Denied::Unseen);
        }
        self.authorize_everywhere(permission, request)
    }

    /// Allows a request that is about no session, such as a subscription, whose every event is checked on its own.
    ///
    /// # Errors
    /// The permission is not held.
    pub fn authorize_everywhere<T>(
        &self,
        permission: Permission,
        request: T,
    ) -> Result<Authorized<T>, Denied> {
        if !self.may(permission) {
            return Err(Denied::Lacks(permission));
        }
        Ok(Authorized(request))
    }

    /// Whether it may do and see all that another may. Patterns are compared by their text.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let (own, others) = (&self.identity.scope, &other.identity.scope);
        let has = |pattern| own.patterns().contains(pattern);
        let sees_all = own.is_all() || (!others.is_all() && others.patterns().iter().all(has));
        let permissions = other.identity.permissions;
        sees_all && permissions.iter().all(|permission| self.may(permission))
    }

    /// The key that vouches for it, if it is a JWT.
    pub(in crate::auth) fn key(&self) -> Option<KeyPrint> {
        self.identity.key
    }

    /// Whether both were made by one reading of one unchanged entry.
    pub(in crate::auth) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.identity, &other.identity)
    }
}

fn print_of(source: &Source) -> [u8; 16] {
    let hash = blake3::hash(source.to_string().as_bytes());
    let mut print = [0; 16];
    print.copy_from_slice(&hash.as_bytes()[..16]);
    print
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.identity, &*other.identity);
        let known = |one: &Identity| (one.source.clone(), one.key, one.permissions, one.expires);
        known(a) == known(b)
            && a.name == b.name
            && a.scope == b.scope
            && self.redacted == other.redacted
    }
}

impl Eq for Principal {}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("source", &self.identity.source)
            .field("name", &self.identity.name)
            .field("permissions", &self.identity.permissions)
            .field("scope", &self.identity.scope)
            .field("expires", &self.identity.expires)
            .field("redacted", &self.redacted)
            .finish()
    }
}

/// Why a request is not allowed. Neither case names anything that the client may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The target is out of scope. To be answered exactly as a target that does not exist.
    #[error("no such session, window or pane")]
    Unseen,
    /// The target is in scope, but the token lacks the permission.
    #[error("this token lacks the permission {0}")]
    Lacks(Permission),
}

/// A request that its sender may make. Only [`Principal`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized<T>(T);

impl<T> Authorized<T> {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &T {
        &self.0
    }

    /// The request, to be carried out now.
    #[must_use]
    pub fn into_request(self) -> T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::glob::NamePattern;

    fn holder(permission: Permission, patterns: &[&str]) -> Principal {
        let scope = Scope::new(patterns.iter().map(|text| NamePattern::new(text).unwrap()));
        let id = TokenId::from_bytes([1; 5]);
        Principal::holder(id, "test", Permissions::up_to(permission), scope, None).unwrap()
    }

    /// Every role, every operation, and sessions in scope, out of scope, mixed and none.
    #[test]
    fn each_role_operation_and_session_is_decided() {
        use Permission::{Admin, Read, Write};
        const IN: &[&str] = &["api-1"];
        const OUT: &[&str] = &["web"];
        const MIXED: &[&str] = &["web", "api-2"];
        const NONE: &[&str] = &[];
        let (yes, unseen) = (Ok(()), Err(Denied::Unseen));
        let lacks = |permission| Err(Denied::Lacks(permission));
        let confined: &[&str] = &["api-*"];
        let everywhere: &[&str] = &[];
        let rows = [
            (Read, confined, Read, [yes, unseen, yes, unseen]),
            (
                Read,
                confined,
                Write,
                [lacks(Write), unseen, lacks(Write), unseen],
            ),
            (
                Read,
                confined,
                Admin,
                [lacks(Admin), unseen, lacks(Admin), unseen],
            ),
            (Write, confined, Read, [yes, unseen, yes, unseen]),
            (Write, confined, Write, [yes, unseen, yes, unseen]),
            (
                Write,
                confined,
                Admin,
                [lacks(Admin), unseen, lacks(Admin), unseen],
            ),
            (Read, everywhere, Read, [yes; 4]),
            (Read, everywhere, Write, [lacks(Write); 4]),
            (Read, everywhere, Admin, [lacks(Admin); 4]),
            (Write, everywhere, Read, [yes; 4]),
            (Write, everywhere, Write, [yes; 4]),
            (Write, everywhere, Admin, [lacks(Admin); 4]),
            (Admin, everywhere, Read, [yes; 4]),
            (Admin, everywhere, Write, [yes; 4]),
            (Admin, everywhere, Admin, [yes; 4]),
        ];
        for (role, scope, operation, expected) in rows {
            let principal = holder(role, scope);
            for (sessions, expected) in [IN, OUT, MIXED, NONE].into_iter().zip(expected) {
                let found = principal.authorize(operation, sessions.iter().copied(), ());
                assert_eq!(
                    found.map(Authorized::into_request),
                    expected,
                    "{role} in {scope:?} asks to {operation} {sessions:?}"
                );
            }
            let found = principal.authorize_everywhere(operation, ());
            assert_eq!(
                found.is_ok(),
                operation <= role,
                "{role} asks to {operation}"
            );
        }
    }

    #[test]
    fn while_authentication_is_off_all_is_allowed() {
        let anyone = Principal::unrestricted();
        for permission in Permission::ALL {
            assert!(anyone.authorize(permission, ["web"], ()).is_ok());
        }
        assert!(anyone.sees("web"));
        assert_eq!(anyone.token(), None);
    }

    #[test]
    fn each_source_has_a_text_of_its_own() {
        let rows = [
            (holder(Permission::Read, &[]), "token:040g2081"),
            (Principal::local(1000, "ada"), "uid:1000"),
            (Principal::unrestricted(), "nobody"),
        ];
        for (principal, expected) in &rows {
            assert_eq!(principal.id_text(), *expected, "{principal:?}");
        }
        // Who comes back is the same, and nobody else is.
        let prints = rows.map(|(principal, _)| principal.print());
        assert_eq!(holder(Permission::Write, &["web"]).print(), prints[0]);
        let others = [Principal::local(1001, "ada").print(), prints[1], prints[2]];
        assert!(!others.contains(&prints[0]) && others[0] != prints[1]);
        assert_ne!(prints[1], prints[2]);
    }

    #[test]
    fn one_covers_another_that_may_do_no_more() {
        use Permission::{Admin, Read, Write};
        let rows: [(_, &[&str], _, &[&str], bool); 10] = [
            (Read, &["a", "b-*"], Read, &["b-*"], true),
            (Read, &["a"], Read, &["a"], true),
            (Write, &["a"], Read, &["a"], true),
            (Read, &["a"], Write, &["a"], false),
            (Read, &[], Read, &["a"], true),
            (Read, &["a"], Read, &[], false),
            (Read, &["*"], Read, &[], false),
            (Read, &["a*"], Read, &["ab"], false),
            (Admin, &[], Write, &["a"], true),
            (Write, &[], Admin, &[], false),
        ];
        for (permission, scope, other, others, expected) in rows {
            let (one, other) = (holder(permission, scope), holder(other, others));
            assert_eq!(one.covers(&other), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn an_admin_is_never_confined() {
        let scope = Scope::new([NamePattern::new("api-*").unwrap()]);
        let permissions = Permissions::up_to(Permission::Admin);
        let id = TokenId::from_bytes([1; 5]);
        let refused = Principal::holder(id, "boss", permissions, scope, None);
        assert_eq!(refused, Err(ConfinedAdmin));
    }
}
