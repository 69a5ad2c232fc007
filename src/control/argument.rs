//! What commands take: values that can't be wrong.
//!
//! This module knows what tmux allows, and not how a command is written.

use std::fmt;

use bytes::Bytes;

use super::rows;
use crate::ids::WindowId;

/// The most bytes that one [`super::Command::SendBytes`] carries.
///
/// Each byte is an argument. tmux takes 5,000 of them and fails near 10,000, as a whole; 900 keep a line below 3 KB, with
/// room for other commands on it, and let commands of others in between.
pub const MAX_INPUT_BYTES: usize = 900;

/// What becomes of a pane's output. There is no `off`: it kills servers before 3.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Hold it back; what is queued is thrown away.
    Pause,
    /// Let it go on.
    Continue,
}

/// A format that tmux watches for us once a second, in each place of the attached session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subscription {
    /// The pane's title.
    PaneTitle,
    /// The name of the pane's foreground process.
    PaneCommand,
    /// The foreground process's working directory.
    PanePath,
    /// The pane's first process, which changes with `respawn-pane`.
    PaneProcess,
    /// Whether that process has ended and the pane remains.
    PaneDead,
    /// The window's flags: activity, bell, silence, zoom.
    WindowFlags,
}

/// What tmux watches for us once a second by way of one window that is named.
///
/// Before 3.7 a session that ends takes the whole server with it, if its client has a [`Subscription`] and has not gone
/// yet within the second: tmux then looks for all windows of no session. A window by its id is looked for safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Watch {
    /// All that [`Subscription`]s report this window's panes.
    Panes(WindowId),
    /// Which windows all sessions of the server have; only reported as long as this window is in the client's session.
    Places(WindowId),
}

/// 1 to [`MAX_INPUT_BYTES`] bytes to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputBytes(Bytes);

/// Lines of a screen, both ends included: 0 is the first visible line, history is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    first: i32,
    last: i32,
}

/// Columns and rows, both within what tmux allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    columns: u32,
    rows: u32,
}

impl Flow {
    fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Continue => "continue",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Pause, Self::Continue]
            .into_iter()
            .find(|flow| flow.word() == word)
    }
}

impl fmt::Display for Flow {
    /// As `refresh-client -A` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Subscription {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::PaneTitle,
        Self::PaneCommand,
        Self::PanePath,
        Self::PaneProcess,
        Self::PaneDead,
        Self::WindowFlags,
    ];

    /// Its name in `%subscription-changed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.parts().0
    }

    /// The subscription of this name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|subscription| subscription.name().as_bytes() == name)
    }

    /// As `refresh-client -B` takes it.
    pub(super) fn definition(self) -> String {
        let (name, place, format) = self.parts();
        format!("{name}:{place}:{format}")
    }

    /// Name, what it is watched for, and format. The formats give one value and no control character.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PaneTitle => ("muxwire-title", "%*", rows::PANE_TITLE),
            Self::PaneCommand => ("muxwire-command", "%*", rows::PANE_COMMAND),
            Self::PanePath => ("muxwire-path", "%*", rows::PANE_PATH),
            Self::PaneProcess => ("muxwire-process", "%*", "#{pane_pid}"),
            Self::PaneDead => ("muxwire-dead", "%*", "#{pane_dead}"),
            Self::WindowFlags => ("muxwire-flags", "@*", "#{window_flags}"),
        }
    }
}

impl fmt::Display for Subscription {
    /// Its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Watch {
    const PANES: &str = "muxwire-panes-";
    const PLACES: &str = "muxwire-places-";

    /// What has this name, as its display gives it.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let panes = name.strip_prefix(Self::PANES).map(str::parse);
        let places = name.strip_prefix(Self::PLACES).map(str::parse);
        match (panes, places) {
            (Some(window), _) => window.ok().map(Self::Panes),
            (_, Some(window)) => window.ok().map(Self::Places),
            (None, None) => None,
        }
    }

    /// As `refresh-client -B` takes it.
    pub(super) fn definition(self) -> String {
        let (window, format) = match self {
            Self::Panes(window) => (window, rows::WINDOW_PANES),
            Self::Places(window) => (window, rows::PLACES),
        };
        format!("{self}:{window}:{format}")
    }
}

