//! The control client: which event comes next, and which command a reply answers.
//!
//! Replies come in the order of the commands, each in a block with flags 1. When a command of a line fails, tmux drops the
//! rest of that line and says nothing of it, so that those are answered here.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::block::{Closed, Expected, Guard, Inside, OpenBlock};
use super::body::Body;
use super::command::Command;
use super::frame::{BadLine, BadReason, Framed, Lines};
use super::line::{Line, Reported, line as parse_line};
use super::notification::Notification;
use super::output::Output;
use super::rows::{PaneStateRow, Row as _};
use super::text::Text;
use crate::ids::PaneId;

/// The bounds of a [`ControlClient`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line in bytes. tmux's own have about 11 KB; a format with a long value has more.
    pub line: usize,
    /// The largest body in bytes. A history of 100,000 lines of 160 coloured columns fits.
    pub body: usize,
    /// The most commands that may wait for their reply.
    pub pending: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 1 << 20,
            body: 64 << 20,
            pending: 1024,
        }
    }
}

/// The name of a command that was enqueued, counted from 0 for each client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(u64);

/// What tmux sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A pane printed something.
    Output(Output<'a>),
    /// tmux reported something unasked.
    Notification(Notification),
    /// A command was answered.
    Reply(Reply),
    /// A block that no command of ours asked for: hooks and the initial attach.
    Block(Block),
    /// tmux says that this client is about to end. A hint: the end of the stream is what counts.
    Exit {
        /// Why, in tmux's words.
        reason: Option<Text>,
    },
    /// A line that could not be used.
    Bad(BadLine),
}

/// A command's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Which command it was.
    pub id: CommandId,
    /// The command itself.
    pub command: Command,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// tmux ran it, and this is what it printed.
    Done(Body),
    /// tmux refused it, and this is what it says why.
    Failed(Body),
    /// It was never run: an earlier command of its batch failed.
    Dropped,
    /// It was answered with more than [`Limits::body`] or a line over [`Limits::line`].
    TooLarge {
        /// How large the answer was, in bytes.
        size: usize,
    },
}

/// A block that no command of ours asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its numbers.
    pub guard: Guard,
    /// How it ended, never [`Outcome::Dropped`].
    pub outcome: Outcome,
}

/// The answer to more commands than [`Limits::pending`] allows: they are handed back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pending} commands wait for their reply already")]
pub struct Full {
    /// How many wait.
    pub pending: usize,
    /// What was not enqueued.
    pub commands: Vec<Command>,
}

/// A command that waits for its reply.
#[derive(Debug)]
struct Pending {
    id: CommandId,
    /// The first command of its line.
    batch: CommandId,
    command: Command,
    expected: Expected,
    /// How many blocks its reply has.
    blocks: usize,
    /// How many of them have come.
    taken: usize,
    /// What they printed.
    printed: Body,
}

/// One control connection's protocol state.
#[derive(Debug)]
pub struct ControlClient {
    limits: Limits,
    lines: Lines,
    open: Option<OpenBlock>,
    pending: VecDeque<Pending>,
    /// Replies of commands that tmux will not answer.
    dropped: VecDeque<Reply>,
    outgoing: BytesMut,
    enqueued: u64,
}

