//! From what tmux wrote on one link to the events that its owner gets. It does no IO, so that a recording goes through
//! the same code as a live link.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::control::{
    Block, Body, Command, CommandId, ControlClient, Event, Flow, Full, Limits, Notification,
    Outcome, Output, Reply,
};
use crate::ids::PaneId;
use crate::tmux::output::printable;
use crate::tmux::{CloseReason, LinkEvent, LinkId, LinkKind, ReplyError};

/// The reading half of a link: bytes in, [`LinkEvent`]s out; commands in, bytes out.
#[derive(Debug)]
pub struct LinkReader {
    client: ControlClient,
    state: ReaderState,
}

/// All but the protocol's own state, apart so that an event may borrow that.
#[derive(Debug)]
struct ReaderState {
    link: LinkId,
    kind: LinkKind,
    /// The commands that wait for their answer, in order.
    sent: VecDeque<Sent>,
    /// The pane whose adjacent output is being put together, and its bytes so far.
    run: Option<PaneId>,
    bytes: BytesMut,
    /// The panes that the owner has paused, by its last command for each.
    held: HashMap<PaneId, CommandId>,
    /// The panes that tmux itself paused and that are still to go on.
    resume: VecDeque<PaneId>,
    /// Whether the link sends nothing of its own accord.
    passive: bool,
    attached: bool,
    end: Option<CloseReason>,
}

#[derive(Debug)]
struct Sent {
    /// Whose it is; none for the link's own commands, whose answers nobody gets.
    tag: Option<u64>,
    index: usize,
}

impl LinkReader {
    /// A reader at the start of a link.
    #[must_use]
    pub fn new(link: LinkId, kind: LinkKind, limits: Limits) -> Self {
        let state = ReaderState {
            link,
            kind,
            sent: VecDeque::new(),
            run: None,
            bytes: BytesMut::new(),
            held: HashMap::new(),
            resume: VecDeque::new(),
            passive: false,
            attached: false,
            end: None,
        };
        Self {
            client: ControlClient::new(limits),
            state,
        }
    }

    /// A reader that sends nothing of its own accord: in a recording, all that was sent is there to be enqueued.
    #[must_use]
    pub fn passive(mut self) -> Self {
        self.state.passive = true;
        self
    }

    /// Puts commands on one line; each gets its [`LinkEvent::Reply`] with this tag. If one fails, tmux drops the rest.
    ///
    /// # Errors
    /// Hands them back if too many wait for their reply.
    pub fn enqueue(&mut self, tag: u64, commands: Vec<Command>) -> Result<(), Full> {
        let paused: Vec<(usize, PaneId)> = commands
            .iter()
            .enumerate()
            .filter_map(|(index, command)| Some((index, paused_by(command)?)))
            .collect();
        let ids = self.client.enqueue_batch(commands)?;
        self.state.sent.extend((0..ids.len()).map(|index| Sent {
            tag: Some(tag),
            index,
        }));
        self.state
            .held
            .extend(paused.into_iter().map(|(index, pane)| (pane, ids[index])));
        Ok(())
    }

    /// The bytes to write to tmux, if there are any.
    pub fn take_outgoing(&mut self) -> Option<Bytes> {
        self.client.take_outgoing()
    }

    /// The buffer that what tmux wrote is appended to. Call [`Self::drain`] after each read.
    pub fn buffer(&mut self) -> &mut BytesMut {
        self.client.incoming()
    }

    /// Emits what the buffer holds, in order. Adjacent output of one pane becomes one event.
    pub fn drain(&mut self, read_at: Instant, emit: &mut impl FnMut(LinkEvent)) {
        while let Some(event) = self.client.next_event() {
            self.state.take(event, read_at, emit);
        }
        self.state.end_run(read_at, emit);
        self.resume_paused();
    }

    /// Asks for a reply that comes behind all that tmux has queued for the link, and that nobody else gets.
    pub fn ask_for_a_last_reply(&mut self) {
        // If there is no place for one more, the replies that are due serve as well.
        if self.client.enqueue(Command::ServerInfo).is_ok() {
            self.state.sent.push_back(Sent {
                tag: None,
                index: 0,
            });
        }
    }

