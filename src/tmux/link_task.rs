//! The task of a link: reads, writes, watches the time, and sees the child process to its end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{sleep_until, timeout};

use crate::control::{Command, Limits};
use crate::tmux::children::Children;
use crate::tmux::link_backlog::LinkBacklog;
use crate::tmux::output::printable;
use crate::tmux::spawn::Pipes;
use crate::tmux::tap::Tap;
use crate::tmux::{
    CloseReason, LinkEvent, LinkId, LinkKind, LinkReader, RelayError, RelayTask, ReplyError,
};

/// The most commands that may wait for their answer on one link: replies have no flow control, so this bounds them.
pub const MAX_IN_FLIGHT: usize = 256;

/// How much is read at once: what a pipe usually holds.
const READ_CHUNK: usize = 64 * 1024;

/// How long tmux may leave a command unanswered.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// How long tmux may leave one unanswered on an output link that goes on sending: replies queue behind a flood.
const FLOODED_REPLY_LIMIT: Duration = Duration::from_secs(120);

/// How long what has come may take to be read once an answer is overdue: muxwire itself may have been stopped, and then the
/// answer is there already.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// How long tmux may take to send a detached link what it has queued for it.
const DRAIN_LIMIT: Duration = Duration::from_millis(1500);

/// How long a child may take to end after SIGTERM before it gets SIGKILL, and after that before it is given up.
const END_LIMIT: Duration = Duration::from_millis(500);

/// How much a child may say on stderr.
const STDERR_LIMIT: u64 = 4096;

/// Commands from the owner.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) tag: u64,
    pub(super) commands: Vec<Command>,
}

/// Whether the owner wants the link to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Run,
    Detach,
    Kill,
}

/// What the owner is connected by.
struct Owner {
    requests: mpsc::Receiver<Request>,
    stop: watch::Receiver<Stop>,
    link_backlog: LinkBacklog,
}

/// One link's process and protocol.
#[derive(Debug)]
pub(super) struct LinkTask {
    link: LinkId,
    kind: LinkKind,
    child: Child,
    /// What hands the child over to the server, where that is needed. It ends with the link.
    relay: Option<RelayTask>,
    stdin: Option<pipe::Sender>,
    stdout: Option<pipe::Receiver>,
    stderr: Option<ChildStderr>,
    reader: LinkReader,
    outgoing: Bytes,
    phase: Phase,
    /// Why the link is ended from our side.
    reason: Option<CloseReason>,
    /// Since when an answer is due, counted anew with each that comes.
    waiting_since: Option<Instant>,
    /// When the link is given up, once an answer is overdue.
    give_up_at: Option<Instant>,
    last_read: Instant,
    /// Says that some child of muxwire has ended, or was stopped.
    children: Children,
    tap: Option<Tap>,
}

/// How far the link is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// No more requests; the link ends when the last reply is read.
    Draining {
        until: Instant,
    },
    /// SIGTERM was sent.
    Ending {
        until: Instant,
    },
    /// SIGKILL was sent.
    Killed {
        until: Instant,
    },
}

/// What happens next.
enum LinkTaskEvent {
    Read(io::Result<usize>),
    Written(io::Result<usize>),
    Request(Option<Request>),
    Stop(Stop),
    Room,
    Child,
    TimeUp,
}

impl LinkTask {
    pub(super) fn new(
        link: LinkId,
        kind: LinkKind,
        mut child: Child,
        pipes: Pipes,
        relay: Option<RelayTask>,
        tap: Option<Tap>,
    ) -> Self {
        // The link's own commands must always find a place beside the owner's.
        let limits = Limits {
            pending: 2 * MAX_IN_FLIGHT,
            ..Limits::default()
        };
        let now = Instant::now();
        Self {
            link,
            kind,
            stdin: Some(pipes.stdin),
            stdout: Some(pipes.stdout),
            stderr: child.stderr.take(),
            child,
            relay,
            reader: LinkReader::new(link, kind, limits),
            outgoing: Bytes::new(),
            phase: Phase::Serving,
            reason: None,
            waiting_since: Some(now),
            give_up_at: None,
            last_read: now,
            children: Children::listen(),
            tap,
        }
    }

