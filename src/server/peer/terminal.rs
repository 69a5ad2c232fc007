//! A peer at `/ws/terminal/`: one pane as a terminal. It opens that pane as any client could; only what it hears and
//! says has other shapes, and it follows its session's active pane unless one was named.

use std::time::Instant;

use bytes::Bytes;

use super::live::kept_from;
use super::panes::{Asker, Missing, Opening};
use super::requests::{Refusal, denied, not_found, unmet};
use super::told::Asked;
use super::{Peer, Phase, Work};
use crate::auth::{Permission, Principal};
use crate::bridge::{InputRequest, Key};
use crate::hub::{Filter, Form};
use crate::ids::{PaneId, SessionId};
use crate::screen::PaneSnapshot;
use crate::server::ResizePolicy;
use crate::server::outbox::Frame;
use crate::server::target::TerminalAddress;
use crate::wire::binary::Kind;
use crate::wire::terminal::{
    ConnectRequest, Gone, TerminalContext, TerminalEvent, TerminalMessage, TerminalSize, parse,
};
use crate::wire::{CloseCode, ErrorCode, Incoming, PanePlace, RequestId, SessionRef, Target};

/// Requests under way beyond which a terminal's socket is not read: what is typed waits there, in order.
const MAX_TYPING: usize = 16;

/// What a terminal shows.
#[derive(Debug)]
pub(super) struct Terminal {
    address: TerminalAddress,
    /// The session and how its pane was asked for, once the client has connected.
    begun: Option<(SessionId, ConnectRequest)>,
    /// The pane that it shows, or is about to.
    shown: Option<Shown>,
    /// The size that it has asked for.
    pub(super) wish: Option<TerminalSize>,
}

#[derive(Debug)]
struct Shown {
    pane: PaneId,
    /// The size that the client was told, once it was.
    size: Option<(u32, u32)>,
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

    /// Whether it shows this pane.
    fn shows(&self, pane: PaneId) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.pane == pane)
    }
}

impl Peer {
    /// A terminal's client said something.
    pub(super) fn on_terminal_text(&mut self, text: &[u8], now: Instant) {
        let parsed = parse(text);
        let unanswered = |incoming: &Incoming<TerminalMessage>| {
            let message = &incoming.message;
            matches!(
                message,
                TerminalMessage::Input { .. } | TerminalMessage::Ack(_)
            )
        };
        if parsed.as_ref().is_ok_and(unanswered) {
            self.charge(text.len(), now);
        } else {
            let id = parsed.as_ref().map_or_else(
                |rejected| rejected.id.as_ref(),
                |incoming| incoming.id.as_ref(),
            );
            if !self.admits(id, text.len(), now) {
                return;
            }
        }
        let (id, outcome) = match parsed {
            Err(rejected) => (rejected.id, Err((rejected.code, rejected.message))),
            Ok(incoming) => {
                let id = incoming.id;
                let outcome = match incoming.message {
                    TerminalMessage::Common(message) => {
                        return self.carry_out(id, message, now);
                    }
                    message => {
                        let asked = self.asked_of(&message);
                        let outcome = self.ask_terminal(id.clone(), message, now);
                        outcome.inspect_err(|(code, _)| self.tell_denied(&asked, *code, now))
                    }
                };
                (id, outcome)
            }
        };
        if let Err((code, message)) = outcome {
            self.refuse(id.as_ref(), code, &message, now);
        }
    }

    /// A terminal's client typed bytes.
    pub(super) fn on_terminal_bytes(&mut self, bytes: &Bytes, now: Instant) {
        if let Err((code, message)) = self.type_bytes(None, Key::Text(bytes.clone())) {
            let asked = Asked::new("input", self.address_as_target());
            self.tell_denied(&asked, code, now);
            self.refuse(None, code, &message, now);
        }
    }

    /// What is asked for, as the audit log names it: at a terminal it is always what its address names.
    fn asked_of(&self, message: &TerminalMessage) -> Asked {
        let request = match message {
            TerminalMessage::Connect(_) => "connect",
            TerminalMessage::Input { .. } => "input",
            TerminalMessage::Resize(_) => "resize",
            TerminalMessage::Ack(_) => "ack",
            TerminalMessage::Disconnect => "disconnect",
            TerminalMessage::Common(message) => return Asked::of(message),
        };
        Asked::new(request, self.address_as_target())
    }

    fn address_as_target(&self) -> Option<Target> {
        let address = &self.terminal.as_ref()?.address;
        let session = Some(address.session.clone());
        Some(match address.pane {
            Some(_) => Target {
                pane: address.pane,
                ..Target::default()
            },
            None => Target {
                session,
                ..Target::default()
            },
        })
    }

