//! What muxwire and tmux cost while it runs, and what is concluded from it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::LONG;
use crate::support::{holds_within, memory_of, wait_until};
use crate::world::World;

/// How much more the last third of the run may take than the first, in bytes, whatever that was: floods are not all alike.
const GROWTH: u64 = 8 << 20;

/// How much of a core muxwire may take when nothing happens any more.
const IDLE: f64 = 0.01;
const IDLE_TIME: Duration = Duration::from_secs(5);

/// The beginning of a run counts less: memory that is taken once has to be taken first.
const WARM_UP: f64 = 0.1;

/// What is expected in the log although it is a warning, by a part of its text.
const EXPECTED: [&str; 1] = ["no authentication"];

/// What was measured.
pub struct Figures {
    begun: Instant,
    descriptors: usize,
    cpu: Duration,
    muxwire: Vec<u64>,
    tmux: Vec<u64>,
    open: Vec<u64>,
}

impl Figures {
    pub fn start(world: &World) -> Self {
        let pid = world.serving.pid();
        // Sources begin beside the first links, and open what they watch.
        wait_until("all of muxwire has begun", LONG, || idle(pid) <= IDLE);
        Self {
            begun: Instant::now(),
            descriptors: descriptors(pid),
            cpu: cpu(pid),
            muxwire: Vec::new(),
            tmux: Vec::new(),
            open: Vec::new(),
        }
    }

    pub fn sample(&mut self, world: &World) {
        let pid = world.serving.pid();
        self.muxwire.push(memory_of(pid));
        self.tmux.push(world.tmux.memory());
        self.open.push(descriptors(pid) as u64);
    }

    /// Sees what is left when all clients have gone, and prints it all. Fails if anything was not as it must be.
    pub fn conclude(self, world: World) -> ExitCode {
        let took = self.begun.elapsed();
        let pid = world.serving.pid();
        let load = (cpu(pid) - self.cpu).as_secs_f64() / took.as_secs_f64();
        let metrics = metrics(&world);
        self.memory(&world, "memory of muxwire", &self.muxwire);
        self.memory(&world, "memory of tmux", &self.tmux);
        // Snapshots that were asked for last, and links of sessions that have gone, take a moment.
        let gone = || descriptors(pid) <= self.descriptors;
        if !holds_within(LONG, gone) {
            let left = descriptors(pid);
            world.violation(&format!(
                "descriptors: {} at the start, {left} at the end",
                self.descriptors
            ));
        }
        let idle = idle(pid);
        if idle > IDLE {
            world.violation(&format!(
                "CPU at the end: {idle:.3} of a core, and nothing happens"
            ));
        }
        check_log(&world);
        row(
            "descriptors: at the start, at most, at the end",
            &format!(
                "{}, {}, {}",
                self.descriptors,
                self.open.iter().max().unwrap(),
                descriptors(pid)
            ),
        );
        row(
            "CPU: of a core under the load, at the end",
            &format!("{load:.3}, {idle:.4}"),
        );
        for (what, count) in world.counts() {
            row(what, &count.to_string());
        }
        for name in METRICS {
            row(name, &metric(&metrics, name));
        }
        if metric(&metrics, "muxwire_drift_total") != "0" {
            world.violation("muxwire_drift_total is not 0: changes that no notification announced");
        }
        end(world, took)
    }

    /// The medians of the first and of the last third must not differ by more than noise.
    fn memory(&self, world: &World, what: &str, samples: &[u64]) {
        let warm = (samples.len() as f64 * WARM_UP) as usize;
        let samples = &samples[warm..];
        let third = samples.len() / 3;
        let [first, last] = [&samples[..third], &samples[samples.len() - third..]].map(median);
        let most = samples.iter().max().unwrap();
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
        row(
            &format!("{what}, MiB: median of the first third, of the last third, most"),
            &format!("{}, {}, {}", mib(first), mib(last), mib(*most)),
        );
        if last > first + GROWTH {
            world.violation(&format!("{what} grew from {first} to {last} bytes"));
        }
    }
}

/// What muxwire counted itself.
const METRICS: [&str; 5] = [
    "muxwire_gaps_total",
    "muxwire_resyncs_total",
    "muxwire_reconnects_total",
    "muxwire_drift_total",
    "muxwire_shed_bytes_total",
];

fn row(what: &str, value: &str) {
    println!("| {what} | {value} |");
}

fn median(samples: &[u64]) -> u64 {
    let mut samples = samples.to_vec();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// The time on a core of all threads that live.
fn cpu(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let times = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    });
    times.map(Duration::from_nanos).sum()
}

fn idle(pid: u32) -> f64 {
    let before = cpu(pid);
    std::thread::sleep(IDLE_TIME);
    cpu(pid).saturating_sub(before).as_secs_f64() / IDLE_TIME.as_secs_f64()
}

fn metrics(world: &World) -> String {
    let mut stream = TcpStream::connect(world.address()).unwrap();
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        world.address()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn metric(metrics: &str, name: &str) -> String {
    let line = metrics.lines().find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    line.map_or_else(
        || "-".to_owned(),
        |line| line[name.len()..].trim().to_owned(),
    )
}

/// Nothing is wrong that muxwire itself would call so.
fn check_log(world: &World) {
    for line in world.serving.log().lines() {
        let Ok(entry) = serde_json::from_str::<Value>(line) else {
            world.violation(&format!("a line of the log is no JSON: {line}"));
            continue;
        };
        let level = entry["level"].as_str().unwrap_or("?");
        let expected = EXPECTED.iter().any(|text| line.contains(text));
        if !matches!(level, "INFO" | "DEBUG") && !expected {
            world.violation(&format!("in the log: {line}"));
        }
    }
}

/// Ends muxwire as an operator does, and says how it went.
fn end(mut world: World, took: Duration) -> ExitCode {
    world.serving.signal(Signal::TERM);
    world.serving.wait(LONG);
    wait_until("no link is left", LONG, || world.tmux.clients().is_empty());
    let audited = world.serving.home.run("audit verify");
    if audited.code != Some(0) {
        world.violation(&format!("the audit log: {audited:?}"));
    }
    row("audit log", audited.stdout.lines().next().unwrap_or("-"));
    let violations = world.violations();
    let verdict = if violations.is_empty() {
        "all is well"
    } else {
        "NOT AS IT MUST BE"
    };
    println!(
        "soak: {verdict} after {:.0} s, {} violations",
        took.as_secs_f64(),
        violations.len()
    );
    ExitCode::from(u8::from(!violations.is_empty()))
}
