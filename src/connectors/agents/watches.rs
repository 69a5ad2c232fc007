//! All panes, and which of them hold an agent. It does no IO and reads no clock: what it wants done are effects.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::composing::{ComposingEffect, Composings, refused};
use super::hooks::HookCall;
use super::pane::{CALLS_LIVE, Held, Pane};
use super::processes::Seen;
use super::registries::Entry;
use super::sessions::Search;
use super::transcripts::Sessions;
use crate::agent::{Grounds, PaneWatch, RuleSet, Status};
use crate::bridge::{ForAgent, InputError, PaneView, ScreenError};
use crate::hub::Published;
use crate::ids::PaneId;
use crate::model::{ChangeKind, State, Visibility};
use crate::usage::Usage;

/// The most agents that are watched at a time. Each takes an emulator.
const MOST_AGENTS: usize = 256;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Effect {
    /// Look at the processes below this one, a pane's first.
    Look { pane: PaneId, root: u32 },
    /// Ask for a snapshot.
    Seed { pane: PaneId, number: u64 },
    /// Wait for the end of an agent.
    AwaitEnd {
        pane: PaneId,
        number: u64,
        end: OwnedFd,
    },
    /// Publish that an agent is there.
    Started { pane: PaneId, status: Status },
    /// Publish what it does.
    Changed { pane: PaneId, status: Status },
    /// Publish what its session has used.
    Used { pane: PaneId, usage: Usage },
    /// Look for the transcript of its session.
    Find(Search),
    /// Publish that it is gone.
    Ended { pane: PaneId },
    /// Go on with a prompt or an answer.
    Composing(ComposingEffect),
}

/// All panes.
#[derive(Debug)]
pub(super) struct Watches {
    rules: Arc<RuleSet>,
    panes: BTreeMap<PaneId, Pane>,
    effects: Vec<Effect>,
    composings: Composings,
    found: u64,
    agents: usize,
    is_full: bool,
    /// Transcripts are followed.
    follows: bool,
}