    fn ask_terminal(
        &mut self,
        id: Option<RequestId>,
        message: TerminalMessage,
        now: Instant,
    ) -> Result<(), Refusal> {
        match message {
            TerminalMessage::Connect(request) => self.connect(id, request, now),
            TerminalMessage::Input { data, paste } => {
                let bytes = Bytes::from(data);
                let key = if paste {
                    Key::Paste(bytes)
                } else {
                    Key::Text(bytes)
                };
                self.type_bytes(id, key)
            }
            TerminalMessage::Resize(size) => self.resize(id, size),
            TerminalMessage::Ack(offset) => {
                let (_, pane) = self.shown()?;
                self.ack(None, pane, offset, now)
            }
            TerminalMessage::Disconnect => {
                self.end_terminal(Gone::Requested, now);
                Ok(())
            }
            TerminalMessage::Common(_) => Ok(()),
        }
    }

    /// Begins to show the pane of the address, or begins anew; a size that the client names is a wish like any other.
    fn connect(
        &mut self,
        id: Option<RequestId>,
        request: ConnectRequest,
        now: Instant,
    ) -> Result<(), Refusal> {
        let principal = self.principal()?;
        principal
            .authorize_everywhere(Permission::Read, ())
            .map_err(denied)?;
        let Some(terminal) = &self.terminal else {
            return Err(not_found());
        };
        let (address, size) = (terminal.address.clone(), request.size);
        if request
            .session
            .as_ref()
            .is_some_and(|named| *named != address.session.to_string())
        {
            let why = "sessionId: it is another session than that of the address";
            return Err((ErrorCode::InvalidMessage, why.to_owned()));
        }
        let (state, _) = self.context.hub.snapshot();
        let (session, pane) = address.find(&state, &principal).map_err(unmet)?;
        let filter = Filter::all().with_sessions(&[session.to_string()]);
        let filter = filter.and_then(|filter| filter.with_types(FOLLOWED));
        let filter = filter.map_err(|error| (ErrorCode::InvalidMessage, error.to_string()))?;
        let waits = self.leave();
        if let Some(asker) = waits.filter(|asker| asker.id.is_some()) {
            self.refuse_asker(&asker, now);
        }
        let subscribed = self.stream.subscribe(filter, None);
        subscribed.map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        if let Some(terminal) = &mut self.terminal {
            terminal.begun = Some((session, request));
        }
        self.show(pane, id, now)?;
        if let Some(size) = size.filter(|_| self.context.resize != ResizePolicy::Never) {
            // The request itself has succeeded, and is answered as such.
            if let Err((code, message)) = self.resize(None, size) {
                self.refuse(None, code, &message, now);
            }
        }
        self.pump(now);
        Ok(())
    }

    /// Shows a pane from now on.
    fn show(&mut self, pane: PaneId, id: Option<RequestId>, now: Instant) -> Result<(), Refusal> {
        let principal = self.principal()?;
        let (state, _) = self.context.hub.snapshot();
        let known = state.panes.get(&pane).ok_or_else(not_found)?;
        let Some(terminal) = &mut self.terminal else {
            return Err(not_found());
        };
        let Some((_, request)) = &mut terminal.begun else {
            return Err(not_found());
        };
        let opening = Opening {
            scrollback: request.scrollback,
            ack_window: request.ack_window,
        };
        // It counts for the first pane alone: what is shown later was not seen before.
        let since = request.since.take().filter(|(_, which, _)| *which == pane);
        let size = (known.width, known.height);
        let hub = &self.context.hub;
        let kept =
            since.and_then(|(epoch, _, offset)| kept_from(hub, (pane, &principal), &epoch, offset));
        terminal.shown = Some(Shown {
            pane,
            size: kept.map(|_| size),
        });
        let opened = self.stream.open(pane, kept.map(|(place, _)| place));
        opened.map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        if let Some((_, offset)) = kept {
            self.stream.panes.resume(pane, opening, offset);
            self.say_terminal(
                &TerminalEvent::Connect {
                    id: id.as_ref(),
                    pane,
                    size,
                    offset,
                    recovered: true,
                },
                now,
            );
            self.stream.replay();
        } else {
            self.stream.panes.open(pane, opening, id);
        }
        Ok(())
    }

    /// Something has happened in the session: another pane may be active, or the one that is shown be gone.
    pub(super) fn follow(&mut self, now: Instant) {
        let Some(terminal) = &self.terminal else {
            return;
        };
        let Some((session, _)) = &terminal.begun else {
            return;
        };
        let Phase::Open { principal } = &self.phase else {
            return;
        };
        let (state, _) = self.context.hub.snapshot();
        let known = state.sessions.get(session);
        let Some(known) = known.filter(|known| principal.sees(&known.name)) else {
            return self.end_terminal(Gone::Session, now);
        };
        // By its id, since the session may have another name by now.
        let address = TerminalAddress {
            session: SessionRef::Id(known.id),
            pane: terminal.address.pane,
        };
        let Ok((_, pane)) = address.find(&state, principal) else {
            return self.end_terminal(Gone::Pane, now);
        };
        if terminal.shows(pane) {
            return;
        }
        // Who waits for the pane that was active gets the one that is.
        let id = self.leave().and_then(|asker| asker.id);
        let wish = self.terminal.as_ref().and_then(|terminal| terminal.wish);
        let shown = self.show(pane, id, now);
        let shown = shown.and_then(|()| wish.map_or(Ok(()), |size| self.resize(None, size)));
        if let Err((code, message)) = shown {
            self.refuse(None, code, &message, now);
        }
    }

