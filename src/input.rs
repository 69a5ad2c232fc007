//! What clients may ask of tmux: to type into panes, and to look at screens.
//!
//! The server asks through [`Input`], the bridge answers; so the server knows nothing of tmux, and a test can answer
//! in the bridge's place. Requests name panes by their id alone: whatever a client wrote has been resolved in the
//! model and authorised before.

use std::fmt;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::auth::Authorized;
use crate::ids::PaneId;

/// Whoever carries out what clients ask of tmux.
pub trait Input: Send + Sync + fmt::Debug {
    /// Types into a pane. The answer comes after tmux executed all of it; a sender that is dropped means
    /// [`InputError::Unavailable`].
    fn submit(
        &self,
        request: Authorized<InputRequest>,
    ) -> oneshot::Receiver<Result<(), InputError>>;

    /// Captures panes as they stand, each at a known offset of its output, in the order in which they were asked for.
    fn screens(&self, panes: Authorized<Vec<PaneId>>)
    -> oneshot::Receiver<Vec<(PaneId, Captured)>>;
}

/// A pane's screen, or why there is none.
pub type Captured = Result<Screen, InputError>;

/// Keys for one pane, typed in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRequest {
    /// The pane.
    pub pane: PaneId,
    /// The keys; at least one.
    pub keys: Vec<Key>,
    /// Leave a mode such as copy mode first. Without it a pane in a mode is refused.
    pub cancel_mode: bool,
}

/// Something to type.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// Bytes, typed as they are.
    Text(Bytes),
    /// A key by tmux's name for it, such as `Enter` or `C-c`; not yet checked.
    Named(String),
}

/// What was typed is nobody's business, not even a log's: it may be a password.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Named(_) => f.write_str("Named(..)"),
        }
    }
}

/// Why nothing was typed, or why it can't be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The pane went since the request was made.
    #[error("no such pane")]
    NoSuchPane,
    /// The pane's process has ended, and the pane remains.
    #[error("the pane is dead: its process has ended")]
    PaneDead,
    /// The pane is in a mode, in which keys would mean something else.
    #[error(
        "the pane is in {mode}, where keys have another meaning: leave it, or ask with \"cancel_mode\": true"
    )]
    InMode {
        /// The mode, such as `copy-mode`.
        mode: String,
    },
    /// tmux knows no key of this name.
    #[error("tmux knows no key of the name {0:?}")]
    BadKey(String),
    /// No tmux server is connected.
    #[error("tmux is not connected")]
    Unavailable,
    /// tmux refused, in its own words.
    #[error("tmux says: {0}")]
    Tmux(String),
    /// tmux did not answer in time: it may or may not have been typed.
    #[error("tmux did not answer in time; it may or may not have been carried out")]
    Timeout,
}

impl InputError {
    /// Whether it is certain that nothing was typed.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        !matches!(self, Self::Timeout | Self::Tmux(_))
    }
}

/// What a pane shows, and what a terminal has to know to go on from there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Screen {
    /// Output up to this offset is in it; output from here on follows it.
    pub offset: u64,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The rows from the top, with SGR sequences for colours; a sequence holds until the next, across rows.
    pub lines: Vec<String>,
    /// The primary screen behind, while the alternate screen is shown.
    pub primary: Option<Vec<String>>,
    /// Where the cursor is.
    pub cursor: Cursor,
    /// Where the cursor was when the alternate screen came up.
    pub saved_cursor: Option<Cursor>,
    /// The first and the last row that scroll.
    pub scroll_region: (u32, u32),
    /// Modes that differ from a terminal's usual ones or may do so.
    pub modes: Modes,
    /// The beginning of an escape sequence that the program has not finished.
    pub pending: String,
}

/// A cursor; columns and rows are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
    /// Whether it is shown.
    pub visible: bool,
}

/// A terminal's modes, as far as tmux tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "these are a terminal's independent switches"
)]
pub struct Modes {
    /// Text is inserted instead of overwriting.
    pub insert: bool,
    /// Lines wrap at the right edge.
    pub wrap: bool,
    /// Cursor positions count from the scroll region.
    pub origin: bool,
    /// The keypad sends application sequences.
    pub keypad: bool,
    /// The cursor keys send application sequences.
    pub cursor_keys: bool,
    /// Which movements of the mouse are reported.
    pub mouse: Mouse,
    /// Mouse reports are in SGR form.
    pub mouse_sgr: bool,
    /// Pasted text comes in brackets; unknown before tmux 3.7.
    pub bracketed_paste: Option<bool>,
}

/// What a program wants to know of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mouse {
    /// Nothing.
    #[default]
    Off,
    /// Presses and releases.
    Standard,
    /// Movements with a button held too.
    Button,
    /// All movements.
    Any,
}
