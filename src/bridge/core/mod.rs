//! The owner of the model, without IO: events in, actions out, changes into the hub.
//!
//! Time is a parameter, and what is to be done is returned; so a recording drives it exactly as tmux does.

mod announced;
mod attaching;
mod coming;
mod exits;
mod finding;
mod going_on;
mod hints;
mod listing;
mod requests;
mod typing;
mod warnings;
mod watching;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use self::announced::Announced;
use self::attaching::Attaching;
use self::exits::HalfKnownExits;
use self::finding::Finding;
use self::watching::Watched;
use super::action::Action;
use super::clock::Clock;
use super::counters::Counters;
use super::demand::Attach;
use super::gathering::{Gathering, LISTS};
use super::inputs::Inputs;
use super::outputs::Outputs;
use super::request::Request;
use super::screens::{Captured, Screens};
use super::sizes::Sizes;
use super::streams::Streams;
use super::views::{Printed, ViewContext, Views};
use crate::control::{Body, Command};
use crate::hub::{Hub, Redaction};
use crate::ids::{PaneId, SessionId};
use crate::model::{Change, Debounce, OpQueue, Reconciler, Server, State, Unfit};
use crate::tmux::{ExitUnattached, LinkEvent, LinkId, LinkKind, ReplyError, Version};

/// How long a difference that no notification reported is given to be explained by one.
///
/// Subscriptions are sampled once a second, and on a busy machine later.
const SETTLE: Duration = Duration::from_millis(2500);

/// How many ended links are remembered, so that none of them is taken for somebody else's client.
const REMEMBERED: usize = 64;

/// What the owner learns.
#[derive(Debug)]
pub(super) enum Event {
    /// A server answers, and this session of it can be attached to.
    Found {
        server: Server,
        session: SessionId,
        /// The sessions in groups that were used within one second, the one that was used last alone at the end.
        by_use: Vec<Vec<SessionId>>,
        /// Whether it ends, with all its sessions, as soon as no client is attached.
        exits_unattached: bool,
    },
    /// No server answers.
    NoServer { reason: String },
    /// A server runs, and the tmux program and it don't fit.
    Unfit(Unfit),
    /// A link has been started; `pid` is its process.
    Opened {
        link: LinkId,
        kind: LinkKind,
        pid: u32,
    },
    /// A link could not be started.
    OpenFailed { kind: LinkKind },
    /// A link has brought something.
    Link(LinkEvent),
    /// The panes of an [`Action::Capture`] have been printed.
    Captured(Captured),
    /// The pane of an [`Action::Print`] has been printed.
    Printed(Printed),
    /// A client asks for something.
    Request(Request),
    /// Somebody listens, or nobody does any more.
    Demand { wanted: bool },
    /// The lists of an [`Action::List`].
    Looked { bodies: Vec<Body> },
    /// A link did not take the commands of this tag.
    NotSent { tag: u64 },
    /// The time that [`Core::deadline`] named has come.
    Timer,
    /// A recording says that the owner asked for a listing here.
    Listing,
    /// A recording says that the owner began a check of the reconciler here.
    Check,
}

/// The model, the streams of the panes and the requests under way.
#[derive(Debug)]
pub(super) struct Core {
    hub: Hub,
    /// What is kept from some, if anything is.
    redaction: Option<Redaction>,
    counters: Arc<Counters>,
    state: Arc<State>,
    version: Option<Version>,
    exits_unattached: bool,
    control: Option<LinkId>,
    control_attached: bool,
    finding: Finding,
    attaching: Attaching,
    outputs: Outputs,
    watched: Watched,
    streams: Streams,
    relist: OpQueue,
    reconciler: Reconciler,
    suspected: Vec<Change>,
    gathering: Gathering,
    touched: BTreeSet<String>,
    exits: HalfKnownExits,
    announced: Announced,
    processes: HashMap<LinkId, u32>,
    ended: VecDeque<u32>,
    inputs: Inputs,
    /// When somebody last asked to type.
    typed_at: Option<Instant>,
    screens: Screens,
    sizes: Sizes,
    views: Views,
    /// The links that have attached since the last listing was asked for, with the last tag before that.
    attached_at: HashMap<LinkId, u64>,
    actions: Vec<Action>,
    last_tag: u64,
    setup: Setup,
}

/// What the owner knows at its start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup {
    /// How long hints are gathered before everything is listed.
    pub(super) debounce: Debounce,
    /// How often everything is compared with tmux though nothing hinted at a change.
    pub(super) reconcile: Duration,
    /// How long Enter waits after what was typed before it.
    pub(super) submit_delay: Duration,
    /// When there are control clients.
    pub(super) attach: Attach,
    /// What to do with a server that ends when nobody is attached.
    pub(super) exit_unattached: ExitUnattached,
    /// Where timestamps come from.
    pub(super) clock: Clock,
    /// Whether tmux is there to be asked; a recording can only be read.
    pub(super) live: bool,
}

