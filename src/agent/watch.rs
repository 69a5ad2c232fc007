//! One pane: all that comes in of it, and what follows.

mod look;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::look::{ComposerLook, DialogLook, Look};
use super::dialog::{Dialog, ShownDialog};
use super::display::Display;
use super::evidence::{Evidence, Pool};
use super::explain::Explanation;
use super::grounds::{Ground, Grounds, HeardSignal};
use super::osc::{PromptMark, Signal};
use super::process::Process;
use super::reports::{self, Reports};
use super::rules::{AgentRules, RuleSet, Tried};
use super::settle::Settled;
use super::signals::Signals;
use super::statement::{Hook, Registry};
use super::status::{Confidence, Source, State, Status, Vitals};
use super::view::View;

/// How often rules are tried at the most. Programs draw in pieces, and nobody reads faster.
const LEAST_INTERVAL: Duration = Duration::from_millis(40);

/// A pane that may hold an agent.
///
/// Everything that comes in takes the time; [`Self::poll`] says what has changed, and [`Self::next_deadline`] when it has to
/// be asked again although nothing comes in.
#[derive(Debug)]
pub struct PaneWatch {
    rules: Arc<RuleSet>,
    size: (u16, u16),
    signals: Signals,
    reports: Reports,
    agent: Option<Running>,
    pool: Pool,
    settled: Settled,
    /// The dialog that is said.
    said_dialog: Option<Dialog>,
    /// Something has been said, or is to be said, since the last poll.
    told: bool,
}

/// The agent in the pane, or the one that was there.
#[derive(Debug)]
struct Running {
    rules: Arc<AgentRules>,
    pid: u32,
    started: Option<u64>,
    tree: Vec<u32>,
    exited: bool,
    display: Display,
    seeded: bool,
    view: View,
    vitals: Vitals,
    hook_mode: Option<String>,
    /// The dialog that the view shows.
    dialog: Option<ShownDialog>,
    /// When a hook last said that a prompt was taken.
    prompted: Option<Instant>,
    /// Whether bytes came in that the rules have not seen.
    changed: bool,
    tried: Option<Instant>,
}

