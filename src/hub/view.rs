//! Who sees what of an event.
//!
//! A principal that may see only some sessions must learn nothing of the others, neither from an event nor from the
//! names in it. So each event is judged for each reader, live or replayed, at the moment of delivery.

use super::filter::Subject;
use crate::ids::ViewerId;
use crate::model::{Audience, Change, ChangeKind, Place};

/// A viewer of events: its rights, not its wishes.
pub trait Viewer {
    /// Whether it may learn of the session of this name.
    fn sees_session(&self, name: &str) -> bool;
    /// Whether it may learn of everything, also of what belongs to no session.
    fn sees_all(&self) -> bool;
    /// Whether secrets are kept from it.
    fn is_redacted(&self) -> bool {
        false
    }
    /// Who it is, if what it has seen is remembered.
    fn viewer_id(&self) -> Option<ViewerId> {
        None
    }
}

/// How an event that crosses from one session to another looks from where the viewer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Crossing {
    /// As it is.
    #[default]
    AsIs,
    /// Only the new side is seen: the object came.
    Came,
    /// Only the old side is seen: the object went.
    Went,
}

/// What a viewer sees of an event. Viewers with equal views share one encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct View {
    /// How a crossing looks.
    pub crossing: Crossing,
    /// The viewer sees not all sessions, so names of others are left out.
    pub limited: bool,
    /// Who the viewer is, if it has seen an agent in the event as it is: to all others the agent is not seen.
    pub has_seen: Option<ViewerId>,
    place: Option<u16>,
}

impl View {
    /// The place that the viewer gets, if the event has one.
    #[must_use]
    pub fn place<'a>(&self, change: &'a Change) -> Option<&'a Place> {
        if self.crossing == Crossing::Went {
            return change.left.as_ref();
        }
        match &change.audience {
            Audience::Places(places) => places.get(usize::from(self.place?)),
            Audience::Everyone | Audience::Unscoped => None,
        }
    }

    /// The type under which the viewer gets the event.
    #[must_use]
    pub fn kind<'a>(&self, change: &'a Change) -> &'a str {
        let crossed = crossed_names(&change.kind);
        match (self.crossing, crossed) {
            (Crossing::Came, Some((came, _))) => came,
            (Crossing::Went, Some((_, went))) => went,
            _ => change.kind.name(),
        }
    }
}

/// What the viewer sees of a change, if anything: the first place that its rights and its wishes allow.
pub fn view(
    change: &Change,
    viewer: &impl Viewer,
    wants: impl Fn(&Subject<'_>) -> bool,
) -> Option<View> {
    if !change.visibility.see(viewer.is_redacted()) {
        return None;
    }
    if let ChangeKind::AgentSeen { viewer: only, .. } = &change.kind
        && viewer.viewer_id() != Some(*only)
    {
        return None;
    }
    let look = Look {
        change,
        viewer,
        wants,
    };
    match (&change.left, crossed_names(&change.kind)) {
        (Some(left), Some((came, went))) => look.crossing(left, came, went),
        // Both sides of any other change have to be seen.
        (Some(left), None) if !viewer.sees_session(&left.session_name) => None,
        _ => look
            .first(change.kind.name())
            .map(|place| look.seen(Crossing::AsIs, place)),
    }
}

/// The types that an event which crosses takes on for those who see only the new or only the old side.
fn crossed_names(kind: &ChangeKind) -> Option<(&'static str, &'static str)> {
    match kind {
        ChangeKind::SessionRenamed { .. } => Some(("session.created", "session.removed")),
        ChangeKind::ClientSessionChanged { .. } => Some(("client.attached", "client.detached")),
        _ => None,
    }
}

/// Whether agents may be in what a viewer gets of an event.
fn shows_agents(kind: &ChangeKind, crossing: Crossing) -> bool {
    match kind {
        ChangeKind::AgentStarted { .. }
        | ChangeKind::AgentStatus { .. }
        | ChangeKind::AgentSeen { .. }
        | ChangeKind::PaneCreated { .. }
        | ChangeKind::WindowCreated { .. } => true,
        ChangeKind::SessionRenamed { .. } => crossing == Crossing::Came,
        _ => false,
    }
}

struct Look<'a, V, W> {
    change: &'a Change,
    viewer: &'a V,
    wants: W,
}

impl<V: Viewer, W: Fn(&Subject<'_>) -> bool> Look<'_, V, W> {
    /// The first place that is seen and wanted under this type: `Some(None)` for an event without places.
    fn first(&self, kind: &str) -> Option<Option<u16>> {
        match &self.change.audience {
            Audience::Everyone => self.wanted(kind, None).then_some(None),
            Audience::Unscoped => {
                (self.viewer.sees_all() && self.wanted(kind, None)).then_some(None)
            }
            Audience::Places(places) => {
                let seen = |place: &Place| {
                    self.viewer.sees_session(&place.session_name) && self.wanted(kind, Some(place))
                };
                let index = places.iter().position(seen)?;
                u16::try_from(index).ok().map(Some)
            }
        }
    }

    /// Whether the new side is within the viewer's rights, wanted or not.
    fn may_see_new(&self) -> bool {
        match &self.change.audience {
            Audience::Everyone => true,
            Audience::Unscoped => self.viewer.sees_all(),
            Audience::Places(places) => places
                .iter()
                .any(|place| self.viewer.sees_session(&place.session_name)),
        }
    }

    fn crossing(&self, left: &Place, came: &'static str, went: &'static str) -> Option<View> {
        let as_is = self.change.kind.name();
        let coming = || {
            self.first(came)
                .map(|place| self.seen(Crossing::Came, place))
        };
        let going = || {
            self.wanted(went, Some(left))
                .then(|| self.seen(Crossing::Went, None))
        };
        match (
            self.may_see_new(),
            self.viewer.sees_session(&left.session_name),
        ) {
            (false, false) => None,
            (true, false) => coming(),
            (false, true) => going(),
            (true, true) => match (self.first(as_is), self.wanted(as_is, Some(left))) {
                (Some(place), true) => Some(self.seen(Crossing::AsIs, place)),
                (Some(place), false) => coming().or_else(|| Some(self.seen(Crossing::AsIs, place))),
                (None, true) => going(),
                (None, false) => None,
            },
        }
    }

    fn wanted(&self, kind: &str, place: Option<&Place>) -> bool {
        (self.wants)(&Subject {
            kind,
            place,
            pane: self.change.pane,
            agent: self.change.kind.agent(),
        })
    }

    fn seen(&self, crossing: Crossing, place: Option<u16>) -> View {
        // Only sessions name others: their group. All else looks the same to all, and shares one encoding.
        let names_others = matches!(
            self.change.kind,
            ChangeKind::SessionCreated { .. }
                | ChangeKind::SessionRenamed { .. }
                | ChangeKind::SessionChanged { .. }
        );
        View {
            crossing,
            limited: names_others && !self.viewer.sees_all(),
            has_seen: self.has_seen(crossing),
            place,
        }
    }

    /// Who the viewer is, if the event shows it an agent that it has seen.
    fn has_seen(&self, crossing: Crossing) -> Option<ViewerId> {
        let kind = &self.change.kind;
        if !shows_agents(kind, crossing) {
            return None;
        }
        // All that is in a session which comes into sight is not looked through here.
        let is_whole = matches!(kind, ChangeKind::SessionRenamed { .. });
        let viewer = self.viewer.viewer_id();
        viewer.filter(|viewer| is_whole || kind.is_seen_by(*viewer))
    }
}
