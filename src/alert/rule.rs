//! What a rule asks for.

use std::time::Duration;

use crate::glob::NamePattern;
use crate::ids::PaneId;
use crate::model::{AgentStatus, AlertSeverity};

/// A rule: what has to hold for how long, and what is then said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// How much its alerts matter.
    pub severity: AlertSeverity,
    /// What has to hold.
    pub condition: Condition,
    /// For how long it has to hold before it is said.
    pub dwell: Duration,
    /// The shortest time between two alerts of one key.
    pub cooldown: Duration,
    /// How long something that happens at one moment counts.
    pub hold: Duration,
    /// What counts as the same.
    pub key: KeyScope,
    /// The types of agents that it is for; all if there are none.
    pub agents: Vec<NamePattern>,
    /// The sessions that it is for; all if there are none.
    pub sessions: Vec<NamePattern>,
}

/// What has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// An agent has one of these statuses.
    Status {
        /// The statuses.
        statuses: Vec<AgentStatus>,
        /// One of these reasons; any if there are none.
        reasons: Vec<String>,
        /// None of these reasons.
        except: Vec<String>,
    },
    /// An agent shows that less than so many percent of its context is left.
    ContextBelow(u8),
    /// An agent went while it had one of these statuses.
    Gone(Vec<AgentStatus>),
    /// An agent has one of these statuses, and its pane prints nothing for as long as `dwell`.
    Silent(Vec<AgentStatus>),
    /// A pane printed so many lines that look so bad within a time.
    Output {
        /// How bad it has to look at least.
        noise: Noise,
        /// How many.
        count: usize,
        /// Within which time.
        within: Duration,
    },
    /// More of something is used than this.
    Used {
        /// By whom.
        subject: Subject,
        /// What, and how much.
        amount: Amount,
    },
}

/// What counts as the same for a rule: of one key there is one alert at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// Each pane for itself.
    Pane,
    /// The panes of a session together.
    Session,
    /// The agents of one type together.
    Agent,
    /// All together.
    Rule,
}

impl KeyScope {
    /// All of them, with their names in files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("pane", Self::Pane),
        ("session", Self::Session),
        ("agent", Self::Agent),
        ("rule", Self::Rule),
    ];
}

/// How bad output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noise {
    /// Like a warning.
    Warning,
    /// Like an error.
    Error,
}

/// What uses processors and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The processes of a pane.
    Pane,
    /// This machine.
    Host,
    /// muxwire and its links.
    Muxwire,
}

impl Subject {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Pane, Self::Host, Self::Muxwire];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pane => "pane",
            Self::Host => "host",
            Self::Muxwire => "muxwire",
        }
    }
}

/// An amount of something that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Percent of one core; of the machine, of all its cores.
    Cpu(u32),
    /// Bytes of memory.
    Memory(u64),
}

impl Rule {
    /// Whether it needs to know what panes print.
    #[must_use]
    pub fn needs_output(&self) -> bool {
        matches!(
            self.condition,
            Condition::Output { .. } | Condition::Silent(_)
        )
    }

    /// Whether it needs to know what is used of processors and memory.
    #[must_use]
    pub fn needs_resources(&self) -> bool {
        matches!(self.condition, Condition::Used { .. })
    }

    /// Whether what it asks for happens at one moment, and is over after its `hold`.
    pub(super) fn is_momentary(&self) -> bool {
        matches!(
            self.condition,
            Condition::Gone(_) | Condition::Output { .. }
        )
    }

    /// What kind of thing it is about.
    pub(super) fn subject(&self) -> Subject {
        match self.condition {
            Condition::Used { subject, .. } => subject,
            _ => Subject::Pane,
        }
    }

    pub(super) fn is_for_agent(&self, agent_type: &str) -> bool {
        self.agents.is_empty() || self.agents.iter().any(|one| one.matches(agent_type))
    }
}

/// One thing that conditions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A pane.
    Pane(PaneId),
    /// This machine.
    Host,
    /// muxwire and its links.
    Muxwire,
}

impl About {
    /// What kind of thing it is.
    pub(super) fn subject(self) -> Subject {
        match self {
            Self::Pane(_) => Subject::Pane,
            Self::Host => Subject::Host,
            Self::Muxwire => Subject::Muxwire,
        }
    }
}
