//! The built program under measurement, beside a direct `tmux -C` reader and other programs in the same run.
//!
//! `cargo bench --bench live` measures all; `-- --quick latency fan-out` measures two parts in short. What each figure
//! means stands in docs/performance.md. Every part starts its own tmux servers on private sockets and the release
//! build of `muxwire serve`, and adds to the table that is printed at the end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark fails by panicking and says what it found"
)]

mod awake;
mod machine;
mod muxwire;
mod numbers;
mod pane;
mod parts;
mod peers;
mod process;
mod socket;
mod stamps;
mod swarm;
mod table;
mod tmux;

use std::env;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use table::Table;
use tmux::Program;

/// What measures one part, and adds its rows.
type Measure = fn(&Options, &mut Table);

/// The parts by name, in the order in which they are measured.
const PARTS: &[(&str, Measure)] = &[
    ("latency", parts::latency::measure),
    ("echo", parts::echo::measure),
    ("history", parts::history::measure),
    ("flood", parts::flood::measure),
    ("fan-out", parts::fanout::measure),
    ("compression", parts::compression::measure),
    ("idle-connections", parts::idle_connections::measure),
    ("idle", parts::idle::measure),
    ("polling", parts::polling::measure),
    ("auth-flood", parts::auth_flood::measure),
    ("start-up", parts::start_up::measure),
];

/// What was asked for.
#[derive(Debug)]
pub struct Options {
    /// Whether a rough figure is enough.
    pub quick: bool,
    /// The tmux of the parts for which the version does not matter.
    pub tmux: Program,
}

impl Options {
    /// How many of something to measure.
    pub fn pick<T>(&self, usual: T, quick: T) -> T {
        if self.quick { quick } else { usual }
    }
}

fn main() {
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if arguments.first().is_some_and(|first| first == "pane") {
        return pane::run(&arguments[1..]);
    }
    let (flags, names): (Vec<&String>, Vec<&String>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    let unknown = |name: &&String| PARTS.iter().all(|(part, _)| part != name);
    if flags.iter().any(|flag| *flag != "--quick") || names.iter().any(unknown) {
        let parts: Vec<&str> = PARTS.iter().map(|(part, _)| *part).collect();
        panic!("usage: live [--quick] [PART ...], of {}", parts.join(", "));
    }
    raise_limit_of_files();
    let options = Options {
        quick: !flags.is_empty(),
        tmux: Program::usual(),
    };
    let mut table = Table::default();
    for (name, measure) in PARTS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            println!("## {name}");
            measure_part(*measure, &options, &mut table);
            println!();
        }
    }
    table.print();
    println!("\n{}", machine::description(&options));
}

/// Measures a part, and looks at the machine before and after it: what else it does says whether anything can be judged.
fn measure_part(measure: Measure, options: &Options, table: &mut Table) {
    let (before, from) = (machine::noise(), table.len());
    measure(options, table);
    let after = machine::noise();
    let verdict = if before.max(after) > machine::MOST_NOISE {
        table.mark_noisy(from);
        "too noisy to judge"
    } else {
        "quiet enough"
    };
    println!(
        "  others took {:.1} % of the cores before and {:.1} % after: {verdict}",
        before * 100.0,
        after * 100.0
    );
}

/// Ten thousand connections need as many descriptors, here and in the servers, which inherit the limit.
fn raise_limit_of_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, all).unwrap();
}
