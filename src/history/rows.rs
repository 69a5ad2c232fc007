//! Rows of events: what is kept for those who resume, and beside it what people and other programs read.

use jiff::Timestamp;

use super::batch::EventRow;
use super::error::StoreError;
use super::form;
use super::writer::{Gatherer, Rules};
use crate::hub::{EventContext, Published, Viewer, mask_change, mask_context, view};
use crate::ids::Seq;
use crate::model::{Audience, Change, ChangeKind, Place, Visibility};
use crate::wire::Form;

/// Sees everything, as it is or without its secrets.
struct Everything {
    redacted: bool,
}

impl Viewer for Everything {
    fn sees_session(&self, _: &str) -> bool {
        true
    }

    fn sees_all(&self) -> bool {
        true
    }

    fn is_redacted(&self) -> bool {
        self.redacted
    }
}

impl Rules {
    /// Whether all that may see something are sessions of which nothing is kept.
    pub(super) fn exclude_all(&self, audience: &Audience) -> bool {
        let places = audience.places();
        let matches = |place: &Place| {
            let mut patterns = self.exclude.iter();
            patterns.any(|pattern| pattern.matches(&place.session_name))
        };
        !places.is_empty() && places.iter().all(matches)
    }
}

impl Gatherer {
    /// A row of an event, its secrets masked if they are to be.
    pub(super) fn row(&self, event: &Published) -> Result<EventRow, StoreError> {
        let (mut change, mut context) = (event.change.clone(), event.context().clone());
        if let (Some(rules), false) = (&self.rules.panes.rules, self.rules.panes.keeps_secrets) {
            mask_change(rules, &mut change);
            mask_context(rules, &mut context);
        }
        let kept = form::write_event(event.at, &change, &context)?;
        let place = change.audience.places().first().or(change.left.as_ref());
        let pane = change.pane.map(|pane| self.name(pane));
        Ok(EventRow {
            seq: event.seq.0,
            at: event.at.as_millisecond(),
            type_name: change.kind.name().to_owned(),
            session: place.map(|place| place.session_name.to_string()),
            session_id: place.map(|place| place.session.to_string()),
            window_id: place.and_then(|place| Some(place.window?.0.to_string())),
            pane,
            agent: change.kind.agent().map(|(agent, _)| agent.to_owned()),
            places: change.audience.places().len() + usize::from(change.left.is_some()),
            visibility: change.visibility,
            json: self.json(event.seq, event.at, &change, context),
            kept,
        })
    }

    /// The event as clients get it that see everything; none for what is no event of its own.
    fn json(
        &self,
        seq: Seq,
        at: Timestamp,
        change: &Change,
        context: EventContext,
    ) -> Option<String> {
        let is_figure = matches!(change.kind, ChangeKind::SystemResources { .. });
        if is_figure || self.rules.exclude_all(&change.audience) {
            return None;
        }
        let viewer = Everything {
            redacted: change.visibility == Visibility::Redacted,
        };
        let seen = view(change, &viewer, |_| true)?;
        let event = Published::restored(seq, at, change.clone(), context);
        let framed = self.encoder.event(&event, seen, Form::Json);
        String::from_utf8(framed.payload().to_vec()).ok()
    }
}
