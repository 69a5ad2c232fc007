//! The protocols that clients speak, as a closed set. Each decodes what its client says, encodes what is sent to it, and has
//! the policy that only its kind of client needs; all of them use the same session ([`super::session`]).

mod answers;
mod event_stream;
mod exchange;
mod monitor;
mod questions;
mod replies;
mod requests;
#[cfg(test)]
mod resume_tests;
mod terminal;
mod terminal_encoding;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use self::event_stream::EventStreamEncoding;
use self::monitor::MonitorEncoding;
use self::terminal::Terminal;
use self::terminal_encoding::TerminalEncoding;
use super::emitting::EmitRequest;
use super::session::Credential;
use super::session::{
    ClientIdentity, ClientSession, Context, EffectResult, Encode, Reply, Request as Asked,
};
use super::target::TerminalAddress;
use crate::auth::Ended;
use crate::bridge::ClientNumber;
use crate::hub::Filter;
use crate::wire::{
    Action, CloseCode, ErrorCode, Form, Rejected, Request, parse_body, parse_query,
    parse_subscription,
};

pub(super) use self::exchange::{Answer, AnswerSlot, ExchangeEncoding, Listing};

/// Reads the body of a request to emit events.
///
/// # Errors
/// It is none, with the reason.
pub(super) fn read_emit(body: &[u8]) -> Result<EmitRequest, (ErrorCode, String)> {
    let request = parse_body("emit", None, body);
    let request = request.map_err(|rejected| (rejected.code, rejected.message))?;
    match request.action {
        Action::Emit(emit) => requests::emission(emit),
        _ => Err((ErrorCode::UnknownAction, "this emits nothing".to_owned())),
    }
}

/// Reads the body of a request for an action, with the key in its head.
///
/// # Errors
/// It is none, with the reason.
pub(super) fn read_body(
    action: &str,
    key: Option<&str>,
    body: &[u8],
) -> Result<Asked, (ErrorCode, String)> {
    let request = parse_body(action, key, body).and_then(requests::read);
    let request = request.map_err(|rejected| (rejected.code, rejected.message))?;
    Ok(request.action)
}

/// Reads which of what there is an address asks for.
///
/// # Errors
/// It can't be understood, with the reason.
pub(super) fn read_filter(query: &str) -> Result<Filter, (ErrorCode, String)> {
    const LISTS: [&str; 5] = ["sessions", "windows", "panes", "agents", "statuses"];
    let request = parse_subscription(query, &LISTS, None).and_then(requests::read);
    let request = request.map_err(|rejected| (rejected.code, rejected.message))?;
    match request.action {
        Asked::Subscribe { filter, .. } => Ok(filter),
        _ => Ok(Filter::all()),
    }
}

/// Reads which events an address asks for, and from where on.
///
/// # Errors
/// It can't be understood, with the reason.
pub(super) fn read_subscription(
    query: &str,
    since: Option<&str>,
) -> Result<Asked, (ErrorCode, String)> {
    const FIELDS: [&str; 8] = [
        "types",
        "sessions",
        "windows",
        "panes",
        "agents",
        "statuses",
        "since",
        "without_watchers",
    ];
    let request = parse_subscription(query, &FIELDS, since).and_then(requests::read);
    let request = request.map_err(|rejected| (rejected.code, rejected.message))?;
    Ok(request.action)
}

/// Reads a question about what happened, of an address.
///
/// # Errors
/// It is none, with the reason.
pub(super) fn read_question(action: &str, query: &str) -> Result<Asked, (ErrorCode, String)> {
    let request = parse_query(action, query).and_then(requests::read);
    let request = request.map_err(|rejected| (rejected.code, rejected.message))?;
    Ok(request.action)
}

/// A reply as JSON, for those who asked over HTTP.
pub(super) fn reply_json(reply: &Reply<'_>) -> Bytes {
    replies::message(reply).encode()
}

/// What a client has connected to.
#[derive(Debug, Default)]
pub(super) struct Endpoint {
    /// The form in which it wants events.
    pub(super) form: Form,
    /// Which terminal it is, if it is one.
    pub(super) terminal: Option<TerminalAddress>,
    /// Which events it is to be sent, if it only listens.
    pub(super) events: Option<Box<Asked>>,
}

/// One client: its session, and the dialect that it speaks.
#[derive(Debug)]
pub(super) struct Client {
    session: ClientSession,
    dialect: Dialect,
}

#[derive(Debug)]
enum Dialect {
    Monitor,
    EventStream,
    Terminal(Box<Terminal>),
}

