//! From what clients say to what a session is asked for. Each action of the wire has its arm, and there is no other one:
//! an action that is added and forgotten here does not compile.

use std::sync::Arc;
use std::time::Duration;

use super::questions;
use crate::bridge::{AgentAnswer, AnswerChoice, ForAgent, Prompt};
use crate::hub::{Filter, Position, PrintsIn, Since};
use crate::ids::{Epoch, PaneId, Seq};
use crate::server::emitting::{EmitEvent, EmitRequest};
use crate::server::session::{
    ComposeRequest, Credential, Dismissal, OpenRequest, Refusal, Request as Asked, TypeRequest,
    Typed,
};
use crate::server::target::{SessionRef, Target, WindowRef};
use crate::wire::request::{self, Action, Choice, IndexOrText, Request};
use crate::wire::schema::TERMINAL_TYPES;
use crate::wire::terminal::{Connect, TerminalAction};
use crate::wire::{ErrorCode, Rejected, since_cursor};

/// How long a prompt or an answer may take if its client does not say.
const COMPOSING: Duration = Duration::from_secs(10);

/// What a terminal is asked for.
#[derive(Debug)]
pub(super) enum TerminalAsked {
    /// What a session carries out for every dialect: authentication and signs of life.
    Common(Asked),
    /// The pane that is addressed, from now on.
    Connect(ConnectRequest),
    /// Something to be typed.
    Input {
        /// What.
        data: String,
        /// It was pasted.
        paste: bool,
    },
    /// Another size.
    Resize(TerminalSize),
    /// The client has drawn the output up to this offset.
    Ack(u64),
    /// The client is done.
    Disconnect,
}

/// How a terminal begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConnectRequest {
    /// The session that the client believes to be at.
    pub(super) session: Option<String>,
    /// The size that it would like.
    pub(super) size: Option<TerminalSize>,
    /// How many lines of history come before the screen.
    pub(super) scrollback: u32,
    /// How many bytes of output may be on their way unacknowledged.
    pub(super) ack_window: Option<u64>,
    /// The epoch, the pane and the offset up to which the client has it.
    pub(super) since: Option<(String, PaneId, u64)>,
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TerminalSize {
    pub(super) cols: u16,
    pub(super) rows: u16,
}

/// A request that came in by `/monitor`.
pub(super) fn read(request: Request) -> Result<Request<Asked>, Rejected> {
    convert(request, asked)
}

/// A request that came in by a terminal.
pub(super) fn read_terminal(
    request: Request<TerminalAction>,
) -> Result<Request<TerminalAsked>, Rejected> {
    convert(request, terminal_asked)
}

fn convert<A, B>(
    request: Request<A>,
    convert: impl FnOnce(A) -> Result<B, Refusal>,
) -> Result<Request<B>, Rejected> {
    let Request { action, id } = request;
    match convert(action) {
        Ok(action) => Ok(Request { action, id }),
        Err((code, message)) => Err(Rejected { id, code, message }),
    }
}

fn asked(action: Action) -> Result<Asked, Refusal> {
    Ok(match action {
        Action::Auth(auth) => Asked::Auth {
            credential: credential(auth),
        },
        Action::Subscribe(subscribe) => subscription(subscribe)?,
        Action::Unsubscribe(unsubscribe) => Asked::Unsubscribe {
            filter: filter(unsubscribe.filters)?,
        },
        Action::Snapshot(snapshot) => Asked::Snapshot {
            target: target(snapshot.target.unwrap_or_default())?,
            screen: snapshot.screen.unwrap_or_default(),
        },
        Action::Command(command) => typed(command.key.clone(), line(command)?),
        Action::SendKeys(keys) => typed(keys.key.clone(), text_or_keys(keys)?),
        Action::Prompt(prompt) => self::prompt(prompt)?,
        Action::Answer(answer) => self::answer(answer)?,
        Action::Seen(seen) => Asked::Seen {
            target: target(seen.target.unwrap_or_default())?,
        },
        Action::Explain(explain) => Asked::Explain {
            target: pane_target(explain.target)?,
        },
        Action::Open(open) => Asked::Open(opening(open)?),
        Action::Close(close) => Asked::Close {
            target: pane_target(close.target)?,
        },
        Action::Ack(ack) => Asked::Ack {
            pane: pane_id("pane", &ack.pane)?,
            offset: ack.offset,
        },
        Action::Stats(_) => Asked::Stats,
        Action::Clients(_) => Asked::Clients,
        Action::Disconnect(request::Disconnect {
            client_id, reason, ..
        }) => Asked::Disconnect(Dismissal { client_id, reason }),
        Action::Emit(emit) => Asked::Emit(emission(emit)?),
        Action::History(_) | Action::Search(_) | Action::Screen(_) | Action::Digest(_) => {
            questions::question(action)?
        }
        Action::Replay(replay) => questions::replay(replay)?,
        Action::ReplayControl(control) => questions::replay_control(control)?,
        Action::Cancel(cancel) => Asked::Cancel {
            request: cancel.request,
        },
        Action::Ping(_) => Asked::Ping,
        Action::Unknown(_) => return Err(unknown()),
    })
}

