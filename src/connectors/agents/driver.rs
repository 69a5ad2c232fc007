//! The task: reads the log, asks for snapshots and processes, waits for ends, and publishes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use super::answers::{
    Answer, Look, end_of, find, listen, next_entries, next_rules, next_usages, tell,
};
use super::composing::{ComposingEffect, keys, tell_outcome};
use super::figures::Figures;
use super::hooks::{HookCall, HookSocket};
use super::processes;
use super::registries::Registries;
use super::rules::RuleFiles;
use super::said::agent;
use super::transcripts::{Sessions, Transcripts};
use super::watches::{Effect, Watches};
use crate::auth::{Denied, Permission, Principal};
use crate::bridge::{
    ComposeRequest, ExplainRequest, Handle, InputError, Publisher, ReadyInput, ViewRequest,
};
use crate::connectors::{ConnectorError, CursorRead, LogCursor, SourceContext};
use crate::file_watch::{Complaint, blocking};
use crate::hub::Hub;
use crate::ids::PaneId;
use crate::metrics::Metrics;
use crate::model::Derived;

/// How many panes are looked at in one go, before others get their turn.
const MOST_LOOKS: usize = 64;

/// What the source of agents needs besides what every source is given. Clones share the figures.
#[derive(Debug, Clone)]
pub struct AgentSource {
    bridge: Handle,
    folders: Vec<PathBuf>,
    hook_socket: Option<PathBuf>,
    follows: bool,
    figures: Arc<Figures>,
}

impl AgentSource {
    /// A source that asks this bridge for snapshots and reads rules from these folders of the configuration; those that count
    /// more stand behind the others.
    #[must_use]
    pub fn new(bridge: Handle, folders: Vec<PathBuf>, metrics: &Metrics) -> Self {
        Self {
            bridge,
            folders,
            hook_socket: None,
            follows: false,
            figures: Figures::shown(metrics),
        }
    }

    /// The same, which listens for hooks at a socket of this path.
    #[must_use]
    pub fn with_hooks(mut self, socket: PathBuf) -> Self {
        self.hook_socket = Some(socket);
        self
    }

    /// The same, which follows the transcripts of agents and says what they use.
    #[must_use]
    pub fn with_usage(mut self) -> Self {
        self.follows = true;
        self
    }

    /// Watches agents until the log ends.
    ///
    /// # Errors
    /// The rules that are built in can't be used, or nobody may read panes.
    pub async fn run(self, context: SourceContext) -> Result<(), ConnectorError> {
        let (transcripts, sessions) = Transcripts::new(&self.folders);
        let (files, rules) = RuleFiles::start(self.folders).await?;
        let watches = Watches::new(rules);
        let (registries, registry_folders) = Registries::new();
        let hook_socket = match self.hook_socket {
            Some(path) => listen(path).await,
            None => None,
        };
        let driver = Driver {
            requests: self.bridge.composers().take(),
            questions: self.bridge.explainers().take(),
            composing: BTreeMap::new(),
            composed: 0,
            hub: context.hub,
            publisher: context.publisher,
            bridge: self.bridge,
            figures: self.figures,
            watches: match self.follows {
                true => watches.following(),
                false => watches,
            },
            answers: FuturesUnordered::new(),
            looks: VecDeque::new(),
            is_looking: false,
            registry_folders,
            sessions,
            complaint: Complaint::default(),
            has_changed: true,
        };
        driver.answers.push(next_rules(files));
        driver.answers.push(next_entries(registries));
        driver.answers.push(next_usages(transcripts));
        if let Some(socket) = hook_socket {
            driver.hear(socket);
        }
        driver.run(context.cursor).await
    }
}

struct Driver {
    hub: Hub,
    publisher: Publisher,
    bridge: Handle,
    figures: Arc<Figures>,
    watches: Watches,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// Panes that wait for a look.
    looks: VecDeque<(PaneId, u32)>,
    is_looking: bool,
    registry_folders: watch::Sender<BTreeSet<PathBuf>>,
    sessions: watch::Sender<Sessions>,
    complaint: Complaint,
    /// Prompts and answers that are to be typed, those that are being typed, and how many there were.
    requests: mpsc::Receiver<ComposeRequest>,
    composing: BTreeMap<u64, ComposeRequest>,
    composed: u64,
    /// Who wants to know on what grounds something is said.
    questions: mpsc::Receiver<ExplainRequest>,
    /// The panes may be others than those that are watched.
    has_changed: bool,
}

