//! Coming in, and coming back: what every link does before and after what it is for. Without IO and clock.

use std::collections::VecDeque;
use std::time::Duration;

use super::backoff::Backoff;
use super::refusal::{Refusal, shown};
use super::update::Connected;
use crate::wire::message::{AuthResponse, Hello};
use crate::wire::request::{Action, Auth, Plain};
use crate::wire::{Message, PROTOCOL, Received, Request};

/// The server closes a connection with these when it has too much to do with this client already.
const CROWDED: [u16; 2] = [4004, 4006];

/// How long the client then leaves it alone at the least.
const LEFT_ALONE: Duration = Duration::from_secs(1);

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

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// What a connection that ended leaves to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parting {
    /// The code with which the server closed it, if it did with one.
    pub(super) code: Option<u16>,
    /// Why, safe to be shown.
    pub(super) reason: String,
    /// How long to wait before the next one.
    pub(super) retry_in: Duration,
}

/// What a link is for. It decides, without IO and clock, what is said on it and what comes of it.
pub(super) trait Talk {
    /// What happened, for the program.
    type Update;

    /// Coming in.
    fn entry(&mut self) -> &mut Entry;
    /// A connection is there.
    fn connected(&mut self);
    /// The server said something. After a fault the connection is to be dropped.
    fn on_text(&mut self, text: &str) -> Result<(), Fault>;
    /// The server sent bytes.
    fn on_bytes(&mut self, bytes: &[u8]);
    /// The connection is gone. Returns how long to wait before the next one; `random` is any number.
    fn on_closed(&mut self, closed: Closed, random: u32) -> Result<Duration, Refusal>;
    /// Whether all answers of the beginning have come, so that silence is nothing unusual.
    fn stands(&self) -> bool;
    /// What happened next.
    fn next_update(&mut self) -> Option<Self::Update>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Away,
    /// The server is to greet.
    Greeting,
    /// The server is to accept the token.
    Authenticating,
    /// It did.
    Within,
}

/// What became of a message.
#[derive(Debug)]
pub(super) enum Passage {
    /// It was about coming in, and there is more to wait for.
    Waits,
    /// From now on the client is in.
    Within,
    /// It is for whom the link is.
    Message(Box<Received>),
}

/// A client's state over all connections of a link, as far as coming in is concerned.
pub(super) struct Entry {
    pub(super) token: Option<Token>,
    phase: Phase,
    /// What the server said of itself and of this client.
    pub(super) welcome: Connected,
    pub(super) backoff: Backoff,
    /// The server's last message was an error that names this time.
    asked: Option<Duration>,
    /// What is to be sent.
    pub(super) outgoing: VecDeque<String>,
}

impl Entry {
    pub(super) fn new(token: Option<Token>) -> Self {
        Self {
            token,
            phase: Phase::Away,
            welcome: Connected::default(),
            backoff: Backoff::default(),
            asked: None,
            outgoing: VecDeque::new(),
        }
    }

    /// Whether the server has let the client in.
    pub(super) fn is_within(&self) -> bool {
        self.phase == Phase::Within
    }

    /// A connection is there.
    pub(super) fn connected(&mut self) {
        self.phase = Phase::Greeting;
        self.outgoing.clear();
    }

    /// Sends a request.
    pub(super) fn send(&mut self, request: &Request) {
        self.outgoing.push_back(request.encode());
    }

    /// Asks for a sign of life.
    pub(super) fn ping(&mut self) {
        self.send(&Action::Ping(Plain::default()).into());
    }

    /// The server said something.
    pub(super) fn on_text(&mut self, text: &str) -> Result<Passage, Fault> {
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
            (Phase::Authenticating, Message::Error(error)) => Err(refused(error)),
            (phase, said) => {
                if let Message::Shutdown(shutdown) = said {
                    let wait = Duration::from_millis(shutdown.retry_after_ms);
                    self.backoff.ask(wait);
                }
                Ok(match phase {
                    Phase::Within => Passage::Message(Box::new(message)),
                    _ => Passage::Waits,
                })
            }
        }
    }

    /// The connection is gone; `random` is any number.
    pub(super) fn on_closed(&mut self, closed: Closed, random: u32) -> Result<Parting, Refusal> {
        self.phase = Phase::Away;
        self.outgoing.clear();
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
        Ok(Parting {
            // These stand for no code at all.
            code: code.filter(|code| !matches!(code, 1005 | 1006)),
            reason,
            retry_in: self.backoff.next(random),
        })
    }

    fn on_hello(&mut self, hello: &Hello<'_>) -> Result<Passage, Fault> {
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
            self.phase = Phase::Within;
            return Ok(Passage::Within);
        }
        let token = self
            .token
            .as_ref()
            .ok_or(Fault::Lasting(Refusal::NoToken))?;
        let auth = Action::Auth(Auth {
            token: Some(token.0.clone()),
            ..Auth::default()
        });
        self.send(&auth.into());
        self.phase = Phase::Authenticating;
        Ok(Passage::Waits)
    }

    fn on_verdict(&mut self, verdict: &AuthResponse<'_>) -> Result<Passage, Fault> {
        if !verdict.success {
            let why = shown(verdict.message.as_deref().unwrap_or_default());
            return Err(Fault::Lasting(Refusal::Token(why)));
        }
        self.learn(verdict);
        self.phase = Phase::Within;
        Ok(Passage::Within)
    }

    /// What the server says of this client; of one that is let in without a token it does so unasked.
    pub(super) fn learn(&mut self, verdict: &AuthResponse<'_>) {
        let permissions = verdict.permissions.iter();
        self.welcome.permissions = permissions.map(|one| shown(one)).collect();
        self.welcome.redacted = verdict.redacted == Some(true);
        self.welcome.client_id = verdict.client_id.as_deref().map(shown);
    }
}

/// Why a request of the beginning was refused.
pub(super) fn refused(error: &crate::wire::message::Error<'_>) -> Fault {
    if error.retryable {
        return Fault::Passing(format!(
            "the server refused ({}): {}",
            shown(&error.code),
            shown(&error.message)
        ));
    }
    Fault::Lasting(Refusal::request(&error.code, &error.message))
}