/// What a line came to.
enum LineResult {
    Nothing,
    /// The pane, the age and where the data stands.
    Output(PaneId, Option<u64>, Range<usize>),
    Event(Event<'static>),
}

impl ControlClient {
    /// A client that has received nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            lines: Lines::new(limits.line),
            open: None,
            pending: VecDeque::new(),
            dropped: VecDeque::new(),
            outgoing: BytesMut::new(),
            enqueued: 0,
        }
    }

    /// Puts a command on a line of its own.
    ///
    /// # Errors
    /// Hands the command back if too many wait.
    pub fn enqueue(&mut self, command: Command) -> Result<CommandId, Full> {
        self.enqueue_batch(vec![command]).map(|ids| ids[0])
    }

    /// Puts commands on one line, so that tmux runs them in one go; if one fails, the rest is dropped.
    ///
    /// # Errors
    /// Hands the commands back if too many wait.
    pub fn enqueue_batch(&mut self, commands: Vec<Command>) -> Result<Vec<CommandId>, Full> {
        if self.pending.len() + commands.len() > self.limits.pending {
            return Err(Full {
                pending: self.pending.len(),
                commands,
            });
        }
        let batch = CommandId(self.enqueued);
        let mut ids = Vec::with_capacity(commands.len());
        for command in commands {
            let separator = if ids.is_empty() { "" } else { " ; " };
            let written = write!(self.outgoing, "{separator}{command}");
            debug_assert!(written.is_ok(), "a buffer takes all that is written to it");
            let id = CommandId(self.enqueued);
            self.enqueued += 1;
            ids.push(id);
            self.pending.push_back(Pending {
                id,
                batch,
                expected: command.expected(),
                blocks: command.blocks(),
                taken: 0,
                printed: Body::default(),
                command,
            });
        }
        if !ids.is_empty() {
            self.outgoing.extend_from_slice(b"\n");
        }
        Ok(ids)
    }

    /// The bytes to write to tmux, if there are any.
    pub fn take_outgoing(&mut self) -> Option<Bytes> {
        (!self.outgoing.is_empty()).then(|| self.outgoing.split().freeze())
    }

    /// The buffer that a reader appends what tmux wrote to. Call [`Self::next_event`] until it has no more, then read on.
    pub fn incoming(&mut self) -> &mut BytesMut {
        self.lines.incoming()
    }

    /// Appends what tmux wrote.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.lines.incoming().extend_from_slice(bytes);
    }

    /// How many commands wait for their reply.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How many bytes wait for the rest of their line; never more than [`Limits::line`] once there is no more event.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.lines.buffered()
    }

    /// Ends the client: whatever never was answered, in order.
    pub fn close(&mut self) -> Vec<(CommandId, Command)> {
        self.open = None;
        self.outgoing.clear();
        let dropped = self
            .dropped
            .drain(..)
            .map(|reply| (reply.id, reply.command));
        let pending = self
            .pending
            .drain(..)
            .map(|pending| (pending.id, pending.command));
        dropped.chain(pending).collect()
    }

    /// The next event, or nothing until more bytes have come.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        if let Some(reply) = self.dropped.pop_front() {
            return Some(Event::Reply(reply));
        }
        loop {
            let step = match self.lines.next_line()? {
                Framed::Line(line) if self.open.is_some() => self.inside(line),
                Framed::Line(line) => self.outside(line),
                Framed::TooLong(bad) => self.too_long(bad),
            };
            match step {
                LineResult::Nothing => {}
                LineResult::Output(pane, age_ms, data) => {
                    let escaped = self.lines.bytes(data);
                    return Some(Event::Output(Output::new(pane, age_ms, escaped)));
                }
                LineResult::Event(event) => return Some(event),
            }
        }
    }

    /// Takes a line that stands outside every block.
    #[inline]
    fn outside(&mut self, place: Range<usize>) -> LineResult {
        let line = self.lines.bytes(place.clone());
        match parse_line(line) {
            Ok((_, Line::Printed(found))) => {
                let data = place.end - found.escaped().len()..place.end;
                LineResult::Output(found.pane, found.age_ms, data)
            }
            Ok((_, Line::Reported(reported))) => self.reported(reported, place),
            Err(_) if line.first() == Some(&b'%') => self.bad(BadReason::Malformed, place),
            Err(_) => self.bad(BadReason::NotNotification, place),
        }
    }

    fn reported(&mut self, reported: Reported, place: Range<usize>) -> LineResult {
        match reported {
            // A name with newlines in it can look so (paste buffers from 3.4 on, all names in 3.1c). Taken for a reply, it
            // would swallow all that follows.
            Reported::Begin(guard) if guard.asked_for() && self.pending.is_empty() => {
                self.bad(BadReason::StrayBegin, place)
            }
            Reported::Begin(guard) => {
                let expected = self.expected(guard);
                self.open = Some(OpenBlock::new(guard, expected, self.limits.body));
                LineResult::Nothing
            }
            Reported::Stray => self.bad(BadReason::StrayEnd, place),
            Reported::Exit(reason) => LineResult::Event(Event::Exit { reason }),
            Reported::Notification(found) => LineResult::Event(Event::Notification(found)),
        }
    }

    fn bad(&self, reason: BadReason, place: Range<usize>) -> LineResult {
        LineResult::Event(Event::Bad(BadLine::new(reason, self.lines.bytes(place))))
    }

    /// Takes a line while a block is open.
    fn inside(&mut self, place: Range<usize>) -> LineResult {
        let line = self.lines.bytes(place);
        let Some(mut block) = self.open.take() else {
            return LineResult::Nothing;
        };
        match block.take(line) {
            Inside::End { failed } => self.closed(block.close(failed)),
            Inside::Notification(found) => {
                self.open = Some(block);
                LineResult::Event(Event::Notification(found))
            }
            Inside::Body => {
                self.open = Some(block);
                LineResult::Nothing
            }
        }
    }

    fn too_long(&mut self, bad: BadLine) -> LineResult {
        match &mut self.open {
            Some(block) => {
                block.take_too_long(&bad);
                LineResult::Nothing
            }
            None => LineResult::Event(Event::Bad(bad)),
        }
    }

    /// What a block with this guard may hold.
    fn expected(&self, guard: Guard) -> Expected {
        let asked = self.pending.front().filter(|_| guard.asked_for());
        asked.map_or(Expected::ANYTHING, |head| head.expected)
    }

    /// Turns a block that ended into the reply that it is, or into a part of one.
    fn closed(&mut self, closed: Closed) -> LineResult {
        let outcome = match (closed.body, closed.failed) {
            (Err(size), _) => Outcome::TooLarge { size },
            (Ok(body), true) => Outcome::Failed(body),
            (Ok(body), false) => Outcome::Done(body),
        };
        let guard = closed.guard;
        let asked = if guard.asked_for() {
            self.pending.pop_front()
        } else {
            None
        };
        let Some(mut asked) = asked else {
            return LineResult::Event(Event::Block(Block { guard, outcome }));
        };
        if closed.failed && asked.taken == 0 {
            self.drop_batch(asked.batch);
        }
        let Some(outcome) = asked.take(outcome, closed.failed) else {
            self.pending.push_front(asked);
            return LineResult::Nothing;
        };
        if let Outcome::Done(body) = &outcome {
            self.learn(asked.batch, &asked.command, body);
        }
        LineResult::Event(Event::Reply(asked.answered(outcome)))
    }

    /// Answers the rest of a line of which a command failed.
    fn drop_batch(&mut self, batch: CommandId) {
        let rest = self
            .pending
            .iter()
            .take_while(|next| next.batch == batch)
            .count();
        let rest = self
            .pending
            .drain(..rest)
            .map(|pending| pending.answered(Outcome::Dropped));
        self.dropped.extend(rest);
    }

    /// Takes what a reply says of a pane into account for captures of it on the same line: nothing can happen between.
    fn learn(&mut self, batch: CommandId, command: &Command, body: &Body) {
        let Command::PaneState { pane } = command else {
            return;
        };
        let Ok(state) = PaneStateRow::parse(body.first_line()) else {
            return;
        };
        if state.pane == Some(*pane) {
            let rest = self
                .pending
                .iter_mut()
                .take_while(|next| next.batch == batch);
            rest.for_each(|next| next.learn(*pane, &state));
        }
    }
}

impl Pending {
    /// Takes the next block of the reply, and gives the outcome when it was the last one. An inner command that fails ends
    /// the reply: tmux drops those behind it, and goes on with the rest of the line.
    fn take(&mut self, outcome: Outcome, failed: bool) -> Option<Outcome> {
        self.taken += 1;
        match outcome {
            Outcome::Done(body) if self.blocks > 1 => {
                if self.printed.as_bytes().is_empty() {
                    self.printed = body;
                }
                let printed = || Outcome::Done(std::mem::take(&mut self.printed));
                (self.taken == self.blocks).then(printed)
            }
            other if failed || self.taken == self.blocks => Some(other),
            _ => None,
        }
    }

    /// The pane is there, so that capturing it can't fail, and it has so many lines.
    fn learn(&mut self, known: PaneId, state: &PaneStateRow) {
        if let Command::Capture { pane, lines } = self.command
            && pane == known
            && let (Some(history), Some(height)) = (state.history, state.height)
        {
            self.expected.lines = lines.count_within(history, height);
            self.expected.fallible = false;
        }
    }

    fn answered(self, outcome: Outcome) -> Reply {
        Reply {
            id: self.id,
            command: self.command,
            outcome,
        }
    }
}
