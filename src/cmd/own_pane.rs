//! In which pane of a tmux this program prints.
//!
//! tmux passes it to its programs in two variables. Programs such as sudo and su take these away, and give a terminal of their
//! own; what remains then is the line of processes that leads up to the pane's first one, and to the tmux server.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;

use crate::process_stat::{ProcessStat, all_processes};
use crate::wire::PrintsIn;

/// The most processes that are looked at upwards; it is as many as the protocol takes.
const MOST_PROCESSES: usize = 64;

/// Where what is written to this descriptor is printed: nowhere if that is a file.
pub(super) fn prints_in(output: impl AsFd) -> io::Result<Option<PrintsIn>> {
    let is_file = File::from(output.as_fd().try_clone_to_owned()?)
        .metadata()?
        .is_file();
    Ok((!is_file).then(own_pane))
}

/// Where another process of this machine prints, as far as the line of its ancestors leads there.
pub(super) fn place_of(process: u32) -> PrintsIn {
    let mut processes = vec![process];
    processes.extend(ancestors(process, &parent));
    processes.truncate(MOST_PROCESSES);
    PrintsIn {
        processes,
        ..PrintsIn::default()
    }
}

/// The other processes of this machine that run the program which this one runs.
pub(super) fn others_of_this_program() -> Vec<u32> {
    let own = std::process::id();
    let Some(name) = name_of(own) else {
        return Vec::new();
    };
    all_processes()
        .filter(|process| *process != own && name_of(*process).as_ref() == Some(&name))
        .collect()
}

/// The name of the program that a process runs, as far as the system shows it.
fn name_of(process: u32) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{process}/comm")).ok()
}

/// Whether this program runs in a pane of a tmux, whose text others may read: those who attach, and clients of muxwire.
pub(super) fn is_in_tmux() -> bool {
    env::var_os("TMUX").is_some()
        || ancestors(std::process::id(), &parent)
            .into_iter()
            .any(|process| name_of(process).is_some_and(|name| is_tmux_server(&name)))
}

/// What a tmux server calls itself, where the system shows names that programs give themselves.
fn is_tmux_server(name: &[u8]) -> bool {
    name.starts_with(b"tmux: server")
}

/// The pane in which this process runs.
pub(super) fn own_pane() -> PrintsIn {
    let tmux = env::var("TMUX").unwrap_or_default();
    let pane = env::var("TMUX_PANE").unwrap_or_default();
    PrintsIn {
        server: server_of(&tmux),
        pane: pane.parse().ok(),
        processes: ancestors(std::process::id(), &parent),
    }
}

/// The server's process id in `TMUX`: the socket's path, that id and the session's number, joined by commas.
fn server_of(tmux: &str) -> Option<u32> {
    let mut fields = tmux.rsplitn(3, ',');
    fields.nth(1)?.parse().ok().filter(|pid| *pid > 0)
}

/// The processes above this one, the nearest first, as far as the system reports them.
fn ancestors(process: u32, parent: &dyn Fn(u32) -> Option<u32>) -> Vec<u32> {
    let above = |process: &u32| parent(*process).filter(|pid| *pid > 0);
    let line = std::iter::successors(Some(process), above);
    line.skip(1).take(MOST_PROCESSES).collect()
}

fn parent(process: u32) -> Option<u32> {
    Some(ProcessStat::of(process)?.parent)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_server_is_read_from_what_tmux_says() {
        let rows = [
            ("/tmp/tmux-1000/default,4242,0", Some(4242)),
            ("/tmp/a,b,c,17,3", Some(17)),
            ("", None),
            ("/tmp/x", None),
            ("/tmp/x,0,0", None),
            ("/tmp/x,y,0", None),
        ];
        for (tmux, server) in rows {
            assert_eq!(server_of(tmux), server, "{tmux:?}");
        }
    }

    #[test]
    fn a_tmux_server_is_known_by_the_name_it_gives_itself() {
        let rows = [
            ("tmux: server\n", true),
            ("tmux: client\n", false),
            ("tmux\n", false),
            ("bash\n", false),
        ];
        for (name, expected) in rows {
            assert_eq!(is_tmux_server(name.as_bytes()), expected, "{name:?}");
        }
    }

    #[test]
    fn the_line_of_processes_ends_and_is_bounded() {
        let known = |process| {
            [(9, 7), (7, 1), (1, 0)]
                .iter()
                .find(|row| row.0 == process)
                .map(|row| row.1)
        };
        assert_eq!(ancestors(9, &known), [7, 1]);
        assert_eq!(ancestors(8, &known), [0; 0]);
        assert_eq!(ancestors(9, &|_| Some(9)).len(), MOST_PROCESSES);
        let ours = ancestors(std::process::id(), &parent);
        assert_eq!(ours.first(), Some(&std::os::unix::process::parent_id()));
    }

    #[test]
    fn others_that_run_this_program_are_found_and_not_this_process() {
        let others = others_of_this_program();
        assert!(!others.contains(&std::process::id()), "{others:?}");
        let own = name_of(std::process::id());
        let is_own = |process: &u32| name_of(*process).is_none_or(|name| Some(name) == own);
        assert!(others.iter().all(is_own), "{others:?}");
        let place = place_of(std::process::id());
        assert_eq!(place.processes.first(), Some(&std::process::id()));
        assert!((2..=MOST_PROCESSES).contains(&place.processes.len()));
    }

    #[test]
    fn what_goes_into_a_file_is_printed_nowhere() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(prints_in(&file).unwrap(), None);
        let (_reader, writer) = io::pipe().unwrap();
        assert!(prints_in(&writer).unwrap().is_some());
    }
}
