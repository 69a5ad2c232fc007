//! How an alert is put, in a line for people.

use super::facts::{PaneFacts, Used};
use super::rule::{Amount, Condition, Noise, Rule, Subject};
use crate::config::unit::{show_size, show_span};
use crate::model::{Agent, AgentStatus};

/// What happened. The agent is that which the alert is about.
pub(super) fn title(rule: &Rule, agent: Option<&Agent>, used: Used) -> String {
    let name = agent.map_or("an agent", |agent| &agent.agent_type);
    match &rule.condition {
        Condition::Status { .. } => status(name, agent),
        Condition::ContextBelow(_) => {
            let left = agent.and_then(|agent| agent.context_left);
            format!("{name} has {} % of its context left", left.unwrap_or(0))
        }
        Condition::Gone(_) => {
            let before = agent.map_or("", |agent| agent.status.name());
            format!("{name} ended while it was {before}")
        }
        Condition::Silent(_) => {
            let status = agent.map_or("", |agent| agent.status.name());
            let span = show_span(rule.dwell);
            format!("{name} is {status} and has printed nothing for {span}")
        }
        Condition::Output {
            noise,
            count,
            within,
        } => {
            let like = match noise {
                Noise::Warning => "warnings",
                Noise::Error => "errors",
            };
            let within = show_span(*within);
            format!("{count} lines of output within {within} look like {like}")
        }
        Condition::Used { subject, amount } => usage(*subject, *amount, used),
    }
}

fn status(name: &str, agent: Option<&Agent>) -> String {
    let does = match agent.map(|agent| agent.status) {
        Some(AgentStatus::Waiting) => "waits",
        Some(AgentStatus::Error) => "failed",
        Some(AgentStatus::Busy) => "is busy",
        Some(AgentStatus::Ready) => "is ready",
        Some(AgentStatus::Exited) => "ended",
        Some(AgentStatus::Unknown) | None => "does what nothing tells",
    };
    let reason = agent.and_then(|agent| agent.reason.as_deref());
    let resets = agent.and_then(|agent| agent.resets_at.as_deref());
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    let resets = resets.map_or_else(String::new, |at| format!(", resets {at}"));
    format!("{name} {does}{reason}{resets}")
}

fn usage(subject: Subject, amount: Amount, used: Used) -> String {
    let who = match subject {
        Subject::Pane => "the processes of the pane take",
        Subject::Host => "the machine uses",
        Subject::Muxwire => "muxwire takes",
    };
    match amount {
        Amount::Cpu(limit) => {
            let of = match subject {
                Subject::Host => "of its processors",
                Subject::Pane | Subject::Muxwire => "of a core",
            };
            let now = used.cpu.unwrap_or(0) / 10;
            format!("{who} {now} % {of}, more than {limit} %")
        }
        Amount::Memory(limit) => {
            // Whole MiB read better than bytes.
            let now = show_size(used.memory.unwrap_or(0) >> 20 << 20);
            format!("{who} {now} of memory, more than {}", show_size(limit))
        }
    }
}

impl PaneFacts {
    /// How an alert about this pane is put.
    pub(super) fn title(&self, rule: &Rule) -> String {
        title(rule, self.agent.as_deref(), self.used)
    }
}
