//! What a client adds to the log of its own.

use std::time::Instant;

use super::reply::Reply;
use super::requests::Refusal;
use super::{ClientSession, Effect, EmitEffect};
use crate::auth::Principal;
use crate::server::emitting::{self, EmitRequest};
use crate::server::repeats::Emitted;
use crate::wire::RequestId;

impl ClientSession {
    pub(super) fn ask_emit(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        request: &EmitRequest,
        now: Instant,
    ) -> Result<(), Refusal> {
        self.check_room()?;
        let count = request.events.len();
        match emitting::prepare(&self.context, principal, request, now) {
            Ok(prepared) => self.begin(Effect::Emit(EmitEffect {
                id,
                count,
                prepared,
            })),
            Err(refused) => {
                let Some(wait) = refused.retry_after else {
                    return Err((refused.code, refused.why));
                };
                self.put_off(id.as_ref(), &refused.why, wait, now);
            }
        }
        Ok(())
    }

    pub(super) fn emitted(
        &mut self,
        id: Option<&RequestId>,
        (events, repeated): (usize, bool),
        emitted: Emitted,
        now: Instant,
    ) {
        match emitted {
            Ok(seq) => {
                let epoch = self.context.hub.epoch().clone();
                let reply = Reply::Emitted {
                    id,
                    events,
                    epoch: &epoch,
                    seq,
                    repeated,
                };
                self.say(&reply, now);
            }
            Err(error) => self.refuse(id, emitting::code_of(&error), &error.to_string(), now),
        }
    }
}
