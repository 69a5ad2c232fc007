//! How long it takes from the start of the program until all sessions of a server are streamed, and what that costs.

use std::fs;
use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{median, short};
use crate::process::{Cost, children, mebibytes, proportional, resident};
use crate::socket::{Socket, frames};
use crate::table::{Row, Table};
use crate::tmux::{Program, Tmux};

const SESSIONS: usize = 100;
/// Until all sessions are streamed, in seconds.
const GOAL: f64 = 1.0;
const PATIENCE: Duration = Duration::from_secs(60);

/// What one start took.
struct Start {
    seconds: f64,
    /// CPU time of muxwire, of its links and of the tmux server, in seconds.
    cpu: [f64; 3],
    /// Resident memory of muxwire; of its links; of these with each page divided among those that share it.
    memory: [u64; 3],
}

pub fn measure(options: &Options, table: &mut Table) {
    let rounds = options.pick(5, 3);
    println!("  {SESSIONS} sessions with a pane each, {rounds} starts");
    for program in Program::all() {
        measure_one(&program, rounds, table);
    }
}

fn measure_one(program: &Program, rounds: usize, table: &mut Table) {
    let tmux = Tmux::start(program, "exec cat");
    for session in 1..SESSIONS {
        tmux.session(&format!("s{session}"), "exec cat");
        if session % (SESSIONS / 4) == 0 {
            // Not all of them were used within the same second: so the order of their use is known, and kept.
            thread::sleep(Duration::from_secs(1));
        }
    }
    let starts: Vec<Start> = (0..rounds).map(|_| start(&tmux)).collect();
    let of = |value: fn(&Start) -> f64| median(starts.iter().map(value).collect());
    let worst = starts.iter().map(|start| start.seconds).fold(0.0, f64::max);
    let seconds = of(|start| start.seconds);
    let cpu = [
        of(|start| start.cpu[0]),
        of(|start| start.cpu[1]),
        of(|start| start.cpu[2]),
    ];
    let [server, links, shared_once] = starts[0].memory.map(mebibytes);
    println!(
        "  tmux {}: {seconds:.2} s, at most {worst:.2} s; CPU {:.2} s of muxwire, {:.2} s of its links, {:.2} s of tmux",
        program.version, cpu[0], cpu[1], cpu[2]
    );
    table.add(
        Row::new(
            format!(
                "from the start until {SESSIONS} sessions are streamed, tmux {}, median and longest of {rounds}: s; CPU of \
                 muxwire, its links and tmux: s",
                program.version
            ),
            format!(
                "{} / {}; {} + {} + {}",
                short(seconds),
                short(worst),
                short(cpu[0]),
                short(cpu[1]),
                short(cpu[2])
            ),
        )
        .goal("1 s", seconds <= GOAL),
    );
    table.add(Row::new(
        format!("resident memory then, tmux {}, MiB", program.version),
        format!(
            "{} (and {} in {} `tmux -C`, {} with shared pages counted once)",
            short(server),
            short(links),
            SESSIONS + 1,
            short(shared_once)
        ),
    ));
}

fn start(tmux: &Tmux) -> Start {
    let before = Cost::of(tmux.pid);
    let begin = Instant::now();
    let muxwire = Muxwire::start_at_once(tmux);
    let mut socket = Socket::connect(&muxwire.address, muxwire.json());
    while streamed(&mut socket) < SESSIONS {
        assert!(
            begin.elapsed() < PATIENCE,
            "all sessions are streamed in time"
        );
        thread::sleep(Duration::from_millis(5));
    }
    let seconds = begin.elapsed().as_secs_f64();
    let mut links = children(muxwire.pid());
    links.retain(|pid| is_link(*pid));
    let cpu = [
        Cost::of(muxwire.pid()),
        Cost::of_all(&links),
        Cost::of(tmux.pid).since(before),
    ];
    let sum = |memory: fn(u32) -> u64| links.iter().map(|pid| memory(*pid)).sum();
    Start {
        seconds,
        cpu: cpu.map(Cost::cpu_seconds),
        memory: [resident(muxwire.pid()), sum(resident), sum(proportional)],
    }
}

/// Whether a child is a control client, and no command of a moment, which may have ended since.
fn is_link(pid: u32) -> bool {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments
        .split(|byte| *byte == 0)
        .any(|argument| argument == b"-C")
}

/// How many sessions are streamed, by a snapshot.
fn streamed(socket: &mut Socket) -> usize {
    socket.send(r#"{"action":"snapshot"}"#);
    let mut received = Vec::new();
    let mut chunk = vec![0; 256 << 10];
    loop {
        let count = socket.read(&mut chunk).unwrap();
        assert!(count > 0, "the server closes instead of answering");
        received.extend_from_slice(&chunk[..count]);
        for frame in frames(&received) {
            let text = String::from_utf8_lossy(frame.payload);
            if text.contains(r#""type":"snapshot""#) {
                return text.matches(r#""streamed":true"#).count();
            }
        }
    }
}
