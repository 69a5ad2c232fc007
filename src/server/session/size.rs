//! The sizes that clients wish for windows.

use std::time::Instant;

use super::requests::{Refusal, denied, not_found};
use super::{ClientSession, Effect};
use crate::audit::Act;
use crate::auth::Permission;
use crate::bridge::{ResizeError, SizeWish};
use crate::ids::PaneId;
use crate::server::ResizePolicy;
use crate::wire::{ErrorCode, RequestId};

impl ClientSession {
    /// Asks for the window of the pane to be so much larger or smaller that the pane has this size.
    pub(in crate::server) fn resize(
        &mut self,
        id: Option<RequestId>,
        pane: PaneId,
        size: (u32, u32),
    ) -> Result<(), Refusal> {
        let principal = self.principal()?;
        let (state, _) = self.context.hub.snapshot();
        let places = state.places_of_pane(pane);
        let sessions = places.iter().map(|place| &*place.session_name);
        let allowed = principal.authorize(Permission::Write, sessions.clone(), ());
        allowed.map_err(denied)?;
        let largest = match self.context.resize {
            ResizePolicy::Never => {
                let why =
                    "the size is that of tmux's own clients: terminal.resize is \"never\" here";
                return Err((ErrorCode::PermissionDenied, why.to_owned()));
            }
            ResizePolicy::Last => false,
            ResizePolicy::Largest => true,
        };
        let known = state.panes.get(&pane).ok_or_else(not_found)?;
        let window = state.windows.get(&known.window).ok_or_else(not_found)?;
        let cols = (window.width + size.0).saturating_sub(known.width);
        let rows = (window.height + size.1).saturating_sub(known.height);
        let wish = SizeWish::new(window.id, self.number, (cols, rows), largest);
        let wish = wish.ok_or_else(|| {
            let why = "cols, rows: tmux has no windows of this size";
            (ErrorCode::InvalidMessage, why.to_owned())
        })?;
        let wish = principal
            .authorize(Permission::Write, sessions, wish)
            .map_err(denied)?;
        let act = Act::Resize {
            session: places.first().map(|place| place.session_name.to_string()),
            pane,
            size,
        };
        self.begin(Effect::Resize { id, wish, act });
        Ok(())
    }

    /// tmux has given the window its size, or not.
    pub(super) fn resized(
        &mut self,
        id: Option<&RequestId>,
        outcome: &Result<(), ResizeError>,
        now: Instant,
    ) {
        let Err(error) = outcome else { return };
        let code = match error {
            ResizeError::Busy => ErrorCode::RateLimited,
            ResizeError::Unavailable => ErrorCode::TmuxUnavailable,
            ResizeError::Unrecorded => ErrorCode::AuditUnavailable,
            ResizeError::Recording => ErrorCode::Recording,
            ResizeError::Tmux(_) => ErrorCode::TmuxError,
        };
        self.refuse(id, code, &error.to_string(), now);
    }
}