/// What the client shows. The schema has said that it is one of the two.
fn credential(auth: request::Auth) -> Credential {
    match auth.ticket {
        Some(ticket) => Credential::Ticket(ticket),
        None => Credential::Token(auth.token.unwrap_or_default()),
    }
}

fn opening(open: request::Open) -> Result<OpenRequest, Refusal> {
    Ok(OpenRequest {
        target: pane_target(open.target)?,
        scrollback: open.scrollback.unwrap_or_default(),
        since: open.since.map(|since| (since.epoch, since.offset)),
        ack_window: open.ack_window,
    })
}

/// What is to be emitted.
pub(super) fn emission(emit: request::Emit) -> Result<EmitRequest, Refusal> {
    let events = emit.events.into_iter().enumerate().map(|(at, event)| {
        let named = |why: String| format!("events.{at}.{why}");
        let made = event.event().map_err(|why| invalid(&named(why)))?;
        let target = event.target.map(pane_target).transpose();
        Ok(EmitEvent {
            event: Arc::new(made),
            target: target.map_err(|(code, why)| (code, named(why)))?,
        })
    });
    Ok(EmitRequest {
        events: events.collect::<Result<_, Refusal>>()?,
        key: emit.key,
    })
}

fn typed(key: Option<String>, request: TypeRequest) -> Asked {
    Asked::Type { request, key }
}

fn line(command: request::Command) -> Result<TypeRequest, Refusal> {
    Ok(TypeRequest {
        target: pane_target(command.target)?,
        typed: Typed::Line(command.command),
        paste: command.paste,
        submit_delay: command.submit_delay_ms.map(Duration::from_millis),
        cancel_mode: command.cancel_mode.unwrap_or_default(),
    })
}

fn text_or_keys(keys: request::SendKeys) -> Result<TypeRequest, Refusal> {
    Ok(TypeRequest {
        target: pane_target(keys.target)?,
        typed: match keys.text {
            Some(text) => Typed::Text(text),
            None => Typed::Keys(keys.keys.unwrap_or_default()),
        },
        paste: keys.paste,
        submit_delay: keys.submit_delay_ms.map(Duration::from_millis),
        cancel_mode: keys.cancel_mode.unwrap_or_default(),
    })
}

fn prompt(prompt: request::Prompt) -> Result<Asked, Refusal> {
    let request = ComposeRequest {
        target: pane_target(prompt.target)?,
        wanted: ForAgent::Prompt(Prompt {
            text: prompt.text,
            queue: prompt.queue.unwrap_or_default(),
            timeout: timeout(prompt.timeout_ms),
        }),
    };
    Ok(Asked::Compose {
        request,
        key: prompt.key,
    })
}

fn answer(answer: request::Answer) -> Result<Asked, Refusal> {
    let request = ComposeRequest {
        target: pane_target(answer.target)?,
        wanted: ForAgent::Answer(AgentAnswer {
            fingerprint: answer.dialog,
            choice: match answer.choice {
                Choice::Number(number) => {
                    AnswerChoice::Number(usize::try_from(number).unwrap_or(usize::MAX))
                }
                Choice::Text(text) => AnswerChoice::Text(text),
            },
            timeout: timeout(answer.timeout_ms),
        }),
    };
    Ok(Asked::Compose {
        request,
        key: answer.key,
    })
}

/// How long a prompt or an answer may take.
fn timeout(milliseconds: Option<u64>) -> Duration {
    milliseconds.map_or(COMPOSING, Duration::from_millis)
}

fn terminal_asked(action: TerminalAction) -> Result<TerminalAsked, Refusal> {
    Ok(match action {
        TerminalAction::Common(action) => match asked(action)? {
            common @ (Asked::Auth { .. } | Asked::Ping) => TerminalAsked::Common(common),
            _ => {
                let why = "a terminal takes no other action than auth and ping, but these types: ";
                let types = TERMINAL_TYPES.join(", ");
                return Err((ErrorCode::UnknownAction, format!("{why}{types}")));
            }
        },
        TerminalAction::Connect(connect) => TerminalAsked::Connect(connect_request(connect)?),
        TerminalAction::Input(input) => TerminalAsked::Input {
            data: input.data,
            paste: input.paste.unwrap_or_default(),
        },
        TerminalAction::Resize(size) => TerminalAsked::Resize(TerminalSize {
            cols: size.cols,
            rows: size.rows,
        }),
        TerminalAction::Ack(ack) => TerminalAsked::Ack(ack.offset),
        TerminalAction::Disconnect(_) => TerminalAsked::Disconnect,
        TerminalAction::Unknown(_) => return Err(unknown()),
    })
}

