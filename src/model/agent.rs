//! What is known of the agent in a pane. A source says it; tmux knows nothing of agents.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ViewerId;
use crate::usage::Usage;

pub use crate::agent::{Confidence as AgentConfidence, State as AgentStatus};

/// An agent in a pane. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Which agent it is, such as `claude`.
    pub agent_type: String,
    /// What it does.
    pub status: AgentStatus,
    /// What it waits for or why it failed, in a word such as `permission`.
    pub reason: Option<String>,
    /// How sure that is.
    pub confidence: AgentConfidence,
    /// What that rests on, in a word such as `screen`.
    pub source: Option<String>,
    /// Since when it has had this status.
    pub since: Timestamp,
    /// What the agent says about it, such as the command that it asks for.
    pub message: Option<String>,
    /// The dialog that it shows, while it waits.
    pub dialog: Option<AgentDialog>,
    /// The model, as the agent names it.
    pub model: Option<String>,
    /// Its mode, such as `plan`.
    pub mode: Option<String>,
    /// How much of its context is left, in percent.
    pub context_left: Option<u8>,
    /// How long the turn has lasted.
    pub elapsed: Option<Duration>,
    /// Tokens of the turn, as far as they are shown.
    pub tokens: Option<u64>,
    /// When a limit ends, in the agent's own words.
    pub resets_at: Option<String>,
    /// Shells that run behind it.
    pub background_shells: Option<u32>,
    /// Agents that run behind it.
    pub background_agents: Option<u32>,
    /// What its session has used, if it is followed.
    pub usage: Option<Box<Usage>>,
    /// Who has seen it as it is. No source knows that: it is kept as long as the agent stands as it was seen.
    pub seen_by: SeenBy,
    /// It was ready when it was found and has done nothing since, so that there is nothing to be seen. No source knows that.
    pub is_fresh: bool,
}

/// Those who have seen an agent as it is, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenBy(Vec<ViewerId>);

/// By how much the beginnings of one status may differ, since two clocks are read one after the other for each.
const SAME_BEGINNING: Duration = Duration::from_millis(100);

/// A dialog that an agent shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDialog {
    /// What tells it from all others.
    pub fingerprint: String,
    /// Its choices, as far as they are known.
    pub options: Vec<String>,
}

impl SeenBy {
    /// How many are remembered of one agent. It bounds what marks take in memory, and in the log.
    pub const MOST: usize = 256;

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, viewer: ViewerId) -> bool {
        self.0.binary_search(&viewer).is_ok()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one, unless it is there. False if there is no room for it.
    pub(super) fn add(&mut self, viewer: ViewerId) -> bool {
        match self.0.binary_search(&viewer) {
            Ok(_) => true,
            Err(_) if self.0.len() >= Self::MOST => false,
            Err(place) => {
                self.0.insert(place, viewer);
                true
            }
        }
    }
}

impl FromIterator<ViewerId> for SeenBy {
    /// These, as far as there is room.
    fn from_iter<I: IntoIterator<Item = ViewerId>>(viewers: I) -> Self {
        let mut seen_by = Self::default();
        for viewer in viewers {
            seen_by.add(viewer);
        }
        seen_by
    }
}

impl Agent {
    /// Whether who has seen the one has seen the other: neither the status nor what is asked for is another one.
    #[must_use]
    pub fn stands_as(&self, other: &Self) -> bool {
        let asks = |agent: &Self| {
            let waits = agent.status == AgentStatus::Waiting;
            let dialog = agent.dialog.as_ref();
            let message = agent.message.clone().filter(|_| waits);
            (message, dialog.map(|dialog| dialog.fingerprint.clone()))
        };
        let apart = self.since.duration_since(other.since).unsigned_abs();
        self.agent_type == other.agent_type
            && (self.status, &self.reason) == (other.status, &other.reason)
            && apart <= SAME_BEGINNING
            && asks(self) == asks(other)
    }

    /// An agent of which no more is known than these.
    #[must_use]
    pub fn new(agent_type: &str, status: AgentStatus, since: Timestamp) -> Self {
        Self {
            agent_type: agent_type.to_owned(),
            status,
            reason: None,
            confidence: AgentConfidence::Low,
            source: None,
            since,
            message: None,
            dialog: None,
            model: None,
            mode: None,
            context_left: None,
            elapsed: None,
            tokens: None,
            resets_at: None,
            background_shells: None,
            background_agents: None,
            usage: None,
            seen_by: SeenBy::default(),
            is_fresh: false,
        }
    }

    /// Whether this one, which comes behind `known` or is found, has done nothing as far as anybody could know.
    #[must_use]
    pub(super) fn has_done_nothing(&self, known: Option<&Self>) -> bool {
        let idles = match self.status {
            AgentStatus::Unknown => true,
            // One that was interrupted, or shows what a turn took, has had a turn.
            AgentStatus::Ready => {
                self.reason.is_none() && self.elapsed.is_none() && self.tokens.is_none()
            }
            _ => false,
        };
        // With another beginning of the same status it has done something in between.
        idles
            && known.is_none_or(|known| {
                let apart = self.since.duration_since(known.since).unsigned_abs();
                known.is_fresh && (known.status != self.status || apart <= SAME_BEGINNING)
            })
    }

    /// The texts in it that a program or a person chose.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = [
            &self.reason,
            &self.message,
            &self.model,
            &self.mode,
            &self.resets_at,
        ];
        let used = self.usage.iter().flat_map(|usage| usage.texts());
        let options = self.dialog.iter().flat_map(|dialog| &dialog.options);
        let others = used.chain(options).map(String::as_str);
        texts.into_iter().filter_map(Option::as_deref).chain(others)
    }

    /// The same, to be changed.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let texts = [
            &mut self.reason,
            &mut self.message,
            &mut self.model,
            &mut self.mode,
            &mut self.resets_at,
        ];
        let used = self.usage.iter_mut().flat_map(|usage| usage.texts_mut());
        let dialogs = self.dialog.iter_mut();
        let options = dialogs.flat_map(|dialog| &mut dialog.options);
        let texts = texts.into_iter().filter_map(Option::as_mut);
        texts.chain(used).chain(options)
    }
}
