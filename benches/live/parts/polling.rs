//! Against a loop of `list-panes` and `capture-pane`, as dashboards do without a bridge.

use std::collections::HashSet;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{Times, float, now};
use crate::pane;
use crate::process::{Cost, Guard, children, cpu_of_ended_children};
use crate::socket::Socket;
use crate::stamps::{Mark, Rounds, Scanner};
use crate::table::{Row, Table};
use crate::tmux::Tmux;

const PANES: usize = 20;
/// How often the loop looks: 2 Hz.
const PERIOD: Duration = Duration::from_millis(500);
/// How often a pane that prints does so: 10 lines a second.
const LINE: Duration = Duration::from_millis(100);
/// The share of polling's CPU time that muxwire may take.
const GOAL: f64 = 0.5;

/// What a way of watching came to.
struct Watched {
    /// CPU of the watcher, its helpers and the tmux server, in percent of a core.
    load: f64,
    /// From a line's printing until it is known; none if nothing was printed.
    latency: Option<Times>,
}

impl Watched {
    fn latency(&self) -> String {
        self.latency.as_ref().map_or_else(
            || "-".to_owned(),
            |times| format!("{:.1} ms", times.p50() / 1000.0),
        )
    }

    fn print(&self, name: &str) {
        println!("  {name:<28} {:.2} % of a core", self.load);
        if let Some(times) = &self.latency {
            times.print("until a line is known");
        }
    }
}

pub fn measure(options: &Options, table: &mut Table) {
    let time = Duration::from_secs(options.pick(15, 5));
    let workloads = [
        (0, "nothing prints"),
        (4, "4 print 10 lines/s"),
        (PANES, "all print 10 lines/s"),
    ];
    for (printing, name) in workloads {
        println!("  {PANES} panes, {name}, {} s", time.as_secs());
        let polling = watch_by_polling(options, printing, time);
        polling.print("polling at 2 Hz");
        let muxwire = watch_by_muxwire(options, printing, time);
        muxwire.print("muxwire, one client");
        let ratio = muxwire.load / polling.load;
        table.add(
            Row::new(
                format!("{PANES} panes, {name}: CPU with the tmux server, % of a core; until a line is known"),
                format!("{:.2} %; {}", muxwire.load, muxwire.latency()),
            )
            .other(format!("polling at 2 Hz {:.2} %; {}", polling.load, polling.latency()))
            .compared(format!("{ratio:.2} of polling"))
            .goal("half of polling at most", ratio <= GOAL)
            .headline(format!("watching {PANES} panes, {name}: CPU; until a line is known")),
        );
    }
}

/// So many panes, of which some print.
fn server(options: &Options, printing: usize) -> Tmux {
    let print = pane::command(&format!("print {}", LINE.as_millis()));
    let command = |number| {
        if number < printing {
            print.as_str()
        } else {
            "exec cat"
        }
    };
    let tmux = Tmux::start(&options.tmux, command(0));
    for number in 1..PANES {
        tmux.window("main", command(number));
    }
    tmux
}

fn percent(cpu: u64, time: Duration) -> f64 {
    float(cpu) / 1e9 / time.as_secs_f64() * 100.0
}

fn watch_by_muxwire(options: &Options, printing: usize, time: Duration) -> Watched {
    let tmux = server(options, printing);
    let muxwire = Muxwire::start(&tmux);
    let mut socket = Socket::connect(&muxwire.address, muxwire.json());
    socket.send(r#"{"action":"subscribe"}"#);
    let lines = Rounds::of(socket);
    thread::sleep(Duration::from_secs(1));
    let mut pids = vec![muxwire.pid(), tmux.pid];
    pids.extend(children(muxwire.pid()));
    let (before, begin, from) = (Cost::of_all(&pids), Instant::now(), now());
    thread::sleep(time);
    let load = percent(Cost::of_all(&pids).since(before).cpu, begin.elapsed());
    drop(muxwire);
    let known = lines.rest();
    let known = known.into_iter().filter(|(stamp, _)| *stamp > from);
    let latencies: Vec<u64> = known.map(|(_, latency)| latency).collect();
    Watched {
        load,
        latency: (printing > 0).then(|| Times::new(latencies)),
    }
}

fn watch_by_polling(options: &Options, printing: usize, time: Duration) -> Watched {
    let tmux = server(options, printing);
    thread::sleep(Duration::from_secs(1));
    let before = Cost::of(tmux.pid);
    let poller = Command::new(std::env::current_exe().unwrap())
        .args(["pane", "poll"])
        .arg(tmux.program())
        .arg(tmux.socket())
        .arg(time.as_millis().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut poller = Guard(poller.unwrap());
    let mut printed = String::new();
    let mut output = poller.0.stdout.take().unwrap();
    output.read_to_string(&mut printed).unwrap();
    let server = Cost::of(tmux.pid).since(before).cpu;
    let mut numbers = printed.split_whitespace().map(|word| word.parse().unwrap());
    let own: u64 = numbers.next().expect("the poller says what it cost");
    let latencies: Vec<u64> = numbers.collect();
    Watched {
        load: percent(own + server, time),
        latency: (printing > 0).then(|| Times::new(latencies)),
    }
}

/// Polls a server for a time. Prints the CPU time of itself and its commands, and the latency of each line that it saw.
pub fn poll(arguments: &[String]) {
    let [program, socket, time] = arguments else {
        panic!("poll PROGRAM SOCKET MILLISECONDS");
    };
    let tmux = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(["-S", socket]).args(arguments);
        command.output().unwrap().stdout
    };
    let time = Duration::from_millis(time.parse().unwrap());
    let (begin, from) = (Instant::now(), now());
    let mut known = HashSet::new();
    let mut latencies = Vec::new();
    for number in 1.. {
        let format =
            "#{session_name} #{window_index} #{pane_index} #{pane_id} #{pane_current_command}";
        let panes = tmux(&["list-panes", "-a", "-F", format]);
        for pane in String::from_utf8(panes).unwrap().lines() {
            let id = pane.split_whitespace().find(|word| word.starts_with('%'));
            let screen = tmux(&["capture-pane", "-p", "-t", id.unwrap()]);
            let at = now();
            Scanner::default().feed(&screen, |mark| match mark {
                // What stood there at the first look was not waited for.
                Mark::Stamp(stamp) if stamp > from && known.insert((pane.to_owned(), stamp)) => {
                    latencies.push(at - stamp);
                }
                Mark::Stamp(_) | Mark::End => {}
            });
        }
        thread::sleep((PERIOD * number).saturating_sub(begin.elapsed()));
        if begin.elapsed() >= time {
            break;
        }
    }
    let own = std::process::id();
    println!("{}", Cost::of(own).cpu + cpu_of_ended_children(own));
    for latency in latencies {
        println!("{latency}");
    }
}
