//! The processes of this machine, as `/proc` shows them. Elsewhere than on Linux there are none.

use std::fs::{self, File};
use std::io::Read as _;

/// Longer than any line of `/proc/PID/stat`.
const LONGEST: usize = 2048;

/// What `/proc/PID/stat` says of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessStat {
    /// Its name, as the kernel keeps it.
    pub(crate) name: String,
    /// The process that started it, or took it over.
    pub(crate) parent: u32,
    /// It has ended, and waits for its parent to notice.
    pub(crate) has_ended: bool,
    /// Whether its group is that which its terminal listens to, if it has a terminal.
    pub(crate) foreground: Option<bool>,
    /// The terminal that it belongs to, as the kernel numbers them, if it has one.
    pub(crate) terminal: Option<i64>,
    /// The time that it took of processors, in ticks.
    pub(crate) own_ticks: u64,
    /// The time that those children took that have ended and that it was told of, and theirs, in ticks.
    pub(crate) children_ticks: u64,
    /// How much of it is in memory, in pages.
    pub(crate) resident_pages: u64,
    /// When it started, in ticks since the machine did: a number alone comes again.
    pub(crate) started: u64,
}

impl ProcessStat {
    /// That of a process; none if there is none of this number.
    #[must_use]
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let mut line = [0; LONGEST];
        // It is given whole, so one read is enough.
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let length = file.read(&mut line).ok()?;
        Self::parse(&String::from_utf8_lossy(line.get(..length)?))
    }

    /// `PID (NAME) STATE PPID PGRP SESSION TTY TPGID ... UTIME STIME CUTIME CSTIME ... STARTTIME VSIZE RSS ...`, where a name
    /// may hold anything.
    fn parse(text: &str) -> Option<Self> {
        let (_, behind) = text.split_once('(')?;
        let (name, behind) = behind.rsplit_once(") ")?;
        let mut fields = [""; 22];
        for (field, word) in fields.iter_mut().zip(behind.split_ascii_whitespace()) {
            *field = word;
        }
        let number = |at: usize| fields.get(at)?.parse::<i64>().ok();
        let ticks = |at| Some(u64::try_from(number(at)?).unwrap_or_default());
        let (group, terminal_group) = (number(2)?, number(5)?);
        Some(Self {
            name: name.to_owned(),
            has_ended: matches!(fields[0], "Z" | "X"),
            parent: u32::try_from(number(1)?).ok()?,
            foreground: (terminal_group > 0).then_some(group == terminal_group),
            terminal: Some(number(4)?).filter(|terminal| *terminal != 0),
            own_ticks: ticks(11)? + ticks(12)?,
            children_ticks: ticks(13)? + ticks(14)?,
            resident_pages: ticks(21)?,
            started: u64::try_from(number(19)?).ok()?,
        })
    }
}

/// The numbers of all processes.
pub(crate) fn all_processes() -> impl Iterator<Item = u32> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(|folder| folder.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let rest = "S 10 42 42 34816 42 4194304 1 0 0 0 5 2 30 -1 20 0 1 0 9001 1 77 1 1";
        for name in ["claude", "a) R 1", "(sd-pam", "a b"] {
            let stat = ProcessStat::parse(&format!("42 ({name}) {rest}")).unwrap();
            let expected = ProcessStat {
                name: name.to_owned(),
                parent: 10,
                has_ended: false,
                foreground: Some(true),
                terminal: Some(34816),
                own_ticks: 7,
                children_ticks: 30,
                resident_pages: 77,
                started: 9001,
            };
            assert_eq!(stat, expected);
        }
        for bad in ["", "42", "42 (a)", "42 (a) S", "42 (a) S x"] {
            assert_eq!(ProcessStat::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn this_process_is_among_all() {
        let own = std::process::id();
        assert!(all_processes().any(|pid| pid == own));
        let parent = ProcessStat::of(own).map(|stat| stat.parent);
        assert_eq!(parent, Some(std::os::unix::process::parent_id()));
    }
}
