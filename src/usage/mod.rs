//! Usage: what a coding agent has asked its model for, by the agent's own transcript, and what that costs.
//!
//! It does no IO and reads no clock: pieces of a transcript come in, counts come out. Nothing of what was said is kept.
//!
//! Reading order: this file (what comes out), `transcript` (lines out of bytes), `claude`, `codex` and `gemini` (what a line
//! counts for), `prices` (what it costs).

mod claude;
mod codex;
mod gemini;
mod prices;
mod tally;
mod transcript;

use serde::{Deserialize, Serialize};

pub use prices::{PriceError, Prices};
pub use tally::Tally;
pub use transcript::{Transcript, TranscriptForm};

/// Tokens by kind. Each is counted once: `reasoning` alone is a part of `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// Read by the model, and found in no cache.
    pub input: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache.
    pub cache_write: u64,
    /// Of those, the ones that are kept for an hour, which cost more.
    pub long_cache_write: u64,
    /// Written by the model.
    pub output: u64,
    /// Of those, what it thought.
    pub reasoning: u64,
}

/// What was asked of one model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModelUsage {
    /// Its name, as the transcript has it.
    pub model: String,
    /// Answers of the model.
    pub requests: u64,
    /// Their tokens.
    pub tokens: Tokens,
    /// What that costs, in millionths of a US dollar, if its price is known.
    pub cost: Option<u64>,
}

/// How often a tool was called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolUsage {
    /// Its name.
    pub tool: String,
    /// Calls.
    pub calls: u64,
}

/// What an agent's session has used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of each model, in the order of their names.
    pub models: Vec<ModelUsage>,
    /// Of each tool, in the order of their names.
    pub tools: Vec<ToolUsage>,
    /// The date of the prices, if there is a cost.
    pub prices_of: Option<String>,
}

impl Usage {
    /// Answers of all models.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.models.iter().map(|model| model.requests).sum()
    }

    /// Tokens of all models.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let all = self.models.iter().map(|model| model.tokens);
        all.fold(Tokens::default(), Tokens::plus)
    }

    /// The cost of all models; none if that of one is not known.
    #[must_use]
    pub fn cost(&self) -> Option<u64> {
        let costs = self.models.iter().map(|model| model.cost);
        costs
            .sum::<Option<u64>>()
            .filter(|_| !self.models.is_empty())
    }

    /// The texts in it that a program chose.
    pub fn texts(&self) -> impl Iterator<Item = &String> {
        let models = self.models.iter().map(|model| &model.model);
        models.chain(self.tools.iter().map(|tool| &tool.tool))
    }

    /// The same, to be changed.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let models = self.models.iter_mut().map(|model| &mut model.model);
        models.chain(self.tools.iter_mut().map(|tool| &mut tool.tool))
    }
}

impl Tokens {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |of: fn(&Self) -> u64| of(&self).saturating_add(of(&other));
        Self {
            input: sum(|tokens| tokens.input),
            cache_read: sum(|tokens| tokens.cache_read),
            cache_write: sum(|tokens| tokens.cache_write),
            long_cache_write: sum(|tokens| tokens.long_cache_write),
            output: sum(|tokens| tokens.output),
            reasoning: sum(|tokens| tokens.reasoning),
        }
    }

    /// Without those.
    #[must_use]
    pub(crate) fn without(self, other: Self) -> Self {
        let rest = |of: fn(&Self) -> u64| of(&self).saturating_sub(of(&other));
        Self {
            input: rest(|tokens| tokens.input),
            cache_read: rest(|tokens| tokens.cache_read),
            cache_write: rest(|tokens| tokens.cache_write),
            long_cache_write: rest(|tokens| tokens.long_cache_write),
            output: rest(|tokens| tokens.output),
            reasoning: rest(|tokens| tokens.reasoning),
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        [self.input, self.cache_read, self.cache_write, self.output]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
