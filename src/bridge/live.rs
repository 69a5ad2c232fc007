//! Runs the owner on a tmux server: opens its links, takes their events, and sends what it asks for.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use super::action::Action;
use super::alarm::Alarm;
use super::clock::Clock;
use super::closing::Closing;
use super::core::{Core, Event, Setup};
use super::counters::Counters;
use super::demand::{Attach, Demand, look};
use super::finder::{Finder, Finding};
use super::printing;
use super::request::Request;
use super::screens::Captured;
use super::views::{PrintOutcome, Printed};
use crate::control::{Body, Command};
use crate::hub::Hub;
use crate::model::{Debounce, Server};
use crate::tmux::{
    ExitUnattached, Found, LinkEvent, LinkHandle, LinkId, LinkKind, Note, Tap, Tmux, TmuxError,
    reap_stale,
};

/// How many events of all links may wait for the owner. A link whose events find no room counts and drops them.
const EVENTS: usize = 4096;

/// How many events are handled before timers and requests are looked at again.
const BATCH: usize = 64;

/// How long links may take to say what tmux had queued for them when muxwire ends, before they are ended by force.
const DETACH_LIMIT: Duration = Duration::from_secs(3);

/// What each link adds to [`DETACH_LIMIT`], since they end one after the other.
const DETACH_LIMIT_PER_LINK: Duration = Duration::from_millis(50);

/// How the bridge follows tmux.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long hints are gathered before everything is listed.
    pub debounce: Debounce,
    /// How often everything is compared with tmux though nothing hinted at a change.
    pub reconcile: Duration,
    /// How long Enter waits after what was typed before it, unless a request says how long.
    pub submit_delay: Duration,
    /// When control clients are attached.
    pub attach: Attach,
    /// What to do with a server that ends when nobody is attached.
    pub exit_unattached: ExitUnattached,
}

impl Settings {
    fn setup(self) -> Setup {
        Setup {
            debounce: self.debounce,
            reconcile: self.reconcile,
            submit_delay: self.submit_delay,
            attach: self.attach,
            exit_unattached: self.exit_unattached,
            clock: Clock::System,
            live: true,
        }
    }
}

/// What the bridge is connected to.
#[derive(Debug)]
pub struct Ends {
    /// Where events are published.
    pub hub: Hub,
    /// Where it counts.
    pub counters: Arc<Counters>,
    /// What clients ask; see [`super::Handle::pair`].
    pub requests: mpsc::Receiver<Request>,
    /// Who listens; see [`super::Handle::demand`].
    pub demand: Demand,
}

/// Follows a tmux server, and the next one at the same socket when it goes, until it is cancelled.
///
/// # Errors
/// tmux can't be used, and waiting doesn't heal that.
pub async fn follow(
    tmux: Tmux,
    settings: Settings,
    ends: Ends,
    tap: Option<Tap>,
    cancel: CancellationToken,
) -> Result<(), TmuxError> {
    if let Err(error) = reap_stale(&tmux).await {
        tracing::debug!(%error, "no links of a muxwire that is gone were looked for");
    }
    let mut live = Live::start(tmux, settings, ends, tap);
    let outcome = live.serve(&cancel).await;
    live.detach().await;
    outcome
}

/// The owner with everything that does IO for it.
struct Live {
    core: Core,
    tmux: Tmux,
    tap: Option<Tap>,
    links: HashMap<LinkId, LinkHandle>,
    closing: Closing,
    last_link: u64,
    events: mpsc::Receiver<LinkEvent>,
    /// Events that have come and are not yet handled.
    batch: Vec<LinkEvent>,
    to_events: mpsc::Sender<LinkEvent>,
    captures: mpsc::Receiver<Captured>,
    to_captures: mpsc::Sender<Captured>,
    prints: mpsc::UnboundedReceiver<Printed>,
    to_prints: mpsc::UnboundedSender<Printed>,
    requests: mpsc::Receiver<Request>,
    demand: Demand,
    listeners: watch::Receiver<usize>,
    looks: mpsc::UnboundedReceiver<Vec<Body>>,
    to_looks: mpsc::UnboundedSender<Vec<Body>>,
    finder: Finder,
    alarm: Alarm,
}

/// What happens next.
enum LiveEvent {
    /// They are in [`Live::batch`].
    Links,
    Finder(Finding),
    Captured(Captured),
    Printed(Printed),
    Request(Request),
    Demand,
    Looked(Vec<Body>),
    Timer,
    /// A link that is asked to end takes long.
    Closing,
    Cancelled,
}

