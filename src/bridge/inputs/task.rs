//! One request on its way into its pane, line by line. A line is sent when the one before it has been typed, so that what
//! stops a line stops all that follows: nothing is ever typed behind a hole.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::pieces::{Piece, pieces, take_line};
use super::{InputReply, LONGEST_DELAY, Way};
use crate::bridge::request::{ClientNumber, InputError, InputRequest};
use crate::control::rows::{CheckRow, Row as _};
use crate::control::{
    Body, Command, Keyboard, MAX_PASTE, Otherwise, PasteBuffer, PasteName, Pasting, Stroke, Typing,
    When,
};
use crate::ids::PaneId;
use crate::tmux::ReplyError;

/// How many modes are left one after the other for one line, before the pane counts as being in a mode.
const MODES: u32 = 8;

/// What a request costs beside what it types, and a line beside its bytes.
pub(super) const OVERHEAD: usize = 32;

/// A request that waits or is being typed.
#[derive(Debug)]
pub(super) struct InputTask {
    pub(super) client: ClientNumber,
    pane: PaneId,
    cancel_mode: bool,
    /// What is not sent yet.
    rest: VecDeque<Piece>,
    flight: Option<Flight>,
    /// The mode that is to be left first.
    leave: Option<String>,
    modes_left: u32,
    typed: u64,
    whole: u64,
    /// How long Enter waits after other keys; nothing if it goes along with them.
    submit_delay: Option<Duration>,
    /// Whether the last line that was answered has typed anything but Enter.
    has_typed: bool,
    weight: usize,
    reply: InputReply,
}

/// What is sent and not answered yet.
#[derive(Debug)]
struct Flight {
    tag: u64,
    sent: Sent,
    /// How many commands of it have no answer yet.
    unanswered: usize,
    cost: usize,
}

#[derive(Debug)]
enum Sent {
    Line { pieces: Vec<Piece>, when: When },
    Leave,
}

/// What a reply says of a line.
enum Verdict {
    Typed,
    /// The pane would take keys, and its program wants no brackets.
    NotBracketed,
    Refused(InputError),
}

impl InputTask {
    pub(super) fn new(
        request: InputRequest,
        (keyboard, submit_delay): (Keyboard, Duration),
        reply: InputReply,
    ) -> Result<Self, Refused> {
        let rest = match pieces(request.keys, keyboard) {
            Ok(rest) => rest,
            Err(error) => return Err((reply, error)),
        };
        let whole = rest.iter().map(Piece::count).sum();
        let weight = usize::try_from(whole).unwrap_or(usize::MAX);
        let submit_delay = request.submit_delay.unwrap_or(submit_delay);
        let submit_delay = Some(submit_delay.min(LONGEST_DELAY)).filter(|delay| !delay.is_zero());
        Ok(Self {
            client: request.client,
            pane: request.pane,
            cancel_mode: request.cancel_mode,
            weight: weight.saturating_add(OVERHEAD * (1 + rest.len())),
            rest,
            flight: None,
            leave: None,
            modes_left: 0,
            typed: 0,
            whole,
            submit_delay,
            has_typed: false,
            reply,
        })
    }

    /// What it takes of the room for requests.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether a line of it is under way.
    pub(super) fn is_in_flight(&self) -> bool {
        self.flight.is_some()
    }

