//! From whom secrets are kept.

use crate::auth::{Permission, Permissions, Principal};
use crate::hub::Hub;

/// From which principals secrets are kept, besides those whose tokens say so.
#[derive(Debug, Clone, Default)]
pub(super) struct Redact {
    is_on: bool,
    roles: Vec<Permission>,
}

impl Redact {
    /// Those whose highest permission is one of these, as far as the log knows what is secret.
    pub(super) fn new(hub: &Hub, roles: &[Permission]) -> Self {
        let is_on = hub.redaction().is_some();
        Self {
            is_on,
            roles: if is_on { roles.to_vec() } else { Vec::new() },
        }
    }

    /// Whether the log knows what is secret.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// The principal, secrets kept from it if they are to be.
    pub(super) fn applied_to(&self, principal: Principal) -> Principal {
        let highest = Permissions::iter(principal.permissions()).max();
        let is_listed = highest.is_some_and(|highest| self.roles.contains(&highest));
        principal.redacted_if(is_listed)
    }
}
