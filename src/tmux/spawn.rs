//! Starting child processes that can't outlive muxwire. This is the one audited module with `unsafe`.
//!
//! An orphaned `tmux -C` goes on taking output that nobody reads, and from tmux 3.3a on it keeps a killed server
//! half alive, so that every later command on that socket fails. Hence the kernel ends each child with its parent.
//!
//! A server can end with a `tmux -C` whose input ends while the server has output for it (danger 17 of
//! `docs/control-mode.md`). A child exits as soon as it gets SIGTERM, also while the server does not run, and the server has its
//! input then. Hence that input has no end: what reads it can write it too, so that whoever has it open, the server at last,
//! keeps it open. Where a pipe can't be opened so, each child keeps the writing end of its own input instead. Of its output
//! it keeps nothing: a child that waits for itself to read what it says would never end.
//!
//! What must hold: the kernel watches the *thread* that forked. Spawn from one that lives as long as the process, as
//! the single thread of muxwire's runtime does.

use std::env;
#[cfg(target_os = "linux")]
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::process::Stdio;

use tokio::net::unix::pipe;
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

/// Muxwire's ends of a child's standard input and output.
#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) stdin: pipe::Sender,
    pub(super) stdout: pipe::Receiver,
}

/// Starts the command with an input that does not end before its process does, even if muxwire's end closes.
pub(super) fn with_lasting_input(
    mut command: Command,
) -> io::Result<(tokio::process::Child, Pipes)> {
    let (input, stdin) = io::pipe()?;
    let (stdout, output) = io::pipe()?;
    command.stdout(Stdio::from(output));
    match with_own_writer(&input) {
        Ok(input) => command.stdin(Stdio::from(input)),
        Err(_) => {
            keep_open(&mut command, stdin.as_raw_fd());
            command.stdin(Stdio::from(input))
        }
    };
    let child = command.spawn()?;
    // With it go the child's own ends, which would hide the end of the output.
    drop(command);
    let pipes = Pipes {
        stdin: pipe::Sender::from_owned_fd(stdin.into())?,
        stdout: pipe::Receiver::from_owned_fd(stdout.into())?,
    };
    Ok((child, pipes))
}

/// The reading end of a pipe that is a writing end too, so that nobody who reads it ever comes to its end: neither the child nor
/// the server, to which the child passes it on.
#[cfg(target_os = "linux")]
fn with_own_writer(input: &io::PipeReader) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", input.as_raw_fd());
    OpenOptions::new().read(true).write(true).open(path)
}

/// Elsewhere a pipe can't be opened so.
#[cfg(not(target_os = "linux"))]
fn with_own_writer(_input: &io::PipeReader) -> io::Result<std::fs::File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Lets the command's process inherit a descriptor, which must be open when it is spawned.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "only pre_exec runs code in the child alone, where the descriptor loses close-on-exec"
)]
fn keep_open(command: &mut Command, descriptor: RawFd) {
    use rustix::io::{FdFlags, fcntl_setfd};

    let keep = move || {
        // SAFETY: the parent has it open while it forks, so that the child has it too.
        let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
        Ok(fcntl_setfd(descriptor, FdFlags::empty())?)
    };
    // SAFETY: the closure makes one plain system call, allocates nothing, takes no lock, and captures a copied number.
    unsafe {
        command.pre_exec(keep);
    }
}

/// Elsewhere nothing but the end of its input ends a child with its parent.
#[cfg(not(target_os = "linux"))]
fn keep_open(_command: &mut Command, _descriptor: RawFd) {}

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
