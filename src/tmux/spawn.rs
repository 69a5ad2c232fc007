//! Starting child processes that can't outlive muxwire. This is the one audited module with `unsafe`.
//!
//! An orphaned `tmux -C` goes on taking output that nobody reads, and from tmux 3.3a on it keeps a killed server
//! half alive, so that every later command on that socket fails. Hence the kernel ends each child with its parent.
//!
//! What must hold: the kernel watches the *thread* that forked. Spawn from one that lives as long as the process, as
//! the single thread of muxwire's runtime does.

use std::env;

use tokio::process::Command;

use crate::tmux::mark::Mark;

/// Makes the kernel send SIGTERM to the command's process as soon as the calling thread ends, however it ends.
///
/// It survives `exec`, as long as the program isn't setuid.
#[cfg(target_os = "linux")]
pub(super) fn end_with_parent(command: &mut Command) {
    end_with(command, rustix::process::getpid());
}

/// The same, for a process that ends at once unless this is its parent.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "only pre_exec runs code between fork and exec, where PR_SET_PDEATHSIG must be set"
)]
fn end_with(command: &mut Command, parent: rustix::process::Pid) {
    use rustix::process::{Signal, getpid, getppid, kill_process, set_parent_process_death_signal};

    let set = move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // The parent may have died before the line above, and then no signal will ever come. An error can't be reported
        // to a dead parent either: the standard library aborts then, which leaves a core in the user's folder.
        if getppid() != Some(parent) {
            kill_process(getpid(), Signal::KILL)?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. The closure makes a few plain system
    // calls, allocates nothing, takes no lock, and captures a copied number.
    unsafe {
        command.pre_exec(set);
    }
}

/// Elsewhere the kernel has no such signal: the links of a killed muxwire are ended by the next one's `reap_stale`.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_with_parent(_command: &mut Command) {}

/// Takes out of a child's environment what would change tmux's behaviour, and muxwire's own settings.
///
/// With `TMUX` set, tmux refuses to attach ("sessions should be nested with care").
pub(super) fn clean_environment(command: &mut Command) {
    let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("MUXWIRE_");
    for (name, _) in env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command.env_remove("TMUX").env_remove("TMUX_PANE");
}

/// Writes into a link's environment whose it is, so that a later muxwire can tell an orphan from another's link.
pub(super) fn mark_as_link(command: &mut Command, mark: &Mark) {
    command.env(Mark::VARIABLE, mark.text());
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[tokio::test]
    async fn regression_a_child_whose_parent_is_gone_ends_without_a_core() {
        let mut command = Command::new("true");
        // As it looks to a child whose parent died before it could ask for a signal.
        end_with(&mut command, rustix::process::Pid::INIT);
        let status = command.spawn().unwrap().wait().await.unwrap();
        assert_eq!(status.signal(), Some(9), "{status}");
    }
}
