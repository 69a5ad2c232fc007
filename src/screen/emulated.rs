//! From an emulator, and what the tracker read of the same bytes, to a snapshot.

use bytes::Bytes;

use super::kinds::{Assumed, KeyMode};
use super::modes::TrackedModes;
use super::snapshot::{Alternate, Cursor, Modes, PaneSnapshot, ScrollRegion, Unfinished};
use super::tracker::Tracker;
use crate::ids::PaneId;

/// What an emulator shows of a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emulated {
    /// The pane.
    pub pane: PaneId,
    /// The offset of the first byte that it has not read.
    pub offset: u64,
    /// Whether it has read all bytes before that, or began with an exact snapshot.
    pub exact: bool,
    /// Columns and rows.
    pub size: (u32, u32),
    /// The visible lines of the primary screen from the top.
    pub primary: Vec<Bytes>,
    /// The alternate screen, if it shows.
    pub alternate: Option<Alternate>,
    /// The cursor's column and row, and whether it shows.
    pub cursor: (u32, u32, bool),
    /// The modes that emulators have; the others are the tracker's.
    pub modes: Modes,
    /// The columns of the tab stops.
    pub tabs: Vec<u32>,
    /// The rows that scroll.
    pub scroll_region: ScrollRegion,
    /// The beginning of a sequence.
    pub sequence: Bytes,
}

impl PaneSnapshot {
    /// What an emulator shows, with a tracker that has read the same bytes.
    #[must_use]
    pub fn emulated(shown: Emulated, tracker: &Tracker) -> Self {
        let tracked = tracker.tracked().clone();
        let mut assumed = Vec::new();
        tracked.assumed(&mut assumed);
        if !tracked.style.known {
            assumed.push(Assumed::CursorStyle);
        }
        let (x, y, visible) = shown.cursor;
        let colour = tracked.palette.cursor();
        let colour = colour.map(|colour| String::from_utf8_lossy(colour).into_owned());
        Self {
            pane: shown.pane,
            offset: shown.offset,
            exact: shown.exact,
            assumed,
            cols: shown.size.0,
            rows: shown.size.1,
            primary: shown.primary,
            alternate: shown.alternate,
            cursor: Cursor {
                x,
                y,
                visible,
                shape: tracked.style.shape,
                blinking: tracked.style.blinking,
                colour,
            },
            modes: with_tracked(shown.modes, &tracked.modes),
            tabs: shown.tabs,
            scroll_region: shown.scroll_region,
            unfinished: Unfinished {
                sequence: shown.sequence,
                character: Bytes::new(),
            },
            history: 0,
            scrollback: Vec::new(),
            tracked,
        }
    }
}

fn with_tracked(modes: Modes, tracked: &TrackedModes) -> Modes {
    Modes {
        synchronized_output: tracked.is_on(2026),
        theme_updates: tracked.is_on(2031),
        keys: tracked.keys().unwrap_or(KeyMode::Vt10x),
        ..modes
    }
}
