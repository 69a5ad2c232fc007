//! Runs the owner on a recording: what tmux said then goes through the same readers and the same core as live.
//!
//! What the core wants to be done is passed over, since what was done stands in the recording. Time is the recorded one,
//! so that a recording gives the same events whenever and however fast it is played.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::core::{Core, Event, Setup};
use super::counters::Counters;
use super::demand::Attach;
use super::emitting::EmitError;
use super::gathering::LISTS;
use super::live::Ends;
use super::request::{InputError, Request, ResizeError, ScreenError};
use super::seeing::SeenPanes;
use crate::control::{Command, Limits};
use crate::hub::Hub;
use crate::model::{Debounce, Server};
use crate::recording::{Entry, Header, Recording, RecordingError, What};
use crate::tmux::{CloseReason, ExitUnattached, LinkEvent, LinkId, LinkReader};

/// How many entries are read ahead of the replay; each holds up to what a pipe does.
const READ_AHEAD: usize = 64;

/// Checks are begun when the recording says so, never because of the time.
const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// As it was recorded.
    Original,
    /// As fast as it goes.
    Max,
}

/// Plays a recording, and when it has ended stays with its last state until it is cancelled.
///
/// The hub's epoch should be the recording's.
///
/// # Errors
/// The recording can't be read any more, or has become something else since it was opened.
pub async fn replay(
    recording: Recording,
    speed: Speed,
    ends: Ends,
    cancel: CancellationToken,
) -> Result<(), RecordingError> {
    let player = Player::new(recording.header(), ends.hub, ends.counters);
    let (to_us, entries) = mpsc::channel(READ_AHEAD);
    // It ends by itself when nobody takes what it reads.
    tokio::task::spawn_blocking(move || read(&recording, &to_us));
    let mut replay = Replay {
        player,
        speed,
        entries,
        next: None,
        finished: false,
    };
    replay.serve(ends.requests, &cancel).await
}

fn read(recording: &Recording, to: &mpsc::Sender<Result<Entry, RecordingError>>) {
    match recording.entries() {
        Ok(mut entries) => {
            // The receiver goes when the replay is cancelled, and then nobody is left to answer.
            let _ = entries.try_for_each(|entry| to.blocking_send(entry));
        }
        Err(error) => drop(to.blocking_send(Err(error))),
    }
}

struct Replay {
    player: Player,
    speed: Speed,
    entries: mpsc::Receiver<Result<Entry, RecordingError>>,
    /// The entry that waits for its time.
    next: Option<Entry>,
    finished: bool,
}

/// What happens next.
enum ReplayEvent {
    Read(Option<Result<Entry, RecordingError>>),
    Due,
    Request(Request),
    Cancelled,
}

impl Replay {
    async fn serve(
        &mut self,
        mut requests: mpsc::Receiver<Request>,
        cancel: &CancellationToken,
    ) -> Result<(), RecordingError> {
        loop {
            match self.next_step(&mut requests, cancel).await {
                ReplayEvent::Read(Some(entry)) => match self.speed {
                    Speed::Original => self.next = Some(entry?),
                    Speed::Max => self.player.play(entry?),
                },
                ReplayEvent::Read(None) => {
                    self.finished = true;
                    tracing::info!("the recording has ended; its last state stays");
                }
                ReplayEvent::Due => {
                    if let Some(entry) = self.next.take() {
                        self.player.play(entry);
                    }
                }
                ReplayEvent::Request(request) => self.player.answer(request),
                ReplayEvent::Cancelled => return Ok(()),
            }
        }
    }

    async fn next_step(
        &mut self,
        requests: &mut mpsc::Receiver<Request>,
        cancel: &CancellationToken,
    ) -> ReplayEvent {
        let due = self.next.as_ref().map(|entry| self.player.time_of(entry));
        tokio::select! {
            entry = self.entries.recv(), if due.is_none() && !self.finished => ReplayEvent::Read(entry),
            () = until(due), if due.is_some() => ReplayEvent::Due,
            Some(request) = requests.recv() => ReplayEvent::Request(request),
            () = cancel.cancelled() => ReplayEvent::Cancelled,
        }
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        sleep_until(due.into()).await;
    }
}

