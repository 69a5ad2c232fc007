//! What a client has to do: greet, authenticate, subscribe, keep its position, resume. No IO, no clock.
//!
//! What the server says goes in, and requests and updates come out. The position moves with every event and bookmark,
//! and a resumed subscription begins behind it, so that over any number of connections each event comes once.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::backoff::Backoff;
use super::ends::Ends;
use super::position::Position;
use super::refusal::{Refusal, shown};
use super::update::{Connected, Update};
use crate::ids::{Epoch, Seq};
use crate::wire::message::{AuthResponse, Error, Hello, Shutdown};
use crate::wire::request::{
    self, Action, Auth, Filters, More, Place, Plain, SessionEntry, Since, Subscribe,
};
use crate::wire::{
    Event, EventData, Message, PROTOCOL, PrintsIn, Received, Request, SessionPattern,
};

/// The codes with which a server closes that has too much of this client.
const CROWDED: [u16; 2] = [4004, 4006];
/// How long such a server is left alone at least.
const LEFT_ALONE: Duration = Duration::from_secs(1);

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

/// A token. It can't be printed by accident.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token from its text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text, to be sent to the server.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Closed {
    /// The server closed it with a code.
    Code(u16, String),
    /// It broke, or was never made.
    Broken(String),
}

/// Why a connection can't go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The next one may be better.
    Passing(String),
    /// The next one would fare the same.
    Lasting(Refusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Away,
    /// The server is to greet.
    Greeting,
    /// The server is to accept the token.
    Authenticating,
    /// The server is to accept the subscription.
    Subscribing,
    /// Events come.
    Following,
}

/// A client's state over all its connections.
pub(super) struct Follower {
    wish: Wish,
    token: Option<Token>,
    phase: Phase,
    position: Option<Position>,
    /// What the server said of itself and of this client.
    welcome: Connected,
    /// Events behind this place were lost, and the snapshot that makes up for them has not come yet.
    owed: Option<String>,
    ends: Ends,
    backoff: Backoff,
    /// The server's last message was an error that names this time.
    asked: Option<Duration>,
    outgoing: VecDeque<String>,
    updates: VecDeque<Update>,
}

impl Follower {
    pub(super) fn new(wish: Wish, token: Option<Token>) -> Self {
        Self {
            wish,
            token,
            phase: Phase::Away,
            position: None,
            welcome: Connected::default(),
            owed: None,
            ends: Ends::default(),
            backoff: Backoff::default(),
            asked: None,
            outgoing: VecDeque::new(),
            updates: VecDeque::new(),
        }
    }

    /// Up to where the client has everything; `None` before the first subscription.
    pub(super) fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Whether events come, so that silence is nothing unusual.
    pub(super) fn is_following(&self) -> bool {
        self.phase == Phase::Following
    }

    /// What is to be sent.
    pub(super) fn outgoing(&mut self) -> &mut VecDeque<String> {
        &mut self.outgoing
    }

    /// What happened.
    pub(super) fn next_update(&mut self) -> Option<Update> {
        self.updates.pop_front()
    }

    /// A connection is there.
    pub(super) fn connected(&mut self) {
        self.phase = Phase::Greeting;
        self.outgoing.clear();
    }

