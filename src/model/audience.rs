//! Where a change is seen, and who may learn of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, WindowId};

/// Where a change is seen: a session, and one of its windows where the change concerns one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The session's id.
    pub session: SessionId,
    /// The session's name at the time of the change.
    pub session_name: Arc<str>,
    /// The window and its index in that session.
    pub window: Option<(WindowId, u32)>,
}

/// The places of one change, shared between the events of a pane.
pub type Places = Arc<[Place]>;

/// Who may learn of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Everybody who is authenticated: it names no session.
    Everyone,
    /// Those whose permissions are not limited to certain sessions: it belongs to the server as a whole.
    Unscoped,
    /// Those who see at least one of these places; they get the first that they see.
    Places(Places),
}

impl Audience {
    /// The places, if it has any.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Places(places) => places,
            Self::Everyone | Self::Unscoped => &[],
        }
    }

    /// Those who see one place.
    #[must_use]
    pub fn at(place: Place) -> Self {
        Self::Places(Places::from([place]))
    }
}
