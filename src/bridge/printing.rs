//! Printing panes through helper commands, and what takes long to do with what was printed, beside everything else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::request::ScreenError;
use super::screens::Captured;
use super::views::{HistoryPart, Parts, PrintOutcome};
use crate::background;
use crate::ids::PaneId;
use crate::redact::Rules;
use crate::screen::{PaneSnapshot, history_lines};
use crate::tmux::{HistoryPace, HistoryRange, Tmux, TmuxError, longest_print};

/// How long tmux may take to print one pane.
const CAPTURE_LIMIT: Duration = Duration::from_secs(5);

/// How long a view of a pane may take with so many lines of its history: below 3.2 tmux can't pause within a command, and
/// while somebody types there is one command a second.
#[must_use]
pub fn view_limit(scrollback: u32) -> Duration {
    CAPTURE_LIMIT + longest_print(scrollback, CAPTURE_LIMIT)
}

/// Prints panes through helper commands: a capture on a link would leak its reply in the servers of some versions.
pub(super) async fn screens(tmux: &Tmux, panes: Vec<PaneId>, context: u32) -> Captured {
    let mut captured = Vec::with_capacity(panes.len());
    for pane in panes {
        let printed = tmux.print_pane(pane, context, CAPTURE_LIMIT).await;
        let printed = printed.map(Bytes::from);
        captured.push((pane, printed.map_err(|error| unprinted(&error))));
    }
    captured
}

/// Prints one pane whole.
pub(super) async fn pane(tmux: Tmux, pane: PaneId, scrollback: u32) -> PrintOutcome {
    let whole = tmux.print_whole(pane, scrollback, CAPTURE_LIMIT).await;
    whole.map(Parts::Pane).map_err(|error| unprinted(&error))
}

/// Prints some slices of a history.
pub(super) async fn history(
    tmux: Tmux,
    pane: PaneId,
    (range, pace): (HistoryRange, HistoryPace),
    tabs: Arc<[u32]>,
) -> PrintOutcome {
    let printed = tmux.print_history(pane, range, pace, CAPTURE_LIMIT).await;
    let printed = printed.map_err(|error| unprinted(&error))?;
    let read = move || {
        let slices = printed.slices().map_err(|error| unprinted(&error))?;
        let parts = slices.into_iter().map(|slice| HistoryPart {
            lines: history_lines(&slice.lines, &tabs, range.cols),
            slice,
        });
        Ok(Parts::History(parts.collect()))
    };
    in_background(read).await
}

/// A snapshot with its secrets masked.
pub(super) async fn masked(snapshot: Arc<PaneSnapshot>, rules: Arc<Rules>) -> PrintOutcome {
    in_background(move || Ok(Parts::Masked(Box::new(snapshot.masked(&rules))))).await
}

/// Does what takes long on a background thread, so that only the client that asked for it waits.
async fn in_background(work: impl FnOnce() -> PrintOutcome + Send + 'static) -> PrintOutcome {
    let done = background::run(work).await;
    done.map_err(|error| ScreenError::Tmux(format!("a capture could not be read: {error}")))?
}

fn unprinted(error: &TmuxError) -> ScreenError {
    match error {
        TmuxError::Failed { .. } => ScreenError::NoSuchPane,
        TmuxError::NoServer { .. } => ScreenError::Unavailable,
        other => ScreenError::Tmux(other.to_string()),
    }
}
