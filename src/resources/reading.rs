//! What follows from two looks for the processes of a pane, for muxwire and for the machine.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::sample::Sample;
use super::{Amounts, HostFigures};
use crate::machine_stat::MachineStat;
use crate::process_stat::ProcessStat;

/// What a process used between two looks, in ticks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// Itself.
    pub(super) own: u64,
    /// Those below it that have ended meanwhile, as far as it was not counted before.
    pub(super) ended: u64,
}

/// What was used between two looks.
#[derive(Debug)]
pub struct Reading<'a> {
    now: &'a Sample,
    spent: HashMap<u32, Spent>,
    over: Duration,
    machine_before: MachineStat,
    children: HashMap<u32, Vec<u32>>,
    by_terminal: HashMap<i64, Vec<u32>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        now: &'a Sample,
        machine_before: &MachineStat,
        spent: HashMap<u32, Spent>,
        over: Duration,
    ) -> Self {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut by_terminal: HashMap<i64, Vec<u32>> = HashMap::new();
        for (pid, stat) in &now.processes {
            children.entry(stat.parent).or_default().push(*pid);
            if let Some(terminal) = stat.terminal {
                by_terminal.entry(terminal).or_default().push(*pid);
            }
        }
        Self {
            now,
            spent,
            over,
            machine_before: machine_before.clone(),
            children,
            by_terminal,
        }
    }

    /// The time between the two looks.
    #[must_use]
    pub fn over(&self) -> Duration {
        self.over
    }

    /// What the processes of a pane use: the one that the tmux server `server` started in it, all below that, and what once was
    /// below it and still belongs to the pane's terminal, with all below that.
    ///
    /// Nothing if the first one is not there, or is no child of that server: then its number is another's.
    #[must_use]
    pub fn pane(&self, first: u32, server: u32) -> Option<Amounts> {
        let stat = self.now.processes.get(&first)?;
        if stat.parent != server {
            return None;
        }
        let on_terminal = stat.terminal.and_then(|one| self.by_terminal.get(&one));
        let others = on_terminal.into_iter().flatten().copied();
        Some(self.sum([first].into_iter().chain(others), None))
    }

    /// What a process uses with all below it, but for another process and what is below that, and what it uses itself.
    #[must_use]
    pub fn process(&self, first: u32, but_for: Option<u32>) -> Option<(Amounts, Amounts)> {
        let stat = self.now.processes.get(&first)?;
        let own = self.spent.get(&first).map_or(0, |spent| spent.own);
        let own = Amounts {
            cpu: self.cpu(own),
            memory: self.memory(stat),
            processes: 1,
        };
        Some((self.sum([first], but_for), own))
    }

    /// What the machine uses.
    #[must_use]
    pub fn host(&self) -> (Amounts, HostFigures) {
        let (before, now) = (&self.machine_before, &self.now.machine);
        let ticks = now.ticks.saturating_sub(before.ticks).max(1);
        let busy = now.busy_ticks.saturating_sub(before.busy_ticks);
        let amounts = Amounts {
            cpu: u32::try_from(busy.saturating_mul(1000) / ticks).unwrap_or(u32::MAX),
            memory: now.memory.saturating_sub(now.available),
            processes: count(self.now.processes.values()),
        };
        let figures = HostFigures {
            cores: now.cores,
            load: now.load,
            memory: now.memory,
            swap_used: now.swap.saturating_sub(now.free_swap),
            swap: now.swap,
        };
        (amounts, figures)
    }

    /// What these processes use and all below them, each once.
    fn sum(&self, first: impl IntoIterator<Item = u32>, but_for: Option<u32>) -> Amounts {
        let mut seen: HashSet<u32> = but_for.into_iter().collect();
        let mut waiting: Vec<u32> = first.into_iter().collect();
        let (mut ticks, mut memory, mut processes) = (0, 0, 0);
        while let Some(pid) = waiting.pop() {
            let Some(stat) = self.now.processes.get(&pid).filter(|_| seen.insert(pid)) else {
                continue;
            };
            let spent = self.spent.get(&pid).copied().unwrap_or_default();
            ticks += spent.own + spent.ended;
            memory += self.memory(stat);
            processes += count([stat]);
            waiting.extend(self.children.get(&pid).into_iter().flatten());
        }
        Amounts {
            cpu: self.cpu(ticks),
            memory,
            processes,
        }
    }

    /// In bytes. What has ended holds none.
    fn memory(&self, stat: &ProcessStat) -> u64 {
        stat.resident_pages
            .saturating_mul(self.now.units.page_bytes)
    }

    /// So many ticks, in tenths of a percent of one core.
    fn cpu(&self, ticks: u64) -> u32 {
        let over = u64::try_from(self.over.as_millis()).unwrap_or(u64::MAX);
        let all = over.saturating_mul(self.now.units.ticks_per_second).max(1);
        u32::try_from(ticks.saturating_mul(1_000_000) / all).unwrap_or(u32::MAX)
    }
}

/// How many of them have not ended.
fn count<'a>(processes: impl IntoIterator<Item = &'a ProcessStat>) -> u32 {
    let living = processes.into_iter().filter(|stat| !stat.has_ended);
    u32::try_from(living.count()).unwrap_or(u32::MAX)
}
