//! Alerts: something that somebody should look at. A source says them by its rules; tmux knows nothing of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agent::AgentStatus;

/// How much an alert matters, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Somebody should look when there is time.
    Warning,
    /// Something does not go on by itself.
    Error,
    /// Somebody should look at once.
    Critical,
}

impl AlertSeverity {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// Its name, as it stands on the wire and in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// That of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Why an alert is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClearCause {
    /// What it was about is over.
    Over,
    /// The pane or the agent that it was about is gone.
    Gone,
    /// Other rules are in force.
    Rules,
}

impl ClearCause {
    /// Its name, as it stands on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Gone => "gone",
            Self::Rules => "rules",
        }
    }
}

/// An alert. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name, which no other alert ever has.
    pub id: String,
    /// The rule that raised it.
    pub rule: String,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// What it is about: of one key there is one alert at a time.
    pub key: String,
    /// What happened, in a line for people.
    pub title: String,
    /// What the agent says about it.
    pub message: Option<String>,
    /// The type of the agent that it is about.
    pub agent_type: Option<String>,
    /// What that agent does.
    pub status: Option<AgentStatus>,
    /// Why.
    pub reason: Option<String>,
    /// Since when what it is about holds.
    pub since: Timestamp,
}

impl Alert {
    /// The texts in it that a program or a person chose.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let optional = [&self.message, &self.reason];
        let texts = optional.into_iter().filter_map(Option::as_deref);
        [self.title.as_str(), self.key.as_str()]
            .into_iter()
            .chain(texts)
    }

    /// Those of them in which there may be secrets, to be changed: a key is what an alert is found by, so it stays.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let optional = [&mut self.message, &mut self.reason];
        let texts = optional.into_iter().filter_map(Option::as_mut);
        [&mut self.title].into_iter().chain(texts)
    }
}
