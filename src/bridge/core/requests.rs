//! What clients ask of the owner.

use std::sync::Arc;
use std::time::Instant;

use super::Core;
use crate::auth::Authorized;
use crate::bridge::emitting::{EmitBatch, EmitError};
use crate::bridge::publication::Publication;
use crate::bridge::request::{Request, ScreenError};
use crate::bridge::screens::refuse;
use crate::bridge::seeing::{SeenError, SeenPanes, SeenRequest};
use crate::bridge::views::{CONTEXT, answer};
use crate::hub::Stamp;
use crate::ids::Seq;
use crate::model::{Change, DerivedChanges, Seen, State, mark_seen};

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
            // The caller may have given up, here and below.
            Request::Answer { reply } => drop(reply.send(())),
            Request::Publish(publication) => self.publish_derived(publication, now),
            Request::Emit { batch, reply } => drop(reply.send(self.emit(batch, now))),
            Request::See { seen, reply } => drop(reply.send(self.see(seen, now))),
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

    fn publish_derived(&mut self, publication: Publication, now: Instant) {
        if let Some(DerivedChanges { changes, state }) = publication.into_changes(&self.state) {
            self.publish_said(changes, state, now);
        }
    }

    /// Changes that nothing of tmux led to, with the state that they lead to, if it is another one. They were not read from
    /// tmux, so no latency is measured from here.
    fn publish_said(&mut self, changes: Vec<Change>, state: Option<State>, now: Instant) {
        let state = state.map(Arc::new);
        if let Some(state) = &state {
            self.state = Arc::clone(state);
        }
        let stamp = Stamp::at(self.setup.clock.stamp(now).at);
        self.hub.publish(changes, state, stamp);
    }

    /// Somebody has seen agents.
    fn see(&mut self, seen: Authorized<SeenRequest>, now: Instant) -> Result<SeenPanes, SeenError> {
        let SeenRequest { viewer, panes } = seen.into_request();
        let Seen {
            panes,
            changes,
            state,
        } = mark_seen(&self.state, viewer, &panes)?;
        let new = changes.len();
        if new > 0 {
            self.publish_said(changes, state, now);
        }
        Ok(SeenPanes { panes, new })
    }

    /// All of it or nothing, in one step.
    fn emit(&self, batch: Authorized<EmitBatch>, now: Instant) -> Result<Seq, EmitError> {
        let emissions = batch.into_request().0;
        let changes = emissions.iter().enumerate().map(|(at, emission)| {
            let change = emission.change(&self.state);
            change.ok_or(EmitError::Gone(at))
        });
        let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
        let stamp = Stamp::at(self.setup.clock.stamp(now).at);
        Ok(self.hub.publish(changes, None, stamp))
    }

    /// Sizes that nobody wishes any more are undone as soon as there is a link to do it, and room on it.
    pub(super) fn settle_sizes(&mut self) {
        if let Some(link) = self.control.filter(|_| self.control_attached) {
            let last = &mut self.last_tag;
            let next_tag = || {
                *last += 1;
                *last
            };
            self.sizes.settle(link, next_tag, &mut self.actions);
        }
    }
}
