//! One event for many clients that see it alike: it is judged and encoded once, and written straight to their sockets.
//!
//! A client whose stream is at the head, and for whom nothing else is to be done, needs no more than its place moved and
//! the frame written. All that it would have to be looked at for otherwise is most of what a delivery costs beside the
//! kernel's part. Whatever else happens to a client ends this for it, until its next visit finds it so again.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::session::Context;
use crate::auth::Principal;
use crate::hub::{Filter, Hub, Published, filtered_view};
use crate::ids::Seq;
use crate::model::ChangeKind;
use crate::wire::{Coding, Form, Framed};

/// Events that a round takes at most; beyond, clients are visited one by one.
const MOST_EVENTS: usize = 16;
/// Groups at one time. With more there is little in common, and looking for one would cost more than it saves.
const MOST_GROUPS: usize = 32;

/// What some clients have in common: what they may see, what they want, and how they get it.
#[derive(Debug)]
pub(super) struct BroadcastGroup {
    /// One of them.
    principal: Principal,
    filter: Filter,
    form: (Form, Coding),
}

/// The groups of a server.
#[derive(Debug, Default)]
pub(super) struct BroadcastGroups(Mutex<Vec<Weak<BroadcastGroup>>>);

/// A client that gets what its group gets, from behind this place on.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) group: Arc<BroadcastGroup>,
    pub(super) place: Seq,
}

/// What is brought to all clients of a shard in one round.
#[derive(Debug)]
pub(super) struct BroadcastRound {
    after: Seq,
    /// None if there is something else than output among them: then each client is visited by itself.
    events: Option<Vec<Arc<Published>>>,
    /// What each group gets; none if one of the events is not for it.
    frames: Vec<(Arc<BroadcastGroup>, Option<Vec<Framed>>)>,
}

impl BroadcastGroups {
    /// The group of those who have all this in common, often the `last` one of whoever asks; none if there are too many
    /// groups already.
    pub(super) fn of(
        &self,
        last: Option<Arc<BroadcastGroup>>,
        principal: &Principal,
        filter: &Filter,
        form: (Form, Coding),
    ) -> Option<Arc<BroadcastGroup>> {
        let last = last.filter(|group| group.is_of(principal, filter, form));
        if last.is_some() {
            return last;
        }
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = groups.iter().filter_map(Weak::upgrade);
        if let Some(found) = known.find(|group| group.is_of(principal, filter, form)) {
            return Some(found);
        }
        drop(known);
        groups.retain(|group| group.strong_count() > 0);
        if groups.len() == MOST_GROUPS {
            return None;
        }
        let group = Arc::new(BroadcastGroup {
            principal: principal.clone(),
            filter: filter.clone(),
            form,
        });
        groups.push(Arc::downgrade(&group));
        Some(group)
    }
}

impl BroadcastGroup {
    /// Whether somebody with these rights and wishes gets exactly what this group gets.
    fn is_of(&self, principal: &Principal, filter: &Filter, form: (Form, Coding)) -> bool {
        self.form == form
            && self.principal.is_redacted() == principal.is_redacted()
            && self.principal.scope() == principal.scope()
            && self.filter == *filter
    }
}

impl BroadcastRound {
    /// All that was published after this place.
    pub(super) fn after(hub: &Hub, after: Seq) -> Self {
        let is_output =
            |event: &Arc<Published>| matches!(event.change.kind, ChangeKind::PaneOutput { .. });
        let events = hub.all_after(after, MOST_EVENTS);
        Self {
            after,
            events: events.filter(|events| events.iter().all(is_output)),
            frames: Vec::new(),
        }
    }

    /// What somebody of a group gets in this round who is at this place; nothing if that is to be found out by a visit.
    pub(super) fn frames(
        &mut self,
        group: &Arc<BroadcastGroup>,
        place: Seq,
        context: &Context,
    ) -> Option<impl Iterator<Item = (&Arc<Published>, &Framed)> + use<'_>> {
        if place != self.after {
            return None;
        }
        let events = self.events.as_ref()?;
        let known = |(of, _): &(Arc<BroadcastGroup>, _)| Arc::ptr_eq(of, group);
        let index = self.frames.iter().position(known).unwrap_or_else(|| {
            let frame = |event: &Arc<Published>| {
                let view = filtered_view(event, &group.principal, &group.filter)?;
                Some(context.encoder.coded_event(event, view, group.form))
            };
            let frames = events.iter().map(frame).collect();
            self.frames.push((Arc::clone(group), frames));
            self.frames.len() - 1
        });
        let frames = self.frames[index].1.as_ref()?;
        Some(events.iter().zip(frames))
    }
}