impl Client {
    /// A client that has just connected.
    pub(super) fn new(
        context: Arc<Context>,
        client_id: String,
        endpoint: Endpoint,
        identity: ClientIdentity,
        now: Instant,
    ) -> Self {
        let Endpoint {
            form,
            terminal,
            events,
        } = endpoint;
        let (dialect, encode): (Dialect, Box<dyn Encode>) = match terminal {
            None if events.is_some() => {
                let encoding = EventStreamEncoding::new(&context);
                (Dialect::EventStream, Box::new(encoding))
            }
            None => (Dialect::Monitor, Box::new(MonitorEncoding::new(form))),
            Some(address) => {
                let encoding = TerminalEncoding::new(form, address.session.clone());
                let terminal = Terminal::new(address);
                (Dialect::Terminal(Box::new(terminal)), Box::new(encoding))
            }
        };
        let mut session = ClientSession::new(context, client_id, encode, identity, now);
        if let Some(asked) = events {
            session.carry_out(None, *asked, now);
        }
        Self { session, dialect }
    }

    /// Its session, for what is the same in all dialects.
    pub(super) fn session(&self) -> &ClientSession {
        &self.session
    }

    /// The same, to be changed.
    pub(super) fn session_mut(&mut self) -> &mut ClientSession {
        &mut self.session
    }

    /// Authenticates with the credential of the handshake.
    pub(super) fn present(&mut self, credential: Credential, now: Instant) {
        self.session.present(credential, now);
    }

    /// The client sent a text message.
    pub(super) fn on_text(&mut self, text: &[u8], now: Instant) {
        let session = &mut self.session;
        session.heard(now);
        if session.closing().is_some() {
            return;
        }
        if !session.admits_length(text.len(), now) {
            return session.charge(text.len(), now);
        }
        match &mut self.dialect {
            Dialect::Monitor => monitor::on_text(session, text, now),
            Dialect::EventStream => {}
            Dialect::Terminal(terminal) => terminal.on_text(session, text, now),
        }
        self.follow(now);
    }

    /// The client sent a binary message.
    pub(super) fn on_bytes(&mut self, bytes: &Bytes, now: Instant) {
        self.session.heard(now);
        match &mut self.dialect {
            Dialect::Monitor | Dialect::EventStream => {
                self.session.close(CloseCode::Unsupported, now);
            }
            Dialect::Terminal(_) if self.session.closing().is_some() => {}
            Dialect::Terminal(terminal) => terminal.on_bytes(&mut self.session, bytes, now),
        }
        self.follow(now);
    }

    /// Takes what the log has for it.
    pub(super) fn pump(&mut self, now: Instant) {
        self.session.pump(now);
        self.follow(now);
    }

    /// Some work is done.
    pub(super) fn on_effect_result(&mut self, outcome: EffectResult, now: Instant) {
        self.session.on_effect_result(outcome, now);
        self.follow(now);
    }

    /// What waited is written.
    pub(super) fn on_written(&mut self, now: Instant) {
        self.session.on_written(now);
    }

    /// The principal's token is no longer what it was.
    pub(super) fn on_ended(&mut self, ended: Ended, now: Instant) {
        self.session.on_ended(ended, now);
    }

    /// Time has passed.
    pub(super) fn on_deadline(&mut self, now: Instant) {
        self.session.on_deadline(now);
    }

    /// Whose wishes for sizes are to be taken back when the connection ends.
    pub(super) fn wishes(&self) -> Option<ClientNumber> {
        match &self.dialect {
            Dialect::Monitor | Dialect::EventStream => None,
            Dialect::Terminal(terminal) => terminal.has_wish().then(|| self.session.number()),
        }
    }

    /// Something other than output may have happened, which some dialects act on.
    fn follow(&mut self, now: Instant) {
        while self.session.take_changed() {
            match &mut self.dialect {
                Dialect::Monitor | Dialect::EventStream => {}
                Dialect::Terminal(terminal) => terminal.follow(&mut self.session, now),
            }
        }
    }
}

/// Whether a message of so many bytes is to be looked at. A request is admitted or refused here; what is not answered is
/// only counted.
fn admits<M>(
    session: &mut ClientSession,
    parsed: &Result<Request<M>, Rejected>,
    is_unanswered: impl FnOnce(&M) -> bool,
    bytes: usize,
    now: Instant,
) -> bool {
    let id = match parsed {
        Ok(request) if is_unanswered(&request.action) => {
            session.charge(bytes, now);
            return true;
        }
        Ok(request) => request.id.as_ref(),
        Err(rejected) => rejected.id.as_ref(),
    };
    session.admits(id, bytes, now)
}
