//! A digest: what agents did in a time, made of the events that are kept of them.
//!
//! It does no IO and reads no clock. Events come in in the order of time, with the last one of each agent from before the time,
//! so that it is known what the agent did when the time began; lines of the agents' panes come in besides. What is not in them
//! is not in the digest.

mod failures;
mod used;

use std::collections::HashMap;

use self::failures::failed_test;
use self::used::Used;
use crate::ids::PaneId;
use crate::model::{Agent, AgentStatus, ChangeKind};
use crate::usage::Usage;

/// How many statuses of one agent are told; of more, the last.
const STATES: usize = 200;

/// How many errors of one agent are told; of more, the last.
const ERRORS: usize = 50;

/// How many failed tests of one agent are told.
const TESTS: usize = 50;

/// Where something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestPlace<'a> {
    /// The number of the pane, which no other pane has.
    pub key: i64,
    /// tmux's id of the pane.
    pub pane: PaneId,
    /// The session, by its name then.
    pub session: &'a str,
}

/// What one agent did. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentDigest {
    /// The number of its pane.
    pub key: i64,
    /// Its pane.
    pub pane: PaneId,
    /// The session that it was in last, by its name then.
    pub session: String,
    /// Which agent.
    pub agent_type: String,
    /// When it began, if that lies within the time.
    pub started: Option<i64>,
    /// When it ended, if it did.
    pub ended: Option<i64>,
    /// Its last status.
    pub status: AgentStatus,
    /// Its statuses, one after the other.
    pub states: Vec<StateSpan>,
    /// How long it had each status.
    pub spent: Spent,
    /// How often it began to work for a prompt.
    pub prompts: u64,
    /// How often it waited for somebody.
    pub waits: u64,
    /// The longest of that, in milliseconds.
    pub longest_wait: u64,
    /// What went wrong.
    pub errors: Vec<AgentError>,
    /// Files of tests, or tests, that its pane said failed.
    pub failed_tests: Vec<String>,
    /// What its session used within the time, if it is known.
    pub usage: Option<Usage>,
}

/// Milliseconds of each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the statuses")]
pub struct Spent {
    pub busy: u64,
    pub ready: u64,
    pub waiting: u64,
    pub error: u64,
    pub unknown: u64,
}

/// A status and how long it lasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSpan {
    /// Since when, within the time.
    pub since: i64,
    /// Until when.
    pub until: i64,
    /// The status.
    pub status: AgentStatus,
    /// What it waited for, or why it failed.
    pub reason: Option<String>,
    /// What the agent said about it, as far as it said something.
    pub message: Option<String>,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentError {
    /// When.
    pub at: i64,
    /// Why, in a word.
    pub reason: Option<String>,
    /// What the agent said about it.
    pub message: Option<String>,
}

/// A digest in the making.
#[derive(Debug)]
pub struct Digest {
    since: i64,
    to: i64,
    agents: Vec<Told>,
    /// The agent that is in each pane now.
    present: HashMap<i64, usize>,
}

/// What is known of one agent so far.
#[derive(Debug)]
struct Told {
    digest: AgentDigest,
    current: StateSpan,
    used: Used,
    /// The time that the digest is of.
    bounds: (i64, i64),
}

impl Digest {
    /// A digest of this time, both ends included, in milliseconds since 1970.
    #[must_use]
    pub fn new(since: i64, to: i64) -> Self {
        Self {
            since,
            to: to.max(since),
            agents: Vec::new(),
            present: HashMap::new(),
        }
    }

    /// Takes an event; those of each pane come in order. What lies before the time only says how things stood when it began.
    pub fn take(&mut self, place: DigestPlace<'_>, at: i64, kind: &ChangeKind) {
        if at > self.to {
            return;
        }
        match kind {
            ChangeKind::AgentStarted { agent } => {
                // Another one took its place, and nobody saw it go.
                self.end(place.key, at);
                self.begin(place, at, agent, true);
            }
            ChangeKind::AgentStatus { agent, .. } | ChangeKind::AgentUsage { agent } => {
                self.go_on(place, at, agent);
            }
            ChangeKind::AgentEnded { agent } => {
                self.go_on_in(place);
                if let Some(told) = self.told(place.key)
                    && told.digest.agent_type == agent.agent_type
                {
                    told.used.now(agent.usage.as_deref());
                }
                self.end(place.key, at);
            }
            _ => {}
        }
    }

    /// Takes a line that the pane of an agent printed.
    pub fn line(&mut self, key: i64, at: i64, text: &str) {
        let Some(test) = failed_test(text) else {
            return;
        };
        let is_then = |told: &&mut Told| {
            let ended = told.digest.ended.unwrap_or(i64::MAX);
            told.digest.key == key && told.digest.started.unwrap_or(i64::MIN) <= at && at <= ended
        };
        if let Some(told) = self.agents.iter_mut().find(is_then) {
            let tests = &mut told.digest.failed_tests;
            if tests.len() < TESTS && !tests.contains(&test) {
                tests.push(test);
            }
        }
    }

