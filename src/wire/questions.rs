//! What clients ask about what happened: events, lines, screens and replays of the history, and a digest of them.
//!
//! A time is RFC 3339 text, or a span before now such as `8h`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::more::More;
use super::target::Target;

/// Events that are kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Only what lies behind this place in time: the `next` of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Types of agents, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<String>>,
    /// Only what lies before this place in time: the `next` of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// From this time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// `newest` or `oldest` first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Ids of panes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panes: Option<Vec<String>>,
    /// Names of sessions at that time, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<String>>,
    /// Up to this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Event types, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Lines that panes printed: those with words, or those that a regular expression fits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Search {
    /// Only what lies before this place: the `next` of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// From this time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Ids of panes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panes: Option<Vec<String>>,
    /// A regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Names of sessions at that time, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<String>>,
    /// How bad a line looks, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Up to this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Words, beginnings of words and phrases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane as it was at a moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScreenAt {
    /// The time.
    pub at: String,
    /// The exact moment, as an offset of the pane's output; then the time only says which pane had the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The pane.
    pub target: Target,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What a pane printed, once more, at a pace.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Replay {
    /// How many bytes of it may be on their way unacknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_window: Option<u64>,
    /// From this time on.
    pub from: String,
    /// Whether long pauses are made short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_idle: Option<bool>,
    /// How many times as fast as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<Number>,
    /// The pane.
    pub target: Target,
    /// Up to this time; nothing is up to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What a replay is to do from now on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReplayControl {
    /// The client has taken in what came up to this offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack: Option<u64>,
    /// Stand still, or go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Which replay.
    pub replay: u64,
    /// Go on from this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seek: Option<String>,
    /// Whether long pauses are made short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_idle: Option<bool>,
    /// How many times as fast as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<Number>,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What agents did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Digest {
    /// Types of agents, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<String>>,
    /// Names of sessions at that time, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<String>>,
    /// From this time on.
    pub since: String,
    /// Up to this time; nothing is up to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
