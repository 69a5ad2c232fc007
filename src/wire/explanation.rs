//! Why something is said of an agent: what the server holds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use crate::ids::PaneId;

/// What the server holds for and against what it says of the agent in a pane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Explanation<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The pane that the target was resolved to.
    pub pane: Text<PaneId>,
    /// Why nothing is held, in a word; then there is no more but the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Cow<'a, str>>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grounds: Option<GroundsObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What is held of an agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroundsObject<'a> {
    /// What it is said to do.
    pub status: Cow<'a, str>,
    /// Why, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// How sure that is.
    pub confidence: Cow<'a, str>,
    /// What it rests on, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'a, str>>,
    /// For how long it has been said.
    pub age_ms: u64,
    /// The agent's process.
    pub pid: u32,
    /// All processes of its pane, as they were seen last.
    pub pids: Vec<u32>,
    /// Whether its screen is known.
    pub screen_known: bool,
    /// What sources say now, the strongest first.
    pub evidence: Vec<EvidenceObject<'a>>,
    /// The newest of what the pane's bytes say besides what they show, the oldest first.
    pub signals: Vec<SignalObject<'a>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What one source says of an agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceObject<'a> {
    /// Who says it, in a word.
    pub source: Cow<'a, str>,
    /// What the agent does.
    pub status: Cow<'a, str>,
    /// Why, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// How sure it is.
    pub confidence: Cow<'a, str>,
    /// What it says beside that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What it rests on, for people.
    pub basis: Cow<'a, str>,
    /// How strong it is.
    pub strength: u8,
    /// `counts`, `gives_way` or `weaker`.
    pub standing: Cow<'a, str>,
    /// How long ago it began to say so.
    pub age_ms: u64,
    /// How long ago it said so last.
    pub said_ms: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What a pane's bytes say besides what they show.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignalObject<'a> {
    /// What kind it is.
    pub kind: Cow<'a, str>,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    /// How long ago it came.
    pub age_ms: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
