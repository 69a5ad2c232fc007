//! What comes out: the sums of some hours.

use std::collections::BTreeMap;

use super::fields::text;
use super::{HOUR, MOST_HOURS};
use crate::ids::PaneId;
use crate::model::{Audience, Change, ChangeKind, Family};

/// The last hours that a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours(u32);

impl Default for Hours {
    /// A day.
    fn default() -> Self {
        Self(24)
    }
}

impl Hours {
    /// So many, at least one and at most 168.
    #[must_use]
    pub fn clamped(hours: i64) -> Self {
        let hours = hours.clamp(1, i64::from(MOST_HOURS));
        Self(u32::try_from(hours).unwrap_or(MOST_HOURS))
    }

    /// How many.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// When they began, in milliseconds since 1970.
    pub(super) fn since(self, now: i64) -> i64 {
        now - i64::from(self.0) * HOUR
    }
}

/// Sums of all that is seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// Tasks, as programs tell of them.
    pub tasks: TaskCounts,
    /// What it cost.
    pub costs: Costs,
    /// What Claude was asked.
    pub claude_api: ClaudeApi,
    /// Calls of tools.
    pub tools: Tools,
}

/// How many tasks there are. Those that wait or were cancelled are in the total alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the statuses are those of tasks")]
pub struct TaskCounts {
    pub total: u64,
    pub running: u64,
    pub completed: u64,
    pub failed: u64,
}

/// Costs in millionths of a US dollar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Costs {
    /// Of all models, and of what names none.
    pub total: u64,
    /// Of each model, by the name that [`Costs::name`] gives it.
    pub by_model: BTreeMap<String, u64>,
}

/// What Claude was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaudeApi {
    /// Answers.
    pub requests: u64,
    /// Tokens that were read and found in no cache.
    pub input_tokens: u64,
    /// Tokens that were written.
    pub output_tokens: u64,
}

/// Calls of tools.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tools {
    /// All of them.
    pub total_calls: u64,
    /// Those of each, by its name.
    pub by_type: BTreeMap<String, u64>,
}

/// Sessions of agents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionSums {
    /// How many there are or were.
    pub total: u64,
    /// How many there are now.
    pub active: u64,
    /// Their calls of tools.
    pub tool_calls: u64,
    /// Each of them, the one that began last first.
    pub sessions: Vec<AgentSession>,
}

/// A session of an agent, and what it used within the time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentSession {
    /// Its pane.
    pub pane: PaneId,
    /// The session of tmux that it is seen in.
    pub session: Option<String>,
    /// Which agent.
    pub agent_type: String,
    /// Whether it is there now.
    pub active: bool,
    /// Answers of models.
    pub requests: u64,
    /// Tokens that were read and found in no cache.
    pub input_tokens: u64,
    /// Tokens that were written.
    pub output_tokens: u64,
    /// Calls of tools.
    pub tool_calls: u64,
    /// In millionths of a US dollar.
    pub cost: u64,
}

/// Something that happened, and the session of tmux that it is seen in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The session.
    pub session: Option<String>,
    /// What.
    pub row: ActivityRow,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The type of the event.
    pub type_name: String,
    /// The pane that it is of.
    pub pane: Option<PaneId>,
    /// The agent, the task, the tool or the like.
    pub subject: Option<String>,
    /// The status, if it says one.
    pub status: Option<String>,
    /// What is said of it.
    pub message: Option<String>,
}

impl Costs {
    /// The name of a model's costs: that of its family if it is one of Claude's, else its own in letters, digits and underscores.
    #[must_use]
    pub fn name(model: &str) -> String {
        const FAMILIES: [&str; 3] = ["haiku", "sonnet", "opus"];
        let model = model.to_ascii_lowercase();
        if let Some(family) = FAMILIES.into_iter().find(|family| model.contains(family)) {
            return family.to_owned();
        }
        let fits = |letter: char| match letter.is_ascii_alphanumeric() {
            true => letter,
            false => '_',
        };
        model.chars().map(fits).collect()
    }

    /// Both together.
    pub(super) fn plus(one: u64, other: u64) -> u64 {
        one.saturating_add(other)
    }
}

impl Tools {
    pub(super) fn add(&mut self, name: &str, calls: u64) {
        self.total_calls += calls;
        *self.by_type.entry(name.to_owned()).or_default() += calls;
    }
}

impl Overview {
    pub(super) fn add_model(
        &mut self,
        model: Option<&str>,
        (requests, input, output): (u64, u64, u64),
        cost: u64,
    ) {
        self.costs.total = Costs::plus(self.costs.total, cost);
        if let Some(model) = model {
            let sum = self.costs.by_model.entry(Costs::name(model)).or_default();
            *sum = Costs::plus(*sum, cost);
        }
        // What names no model is said by programs that knew of Claude alone.
        if model.is_none_or(is_claude) {
            self.claude_api.requests += requests;
            self.claude_api.input_tokens += input;
            self.claude_api.output_tokens += output;
        }
    }
}

fn is_claude(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    ["claude", "haiku", "sonnet", "opus"]
        .iter()
        .any(|name| model.contains(name))
}

/// The name of the first session of an audience that is seen.
pub(super) fn name_of(audience: &Audience, sees: &impl Fn(&Audience) -> bool) -> Option<String> {
    let places = audience.places().iter();
    let mut seen = places.filter(|place| sees(&Audience::at((*place).clone())));
    seen.next().map(|place| place.session_name.to_string())
}

impl ActivityRow {
    /// What is told of an event; nothing if it is none that is told.
    pub(super) fn of(at: i64, change: &Change) -> Option<Self> {
        let row = |subject: Option<String>, status: Option<String>, message: Option<String>| Self {
            at,
            type_name: change.kind.name().to_owned(),
            pane: change.pane,
            subject,
            status,
            message,
        };
        Some(match &change.kind {
            ChangeKind::AgentStarted { agent }
            | ChangeKind::AgentStatus { agent, .. }
            | ChangeKind::AgentEnded { agent } => row(
                Some(agent.agent_type.clone()),
                Some(agent.status.name().to_owned()),
                agent.message.clone(),
            ),
            ChangeKind::Alert { alert } => row(
                Some(alert.title.clone()),
                Some(alert.severity.name().to_owned()),
                alert.message.clone(),
            ),
            ChangeKind::Emitted { event } => {
                let said = |name| text(event.data(), name).map(ToOwned::to_owned);
                let subject = match event.family() {
                    Family::Task => said("title").or_else(|| said("task")),
                    Family::Tool => said("tool"),
                    Family::Cost => said("model"),
                    Family::Own => return None,
                };
                row(subject, said("status"), said("message"))
            }
            _ => return None,
        })
    }
}
