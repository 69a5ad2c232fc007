//! What is known of a pane, and which rules it meets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::rule::{Amount, Condition, Noise, Rule};
use crate::model::{Agent, Places};

/// What is known of a pane.
#[derive(Debug, Clone)]
pub(super) struct PaneFacts {
    pub(super) places: Places,
    pub(super) agent: Option<Arc<Agent>>,
    /// When it printed what looks bad, the newest at the end.
    pub(super) noises: VecDeque<(Instant, Noise)>,
    pub(super) used: Used,
}

/// What is used of processors and memory, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Of processors, in tenths of a percent.
    pub cpu: Option<u32>,
    /// Of memory, in bytes.
    pub memory: Option<u64>,
}

impl PaneFacts {
    pub(super) fn new(places: Places) -> Self {
        Self {
            places,
            agent: None,
            noises: VecDeque::new(),
            used: Used::default(),
        }
    }

    /// The same without what it printed.
    pub(super) fn without_noises(&self) -> Self {
        Self {
            noises: VecDeque::new(),
            places: Arc::clone(&self.places),
            agent: self.agent.clone(),
            ..*self
        }
    }

    /// Whether what a rule asks for holds as things stand. What happens at one moment never does.
    pub(super) fn meets(&self, rule: &Rule) -> bool {
        if !self.is_within(rule) {
            return false;
        }
        let agent = self.agent.as_deref();
        let agent = agent.filter(|agent| rule.is_for_agent(&agent.agent_type));
        match &rule.condition {
            Condition::Status {
                statuses,
                reasons,
                except,
            } => agent.is_some_and(|agent| {
                let reason = agent.reason.as_ref();
                let is_one = |list: &Vec<String>| reason.is_some_and(|one| list.contains(one));
                statuses.contains(&agent.status)
                    && (reasons.is_empty() || is_one(reasons))
                    && !is_one(except)
            }),
            Condition::ContextBelow(percent) => {
                let left = agent.and_then(|agent| agent.context_left);
                left.is_some_and(|left| left < *percent)
            }
            Condition::Silent(statuses) => {
                agent.is_some_and(|agent| statuses.contains(&agent.status))
            }
            Condition::Used { amount, .. } => {
                (rule.agents.is_empty() || agent.is_some()) && self.used.is_above(*amount)
            }
            Condition::Gone(_) | Condition::Output { .. } => false,
        }
    }

    /// Whether it is in a session that the rule is for.
    pub(super) fn is_within(&self, rule: &Rule) -> bool {
        let mut names = self.places.iter().map(|place| &*place.session_name);
        rule.sessions.is_empty()
            || names.any(|name| rule.sessions.iter().any(|one| one.matches(name)))
    }

    /// Whether so much that looks bad came within the rule's time.
    pub(super) fn is_noisy(&self, rule: &Rule, now: Instant) -> bool {
        let Condition::Output {
            noise,
            count,
            within,
        } = &rule.condition
        else {
            return false;
        };
        let recent = |at: Instant| now.saturating_duration_since(at) <= *within;
        let bad = self.noises.iter().rev();
        let bad = bad.take_while(|(at, _)| recent(*at));
        self.is_within(rule) && bad.filter(|(_, one)| one >= noise).take(*count).count() == *count
    }
}

impl Used {
    pub(super) fn is_above(self, amount: Amount) -> bool {
        match amount {
            Amount::Cpu(percent) => self.cpu.is_some_and(|cpu| cpu > percent.saturating_mul(10)),
            Amount::Memory(bytes) => self.memory.is_some_and(|memory| memory > bytes),
        }
    }
}
