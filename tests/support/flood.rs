//! Panes that print without end, and links that take it.

use std::fs;
use std::path::{Path, PathBuf};

use muxwire::tmux::{LinkEvent, LinkHandle, LinkKind, Tmux};

use super::TmuxServer;
use super::owner::{Owner, session};

/// Prints for ever.
pub const FLOOD: &str =
    "exec yes 0123456789012345678901234567890123456789012345678901234567890123456789";

/// How much one line of a [`progress`] file stands for.
const PROGRESS_BYTES: usize = 64 * 1024;

/// A shell command that prints for ever and writes a line into a file for every 64 KiB that it got rid of.
pub fn flood_with_progress(server: &TmuxServer) -> (String, PathBuf) {
    let file = server.folder().join("progress");
    let shown = file.display();
    (
        format!(
            "while :; do head -c {PROGRESS_BYTES} /dev/zero | tr '\\0' x; echo >> {shown}; done"
        ),
        file,
    )
}

/// How many bytes a pane has printed by its progress file.
pub fn progress(file: &Path) -> usize {
    fs::metadata(file).map_or(0, |found| {
        usize::try_from(found.len()).unwrap() * PROGRESS_BYTES
    })
}

/// A control and an output link to the session of a pane.
pub async fn links(owner: &mut Owner, tmux: &Tmux, id: &str) -> [LinkHandle; 2] {
    let control = owner.open(
        tmux,
        1,
        LinkKind::Control {
            session: session("$0"),
        },
    );
    owner.attached(&control).await;
    let output = owner.open(
        tmux,
        2,
        LinkKind::Output {
            session: session(id),
        },
    );
    owner.attached(&output).await;
    [control, output]
}

/// Reads events until a pane has printed so many bytes more, here or into the void.
pub async fn flow_by(owner: &mut Owner, wanted: usize) {
    let mut seen = 0;
    owner
        .until(|event| {
            if let LinkEvent::Output { bytes, .. } = event {
                seen += bytes.len();
            }
            (seen >= wanted).then_some(())
        })
        .await;
}