    /// The server said something. After a fault the connection is to be dropped.
    pub(super) fn on_text(&mut self, text: &str) -> Result<(), Fault> {
        let message = match Received::parse(text) {
            Ok(message) => message,
            Err(garbled) if self.phase == Phase::Greeting => {
                return Err(Fault::Lasting(Refusal::NotMuxwire(garbled.to_string())));
            }
            Err(garbled) => return Err(Fault::Passing(garbled.to_string())),
        };
        self.asked = match message.message() {
            Message::Error(error) => error.retry_after_ms.map(Duration::from_millis),
            _ => None,
        };
        match (self.phase, message.message()) {
            (Phase::Greeting, Message::Hello(hello)) => self.on_hello(hello),
            (Phase::Greeting, other) => {
                let why = format!("it greets with {:?}", shown(other.type_name()));
                Err(Fault::Lasting(Refusal::NotMuxwire(why)))
            }
            (Phase::Authenticating, Message::AuthResponse(verdict)) => self.on_verdict(verdict),
            (Phase::Authenticating | Phase::Subscribing, Message::Error(error)) => {
                Err(refused(error))
            }
            (Phase::Subscribing, Message::Subscribed(subscribed)) => {
                let recovered = subscribed.recovered;
                self.on_subscribed(message, recovered);
                Ok(())
            }
            (Phase::Following, _) => {
                self.on_stream(message);
                Ok(())
            }
            (_, Message::Shutdown(shutdown)) => {
                self.on_shutdown(shutdown);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The connection is gone. Returns how long to wait before the next one; `random` is any number.
    pub(super) fn on_closed(&mut self, closed: Closed, random: u32) -> Result<Duration, Refusal> {
        self.phase = Phase::Away;
        self.outgoing.clear();
        self.ends.down();
        let asked = self.asked.take();
        let (code, reason) = match closed {
            Closed::Code(code @ 4500..=4999, reason) => {
                return Err(Refusal::closed(code, &reason));
            }
            Closed::Code(code, reason) => {
                let reason = shown(&reason);
                let reason = format!("the server closed the connection ({code}): {reason}");
                (Some(code), reason)
            }
            Closed::Broken(reason) => (None, shown(&reason)),
        };
        let least = code.filter(|code| CROWDED.contains(code));
        if let Some(wait) = asked.max(least.map(|_| LEFT_ALONE)) {
            self.backoff.ask(wait);
        }
        let retry_in = self.backoff.next(random);
        self.updates.push_back(Update::Disconnected {
            // These stand for no code at all.
            code: code.filter(|code| !matches!(code, 1005 | 1006)),
            reason,
            retry_in,
        });
        Ok(retry_in)
    }

    fn on_hello(&mut self, hello: &Hello<'_>) -> Result<(), Fault> {
        if hello.protocol != Some(PROTOCOL.into()) {
            let protocol = hello.protocol.map(|number| number.to_string());
            let unknown = || "unknown".to_owned();
            return Err(Fault::Lasting(Refusal::Protocol(
                protocol.unwrap_or_else(unknown),
            )));
        }
        self.welcome = Connected {
            host: shown(hello.host.as_deref().unwrap_or("an unnamed host")),
            server: shown(&hello.server),
            epoch: shown(&hello.epoch),
            again: self.welcome.again,
            ..Connected::default()
        };
        // A server that does not say that no token is needed needs one.
        if hello.auth_required == Some(false) {
            self.subscribe();
            return Ok(());
        }
        let token = self
            .token
            .as_ref()
            .ok_or(Fault::Lasting(Refusal::NoToken))?;
        let auth = Action::Auth(Auth {
            token: Some(token.0.clone()),
            ..Auth::default()
        });
        self.outgoing.push_back(Request::from(auth).encode());
        self.phase = Phase::Authenticating;
        Ok(())
    }

    fn on_verdict(&mut self, verdict: &AuthResponse<'_>) -> Result<(), Fault> {
        if !verdict.success {
            let why = shown(verdict.message.as_deref().unwrap_or_default());
            return Err(Fault::Lasting(Refusal::Token(why)));
        }
        self.welcome.permissions = verdict.permissions.iter().map(|one| shown(one)).collect();
        self.welcome.redacted = verdict.redacted == Some(true);
        self.welcome.client_id = verdict.client_id.as_deref().map(shown);
        self.subscribe();
        Ok(())
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
        self.outgoing.push_back(Request::from(subscribe).encode());
        self.phase = Phase::Subscribing;
    }

    fn on_subscribed(&mut self, subscribed: Received, recovered: Option<bool>) {
        self.phase = Phase::Following;
        self.updates
            .push_back(Update::Connected(Box::new(self.welcome.clone())));
        self.welcome.again = true;
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
            Message::Shutdown(shutdown) => self.on_shutdown(shutdown),
            _ if message.request().is_some() => self.backoff.reset(),
            Message::Snapshot(snapshot) if snapshot.target.is_none() => self.on_snapshot(message),
            // The sign of life that was asked for.
            Message::Pong(_) => return false,
            // It is in the snapshot that is to come.
            other if self.owed.is_some() && is_of_the_stream(other) => return false,
            Message::Event(event) => return self.on_event(message.position(), event),
            Message::Bookmark(_) => {
                self.move_to(message.position().map(Position::from));
                self.backoff.reset();
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
            self.backoff.reset();
            self.updates.push_back(Update::Lost { from, to });
        }
    }

    /// Returns whether it is news.
    fn on_event(&mut self, position: Option<(Epoch, Seq)>, event: &Event<'_>) -> bool {
        if !self.move_to(position.map(Position::from)) {
            tracing::debug!(?event.seq, "an event came twice");
            return false;
        }
        self.backoff.reset();
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

    /// Asks for a sign of life.
    pub(super) fn ping(&mut self) {
        let ping = Action::Ping(Plain::default());
        self.outgoing.push_back(Request::from(ping).encode());
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

    fn on_shutdown(&mut self, shutdown: &Shutdown) {
        self.backoff
            .ask(Duration::from_millis(shutdown.retry_after_ms));
    }
}

/// What is to be sent may hold the token, so it is left out.
impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("phase", &self.phase)
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

fn refused(error: &Error<'_>) -> Fault {
    if error.retryable {
        return Fault::Passing(format!(
            "the server refused ({}): {}",
            shown(&error.code),
            shown(&error.message)
        ));
    }
    Fault::Lasting(Refusal::request(&error.code, &error.message))
}

#[cfg(test)]
#[path = "follower_tests.rs"]
mod tests;
