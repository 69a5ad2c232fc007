//! The holder of a token, what it may do, and the proof that it was asked.
//!
//! Permissions are a ladder: whoever may write may read, and an admin may do all. A scope says whose sessions these
//! are; an admin's scope is always every session.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::auth::token::TokenId;
use crate::glob::NamePattern;

/// One thing that a client may be allowed to do. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// See events, output and snapshots.
    Read,
    /// Type into panes, and whatever else changes what tmux holds.
    Write,
    /// See every session, and whatever concerns muxwire itself.
    Admin,
}

impl Permission {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The word for it, in the protocol as on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no permission: these are read, write and admin")]
pub struct UnknownPermission(String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or_else(|| UnknownPermission(text.chars().take(40).collect()))
    }
}

/// A set of permissions, closed under what each includes, and never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions(Permission);

impl Permissions {
    /// The set that `highest` includes.
    #[must_use]
    pub fn up_to(highest: Permission) -> Self {
        Self(highest)
    }

    /// The set that a list of permissions amounts to; `None` for an empty list.
    #[must_use]
    pub fn closure(listed: impl IntoIterator<Item = Permission>) -> Option<Self> {
        listed.into_iter().max().map(Self)
    }

    /// Whether `permission` is in the set.
    #[must_use]
    pub fn contains(self, permission: Permission) -> bool {
        permission <= self.0
    }

    /// The members, the least first.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |one| self.contains(*one))
    }
}

/// The sessions that belong to a holder, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope(Box<[NamePattern]>);

impl Scope {
    /// The scope that these patterns cover together. No pattern at all means every session.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = NamePattern>) -> Self {
        Self(patterns.into_iter().collect())
    }

    /// The scope of every session.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether every session is covered, whatever its name.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the session of this name is covered.
    #[must_use]
    pub fn covers(&self, session_name: &str) -> bool {
        self.is_all() || self.0.iter().any(|pattern| pattern.matches(session_name))
    }

    /// The patterns; empty when every session is covered.
    #[must_use]
    pub fn patterns(&self) -> &[NamePattern] {
        &self.0
    }
}

/// An admin was to be confined to some sessions, which would promise what it does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an admin sees every session, so it can't be confined to some")]
pub struct ConfinedAdmin;

/// A client whose identity is proven. Cheap to clone.
#[derive(Clone)]
pub struct Principal(Arc<Identity>);

struct Identity {
    token: Option<TokenId>,
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
        Ok(Self(Arc::new(Identity {
            token: Some(token),
            name: name.into(),
            permissions,
            scope,
            expires,
        })))
    }

    /// Whoever connects while authentication is off: may do all, for ever.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self(Arc::new(Identity {
            token: None,
            name: "unauthenticated".into(),
            permissions: Permissions::up_to(Permission::Admin),
            scope: Scope::all(),
            expires: None,
        }))
    }

    /// The id of the token, which is no secret. `None` while authentication is off.
    #[must_use]
    pub fn token(&self) -> Option<TokenId> {
        self.0.token
    }

    /// The name that the token was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may do.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.0.permissions
    }

    /// Whose sessions these are.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// When the token ends by itself.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.0.expires
    }

    /// Whether the permission is held, on the sessions in scope.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.0.permissions.contains(permission)
    }

    /// Whether the session of this name is in scope. Whatever belongs to several sessions is seen when one of them is.
    #[must_use]
    pub fn sees(&self, session_name: &str) -> bool {
        self.0.scope.covers(session_name)
    }

    /// Allows a request about something that is in all of `session_names`, of which one must be in scope.
    ///
    /// # Errors
    /// [`Denied::Unseen`] comes first: whoever can't see a thing doesn't learn that it is there.
    pub fn authorize<'a, T>(
        &self,
        permission: Permission,
        session_names: impl IntoIterator<Item = &'a str>,
        request: T,
    ) -> Result<Authorized<T>, Denied> {
        let mut names = session_names.into_iter();
        if !self.0.scope.is_all() && !names.any(|name| self.sees(name)) {
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

    /// Whether both were made by one reading of one unchanged entry.
    pub(in crate::auth) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        (a.token, &a.name, a.permissions, &a.scope, a.expires)
            == (b.token, &b.name, b.permissions, &b.scope, b.expires)
    }
}

impl Eq for Principal {}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("token", &self.0.token)
            .field("name", &self.0.name)
            .field("permissions", &self.0.permissions)
            .field("scope", &self.0.scope)
            .field("expires", &self.0.expires)
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
    fn an_admin_is_never_confined() {
        let scope = Scope::new([NamePattern::new("api-*").unwrap()]);
        let permissions = Permissions::up_to(Permission::Admin);
        let id = TokenId::from_bytes([1; 5]);
        let refused = Principal::holder(id, "boss", permissions, scope, None);
        assert_eq!(refused, Err(ConfinedAdmin));
    }

    #[test]
    fn each_permission_includes_those_below() {
        use Permission::{Admin, Read, Write};
        let rows: [(&[Permission], Option<&[Permission]>); 5] = [
            (&[], None),
            (&[Read], Some(&[Read])),
            (&[Write], Some(&[Read, Write])),
            (&[Write, Read], Some(&[Read, Write])),
            (&[Admin], Some(&[Read, Write, Admin])),
        ];
        for (listed, expected) in rows {
            let found = Permissions::closure(listed.iter().copied());
            let found: Option<Vec<_>> = found.map(|set| set.iter().collect());
            assert_eq!(found.as_deref(), expected, "{listed:?}");
        }
    }

    #[test]
    fn permissions_parse_their_own_words() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        assert!("root".parse::<Permission>().is_err());
    }
}
