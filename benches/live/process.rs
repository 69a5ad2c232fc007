//! What a process costs: CPU time, memory and wake-ups, as the kernel counts them.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::process::{Child, Command};

use crate::numbers::float;

/// Ends the child when the benchmark does, however it ends.
#[derive(Debug)]
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A command whose process the kernel ends with this one, even if this one is killed.
pub fn bound(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["pane", "exec"]).arg(program);
    command
}

/// What a process has cost since it began, by all its threads that still live.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Time on a core, in nanoseconds.
    pub cpu: u64,
    /// How often it was put on a core after it had given it up or lost it.
    pub switches: u64,
}

impl Cost {
    /// Of a process without its children.
    pub fn of(pid: u32) -> Self {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let costs = tasks.flatten().filter_map(|task| {
            let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let switches = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"]
                .map(|name| number_after(&status, name).unwrap_or(0));
            Some(Self {
                cpu: times.split_whitespace().next()?.parse().ok()?,
                switches: switches.iter().sum(),
            })
        });
        costs.fold(Self::default(), |sum, one| Self {
            cpu: sum.cpu + one.cpu,
            switches: sum.switches + one.switches,
        })
    }

    /// Of several processes together.
    pub fn of_all(pids: &[u32]) -> Self {
        pids.iter()
            .map(|pid| Self::of(*pid))
            .fold(Self::default(), |sum, one| Self {
                cpu: sum.cpu + one.cpu,
                switches: sum.switches + one.switches,
            })
    }

    /// What came since an earlier look. A thread that has ended since then took what it had cost with it.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            switches: self.switches.saturating_sub(earlier.switches),
        }
    }

    pub fn cpu_seconds(self) -> f64 {
        float(self.cpu) / 1e9
    }
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let text: Vec<String> = lists.collect();
    text.iter()
        .flat_map(|list| list.split_whitespace())
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// The CPU time of all children that have ended and been waited for, in nanoseconds. The kernel counts it in hundredths
/// of a second.
pub fn cpu_of_ended_children(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name stands in parentheses and may hold anything; behind it, the children's times are the 14th and 15th.
    let (_, rest) = text.rsplit_once(')').unwrap();
    let ticks = rest.split_whitespace().skip(13).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second())
}

/// Resident memory now, in bytes.
pub fn resident(pid: u32) -> u64 {
    status(pid, "VmRSS:") * 1024
}

/// Resident memory now, in bytes, with each page divided among those that share it.
pub fn proportional(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    number_after(&text, "Pss:").expect("the kernel counts it") * 1024
}

/// The most that was ever resident, in bytes.
pub fn peak(pid: u32) -> u64 {
    status(pid, "VmHWM:") * 1024
}

fn status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    number_after(&text, name).unwrap_or_else(|| panic!("{name} is in the status of {pid}"))
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line[name.len()..].split_whitespace().next()?.parse().ok()
}

/// Bytes as mebibytes.
pub fn mebibytes(bytes: u64) -> f64 {
    float(bytes) / f64::from(1 << 20)
}