    /// What all agents did, those first that want something, and then in the order of their sessions.
    #[must_use]
    pub fn finish(mut self) -> Vec<AgentDigest> {
        let keys: Vec<i64> = self.present.keys().copied().collect();
        for key in keys {
            if let Some(told) = self.told(key) {
                told.close(i64::MAX);
            }
        }
        let since = self.since;
        let is_within = |told: &Told| told.digest.ended.is_none_or(|ended| ended >= since);
        let within = self.agents.into_iter().filter(is_within);
        let mut agents: Vec<AgentDigest> = within.map(Told::finish).collect();
        let rank = |agent: &AgentDigest| match (agent.ended, agent.status) {
            (Some(_), _) => 4,
            (None, AgentStatus::Waiting) => 0,
            (None, AgentStatus::Error) => 1,
            (None, AgentStatus::Ready) => 2,
            (None, _) => 3,
        };
        agents.sort_by(|one, other| {
            (rank(one), &one.session, one.key).cmp(&(rank(other), &other.session, other.key))
        });
        agents
    }

    fn told(&mut self, key: i64) -> Option<&mut Told> {
        let index = *self.present.get(&key)?;
        self.agents.get_mut(index)
    }

    fn begin(&mut self, place: DigestPlace<'_>, at: i64, agent: &Agent, is_new: bool) {
        let is_within = at >= self.since;
        let mut told = Told {
            digest: AgentDigest {
                key: place.key,
                pane: place.pane,
                session: place.session.to_owned(),
                agent_type: agent.agent_type.clone(),
                started: (is_new && is_within).then_some(at),
                ended: None,
                status: agent.status,
                states: Vec::new(),
                spent: Spent::default(),
                prompts: 0,
                waits: 0,
                longest_wait: 0,
                errors: Vec::new(),
                failed_tests: Vec::new(),
                usage: None,
            },
            current: span(at, agent),
            used: Used::new(is_new && is_within),
            bounds: (self.since, self.to),
        };
        told.used.now(agent.usage.as_deref());
        told.note_error(at, agent);
        self.present.insert(place.key, self.agents.len());
        self.agents.push(told);
    }

    fn go_on(&mut self, place: DigestPlace<'_>, at: i64, agent: &Agent) {
        self.go_on_in(place);
        match self.told(place.key) {
            Some(told) if told.digest.agent_type == agent.agent_type => told.go_on(at, agent),
            _ => {
                self.end(place.key, at);
                self.begin(place, at, agent, false);
            }
        }
    }

    /// The session may have been renamed, or the pane moved.
    fn go_on_in(&mut self, place: DigestPlace<'_>) {
        if let Some(told) = self.told(place.key)
            && told.digest.session != place.session
        {
            place.session.clone_into(&mut told.digest.session);
        }
    }

    fn end(&mut self, key: i64, at: i64) {
        if let Some(told) = self.told(key) {
            told.close(at);
            told.digest.ended = Some(at);
        }
        self.present.remove(&key);
    }
}

fn span(at: i64, agent: &Agent) -> StateSpan {
    StateSpan {
        since: at,
        until: at,
        status: agent.status,
        reason: agent.reason.clone(),
        message: agent.message.clone(),
    }
}

impl Told {
    /// The agent is as it says now.
    fn go_on(&mut self, at: i64, agent: &Agent) {
        self.used.now(agent.usage.as_deref());
        let (before, after) = (self.current.status, agent.status);
        if before == after && self.current.reason == agent.reason {
            if agent.message.is_some() {
                self.current.message.clone_from(&agent.message);
            }
            return;
        }
        let took_a_prompt =
            matches!(before, AgentStatus::Ready | AgentStatus::Error) && after == AgentStatus::Busy;
        if took_a_prompt && at >= self.bounds.0 {
            self.digest.prompts += 1;
        }
        self.close(at);
        self.current = span(at, agent);
        self.digest.status = after;
        if before != after {
            self.note_error(at, agent);
        }
    }

    fn note_error(&mut self, at: i64, agent: &Agent) {
        if agent.status == AgentStatus::Error && at >= self.bounds.0 {
            self.digest.errors.push(AgentError {
                at,
                reason: agent.reason.clone(),
                message: agent.message.clone(),
            });
        }
    }

    /// The present status ends; what of it lies within the time counts.
    fn close(&mut self, at: i64) {
        let (since, to) = self.bounds;
        let mut span = self.current.clone();
        span.since = span.since.max(since);
        span.until = at.min(to);
        let is_over_before = span.until < span.since || at < since;
        if is_over_before {
            return;
        }
        let length = u64::try_from(span.until - span.since).unwrap_or(0);
        let spent = &mut self.digest.spent;
        match span.status {
            AgentStatus::Busy => spent.busy += length,
            AgentStatus::Ready => spent.ready += length,
            AgentStatus::Waiting => {
                spent.waiting += length;
                self.digest.longest_wait = self.digest.longest_wait.max(length);
                self.digest.waits += 1;
            }
            AgentStatus::Error => spent.error += length,
            _ => spent.unknown += length,
        }
        self.digest.states.push(span);
    }

    fn finish(self) -> AgentDigest {
        let mut digest = self.digest;
        let last = |count: usize, most: usize| count.saturating_sub(most);
        digest.states.drain(..last(digest.states.len(), STATES));
        digest.errors.drain(..last(digest.errors.len(), ERRORS));
        digest.usage = self.used.total();
        digest
    }
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
