//! Showing panes: a snapshot at an exact place of the pane's stream, and what was printed since.
//!
//! A snapshot stays good while its pane only prints: who comes later gets it with the bytes since, so that many who
//! come cost tmux one capture. Each pane has at most one snapshot on its way, which all who wait for it share.
//!
//! tmux and muxwire serve nobody else while a long history is captured and read. So it comes in slices, with time for
//! others between them, and is put above a snapshot that is captured at the end. Who wants less does not wait for it.

mod base;
mod deep;
mod flight;
mod history;
mod landing;
mod step;
mod tape;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use self::base::Base;
use self::deep::Masking;
use self::flight::{Flight, FlightStep};
use self::history::History;
pub(super) use self::history::HistoryPart;
use self::step::Outcome;
use super::action::Action;
use super::outputs::Outputs;
use super::request::{PaneView, ScreenError, ViewRequest};
use super::streams::Streams;
use crate::control::{Body, Command};
use crate::hub::Hub;
use crate::ids::PaneId;
use crate::model::{Change, ChangeKind, State};
use crate::redact::Rules;
use crate::screen::PaneSnapshot;
use crate::tmux::{LinkId, PanePrint, ReplyError, Version};

/// The most lines of scrollback: as many as a client may ask for.
const MOST_SCROLLBACK: u32 = 100_000;

/// How many more lines are captured above what is shown, where secrets are kept from somebody: they may have begun there.
pub(super) const CONTEXT: u32 = 256;

/// How much a server may leak for the sake of panes that never stop printing, in all its life.
const LEAK: usize = 8 * 1024 * 1024;

/// Where a view goes. Nobody may be waiting for it any more, and that is no error.
pub(super) type ViewReply = oneshot::Sender<Result<PaneView, ScreenError>>;

/// What was done for a pane beside everything else.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) ticket: u64,
    pub(super) parts: PrintOutcome,
}

/// The view, or why there is none.
pub(super) type PrintOutcome = Result<Parts, ScreenError>;

/// What was to be had of a pane.
#[derive(Debug)]
pub(super) enum Parts {
    /// All that tmux printed.
    Pane(PanePrint),
    /// Some slices of its history.
    History(Vec<HistoryPart>),
    /// A snapshot with its secrets masked.
    Masked(Box<PaneSnapshot>),
}

/// What of the bridge is looked at and acted on.
#[derive(Debug)]
pub(super) struct ViewContext<'a> {
    pub(super) hub: &'a Hub,
    /// What is secret, if secrets are kept from anybody.
    pub(super) rules: Option<&'a Arc<Rules>>,
    pub(super) streams: &'a mut Streams,
    pub(super) outputs: &'a Outputs,
    pub(super) state: &'a State,
    pub(super) version: Option<&'a Version>,
    pub(super) actions: &'a mut Vec<Action>,
    pub(super) last_tag: &'a mut u64,
    /// When somebody last asked to type.
    pub(super) typed_at: Option<Instant>,
    pub(super) now: Instant,
}

/// The snapshots that are good, those on their way, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Views {
    panes: HashMap<PaneId, Shown>,
    /// The pane of each tag or ticket of a flight that is out.
    asked: HashMap<u64, PaneId>,
    /// The same for histories and masks.
    deep: HashMap<u64, PaneId>,
    leaked: usize,
}

/// One pane's.
#[derive(Debug, Default)]
struct Shown {
    base: Option<Base>,
    flight: Option<Flight>,
    /// A long history on its way, for those who want more than a flight brings.
    history: Option<History>,
    /// How many histories were of no use.
    broken: u32,
    masking: Option<Masking>,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    view: ViewRequest,
    reply: ViewReply,
}

