//! The processes below a pane's first one, read from `/proc`.
//!
//! They are looked at when there is a reason, never from time to time; that a process has ended the kernel says by itself,
//! through a pidfd. What `/proc` says of a process is read in pieces, between which it may end and its number be given to
//! another one, so what counts is compared with its start time.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::places::Places;
use crate::agent::{Process, RuleSet};
use crate::process_stat::ProcessStat;

/// The most processes of a pane that are looked at. The agent is near the root, and the root's children come first.
const MOST_PROCESSES: usize = 256;

/// The most threads of a process whose children are looked for. Most programs start others from their first thread.
const MOST_THREADS: usize = 64;

/// How much is read of a process's arguments, in bytes.
const LONGEST_ARGUMENTS: u64 = 8 << 10;

/// How much is read of a process's variables, in bytes.
const LONGEST_ENVIRONMENT: u64 = 256 << 10;

/// What was seen of a pane's processes.
#[derive(Debug)]
pub(super) struct Seen {
    /// All that were looked at, the pane's first one at the beginning.
    pub(super) processes: Vec<Process>,
    /// The folder in which the agent among them keeps its files, as far as it is known.
    pub(super) folder: Option<PathBuf>,
    /// Becomes readable when the agent among them ends, if there is one.
    pub(super) end: Option<OwnedFd>,
}

/// Looks at the processes of a pane. Blocks for a moment.
///
/// # Errors
/// The agent's end can't be waited for, as when there are no descriptors left.
pub(super) fn look(root: u32, rules: &RuleSet) -> io::Result<Seen> {
    let mut processes = below(root);
    let agent = rules.identify(root, &processes);
    // Here nobody waits for it.
    agent.iter().for_each(|(rules, _)| rules.prepare());
    let Some((rules, agent)) = agent else {
        return Ok(Seen {
            processes,
            folder: None,
            end: None,
        });
    };
    let (pid, end) = (agent.pid, end_of(agent)?);
    let folder = folder(pid, rules.id());
    if end.is_none() {
        // It has ended while it was looked at.
        processes.retain(|process| process.pid != pid);
    }
    Ok(Seen {
        processes,
        folder,
        end,
    })
}

/// What becomes readable when a process ends; nothing if it has ended already.
fn end_of(process: &Process) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = pid_of(process.pid) else {
        return Ok(None);
    };
    let end = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(end) => end,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Whether it is the one that was seen is known only now that its number can't be given to another.
    let is_same =
        ProcessStat::of(process.pid).is_some_and(|stat| Some(stat.started) == process.started);
    Ok(is_same.then_some(end))
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// A process and all below it, level by level, without those that have ended and wait for their parent to notice.
pub(super) fn below(root: u32) -> Vec<Process> {
    let mut found = Vec::new();
    let mut waiting = VecDeque::from([root]);
    while let Some(pid) = waiting.pop_front() {
        if found.len() == MOST_PROCESSES {
            break;
        }
        let Some(process) = process(pid) else {
            continue;
        };
        let room = MOST_PROCESSES.saturating_sub(found.len() + waiting.len());
        waiting.extend(children(pid).take(room));
        found.push(process);
    }
    found
}

/// A process that has not ended.
pub(super) fn process(pid: u32) -> Option<Process> {
    let stat = ProcessStat::of(pid).filter(|stat| !stat.has_ended)?;
    Some(Process {
        pid,
        parent: stat.parent,
        name: stat.name,
        arguments: arguments(pid),
        started: Some(stat.started),
        foreground: stat.foreground,
    })
}

/// The folder in which an agent keeps its files, by the variables that its process was started with. Only those that name
/// it are looked at.
fn folder(pid: u32, agent: &str) -> Option<PathBuf> {
    let places = Places::of(agent)?;
    let mut bytes = Vec::new();
    let environment = File::open(format!("/proc/{pid}/environ")).ok()?;
    environment
        .take(LONGEST_ENVIRONMENT)
        .read_to_end(&mut bytes)
        .ok()?;
    places.folder(|name| {
        let value = |variable: &[u8]| {
            let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(PathBuf::from(OsStr::from_bytes(value)))
        };
        bytes.split(|byte| *byte == 0).find_map(value)
    })
}

/// The children of all threads of a process.
fn children(pid: u32) -> impl Iterator<Item = u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten().take(MOST_THREADS);
    threads.flat_map(|thread| {
        let listed = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let pids = listed
            .split_ascii_whitespace()
            .filter_map(|pid| pid.parse().ok());
        pids.collect::<Vec<u32>>()
    })
}

/// The arguments of a process, as far as they are not too long. There are none if it may not be looked at.
fn arguments(pid: u32) -> Vec<String> {
    let mut bytes = Vec::new();
    let read = File::open(format!("/proc/{pid}/cmdline"))
        .and_then(|file| file.take(LONGEST_ARGUMENTS).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim_end_matches('\0')
        .split('\0')
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn this_process_is_found() {
        let own = std::process::id();
        let found = below(own);
        let first = &found[0];
        assert_eq!(first.pid, own);
        assert_eq!(first.started, Some(ProcessStat::of(own).unwrap().started));
        assert!(!first.arguments.is_empty());
        assert!(end_of(first).unwrap().is_some());
        let other = Process {
            started: first.started.map(|started| started + 1),
            ..first.clone()
        };
        assert!(end_of(&other).unwrap().is_none(), "its number is another's");
        assert_eq!(below(u32::MAX), []);
    }
}