    /// Ends the link: whatever was not answered is answered with [`ReplyError::LinkClosed`].
    pub fn close(&mut self, emit: &mut impl FnMut(LinkEvent)) {
        for (_, command) in self.client.close() {
            self.state
                .answer(command, Err(ReplyError::LinkClosed), emit);
        }
    }

    /// How many commands wait for their answer.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.client.pending()
    }

    /// Whether tmux has attached the link.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.state.attached
    }

    /// Why the link is about to end, once tmux has given a reason.
    #[must_use]
    pub fn end(&self) -> Option<&CloseReason> {
        self.state.end.as_ref()
    }

    /// Lets the panes go on that tmux paused of its own accord: their queue is lost already, and the owner knows.
    fn resume_paused(&mut self) {
        while let Some(pane) = self.state.resume.pop_front() {
            if self
                .client
                .enqueue(Command::Flow {
                    pane,
                    flow: Flow::Continue,
                })
                .is_err()
            {
                // There is room again after the next reply.
                self.state.resume.push_front(pane);
                return;
            }
            self.state.sent.push_back(Sent {
                tag: None,
                index: 0,
            });
        }
    }
}

impl ReaderState {
    fn take(&mut self, event: Event<'_>, read_at: Instant, emit: &mut impl FnMut(LinkEvent)) {
        if let Event::Output(output) = event {
            return self.output(output, read_at, emit);
        }
        self.end_run(read_at, emit);
        match event {
            Event::Output(_) => {}
            Event::Notification(notification) => self.notification(notification, emit),
            Event::Reply(reply) => self.reply(reply, emit),
            Event::Block(block) => self.block(block, emit),
            Event::Exit { reason } => {
                let reason = reason.map(|text| printable(text.as_bytes()));
                self.end.get_or_insert(CloseReason::Ended(reason));
            }
            Event::Bad(line) => {
                tracing::warn!(link = %self.link, ?line, "a line from tmux can't be read");
                emit(LinkEvent::Resync { link: self.link });
            }
        }
    }

    fn output(&mut self, output: Output<'_>, read_at: Instant, emit: &mut impl FnMut(LinkEvent)) {
        // Below 3.2 the control link can't do without output; and once tmux has moved a link, another one has it.
        if matches!(self.kind, LinkKind::Control { .. })
            || matches!(self.end, Some(CloseReason::Moved(_)))
        {
            return;
        }
        if self.run != Some(output.pane) {
            self.end_run(read_at, emit);
            self.run = Some(output.pane);
        }
        output.unescape_into(&mut self.bytes);
    }

    fn end_run(&mut self, read_at: Instant, emit: &mut impl FnMut(LinkEvent)) {
        if let Some(pane) = self.run.take()
            && !self.bytes.is_empty()
        {
            let bytes = self.bytes.split().freeze();
            emit(LinkEvent::Output {
                link: self.link,
                pane,
                bytes,
                read_at,
            });
        }
    }

    fn notification(&mut self, notification: Notification, emit: &mut impl FnMut(LinkEvent)) {
        match notification {
            Notification::Pause { pane } => {
                // A pause that the owner asked for is reported by its reply.
                if !self.held.contains_key(&pane) {
                    emit(LinkEvent::Gap {
                        link: self.link,
                        pane,
                        bytes: 0,
                    });
                    if !self.passive {
                        self.resume.push_back(pane);
                    }
                }
            }
            Notification::Continue { .. } => {}
            Notification::SessionChanged { session, .. }
                if matches!(self.kind, LinkKind::Output { .. })
                    && session != self.kind.session() =>
            {
                self.end = Some(CloseReason::Moved(session));
            }
            notification => emit(LinkEvent::Notification {
                link: self.link,
                notification,
            }),
        }
    }

    fn reply(&mut self, reply: Reply, emit: &mut impl FnMut(LinkEvent)) {
        let Reply {
            id,
            command,
            outcome,
        } = reply;
        self.release(id, &command, matches!(outcome, Outcome::Done(_)));
        let outcome = match outcome {
            Outcome::Done(body) => Ok(body),
            Outcome::Failed(said) => Err(ReplyError::Failed(said)),
            Outcome::Dropped => Err(ReplyError::Dropped),
            Outcome::TooLarge { size } => Err(ReplyError::TooLarge(size)),
        };
        self.answer(command, outcome, emit);
    }