impl PaneWatch {
    /// A pane of that size, in which no agent is known.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, cols: u16, rows: u16, now: Instant) -> Self {
        Self {
            rules,
            size: (cols, rows),
            signals: Signals::default(),
            reports: Reports::default(),
            agent: None,
            pool: Pool::default(),
            settled: Settled::unknown(now),
            said_dialog: None,
            told: false,
        }
    }

    /// Uses other rules from now on. An agent that they don't know any more is as good as gone.
    pub fn set_rules(&mut self, rules: Arc<RuleSet>, now: Instant) {
        self.rules = rules;
        let Some(running) = &mut self.agent else {
            return;
        };
        if let Some(agent) = self.rules.agent(running.rules.id()) {
            running.rules = Arc::clone(agent);
            running.view = View::default();
            running.changed = true;
        } else {
            self.gone(now);
        }
    }

    /// Whether the screen is not known: there is an agent, and what was shown before its pane was watched is missing. Then
    /// [`Self::seed`] is to be called with a snapshot.
    #[must_use]
    pub fn needs_screen(&self) -> bool {
        let needs = |running: &Running| !running.seeded && !running.exited;
        self.agent.as_ref().is_some_and(needs)
    }

    /// Begins anew with the bytes that bring a terminal to the pane's state, and the pane's title as tmux knows it.
    pub fn seed(&mut self, cols: u16, rows: u16, bytes: &[u8], title: Option<&str>, now: Instant) {
        self.size = (cols, rows);
        self.signals.restart();
        if let Some(running) = &mut self.agent {
            running.display = Display::new(cols, rows);
            running.seeded = true;
        }
        self.output(bytes, now);
        if let Some(title) = title {
            self.signals.set_title(title);
        }
    }

    /// The pane has another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.size = (cols, rows);
        if let Some(running) = &mut self.agent {
            running.display.resize(cols, rows);
            running.changed = true;
        }
    }

    /// The pane printed these bytes.
    pub fn output(&mut self, bytes: &[u8], now: Instant) {
        let (display, new) = self.signals.read(bytes, now);
        if let Some(running) = self.agent.as_mut().filter(|running| !running.exited) {
            running.display.feed(display);
            running.changed = true;
        }
        for signal in new {
            self.signal(&signal, now);
            self.signals.keep(signal, now);
        }
    }

    fn signal(&mut self, signal: &Signal, now: Instant) {
        match signal {
            Signal::Report(report) => self.reports.take(report.clone()),
            Signal::Prompt(PromptMark::Start) => self.reports.prompt(),
            _ => return,
        }
        self.report(now);
    }

    fn report(&mut self, now: Instant) {
        let Some(report) = self.reports.decisive() else {
            self.pool.forget(Source::Report);
            return;
        };
        let (state, reason) = reports::meaning(report);
        let basis = format!("OSC 7501 state={}", report.state.name());
        self.pool.put(Evidence {
            reason,
            message: report.message.clone().or_else(|| report.title.clone()),
            at_once: true,
            ..Evidence::new(Source::Report, state, basis, now)
        });
    }

    /// The processes of the pane, below and with its first one.
    pub fn processes(&mut self, root: u32, processes: &[Process], now: Instant) {
        let Some((rules, process)) = self.rules.identify(root, processes) else {
            self.gone(now);
            return;
        };
        let tree = processes.iter().map(|process| process.pid).collect();
        let same = |running: &Running| {
            running.pid == process.pid && running.started == process.started && !running.exited
        };
        if let Some(running) = self.agent.as_mut().filter(|running| same(running)) {
            running.tree = tree;
            return;
        }
        let known = self.agent.take().filter(|running| !running.exited);
        let (display, seeded) = match known {
            Some(running) => (running.display, running.seeded),
            None => (Display::new(self.size.0, self.size.1), false),
        };
        let is_first = self.settled.state() == State::Unknown;
        self.agent = Some(Running {
            rules: Arc::clone(rules),
            pid: process.pid,
            started: process.started,
            tree,
            exited: false,
            display,
            seeded,
            view: View::default(),
            vitals: Vitals::default(),
            hook_mode: None,
            dialog: None,
            prompted: None,
            changed: true,
            tried: None,
        });
        // What was said before anybody knew of the agent is its own.
        if !is_first {
            self.forget();
        }
        self.settled = Settled::unknown(now);
        self.said_dialog = None;
        self.told = true;
    }

    /// The pane's program has ended, or its agent has.
    pub fn gone(&mut self, now: Instant) {
        let Some(running) = self.agent.as_mut().filter(|running| !running.exited) else {
            return;
        };
        running.exited = true;
        running.display = Display::new(1, 1);
        running.view = View::default();
        running.vitals = Vitals::default();
        running.dialog = None;
        self.forget();
        // What comes after it sets a title of its own.
        self.signals.forget_title();
        let basis = "no process of the agent".to_owned();
        let exited = Evidence {
            at_once: true,
            ..Evidence::new(Source::Process, State::Exited, basis, now)
        };
        self.told |= self.settled.take(Some(&exited), now);
    }

    fn forget(&mut self) {
        self.pool = Pool::default();
        self.reports.clear();
        self.signals.forget();
    }

    /// A hook of the agent in this pane was called. Whether its rules know the event.
    pub fn hook(&mut self, hook: &Hook, now: Instant) -> bool {
        let Some(running) = self.agent.as_mut().filter(|running| !running.exited) else {
            return false;
        };
        if hook.mode.is_some() {
            running.hook_mode.clone_from(&hook.mode);
        }
        let composer = running.rules.input().composer.as_ref();
        if composer.is_some_and(|composer| composer.hooks.contains(&hook.event)) {
            running.prompted = Some(now);
        }
        let (detail, tool) = (hook.detail.as_deref(), hook.tool.as_deref());
        let Some(statement) = running.rules.hook(&hook.event, detail, tool) else {
            return false;
        };
        if let Some(state) = statement.state {
            let basis = format!("the hook {}", hook.event);
            self.pool.put(Evidence {
                reason: statement.reason.clone(),
                message: hook.message.clone(),
                at_once: statement.at_once,
                ..Evidence::new(Source::Hook, state, basis, now)
            });
        }
        true
    }

    /// Whether a registry's entry is of this pane's agent.
    #[must_use]
    pub fn keeps(&self, registry: &Registry) -> bool {
        let running = self.agent.as_ref().filter(|running| !running.exited);
        running.is_some_and(|running| running.keeps(registry))
    }

    /// The registry's entry has changed. Whether it is of this pane's agent and its rules know the status.
    pub fn registry(&mut self, registry: &Registry, now: Instant) -> bool {
        let running = self.agent.as_ref().filter(|running| !running.exited);
        let Some(running) = running.filter(|running| running.keeps(registry)) else {
            return false;
        };
        let waiting_for = registry.waiting_for.as_deref();
        let Some(statement) = running.rules.registry(&registry.status, waiting_for) else {
            self.pool.forget(Source::Registry);
            return false;
        };
        if let Some(state) = statement.state {
            let basis = format!("the registry's status {}", registry.status);
            self.pool.put(Evidence {
                reason: statement.reason.clone(),
                at_once: statement.at_once,
                ..Evidence::new(Source::Registry, state, basis, now)
            });
        }
        true
    }

    /// The registry has no entry of this agent any more.
    pub fn registry_gone(&mut self) {
        self.pool.forget(Source::Registry);
    }

    /// What is said from now on, if that is something else than before.
    pub fn poll(&mut self, now: Instant) -> Option<Status> {
        self.try_rules(now);
        self.settle(now);
        self.agent.as_ref()?;
        if !std::mem::take(&mut self.told) {
            return None;
        }
        self.status(now)
    }

    fn settle(&mut self, now: Instant) {
        if self.agent.as_ref().is_some_and(|running| !running.exited) {
            let verdict = self.pool.verdict(now);
            self.told |= self.settled.take(verdict.as_ref(), now);
        }
        let dialog = self.dialog();
        if dialog != self.said_dialog {
            self.said_dialog = dialog;
            self.told = true;
        }
    }

    /// When [`Self::poll`] is to be called, although nothing comes in.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let running = self.agent.as_ref().filter(|running| !running.exited)?;
        let verdict = self.pool.verdict(now);
        [
            self.told.then_some(now),
            running.changed.then(|| self.next_try(running, now)),
            self.settled.due(verdict.as_ref()),
            self.pool.next_change(now),
            self.signals.notification_ends(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When the rules are tried next: not too often, and not in the middle of an update.
    fn next_try(&self, running: &Running, now: Instant) -> Instant {
        let paced = running.tried.map_or(now, |tried| tried + LEAST_INTERVAL);
        self.signals
            .update_ends()
            .map_or(paced, |end| paced.max(end))
    }

    fn try_rules(&mut self, now: Instant) {
        let lapsed = self.signals.lapse(now);
        if let Some(running) = self.agent.as_mut().filter(|_| lapsed) {
            running.changed = true;
        }
        let due = |running: &Running| {
            !running.exited && running.changed && now >= self.next_try(running, now)
        };
        if !self.agent.as_ref().is_some_and(due) {
            return;
        }
        let Some(running) = &mut self.agent else {
            return;
        };
        running.changed = false;
        running.tried = Some(now);
        let view = self.signals.view(&mut running.display);
        if view == running.view {
            return;
        }
        running.view = view;
        let state = running.judge(&mut self.pool, now);
        if state == State::Busy {
            self.signals.forget_notification();
        }
    }

    /// What is said of the agent; nothing if there never was one.
    #[must_use]
    pub fn status(&self, now: Instant) -> Option<Status> {
        let running = self.agent.as_ref()?;
        let verdict = self
            .pool
            .verdict(now)
            .filter(|verdict| verdict.state == self.settled.state());
        let mut vitals = running.vitals.clone();
        vitals.mode = vitals.mode.or_else(|| running.hook_mode.clone());
        let source = match self.settled.state() {
            State::Exited => Some(Source::Process),
            _ => verdict.as_ref().map(|verdict| verdict.source),
        };
        Some(Status {
            agent: running.rules.id().to_owned(),
            state: self.settled.state(),
            reason: self.settled.reason().cloned(),
            confidence: match (&verdict, self.settled.state()) {
                (Some(verdict), _) => verdict.confidence,
                (None, State::Exited) => Confidence::High,
                (None, _) => Confidence::Low,
            },
            source,
            since: self.settled.since(),
            message: verdict.and_then(|verdict| verdict.message),
            dialog: self.said_dialog.clone(),
            vitals,
        })
    }

    /// What is held for and against what is said.
    #[must_use]
    pub fn grounds(&self, now: Instant) -> Option<Grounds> {
        let running = self.agent.as_ref()?;
        let status = self.status(now)?;
        let processes = (running.pid, running.tree.as_slice());
        let mut grounds = Grounds::new(&status, processes, running.seeded, now);
        let weighed = self.pool.weighed(now).into_iter();
        grounds.evidence = weighed.map(|one| Ground::new(one, now)).collect();
        let signals = self.signals.recent();
        grounds.signals = signals.map(|one| HeardSignal::new(one, now)).collect();
        Some(grounds)
    }

    /// Why that is said: all that is held, and every rule, matched or not, on what the rules saw last.
    #[must_use]
    pub fn explain(&self, now: Instant) -> Option<Explanation> {
        let running = self.agent.as_ref()?;
        let grounds = self.grounds(now);
        Some(Explanation::new(grounds, &running.rules, &running.view))
    }
}

impl Running {
    /// Whether it is the agent of a registry's entry.
    fn keeps(&self, registry: &Registry) -> bool {
        let same_start = match (self.started, registry.started) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        // A shim may stand before the process that keeps the entry.
        match self.pid == registry.pid {
            true => same_start,
            false => self.tree.contains(&registry.pid),
        }
    }

    /// Tries the rules on what shows. The state that follows from it and from all else.
    fn judge(&mut self, pool: &mut Pool, now: Instant) -> State {
        let mut tried = Tried::new(&self.view);
        let rule = self.rules.judge(&mut tried);
        let asks = rule.is_some_and(|rule| {
            rule.state == Some(State::Waiting) && rule.source == Source::Screen
        });
        self.dialog = asks.then(|| self.shown_dialog()).flatten();
        match rule {
            None => pool.forget(Source::Screen),
            Some(rule) => {
                // Without a state, what shows now says nothing, and what showed last still counts.
                if let Some(state) = rule.state {
                    let basis = format!("the rule {} ({})", rule.id, rule.origin);
                    pool.put(Evidence {
                        reason: rule.reason.clone(),
                        confidence: rule.confidence,
                        at_once: rule.at_once,
                        ..Evidence::new(rule.source, state, basis, now)
                    });
                }
            }
        }
        let verdict = pool.verdict(now);
        let state = verdict.map_or(State::Unknown, |verdict| verdict.state);
        self.vitals = self.rules.vitals(&mut tried, state).after(&self.vitals);
        state
    }
}

impl Vitals {
    /// These vitals behind earlier ones: what stays true while it doesn't show is kept.
    fn after(self, earlier: &Self) -> Self {
        Self {
            model: self.model.or_else(|| earlier.model.clone()),
            mode: self.mode.or_else(|| earlier.mode.clone()),
            context_left: self.context_left.or(earlier.context_left),
            ..self
        }
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