    /// Serves the link to its end.
    pub(super) async fn run(
        mut self,
        requests: mpsc::Receiver<Request>,
        stop: watch::Receiver<Stop>,
        events: mpsc::Sender<LinkEvent>,
        in_flight: Arc<Semaphore>,
    ) {
        let mut owner = Owner {
            requests,
            stop,
            link_backlog: LinkBacklog::new(events, in_flight),
        };
        while let Some(step) = self.next_step(&mut owner).await {
            let was_read = matches!(step, LinkTaskEvent::Read(_));
            if !self.handle(step, &mut owner) {
                break;
            }
            self.prepare(&owner);
            if was_read {
                // What was read goes on its way before anything else is waited for.
                yield_now().await;
            }
        }
        self.finish(owner).await;
    }

    /// Waits for what happens next; nothing once there is nothing to read any more.
    async fn next_step(&mut self, owner: &mut Owner) -> Option<LinkTaskEvent> {
        let time_is_up = self.deadline();
        let serving = self.phase == Phase::Serving;
        let stdout = self.stdout.as_mut()?;
        let buffer = self.reader.buffer();
        buffer.reserve(READ_CHUNK);
        let step = tokio::select! {
            read = stdout.read_buf(buffer) => LinkTaskEvent::Read(read),
            written = write(&mut self.stdin, &self.outgoing), if !self.outgoing.is_empty() => LinkTaskEvent::Written(written),
            request = owner.requests.recv(), if serving => LinkTaskEvent::Request(request),
            changed = owner.stop.changed(), if serving => match changed {
                Ok(()) => LinkTaskEvent::Stop(*owner.stop.borrow_and_update()),
                Err(_) => LinkTaskEvent::Stop(Stop::Detach),
            },
            () = owner.link_backlog.room(), if owner.link_backlog.is_backlogged() => LinkTaskEvent::Room,
            Some(()) = self.children.changed() => LinkTaskEvent::Child,
            () = until(time_is_up), if time_is_up.is_some() => LinkTaskEvent::TimeUp,
        };
        Some(step)
    }

    /// Does what a step asks for. False when the stream has ended.
    fn handle(&mut self, step: LinkTaskEvent, owner: &mut Owner) -> bool {
        match step {
            LinkTaskEvent::Read(Ok(0)) => return false,
            LinkTaskEvent::Read(Ok(count)) => self.read(count, &mut owner.link_backlog),
            LinkTaskEvent::Read(Err(error)) => {
                self.reason
                    .get_or_insert_with(|| CloseReason::Broken(error.to_string()));
                return false;
            }
            LinkTaskEvent::Written(Ok(count)) => self.outgoing.advance(count),
            LinkTaskEvent::Written(Err(error)) => {
                // tmux has closed its side; what it still has to say comes first.
                tracing::debug!(link = %self.link, %error, "tmux takes no more commands");
                self.outgoing.clear();
                self.stdin = None;
                self.drain_to_end();
            }
            LinkTaskEvent::Request(Some(request)) => self.enqueue(request, &mut owner.link_backlog),
            LinkTaskEvent::Request(None) | LinkTaskEvent::Stop(Stop::Detach) => {
                self.reason.get_or_insert(CloseReason::Requested);
                self.reader.ask_for_a_last_reply();
                self.drain_to_end();
            }
            LinkTaskEvent::Stop(Stop::Kill) => {
                self.reason.get_or_insert(CloseReason::Requested);
                self.terminate();
            }
            LinkTaskEvent::Stop(Stop::Run) => {}
            LinkTaskEvent::Room => owner.link_backlog.flush(),
            LinkTaskEvent::Child => self.keep_going(),
            LinkTaskEvent::TimeUp => self.time_up(),
        }
        true
    }