    /// Forgets a pause that the owner has undone, or that never took place.
    ///
    /// Only now, since a `%pause` that stands before this reply may still be the answer to the owner's own command.
    fn release(&mut self, id: CommandId, command: &Command, done: bool) {
        let Command::Flow { pane, flow } = command else {
            return;
        };
        let over = |last: &CommandId| match flow {
            Flow::Continue => *last < id,
            Flow::Pause => *last == id && !done,
        };
        if self.held.get(pane).is_some_and(over) {
            self.held.remove(pane);
        }
    }

    fn answer(
        &mut self,
        command: Command,
        outcome: Result<Body, ReplyError>,
        emit: &mut impl FnMut(LinkEvent),
    ) {
        // Commands are answered in the order in which they were sent, so the first one is this one.
        let Some(Sent { tag, index }) = self.sent.pop_front() else {
            return;
        };
        match (tag, outcome) {
            (Some(tag), outcome) => emit(LinkEvent::Reply {
                link: self.link,
                tag,
                index,
                command,
                outcome,
            }),
            (None, Err(error)) => {
                tracing::debug!(link = %self.link, %command, %error, "the link's own command failed")
            }
            (None, Ok(_)) => {}
        }
    }

    /// The first block that nobody asked for answers the attach; the later ones are hooks.
    fn block(&mut self, block: Block, emit: &mut impl FnMut(LinkEvent)) {
        if self.attached || self.end.is_some() {
            return;
        }
        if let Outcome::Failed(said) = &block.outcome {
            self.end = Some(CloseReason::NotAttached(printable(said.as_bytes())));
        } else {
            self.attached = true;
            emit(LinkEvent::Attached { link: self.link });
        }
    }
}

