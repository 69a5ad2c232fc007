//! Ending the links that a muxwire which was killed has left behind.
//!
//! The kernel ends them with it, where it can. This is for the rest: an orphan keeps its session attached, takes output
//! that nobody reads, and keeps a killed server half alive.
//!
//! What must hold: a process is ended only if its environment bears muxwire's mark *and* the muxwire that the mark names
//! is gone *and* the server that it names is this one *and* its command line is that of a control client. Never by name alone: tmux's server bears
//! the same name as its clients.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::process_stat::all_processes;
use crate::tmux::mark::{Mark, start_time};
use crate::tmux::{Tmux, TmuxError};

/// How long `list-clients` may take.
const LIST_DEADLINE: Duration = Duration::from_secs(5);

/// How long an orphan has to end after SIGTERM before it gets SIGKILL.
const TERM_DEADLINE: Duration = Duration::from_secs(2);

/// How long it takes the kernel at most to end it then, on a busy machine.
const KILL_DEADLINE: Duration = Duration::from_secs(5);

/// How often to look whether it has ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Ends the control clients of this server whose muxwire is gone, and says how many there were.
///
/// # Errors
/// No permission for the socket. A server that isn't there, or one that an orphan keeps from answering, is no error.
pub async fn reap_stale(tmux: &Tmux) -> Result<usize, TmuxError> {
    let candidates: Vec<u32> = match tmux
        .run(&["list-clients", "-F", "#{client_pid}"], LIST_DEADLINE)
        .await
    {
        Ok(listed) => String::from_utf8_lossy(&listed)
            .lines()
            .filter_map(|line| line.parse().ok())
            .collect(),
        Err(TmuxError::NoServer { .. }) => return Ok(0),
        // A killed server that orphans keep half alive answers nothing, but its clients can still be recognised by their mark.
        Err(error) if error.heals_by_waiting() => all_processes().collect(),
        Err(error) => return Err(error),
    };
    let mut reaped = 0;
    for pid in candidates {
        if reap(tmux, pid).await {
            tracing::warn!(pid, "ended a link that a killed muxwire left behind");
            reaped += 1;
        }
    }
    Ok(reaped)
}

/// Ends one process if it is a stale link.
async fn reap(tmux: &Tmux, pid: u32) -> bool {
    // The handle comes first: what is checked below is then what the signal reaches, even if the number comes again.
    let handle = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(handle) = handle.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return false;
    };
    let started = start_time(pid);
    if !is_stale_link(tmux, pid) || pidfd_send_signal(&handle, Signal::TERM).is_err() {
        return false;
    }
    if !has_ended(pid, started, TERM_DEADLINE).await {
        // It fails when the process has ended in between.
        let _ = pidfd_send_signal(&handle, Signal::KILL);
        if !has_ended(pid, started, KILL_DEADLINE).await {
            tracing::warn!(
                pid,
                "a link that a killed muxwire left behind has not ended yet"
            );
        }
    }
    true
}

/// Waits until a process has ended, at most this long. Says whether it has.
async fn has_ended(pid: u32, started: Option<u64>, at_most: Duration) -> bool {
    let deadline = Instant::now() + at_most;
    while start_time(pid) == started {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    true
}

fn is_stale_link(tmux: &Tmux, pid: u32) -> bool {
    Mark::of_process(pid).is_some_and(|mark| mark.is_of(tmux.socket_path()) && mark.owner_is_gone())
        && is_control_client(pid)
}

/// Whether the command line holds `-C`, as a link writes it.
fn is_control_client(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.split(|&byte| byte == 0).any(|word| word == b"-C"))
}
