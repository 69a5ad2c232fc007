//! From a capture to a snapshot.

use bytes::Bytes;

use super::capture::Capture;
use super::snapshot::{
    Alternate, Cursor, CursorShape, KeyMode, Modes, Mouse, PaneSnapshot, ScrollRegion, Unfinished,
};
use crate::control::rows::PaneStateRow;
use crate::ids::PaneId;

impl PaneSnapshot {
    /// What a capture shows, at an offset of the pane's stream. Nothing if there was no such pane.
    #[must_use]
    pub fn new(pane: PaneId, offset: u64, exact: bool, capture: &Capture) -> Option<Self> {
        let state = &capture.state;
        let (cols, rows) = (state.width?, state.height?);
        if state.pane != Some(pane) {
            return None;
        }
        let visible = capture.lines.len().saturating_sub(rows as usize);
        let (scrollback, shown) = capture.lines.split_at(visible);
        let (primary, alternate) = if state.alternate_on {
            let saved = state.saved_x.zip(state.saved_y);
            let alternate = Alternate {
                lines: shown.to_vec(),
                saved: saved.filter(|(x, y)| *x <= cols && *y < rows),
            };
            (capture.saved.clone(), Some(alternate))
        } else {
            (shown.to_vec(), None)
        };
        Some(Self {
            pane,
            offset,
            exact,
            assumed: Vec::new(),
            cols,
            rows,
            primary,
            alternate,
            cursor: cursor(state),
            modes: modes(state),
            tabs: tabs(state),
            scroll_region: ScrollRegion {
                top: state.scroll_upper.unwrap_or(0),
                bottom: state.scroll_lower.unwrap_or_else(|| rows.saturating_sub(1)),
            },
            unfinished: Unfinished {
                sequence: capture.pending.clone(),
                character: Bytes::new(),
            },
            history: state.history.unwrap_or_default(),
            scrollback: scrollback.to_vec(),
        })
    }
}

fn cursor(state: &PaneStateRow) -> Cursor {
    let shape = match state.cursor_shape.as_deref() {
        Some("block") => Some(CursorShape::Block),
        Some("underline") => Some(CursorShape::Underline),
        Some("bar") => Some(CursorShape::Bar),
        _ => None,
    };
    Cursor {
        x: state.cursor_x.unwrap_or_default(),
        y: state.cursor_y.unwrap_or_default(),
        visible: state.cursor_visible,
        shape,
        blinking: state.cursor_blinking,
        colour: state
            .cursor_colour
            .clone()
            .filter(|colour| !matches!(colour.as_str(), "none" | "default")),
    }
}

fn modes(state: &PaneStateRow) -> Modes {
    let mouse = match () {
        () if state.mouse_all => Mouse::All,
        () if state.mouse_button => Mouse::Button,
        () if state.mouse_standard => Mouse::Standard,
        () => Mouse::Off,
    };
    let keys = match state.key_mode.as_deref() {
        Some("Ext 1") => KeyMode::Extended1,
        Some("Ext 2") => KeyMode::Extended2,
        _ => KeyMode::Vt10x,
    };
    let private = |mode: &str| {
        let modes = state.private_modes.as_deref();
        modes.is_some_and(|modes| modes.split(',').any(|set| set == mode))
    };
    Modes {
        insert: state.insert,
        wrap: state.wrap,
        origin: state.origin,
        keypad: state.keypad,
        cursor_keys: state.keypad_cursor,
        mouse,
        mouse_utf8: state.mouse_utf8,
        mouse_sgr: state.mouse_sgr,
        bracketed_paste: state.bracketed_paste.unwrap_or(false),
        focus_events: private("1004"),
        synchronized_output: state.synchronized_output.unwrap_or(false),
        theme_updates: private("2031"),
        keys,
    }
}

fn tabs(state: &PaneStateRow) -> Vec<u32> {
    let stops = state.tabs.split(',');
    stops.filter_map(|stop| stop.parse().ok()).collect()
}