impl Live {
    fn start(tmux: Tmux, settings: Settings, ends: Ends, tap: Option<Tap>) -> Self {
        let (to_events, events) = mpsc::channel(EVENTS);
        // One capture is under way at a time.
        let (to_captures, captures) = mpsc::channel(1);
        // Each pane has at most a print, a history and a mask under way.
        let (to_prints, prints) = mpsc::unbounded_channel();
        // One look at a time, and seconds between them.
        let (to_looks, looks) = mpsc::unbounded_channel();
        let mut listeners = ends.demand.watch();
        // Those who listen already are the first event.
        listeners.mark_changed();
        let finder = Finder::start(tmux.clone(), settings.exit_unattached);
        finder.find();
        let now = Instant::now();
        let mut core = Core::new(ends.hub, ends.counters, settings.setup(), now);
        core.go_on(now);
        ends.demand.set_detached(core.is_detached());
        Self {
            core,
            tmux,
            tap,
            links: HashMap::new(),
            closing: Closing::default(),
            last_link: 0,
            events,
            batch: Vec::with_capacity(BATCH),
            to_events,
            captures,
            to_captures,
            prints,
            to_prints,
            requests: ends.requests,
            demand: ends.demand,
            listeners,
            looks,
            to_looks,
            finder,
            alarm: Alarm::default(),
        }
    }

    async fn serve(&mut self, cancel: &CancellationToken) -> Result<(), TmuxError> {
        loop {
            let step = self.next_step(cancel).await;
            let now = Instant::now();
            match step {
                LiveEvent::Links => {
                    let mut batch = std::mem::take(&mut self.batch);
                    batch.drain(..).for_each(|event| self.link(event, now));
                    self.batch = batch;
                    // What was published goes on its way before anything else is waited for.
                    yield_now().await;
                }
                LiveEvent::Finder(Finding::Server(found)) => self.found(*found, now),
                LiveEvent::Finder(Finding::Nothing(reason)) => {
                    self.note(Note::NoServer { reason: &reason }, now);
                    self.handle(Event::NoServer { reason }, now)
                }
                LiveEvent::Finder(Finding::Unfit(unfit)) => {
                    let reason = &unfit.reason;
                    self.note(Note::NoServer { reason }, now);
                    self.handle(Event::Unfit(unfit), now);
                }
                LiveEvent::Finder(Finding::Unusable(error)) => return Err(error),
                LiveEvent::Captured(captured) => self.handle(Event::Captured(captured), now),
                LiveEvent::Printed(printed) => self.handle(Event::Printed(printed), now),
                LiveEvent::Request(request) => self.handle(Event::Request(request), now),
                LiveEvent::Demand => {
                    let wanted = *self.listeners.borrow_and_update() > 0;
                    self.handle(Event::Demand { wanted }, now);
                }
                LiveEvent::Looked(bodies) => self.handle(Event::Looked { bodies }, now),
                LiveEvent::Timer => self.handle(Event::Timer, now),
                LiveEvent::Closing => self.close_next(now),
                LiveEvent::Cancelled => return Ok(()),
            }
        }
    }

    async fn next_step(&mut self, cancel: &CancellationToken) -> LiveEvent {
        let deadline = self.core.deadline();
        tokio::select! {
            _ = self.events.recv_many(&mut self.batch, BATCH) => LiveEvent::Links,
            Some(finding) = self.finder.findings.recv() => LiveEvent::Finder(finding),
            Some(captured) = self.captures.recv() => LiveEvent::Captured(captured),
            Some(printed) = self.prints.recv() => LiveEvent::Printed(printed),
            Some(request) = self.requests.recv() => LiveEvent::Request(request),
            Ok(()) = self.listeners.changed() => LiveEvent::Demand,
            Some(bodies) = self.looks.recv() => LiveEvent::Looked(bodies),
            () = self.alarm.rings(deadline) => LiveEvent::Timer,
            () = until(self.closing.due()) => LiveEvent::Closing,
            () = cancel.cancelled() => LiveEvent::Cancelled,
        }
    }

    fn link(&mut self, event: LinkEvent, now: Instant) {
        if let LinkEvent::Closed { link, .. } = &event {
            self.links.remove(link);
            self.closing.closed(*link);
            self.close_next(now);
        }
        self.handle(Event::Link(event), now);
    }

    fn found(&mut self, found: Found, now: Instant) {
        let Found {
            tmux,
            session,
            server,
            by_use,
            exits_unattached,
        } = found;
        self.tmux = tmux;
        let server = &server;
        self.note(Note::Server { server, session }, now);
        let server = Server {
            pid: server.pid,
            start_time: server.start_time,
            version: server.version.clone(),
            warnings: Arc::default(),
        };
        let found = Event::Found {
            server,
            session,
            by_use,
            exits_unattached,
        };
        self.handle(found, now);
    }

