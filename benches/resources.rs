//! What it costs to look at all processes of a machine, as `system.resources` needs it.
//!
//! Run with `cargo bench --bench resources`. It starts 2,000 processes that sleep, and ends them again.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use muxwire::resources::{Meter, Sample};
use rustix::time::{ClockId, clock_gettime};

/// How many processes are started, a part after the other.
const PARTS: [usize; 3] = [0, 500, 1500];

/// How many looks are taken at each number of processes.
const LOOKS: usize = 40;

/// Processes that are ended with the benchmark.
#[derive(Default)]
struct Sleepers(Vec<Child>);

impl Sleepers {
    fn add(&mut self, count: usize) {
        for _ in 0..count {
            let sleeper = Command::new("sleep")
                .arg("1000")
                .stdin(Stdio::null())
                .spawn()
                .unwrap();
            self.0.push(sleeper);
        }
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for sleeper in &mut self.0 {
            let ended = sleeper.kill().and_then(|()| sleeper.wait());
            if let Err(error) = ended {
                println!("a process could not be ended: {error}");
            }
        }
    }
}

/// The time that this thread has taken of a processor.
fn taken() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// The middle one, and the longest.
fn summary(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let (middle, longest) = (times[times.len() / 2], times[times.len() - 1]);
    format!("{:.2} / {:.2}", millis(middle), millis(longest))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() {
    let mut sleepers = Sleepers::default();
    println!(
        "| processes | a look: CPU, ms, median / most | what follows for 100 panes: ms | at 5 s: % of a core |"
    );
    println!("| ---: | ---: | ---: | ---: |");
    for part in PARTS {
        sleepers.add(part);
        let mut meter = Meter::default();
        let (mut looks, mut rest, mut processes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..LOOKS {
            let begun = taken();
            let sample = Sample::read().unwrap();
            looks.push(taken() - begun);
            processes = sample.processes();
            let begun = taken();
            if let Some(reading) = meter.take(sample) {
                let own = std::process::id();
                let panes = sleepers.0.iter().take(100);
                let found = panes.filter_map(|pane| reading.pane(pane.id(), own));
                std::hint::black_box((found.count(), reading.process(own, None), reading.host()));
                rest.push(taken() - begun);
            }
        }
        let mean = looks.iter().sum::<Duration>() / u32::try_from(LOOKS).unwrap();
        let share = millis(mean) / 5000.0 * 100.0;
        println!(
            "| {processes} | {} | {} | {share:.2} |",
            summary(looks),
            summary(rest)
        );
    }
}