impl Core {
    /// An owner that knows of no server yet.
    pub(super) fn new(hub: Hub, counters: Arc<Counters>, setup: Setup, now: Instant) -> Self {
        Self {
            redaction: hub.redaction(),
            hub,
            counters,
            state: Arc::default(),
            version: None,
            exits_unattached: false,
            control: None,
            control_attached: false,
            finding: Finding::default(),
            attaching: Attaching::new(setup.attach),
            outputs: Outputs::default(),
            watched: Watched::default(),
            streams: Streams::default(),
            relist: OpQueue::new(setup.debounce),
            reconciler: Reconciler::new(setup.reconcile, SETTLE, now),
            suspected: Vec::new(),
            gathering: Gathering::default(),
            touched: BTreeSet::new(),
            exits: HalfKnownExits::default(),
            announced: Announced::default(),
            processes: HashMap::new(),
            ended: VecDeque::new(),
            inputs: Inputs::default(),
            typed_at: None,
            screens: Screens::default(),
            sizes: Sizes::default(),
            views: Views::default(),
            attached_at: HashMap::new(),
            actions: Vec::new(),
            last_tag: 0,
            setup,
        }
    }

    /// Handles one event. What is to be done then waits in [`Core::actions`].
    pub(super) fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Found {
                server,
                session,
                by_use,
                exits_unattached,
            } => {
                self.outputs.used(by_use);
                self.found(server, exits_unattached, now);
                self.attach_or_look(LinkKind::Control { session }, now);
            }
            Event::NoServer { reason } => self.lose_server(&reason, now),
            Event::Unfit(unfit) => self.unfit(unfit, now),
            Event::Opened { link, kind, pid } => self.opened(link, kind, pid, now),
            Event::OpenFailed { kind } => self.open_failed(kind, now),
            Event::Link(event) => self.link(event, now),
            Event::NotSent { tag } if self.views.owns(tag) => self.views.not_sent(tag),
            Event::NotSent { tag } => self.not_sent(tag, now),
            Event::Captured(captured) => {
                self.let_go(now);
                let rules = self.redaction.as_ref().map(|redaction| &redaction.rules);
                let streams = &self.streams;
                let offset = |pane| streams.offset(pane);
                self.screens
                    .captured(captured, rules, offset, &mut self.actions);
            }
            Event::Printed(printed) => {
                self.let_go(now);
                let (views, mut cx) = self.view_context(now);
                views.printed(printed, &mut cx);
            }
            Event::Request(request) => self.request(request, now),
            Event::Demand { wanted } => self.demand(wanted, now),
            Event::Looked { bodies } => self.looked(bodies, now),
            Event::Timer => self.timer(now),
            Event::Listing => drop(self.start_listing(now)),
            Event::Check => self.retrace_check(now),
        }
    }

    /// What is to be done since this was last asked.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// When [`Event::Timer`] is wanted next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if !self.setup.live {
            return None;
        }
        let held = self.redaction.as_ref().and_then(|_| self.hub.held_until());
        if self.control.is_none() {
            let (look, grace) = (self.finding.due, self.attaching.due());
            return [look, grace, self.views.due(), held]
                .into_iter()
                .flatten()
                .min();
        }
        let dues = [
            self.relist.due(),
            self.reconciler.due(),
            self.outputs.due(),
            self.exits.due(),
            self.views.due(),
            self.inputs.due(),
            self.attaching.due(),
            held,
        ];
        dues.into_iter().flatten().min()
    }

    /// Every link that is open.
    pub(super) fn links(&self) -> Vec<LinkId> {
        self.outputs.ids().chain(self.control).collect()
    }

    fn next_tag(&mut self) -> u64 {
        self.last_tag += 1;
        self.last_tag
    }

    fn publish(&mut self, changes: impl IntoIterator<Item = Change>, read_at: Instant) {
        let stamp = self.setup.clock.stamp(read_at);
        let (views, streams, counters) = (&mut self.views, &mut self.streams, &self.counters);
        let mut bells = Vec::new();
        let changes = changes.into_iter().inspect(|change| {
            views.observe(change);
            counters.observe(change);
            bells.extend(streams.bell(change, read_at));
        });
        self.hub.publish(changes, None, stamp);
        if !bells.is_empty() {
            self.hub.publish(bells, None, stamp);
        }
    }

    /// Nothing is held back any more from those from whom secrets are kept, so that what is shown of a pane now stands at
    /// the same place for all.
    fn let_go(&self, now: Instant) {
        if self.redaction.is_some() {
            self.hub.release_all(self.setup.clock.stamp(now));
        }
    }

    /// The views, and what they act on.
    fn view_context(&mut self, now: Instant) -> (&mut Views, ViewContext<'_>) {
        let cx = ViewContext {
            hub: &self.hub,
            rules: self.redaction.as_ref().map(|redaction| &redaction.rules),
            streams: &mut self.streams,
            outputs: &self.outputs,
            state: &self.state,
            version: self.version.as_ref(),
            actions: &mut self.actions,
            last_tag: &mut self.last_tag,
            typed_at: self.typed_at,
            now,
        };
        (&mut self.views, cx)
    }

    /// Links, panes or their owners have changed.
    fn links_changed(&mut self, now: Instant) {
        let (views, mut cx) = self.view_context(now);
        views.links_changed(&mut cx);
    }

    fn link(&mut self, event: LinkEvent, now: Instant) {
        match event {
            LinkEvent::Output {
                link,
                pane,
                bytes,
                read_at,
            } => self.output(link, pane, bytes, read_at),
            LinkEvent::Gap { link, pane, bytes } => {
                self.views.saw(link, pane);
                let change = self.streams.gap(link, pane, (bytes > 0).then_some(bytes));
                self.publish(change, now);
            }
            LinkEvent::Attached { link } => self.attached(link, now),
            LinkEvent::Notification { link, notification } => {
                self.notification(link, notification, now)
            }
            LinkEvent::Resync { .. } => {
                self.counters.resync();
                self.streams.doubt();
                self.hint(now);
            }
            LinkEvent::Reply {
                link,
                tag,
                index,
                command,
                outcome,
            } => {
                self.reply(link, tag, index, &command, outcome, now);
            }
            LinkEvent::Closed { link, reason } => self.closed(link, &reason, now),
        }
    }

    fn output(&mut self, link: LinkId, pane: PaneId, bytes: Bytes, read_at: Instant) {
        self.views.saw(link, pane);
        let change = self.streams.output(link, pane, bytes);
        if change.is_some() {
            self.publish(change, read_at);
        } else if self.streams.is_unplaced(pane) && !self.relist.is_requested() {
            self.hint(read_at);
        }
    }

    fn hint(&mut self, now: Instant) {
        self.reconciler.hint();
        self.relist.request(now);
    }

    fn timer(&mut self, now: Instant) {
        if self.redaction.is_some() {
            self.hub.release_due(now, self.setup.clock.stamp(now));
        }
        self.leave_if_due(now);
        if self.finding.due.take_if(|due| *due <= now).is_some() {
            self.actions.push(Action::Find);
        }
        if self.exits.take(now) {
            self.relist.request(now);
        }
        let (views, mut cx) = self.view_context(now);
        views.timer(&mut cx);
        if self.outputs.retry(now) {
            self.relist.request(now);
        }
        if self.reconciler.start(now) {
            self.relist.request(now);
            self.actions.push(Action::NoteCheck);
        }
        self.with_inputs(now, |inputs, way, actions| inputs.wake(way, actions));
        let Some(link) = self.control else { return };
        if self.start_listing(now) {
            let tag = self.next_tag();
            let commands = LISTS.to_vec();
            self.actions.push(Action::Send {
                link,
                tag,
                commands,
            });
        }
    }

    fn start_listing(&mut self, now: Instant) -> bool {
        let started = self.relist.start(now);
        if started {
            self.counters.listing();
        }
        started
    }

    /// Begins the check that was begun here when it was recorded, whatever the interval was.
    fn retrace_check(&mut self, now: Instant) {
        self.reconciler.hurry(now);
        if self.reconciler.start(now) {
            self.relist.request(now);
        }
    }

    fn reply(
        &mut self,
        link: LinkId,
        tag: u64,
        index: usize,
        command: &Command,
        outcome: Result<Body, ReplyError>,
        now: Instant,
    ) {
        if LISTS.contains(command) {
            self.listed(tag, index, outcome, now);
        } else if self.views.owns(tag) {
            self.let_go(now);
            let (views, mut cx) = self.view_context(now);
            views.reply(tag, outcome, &mut cx);
        } else if self.sizes.owns(tag) {
            if self.sizes.reply(tag, command, outcome) {
                self.settle_sizes();
            }
        } else if self.inputs.owns(tag) {
            self.with_inputs(now, |inputs, way, actions| {
                inputs.reply(link, tag, outcome, way, actions);
            });
        } else if let Err(error) = outcome {
            tracing::debug!(%link, ?command, %error, "command failed");
        }
    }

    fn not_sent(&mut self, tag: u64, now: Instant) {
        if self.sizes.owns(tag) {
            self.sizes.not_sent(tag);
        } else if self.inputs.owns(tag) {
            self.with_inputs(now, |inputs, way, actions| {
                inputs.not_sent(tag, way, actions)
            });
        } else if self.watched.not_sent(tag) {
            self.relist.request(now);
        } else {
            self.list_again(now);
        }
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