impl Watches {
    pub(super) fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            rules,
            panes: BTreeMap::new(),
            effects: Vec::new(),
            composings: Composings::default(),
            found: 0,
            agents: 0,
            is_full: false,
            follows: false,
        }
    }

    /// The same, which wants transcripts to be followed.
    pub(super) fn following(self) -> Self {
        Self {
            follows: true,
            ..self
        }
    }

    pub(super) fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// The panes are these.
    pub(super) fn sync(&mut self, state: &State, now: Instant) {
        self.panes.retain(|pane, _| state.panes.contains_key(pane));
        for (id, pane) in &state.panes {
            let is_said = state.agents.contains_key(id);
            let known = self
                .panes
                .entry(*id)
                .or_insert_with(|| Pane::new(pane, is_said, now));
            if known.root != pane.pid {
                known.root = pane.pid;
                known.looks.changed(now);
                end(*id, known, &mut self.effects);
            }
            known.resized(pane.width, pane.height, now);
            known.title.clone_from(&pane.title);
        }
        self.count();
    }

    /// Something was published. Whether the panes may be others now.
    pub(super) fn event(&mut self, event: &Published, now: Instant) -> bool {
        let change = &event.change;
        if change.visibility == Visibility::Redacted {
            return false;
        }
        let pane = change.pane.and_then(|pane| self.panes.get_mut(&pane));
        match (&change.kind, pane) {
            (ChangeKind::PaneOutput { offset, bytes }, Some(pane)) => {
                pane.output(*offset, bytes, now);
            }
            (ChangeKind::PaneGap { .. }, Some(pane)) => {
                if let Some(held) = &mut pane.agent {
                    held.seed_anew(now);
                }
            }
            (ChangeKind::PaneCommandChanged { .. }, Some(pane)) => {
                pane.looks.changed(now);
                return true;
            }
            (
                ChangeKind::PaneCreated { .. }
                | ChangeKind::PaneRemoved { .. }
                | ChangeKind::PaneExited { .. }
                | ChangeKind::PaneResized { .. }
                | ChangeKind::PaneTitleChanged { .. }
                | ChangeKind::WindowCreated { .. }
                | ChangeKind::WindowRemoved
                | ChangeKind::SessionCreated { .. }
                | ChangeKind::SessionRemoved
                | ChangeKind::ServerConnected { .. }
                | ChangeKind::ServerLost { .. },
                _,
            ) => return true,
            _ => {}
        }
        false
    }

    /// Events are missing: nothing of any screen is certain.
    pub(super) fn missed(&mut self, now: Instant) {
        for pane in self.panes.values_mut() {
            pane.looks.changed(now);
            if let Some(held) = &mut pane.agent {
                held.seed_anew(now);
            }
        }
    }

    /// The processes of a pane have been looked at.
    pub(super) fn looked(&mut self, (id, root): (PaneId, u32), seen: Option<Seen>, now: Instant) {
        let Some(pane) = self.panes.get_mut(&id) else {
            return;
        };
        pane.is_looked_at = false;
        // Of another program that was in it before nothing is to be learnt, and the next look is under way.
        let Some(Seen {
            processes,
            folder,
            end: exit,
        }) = seen.filter(|_| pane.root == root)
        else {
            return;
        };
        let tree = processes.iter().map(|one| (one.pid, one.started)).collect();
        pane.looks.looked(tree);
        let found = self.rules.identify(root, &processes);
        let Some(((_, process), exit)) = found.zip(exit) else {
            end(id, pane, &mut self.effects);
            return self.count();
        };
        let who = (process.pid, process.started);
        if let Some(held) = &mut pane.agent {
            if held.process == who {
                held.watch.processes(root, &processes, now);
                return;
            }
            end(id, pane, &mut self.effects);
        }
        pane.looks.settle();
        if self.agents >= MOST_AGENTS {
            if !std::mem::replace(&mut self.is_full, true) {
                tracing::warn!(
                    pane = %id,
                    "{MOST_AGENTS} agents are watched: those that come now are not"
                );
            }
            return end(id, pane, &mut self.effects);
        }
        let (cols, rows) = pane.size;
        let mut watch = PaneWatch::new(Arc::clone(&self.rules), cols, rows, now);
        watch.processes(root, &processes, now);
        self.found += 1;
        let mut held = Held::new(watch, who, self.found, now);
        held.folder = folder;
        begin(id, pane, (held, exit), &mut self.effects, now);
        self.count();
    }

    /// A snapshot that was asked for has come, or there is none.
    pub(super) fn seeded(
        &mut self,
        (id, number): (PaneId, u64),
        view: Result<PaneView, ScreenError>,
        now: Instant,
    ) {
        let Some(pane) = self.panes.get_mut(&id) else {
            return;
        };
        if let Some(held) = pane.agent.as_mut().filter(|held| held.number == number) {
            held.seeded(view, &pane.title, now);
        }
    }

    /// A hook was called in a pane. Whether it was heeded.
    pub(super) fn hook(&mut self, id: PaneId, call: HookCall, now: Instant) -> bool {
        let pane = self.panes.get_mut(&id);
        pane.is_some_and(|pane| pane.hook(call, now))
    }

    /// These are the entries of all registries now.
    pub(super) fn registries(&mut self, entries: &[Entry], now: Instant) {
        for held in self.held_mut() {
            held.registries(entries, now);
        }
    }

    /// The folders of all registries of agents that are there.
    pub(super) fn registry_folders(&self) -> BTreeSet<PathBuf> {
        let held = self.panes.values().filter_map(|pane| pane.agent.as_ref());
        held.filter_map(Held::registry_folder).collect()
    }

    /// The transcript of an agent's session was looked for.
    pub(super) fn found(&mut self, (id, number): (PaneId, u64), transcript: Option<PathBuf>) {
        let held = self.panes.get_mut(&id).and_then(|pane| pane.agent.as_mut());
        if let Some(held) = held.filter(|held| held.number == number) {
            held.tie(transcript);
        }
    }

    /// The sessions whose transcripts are to be followed.
    pub(super) fn sessions(&self) -> Sessions {
        let session = |(id, pane): (&PaneId, &Pane)| {
            let session = pane.agent.as_ref()?.session()?;
            Some((*id, session.clone()))
        };
        let panes = self.panes.iter().filter(|_| self.follows);
        panes.filter_map(session).collect()
    }

    /// This is what sessions have used by now.
    pub(super) fn used(&mut self, usages: Vec<(PaneId, Usage)>) {
        for (pane, usage) in usages {
            let holds = self
                .panes
                .get(&pane)
                .is_some_and(|pane| pane.agent.is_some());
            if holds {
                self.effects.push(Effect::Used { pane, usage });
            }
        }
    }

    fn held_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        let panes = self.panes.values_mut();
        panes.filter_map(|pane| pane.agent.as_mut())
    }

    /// The process of an agent has ended. What runs in its pane now is seen by a look.
    pub(super) fn ended(&mut self, (id, number): (PaneId, u64), now: Instant) {
        let Some(pane) = self.panes.get_mut(&id) else {
            return;
        };
        if pane
            .agent
            .as_ref()
            .is_some_and(|held| held.number == number)
        {
            pane.looks.changed(now);
        }
    }

    /// Other rules are in force.
    pub(super) fn use_rules(&mut self, rules: Arc<RuleSet>, now: Instant) {
        self.rules = rules;
        for pane in self.panes.values_mut() {
            pane.looks.changed(now);
            if let Some(held) = &mut pane.agent {
                held.watch.set_rules(Arc::clone(&self.rules), now);
                held.deadline = Some(now);
            }
        }
    }

    /// A prompt or an answer is to be typed, under this number.
    pub(super) fn compose(&mut self, number: u64, (id, wanted): (PaneId, ForAgent), now: Instant) {
        let pane = (id, self.panes.get(&id));
        let asked = wanted.asked();
        if let Err(hindrance) = self.composings.begin(number, pane, wanted, now) {
            let outcome = Ok(refused(asked, hindrance));
            let refused = ComposingEffect::Composed { number, outcome };
            self.effects.push(Effect::Composing(refused));
        }
    }

    /// Keys of a prompt or an answer stand in the audit log: whether they may be typed now.
    pub(super) fn may_send(&mut self, number: u64, now: Instant) -> bool {
        self.composings.may_send(number, &mut self.panes, now)
    }

    /// Keys of a prompt or an answer were typed, or could not be.
    pub(super) fn typed(&mut self, number: u64, result: Result<(), InputError>, now: Instant) {
        let mut effects = Vec::new();
        self.composings.typed(number, result, &mut effects, now);
        let effects = effects.into_iter().map(Effect::Composing);
        self.effects.extend(effects);
    }

    /// What is held for and against what is said of the agent in a pane; nothing if there is none.
    pub(super) fn grounds(&self, id: PaneId, now: Instant) -> Option<Box<Grounds>> {
        let held = self.panes.get(&id)?.agent.as_ref()?;
        held.watch.grounds(now).map(Box::new)
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) {
        let mut composed = Vec::new();
        self.composings.step(&mut self.panes, &mut composed, now);
        for (id, pane) in &mut self.panes {
            let id = *id;
            if pane.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            if let Some(held) = &mut pane.agent {
                if held.asks(now) {
                    let number = held.number;
                    self.effects.push(Effect::Seed { pane: id, number });
                }
                if let Some(status) = held.poll(now) {
                    self.effects.push(Effect::Changed { pane: id, status });
                }
                let search = held.search(id).filter(|_| self.follows);
                self.effects.extend(search.map(Effect::Find));
            }
            if pane.may_be_looked_at() && pane.looks.take(now) {
                pane.is_looked_at = true;
                let root = pane.root;
                self.effects.push(Effect::Look { pane: id, root });
            }
        }
        // Behind what is said of the agents: who has proof finds it said.
        let composed = composed.into_iter().map(Effect::Composing);
        self.effects.extend(composed);
    }

    /// When [`Self::tick`] is to be called, although nothing happens.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let panes = self.panes.values().filter_map(Pane::deadline);
        panes.chain(self.composings.deadline(now)).min()
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// How many agents are watched, and what their emulators take, about, in bytes.
    pub(super) fn figures(&self) -> (u64, u64) {
        let memory = self.panes.values().map(Pane::memory).sum();
        (self.agents as u64, memory)
    }

    fn count(&mut self) {
        self.agents = self
            .panes
            .values()
            .filter(|pane| pane.agent.is_some())
            .count();
    }
}

/// There is an agent in this pane.
fn begin(
    id: PaneId,
    pane: &mut Pane,
    (mut held, end): (Held, OwnedFd),
    effects: &mut Vec<Effect>,
    now: Instant,
) {
    effects.push(Effect::AwaitEnd {
        pane: id,
        number: held.number,
        end,
    });
    if let Some(status) = held.said.clone() {
        effects.push(Effect::Started { pane: id, status });
        pane.is_said = true;
    }
    for (call, at) in std::mem::take(&mut pane.calls) {
        if now.saturating_duration_since(at) < CALLS_LIVE {
            held.hook(&call, now);
        }
    }
    pane.agent = Some(held);
}

/// There is no agent in this pane, or not that one any more.
fn end(id: PaneId, pane: &mut Pane, effects: &mut Vec<Effect>) {
    pane.agent = None;
    if std::mem::take(&mut pane.is_said) {
        effects.push(Effect::Ended { pane: id });
    }
}