/// What a recording answers: nothing can be asked of a tmux that is past.
fn refuse(request: Request) {
    match request {
        Request::Input { reply, .. } => {
            // A client that is gone needs no answer.
            let _ = reply.send(Err(InputError::Recording));
        }
        Request::Screens { screens, reply } => {
            let panes = screens.into_request().panes.into_iter();
            let none = panes.map(|pane| (pane, Err(ScreenError::Recording)));
            let _ = reply.send(none.collect());
        }
        Request::View { reply, .. } => {
            let _ = reply.send(Err(ScreenError::Recording));
        }
        Request::Resize { reply, .. } => {
            let _ = reply.send(Err(ResizeError::Recording));
        }
        Request::Emit { reply, .. } => {
            let _ = reply.send(Err(EmitError::Recording));
        }
        Request::See { reply, .. } => {
            // No recording holds agents.
            let _ = reply.send(Ok(SeenPanes::default()));
        }
        Request::Answer { reply } => {
            let _ = reply.send(());
        }
        Request::Leave { .. } | Request::Publish(_) => {}
    }
}

/// The owner and its links as a recording reports them, without IO and without waiting.
#[derive(Debug)]
pub struct Player {
    core: Core,
    links: HashMap<LinkId, LinkReader>,
    origin: Instant,
    /// The time of the entry that was played last.
    now: Instant,
    last_tag: u64,
}

impl Player {
    /// A player of the recording with this header, which publishes in this hub.
    #[must_use]
    pub fn new(header: &Header, hub: Hub, counters: Arc<Counters>) -> Self {
        let origin = Instant::now();
        let setup = Setup {
            submit_delay: Duration::ZERO,
            attach: Attach::Always,
            exit_unattached: ExitUnattached::Watch,
            debounce: Debounce {
                quiet: Duration::ZERO,
                at_most: Duration::ZERO,
            },
            reconcile: NEVER,
            clock: Clock::Recorded {
                started: header.started,
                origin,
            },
            live: false,
        };
        Self {
            core: Core::new(hub, counters, setup, origin),
            links: HashMap::new(),
            origin,
            now: origin,
            last_tag: 0,
        }
    }

    /// Publishes what a source has derived, at the time that is played, and refuses all else.
    pub(super) fn answer(&mut self, request: Request) {
        match request {
            Request::Publish(_) => self.handle(Event::Request(request), self.now),
            other => refuse(other),
        }
    }

    /// Plays one entry; they must come in order.
    pub fn play(&mut self, entry: Entry) {
        let now = self.time_of(&entry);
        self.now = now;
        match entry.what {
            What::Opened { link, kind, pid } => {
                // The recording is as long as it is, and so is what may wait for an answer.
                let limits = Limits {
                    pending: usize::MAX,
                    ..Limits::default()
                };
                let reader = LinkReader::new(link, kind, limits).passive();
                self.links.insert(link, reader);
                self.handle(Event::Opened { link, kind, pid }, now);
            }
            What::Read { link, bytes } => self.read(link, &bytes, now),
            What::Written { link, lines } => {
                for commands in lines {
                    self.written(link, commands, now);
                }
            }
            What::Closed { link, reason } => self.closed(link, reason, now),
            What::Server {
                pid,
                start_time,
                version,
                session,
            } => {
                let server = Server {
                    pid,
                    start_time,
                    version,
                    warnings: Arc::default(),
                };
                let found = Event::Found {
                    server,
                    session,
                    by_use: Vec::new(),
                    exits_unattached: false,
                };
                self.handle(found, now);
            }
            What::NoServer { reason } => self.handle(Event::NoServer { reason }, now),
            What::Check => self.handle(Event::Check, now),
            What::End(_) => {}
        }
    }

    fn time_of(&self, entry: &Entry) -> Instant {
        self.origin + entry.at
    }

    fn handle(&mut self, event: Event, now: Instant) {
        self.core.handle(event, now);
        drop(self.core.actions());
    }

    fn read(&mut self, link: LinkId, bytes: &Bytes, now: Instant) {
        let Some(reader) = self.links.get_mut(&link) else {
            return;
        };
        reader.buffer().extend_from_slice(bytes);
        reader.drain(now, &mut |event| self.core.handle(Event::Link(event), now));
        drop(self.core.actions());
    }

    fn written(&mut self, link: LinkId, commands: Vec<Command>, now: Instant) {
        let Some(reader) = self.links.get_mut(&link) else {
            return;
        };
        self.last_tag += 1;
        let listing = commands == LISTS;
        let enqueued = reader.enqueue(self.last_tag, commands);
        debug_assert!(enqueued.is_ok(), "the bound is beyond what memory holds");
        drop(reader.take_outgoing());
        if listing {
            self.handle(Event::Listing, now);
        }
    }

    fn closed(&mut self, link: LinkId, reason: String, now: Instant) {
        if let Some(mut reader) = self.links.remove(&link) {
            reader.close(&mut |event| self.core.handle(Event::Link(event), now));
        }
        let reason = CloseReason::Ended(Some(reason));
        self.handle(Event::Link(LinkEvent::Closed { link, reason }), now);
    }
}
