//! Agents on the wire: what is known of one, in events and beside its pane.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::time::text_of;
use super::usage::UsageObject;
use crate::ids::ViewerId;
use crate::model::{Agent, AgentDialog, AgentStatus};

/// An agent in a pane. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentObject<'a> {
    /// Which agent it is.
    pub agent_type: Cow<'a, str>,
    /// What it does: `busy`, `ready`, `waiting`, `error` or `unknown`.
    pub status: Cow<'a, str>,
    /// What it waits for or why it failed, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// How sure that is: `low`, `medium` or `high`.
    pub confidence: Cow<'a, str>,
    /// What that rests on, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'a, str>>,
    /// Since when it has had this status, as RFC 3339 in UTC with milliseconds.
    pub since: Cow<'a, str>,
    /// What the agent says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// The dialog that it shows, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialog: Option<DialogObject<'a>>,
    /// The model, as the agent names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Cow<'a, str>>,
    /// Its mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Cow<'a, str>>,
    /// How much of its context is left, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_left_percent: Option<u8>,
    /// How long the turn has lasted, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Tokens of the turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// When a limit ends, in the agent's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Cow<'a, str>>,
    /// What runs behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<BackgroundObject>,
    /// What its session has used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Box<UsageObject<'a>>>,
    /// Whether the client, by whatever connection, has marked it as seen since it is as it is; nothing from a server that
    /// doesn't say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A dialog that an agent shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DialogObject<'a> {
    /// What tells it from all others; an answer names it.
    pub fingerprint: Cow<'a, str>,
    /// Its choices, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What runs behind an agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackgroundObject {
    /// Shells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shells: Option<u32>,
    /// Agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<u32>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What is known of an agent now, and the status before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangedAgent<'a> {
    /// The agent.
    #[serde(flatten)]
    pub agent: AgentObject<'a>,
    /// Its status before, which may be the same: then something else of it changed.
    pub previous: Cow<'a, str>,
}

/// An agent that is gone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndedAgent<'a> {
    /// Which agent it was.
    pub agent_type: Cow<'a, str>,
    /// `exited`.
    pub status: Cow<'a, str>,
    /// Its last status.
    pub previous: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl<'a> AgentObject<'a> {
    /// An agent as this viewer sees it, if it is one whose marks are remembered.
    pub(super) fn new(agent: &'a Agent, viewer: Option<ViewerId>) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        let (shells, agents) = (agent.background_shells, agent.background_agents);
        let background = BackgroundObject {
            shells,
            agents,
            more: More::new(),
        };
        let elapsed = |elapsed: std::time::Duration| elapsed.as_millis().try_into().ok();
        Self {
            agent_type: Cow::Borrowed(&agent.agent_type),
            status: Cow::Borrowed(agent.status.name()),
            reason: text(&agent.reason),
            confidence: Cow::Borrowed(agent.confidence.name()),
            source: text(&agent.source),
            since: text_of(agent.since).into(),
            message: text(&agent.message),
            dialog: agent.dialog.as_ref().map(DialogObject::from),
            model: text(&agent.model),
            mode: text(&agent.mode),
            context_left_percent: agent.context_left,
            elapsed_ms: agent.elapsed.and_then(elapsed),
            tokens: agent.tokens,
            resets_at: text(&agent.resets_at),
            background: shells.or(agents).map(|_| background),
            usage: agent.usage.as_deref().map(|usage| Box::new(usage.into())),
            seen: Some(
                agent.is_fresh || viewer.is_some_and(|viewer| agent.seen_by.contains(viewer)),
            ),
            more: More::new(),
        }
    }
}

impl<'a> From<&'a AgentDialog> for DialogObject<'a> {
    fn from(dialog: &'a AgentDialog) -> Self {
        let options = dialog.options.iter();
        Self {
            fingerprint: Cow::Borrowed(&dialog.fingerprint),
            options: options.map(|one| Cow::Borrowed(&**one)).collect(),
            more: More::new(),
        }
    }
}

impl<'a> ChangedAgent<'a> {
    pub(super) fn new(agent: &'a Agent, previous: AgentStatus, viewer: Option<ViewerId>) -> Self {
        Self {
            agent: AgentObject::new(agent, viewer),
            previous: Cow::Borrowed(previous.name()),
        }
    }
}

impl<'a> EndedAgent<'a> {
    pub(super) fn new(agent: &'a Agent) -> Self {
        Self {
            agent_type: Cow::Borrowed(&agent.agent_type),
            status: Cow::Borrowed(AgentStatus::Exited.name()),
            previous: Cow::Borrowed(agent.status.name()),
            more: More::new(),
        }
    }
}
