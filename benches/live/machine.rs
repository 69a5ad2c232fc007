//! What the figures were measured on.

use std::fs;
use std::process::Command;
use std::thread;

use crate::Options;

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
