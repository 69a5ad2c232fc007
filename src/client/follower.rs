//! What a client has to do: greet, authenticate, subscribe, keep its position, resume. No IO, no clock.
//!
//! What the server says goes in, and requests and updates come out. The position moves with every event and bookmark,
//! and a resumed subscription begins behind it, so that over any number of connections each event comes once.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::ends::Ends;
use super::entry::{Closed, Entry, Fault, Passage, Talk, Token, refused};
use super::position::Position;
use super::refusal::{Refusal, shown};
use super::update::Update;
use crate::ids::{Epoch, Seq};
use crate::wire::request::{self, Action, Filters, More, Place, SessionEntry, Since, Subscribe};
use crate::wire::{Event, EventData, Message, PrintsIn, Received, SessionPattern};

/// What a client wants to see; an empty list stands for all.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Patterns of event types.
    pub types: Vec<String>,
    /// Sessions by patterns of their names, or exactly.
    pub sessions: Vec<SessionPattern>,
    /// A position as a server wrote it, to begin behind; `None` is from now on.
    pub since: Option<String>,
    /// Where what comes is printed, so that others can leave it out.
    pub prints_in: Option<PrintsIn>,
    /// Without what is caused by panes in which clients print what they get.
    pub without_watchers: bool,
}

/// A client's state over all its connections.
pub(super) struct Follower {
    wish: Wish,
    entry: Entry,
    /// The server has accepted the subscription of this connection, so events come.
    follows: bool,
    position: Option<Position>,
    /// Events behind this place were lost, and the snapshot that makes up for them has not come yet.
    owed: Option<String>,
    ends: Ends,
    updates: VecDeque<Update>,
}

impl Talk for Follower {
    type Update = Update;

    fn entry(&mut self) -> &mut Entry {
        &mut self.entry
    }

    fn connected(&mut self) {
        self.entry.connected();
        self.follows = false;
    }

    fn on_text(&mut self, text: &str) -> Result<(), Fault> {
        match self.entry.on_text(text)? {
            Passage::Waits => {}
            Passage::Within => self.subscribe(),
            Passage::Message(message) if self.follows => self.on_stream(*message),
            Passage::Message(message) => match message.message() {
                Message::Error(error) => return Err(refused(error)),
                Message::AuthResponse(verdict) => self.entry.learn(verdict),
                Message::Subscribed(subscribed) => {
                    let recovered = subscribed.recovered;
                    self.on_subscribed(*message, recovered);
                }
                _ => {}
            },
        }
        Ok(())
    }

    /// Nothing in bytes was asked for.
    fn on_bytes(&mut self, _: &[u8]) {}

    fn on_closed(&mut self, closed: Closed, random: u32) -> Result<Duration, Refusal> {
        self.follows = false;
        self.ends.down();
        let parting = self.entry.on_closed(closed, random)?;
        let retry_in = parting.retry_in;
        self.updates.push_back(Update::Disconnected {
            code: parting.code,
            reason: parting.reason,
            retry_in,
        });
        Ok(retry_in)
    }

    fn stands(&self) -> bool {
        self.follows
    }

    fn next_update(&mut self) -> Option<Update> {
        self.updates.pop_front()
    }
}

impl Follower {
    pub(super) fn new(wish: Wish, token: Option<Token>) -> Self {
        Self {
            wish,
            entry: Entry::new(token),
            follows: false,
            position: None,
            owed: None,
            ends: Ends::default(),
            updates: VecDeque::new(),
        }
    }

    /// Up to where the client has everything; `None` before the first subscription.
    pub(super) fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    fn subscribe(&mut self) {
        let wish = &self.wish;
        let since = match &self.position {
            Some(position) => Some(Since::Place(Place {
                epoch: position.epoch.to_string(),
                seq: position.seq.0,
                more: More::new(),
            })),
            None => wish.since.clone().map(Since::Cursor),
        };
        let sessions: Vec<_> = wish.sessions.iter().map(SessionEntry::from).collect();
        let filters = Filters {
            types: Some(wish.types.clone()).filter(|types| !types.is_empty()),
            sessions: Some(sessions).filter(|sessions| !sessions.is_empty()),
            ..Filters::default()
        };
        let subscribe = Action::Subscribe(Subscribe {
            filters: Some(filters).filter(|filters| *filters != Filters::default()),
            prints_in: wish.prints_in.as_ref().map(request::PrintsIn::from),
            since,
            without_watchers: wish.without_watchers.then_some(true),
            more: More::new(),
        });
        self.entry.send(&subscribe.into());
    }