    /// Whether this is the tag of the line that is under way.
    pub(super) fn awaits(&self, tag: u64) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.tag == tag)
    }

    /// How long the pane has to be left alone before what comes next, if that is an Enter that is to be apart.
    pub(super) fn enter_delay(&self) -> Option<Duration> {
        let is_enter = self.leave.is_none() && self.rest.front().is_some_and(Piece::is_enter);
        self.submit_delay.filter(|_| is_enter)
    }

    /// Whether the last line that was answered has typed anything but Enter.
    pub(super) fn has_typed(&self) -> bool {
        self.has_typed
    }

    /// Whether the pane's next request may be sent behind it though it has no answer yet: nothing of this one can follow.
    pub(super) fn may_be_followed(&self) -> bool {
        self.is_in_flight() && self.rest.is_empty() && !self.cancel_mode
    }

    /// The next line; there must be none under way. Returns its commands and what it costs.
    pub(super) fn send(&mut self, tag: u64, way: &Way<'_>) -> (Vec<Command>, usize) {
        let pane = self.pane;
        let (sent, commands, bytes) = if let Some(mode) = self.leave.take() {
            (Sent::Leave, vec![leave(pane, &mode)], 0)
        } else {
            self.decide_brackets(way);
            let pieces = take_line(&mut self.rest, self.submit_delay.is_some());
            let when = match pieces.first() {
                Some(Piece::Begin) => When::WantsBrackets,
                _ => When::TakesKeys,
            };
            let bytes = pieces.iter().map(Piece::count).sum::<u64>();
            let mut commands = match pieces.first() {
                Some(Piece::Paste(bytes)) => paste(pane, way, tag, bytes),
                _ => type_pieces(pane, way, when, &pieces),
            };
            if way.otherwise == Otherwise::Nothing {
                commands.push(Command::CheckPane { pane });
            }
            (Sent::Line { pieces, when }, commands, bytes)
        };
        let cost = OVERHEAD + usize::try_from(bytes).unwrap_or(usize::MAX);
        self.flight = Some(Flight {
            tag,
            sent,
            unanswered: commands.len(),
            cost,
        });
        (commands, cost)
    }

    /// Where tmux doesn't know whether a paste that comes next is bracketed, it pastes it from a buffer of ours. For what no
    /// buffer can hold, what the program has printed decides.
    fn decide_brackets(&mut self, way: &Way<'_>) {
        if way.knows_brackets || self.rest.front() != Some(&Piece::Begin) {
            return;
        }
        self.rest.pop_front();
        if let Some(Piece::Bytes(bytes)) = self.rest.front_mut()
            && !bytes.contains(&0)
        {
            let mut bytes = std::mem::take(bytes);
            self.rest.pop_front();
            self.forget_end();
            // What is more than a buffer's worth is several pastes.
            let mut pastes = Vec::new();
            while !bytes.is_empty() {
                let part = bytes.split_to(bytes.len().min(MAX_PASTE));
                pastes.push(Piece::Paste(part));
            }
            pastes
                .into_iter()
                .rev()
                .for_each(|paste| self.rest.push_front(paste));
            return;
        }
        if (way.bracketed)(self.pane) == Some(true) {
            self.bracket();
            self.rest.push_front(Piece::BEGINS);
        } else {
            self.forget_end();
        }
    }

    /// The paste that has begun is to be ended.
    fn bracket(&mut self) {
        if let Some(end) = self.rest.iter_mut().find(|piece| **piece == Piece::End) {
            *end = Piece::ENDS;
        }
    }

    /// The paste that has begun has no brackets.
    fn forget_end(&mut self) {
        if let Some(at) = self.rest.iter().position(|piece| *piece == Piece::End) {
            self.rest.remove(at);
        }
    }

    /// The answer to a command of the line under way. When it is the last one: what the line cost, and, if the request is
    /// at its end, its result.
    pub(super) fn answered(
        &mut self,
        outcome: Result<Body, ReplyError>,
        way: Option<&Way<'_>>,
    ) -> Option<(usize, Option<Result<(), InputError>>)> {
        let mut flight = self.flight.take()?;
        self.has_typed = false;
        flight.unanswered -= 1;
        if flight.unanswered > 0 && outcome != Err(ReplyError::LinkClosed) {
            self.flight = Some(flight);
            return None;
        }
        let cost = flight.cost;
        let otherwise = way.map_or(Otherwise::Report, |way| way.otherwise);
        let end = match flight.sent {
            // Whether it was left, the next line finds out: it may have ended by itself.
            Sent::Leave => matches!(outcome, Err(ReplyError::LinkClosed))
                .then(|| Err(self.partly(InputError::LinkLost))),
            Sent::Line { pieces, when } => {
                let verdict = judge(self.pane, when, otherwise, outcome);
                self.conclude(pieces, verdict)
            }
        };
        Some((cost, end))
    }

    fn conclude(&mut self, pieces: Vec<Piece>, verdict: Verdict) -> Option<Result<(), InputError>> {
        match verdict {
            Verdict::Typed => {
                self.typed += pieces.iter().map(Piece::count).sum::<u64>();
                self.has_typed = !pieces.iter().all(Piece::is_enter);
                self.modes_left = 0;
                if pieces.first() == Some(&Piece::Begin) {
                    self.bracket();
                }
            }
            Verdict::NotBracketed => self.forget_end(),
            Verdict::Refused(InputError::InMode { mode })
                if self.cancel_mode && self.modes_left < MODES =>
            {
                pieces
                    .into_iter()
                    .rev()
                    .for_each(|piece| self.rest.push_front(piece));
                self.modes_left += 1;
                self.leave = Some(mode);
            }
            Verdict::Refused(error) => return Some(Err(self.partly(error))),
        }
        self.rest.is_empty().then_some(Ok(()))
    }

    /// The line under way was not sent after all; returns what it would have cost.
    pub(super) fn take_back(&mut self) -> Option<usize> {
        self.flight.take().map(|flight| flight.cost)
    }

    /// An error that says how much was typed, if anything was.
    pub(super) fn partly(&self, error: InputError) -> InputError {
        if self.typed == 0 {
            return error;
        }
        InputError::Partly {
            typed: self.typed,
            whole: self.whole,
            error: Box::new(error),
        }
    }

    /// Ends the request.
    pub(super) fn finish(self, outcome: Result<(), InputError>) {
        answer(self.reply, outcome);
    }
}