/// The pane that a command pauses.
fn paused_by(command: &Command) -> Option<PaneId> {
    match command {
        Command::Flow {
            pane,
            flow: Flow::Pause,
        } => Some(*pane),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::ids::SessionId;

    const ATTACHED: &str = "%begin 1 1 0\n%end 1 1 0\n%session-changed $0 main\n";
    const PANE: PaneId = PaneId(1);

    fn reader(output: bool) -> LinkReader {
        let session = SessionId(0);
        let kind = if output {
            LinkKind::Output { session }
        } else {
            LinkKind::Control { session }
        };
        LinkReader::new(LinkId(1), kind, Limits::default())
    }

    fn shown(event: &LinkEvent) -> String {
        match event {
            LinkEvent::Attached { .. } => "attached".to_owned(),
            LinkEvent::Output { pane, bytes, .. } => format!("{pane}={}", bytes.escape_ascii()),
            LinkEvent::Gap { pane, bytes, .. } => format!("gap {pane} {bytes}"),
            LinkEvent::Notification {
                notification: Notification::SessionChanged { session, .. },
                ..
            } => {
                format!("in {session}")
            }
            LinkEvent::Notification { .. } => "notification".to_owned(),
            LinkEvent::Resync { .. } => "resync".to_owned(),
            LinkEvent::Reply {
                tag,
                index,
                outcome: Ok(_),
                ..
            } => format!("{tag}.{index} done"),
            LinkEvent::Reply {
                tag,
                index,
                outcome: Err(error),
                ..
            } => format!("{tag}.{index} {error}"),
            LinkEvent::Closed { reason, .. } => reason.to_string(),
        }
    }

    fn drain(reader: &mut LinkReader, text: &str) -> String {
        reader.buffer().extend_from_slice(text.as_bytes());
        let mut events = Vec::new();
        reader.drain(Instant::now(), &mut |event| events.push(shown(&event)));
        events.join(", ")
    }

    #[test]
    fn what_tmux_writes_becomes_events() {
        // what tmux writes, the events of an output link, and of a control link
        let rows = [
            (ATTACHED, "attached, in $0", "attached, in $0"),
            ("%begin 1 1 0\nno session\n%error 1 1 0\n%exit\n", "", ""),
            (
                "%output %1 a\\012\n%output %1 b\n%output %2 c\n%output %1 d\n",
                "%1=a\\nb, %2=c, %1=d",
                "",
            ),
            (
                "%output %1 a\n%sessions-changed\n%output %1 b\n",
                "%1=a, notification, %1=b",
                "notification",
            ),
            (
                "%extended-output %1 7 : a\n%pause %1\n",
                "%1=a, gap %1 0",
                "gap %1 0",
            ),
            ("%session-changed $5 other\n%output %1 a\n", "", "in $5"),
            ("what is this\n%output %1 a\n", "resync, %1=a", "resync"),
            ("%output %1 \n", "", ""),
        ];
        for (text, on_output, on_control) in rows {
            assert_eq!(
                drain(&mut reader(true), text),
                on_output,
                "output link: {text}"
            );
            assert_eq!(
                drain(&mut reader(false), text),
                on_control,
                "control link: {text}"
            );
        }
    }

    #[test]
    fn the_reason_of_an_end_is_kept() {
        let rows = [
            (
                "%begin 1 1 0\nno session: $1\n%error 1 1 0\n%exit\n",
                CloseReason::NotAttached("no session: $1".into()),
            ),
            ("%exit\n", CloseReason::Ended(None)),
            (
                "%exit too far behind\n",
                CloseReason::Ended(Some("too far behind".into())),
            ),
            (
                "%session-changed $5 x\n%exit\n",
                CloseReason::Moved(SessionId(5)),
            ),
        ];
        for (text, reason) in rows {
            let mut reader = reader(true);
            drain(&mut reader, text);
            assert_eq!(reader.end(), Some(&reason), "{text}");
        }
    }

    #[test]
    fn each_command_is_answered_once_also_when_the_link_ends() {
        let mut reader = reader(true);
        reader
            .enqueue(
                7,
                vec![
                    Command::ListSessions,
                    Command::ListWindows,
                    Command::ListPanes,
                ],
            )
            .unwrap();
        reader.enqueue(8, vec![Command::ServerInfo]).unwrap();
        let answers = "%begin 1 2 1\n%end 1 2 1\n%begin 1 3 1\nno\n%error 1 3 1\n";
        let expected =
            "attached, in $0, 7.0 done, 7.1 tmux refused it: no, 7.2 a command before it failed";
        assert_eq!(
            drain(&mut reader, &format!("{ATTACHED}{answers}")),
            expected
        );
        let mut events = Vec::new();
        reader.close(&mut |event| events.push(shown(&event)));
        reader.close(&mut |event| events.push(shown(&event)));
        assert_eq!(events, ["8.0 the link to tmux ended before the answer"]);
    }

    #[test]
    fn a_pause_is_a_gap_unless_the_owner_asked_for_it() {
        let flow = |flow| vec![Command::Flow { pane: PANE, flow }];
        let mut reader = reader(true);
        drain(&mut reader, ATTACHED);
        assert_eq!(drain(&mut reader, "%pause %1\n"), "gap %1 0");
        assert_eq!(
            reader.take_outgoing().unwrap(),
            "refresh-client -A '%1:continue'\n"
        );
        assert_eq!(
            drain(&mut reader, "%begin 1 2 1\n%continue %1\n%end 1 2 1\n"),
            "",
            "nobody gets this answer"
        );

        reader.enqueue(1, flow(Flow::Pause)).unwrap();
        reader.enqueue(2, flow(Flow::Continue)).unwrap();
        reader.enqueue(3, flow(Flow::Pause)).unwrap();
        reader.take_outgoing();
        // 3.3a writes it inside of the block, 3.8 after it.
        assert_eq!(
            drain(&mut reader, "%begin 1 3 1\n%pause %1\n%end 1 3 1\n"),
            "1.0 done"
        );
        assert_eq!(drain(&mut reader, "%begin 1 4 1\n%end 1 4 1\n"), "2.0 done");
        assert_eq!(
            drain(&mut reader, "%begin 1 5 1\n%end 1 5 1\n%pause %1\n"),
            "3.0 done",
            "still the owner's"
        );
        reader.enqueue(4, flow(Flow::Continue)).unwrap();
        assert_eq!(drain(&mut reader, "%begin 1 6 1\n%end 1 6 1\n"), "4.0 done");
        assert_eq!(
            drain(&mut reader, "%pause %1\n"),
            "gap %1 0",
            "tmux's own again"
        );
    }
}
