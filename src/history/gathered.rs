//! What goes into the log of one pane, and what a commit gets of it.

use bytes::Bytes;

use super::chunk::Chunk;
use crate::model::{Audience, Visibility};

/// An output of the log.
#[derive(Debug)]
pub(super) struct OutputEvent<'a> {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) offset: u64,
    pub(super) bytes: &'a Bytes,
    pub(super) visibility: Visibility,
    pub(super) audience: &'a Audience,
    /// Whether its bytes may be kept.
    pub(super) kept: bool,
}

/// A whole screen.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) offset: u64,
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) size: (u32, u32),
    pub(super) exact: bool,
    pub(super) source: &'static str,
    pub(super) replay: Bytes,
}

/// What a commit gets of a pane.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) chunk: Option<Chunk>,
    pub(super) frames: Vec<Frame>,
}
