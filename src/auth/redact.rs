//! From whom secrets are kept.

use crate::auth::principal::Principal;
use crate::auth::rights::{Permission, Permissions};

/// From which principals secrets are kept, besides those whose tokens say so.
#[derive(Debug, Clone, Default)]
pub struct Redact {
    is_on: bool,
    roles: Vec<Permission>,
}

impl Redact {
    /// Those whose highest permission is one of these, if it is known at all what is secret.
    #[must_use]
    pub fn new(is_on: bool, roles: &[Permission]) -> Self {
        Self {
            is_on,
            roles: if is_on { roles.to_vec() } else { Vec::new() },
        }
    }

    /// Whether it is known what is secret.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// The principal, secrets kept from it if they are to be.
    #[must_use]
    pub fn applied_to(&self, principal: Principal) -> Principal {
        let highest = Permissions::iter(principal.permissions()).max();
        let is_listed = highest.is_some_and(|highest| self.roles.contains(&highest));
        principal.redacted_if(is_listed)
    }
}
