//! What the figures were measured on.

use std::fs;
use std::process::Command;
use std::thread;

use crate::Options;
use crate::numbers::{float, now};

/// How long the cores are looked at.
const LOOK: u64 = 250_000_000;
/// A loop that does nothing but read the clock is not kept from it longer than this, in nanoseconds, unless its core does
/// something else.
const UNDISTURBED: u64 = 20_000;
/// The share of a core that others may take while goals are judged.
pub const MOST_NOISE: f64 = 0.05;

/// The share of the cores that something else takes now: other processes, or other machines on the same host.
pub fn noise() -> f64 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let looks: Vec<_> = (0..cores).map(|_| thread::spawn(lost_time)).collect();
    let lost: u64 = looks.into_iter().map(|look| look.join().unwrap()).sum();
    float(lost) / float(LOOK) / float(u64::try_from(cores).unwrap())
}

/// Nanoseconds that a loop is kept from its core.
fn lost_time() -> u64 {
    let start = now();
    let (mut last, mut lost) = (start, 0);
    while last - start < LOOK {
        let at = now();
        let pause = at - last;
        lost += if pause > UNDISTURBED { pause } else { 0 };
        last = at;
    }
    lost.min(LOOK)
}

/// One paragraph for below the table.
pub fn description(options: &Options) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")
                .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
        })
        .unwrap_or_else(|| "unknown processor".to_owned());
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    format!(
        "Measured on {}, commit {}: {processor}, {cores} cores, Linux {}, tmux {}{}. Load average at the end: {}.",
        said_by("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        said_by("git", &["rev-parse", "--short", "HEAD"]),
        read("/proc/sys/kernel/osrelease").trim(),
        options.tmux.version,
        if options.quick { ", in short" } else { "" },
        load.join(" "),
    )
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
