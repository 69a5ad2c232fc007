//! What `permessage-deflate` saves on the wire and costs the server, beside the same without.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::float;
use crate::pane;
use crate::process::Cost;
use crate::swarm::Swarm;
use crate::table::{Row, Table};
use crate::tmux::Tmux;

/// How long each workload takes, in milliseconds.
const LENGTH: u64 = 8000;
/// Nothing more comes.
const QUIET: Duration = Duration::from_millis(700);

/// What happens while it is measured.
#[derive(Debug, Clone, Copy)]
enum Workload {
    /// A coding agent, as it was recorded.
    Agent,
    /// What cargo prints on a terminal, 50 packages a second.
    Build,
    /// Events without output: windows get new names, 50 a second.
    Events,
}

impl Workload {
    const fn name(self) -> &'static str {
        match self {
            Self::Agent => "an agent's TUI",
            Self::Build => "a build log",
            Self::Events => "events",
        }
    }

    /// What is printed, each piece so many milliseconds after the one before.
    fn pieces(self) -> Vec<(u64, String)> {
        match self {
            Self::Agent => recorded("fixtures/agents/claude-2.1.332"),
            Self::Build => build(),
            Self::Events => Vec::new(),
        }
    }
}

pub fn measure(options: &Options, table: &mut Table) {
    for workload in [Workload::Agent, Workload::Build, Workload::Events] {
        for clients in [1, 100, 1000] {
            let [off, on] = [false, true].map(|on| run(options, workload, clients, on));
            add(table, workload, clients, off, on);
        }
    }
}

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// Bytes on the wire for each client.
    bytes: f64,
    /// Seconds of CPU of the server.
    cpu: f64,
}

fn run(options: &Options, workload: Workload, clients: usize, on: bool) -> Taken {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pieces.json");
    fs::write(&file, serde_json::to_vec(&workload.pieces()).unwrap()).unwrap();
    let tmux = Tmux::start(
        &options.tmux,
        &pane::command(&format!("play {}", file.display())),
    );
    let (_reader, mut input, _output) = tmux.control(&[]);
    tmux.wait_for_clients(1);
    let muxwire = Muxwire::start_compressing(&tmux, on);
    let mut swarm = Swarm::new();
    swarm.add_group(clients, || muxwire.subscribed_to_all(on));
    swarm.settle(QUIET);
    let before = Cost::of(muxwire.pid());
    let bytes = thread::scope(|scope| {
        scope.spawn(|| match workload {
            Workload::Events => {
                for number in 0..LENGTH / 20 {
                    writeln!(input, "rename-window -t =main: 'window {number}'").unwrap();
                    thread::sleep(Duration::from_millis(20));
                }
            }
            Workload::Agent | Workload::Build => tmux.type_line("go"),
        });
        swarm.settle(QUIET)
    });
    Taken {
        bytes: float(bytes) / float(clients),
        cpu: Cost::of(muxwire.pid()).since(before).cpu_seconds(),
    }
}

fn add(table: &mut Table, workload: Workload, clients: usize, off: Taken, on: Taken) {
    let name = workload.name();
    println!(
        "  {name}, {clients} clients: {:.0} bytes each and {:.3} s of CPU, compressed {:.0} and {:.3} s",
        off.bytes, off.cpu, on.bytes, on.cpu
    );
    let taken = |taken: Taken| format!("{:.1} KB; {:.0} ms", taken.bytes / 1e3, taken.cpu * 1e3);
    let row = Row::new(
        format!("{name} for 8 s, {clients} clients: bytes on the wire for each, CPU of the server"),
        taken(on),
    )
    .other(format!("not compressed {}", taken(off)))
    .compared(format!(
        "{:.2} of the bytes, {:.2} of the CPU",
        on.bytes / off.bytes,
        on.cpu / off.cpu
    ));
    table.add(row);
}

/// The output of a recorded agent, without its longest pauses.
fn recorded(folder: &str) -> Vec<(u64, String)> {
    let mut casts: Vec<_> = fs::read_dir(Path::new(folder))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    casts.retain(|path| path.extension().is_some_and(|end| end == "cast"));
    casts.sort();
    let (mut pieces, mut total) = (Vec::new(), 0);
    for cast in casts {
        let mut last = 0.0;
        for line in fs::read_to_string(cast).unwrap().lines().skip(1) {
            let Ok((at, kind, text)) = serde_json::from_str::<(f64, String, String)>(line) else {
                continue;
            };
            if kind == "o" {
                let pause = ((at - last) * 1000.0).clamp(0.0, 200.0) as u64;
                last = at;
                total += pause;
                if total > LENGTH {
                    return pieces;
                }
                pieces.push((pause, text));
            }
        }
    }
    pieces
}

/// What cargo prints: each package, and a bar that is drawn anew for each.
fn build() -> Vec<(u64, String)> {
    let total = LENGTH / 20;
    let line = |index: u64| {
        let done = usize::try_from(index * 26 / total).unwrap();
        format!(
            "\r\x1b[K\x1b[1m\x1b[32m   Compiling\x1b[0m package-{index} v{}.{}.{}\r\n\
             \x1b[1m\x1b[36m    Building\x1b[0m [{}>{}] {index}/{total}: package-{}, package-{}(build)...\r",
            index % 3,
            index * 7 % 40,
            index * 13 % 17,
            "=".repeat(done),
            " ".repeat(26 - done),
            index + 1,
            index + 2,
        )
    };
    (0..total).map(|index| (20, line(index))).collect()
}
