//! What somebody may do, and whose sessions these are.
//!
//! Permissions are a ladder: anyone who may write may read, and an admin may do all. Emitting events stands beside it: it
//! shows nothing and types nothing, and no permission but admin includes it. A scope says whose sessions these are; an
//! admin's scope is always every session.

use std::fmt;
use std::str::FromStr;

use crate::glob::NamePattern;

/// One thing that a client may be allowed to do. Each from `Read` on includes those before it, but `Write` not `Emit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Add events of its own to the log.
    Emit,
    /// See events, output and snapshots.
    Read,
    /// Type into panes, and whatever else changes what tmux holds.
    Write,
    /// See every session, and whatever concerns muxwire itself.
    Admin,
}

impl Permission {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Emit, Self::Read, Self::Write, Self::Admin];

    /// The word for it, in the protocol as on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emit => "emit",
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
#[error("{0:?} is no permission: these are read, write, emit and admin")]
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
pub struct Permissions {
    highest: Permission,
    emits: bool,
}

impl Permissions {
    /// The set that `highest` includes.
    #[must_use]
    pub fn up_to(highest: Permission) -> Self {
        let emits = matches!(highest, Permission::Emit | Permission::Admin);
        Self { highest, emits }
    }

    /// The set that a list of permissions amounts to; `None` for an empty list.
    #[must_use]
    pub fn closure(listed: impl IntoIterator<Item = Permission>) -> Option<Self> {
        let sets = listed.into_iter().map(Self::up_to);
        sets.reduce(|one, other| Self {
            highest: one.highest.max(other.highest),
            emits: one.emits || other.emits,
        })
    }

    /// Whether `permission` is in the set.
    #[must_use]
    pub fn contains(self, permission: Permission) -> bool {
        match permission {
            Permission::Emit => self.emits,
            Permission::Read | Permission::Write | Permission::Admin => permission <= self.highest,
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn each_permission_includes_those_below_and_only_admin_includes_emit() {
        use Permission::{Admin, Emit, Read, Write};
        let rows: [(&[Permission], Option<&[Permission]>); 8] = [
            (&[], None),
            (&[Read], Some(&[Read])),
            (&[Write], Some(&[Read, Write])),
            (&[Write, Read], Some(&[Read, Write])),
            (&[Admin], Some(&[Emit, Read, Write, Admin])),
            (&[Emit], Some(&[Emit])),
            (&[Emit, Read], Some(&[Emit, Read])),
            (&[Write, Emit], Some(&[Emit, Read, Write])),
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
