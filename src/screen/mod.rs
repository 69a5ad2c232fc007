//! A pane's screen: what tmux captured of it, what only the pane's own bytes show, and the bytes that bring a fresh
//! terminal into that state.
//!
//! It does no IO and knows no links: bytes and captures come in, a [`PaneSnapshot`] comes out. Reading order: `snapshot`
//! (what is known of a pane at one offset), `replay` (how a terminal gets there).

mod build;
mod capture;
mod charset;
mod emulated;
mod kinds;
mod lines;
mod masked;
mod modes;
mod palette;
mod pen;
mod replay;
mod scrolled;
mod sequence;
mod snapshot;
pub use tracker::{Tracked, Tracker};
mod tracker;

pub use build::Circumstances;
pub use capture::{Capture, history_lines};
pub use emulated::Emulated;
pub use kinds::{Assumed, CursorShape, KeyMode, Mouse};
pub use masked::mask_lines;
pub use replay::replay_scrollback;
pub use scrolled::Scrolled;
pub use snapshot::{Alternate, Cursor, Modes, PaneSnapshot, ScrollRegion, Unfinished};