    fn on_subscribed(&mut self, subscribed: Received, recovered: Option<bool>) {
        self.follows = true;
        let welcome = self.entry.welcome.clone();
        self.updates.push_back(Update::Connected(Box::new(welcome)));
        self.entry.welcome.again = true;
        let from = match &self.position {
            Some(position) => Some(position.to_string()),
            None => self.wish.since.as_deref().map(shown),
        };
        // Until the snapshot has come the position stays what it was: if the connection goes first, all is lost once more.
        self.owed = from.filter(|_| recovered == Some(false));
        if self.owed.is_none() && self.position.is_none() {
            self.position = subscribed.position().map(Position::from);
        }
        self.updates.push_back(Update::Message(subscribed));
    }

    fn on_stream(&mut self, message: Received) {
        if self.is_news(&message) {
            self.updates.push_back(Update::Message(message));
        }
    }

    /// Takes in what a message says, and returns whether the program is to have it.
    fn is_news(&mut self, message: &Received) -> bool {
        match message.message() {
            Message::Shutdown(_) => {}
            _ if message.request().is_some() => self.entry.backoff.reset(),
            Message::Snapshot(snapshot) if snapshot.target.is_none() => self.on_snapshot(message),
            // The sign of life that was asked for.
            Message::Pong(_) => return false,
            // It is in the snapshot that is to come.
            other if self.owed.is_some() && is_of_the_stream(other) => return false,
            Message::Event(event) => return self.on_event(message.position(), event),
            Message::Bookmark(_) => {
                self.move_to(message.position().map(Position::from));
                self.entry.backoff.reset();
            }
            Message::Lagged(lagged) => self.ends.reached(lagged.pane.0, lagged.to),
            Message::PaneSnapshot(snapshot) => {
                self.ends.reached(snapshot.pane.0, snapshot.data.offset);
            }
            _ => {}
        }
        true
    }

    /// It makes up for what was lost, if anything was.
    fn on_snapshot(&mut self, message: &Received) {
        let Some(to) = message.position().map(Position::from) else {
            return;
        };
        if let Some(from) = self.owed.take() {
            self.position = Some(to.clone());
            self.ends.clear();
            self.entry.backoff.reset();
            self.updates.push_back(Update::Lost { from, to });
        }
    }

    /// Returns whether it is news.
    fn on_event(&mut self, position: Option<(Epoch, Seq)>, event: &Event<'_>) -> bool {
        if !self.move_to(position.map(Position::from)) {
            tracing::debug!(?event.seq, "an event came twice");
            return false;
        }
        self.entry.backoff.reset();
        let pane = event.pane.map(|pane| pane.0);
        match (pane, &event.data) {
            (Some(pane), EventData::PaneOutput(output)) => {
                let to = output.offset;
                if let Some(from) = self.ends.output(pane, to, output.bytes) {
                    self.updates.push_back(Update::LeftOut { pane, from, to });
                }
            }
            (Some(pane), EventData::PaneGap(gap)) => self.ends.reached(pane, gap.offset),
            (Some(pane), EventData::PaneRemoved(_)) => self.ends.forget(pane),
            (_, EventData::ServerLost(_)) => self.ends.clear(),
            _ => {}
        }
        true
    }

    /// Moves forward. Returns whether this was news.
    fn move_to(&mut self, position: Option<Position>) -> bool {
        let Some(position) = position else {
            // Nothing can be said of it, so it is not withheld.
            return true;
        };
        let here = self.position.as_ref();
        if here.is_some_and(|here| here.covers(&position)) {
            return false;
        }
        self.position = Some(position);
        true
    }
}

/// What is to be sent may hold the token, so it is left out.
impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("follows", &self.follows)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Whether it comes by the subscription, and so is made up for by a snapshot.
fn is_of_the_stream(message: &Message<'_>) -> bool {
    matches!(
        message,
        Message::Event(_)
            | Message::Bookmark(_)
            | Message::Lagged(_)
            | Message::PaneSnapshot(_)
            | Message::PaneScrollback(_)
    )
}

#[cfg(test)]
#[path = "follower_tests.rs"]
mod tests;
