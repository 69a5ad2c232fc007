//! What `muxwire run` adds to the way of a keystroke and its echo: through a terminal to `cat` and back, with and without it.
//!
//! Both are measured in turn, so that what else the machine does falls on both. The lines `added` at the end are what counts:
//! a round trip passes the shim twice.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints"
)]

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Turns of both, and round trips in each of them.
const TURNS: usize = 20;
const TRIPS: usize = 500;

/// A program in a terminal that prints what it reads.
struct Echo {
    ours: OwnedFd,
    child: Child,
}

impl Echo {
    fn start(before: &[&str]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        grantpt(&ours).expect("a terminal");
        unlockpt(&ours).expect("a terminal");
        let name = ptsname(&ours, Vec::new()).expect("its name");
        let theirs =
            open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        let mut modes = tcgetattr(&theirs).expect("its modes");
        modes.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &modes).expect("raw modes");
        let stdio = || Stdio::from(theirs.try_clone().expect("a copy"));
        let argv = [before, &["sh", "-c", "printf R; exec cat"]].concat();
        let child = Command::new(argv[0])
            .args(&argv[1..])
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("the program starts");
        let echo = Self { ours, child };
        while echo.read() != b'R' {}
        echo
    }

    fn read(&self) -> u8 {
        let mut byte = [0];
        read(&self.ours, &mut byte).expect("something is printed");
        byte[0]
    }

    /// A key and its echo.
    fn trip(&self) -> Duration {
        let begun = Instant::now();
        write(&self.ours, b"x").expect("it is typed");
        self.read();
        begun.elapsed()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.child.kill().expect("it ends");
        self.child.wait().expect("it ends");
    }
}

/// The value below which so many of a thousand are.
fn quantile(sorted: &[Duration], thousandths: usize) -> f64 {
    sorted[(sorted.len() * thousandths / 1000).min(sorted.len() - 1)].as_secs_f64() * 1e6
}

fn main() {
    let muxwire = env!("CARGO_BIN_EXE_muxwire");
    let mut ways = [
        ("without", Echo::start(&[]), Vec::new()),
        ("with", Echo::start(&[muxwire, "run", "--"]), Vec::new()),
    ];
    for _ in 0..TURNS {
        for (_, echo, times) in &mut ways {
            times.extend((0..TRIPS).map(|_| echo.trip()));
        }
    }
    let figures = ways.map(|(name, _, mut times)| {
        times.sort_unstable();
        let figures = [500, 900, 990].map(|at| quantile(&times, at));
        let [p50, p90, p99] = figures;
        println!("{name:8} p50 {p50:7.1} us, p90 {p90:7.1} us, p99 {p99:7.1} us a round trip");
        figures
    });
    for (name, at) in [("p50", 0), ("p90", 1), ("p99", 2)] {
        let added = (figures[1][at] - figures[0][at]) / 2.0;
        println!("added    {name} {added:7.1} us in each direction");
    }
}
