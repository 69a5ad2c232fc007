//! From a capture, and what the pane's bytes set, to a snapshot.

use bytes::Bytes;

use super::capture::Capture;
use super::kinds::{Assumed, CursorShape, KeyMode, Mouse};
use super::lines::independent;
use super::modes::TrackedModes;
use super::snapshot::{Alternate, Cursor, Modes, PaneSnapshot, ScrollRegion, Unfinished};
use super::tracker::{Tracked, Tracker};
use crate::control::rows::PaneStateRow;
use crate::ids::PaneId;

/// Where in the pane's stream a capture stands, and what is known of the pane besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The pane.
    pub pane: PaneId,
    /// The offset of the first byte that the capture does not show, not counting a begun character.
    pub offset: u64,
    /// Whether the offset is sure.
    pub exact: bool,
    /// The begun character at this place, if it is known whether there is one.
    pub character: Option<Bytes>,
    /// Whether captures of this tmux leave out coloured blanks at the end of lines.
    pub loses_blanks: bool,
}

impl PaneSnapshot {
    /// What a capture shows, with the tracker as it is at the same place of the pane's stream. Nothing if there is no
    /// such pane.
    #[must_use]
    pub fn new(place: Circumstances, capture: &Capture, tracker: &Tracker) -> Option<Self> {
        let state = &capture.state;
        let (cols, rows) = (state.width?, state.height?);
        if state.pane != Some(place.pane) {
            return None;
        }
        let tabs = tabs(state);
        let mut lines = independent(&capture.lines, &tabs, cols);
        let visible = lines.split_off(lines.len().saturating_sub(rows as usize));
        let (primary, alternate) = if state.alternate_on {
            let saved = state.saved_x.zip(state.saved_y);
            let alternate = Alternate {
                lines: visible,
                saved: saved.filter(|(x, y)| *x <= cols && *y < rows),
            };
            let mut primary = independent(&capture.saved, &tabs, cols);
            primary.resize(rows as usize, Bytes::new());
            (primary, Some(alternate))
        } else {
            (visible, None)
        };
        let tracked = tracker.tracked().clone();
        Some(Self {
            pane: place.pane,
            offset: place.offset,
            exact: place.exact,
            assumed: assumed(&place, state, capture, &tracked),
            cols,
            rows,
            primary,
            alternate,
            cursor: cursor(state, &tracked),
            modes: modes(state, &tracked.modes),
            tabs,
            scroll_region: ScrollRegion {
                top: state.scroll_upper.unwrap_or(0),
                bottom: state.scroll_lower.unwrap_or_else(|| rows.saturating_sub(1)),
            },
            unfinished: Unfinished {
                sequence: capture.pending.clone(),
                character: place.character.unwrap_or_default(),
            },
            history: state.history.unwrap_or_default(),
            scrollback: lines,
            tracked,
        })
    }
}

fn assumed(
    place: &Circumstances,
    state: &PaneStateRow,
    capture: &Capture,
    tracked: &Tracked,
) -> Vec<Assumed> {
    let mut assumed = Vec::new();
    tracked.assumed(&mut assumed);
    let modes = &tracked.modes;
    let private = state.private_modes.is_some();
    // tmux knows no synchronized output and no themes before it reports them, or hardly.
    let modes_unknown = (state.bracketed_paste.is_none() && !modes.is_known(2004))
        || (!private && !modes.is_known(1004))
        || (state.key_mode.is_none() && modes.keys().is_none());
    let height = |lines: &Vec<Bytes>| state.height.is_none_or(|rows| lines.len() != rows as usize);
    let primary = state.alternate_on && (tracked.resized_in_alternate || height(&capture.saved));
    let unknown = [
        (
            Assumed::CursorStyle,
            state.cursor_shape.is_none() && !tracked.style.known,
        ),
        (Assumed::Modes, modes_unknown),
        (
            Assumed::Blanks,
            place.loses_blanks && tracked.may_have_coloured_blanks,
        ),
        (Assumed::Tabs, tracked.tabs_unsure && capture.has_tabs()),
        (Assumed::Primary, primary),
        (Assumed::Character, place.character.is_none()),
    ];
    let unknown = unknown.into_iter().filter(|(_, unknown)| *unknown);
    assumed.extend(unknown.map(|(item, _)| item));
    assumed
}

/// The cursor, by tmux where it reports it (3.6), else by what the pane's bytes said.
fn cursor(state: &PaneStateRow, tracked: &Tracked) -> Cursor {
    let reported = state.cursor_shape.as_deref();
    let shape = match reported {
        Some("block") => Some(CursorShape::Block),
        Some("underline") => Some(CursorShape::Underline),
        Some("bar") => Some(CursorShape::Bar),
        Some(_) => None,
        None => tracked.style.shape,
    };
    // tmux says that a cursor of which nobody said anything does not blink.
    let silent = shape.is_none() && state.cursor_blinking != Some(true);
    let blinking = if silent || reported.is_none() {
        tracked.style.blinking
    } else {
        state.cursor_blinking
    };
    let tracked_colour = || {
        let colour = tracked.palette.cursor();
        colour.map(|colour| String::from_utf8_lossy(colour).into_owned())
    };
    let colour = match state.cursor_colour.as_deref() {
        Some("none" | "default") => None,
        Some(colour) => Some(colour.to_owned()),
        None => tracked_colour(),
    };
    Cursor {
        x: state.cursor_x.unwrap_or_default(),
        y: state.cursor_y.unwrap_or_default(),
        visible: state.cursor_visible,
        shape,
        blinking,
        colour,
    }
}

fn modes(state: &PaneStateRow, tracked: &TrackedModes) -> Modes {
    let mouse = match () {
        () if state.mouse_all => Mouse::All,
        () if state.mouse_button => Mouse::Button,
        () if state.mouse_standard => Mouse::Standard,
        () => Mouse::Off,
    };
    let keys = match state.key_mode.as_deref() {
        Some("Ext 1") => KeyMode::Extended1,
        Some("Ext 2") => KeyMode::Extended2,
        Some(_) => KeyMode::Vt10x,
        None => tracked.keys().unwrap_or_default(),
    };
    let private = |mode: u16| match state.private_modes.as_deref() {
        Some(modes) => modes.split(',').any(|set| set == mode.to_string()),
        None => tracked.is_on(mode),
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
        bracketed_paste: state.bracketed_paste.unwrap_or_else(|| tracked.is_on(2004)),
        focus_events: private(1004),
        synchronized_output: state
            .synchronized_output
            .unwrap_or_else(|| tracked.is_on(2026)),
        theme_updates: private(2031),
        keys,
    }
}

fn tabs(state: &PaneStateRow) -> Vec<u32> {
    let stops = state.tabs.split(',');
    stops.filter_map(|stop| stop.parse().ok()).collect()
}