    /// Says what is to come before a snapshot is sent.
    pub(super) fn begin_terminal_view(
        &mut self,
        snapshot: &PaneSnapshot,
        missing: &Missing,
        offset: u64,
        now: Instant,
    ) {
        let size = (snapshot.cols, snapshot.rows);
        let before = self.set_size(snapshot.pane, size);
        if before.is_none() {
            let id = missing
                .asked_by
                .as_ref()
                .and_then(|asker| asker.id.as_ref());
            let connect = TerminalEvent::Connect {
                id,
                pane: snapshot.pane,
                size,
                offset,
                recovered: false,
            };
            self.say_terminal(&connect, now);
        } else if before != Some(size) {
            self.say_terminal(&TerminalEvent::Resize { size }, now);
        }
    }

    /// One page of a snapshot in the terminal's own shape.
    pub(super) fn terminal_replay(
        &self,
        at: PanePlace<'_>,
        snapshot: &PaneSnapshot,
        offset: u64,
        replay: &[u8],
    ) -> crate::wire::Framed {
        let encoder = &self.context.encoder;
        if self.form == Form::Binary {
            return encoder.pane_bytes(Kind::Replay, at.pane, (at.seq, offset), replay);
        }
        let context = TerminalContext {
            session: &at.place.session_name,
            at: self.context.hub.newest(),
        };
        encoder.terminal_replay(context, offset, snapshot.exact, replay)
    }

    /// Notes the size that the client is told; returns the one that it was told before.
    fn set_size(&mut self, pane: PaneId, size: (u32, u32)) -> Option<(u32, u32)> {
        let shown = self
            .terminal
            .as_mut()
            .and_then(|terminal| terminal.shown.as_mut())?;
        if shown.pane != pane {
            return None;
        }
        shown.size.replace(size)
    }

    fn type_bytes(&mut self, id: Option<RequestId>, key: Key) -> Result<(), Refusal> {
        let principal = self.principal()?;
        let (_, pane) = self.shown()?;
        let (state, _) = self.context.hub.snapshot();
        let places = state.places_of_pane(pane);
        let sessions = places.iter().map(|place| &*place.session_name);
        let input = InputRequest {
            client: self.number,
            pane,
            keys: vec![key],
            cancel_mode: false,
            submit_delay: None,
        };
        let input = principal
            .authorize(Permission::Write, sessions, input)
            .map_err(denied)?;
        self.begin(Work::Type {
            id,
            pane,
            input,
            slot: None,
        });
        Ok(())
    }

    /// Whether a terminal takes more of what its client says.
    pub(super) fn takes_typing(&self) -> bool {
        self.terminal.is_none() || self.in_flight < MAX_TYPING
    }

    /// The session and the pane that are shown.
    pub(super) fn shown(&self) -> Result<(SessionId, PaneId), Refusal> {
        let terminal = self.terminal.as_ref();
        let shown = terminal.and_then(|terminal| {
            let (session, _) = terminal.begun.as_ref()?;
            Some((*session, terminal.shown.as_ref()?.pane))
        });
        let why = "connect first: {\"type\":\"connect\"}";
        shown.ok_or_else(|| (ErrorCode::InvalidMessage, why.to_owned()))
    }

    pub(super) fn principal(&self) -> Result<Principal, Refusal> {
        match &self.phase {
            Phase::Open { principal } => Ok(principal.clone()),
            Phase::Unknown { .. } | Phase::Closing { .. } => {
                let why = "authenticate first: {\"action\":\"auth\",\"token\":...}";
                Err((ErrorCode::AuthRequired, why.to_owned()))
            }
        }
    }

    /// Shows nothing any more.
    fn leave(&mut self) -> Option<Asker> {
        let old = self.terminal.as_mut()?.shown.take()?;
        self.stream.subscription.close(old.pane);
        self.stream.pages.forget(old.pane);
        self.stream.panes.forget(old.pane)
    }

    fn end_terminal(&mut self, reason: Gone, now: Instant) {
        self.say_terminal(&TerminalEvent::Disconnect { reason }, now);
        self.close(CloseCode::Normal, now);
    }

    fn say_terminal(&mut self, event: &TerminalEvent<'_>, now: Instant) {
        let Some(terminal) = &self.terminal else {
            return;
        };
        let (state, _) = self.context.hub.snapshot();
        let sees = |name: &str| match &self.phase {
            Phase::Open { principal } => principal.sees(name),
            Phase::Unknown { .. } | Phase::Closing { .. } => false,
        };
        // It may have left the client's scope, with a name that is none of the client's business.
        let session = terminal
            .begun
            .as_ref()
            .and_then(|(id, _)| state.sessions.get(id))
            .filter(|session| sees(&session.name));
        let named = terminal.address.session.to_string();
        let context = TerminalContext {
            session: session.map_or(&*named, |session| &*session.name),
            at: self.context.hub.newest(),
        };
        let framed = self.context.encoder.terminal(context, event);
        self.send(Frame::new(framed), now);
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
