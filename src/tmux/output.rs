//! What helper programs print.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::background;

/// How much of what tmux prints goes into an error.
const LONGEST_SAYING: usize = 200;

/// Runs a command to its end. None when the deadline passed; the process is killed then.
pub(super) async fn output_of(
    command: &mut Command,
    deadline: Duration,
) -> io::Result<Option<Output>> {
    piped(command);
    let child = command.spawn()?;
    finished(child, deadline).await
}

/// The same for a command that can wait: it is started by a background thread, since to start a process takes the
/// longer the more memory this one has, and runs at a low priority.
pub(super) async fn output_in_background(
    mut command: Command,
    deadline: Duration,
) -> io::Result<Option<Output>> {
    piped(&mut command);
    let runtime = Handle::current();
    let spawn = move || {
        let _entered = runtime.enter();
        command.spawn()
    };
    finished(background::run(spawn).await??, deadline).await
}

fn piped(command: &mut Command) {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
}

async fn finished(child: Child, deadline: Duration) -> io::Result<Option<Output>> {
    timeout(deadline, child.wait_with_output())
        .await
        .ok()
        .transpose()
}

/// The first line of what a program printed, without control characters and not too long.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .take(LONGEST_SAYING)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_printed_is_made_harmless() {
        let rows: [(&[u8], &str); 4] = [
            (b"  no server\nmore\n", "no server"),
            (b"\x1b[31mred\x07", "?[31mred?"),
            (b"\xff", "\u{fffd}"),
            (b"", ""),
        ];
        for (bytes, expected) in rows {
            assert_eq!(printable(bytes), expected);
        }
        assert_eq!(printable("x".repeat(999).as_bytes()).len(), LONGEST_SAYING);
    }
}
