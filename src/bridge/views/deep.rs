//! What takes long for a pane and is done beside everything else: capturing a long history, and masking it.

use std::time::Duration;

use super::base::Base;
use super::history::{Broken, History};
use super::landing::SHALLOW;
use super::{Parts, PrintOutcome, ViewContext, Views};
use crate::bridge::action::Action;
use crate::bridge::request::ScreenError;
use crate::ids::PaneId;
use crate::screen::PaneSnapshot;
use crate::tmux::HistoryPace;

/// A snapshot whose secrets are being masked.
#[derive(Debug)]
pub(super) struct Masking {
    ticket: u64,
    pub(super) base: Base,
    asked_for: u32,
    /// Whether it is of use to those who come later.
    pub(super) lasts: bool,
}

/// How long after a key more keys are expected.
const TYPING: Duration = Duration::from_secs(2);

impl ViewContext<'_> {
    /// While somebody types, slices are rare.
    fn pace(&self) -> HistoryPace {
        let typing = |typed_at| self.now.saturating_duration_since(typed_at) < TYPING;
        match self.typed_at.is_some_and(typing) {
            true => HistoryPace::Gentle,
            false => HistoryPace::Usual,
        }
    }
}

impl Views {
    /// Begins to gather the history of a pane that looks like this.
    pub(super) fn begin_history(
        &mut self,
        pane: PaneId,
        scrollback: u32,
        snapshot: &PaneSnapshot,
        cx: &mut ViewContext<'_>,
    ) {
        if let Some(shown) = self.panes.get_mut(&pane) {
            let wanted = scrollback.saturating_add(cx.context());
            shown.history = Some(History::new(wanted, 0, snapshot));
            self.go_deeper(pane, cx);
        }
    }

    /// Asks for the next slices of a history, as long as somebody waits for it. Once all are there, a flight brings the
    /// screen below.
    fn go_deeper(&mut self, pane: PaneId, cx: &mut ViewContext<'_>) {
        let Some(shown) = self.panes.get_mut(&pane) else {
            return;
        };
        shown.waiting.retain(|waiting| !waiting.reply.is_closed());
        let deep = shown
            .waiting
            .iter()
            .any(|waiting| waiting.view.scrollback > SHALLOW);
        shown.history.take_if(|_| !deep);
        let history = shown.history.as_mut();
        let next = history.and_then(|history| Some((history.next()?, history)));
        let Some((range, history)) = next else {
            return self.start(pane, cx);
        };
        let ticket = cx.next_tag();
        history.ticket = ticket;
        self.deep.insert(ticket, pane);
        cx.actions.push(Action::PrintHistory {
            ticket,
            pane,
            range,
            pace: cx.pace(),
            tabs: history.tabs.clone(),
        });
    }

    /// Masks a snapshot, which then goes to all whom it serves.
    pub(super) fn mask(
        &mut self,
        pane: PaneId,
        base: Base,
        asked_for: u32,
        lasts: bool,
        cx: &mut ViewContext<'_>,
    ) {
        let Some((rules, shown)) = cx.rules.zip(self.panes.get_mut(&pane)) else {
            return self.fail(pane, &ScreenError::Unavailable);
        };
        let ticket = cx.next_tag();
        cx.actions.push(Action::Mask {
            ticket,
            snapshot: base.snapshot(),
            rules: rules.clone(),
        });
        shown.masking = Some(Masking {
            ticket,
            base,
            asked_for,
            lasts,
        });
        self.deep.insert(ticket, pane);
    }

    /// Slices of a history have come, or a mask.
    pub(super) fn went_deep(
        &mut self,
        pane: PaneId,
        ticket: u64,
        parts: PrintOutcome,
        cx: &mut ViewContext<'_>,
    ) {
        let Some(shown) = self.panes.get_mut(&pane) else {
            return;
        };
        match parts {
            Err(error) => self.fail(pane, &error),
            Ok(Parts::History(parts)) => {
                let Some(history) = shown.history.as_mut().filter(|it| it.ticket == ticket) else {
                    return;
                };
                if history.add(parts) == Err(Broken) {
                    shown.history = None;
                    shown.broken += 1;
                }
                self.go_deeper(pane, cx);
            }
            Ok(Parts::Masked(masked)) => {
                let Some(mut masking) = shown.masking.take_if(|it| it.ticket == ticket) else {
                    return;
                };
                masking.base.set_masked(*masked);
                let Masking {
                    base,
                    asked_for,
                    lasts,
                    ..
                } = masking;
                self.serve(pane, base, asked_for, lasts, cx);
            }
            Ok(Parts::Pane(_)) => {}
        }
    }
}
