//! What it costs to watch a server where nothing happens.

use std::thread;
use std::time::Duration;

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{float, short};
use crate::process::{Cost, children, mebibytes, resident};
use crate::socket::Socket;
use crate::table::{Row, Table};
use crate::tmux::Tmux;

const CLIENTS: usize = 10;
const SESSIONS: usize = 10;
const PANES: usize = 50;
/// Resident memory of the server, in MiB.
const MEMORY: f64 = 15.0;
/// A look at tmux every 30 s, and what little a runtime does: far below what any polling costs.
const CPU: f64 = 0.1;

pub fn measure(options: &Options, table: &mut Table) {
    let silence = Duration::from_secs(options.pick(30, 10));
    println!(
        "  {CLIENTS} clients, {PANES} panes in {SESSIONS} sessions, {} s of silence",
        silence.as_secs()
    );
    let tmux = full_server(options);
    let muxwire = Muxwire::start(&tmux);
    let clients: Vec<Socket> = (0..CLIENTS)
        .map(|_| {
            let mut socket = Socket::connect(&muxwire.address, muxwire.json());
            socket.send(r#"{"action":"subscribe"}"#);
            socket
        })
        .collect();
    let other = full_server(options);
    let (reader, _input, _output) = other.control(&[]);
    other.wait_for_clients(1);
    thread::sleep(Duration::from_secs(3));

    let links = children(muxwire.pid());
    let ours = [muxwire.pid()].into_iter().chain(links.iter().copied());
    let watched: [(&str, Vec<u32>); 5] = [
        ("muxwire", vec![muxwire.pid()]),
        ("muxwire and its links", ours.collect()),
        ("its tmux server", vec![tmux.pid]),
        ("direct reader", vec![reader.0.id()]),
        ("the direct reader's tmux", vec![other.pid]),
    ];
    let before: Vec<Cost> = watched.iter().map(|(_, pids)| Cost::of_all(pids)).collect();
    thread::sleep(silence);
    let costs: Vec<Cost> = watched
        .iter()
        .zip(before)
        .map(|((name, pids), before)| {
            let cost = Cost::of_all(pids).since(before);
            let memory: u64 = pids.iter().map(|pid| resident(*pid)).sum();
            println!(
                "  {name:<28} {:.4} s of CPU, {} switches, {:.1} MiB resident",
                cost.cpu_seconds(),
                cost.switches,
                mebibytes(memory)
            );
            cost
        })
        .collect();
    drop(clients);

    let share = |cost: Cost| cost.cpu_seconds() / silence.as_secs_f64() * 100.0;
    let conditions = format!("{CLIENTS} clients, {PANES} panes");
    table.add(
        Row::new(
            format!("silence, {conditions}: CPU, % of a core"),
            format!("{:.3}", share(costs[0])),
        )
        .direct(format!("{:.3}", share(costs[3])))
        .compared(format!(
            "{} switches a second",
            short(float(costs[0].switches) / silence.as_secs_f64())
        ))
        .goal("no work while nothing happens (0.1)", share(costs[0]) < CPU),
    );
    table.add(
        Row::new(
            "the same, CPU of the tmux server that is watched, % of a core",
            format!("{:.3}", share(costs[2])),
        )
        .direct(format!("{:.3}", share(costs[4]))),
    );
    let memory = mebibytes(resident(muxwire.pid()));
    let of_links: u64 = links.iter().map(|pid| resident(*pid)).sum();
    table.add(
        Row::new(
            format!("resident memory, {conditions}, MiB"),
            format!(
                "{} (and {} in {} `tmux -C`)",
                short(memory),
                short(mebibytes(of_links)),
                links.len()
            ),
        )
        .direct(short(mebibytes(resident(reader.0.id()))))
        .goal("under 15", memory < MEMORY)
        .headline("memory with 10 clients and 50 panes, MiB"),
    );
}

/// Panes that wait for input.
fn full_server(options: &Options) -> Tmux {
    let tmux = Tmux::start(&options.tmux, "exec cat");
    for session in 1..SESSIONS {
        tmux.session(&format!("s{session}"), "exec cat");
    }
    for pane in SESSIONS..PANES {
        let session = match pane % SESSIONS {
            0 => "main".to_owned(),
            number => format!("s{number}"),
        };
        tmux.window(&session, "exec cat");
    }
    tmux
}
