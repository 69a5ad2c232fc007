//! What has come of prompts and answers for agents, on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use crate::ids::PaneId;

/// What has come of a prompt or of an answer for an agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ComposedResponse<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Always so: the request was carried out, whatever came of it.
    pub success: bool,
    /// The pane that the target was resolved to.
    pub pane: Text<PaneId>,
    /// Of a prompt: whether it is proven that the agent has taken it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted: Option<bool>,
    /// Of an answer: whether it is proven that the dialog is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<bool>,
    /// The proof, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Cow<'a, str>>,
    /// Why there is none, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What is left of the prompt in the composer, if anything was typed; empty if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Cow<'a, str>>,
    /// Whether that is what the composer shows; otherwise it is what was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_seen: Option<bool>,
    /// What the agent does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Cow<'a, str>>,
    /// The fingerprint of the dialog that shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialog: Option<Cow<'a, str>>,
    /// It was executed for an earlier request with the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
