//! Requests and their answers, and open panes, over connections that come and go. No IO, no clock.
//!
//! A request is sent while the connection stands, and its answer handed on; when the connection goes before the answer, that
//! is its answer. Open panes are opened again by themselves, from where they were.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::entry::{Closed, Entry, Fault, Passage, Talk, Token};
use super::open_pane::{OpenPane, PaneItem, PaneWish};
use super::refusal::{CallError, Refusal};
use super::update::Connected;
use crate::ids::PaneId;
use crate::wire::binary::{Header, Kind};
use crate::wire::request::{Ack, Action, Close, More, RequestId};
use crate::wire::{EventData, Message, Received, Request};

/// A request that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

/// What happened, in order.
#[derive(Debug)]
pub enum CallUpdate {
    /// The connection stands, or more is known of what this client may do.
    Connected(Box<Connected>),
    /// The connection is gone, or could not be made.
    Disconnected {
        /// Why, safe to be shown.
        reason: String,
        /// When the next attempt is made.
        retry_in: Duration,
    },
    /// A request was answered.
    Answer {
        /// Which one.
        call: CallId,
        /// The answer.
        answer: Result<Box<Received>, CallError>,
    },
    /// Something of an open pane.
    Pane {
        /// The pane.
        pane: PaneId,
        /// What.
        item: PaneItem,
    },
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Call,
    Open(PaneId),
    /// Nobody waits for the answer.
    Nothing,
}

/// The state of the link.
pub(super) struct Calls {
    entry: Entry,
    last: u64,
    asked: BTreeMap<u64, Asked>,
    panes: BTreeMap<PaneId, OpenPane>,
    /// Whose replay comes next, in bytes.
    announced: Option<PaneId>,
    updates: VecDeque<CallUpdate>,
}

impl Talk for Calls {
    type Update = CallUpdate;

    fn entry(&mut self) -> &mut Entry {
        &mut self.entry
    }

    fn connected(&mut self) {
        self.entry.connected();
    }

    fn on_text(&mut self, text: &str) -> Result<(), Fault> {
        match self.entry.on_text(text)? {
            Passage::Waits => {}
            Passage::Within => self.begin(),
            Passage::Message(message) => self.on_message(*message),
        }
        Ok(())
    }

    fn on_bytes(&mut self, bytes: &[u8]) {
        let Some((header, bytes)) = Header::read(bytes) else {
            return;
        };
        self.entry.backoff.reset();
        let announced = self.announced.take();
        let Some(pane) = self.panes.get_mut(&header.pane) else {
            return;
        };
        if !pane.is_of(header.epoch) {
            return;
        }
        let mut items = Vec::new();
        match header.kind {
            Kind::Output => pane.output(header.offset, bytes, &mut items),
            Kind::Replay if announced == Some(header.pane) => pane.replay(bytes, &mut items),
            Kind::Replay | Kind::Input => {}
        }
        self.tell(header.pane, items);
    }

    fn on_closed(&mut self, closed: Closed, random: u32) -> Result<Duration, Refusal> {
        self.announced = None;
        for pane in self.panes.values_mut() {
            pane.down();
        }
        let parting = self.entry.on_closed(closed, random)?;
        for (id, asked) in std::mem::take(&mut self.asked) {
            if let Asked::Call = asked {
                let (call, answer) = (CallId(id), Err(CallError::Lost));
                self.updates.push_back(CallUpdate::Answer { call, answer });
            }
        }
        let (reason, retry_in) = (parting.reason, parting.retry_in);
        self.updates
            .push_back(CallUpdate::Disconnected { reason, retry_in });
        Ok(retry_in)
    }

    fn stands(&self) -> bool {
        self.entry.is_within()
    }

    fn next_update(&mut self) -> Option<CallUpdate> {
        self.updates.pop_front()
    }
}

impl Calls {
    pub(super) fn new(token: Option<Token>) -> Self {
        Self {
            entry: Entry::new(token),
            last: 0,
            asked: BTreeMap::new(),
            panes: BTreeMap::new(),
            announced: None,
            updates: VecDeque::new(),
        }
    }

    /// Asks for something; nothing if there is no connection.
    pub(super) fn ask(&mut self, action: Action) -> Option<CallId> {
        self.entry
            .is_within()
            .then(|| CallId(self.send(action, Asked::Call)))
    }

    /// Opens a pane; if it is open, it begins anew.
    pub(super) fn open(&mut self, pane: PaneId, wish: PaneWish) {
        self.panes.insert(pane, OpenPane::new(wish));
        if self.entry.is_within() {
            self.send_open(pane);
        }
    }

    /// Closes a pane.
    pub(super) fn close(&mut self, pane: PaneId) {
        if self.panes.remove(&pane).is_some() && self.entry.is_within() {
            let target = OpenPane::target(pane);
            let more = More::new();
            self.send(Action::Close(Close { target, more }), Asked::Nothing);
        }
    }

