//! `/ws/terminal/`: one pane as a terminal. It opens that pane as any client could, and follows its session's active pane
//! unless the address names one.

use std::time::Instant;

use bytes::Bytes;

use super::requests::{self, ConnectRequest, TerminalAsked, TerminalSize};
use super::terminal_encoding::say;
use crate::bridge::{InputRequest, Key};
use crate::hub::Filter;
use crate::ids::{PaneId, SessionId};
use crate::server::ResizePolicy;
use crate::server::session::{
    Asked, Asker, ClientSession, Opening, Refusal, may_read, not_found, unmet,
};
use crate::server::target::{SessionRef, Target, TerminalAddress};
use crate::wire::terminal::{Gone, TerminalEvent, parse};
use crate::wire::{CloseCode, ErrorCode, Request, RequestId};

/// What a terminal shows.
#[derive(Debug)]
pub(super) struct Terminal {
    address: TerminalAddress,
    /// The session and how its pane was asked for, once the client has connected.
    begun: Option<(SessionId, ConnectRequest)>,
    /// The pane that it shows, or is about to.
    shown: Option<PaneId>,
    /// The size that it has asked for.
    wish: Option<TerminalSize>,
}

impl Terminal {
    pub(super) fn new(address: TerminalAddress) -> Self {
        Self {
            address,
            begun: None,
            shown: None,
            wish: None,
        }
    }

    /// The client sent a text message.
    pub(super) fn on_text(&mut self, session: &mut ClientSession, text: &[u8], now: Instant) {
        let parsed = parse(text).and_then(requests::read_terminal);
        let is_unanswered = |asked: &TerminalAsked| {
            matches!(asked, TerminalAsked::Input { .. } | TerminalAsked::Ack(_))
        };
        if !super::admits(session, &parsed, is_unanswered, text.len(), now) {
            return;
        }
        let (id, outcome) = match parsed {
            Err(rejected) => (rejected.id, Err((rejected.code, rejected.message))),
            Ok(Request { id, action }) => {
                let message = match action {
                    TerminalAsked::Common(request) => return session.carry_out(id, request, now),
                    message => message,
                };
                let asked = self.asked_of(&message);
                let outcome = self.carry_out(session, id.clone(), message, now);
                let outcome =
                    outcome.inspect_err(|(code, _)| session.record_denied(&asked, *code, now));
                (id, outcome)
            }
        };
        if let Err((code, message)) = outcome {
            session.refuse(id.as_ref(), code, &message, now);
        }
    }

    /// The client typed bytes.
    pub(super) fn on_bytes(&self, session: &mut ClientSession, bytes: &Bytes, now: Instant) {
        session.charge(bytes.len(), now);
        let key = Key::Text(bytes.clone());
        if let Err((code, message)) = self.type_key(session, None, key) {
            let asked = Asked::new("input", Some(self.address_as_target()));
            session.record_denied(&asked, code, now);
            session.refuse(None, code, &message, now);
        }
    }

    /// Whether the client has asked for a size, which ends with its connection.
    pub(super) fn has_wish(&self) -> bool {
        self.wish.is_some()
    }

    /// What is asked for, as the audit log names it: at a terminal it is always what its address names.
    fn asked_of(&self, message: &TerminalAsked) -> Asked {
        let request = match message {
            TerminalAsked::Connect(_) => "connect",
            TerminalAsked::Input { .. } => "input",
            TerminalAsked::Resize(_) => "resize",
            TerminalAsked::Ack(_) => "ack",
            TerminalAsked::Disconnect => "disconnect",
            TerminalAsked::Common(request) => return Asked::of(request),
        };
        Asked::new(request, Some(self.address_as_target()))
    }

    fn address_as_target(&self) -> Target {
        match self.address.pane {
            Some(_) => Target {
                pane: self.address.pane,
                ..Target::default()
            },
            None => Target {
                session: Some(self.address.session.clone()),
                ..Target::default()
            },
        }
    }

    fn carry_out(
        &mut self,
        session: &mut ClientSession,
        id: Option<RequestId>,
        message: TerminalAsked,
        now: Instant,
    ) -> Result<(), Refusal> {
        match message {
            TerminalAsked::Connect(request) => self.connect(session, id, request, now),
            TerminalAsked::Input { data, paste } => {
                let bytes = Bytes::from(data);
                let key = if paste {
                    Key::Paste(bytes)
                } else {
                    Key::Text(bytes)
                };
                self.type_key(session, id, key)
            }
            TerminalAsked::Resize(size) => self.resize(session, id, size),
            TerminalAsked::Ack(offset) => session.ack(None, self.shown()?, offset, now),
            TerminalAsked::Disconnect => {
                self.end(session, Gone::Requested, now);
                Ok(())
            }
            TerminalAsked::Common(_) => Ok(()),
        }
    }

