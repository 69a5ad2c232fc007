//! Prompts and answers for agents, which others type step by step.

use std::time::Instant;

use super::reply::{ComposedReply, Reply};
use super::request::ComposeRequest;
use super::requests::{Refusal, authorized_to_type};
use super::{ClientSession, ComposeEffect, Effect};
use crate::auth::Principal;
use crate::bridge::Composed;
use crate::ids::PaneId;
use crate::wire::RequestId;

impl ClientSession {
    pub(super) fn ask_compose(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        request: &ComposeRequest,
        key: Option<&str>,
        now: Instant,
    ) -> Result<(), Refusal> {
        self.check_room()?;
        let Some(id) = self.unless_repeated(id, principal, (key, request), now)? else {
            return Ok(());
        };
        let (state, pane) = self.pane_named(principal, &request.target)?;
        let wanted = request.wanted.clone();
        let wanted = authorized_to_type(&state, principal, pane, wanted)?;
        let slot = self.slot(principal, (key, request), pane, now)?;
        self.begin(Effect::Compose(ComposeEffect {
            id,
            pane,
            wanted,
            by: (principal.clone(), self.number),
            slot,
        }));
        Ok(())
    }

    /// Says what has come of a prompt or an answer.
    pub(super) fn send_composed(
        &mut self,
        id: Option<&RequestId>,
        (pane, repeated): (PaneId, bool),
        outcome: &Composed,
        now: Instant,
    ) {
        self.say(
            &Reply::Composed(ComposedReply {
                id,
                pane,
                repeated,
                outcome,
            }),
            now,
        );
    }
}
