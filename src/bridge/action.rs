//! What the owner wants done.

use std::sync::Arc;

use crate::control::Command;
use crate::ids::PaneId;
use crate::redact::Rules;
use crate::screen::PaneSnapshot;
use crate::tmux::{HistoryPace, HistoryRange, LinkId, LinkKind};

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action {
    /// Look for a server, and report when there is one.
    Find,
    /// List everything through ordinary commands.
    List,
    /// Start a link.
    Open(LinkKind),
    /// Send commands on a link; their replies come back with the tag.
    Send {
        link: LinkId,
        tag: u64,
        commands: Vec<Command>,
    },
    /// Print what these panes show, with so many lines above it.
    Capture { panes: Vec<PaneId>, context: u32 },
    /// Print a pane whole, with this many lines of scrollback.
    Print {
        ticket: u64,
        pane: PaneId,
        scrollback: u32,
    },
    /// Print the lower end of a part of a pane's history, whose lines have these tab stops.
    PrintHistory {
        ticket: u64,
        pane: PaneId,
        range: HistoryRange,
        pace: HistoryPace,
        tabs: Arc<[u32]>,
    },
    /// Mask the secrets in a snapshot.
    Mask {
        ticket: u64,
        snapshot: Arc<PaneSnapshot>,
        rules: Arc<Rules>,
    },
    /// Let a link detach and end.
    Close(LinkId),
    /// Note in a recording that the next listing is a check of the reconciler.
    NoteCheck,
}
