//! What a server answers to questions about what happened.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::more::More;
use super::objects::Text;
use super::pane::PaneScreen;
use super::request::RequestId;
use crate::ids::{PaneId, SessionId, WindowId};

/// Events that are kept, in the order that was asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryPage<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The events, as they were sent when they happened.
    pub events: Vec<Event<'a>>,
    /// Where to go on; nothing if there is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cow<'a, str>>,
    /// Up to where the answer goes.
    #[serde(flatten)]
    pub known: KnownTo<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The position that had been published when a question was asked; the answer takes in all up to there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownTo<'a> {
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The place.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
}

/// Lines that were found, the newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchPage<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The lines.
    pub hits: Vec<SearchHit<'a>>,
    /// Where to go on; nothing if everything was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cow<'a, str>>,
    /// The time was over before there were as many as were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_time: Option<bool>,
    /// Up to where the answer goes.
    #[serde(flatten)]
    pub known: KnownTo<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchHit<'a> {
    /// When it stood as it is.
    pub timestamp: Cow<'a, str>,
    /// The session that its pane was in, by its name then.
    pub session: Cow<'a, str>,
    /// The window's index there, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// The session's id.
    pub session_id: Text<SessionId>,
    /// The window's id, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_id: Option<Text<WindowId>>,
    /// The pane.
    pub pane: Text<PaneId>,
    /// The log that it was in.
    pub epoch: Cow<'a, str>,
    /// The offset of the pane's output behind which it stood: the moment to jump to.
    pub offset: u64,
    /// Its number, which no other line of this history has.
    pub line: u64,
    /// How bad it looks.
    pub severity: Cow<'a, str>,
    /// The line, cut so that every second piece is what was searched for.
    pub snippet: Vec<Cow<'a, str>>,
    /// More of the line stands before or behind that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane as it was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenThen<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// When the last of it was printed.
    pub timestamp: Cow<'a, str>,
    /// The session that it was in, by its name then.
    pub session: Cow<'a, str>,
    /// The window's index there, if it is known.
    pub window: Option<u32>,
    /// The session's id.
    pub session_id: Text<SessionId>,
    /// The window's id, if it is known.
    pub window_id: Option<Text<WindowId>>,
    /// The pane.
    pub pane: Text<PaneId>,
    /// The host that it is of.
    pub host: Cow<'a, str>,
    /// The log that it was in.
    pub epoch: Cow<'a, str>,
    /// The place of the last of it there.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
    /// What it showed.
    pub data: PaneScreen<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A replay begins: its screen follows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayStarted<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Its number on this connection.
    pub replay: u64,
    /// The pane that the target was resolved to.
    pub pane: Text<PaneId>,
    /// From when on.
    pub from: Cow<'a, str>,
    /// Up to when.
    pub to: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The screen that a replay goes on from: at its beginning, and wherever it was told to go.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplaySnapshot<'a> {
    /// Which replay.
    pub replay: u64,
    /// When the last of it was printed.
    pub timestamp: Cow<'a, str>,
    /// The pane.
    pub pane: Text<PaneId>,
    /// What it showed.
    pub data: PaneScreen<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What a pane printed then.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayOutput<'a> {
    /// Which replay.
    pub replay: u64,
    /// When it was printed.
    pub timestamp: Cow<'a, str>,
    /// The text, escape sequences and all.
    pub content: Cow<'a, str>,
    /// The place of its first byte in the pane's output.
    pub offset: u64,
    /// How many bytes it was.
    pub bytes: u64,
    /// They are not kept, or not for this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The pane got another size then.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayResized<'a> {
    /// Which replay.
    pub replay: u64,
    /// When.
    pub timestamp: Cow<'a, str>,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// How a replay goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayState<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Which replay.
    pub replay: u64,
    /// Where it is.
    pub timestamp: Cow<'a, str>,
    /// Whether it stands still.
    pub paused: bool,
    /// How many times as fast as it was.
    pub speed: f64,
    /// Whether long pauses are made short.
    pub skip_idle: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A replay is over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayEnd<'a> {
    /// Which replay.
    pub replay: u64,
    /// Where it was.
    pub timestamp: Cow<'a, str>,
    /// `end`, `stopped` or `failed`.
    pub reason: Cow<'a, str>,
    /// Why it failed, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A question was cancelled, if it was still under way.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cancelled<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Whether there was such a question.
    pub found: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
