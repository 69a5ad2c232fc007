//! A pane's screen, as snapshots of the state have it.

use serde::{Deserialize, Serialize};

use super::more::More;

/// What a pane shows, and where its output goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Screen {
    /// Output from this byte on follows it.
    pub offset: u64,
    /// Whether nothing can be missing or doubled between it and the output from there on.
    pub exact: bool,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The rows from the top, with SGR sequences.
    pub lines: Vec<String>,
    /// The cursor.
    pub cursor: Cursor,
    /// Whether it is the alternate screen.
    pub alternate: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A cursor; columns and rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
    /// Whether it shows.
    pub visible: bool,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
