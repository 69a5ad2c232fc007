//! What is known of a pane at one point of its byte stream.

use bytes::Bytes;

use super::kinds::{Assumed, CursorShape, KeyMode, Mouse};
use super::tracker::Tracked;
use crate::ids::PaneId;

/// A pane's whole state at one offset of its byte stream: what a terminal that read all its bytes would show.
///
/// Lines stand for themselves: each begins with the default pen and leaves it again, as text with SGR sequences and,
/// where the pane shows links, OSC 8. Columns and rows count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneSnapshot {
    /// The pane.
    pub pane: PaneId,
    /// The offset of the first byte of the pane's stream that comes after it.
    pub offset: u64,
    /// Whether nothing can be missing or doubled between it and the stream from its offset on.
    pub exact: bool,
    /// What tmux doesn't report and the pane's bytes did not show either, and is the default here.
    pub assumed: Vec<Assumed>,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The visible lines of the primary screen from the top; also while the alternate screen shows.
    pub primary: Vec<Bytes>,
    /// The alternate screen, if it shows.
    pub alternate: Option<Alternate>,
    /// The cursor.
    pub cursor: Cursor,
    /// The modes.
    pub modes: Modes,
    /// The columns of the tab stops.
    pub tabs: Vec<u32>,
    /// The rows that scroll.
    pub scroll_region: ScrollRegion,
    /// What the pane has begun to print and not finished.
    pub unfinished: Unfinished,
    /// How many lines tmux keeps above the primary screen.
    pub history: u32,
    /// The last of these lines, as many as were captured, the oldest first.
    pub scrollback: Vec<Bytes>,
    /// What the pane's bytes set, for the replay.
    pub tracked: Tracked,
}

/// The alternate screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternate {
    /// Its lines from the top.
    pub lines: Vec<Bytes>,
    /// The column and row in which the cursor was left on the primary screen, if it was.
    pub saved: Option<(u32, u32)>,
}

/// The cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Its column; the number of columns if the next character goes to the next line.
    pub x: u32,
    /// Its row.
    pub y: u32,
    /// Whether it shows.
    pub visible: bool,
    /// Its shape, if the program chose one.
    pub shape: Option<CursorShape>,
    /// Whether it blinks, if the program said so.
    pub blinking: Option<bool>,
    /// Its colour as the program gave it, if it did.
    pub colour: Option<String>,
}

/// The modes. The cursor's are with the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// Characters push others to the right (4).
    pub insert: bool,
    /// Lines wrap (?7).
    pub wrap: bool,
    /// Rows count from the scroll region's top (?6).
    pub origin: bool,
    /// Application keypad (DECKPAM).
    pub keypad: bool,
    /// Application cursor keys (?1).
    pub cursor_keys: bool,
    /// What of the mouse is reported (?1000, ?1002, ?1003).
    pub mouse: Mouse,
    /// Mouse positions are UTF-8 (?1005).
    pub mouse_utf8: bool,
    /// Mouse positions are SGR (?1006).
    pub mouse_sgr: bool,
    /// Pasted text is bracketed (?2004).
    pub bracketed_paste: bool,
    /// Focus is reported (?1004).
    pub focus_events: bool,
    /// A synchronized update is under way (?2026).
    pub synchronized_output: bool,
    /// Changes between dark and light are reported (?2031).
    pub theme_updates: bool,
    /// How keys are reported.
    pub keys: KeyMode,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            insert: false,
            wrap: true,
            origin: false,
            keypad: false,
            cursor_keys: false,
            mouse: Mouse::Off,
            mouse_utf8: false,
            mouse_sgr: false,
            bracketed_paste: false,
            focus_events: false,
            synchronized_output: false,
            theme_updates: false,
            keys: KeyMode::Vt10x,
        }
    }
}

/// The rows that scroll, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrollRegion {
    /// The first.
    pub top: u32,
    /// The last.
    pub bottom: u32,
}

/// What the pane has begun to print and not finished.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unfinished {
    /// The start of an escape sequence; part of the replay.
    pub sequence: Bytes,
    /// The start of a UTF-8 character. It is not part of the replay: the stream brings it (again) as the first bytes
    /// from the snapshot's offset on, together with the rest of the character.
    pub character: Bytes,
}
