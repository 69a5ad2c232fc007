//! What agents did, as it stands on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::answers::KnownTo;
use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use super::usage::UsageObject;
use crate::ids::PaneId;

/// What agents did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestAnswer<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// From when on.
    pub since: Cow<'a, str>,
    /// Up to when.
    pub to: Cow<'a, str>,
    /// Each agent, those first that want something.
    pub agents: Vec<AgentDigest<'a>>,
    /// Not everything was looked at: a shorter time has it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_time: Option<bool>,
    /// Up to where the answer goes.
    #[serde(flatten)]
    pub known: KnownTo<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What one agent did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentDigest<'a> {
    /// The session that it was in last, by its name then.
    pub session: Cow<'a, str>,
    /// Its pane.
    pub pane: Text<PaneId>,
    /// Which agent.
    pub agent_type: Cow<'a, str>,
    /// When it began, if that lies within the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Cow<'a, str>>,
    /// When it ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Cow<'a, str>>,
    /// Its last status.
    pub status: Cow<'a, str>,
    /// For how long it had each status, in milliseconds.
    pub spent_ms: SpentObject,
    /// Its statuses, one after the other; of many the last ones.
    pub states: Vec<StateSpan<'a>>,
    /// How often it began to work.
    pub prompts: u64,
    /// How often it waited for somebody.
    pub waits: u64,
    /// For how long it waited the longest, in milliseconds.
    pub longest_wait_ms: u64,
    /// What went wrong.
    pub errors: Vec<ErrorSpan<'a>>,
    /// Files of tests, or tests, that failed in its pane.
    pub failed_tests: Vec<Cow<'a, str>>,
    /// What its session has used within the time, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Milliseconds of each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are the statuses")]
pub struct SpentObject {
    pub busy: u64,
    pub ready: u64,
    pub waiting: u64,
    pub error: u64,
    pub unknown: u64,
}

/// A status and how long it lasted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StateSpan<'a> {
    /// Since when.
    pub since: Cow<'a, str>,
    /// For how long, in milliseconds.
    pub ms: u64,
    /// The status.
    pub status: Cow<'a, str>,
    /// What it waited for, or why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// What the agent said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorSpan<'a> {
    /// When.
    pub at: Cow<'a, str>,
    /// Why, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// What the agent said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
