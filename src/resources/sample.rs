//! One look at all processes and the machine.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::time::{ClockId, clock_gettime};

use crate::machine_stat::MachineStat;
use crate::process_stat::{ProcessStat, all_processes};

/// What `/proc` said at one moment.
#[derive(Debug)]
pub struct Sample {
    pub(super) processes: HashMap<u32, ProcessStat>,
    pub(super) machine: MachineStat,
    /// When it was begun, since the machine started.
    pub(super) at: Duration,
    pub(super) units: Units,
}

/// What the kernel counts in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub(super) ticks_per_second: u64,
    pub(super) page_bytes: u64,
}

impl Sample {
    /// Looks at all processes. Blocks for as long as that takes, some microseconds for each process.
    ///
    /// # Errors
    /// `/proc` says nothing of the machine. A process that ends meanwhile is left out.
    pub fn read() -> io::Result<Self> {
        let at = since_start()?;
        let machine = MachineStat::read()?;
        let stat = |pid| Some((pid, ProcessStat::of(pid)?));
        Ok(Self {
            processes: all_processes().filter_map(stat).collect(),
            machine,
            at,
            units: Units {
                ticks_per_second: clock_ticks_per_second().max(1),
                page_bytes: page_size() as u64,
            },
        })
    }

    /// How many processes were seen.
    #[must_use]
    pub fn processes(&self) -> usize {
        self.processes.len()
    }
}

/// On the clock by which the kernel says when processes started.
fn since_start() -> io::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::Boottime)).map_err(io::Error::other)
}
