//! What a client has seen of agents. It is kept by whoever the client is, over all connections, and nobody else learns of it.

use std::time::Instant;

use super::reply::Reply;
use super::requests::{Refusal, denied, may_read, unmet};
use super::{ClientSession, Effect};
use crate::audit::Act;
use crate::auth::{Permission, Principal};
use crate::bridge::{SeenError, SeenPanes, SeenRequest};
use crate::ids::ViewerId;
use crate::server::target::{self, Target};
use crate::wire::{ErrorCode, RequestId};

impl ClientSession {
    pub(super) fn ask_seen(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        target: &Target,
    ) -> Result<(), Refusal> {
        may_read(principal)?;
        self.check_room()?;
        let (state, _) = self.context.hub.snapshot();
        let part = target::part(&state, principal, target).map_err(unmet)?;
        let request = SeenRequest {
            viewer: ViewerId(principal.print()),
            panes: target::panes(&state, principal, part),
        };
        let seen = principal.authorize_everywhere(Permission::Read, request);
        let seen = seen.map_err(denied)?;
        self.begin(Effect::See { id, seen });
        Ok(())
    }

    pub(super) fn seen(
        &mut self,
        id: Option<&RequestId>,
        outcome: Result<SeenPanes, SeenError>,
        now: Instant,
    ) {
        match outcome {
            Ok(seen) => {
                self.record_seen(&seen);
                let panes = &seen.panes;
                self.say(&Reply::Seen { id, panes }, now);
            }
            Err(error) => self.refuse(id, code_of(&error), &error.to_string(), now),
        }
    }

    /// Only what changed something: what a client may repeat as often as it likes fills no log.
    fn record_seen(&self, seen: &SeenPanes) {
        let Some(pane) = seen.panes.first().filter(|_| seen.new > 0) else {
            return;
        };
        let (state, _) = self.context.hub.snapshot();
        let places = state.places_of_pane(*pane);
        let act = Act::Seen {
            session: places.first().map(|place| place.session_name.to_string()),
            pane: *pane,
            count: seen.new as u64,
        };
        self.context.audit.record(self.who(), act);
    }
}

fn code_of(error: &SeenError) -> ErrorCode {
    match error {
        SeenError::TooMany(_) => ErrorCode::LimitReached,
        SeenError::Busy => ErrorCode::RateLimited,
        SeenError::Ended => ErrorCode::OutcomeUnknown,
    }
}