    /// What the pane printed up to here has been taken in.
    pub(super) fn acknowledge(&mut self, pane: PaneId, offset: u64) {
        if self.panes.get(&pane).is_some_and(OpenPane::is_open) {
            let ack = Action::Ack(Ack {
                offset,
                pane: pane.to_string(),
                more: More::new(),
            });
            self.entry.send(&ack.into());
        }
    }

    fn begin(&mut self) {
        self.tell_connected();
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        for pane in panes {
            self.send_open(pane);
        }
    }

    fn tell_connected(&mut self) {
        let welcome = Box::new(self.entry.welcome.clone());
        self.updates.push_back(CallUpdate::Connected(welcome));
        self.entry.welcome.again = true;
    }

    fn send_open(&mut self, pane: PaneId) {
        if let Some(open) = self.panes.get(&pane).map(|known| known.request(pane)) {
            let call = self.send(Action::Open(open), Asked::Open(pane));
            if let Some(known) = self.panes.get_mut(&pane) {
                known.asked(call);
            }
        }
    }

    fn send(&mut self, action: Action, asked: Asked) -> u64 {
        self.last += 1;
        self.asked.insert(self.last, asked);
        let id = Some(RequestId::from(self.last));
        self.entry.send(&Request { action, id });
        self.last
    }

    fn on_message(&mut self, message: Received) {
        let id = match message.request() {
            Some(RequestId::Number(number)) => number.as_u64(),
            _ => None,
        };
        if let Some((id, asked)) = id.and_then(|id| Some((id, self.asked.remove(&id)?))) {
            self.entry.backoff.reset();
            return match asked {
                Asked::Call => self.on_answer(CallId(id), message),
                Asked::Open(pane) => self.on_opened(pane, id, &message),
                Asked::Nothing => {}
            };
        }
        self.announced = None;
        match message.message() {
            Message::AuthResponse(verdict) if verdict.success => {
                self.entry.learn(verdict);
                self.tell_connected();
            }
            Message::PaneScrollback(page) => {
                let pane = page.pane.0;
                let Some(known) = self.panes.get_mut(&pane) else {
                    return;
                };
                known.page(page);
                self.announced = page.replay_bytes.map(|_| pane);
            }
            Message::PaneSnapshot(snapshot) => {
                let pane = snapshot.pane.0;
                let mut items = Vec::new();
                let Some(known) = self.panes.get_mut(&pane) else {
                    return;
                };
                known.snapshot(snapshot, &mut items);
                self.announced = snapshot.data.replay_bytes.map(|_| pane);
                self.entry.backoff.reset();
                self.tell(pane, items);
            }
            Message::Lagged(lagged) if self.panes.contains_key(&lagged.pane.0) => {
                let (from, to) = (lagged.from, lagged.to);
                self.tell(lagged.pane.0, vec![PaneItem::Lagged { from, to }]);
            }
            Message::Event(event) => {
                if let Some(pane) = event.pane() {
                    self.on_event(pane, message);
                }
            }
            _ => {}
        }
    }

    fn on_answer(&mut self, call: CallId, message: Received) {
        let answer = match message.message() {
            Message::Error(error) => Err(CallError::of(&error.code, &error.message)),
            _ => Ok(Box::new(message)),
        };
        self.updates.push_back(CallUpdate::Answer { call, answer });
    }

    fn on_opened(&mut self, pane: PaneId, call: u64, message: &Received) {
        let Some(known) = self.panes.get_mut(&pane).filter(|one| one.was_asked(call)) else {
            // It was opened anew, or closed, in the meantime.
            return;
        };
        match message.message() {
            Message::Opened(opened) => known.opened(opened),
            Message::Error(error) => {
                self.panes.remove(&pane);
                let item = match &*error.code {
                    "NOT_FOUND" => PaneItem::Removed,
                    _ => PaneItem::Refused(CallError::of(&error.code, &error.message)),
                };
                self.tell(pane, vec![item]);
            }
            _ => {}
        }
    }

    fn on_event(&mut self, pane: PaneId, message: Received) {
        let Some(known) = self.panes.get_mut(&pane).filter(|one| one.is_open()) else {
            return;
        };
        self.entry.backoff.reset();
        let mut items = Vec::new();
        let Message::Event(event) = message.message() else {
            return;
        };
        match &event.data {
            EventData::PaneOutput(output) => {
                known.output(output.offset, output.content.as_bytes(), &mut items);
                // Of bytes that are no UTF-8 the text has another length.
                known.reached(output.offset.saturating_add(output.bytes));
            }
            EventData::PaneGap(gap) => items.push(PaneItem::Gap { offset: gap.offset }),
            EventData::PaneRemoved(removed) if !removed.moved => {
                self.panes.remove(&pane);
                items.push(PaneItem::Removed);
            }
            _ => items.push(PaneItem::Event(Box::new(message))),
        }
        self.tell(pane, items);
    }

    fn tell(&mut self, pane: PaneId, items: Vec<PaneItem>) {
        let items = items.into_iter();
        self.updates
            .extend(items.map(|item| CallUpdate::Pane { pane, item }));
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
