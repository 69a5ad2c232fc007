//! What an agent has used, on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::more::More;
use crate::model::Agent;
use crate::usage::{ModelUsage, Tokens, Usage};

/// What a session of an agent has used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageObject<'a> {
    /// Answers of models.
    pub requests: u64,
    /// Their tokens.
    #[serde(flatten)]
    pub tokens: TokensObject,
    /// What they cost in US dollars, if all prices are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The date of the prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_of: Option<Cow<'a, str>>,
    /// The same for each model.
    pub models: Vec<ModelUsageObject<'a>>,
    /// Calls of tools.
    pub tools: ToolsObject<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Tokens by kind.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokensObject {
    /// Read by the model, and found in no cache.
    pub input_tokens: u64,
    /// Read from a cache.
    pub cache_read_tokens: u64,
    /// Written to a cache.
    pub cache_write_tokens: u64,
    /// Written by the model.
    pub output_tokens: u64,
    /// Of those, what it thought.
    pub reasoning_tokens: u64,
}

/// What was asked of one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelUsageObject<'a> {
    /// Its name.
    pub model: Cow<'a, str>,
    /// Its answers.
    pub requests: u64,
    /// Their tokens.
    #[serde(flatten)]
    pub tokens: TokensObject,
    /// What they cost in US dollars, if the price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Calls of tools.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolsObject<'a> {
    /// All of them.
    pub total_calls: u64,
    /// Those of each tool.
    pub by_type: BTreeMap<Cow<'a, str>, u64>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What the session of an agent has used by now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsedAgent<'a> {
    /// Which agent it is.
    pub agent_type: Cow<'a, str>,
    /// All that it has used.
    pub usage: UsageObject<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl From<Tokens> for TokensObject {
    fn from(tokens: Tokens) -> Self {
        Self {
            input_tokens: tokens.input,
            cache_read_tokens: tokens.cache_read,
            cache_write_tokens: tokens.cache_write,
            output_tokens: tokens.output,
            reasoning_tokens: tokens.reasoning,
        }
    }
}

impl<'a> From<&'a ModelUsage> for ModelUsageObject<'a> {
    fn from(usage: &'a ModelUsage) -> Self {
        Self {
            model: Cow::Borrowed(&usage.model),
            requests: usage.requests,
            tokens: usage.tokens.into(),
            cost_usd: usage.cost.map(dollars),
            more: More::new(),
        }
    }
}

impl<'a> From<&'a Usage> for UsageObject<'a> {
    fn from(usage: &'a Usage) -> Self {
        let mut by_type = BTreeMap::new();
        for tool in &usage.tools {
            // Names that are secret are all the same.
            *by_type.entry(Cow::Borrowed(&*tool.tool)).or_default() += tool.calls;
        }
        Self {
            requests: usage.requests(),
            tokens: usage.tokens().into(),
            cost_usd: usage.cost().map(dollars),
            prices_of: usage.prices_of.as_deref().map(Cow::Borrowed),
            models: usage.models.iter().map(ModelUsageObject::from).collect(),
            tools: ToolsObject {
                total_calls: usage.tools.iter().map(|tool| tool.calls).sum(),
                by_type,
                more: More::new(),
            },
            more: More::new(),
        }
    }
}

impl<'a> UsedAgent<'a> {
    pub(super) fn new(agent: &'a Agent) -> Self {
        Self {
            agent_type: Cow::Borrowed(&agent.agent_type),
            usage: agent
                .usage
                .as_deref()
                .map(UsageObject::from)
                .unwrap_or_default(),
            more: More::new(),
        }
    }
}

/// Dollars of millionths of them; nine billion are exact.
fn dollars(millionths: u64) -> f64 {
    millionths as f64 / 1e6
}
