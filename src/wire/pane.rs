//! A pane in its present state, as it stands on the wire: what shows, what tmux knows of it, and bytes that bring a fresh
//! terminal there.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::objects::Text;
use crate::ids::{PaneId, SessionId, WindowId};

/// What a pane shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneScreen<'a> {
    /// Output from this byte on follows.
    pub offset: u64,
    /// The offset at which the fields stand. What was printed between the two is at the end of the replay.
    pub screen_offset: u64,
    /// Whether nothing can be missing or doubled between it and the output from there on.
    pub exact: bool,
    /// What tmux does not report, has not been seen since, and is therefore taken to be as in a fresh terminal.
    pub assumed: Vec<Cow<'a, str>>,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The primary screen.
    pub primary: Lines<'a>,
    /// The alternate screen, while it shows.
    pub alternate: Option<Alternate<'a>>,
    /// The cursor.
    pub cursor: PaneCursor<'a>,
    /// The modes.
    pub modes: PaneModes<'a>,
    /// The columns of the tab stops, from 0.
    pub tabs: Cow<'a, [u32]>,
    /// The rows that scroll.
    pub scroll_region: ScrollRegion,
    /// What the pane has begun to print.
    pub unfinished: Unfinished<'a>,
    /// Lines in the pane's history.
    pub history: u32,
    /// The history that came before, in pages.
    pub scrollback: Scrollback,
    /// What brings a terminal there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Cow<'a, str>>,
    /// In the binary form the replay is a message of its own; this is its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_bytes: Option<usize>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Lines from the top, with SGR sequences.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lines<'a> {
    /// The lines.
    pub lines: Vec<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The alternate screen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alternate<'a> {
    /// The lines from the top, with SGR sequences.
    pub lines: Vec<Cow<'a, str>>,
    /// Where the cursor goes when the primary screen comes back; nothing if that is not known.
    pub saved: Option<Point>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A column and a row, from 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane's cursor. `x` may be the number of columns: the next character goes to the next line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneCursor<'a> {
    /// The column, from 0.
    pub x: u32,
    /// The row, from 0.
    pub y: u32,
    /// Whether it shows.
    pub visible: bool,
    /// Its shape in tmux's words, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Cow<'a, str>>,
    /// Whether it blinks, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blinking: Option<bool>,
    /// Its colour in tmux's words, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane's modes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneModes<'a> {
    /// Characters push others to the right.
    pub insert: bool,
    /// Lines wrap.
    pub wrap: bool,
    /// Rows count from the scroll region's top.
    pub origin: bool,
    /// Application keypad.
    pub keypad: bool,
    /// Application cursor keys.
    pub cursor_keys: bool,
    /// What of the mouse is reported: `off`, `standard`, `button` or `all`.
    pub mouse: Cow<'a, str>,
    /// Mouse positions are UTF-8.
    pub mouse_utf8: bool,
    /// Mouse positions are SGR.
    pub mouse_sgr: bool,
    /// Pasted text is bracketed.
    pub bracketed_paste: bool,
    /// Focus is reported.
    pub focus_events: bool,
    /// A synchronized update is under way.
    pub synchronized_output: bool,
    /// Changes between dark and light are reported.
    pub theme_updates: bool,
    /// How keys with modifiers are reported, in tmux's words.
    pub keys: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Rows, from 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ScrollRegion {
    /// The first one.
    pub top: u32,
    /// The last one.
    pub bottom: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What the pane has begun to print and the next output goes on with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Unfinished<'a> {
    /// The beginning of an escape sequence.
    pub sequence: Cow<'a, str>,
    /// How many bytes of a character there are.
    pub character: usize,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The part of the history that came with a pane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scrollback {
    /// Lines.
    pub lines: usize,
    /// Messages.
    pub pages: usize,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane in its present state, and what brings a terminal there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneSnapshot<'a> {
    /// The session's name.
    pub session: Cow<'a, str>,
    /// The window's index there.
    pub window: Option<u32>,
    /// The session's id.
    pub session_id: Text<SessionId>,
    /// The window's id.
    pub window_id: Option<Text<WindowId>>,
    /// The pane.
    pub pane: Text<PaneId>,
    /// The host that it is of.
    pub host: Cow<'a, str>,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The place in the log: the events behind it follow.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
    /// What it shows.
    pub data: PaneScreen<'a>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A page of a pane's history. The pages come before the snapshot that they belong to, the oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneScrollback<'a> {
    /// The pane.
    pub pane: Text<PaneId>,
    /// Which page, from 0.
    pub page: usize,
    /// Of how many.
    pub pages: usize,
    /// Its lines, the oldest first.
    pub lines: Vec<Cow<'a, str>>,
    /// What brings a terminal on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Cow<'a, str>>,
    /// In the binary form the replay is a message of its own; this is its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_bytes: Option<usize>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
