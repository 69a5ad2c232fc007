//! Whether a client gets just what others get too; see [`crate::server::broadcast`].

use std::sync::Arc;
use std::time::Instant;

use super::{ClientSession, Phase};
use crate::ids::Seq;
use crate::server::broadcast::{BroadcastGroup, Following};

impl ClientSession {
    /// The group whose events can be written to the client without a visit, as long as nothing else happens to it.
    ///
    /// `last` is the one that it followed last.
    pub(in crate::server) fn following(
        &self,
        last: Option<Arc<BroadcastGroup>>,
        now: Instant,
    ) -> Option<Following> {
        let Phase::Open { principal } = &self.phase else {
            return None;
        };
        let is_idle = self.encode.is_shared()
            && self.send_queue.is_empty()
            && self.effects.is_empty()
            && self.stream.is_plain()
            && !self.is_timed_now(now);
        let (filter, place) = self.stream.subscription.only_filter()?;
        if !is_idle || place != self.context.hub.head() {
            return None;
        }
        let form = (self.encode.form(), self.coding);
        let group = self.context.groups.of(last, principal, filter, form)?;
        Some(Following { group, place })
    }

    /// The client has got all that its group got, up to this place.
    pub(in crate::server) fn followed(&mut self, place: Seq) {
        self.stream.followed(place);
    }
}
