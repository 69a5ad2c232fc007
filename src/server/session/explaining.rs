//! What is held of an agent, for those who see its pane; without what is kept from them.

use std::time::Instant;

use super::reply::{ExplainedReply, Reply};
use super::requests::{Refusal, denied, not_found};
use super::{ClientSession, Effect};
use crate::auth::{Permission, Principal};
use crate::bridge::{Grounds, NoGrounds};
use crate::ids::PaneId;
use crate::server::target::Target;
use crate::wire::{ErrorCode, RequestId};

impl ClientSession {
    pub(super) fn ask_explain(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        target: &Target,
    ) -> Result<(), Refusal> {
        self.check_room()?;
        let pane = self.visible_pane(principal, target)?;
        let (state, _) = self.context.hub.snapshot();
        let places = state.places_of_pane(pane);
        let sessions = places.iter().map(|place| &*place.session_name);
        let pane = principal.authorize(Permission::Read, sessions, pane);
        let pane = pane.map_err(denied)?;
        self.begin(Effect::Explain { id, pane });
        Ok(())
    }

    pub(super) fn explained(
        &mut self,
        id: Option<&RequestId>,
        pane: PaneId,
        grounds: Result<Box<Grounds>, NoGrounds>,
        now: Instant,
    ) {
        let Ok(principal) = self.principal() else {
            return;
        };
        // It may have left what the client sees meanwhile.
        if self.place_of(&principal, pane).is_none() {
            let (code, why) = not_found();
            return self.refuse(id, code, &why, now);
        }
        let mut grounds = match grounds {
            Ok(grounds) => Ok(grounds),
            Err(error @ NoGrounds::Busy) => {
                return self.refuse(id, ErrorCode::RateLimited, &error.to_string(), now);
            }
            Err(error) => Err(error),
        };
        if let (Ok(grounds), true) = (&mut grounds, principal.is_redacted()) {
            self.mask(grounds);
        }
        let grounds = grounds.as_deref().map_err(|error| *error);
        let reply = ExplainedReply { id, pane, grounds };
        self.say(&Reply::Explained(reply), now);
    }

    fn mask(&self, grounds: &mut Grounds) {
        let Some(redaction) = self.context.hub.redaction() else {
            return;
        };
        for text in grounds.texts_mut() {
            if let Some(masked) = redaction.rules.masked(text) {
                *text = masked;
            }
        }
    }
}