impl Views {
    /// Begins a request.
    pub(super) fn begin(&mut self, view: ViewRequest, reply: ViewReply, cx: &mut ViewContext<'_>) {
        let scrollback = view.scrollback.min(MOST_SCROLLBACK);
        let view = ViewRequest { scrollback, ..view };
        let pane = view.pane;
        if !cx.state.panes.contains_key(&pane) {
            return answer(reply, Err(ScreenError::NoSuchPane));
        }
        let shown = self.panes.entry(pane).or_default();
        let usable = |base: &&mut Base| base.serves(scrollback, cx.now);
        let masks = |base: &Base| view.redacted && base.is_long_to_mask();
        if let Some(base) = shown
            .base
            .take_if(|base| base.serves(scrollback, cx.now) && masks(base))
        {
            shown.waiting.push(Waiting { view, reply });
            return self.mask(pane, base, scrollback, true, cx);
        }
        if let Some(view) = shown
            .base
            .as_mut()
            .filter(usable)
            .and_then(|base| base.view_for(view, cx))
        {
            return answer(reply, Ok(view));
        }
        shown.waiting.push(Waiting { view, reply });
        self.start(pane, cx);
    }

    /// Whether a tag belongs to a snapshot.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.asked.contains_key(&tag)
    }

    /// When [`Self::timer`] is wanted next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.panes.values().filter_map(Shown::due).min()
    }

    /// A link has brought output of a pane, whether it is published or not, or has lost some.
    pub(super) fn saw(&mut self, link: LinkId, pane: PaneId) {
        if self.asked.is_empty() {
            return;
        }
        for flight in self
            .panes
            .values_mut()
            .filter_map(|shown| shown.flight.as_mut())
        {
            flight.saw(link, pane);
        }
    }

    /// What is about to be published.
    pub(super) fn observe(&mut self, change: &Change) {
        if self.panes.is_empty() {
            return;
        }
        let shown = change.pane.and_then(|pane| self.panes.get_mut(&pane));
        let Some(shown) = shown else { return };
        match &change.kind {
            ChangeKind::PaneOutput { bytes, .. } => shown.printed(bytes),
            ChangeKind::PaneGap { .. }
            | ChangeKind::PaneResized { .. }
            | ChangeKind::PaneExited { .. }
            | ChangeKind::PaneRemoved { .. } => shown.spoil(),
            _ => {}
        }
    }

    /// Something else than bytes may have changed the pane's screen.
    pub(super) fn spoil(&mut self, pane: PaneId) {
        if let Some(shown) = self.panes.get_mut(&pane) {
            shown.spoil();
        }
    }

    /// Links have come or gone, or panes have.
    pub(super) fn links_changed(&mut self, cx: &mut ViewContext<'_>) {
        if self.panes.is_empty() {
            return;
        }
        self.panes
            .retain(|pane, shown| cx.state.panes.contains_key(pane) || shown.is_on_its_way());
        let waits = |shown: &Shown| {
            let flight = shown.flight.as_ref();
            flight.is_some_and(|flight| matches!(flight.step, FlightStep::Link))
        };
        let waiting: Vec<PaneId> = self
            .panes
            .iter()
            .filter(|(_, shown)| waits(shown))
            .map(|(pane, _)| *pane)
            .collect();
        for pane in waiting {
            self.attempt(pane, cx);
        }
    }

    /// The time of a flight may be up, or of a snapshot.
    pub(super) fn timer(&mut self, cx: &mut ViewContext<'_>) {
        self.panes.retain(|_, shown| {
            shown.base.take_if(|base| base.ends() <= cx.now);
            shown.base.is_some() || shown.is_on_its_way()
        });
        let late = |shown: &Shown| shown.flight_due().is_some_and(|due| due <= cx.now);
        let late: Vec<PaneId> = self
            .panes
            .iter()
            .filter(|(_, shown)| late(shown))
            .map(|(pane, _)| *pane)
            .collect();
        for pane in late {
            self.give_up(pane, cx);
        }
    }

    /// There is no server any more.
    pub(super) fn clear(&mut self) {
        for (_, shown) in self.panes.drain() {
            for waiting in shown.waiting {
                answer(waiting.reply, Err(ScreenError::Unavailable));
            }
        }
        self.asked.clear();
        self.deep.clear();
        self.leaked = 0;
    }

    /// The reply to one command.
    pub(super) fn reply(
        &mut self,
        tag: u64,
        outcome: Result<Body, ReplyError>,
        cx: &mut ViewContext<'_>,
    ) {
        let Some(pane) = self.asked.get(&tag).copied() else {
            return;
        };
        if let Ok(body) = &outcome
            && cx.version.is_some_and(Version::leaks_captures)
        {
            self.leaked += body.as_bytes().len();
        }
        let Some(flight) = self.flight(pane) else {
            return;
        };
        let outcome = flight.replied(tag, outcome, cx);
        self.proceed(pane, outcome, cx);
    }

    /// The commands of a tag could not be handed to the link.
    pub(super) fn not_sent(&mut self, tag: u64) {
        // The link is about to end, and another one may come; or it is busy, and then time runs out.
        if let Some(flight) = self.asked.remove(&tag).and_then(|pane| self.flight(pane)) {
            flight.step = FlightStep::Link;
        }
    }

    /// A pane has been printed.
    pub(super) fn printed(&mut self, printed: Printed, cx: &mut ViewContext<'_>) {
        let Printed { ticket, parts } = printed;
        if let Some(pane) = self.deep.remove(&ticket) {
            return self.went_deep(pane, ticket, parts, cx);
        }
        let Some(pane) = self.asked.remove(&ticket) else {
            return;
        };
        let Some(flight) = self.flight(pane) else {
            return;
        };
        let parts = parts.and_then(|parts| match parts {
            Parts::Pane(print) => Ok(print),
            other => Err(ScreenError::Tmux(format!(
                "not a pane was printed: {other:?}"
            ))),
        });
        let outcome = flight.was_printed(ticket, parts, cx);
        if let FlightStep::MarkAfter { tag, .. } = &flight.step {
            let tag = *tag;
            self.asked.insert(tag, pane);
        }
        self.proceed(pane, outcome, cx);
    }

    fn flight(&mut self, pane: PaneId) -> Option<&mut Flight> {
        self.panes.get_mut(&pane)?.flight.as_mut()
    }

    /// How many panes are remembered.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.panes.len()
    }

    /// Starts a flight for those who wait, unless there is one, or all of them wait for a history.
    fn start(&mut self, pane: PaneId, cx: &mut ViewContext<'_>) {
        let Some(shown) = self.panes.get_mut(&pane) else {
            return;
        };
        if shown.waiting.is_empty() {
            shown.history = None;
        }
        let wanted = shown.wants(cx.context());
        if let Some(scrollback) = wanted.filter(|_| shown.flight.is_none()) {
            shown.flight = Some(Flight::new(pane, scrollback, cx.now));
            self.attempt(pane, cx);
        }
    }

    /// Asks on the pane's link, if it has one.
    fn attempt(&mut self, pane: PaneId, cx: &mut ViewContext<'_>) {
        let leaks = cx.version.is_some_and(Version::leaks_captures);
        let may_leak = !leaks || self.leaked < LEAK;
        self.forget_questions(pane);
        let Some(flight) = self.flight(pane) else {
            return;
        };
        flight.step = FlightStep::Link;
        let owner = cx.streams.owner(pane);
        let Some(link) = owner.filter(|link| cx.outputs.is_attached(*link)) else {
            return;
        };
        if !flight.try_on(link, cx.streams.published(pane)) {
            return self.give_up(pane, cx);
        }
        let rows = cx.state.panes.get(&pane).map_or(0, |pane| pane.height);
        let tag = cx.next_tag();
        let context = cx.context();
        let commands = if leaks && flight.prefers_printing() {
            flight.step = FlightStep::MarkBefore { tag };
            vec![Command::Sentinel { nonce: tag }]
        } else if let Some(commands) = flight.commands(rows, context).filter(|_| may_leak) {
            flight.step = FlightStep::Replies {
                tag,
                missing: commands.len(),
                bodies: Vec::new(),
            };
            commands
        } else {
            return self.give_up(pane, cx);
        };
        self.asked.insert(tag, pane);
        cx.actions.push(Action::Send {
            link,
            tag,
            commands,
        });
    }

    /// The place in the stream is not to be had: the pane is printed wherever it stands.
    fn give_up(&mut self, pane: PaneId, cx: &mut ViewContext<'_>) {
        self.forget_questions(pane);
        let Some(flight) = self.flight(pane) else {
            return;
        };
        flight.begin_at(cx.streams.published(pane));
        let ticket = cx.print(flight);
        flight.step = FlightStep::LastPrint { ticket };
        self.asked.insert(ticket, pane);
    }

    /// Whatever is still to be answered for a pane is about nothing any more.
    fn forget_questions(&mut self, pane: PaneId) {
        self.asked.retain(|_, asked| *asked != pane);
    }

    fn proceed(&mut self, pane: PaneId, outcome: Outcome, cx: &mut ViewContext<'_>) {
        match outcome {
            Outcome::Pending => {
                let printing = match self.flight(pane).map(|flight| &flight.step) {
                    Some(FlightStep::Print { ticket }) => Some(*ticket),
                    _ => None,
                };
                self.asked.extend(printing.map(|ticket| (ticket, pane)));
            }
            Outcome::Again => self.attempt(pane, cx),
            Outcome::Done(snapshot, tape) => self.land(pane, *snapshot, tape, cx),
            Outcome::Failed(error) => self.fail(pane, &error),
        }
    }

    /// There is nothing to show of a pane.
    fn fail(&mut self, pane: PaneId, error: &ScreenError) {
        self.forget_questions(pane);
        if let Some(shown) = self.panes.remove(&pane) {
            for waiting in shown.waiting {
                answer(waiting.reply, Err(error.clone()));
            }
        }
    }
}