    fn handle(&mut self, event: Event, now: Instant) {
        self.core.handle(event, now);
        loop {
            let actions = self.core.actions();
            if actions.is_empty() {
                self.demand.set_idle(self.core.is_idle());
                self.demand.set_detached(self.core.is_detached());
                return;
            }
            for action in actions {
                self.perform(action, now);
            }
        }
    }

    fn perform(&mut self, action: Action, now: Instant) {
        match action {
            Action::Find => self.finder.find(),
            Action::List => drop(tokio::spawn(look(self.tmux.clone(), self.to_looks.clone()))),
            Action::Open(kind) => self.open(kind, now),
            Action::Send {
                link,
                tag,
                commands,
            } => self.send(link, tag, commands, now),
            Action::Capture { panes, context } => {
                let (tmux, captures) = (self.tmux.clone(), self.to_captures.clone());
                tokio::spawn(async move {
                    let captured = printing::screens(&tmux, panes, context).await;
                    if captures.send(captured).await.is_err() {
                        tracing::debug!("the bridge ended during a capture");
                    }
                });
            }
            Action::Print {
                ticket,
                pane,
                scrollback,
            } => self.print(ticket, printing::pane(self.tmux.clone(), pane, scrollback)),
            Action::PrintHistory {
                ticket,
                pane,
                range,
                pace,
                tabs,
            } => {
                let tmux = self.tmux.clone();
                self.print(ticket, printing::history(tmux, pane, (range, pace), tabs));
            }
            Action::Mask {
                ticket,
                snapshot,
                rules,
            } => self.print(ticket, printing::masked(snapshot, rules)),
            Action::Close(link) => self.close([link], now),
            Action::NoteCheck => self.note(Note::Check, now),
        }
    }

    fn send(&mut self, link: LinkId, tag: u64, commands: Vec<Command>, now: Instant) {
        let handle = self.links.get(&link);
        let sent = handle.map(|handle| handle.send(tag, commands));
        if !matches!(sent, Some(Ok(()))) {
            tracing::debug!(%link, tag, "the link takes no commands now");
            self.core.handle(Event::NotSent { tag }, now);
        }
    }

    fn print(&self, ticket: u64, print: impl Future<Output = PrintOutcome> + Send + 'static) {
        let prints = self.to_prints.clone();
        tokio::spawn(async move {
            let parts = print.await;
            if prints.send(Printed { ticket, parts }).is_err() {
                tracing::debug!("the bridge ended while a pane was printed");
            }
        });
    }

    fn note(&self, note: Note<'_>, now: Instant) {
        if let Some(Tap(sink)) = &self.tap {
            sink.noted(note, now);
        }
    }

    fn open(&mut self, kind: LinkKind, now: Instant) {
        self.last_link += 1;
        let link = LinkId(self.last_link);
        match LinkHandle::open(
            &self.tmux,
            link,
            kind,
            self.to_events.clone(),
            self.tap.clone(),
        ) {
            Ok(handle) => {
                let pid = handle.pid();
                self.links.insert(link, handle);
                self.core.handle(Event::Opened { link, kind, pid }, now);
            }
            Err(error) => {
                tracing::warn!(?kind, %error, "a link to tmux could not be opened");
                self.core.handle(Event::OpenFailed { kind }, now);
            }
        }
    }

    fn close(&mut self, links: impl IntoIterator<Item = LinkId>, now: Instant) {
        links.into_iter().for_each(|link| self.closing.ask(link));
        self.close_next(now);
    }

    fn close_next(&mut self, now: Instant) {
        while let Some(link) = self.closing.next(now) {
            match self.links.get(&link) {
                Some(handle) => handle.detach(),
                None => self.closing.closed(link),
            }
        }
    }

    /// Detaches every link and waits for the end of each: tmux is left as if muxwire had never been there.
    async fn detach(mut self) {
        let mut now = Instant::now();
        let links: BTreeSet<_> = self.links.keys().copied().collect();
        let limit = now
            + DETACH_LIMIT
            + DETACH_LIMIT_PER_LINK * u32::try_from(links.len()).unwrap_or(u32::MAX);
        self.close(links, now);
        while !self.links.is_empty() {
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = until(self.closing.due()) => None,
                () = until(Some(limit)) => None,
            };
            now = Instant::now();
            if let Some(LinkEvent::Closed { link, .. }) = event {
                self.links.remove(&link);
                self.closing.closed(link);
            }
            self.close_next(now);
            if now >= limit {
                tracing::warn!(
                    links = self.links.len(),
                    "links did not end in time and are ended by force"
                );
                self.links.values().for_each(LinkHandle::kill);
                return;
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
