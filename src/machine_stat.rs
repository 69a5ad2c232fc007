//! What `/proc` says of the machine as a whole. Elsewhere than on Linux nothing is known.

use std::fs;
use std::io;

/// The time that its processors have spent, its memory, and how many wait for both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MachineStat {
    /// How many processors there are.
    pub(crate) cores: u32,
    /// Ticks of all processors together, since the machine started.
    pub(crate) ticks: u64,
    /// Those of them in which they worked for this machine.
    pub(crate) busy_ticks: u64,
    /// Memory, in bytes.
    pub(crate) memory: u64,
    /// That of it which programs can have without anything being swapped out.
    pub(crate) available: u64,
    /// Swap, in bytes.
    pub(crate) swap: u64,
    /// That of it which is free.
    pub(crate) free_swap: u64,
    /// How many tasks ran or waited in the last minute, in the last 5 and in the last 15, in hundredths.
    pub(crate) load: [u32; 3],
}

impl MachineStat {
    /// That of now.
    ///
    /// # Errors
    /// `/proc` can't be read, or says something else than it should.
    pub(crate) fn read() -> io::Result<Self> {
        let read = |name: &str| fs::read_to_string(format!("/proc/{name}"));
        let (stat, memory, load) = (read("stat")?, read("meminfo")?, read("loadavg")?);
        Self::parse(&stat, &memory, &load).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "/proc/stat, meminfo and loadavg do not say what they should",
            )
        })
    }

    fn parse(stat: &str, memory: &str, load: &str) -> Option<Self> {
        let (all, others) = stat.split_once('\n')?;
        let ticks = all.strip_prefix("cpu ")?.split_ascii_whitespace();
        // What guests took stands there a second time, behind these.
        let ticks: Vec<u64> = ticks.take(8).map_while(|one| one.parse().ok()).collect();
        let [user, nice, system, _, _, irq, softirq, _] = ticks[..] else {
            return None;
        };
        let cores = others.lines().take_while(|line| line.starts_with("cpu"));
        let bytes = |name: &str| {
            let mut lines = memory.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kibibytes: u64 = value.split_ascii_whitespace().next()?.parse().ok()?;
            kibibytes.checked_mul(1024)
        };
        let mut loads = load.split_ascii_whitespace().map_while(hundredths);
        Some(Self {
            cores: u32::try_from(cores.count()).ok()?,
            ticks: ticks.iter().sum(),
            busy_ticks: user + nice + system + irq + softirq,
            memory: bytes("MemTotal")?,
            available: bytes("MemAvailable")?,
            swap: bytes("SwapTotal")?,
            free_swap: bytes("SwapFree")?,
            load: [loads.next()?, loads.next()?, loads.next()?],
        })
    }
}

/// A number with two digits behind its point.
fn hundredths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.')?;
    let part = Some(part).filter(|part| part.len() == 2)?;
    whole
        .parse::<u32>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const STAT: &str = "cpu  100 20 30 4000 500 6 7 80 9 10\n\
                        cpu0 50 10 15 2000 250 3 3 40 4 5\n\
                        cpu1 50 10 15 2000 250 3 4 40 5 5\n\
                        intr 1 2 3\nctxt 9\n";
    const MEMORY: &str = "MemTotal:       8000 kB\nMemFree:  100 kB\nMemAvailable:   5000 kB\n\
                          SwapCached: 0 kB\nSwapTotal:      400 kB\nSwapFree: 300 kB\n";

    #[test]
    fn what_a_kernel_says_is_read() {
        let read = MachineStat::parse(STAT, MEMORY, "0.52 12.05 3.00 2/900 1234\n").unwrap();
        let expected = MachineStat {
            cores: 2,
            ticks: 4743,
            busy_ticks: 163,
            memory: 8000 << 10,
            available: 5000 << 10,
            swap: 400 << 10,
            free_swap: 300 << 10,
            load: [52, 1205, 300],
        };
        assert_eq!(read, expected);
        for (stat, memory, load) in [
            ("", MEMORY, "0.1 0.2 0.3"),
            ("cpu  1 2\n", MEMORY, "0.10 0.20 0.30"),
            (STAT, "MemTotal: 8 kB\n", "0.10 0.20 0.30"),
            (STAT, MEMORY, "0.10 0.20"),
        ] {
            assert_eq!(MachineStat::parse(stat, memory, load), None);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_read() {
        let read = MachineStat::read().unwrap();
        assert!(read.cores > 0 && read.busy_ticks <= read.ticks);
        assert!(read.available <= read.memory && read.memory > 0);
    }
}