    fn read(&mut self, count: usize, link_backlog: &mut LinkBacklog) {
        let now = Instant::now();
        self.last_read = now;
        if let Some(Tap(sink)) = &self.tap {
            let buffer = self.reader.buffer();
            sink.read(self.link, &buffer[buffer.len() - count..], now);
        }
        let mut answered = false;
        self.reader.drain(now, &mut |event| {
            answered |= matches!(event, LinkEvent::Reply { .. });
            link_backlog.push(event);
        });
        if answered {
            self.waiting_since = None;
        }
        if answered || matches!(self.kind, LinkKind::Output { .. }) {
            self.give_up_at = None;
        }
        if let Some(moved @ CloseReason::Moved(_)) = self.reader.end() {
            self.reason.get_or_insert_with(|| moved.clone());
            self.terminate();
        }
    }

    fn enqueue(&mut self, Request { tag, commands }: Request, link_backlog: &mut LinkBacklog) {
        if let Err(full) = self.reader.enqueue(tag, commands) {
            // The semaphore keeps this from happening; the commands are answered all the same.
            self.refuse(tag, full.commands, link_backlog);
        }
    }

    /// Answers commands that will not be sent.
    fn refuse(&self, tag: u64, commands: Vec<Command>, link_backlog: &mut LinkBacklog) {
        for (index, command) in commands.into_iter().enumerate() {
            let outcome = Err(ReplyError::LinkClosed);
            link_backlog.push(LinkEvent::Reply {
                link: self.link,
                tag,
                index,
                command,
                outcome,
            });
        }
    }

    /// Gets ready for the next step: bytes to write, and the time since which an answer is due.
    fn prepare(&mut self, owner: &Owner) {
        if self.outgoing.is_empty()
            && self.stdin.is_some()
            && matches!(self.phase, Phase::Serving | Phase::Draining { .. })
            && let Some(bytes) = self.reader.take_outgoing()
        {
            if let Some(Tap(sink)) = &self.tap {
                sink.written(self.link, &bytes, Instant::now());
            }
            self.outgoing = bytes;
        }
        if self.is_drained() {
            self.terminate();
        }
        if self.reader.pending() == 0 && self.reader.is_attached() {
            self.waiting_since = None;
        } else if self.waiting_since.is_none() {
            self.waiting_since = Some(Instant::now());
            self.give_up_at = None;
        }
        if owner.link_backlog.owner_is_gone() && self.phase == Phase::Serving {
            self.reason.get_or_insert(CloseReason::Requested);
            self.terminate();
        }
    }