impl fmt::Display for Watch {
    /// Its name in `%subscription-changed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panes(window) => write!(f, "{}{window}", Self::PANES),
            Self::Places(window) => write!(f, "{}{window}", Self::PLACES),
        }
    }
}

impl InputBytes {
    /// These bytes, if there are 1 to [`MAX_INPUT_BYTES`] of them.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Option<Self> {
        let bytes = bytes.into();
        (1..=MAX_INPUT_BYTES)
            .contains(&bytes.len())
            .then_some(Self(bytes))
    }

    /// These bytes in as many pieces as it takes; none for none.
    pub fn split(bytes: impl Into<Bytes>) -> impl Iterator<Item = Self> {
        let mut bytes = bytes.into();
        std::iter::from_fn(move || {
            let piece = bytes.split_to(bytes.len().min(MAX_INPUT_BYTES));
            Self::new(piece)
        })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn from_hex(words: &[&str]) -> Option<Self> {
        let bytes: Option<Vec<u8>> = words
            .iter()
            .map(|word| u8::from_str_radix(word, 16).ok())
            .collect();
        Self::new(bytes?)
    }
}

impl fmt::Display for InputBytes {
    /// A blank and two hex digits for each byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
    }
}

impl LineRange {
    /// The furthest line that tmux takes, in either direction.
    pub const FURTHEST: i32 = 32_767;

    /// The lines from `first` to `last`, if there are any and tmux can count them.
    #[must_use]
    pub fn new(first: i32, last: i32) -> Option<Self> {
        let fits = |line: i32| (-10_000_000..=Self::FURTHEST).contains(&line);
        (first <= last && fits(first) && fits(last)).then_some(Self { first, last })
    }

    /// The first line.
    #[must_use]
    pub fn first(self) -> i32 {
        self.first
    }

    /// The last line.
    #[must_use]
    pub fn last(self) -> i32 {
        self.last
    }

    /// How many lines these are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.last.abs_diff(self.first) + 1
    }

    /// How many lines tmux gives of a screen of this size: it moves either end to the nearest line that there is.
    #[must_use]
    pub fn count_within(self, history: u32, height: u32) -> u32 {
        let lowest = -i64::from(history);
        let highest = i64::from(height.max(1)) - 1;
        let clamp = |line: i32| i64::from(line).clamp(lowest, highest);
        u32::try_from(clamp(self.last) - clamp(self.first) + 1).unwrap_or(u32::MAX)
    }
}

/// Who says how large a window is: a value of tmux's option `window-size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// The largest client.
    Largest,
    /// The smallest client.
    Smallest,
    /// The client that was used last.
    Latest,
    /// The client that resized it last.
    Manual,
}

impl Sizing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Largest, Self::Smallest, Self::Latest, Self::Manual];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Largest => "largest",
            Self::Smallest => "smallest",
            Self::Latest => "latest",
            Self::Manual => "manual",
        }
    }

    /// The one that tmux writes so.
    #[must_use]
    pub fn from_word(word: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|one| one.word().as_bytes() == word)
    }
}

impl WindowSize {
    /// The most columns or rows that tmux gives a window.
    pub const MOST: u32 = 10_000;

    /// This size, if each is 1 to [`Self::MOST`].
    #[must_use]
    pub fn new(columns: u32, rows: u32) -> Option<Self> {
        let fits = |size: u32| (1..=Self::MOST).contains(&size);
        (fits(columns) && fits(rows)).then_some(Self { columns, rows })
    }

    /// The size that the reply to [`Command::WindowExtent`](super::Command::WindowExtent) names.
    #[must_use]
    pub fn from_reply(reply: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(reply).ok()?;
        let (columns, rows) = text.trim_end().split_once(' ')?;
        Self::new(columns.parse().ok()?, rows.parse().ok()?)
    }

    /// The columns.
    #[must_use]
    pub fn columns(self) -> u32 {
        self.columns
    }

    /// The rows.
    #[must_use]
    pub fn rows(self) -> u32 {
        self.rows
    }
}
