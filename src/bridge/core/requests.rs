//! What clients ask of the owner.

use std::time::Instant;

use super::Core;
use crate::bridge::publication::Publication;
use crate::bridge::request::{Request, ScreenError};
use crate::bridge::screens::refuse;
use crate::bridge::views::{CONTEXT, answer};
use crate::hub::Stamp;

impl Core {
    pub(super) fn request(&mut self, request: Request, now: Instant) {
        if let Some(request) = self.wait_for_link(request, now) {
            self.carry_out(request, now);
        }
    }

    pub(super) fn carry_out(&mut self, request: Request, now: Instant) {
        let control = self.control.filter(|_| self.setup.live);
        match request {
            Request::Input { input, reply } => {
                self.typed_at = Some(now);
                self.with_inputs(now, |inputs, way, actions| {
                    inputs.begin(input.into_request(), reply, way, actions);
                });
            }
            Request::View { view, reply } => {
                if control.is_none() {
                    return answer(reply, Err(ScreenError::Unavailable));
                }
                self.let_go(now);
                let (views, mut cx) = self.view_context(now);
                views.begin(view.into_request(), reply, &mut cx);
            }
            Request::Resize { wish, reply } => {
                let tag = self.next_tag();
                self.sizes
                    .wish(control, tag, wish.into_request(), reply, &mut self.actions);
                self.settle_sizes();
            }
            // The caller may have given up.
            Request::Answer { reply } => drop(reply.send(())),
            Request::Publish(publication) => self.publish_derived(publication, now),
            Request::Leave { client } => {
                self.sizes.leave(client);
                self.settle_sizes();
            }
            Request::Screens { screens, reply } if control.is_none() => {
                refuse(
                    screens.into_request().panes,
                    reply,
                    &ScreenError::Unavailable,
                );
            }
            Request::Screens { screens, reply } => {
                self.let_go(now);
                let context = self.redaction.as_ref().map_or(0, |_| CONTEXT);
                let streams = &self.streams;
                let offset = |pane| streams.offset(pane);
                let request = screens.into_request();
                self.screens
                    .begin(request, reply, context, offset, &mut self.actions);
            }
        }
    }

    /// It was not read from tmux, so no latency is measured from here.
    fn publish_derived(&self, publication: Publication, now: Instant) {
        let change = publication.into_change(&self.state);
        let stamp = Stamp::at(self.setup.clock.stamp(now).at);
        self.hub.publish(change, None, stamp);
    }

    /// Sizes that nobody wishes any more are undone as soon as there is a link to do it.
    pub(super) fn settle_sizes(&mut self) {
        if let Some(link) = self.control.filter(|_| self.control_attached) {
            let tag = self.next_tag();
            self.sizes.settle(link, tag, &mut self.actions);
        }
    }
}