/// A request that is not even begun.
pub(super) type Refused = (InputReply, InputError);

pub(super) fn answer(reply: InputReply, outcome: Result<(), InputError>) {
    if reply.send(outcome).is_err() {
        tracing::debug!("the client that typed is gone");
    }
}

/// What the last reply to a line says. Where tmux reports inside of it, it is empty when the line was typed; elsewhere it is
/// a row in any case, of the same turn.
fn judge(
    pane: PaneId,
    when: When,
    otherwise: Otherwise,
    outcome: Result<Body, ReplyError>,
) -> Verdict {
    let body = match outcome {
        Ok(body) => body,
        Err(ReplyError::LinkClosed) => return Verdict::Refused(InputError::LinkLost),
        Err(ReplyError::Failed(_)) if otherwise == Otherwise::Nothing => {
            return Verdict::Refused(InputError::NoSuchPane);
        }
        Err(error) => return Verdict::Refused(InputError::Tmux(error.to_string())),
    };
    if otherwise == Otherwise::Report && body.as_bytes().is_empty() {
        return Verdict::Typed;
    }
    match CheckRow::parse(body.first_line()) {
        Err(error) => Verdict::Refused(InputError::Tmux(error.to_string())),
        Ok(row) => match (refusal(pane, row), otherwise, when) {
            (Some(error), ..) => Verdict::Refused(error),
            (None, Otherwise::Nothing, _) => Verdict::Typed,
            (None, Otherwise::Report, When::WantsBrackets) => Verdict::NotBracketed,
            (None, Otherwise::Report, When::TakesKeys) => {
                let why = "tmux typed nothing and says no reason";
                Verdict::Refused(InputError::Tmux(why.to_owned()))
            }
        },
    }
}

/// Why a pane takes no keys; nothing if it does.
fn refusal(pane: PaneId, row: CheckRow) -> Option<InputError> {
    if row.pane != Some(pane) {
        return Some(InputError::NoSuchPane);
    }
    if row.dead {
        return Some(InputError::PaneDead);
    }
    if row.input_off {
        return Some(InputError::InputOff);
    }
    row.in_mode.then_some(InputError::InMode { mode: row.mode })
}

/// The command that types pieces.
fn type_pieces(pane: PaneId, way: &Way<'_>, when: When, pieces: &[Piece]) -> Vec<Command> {
    let strokes: Vec<Stroke> = pieces.iter().filter_map(Piece::stroke).collect();
    let typing = Typing::new(pane, strokes, when, way.otherwise);
    typing.map(Command::Type).into_iter().collect()
}

/// The commands that paste.
fn paste(pane: PaneId, way: &Way<'_>, tag: u64, bytes: &Bytes) -> Vec<Command> {
    let name = PasteName(way.salt ^ tag);
    let pasting = Pasting {
        name,
        pane,
        otherwise: way.otherwise,
    };
    let buffer = PasteBuffer::new(name, bytes.clone()).map(Command::SetPaste);
    buffer
        .into_iter()
        .chain([Command::Paste(pasting)])
        .collect()
}

/// What ends a mode: those in which text is read have commands of their own.
fn leave(pane: PaneId, mode: &str) -> Command {
    match mode {
        "copy-mode" | "view-mode" => Command::CancelMode { pane },
        _ => Command::QuitModes { pane },
    }
}
