//! The mark in a link's environment that names the muxwire process it belongs to.
//!
//! A process is named by its pid namespace, its number and its start time: numbers alone come again, and those of
//! another container say nothing here. The mark names the server too: a link's command line may hold a relay's socket.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::process_stat::ProcessStat;

/// Who owns a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    namespace: String,
    pid: u32,
    start: u64,
    /// The socket of the server that the link is attached to.
    socket: PathBuf,
}

impl Mark {
    /// The environment variable that carries it.
    pub(super) const VARIABLE: &'static str = "MUXWIRE_LINK";

    /// The mark of this process for its links to a server, if `/proc` can be read.
    pub(super) fn own(socket: &Path) -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            namespace: own_namespace()?,
            pid,
            start: start_time(pid)?,
            socket: socket.to_owned(),
        })
    }

    /// Reads `namespace:pid:start:socket`.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.splitn(4, |&byte| byte == b':');
        let mut text = || std::str::from_utf8(parts.next()?).ok();
        let (namespace, pid, start) = (text()?.to_owned(), text()?, text()?);
        let (pid, start) = (pid.parse().ok()?, start.parse().ok()?);
        Some(Self {
            namespace,
            pid,
            start,
            socket: OsStr::from_bytes(parts.next()?).into(),
        })
    }

    /// As [`Self::parse`] reads it.
    pub(super) fn text(&self) -> OsString {
        let process = format!("{}:{}:{}:", self.namespace, self.pid, self.start);
        OsString::from_vec([process.as_bytes(), self.socket.as_os_str().as_bytes()].concat())
    }

    /// Whether the link is one to the server at this socket.
    pub(super) fn is_of(&self, socket: &Path) -> bool {
        self.socket == socket
    }

    /// The mark in the environment of a process, if it has one and we may read it.
    pub(super) fn of_process(pid: u32) -> Option<Self> {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        environment.split(|&byte| byte == 0).find_map(|entry| {
            let value = entry
                .strip_prefix(Self::VARIABLE.as_bytes())?
                .strip_prefix(b"=")?;
            Self::parse(value)
        })
    }

    /// Whether the owner has certainly ended. What can't be known counts as alive.
    pub(super) fn owner_is_gone(&self) -> bool {
        let comparable = own_namespace().is_some_and(|own| own == self.namespace);
        comparable
            && Path::new("/proc/self/stat").exists()
            && start_time(self.pid) != Some(self.start)
    }
}

/// The inode of our pid namespace, in digits.
fn own_namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = link
        .to_str()?
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    (!digits.is_empty()).then_some(digits)
}

/// When a living process started, in ticks since the machine did; none for a process that has ended.
pub(super) fn start_time(pid: u32) -> Option<u64> {
    let stat = ProcessStat::of(pid).filter(|stat| !stat.has_ended)?;
    Some(stat.started)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn an_own_mark_is_alive_and_others_are_judged() {
        let socket = Path::new("/tmp/a:b/default");
        let own = Mark::own(socket).unwrap();
        assert_eq!(Mark::parse(own.text().as_bytes()), Some(own.clone()));
        assert!(own.is_of(socket) && !own.is_of(Path::new("/tmp/a")));
        let rows = [
            ("our own", own.clone(), false),
            (
                "the number came again",
                Mark {
                    start: own.start + 1,
                    ..own.clone()
                },
                true,
            ),
            (
                "no such process",
                Mark {
                    pid: 0x7fff_fff0,
                    ..own.clone()
                },
                true,
            ),
            (
                "another container's",
                Mark {
                    namespace: "1".into(),
                    pid: 0x7fff_fff0,
                    ..own
                },
                false,
            ),
        ];
        for (what, mark, gone) in rows {
            assert_eq!(mark.owner_is_gone(), gone, "{what}");
        }
        for bad in ["", "1:2", "1:2:3", "1:x:3:/s", "1:2:-3:/s"] {
            assert_eq!(Mark::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