/// What the task waits for.
enum Happening {
    Read(Option<CursorRead>),
    Answer(Answer),
    Asked(ComposeRequest),
    Questioned(ExplainRequest),
    Time,
}

impl Driver {
    async fn run(mut self, mut cursor: LogCursor) -> Result<(), ConnectorError> {
        loop {
            if !self.work().await? {
                return Ok(());
            }
            let happening = self.next(&mut cursor).await;
            if let Happening::Read(Some(read)) = &happening {
                self.read(read);
            }
            // What else is there already is one piece of work with it, and what is to be typed is judged by all of it.
            while let Some(Some(read)) = cursor.next().now_or_never() {
                self.read(&read);
            }
            match happening {
                Happening::Read(None) => return Ok(()),
                Happening::Read(Some(_)) => {}
                Happening::Answer(answer) => self.answer(answer),
                Happening::Asked(request) => self.compose(request),
                Happening::Questioned(question) => {
                    let grounds = self.watches.grounds(question.pane, Instant::now());
                    // The client may be gone.
                    let _ = question.reply.send(grounds);
                }
                Happening::Time => {}
            }
        }
    }

    async fn next(&mut self, cursor: &mut LogCursor) -> Happening {
        let deadline = self.watches.deadline(Instant::now());
        let time = async {
            match deadline {
                Some(deadline) => sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = cursor.next() => Happening::Read(read),
            // There always is one, which waits for other rules.
            Some(answer) = self.answers.next() => Happening::Answer(answer),
            Some(request) = self.requests.recv() => Happening::Asked(request),
            Some(question) = self.questions.recv() => Happening::Questioned(question),
            () = time => Happening::Time,
        }
    }

    fn read(&mut self, read: &CursorRead) {
        let now = Instant::now();
        match read {
            CursorRead::Event(event) => self.has_changed |= self.watches.event(event, now),
            CursorRead::Missed(_) => {
                self.has_changed = true;
                self.watches.missed(now);
            }
        }
    }

    fn answer(&mut self, answer: Answer) {
        let now = Instant::now();
        match answer {
            Answer::Looked(looks) => {
                self.is_looking = false;
                for look in looks {
                    self.looked(look, now);
                }
            }
            Answer::Seeded(of, view) => self.watches.seeded(of, view, now),
            Answer::Ended(of) => self.watches.ended(of, now),
            Answer::Recorded(number, ready) => self.recorded(number, ready, now),
            Answer::Typed(number, result) => self.watches.typed(number, result, now),
            Answer::Rules(files, rules) => {
                self.watches.use_rules(rules, now);
                self.answers.push(next_rules(*files));
            }
            Answer::Hook(called) => self.hook(*called, now),
            Answer::Registries(registries, entries) => {
                self.watches.registries(&entries, now);
                self.answers.push(next_entries(*registries));
            }
            Answer::Found(of, transcript) => self.watches.found(of, transcript),
            Answer::Usages(transcripts, usages) => {
                self.watches.used(usages);
                self.answers.push(next_usages(*transcripts));
            }
        }
    }

    fn hear(&self, mut socket: HookSocket) {
        let rules = Arc::clone(self.watches.rules());
        let next = async move {
            let call = socket.next(rules).await;
            Answer::Hook(Box::new((socket, call)))
        };
        self.answers.push(next.boxed());
    }

    fn hook(&mut self, (socket, call): (HookSocket, io::Result<HookCall>), now: Instant) {
        let call = match call {
            Ok(call) => call,
            Err(error) => {
                tracing::warn!(%error, "hooks of agents are not heard any more");
                return;
            }
        };
        let (state, _) = self.hub.snapshot();
        let pane = call.place.pane(&state);
        let heeded = pane.is_some_and(|pane| self.watches.hook(pane, call, now));
        self.figures.count_hook(heeded);
        self.hear(socket);
    }

    fn compose(&mut self, request: ComposeRequest) {
        self.composed += 1;
        let wanted = (request.pane, request.wanted.clone());
        self.composing.insert(self.composed, request);
        self.watches.compose(self.composed, wanted, Instant::now());
    }

    fn go_on_composing(&mut self, effect: ComposingEffect) {
        match effect {
            ComposingEffect::Record { number, strokes } => {
                if let Some(request) = self.composing.get_mut(&number) {
                    let ready = (request.typist)(keys(strokes));
                    let answer = async move { Answer::Recorded(number, ready.await) };
                    self.answers.push(answer.boxed());
                }
            }
            ComposingEffect::Composed { number, outcome } => {
                if let Some(request) = self.composing.remove(&number) {
                    tokio::spawn(tell_outcome(self.bridge.clone(), request.reply, outcome));
                }
            }
        }
    }

    /// Keys stand in the audit log. They are sent if the screen still allows it.
    fn recorded(&mut self, number: u64, ready: Result<ReadyInput, InputError>, now: Instant) {
        match ready {
            Ok(ready) if self.watches.may_send(number, now) => {
                let typed = ready.send();
                let answer = async move { Answer::Typed(number, typed.await) };
                self.answers.push(answer.boxed());
            }
            // The engine says what follows.
            Ok(_) => {}
            Err(error) => self.watches.typed(number, Err(error), now),
        }
    }

    fn looked(&mut self, look: Look, now: Instant) {
        let Look { pane, root, seen } = look;
        let seen = match seen {
            Ok(seen) => Some(seen),
            Err(error) => {
                if self.complaint.is_new(&error) {
                    tracing::warn!(%error, "the end of an agent can't be waited for, so it is not watched");
                }
                None
            }
        };
        self.watches.looked((pane, root), seen, now);
    }

    /// Does what is due, and what follows from it. False once nothing is published any more.
    async fn work(&mut self) -> Result<bool, ConnectorError> {
        let now = Instant::now();
        if std::mem::take(&mut self.has_changed) {
            self.watches.sync(&self.hub.snapshot().0, now);
        }
        self.watches.tick(now);
        for effect in self.watches.take_effects() {
            let said = match effect {
                Effect::Look { pane, root } => {
                    self.looks.push_back((pane, root));
                    continue;
                }
                Effect::Seed { pane, number } => {
                    self.answers.push(self.seed(pane, number)?);
                    continue;
                }
                Effect::AwaitEnd { pane, number, end } => {
                    self.answers.push(end_of((pane, number), end)?);
                    continue;
                }
                Effect::Started { pane, status } => Derived::AgentStarted {
                    pane,
                    agent: agent(&status, (now, Timestamp::now())),
                },
                Effect::Changed { pane, status } => Derived::AgentStatus {
                    pane,
                    agent: agent(&status, (now, Timestamp::now())),
                },
                Effect::Find(search) => {
                    self.answers.push(find(search));
                    continue;
                }
                Effect::Used { pane, usage } => Derived::AgentUsage {
                    pane,
                    usage: Box::new(usage),
                },
                Effect::Ended { pane } => Derived::AgentEnded { pane },
                Effect::Composing(effect) => {
                    self.go_on_composing(effect);
                    continue;
                }
            };
            if self.publisher.publish(said).await.is_err() {
                return Ok(false);
            }
        }
        self.look();
        self.tell_others();
        Ok(true)
    }

    /// Tells what others go by: those who follow files, and the metrics.
    fn tell_others(&self) {
        tell(&self.registry_folders, self.watches.registry_folders());
        tell(&self.sessions, self.watches.sessions());
        let (agents, memory) = self.watches.figures();
        self.figures.set(agents, memory);
    }

    /// Begins to look at the panes that wait for it, unless others are being looked at.
    fn look(&mut self) {
        if self.is_looking || self.looks.is_empty() {
            return;
        }
        self.is_looking = true;
        let count = self.looks.len().min(MOST_LOOKS);
        let panes: Vec<(PaneId, u32)> = self.looks.drain(..count).collect();
        self.figures.count_looks(count as u64);
        let rules = Arc::clone(self.watches.rules());
        let look = move || {
            let look = |(pane, root)| Look {
                pane,
                root,
                seen: processes::look(root, &rules),
            };
            panes.into_iter().map(look).collect()
        };
        self.answers
            .push(async move { Answer::Looked(blocking(look).await) }.boxed());
    }

    /// Asks for a snapshot, as one who sees all: what is published is judged for each who reads it.
    fn seed(&self, pane: PaneId, number: u64) -> Result<BoxFuture<'static, Answer>, Denied> {
        let request = ViewRequest {
            pane,
            scrollback: 0,
            redacted: false,
        };
        let view = Principal::unrestricted().authorize_everywhere(Permission::Read, request)?;
        let bridge = self.bridge.clone();
        Ok(async move { Answer::Seeded((pane, number), bridge.view(view).await) }.boxed())
    }
}
