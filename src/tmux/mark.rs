//! The mark in a link's environment that names the muxwire process it belongs to.
//!
//! A process is named by its pid namespace, its number and its start time: numbers alone come again, and those of
//! another container say nothing here.

use std::fmt;
use std::fs;
use std::path::Path;

/// Who owns a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    namespace: String,
    pid: u32,
    start: u64,
}

impl Mark {
    /// The environment variable that carries it.
    pub(super) const VARIABLE: &'static str = "MUXWIRE_LINK";

    /// The mark of this process, if `/proc` can be read.
    pub(super) fn own() -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            namespace: own_namespace()?,
            pid,
            start: start_time(pid)?,
        })
    }

    /// Reads `namespace:pid:start`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mark = Self {
            namespace: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            start: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(mark)
    }

    /// The mark in the environment of a process, if it has one and we may read it.
    pub(super) fn of_process(pid: u32) -> Option<Self> {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        environment.split(|&byte| byte == 0).find_map(|entry| {
            let value = entry
                .strip_prefix(Self::VARIABLE.as_bytes())?
                .strip_prefix(b"=")?;
            Self::parse(std::str::from_utf8(value).ok()?)
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

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.namespace, self.pid, self.start)
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
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in parentheses and can hold anything, so the fields are counted from the last one.
    let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&stat[after_name..])
        .ok()?
        .split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn an_own_mark_is_alive_and_others_are_judged() {
        let own = Mark::own().unwrap();
        assert_eq!(Mark::parse(&own.to_string()), Some(own.clone()));
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
        for bad in ["", "1:2", "1:2:3:4", "1:x:3", "1:2:-3"] {
            assert_eq!(Mark::parse(bad), None, "{bad:?}");
        }
    }
}
