//! What a flight brought, and who gets it.

use super::base::Base;
use super::history::Joined;
use super::tape::Tape;
use super::{Shown, ViewContext, Views, Waiting, answer};
use crate::bridge::request::ScreenError;
use crate::ids::PaneId;
use crate::screen::PaneSnapshot;

/// So many lines of scrollback come with a flight, in one turn of tmux. Who wants more gets them as a history.
pub(super) const SHALLOW: u32 = 500;

/// So many histories may be of no use before everything is captured at once.
const MOST_BROKEN: u32 = 2;

impl Views {
    /// A flight has brought a snapshot. A history that is complete is put above it.
    pub(super) fn land(
        &mut self,
        pane: PaneId,
        mut snapshot: PaneSnapshot,
        tape: Tape,
        cx: &mut ViewContext<'_>,
    ) {
        self.forget_questions(pane);
        let Some(shown) = self.panes.get_mut(&pane) else {
            return;
        };
        let flown = shown.flight.take().map_or(0, |flight| flight.scrollback);
        let joined = shown.join(&mut snapshot, cx.context(), flown);
        let asked_for = joined.unwrap_or(flown);
        let exact = snapshot.exact;
        let base = Base::new(snapshot, tape, cx.now);
        let redacted = shown.waiting.iter().any(|waiting| waiting.view.redacted);
        if redacted && base.is_long_to_mask() {
            return self.mask(pane, base, asked_for, exact, cx);
        }
        self.serve(pane, base, asked_for, exact, cx);
    }

    /// Gives a snapshot to all whom it serves, and sees to the others. It stays for those to come if it lasts.
    pub(super) fn serve(
        &mut self,
        pane: PaneId,
        mut base: Base,
        asked_for: u32,
        lasts: bool,
        cx: &mut ViewContext<'_>,
    ) {
        let Some(shown) = self.panes.get_mut(&pane) else {
            return;
        };
        let waiting = std::mem::take(&mut shown.waiting);
        let (served, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|waiting| {
            let scrollback = waiting.view.scrollback;
            scrollback <= asked_for || base.has_scrollback(scrollback)
        });
        for Waiting { view, reply } in served {
            let given = base.view_for(view, cx);
            let given = given.or_else(|| base.view_apart(view, cx));
            answer(reply, given.ok_or(ScreenError::Busy));
        }
        let deepest = others.iter().map(|waiting| waiting.view.scrollback).max();
        let snapshot = base.snapshot();
        shown.waiting = others;
        shown.base = lasts.then_some(base);
        match deepest.filter(|_| shown.needs_history()) {
            Some(deepest) => self.begin_history(pane, deepest, &snapshot, cx),
            None => self.start(pane, cx),
        }
    }
}

impl Shown {
    /// How many lines of scrollback the next flight is to bring; nothing if nobody waits for one.
    pub(super) fn wants(&self, context: u32) -> Option<u32> {
        // The mask is for them.
        let masking = self.masking.is_some();
        let waiting = self.waiting.iter();
        let waiting = waiting.filter(|waiting| !(masking && waiting.view.redacted));
        let wanted = waiting.map(|waiting| waiting.view.scrollback);
        let deepest = wanted.clone().max()?;
        if deepest <= SHALLOW || self.takes_all_at_once() {
            return Some(deepest);
        }
        match &self.history {
            // It says how long the history is.
            None => Some(SHALLOW),
            Some(history) => history
                .tail()
                .map(|tail| tail.saturating_sub(context))
                .or_else(|| wanted.filter(|wanted| *wanted <= SHALLOW).max()),
        }
    }

    /// Puts a history that is complete above a snapshot that was captured with so many lines. Tells how many lines there
    /// are then.
    fn join(&mut self, snapshot: &mut PaneSnapshot, context: u32, flown: u32) -> Option<u32> {
        let Some(history) = &mut self.history else {
            if flown > SHALLOW {
                // All at once, and all is well again.
                self.broken = 0;
            }
            return None;
        };
        history.tail()?;
        match history.join(snapshot) {
            Joined::Whole => {
                let wanted = history.wanted.saturating_sub(context);
                self.history = None;
                self.broken = 0;
                Some(wanted)
            }
            Joined::Apart => None,
            Joined::Broken => {
                self.history = None;
                self.broken += 1;
                None
            }
        }
    }

    fn needs_history(&self) -> bool {
        self.history.is_none() && !self.takes_all_at_once()
    }

    /// Whether there is nothing left but to capture everything in one turn of tmux.
    fn takes_all_at_once(&self) -> bool {
        self.broken >= MOST_BROKEN
    }
}
