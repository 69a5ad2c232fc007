//! A snapshot that serves all who come while its pane only prints, as each of them may see it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ViewContext;
use super::tape::Tape;
use crate::bridge::request::{PaneView, ViewRequest};
use crate::redact::Rules;
use crate::screen::PaneSnapshot;

/// How long a snapshot serves. Nobody reports a history that was cleared or a terminal that was reset from outside.
const LIFE: Duration = Duration::from_secs(10);

/// How many lines of scrollback are masked in passing.
const PASSING: usize = 1500;

/// A snapshot and what was printed since.
#[derive(Debug)]
pub(super) struct Base {
    snapshot: Arc<PaneSnapshot>,
    /// The same with its secrets masked, once somebody has asked for it.
    masked: Option<Arc<PaneSnapshot>>,
    pub(super) tape: Tape,
    taken: Instant,
}

impl Base {
    pub(super) fn new(snapshot: PaneSnapshot, tape: Tape, now: Instant) -> Self {
        Self {
            snapshot: Arc::new(snapshot),
            masked: None,
            tape,
            taken: now,
        }
    }

    pub(super) fn ends(&self) -> Instant {
        self.taken + LIFE
    }

    pub(super) fn serves(&self, scrollback: u32, now: Instant) -> bool {
        now < self.ends() && self.has_scrollback(scrollback)
    }

    pub(super) fn has_scrollback(&self, scrollback: u32) -> bool {
        let has = self.lines(u32::MAX);
        has >= scrollback.min(self.snapshot.history)
    }

    /// How many lines of scrollback someone gets who wants so many.
    pub(super) fn lines(&self, scrollback: u32) -> u32 {
        let has = u32::try_from(self.snapshot.scrollback.len()).unwrap_or(u32::MAX);
        scrollback.min(has)
    }

    /// Whether masking it takes so long that it is not done in passing.
    pub(super) fn is_long_to_mask(&self) -> bool {
        self.masked.is_none() && self.snapshot.scrollback.len() > PASSING
    }

    /// The snapshot as it is.
    pub(super) fn snapshot(&self) -> Arc<PaneSnapshot> {
        Arc::clone(&self.snapshot)
    }

    /// It has been masked.
    pub(super) fn set_masked(&mut self, masked: PaneSnapshot) {
        self.masked = Some(Arc::new(masked));
    }

    /// The snapshot with this visibility, and what was printed since.
    pub(super) fn view_for(&mut self, view: ViewRequest, cx: &ViewContext<'_>) -> Option<PaneView> {
        let offset = self.tape.end()?;
        let since = if view.redacted {
            let hub = cx.hub;
            hub.output_for(view.pane, true, self.tape.start(), offset)?
        } else {
            self.tape.pieces()
        };
        Some(PaneView {
            offset,
            scrollback: self.lines(view.scrollback),
            since,
            snapshot: self.snapshot_for(view.redacted, cx.rules)?,
        })
    }

    /// The snapshot of a pane that printed more than a tape holds: what is lost between is why it is not exact.
    pub(super) fn view_apart(
        &mut self,
        view: ViewRequest,
        cx: &ViewContext<'_>,
    ) -> Option<PaneView> {
        if self.tape.end().is_some() {
            return None;
        }
        Some(PaneView {
            offset: cx.streams.published(view.pane),
            scrollback: self.lines(view.scrollback),
            since: Vec::new(),
            snapshot: self.snapshot_for(view.redacted, cx.rules)?,
        })
    }

    fn snapshot_for(
        &mut self,
        redacted: bool,
        rules: Option<&Arc<Rules>>,
    ) -> Option<Arc<PaneSnapshot>> {
        if !redacted {
            return Some(Arc::clone(&self.snapshot));
        }
        let rules = rules?;
        let snapshot = &self.snapshot;
        let masked = self
            .masked
            .get_or_insert_with(|| Arc::new(snapshot.masked(rules)));
        Some(Arc::clone(masked))
    }
}