    /// Begins to show the pane of the address, or begins anew; a size that the client names is a wish like any other.
    fn connect(
        &mut self,
        session: &mut ClientSession,
        id: Option<RequestId>,
        request: ConnectRequest,
        now: Instant,
    ) -> Result<(), Refusal> {
        let principal = session.principal()?;
        may_read(&principal)?;
        let named = self.address.session.to_string();
        if request
            .session
            .as_ref()
            .is_some_and(|other| *other != named)
        {
            let why = "sessionId: it is another session than that of the address";
            return Err((ErrorCode::InvalidMessage, why.to_owned()));
        }
        let (state, _) = session.context().hub.snapshot();
        let (shown_in, pane) = self.address.find(&state, &principal).map_err(unmet)?;
        let filter = Filter::all().with_sessions(&[shown_in.to_string()]);
        let filter = filter.and_then(|filter| filter.with_types(FOLLOWED));
        let filter = filter.map_err(|error| (ErrorCode::InvalidMessage, error.to_string()))?;
        let waits = self.leave(session);
        if let Some(asker) = waits.filter(|asker| asker.id.is_some()) {
            session.refuse_asker(&asker, now);
        }
        session.follow_events(filter)?;
        session.shown_in(shown_in);
        let size = request.size;
        self.begun = Some((shown_in, request));
        self.show(session, pane, id, now)?;
        if let Some(size) = size.filter(|_| session.context().resize != ResizePolicy::Never) {
            // The request itself has succeeded, and is answered so.
            if let Err((code, message)) = self.resize(session, None, size) {
                session.refuse(None, code, &message, now);
            }
        }
        session.pump(now);
        Ok(())
    }

    /// Shows a pane from now on.
    fn show(
        &mut self,
        session: &mut ClientSession,
        pane: PaneId,
        id: Option<RequestId>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Some((_, request)) = &mut self.begun else {
            return Err(not_found());
        };
        let opening = Opening {
            scrollback: request.scrollback,
            ack_window: request.ack_window,
        };
        // It counts for the first pane alone: what is shown later was not seen before.
        let since = request.since.take().filter(|(_, which, _)| *which == pane);
        let since = since.map(|(epoch, _, offset)| (epoch, offset));
        self.shown = Some(pane);
        session.open_pane(id, pane, opening, since, now)
    }

    /// Something has happened in the session: another pane may be active, or the one that is shown be gone.
    pub(super) fn follow(&mut self, session: &mut ClientSession, now: Instant) {
        let Some((shown_in, _)) = &self.begun else {
            return;
        };
        let Ok(principal) = session.principal() else {
            return;
        };
        let (state, _) = session.context().hub.snapshot();
        let known = state.sessions.get(shown_in);
        let Some(known) = known.filter(|known| principal.sees(&known.name)) else {
            return self.end(session, Gone::Session, now);
        };
        // By its id, since the session may have another name by now.
        let address = TerminalAddress {
            session: SessionRef::Id(known.id),
            pane: self.address.pane,
        };
        let Ok((_, pane)) = address.find(&state, &principal) else {
            return self.end(session, Gone::Pane, now);
        };
        if self.shown == Some(pane) {
            return;
        }
        // A request that waits for the pane that was active gets the one that is.
        let id = self.leave(session).and_then(|asker| asker.id);
        let wish = self.wish;
        let shown = self.show(session, pane, id, now);
        let shown =
            shown.and_then(|()| wish.map_or(Ok(()), |size| self.resize(session, None, size)));
        if let Err((code, message)) = shown {
            session.refuse(None, code, &message, now);
        }
        session.ask_views(now);
    }

    fn type_key(
        &self,
        session: &mut ClientSession,
        id: Option<RequestId>,
        key: Key,
    ) -> Result<(), Refusal> {
        session.principal()?;
        let input = InputRequest {
            client: session.number(),
            pane: self.shown()?,
            keys: vec![key],
            cancel_mode: false,
            submit_delay: None,
        };
        session.type_input(id, input)
    }

    fn resize(
        &mut self,
        session: &mut ClientSession,
        id: Option<RequestId>,
        size: TerminalSize,
    ) -> Result<(), Refusal> {
        session.principal()?;
        session.resize(id, self.shown()?, (size.cols.into(), size.rows.into()))?;
        self.wish = Some(size);
        Ok(())
    }

    /// The pane that is shown.
    fn shown(&self) -> Result<PaneId, Refusal> {
        let why = "connect first: {\"type\":\"connect\"}";
        self.shown
            .ok_or_else(|| (ErrorCode::InvalidMessage, why.to_owned()))
    }

    /// Shows nothing any more.
    fn leave(&mut self, session: &mut ClientSession) -> Option<Asker> {
        session.drop_pane(self.shown.take()?)
    }

    fn end(&self, session: &mut ClientSession, reason: Gone, now: Instant) {
        let shown_in = self.begun.as_ref().map(|(shown_in, _)| *shown_in);
        let address = &self.address.session;
        let event = TerminalEvent::Disconnect { reason };
        let framed = say(session.viewpoint(), (shown_in, address), &event);
        session.send_framed(framed, now);
        session.close(CloseCode::Normal, now);
    }
}

/// What can change which pane a session shows, and whether there is one.
const FOLLOWED: &[&str] = &[
    "session.*",
    "window.created",
    "window.removed",
    "window.moved",
    "window.active_changed",
    "pane.created",
    "pane.removed",
    "pane.active_changed",
];
