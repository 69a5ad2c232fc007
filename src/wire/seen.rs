//! What a client has seen of agents: the answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use crate::ids::PaneId;

/// The agents in these panes are marked as seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenAnswer<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The panes that hold an agent, of those that were named.
    pub panes: Vec<Text<PaneId>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