/// The schemas have refused what is unknown, with a list of what is known.
fn unknown() -> Refusal {
    let why = "this action is not known".to_owned();
    (ErrorCode::UnknownAction, why)
}

fn subscription(subscribe: request::Subscribe) -> Result<Asked, Refusal> {
    let filter = filter(subscribe.filters)?;
    let without_watchers = subscribe.without_watchers.unwrap_or_default();
    Ok(Asked::Subscribe {
        filter: filter.leaving_out_watchers(without_watchers),
        since: subscribe.since.map(since),
        prints_in: subscribe.prints_in.map(prints_in).transpose()?,
    })
}

fn connect_request(connect: Connect) -> Result<ConnectRequest, Refusal> {
    let size = connect.cols.zip(connect.rows);
    let since = connect.since.map(|since| {
        let pane = since.pane.parse::<PaneId>().map_err(|error| {
            let why = format!("the message can't be read: {error}");
            (ErrorCode::InvalidMessage, why)
        })?;
        Ok::<_, Refusal>((since.epoch, pane, since.offset))
    });
    Ok(ConnectRequest {
        session: connect.session,
        size: size.map(|(cols, rows)| TerminalSize { cols, rows }),
        scrollback: connect.scrollback.unwrap_or_default(),
        ack_window: connect.ack_window,
        since: since.transpose()?,
    })
}

fn filter(filters: Option<request::Filters>) -> Result<Filter, Refusal> {
    let filter = filters.unwrap_or_default().into_filter();
    filter.map_err(|error| (ErrorCode::InvalidFilter, format!("filters.{error}")))
}

fn since(since: request::Since) -> Since {
    match since {
        request::Since::Cursor(text) => since_cursor(&text),
        request::Since::Place(place) => Epoch::new(&place.epoch).map_or(Since::Foreign, |epoch| {
            let seq = Seq(place.seq);
            Since::Position(Position { epoch, seq })
        }),
    }
}

fn prints_in(place: request::PrintsIn) -> Result<PrintsIn, Refusal> {
    let pane = place.pane.map(|pane| pane_id("prints_in.pane", &pane));
    Ok(PrintsIn {
        server: place.server,
        pane: pane.transpose()?,
        processes: place.processes.unwrap_or_default(),
    })
}

fn target(named: request::Target) -> Result<Target, Refusal> {
    let pane = named.pane.map(|text| pane_id("target.pane", &text));
    let session_id = named.session_id.map(|text| {
        let id = text.parse().map(SessionRef::Id);
        id.map_err(|_| invalid("target.session_id: it is not a session id such as $3"))
    });
    let window_id = named.window_id.map(|text| {
        let id = text.parse().map(WindowRef::Id);
        id.map_err(|_| invalid("target.window_id: it is not a window id such as @3"))
    });
    let session = one_of([
        named.session.map(SessionRef::Text),
        session_id.transpose()?,
        named.session_name.map(SessionRef::Name),
    ])
    .ok_or_else(|| {
        invalid("target: give one of \"session\", \"session_id\" and \"session_name\"")
    })?;
    let window = one_of([
        named.window.map(|window| match window {
            IndexOrText::Index(index) => WindowRef::Index(index),
            IndexOrText::Text(text) => WindowRef::Text(text),
        }),
        window_id.transpose()?,
        named.window_index.map(WindowRef::Index),
        named.window_name.map(WindowRef::Name),
    ])
    .ok_or_else(|| {
        invalid(
            "target: give one of \"window\", \"window_id\", \"window_index\" and \"window_name\"",
        )
    })?;
    if pane.is_some() && (session.is_some() || window.is_some()) {
        let why = "target: give either \"pane\", or a session and what is in it";
        return Err(invalid(why));
    }
    Ok(Target {
        pane: pane.transpose()?,
        session,
        window,
        pane_index: named.pane_index,
    })
}

/// A target that leads to one pane.
pub(super) fn pane_target(named: request::Target) -> Result<Target, Refusal> {
    let target = target(named)?;
    if target == Target::default() {
        let why = "target: give a \"pane\", or a \"session\" and what is in it";
        return Err(invalid(why));
    }
    Ok(target)
}

/// The one that is there, if any is; nothing if there are several.
fn one_of<T, const N: usize>(forms: [Option<T>; N]) -> Option<Option<T>> {
    let mut given = forms.into_iter().flatten();
    let first = given.next();
    given.next().is_none().then_some(first)
}

pub(super) fn pane_id(field: &str, text: &str) -> Result<PaneId, Refusal> {
    let why = || invalid(&format!("{field}: it is not a pane id such as %3"));
    text.parse().map_err(|_| why())
}

pub(super) fn invalid(why: &str) -> Refusal {
    (ErrorCode::InvalidMessage, why.to_owned())
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
