//! Bringing a program to a stop at a known byte of its pane's output.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use rustix::process::Signal;

use crate::support::{SOON, TmuxServer, signal, wait_until};

/// The processes of a pane, stopped. They go on when it is dropped.
#[derive(Debug)]
pub struct Stopped(Vec<u32>);

impl Stopped {
    /// Stops all processes of the session that a pane's process leads but the leader itself: that one tmux would let
    /// go on at once. So it has to be a shell that waits.
    pub fn new(leader: u32) -> Self {
        let mut stopped = Self(Vec::new());
        wait_until("the pane's processes have stopped", SOON, || {
            let mut all = true;
            for (pid, state) in processes(leader) {
                if state == 'Z' {
                    continue;
                }
                let is_told = stopped.0.contains(&pid);
                if !is_told {
                    signal(pid, Signal::STOP);
                    stopped.0.push(pid);
                }
                // A shell that waits for its child of vfork(2) to become another program waits for ever if that child
                // is stopped before. Like all that wait in the kernel it will not run again before it stops.
                all &= state == 'T' || state == 'D' && is_told;
            }
            all
        });
        stopped
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // The watcher of the others goes on last, and never sees them stopped.
        for pid in self.0.iter().rev() {
            signal(*pid, Signal::CONT);
        }
    }
}

/// The processes of a session besides its leader, the older ones first, each with its state.
fn processes(leader: u32) -> Vec<(u32, char)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = fields.split(' ').collect();
        // State, parent, group, session.
        let session = fields.get(3).and_then(|session| session.parse().ok());
        if session == Some(leader) && pid != leader {
            found.push((pid, fields[0].chars().next().unwrap()));
        }
    }
    found.sort_unstable();
    found
}

/// Has a pane's terminal say a title after all that its programs wrote, and waits until tmux has it.
pub fn mark(server: &TmuxServer, pane: &str, title: &str) {
    let tty = server.value(pane, "#{pane_tty}");
    let mut tty = OpenOptions::new()
        .write(true)
        .custom_flags(i32::try_from(OFlags::NOCTTY.bits()).unwrap())
        .open(tty)
        .unwrap();
    // CAN ends whatever the program had begun to say.
    write!(tty, "\x18\x1b]2;{title}\x1b\\").unwrap();
    wait_until("tmux has taken in all output", SOON, || {
        server.value(pane, "#{pane_title}") == title
    });
}
