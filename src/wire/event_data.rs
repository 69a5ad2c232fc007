//! What events say, a type for each shape of their data.

use std::borrow::Cow;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use super::more::More;
use super::objects::{ClientObject, Contents, PaneObject, SessionObject, Text};
use crate::ids::{PaneId, WindowId};

/// A server that is gone: there is nothing left to be warned of.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LostServer<'a> {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in seconds since the Unix epoch.
    pub start_time: u64,
    /// Its version.
    pub version: Cow<'a, str>,
    /// Why it is taken for gone.
    pub reason: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A server that muxwire can't speak to with this program.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnfitServer<'a> {
    /// The version of the tmux program.
    pub program_version: Cow<'a, str>,
    /// What is wrong and what to do about it.
    pub reason: Cow<'a, str>,
    /// The version of the server, where it could be found out.
    pub server_version: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A session that came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewSession<'a> {
    /// The session.
    #[serde(flatten)]
    pub session: SessionObject<'a>,
    /// All that is in it, if it is not new but was renamed into what the client sees.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_name")]
    pub contents: Option<Contents<'a>>,
}

/// A session that has a new name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RenamedSession<'a> {
    /// The session.
    #[serde(flatten)]
    pub session: SessionObject<'a>,
    /// Its name before.
    pub previous: Cow<'a, str>,
}

/// A window that nobody could look at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MissedWindow {
    /// Its id.
    pub id: Text<WindowId>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A new name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Renamed<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The one before.
    pub previous: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A new index.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MovedWindow {
    /// The index.
    pub index: u32,
    /// The one before.
    pub previous: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A window's layout.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout<'a> {
    /// Rows.
    pub height: u32,
    /// tmux's layout string.
    pub layout: Cow<'a, str>,
    /// The panes in their order.
    pub panes: Vec<PaneIndex>,
    /// Columns.
    pub width: u32,
    /// Whether one pane fills the window.
    pub zoomed: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane's place in its window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneIndex {
    /// The pane.
    pub id: Text<PaneId>,
    /// Its index.
    pub index: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Another current window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActiveWindow {
    /// The index of the one before.
    pub previous: Option<u32>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// How tmux marks a window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks<'a> {
    /// A word each; none when it is not marked any more.
    pub alerts: Vec<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane that came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewPane<'a> {
    /// The pane.
    #[serde(flatten)]
    pub pane: PaneObject<'a>,
    /// It comes from another window.
    pub moved: bool,
}

/// A pane that went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RemovedPane {
    /// It goes to another window.
    pub moved: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Another active pane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivePane {
    /// The one before.
    pub previous: Option<Text<PaneId>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A new title.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Title<'a> {
    /// The one before.
    pub previous: Cow<'a, str>,
    /// The title.
    pub title: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What runs in the foreground.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForegroundCommand<'a> {
    /// The command.
    pub command: Cow<'a, str>,
    /// The process that the pane was made for.
    pub pid: u32,
    /// The command before.
    pub previous: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The folder of the foreground process.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForegroundPath<'a> {
    /// The folder.
    pub path: Cow<'a, str>,
    /// The one before.
    pub previous: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane's mode.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mode<'a> {
    /// The mode that it is in.
    pub mode: Option<Cow<'a, str>>,
    /// The one before.
    pub previous: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane's new size.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resized {
    /// Rows.
    pub height: u32,
    /// The size before.
    pub previous: Size,
    /// Columns.
    pub width: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A size.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Size {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What a pane printed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaneOutput<'a> {
    /// As text; each run of invalid UTF-8 is U+FFFD.
    pub content: Cow<'a, str>,
    /// How bad it looks: `info`, `warning` or `error`.
    pub severity: Cow<'a, str>,
    /// The place of the first byte in the pane's output.
    pub offset: u64,
    /// How many bytes it was before any decoding.
    pub bytes: u64,
    /// There was invalid UTF-8 in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lossy: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Output that is missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gap {
    /// How many bytes, if it is known.
    pub bytes: Option<u64>,
    /// Where output goes on.
    pub offset: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Places of the log whose events, if there were any, are lost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogGap {
    /// The place behind which they begin.
    pub after: u64,
    /// The last of them.
    pub until: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Something by its name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Named<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A client that went to another session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MovedClient<'a> {
    /// The client.
    #[serde(flatten)]
    pub client: ClientObject<'a>,
    /// The name of the session that it left.
    pub previous: Option<Cow<'a, str>>,
}

/// No data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Nothing {
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Writes fields in the order of their names, as this part of the protocol always had them.
fn by_name<S: Serializer>(
    contents: &Option<Contents<'_>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let sorted = serde_json::to_value(contents).map_err(S::Error::custom)?;
    sorted.serialize(serializer)
}