    /// Whether all that was sent is answered, and with it all read that tmux had queued before.
    fn is_drained(&self) -> bool {
        matches!(self.phase, Phase::Draining { .. })
            && self.stdin.is_some()
            && self.outgoing.is_empty()
            && self.reader.is_attached()
            && self.reader.pending() == 0
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Serving => {
                let since = self.waiting_since?;
                if self.give_up_at.is_some() {
                    return self.give_up_at;
                }
                Some(match self.kind {
                    LinkKind::Control { .. } => since + REPLY_LIMIT,
                    LinkKind::Output { .. } => {
                        (since.max(self.last_read) + REPLY_LIMIT).min(since + FLOODED_REPLY_LIMIT)
                    }
                })
            }
            Phase::Draining { until } | Phase::Ending { until } | Phase::Killed { until } => {
                Some(until)
            }
        }
    }

    fn time_up(&mut self) {
        match self.phase {
            Phase::Serving if self.give_up_at.is_none() => {
                self.give_up_at = Some(Instant::now() + LAST_LOOK);
            }
            Phase::Serving => {
                tracing::warn!(link = %self.link, "tmux does not answer: the link is given up");
                self.reason.get_or_insert(CloseReason::Silent);
                self.terminate();
            }
            Phase::Draining { .. } => self.terminate(),
            Phase::Ending { .. } => {
                tracing::warn!(link = %self.link, "tmux -C does not end on SIGTERM");
                // It fails when the child has ended, and then nothing is left to do.
                let _ = self.child.start_kill();
                self.phase = Phase::Killed {
                    until: Instant::now() + END_LIMIT,
                };
            }
            // The server holds the pipe's other end open, or hangs: nothing more is to be had.
            Phase::Killed { .. } => self.stdout = None,
        }
    }

    /// Lets the child go on if somebody has stopped it: tmux would keep or drop what it has for the link, and below 3.2
    /// it would hold up the programs in the panes.
    fn keep_going(&self) {
        let Some(pid) = self.process() else { return };
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if let Ok(Some(status)) = waitid(WaitId::Pid(pid), options)
            && status.stopped()
        {
            let continued = kill_process(pid, Signal::CONT);
            tracing::warn!(link = %self.link, ?continued, "tmux -C was stopped: it is to go on");
        }
    }

    /// The child, until it has been waited for.
    fn process(&self) -> Option<Pid> {
        let pid = i32::try_from(self.child.id()?).ok()?;
        Pid::from_raw(pid)
    }

    fn drain_to_end(&mut self) {
        if self.phase == Phase::Serving {
            self.phase = Phase::Draining {
                until: Instant::now() + DRAIN_LIMIT,
            };
        }
    }

    /// SIGTERM, on which tmux drops what it has queued for this client. The pipes stay open: a server can end with a
    /// client whose input ends while it has output for it.
    fn terminate(&mut self) {
        if matches!(self.phase, Phase::Serving | Phase::Draining { .. }) {
            if let Some(Err(error)) = self.process().map(|pid| kill_process(pid, Signal::TERM)) {
                tracing::debug!(link = %self.link, %error, "tmux -C has ended already");
            }
            self.outgoing.clear();
            self.phase = Phase::Ending {
                until: Instant::now() + END_LIMIT,
            };
        }
    }

    /// Reaps the child, answers what was never answered, and says the last word.
    async fn finish(mut self, mut owner: Owner) {
        let said = self.reap().await;
        self.stdin = None;
        self.stdout = None;
        let said = self.not_handed_over().await.unwrap_or(said);
        self.reader
            .close(&mut |event| owner.link_backlog.push(event));
        owner.requests.close();
        while let Ok(Request { tag, commands }) = owner.requests.try_recv() {
            self.refuse(tag, commands, &mut owner.link_backlog);
        }
        let reason = self.close_reason(said);
        tracing::debug!(link = %self.link, %reason, "link closed");
        if let Some(Tap(sink)) = &self.tap {
            sink.closed(self.link, &reason, Instant::now());
        }
        owner.link_backlog.push(LinkEvent::Closed {
            link: self.link,
            reason,
        });
        owner.link_backlog.finish().await;
    }

    /// Waits for the child's end, and returns what it said on stderr.
    async fn reap(&mut self) -> String {
        if !matches!(timeout(END_LIMIT, self.child.wait()).await, Ok(Ok(_))) {
            // It fails when the child has ended, and then waiting returns at once.
            let _ = self.child.start_kill();
            if timeout(END_LIMIT, self.child.wait()).await.is_err() {
                tracing::warn!(link = %self.link, "tmux -C does not end on SIGKILL");
            }
        }
        let mut said = Vec::new();
        if let Some(stderr) = self.stderr.take() {
            // A grandchild can't hold it open: tmux -C has none. The limit is for what nobody thought of.
            let _ = timeout(END_LIMIT, stderr.take(STDERR_LIMIT).read_to_end(&mut said)).await;
        }
        printable(&said)
    }

    /// Why the relay did not hand the child over, which says more than the child can.
    async fn not_handed_over(&mut self) -> Option<String> {
        // It sees the child's end a moment after this task does.
        match timeout(END_LIMIT, self.relay.take()?).await.ok()? {
            Ok(Err(RelayError::Ended)) | Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    fn close_reason(&mut self, said: String) -> CloseReason {
        if let Some(reason) = self.reason.take() {
            return reason;
        }
        match self.reader.end() {
            Some(reason @ CloseReason::NotAttached(_)) => reason.clone(),
            _ if !self.reader.is_attached() => CloseReason::NotAttached(said),
            Some(reason) => reason.clone(),
            None => CloseReason::Ended((!said.is_empty()).then_some(said)),
        }
    }
}

/// Writes a part of the bytes; may be cancelled without loss.
async fn write(stdin: &mut Option<pipe::Sender>, bytes: &[u8]) -> io::Result<usize> {
    match stdin {
        Some(stdin) => stdin.write(bytes).await,
        None => Ok(bytes.len()),
    }
}

async fn until(deadline: Option<Instant>) {
    if let Some(deadline) = deadline {
        sleep_until(deadline.into()).await;
    }
}