impl Shown {
    fn due(&self) -> Option<Instant> {
        let base = self.base.as_ref().map(Base::ends);
        [base, self.flight_due()].into_iter().flatten().min()
    }

    /// When the flight's time is up; a last print has a limit of its own.
    fn flight_due(&self) -> Option<Instant> {
        let flight = self.flight.as_ref();
        let flight = flight.filter(|flight| !matches!(flight.step, FlightStep::LastPrint { .. }));
        flight.map(|flight| flight.due)
    }

    fn printed(&mut self, bytes: &Bytes) {
        if let Some(base) = &mut self.base
            && !base.tape.push(bytes)
        {
            self.base = None;
        }
        if let Some(flight) = &mut self.flight {
            // One that is full says so at its end.
            let _ = flight.tape.push(bytes);
        }
        if let Some(history) = &mut self.history {
            history.printed.feed(bytes);
        }
        if let Some(masking) = &mut self.masking {
            let _ = masking.base.tape.push(bytes);
        }
    }

    fn is_on_its_way(&self) -> bool {
        self.flight.is_some() || self.history.is_some() || self.masking.is_some()
    }

    fn spoil(&mut self) {
        self.base = None;
        if let Some(flight) = &mut self.flight {
            flight.spoilt = true;
        }
        if let Some(history) = &mut self.history {
            history.spoilt = true;
        }
        if let Some(masking) = &mut self.masking {
            masking.lasts = false;
        }
    }
}

impl ViewContext<'_> {
    fn next_tag(&mut self) -> u64 {
        *self.last_tag += 1;
        *self.last_tag
    }

    /// How many lines are captured beyond those that are wanted.
    fn context(&self) -> u32 {
        self.rules.map_or(0, |_| CONTEXT)
    }

    fn print(&mut self, flight: &Flight) -> u64 {
        let ticket = self.next_tag();
        self.actions.push(Action::Print {
            ticket,
            pane: flight.pane,
            scrollback: flight.scrollback + self.context(),
        });
        ticket
    }
}

/// Answers a request.
pub(super) fn answer(reply: ViewReply, view: Result<PaneView, ScreenError>) {
    if reply.send(view).is_err() {
        tracing::debug!("the client that wanted to see a pane is gone");
    }
}
