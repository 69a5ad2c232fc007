//! One stamp to all clients: the time until the last one has it, and what a delivery costs the server.

use std::time::Duration;

use crate::Options;
use crate::awake::Awake;
use crate::muxwire::Muxwire;
use crate::numbers::{Times, float, now, short};
use crate::peers::Bun;
use crate::process::Cost;
use crate::socket::Socket;
use crate::stamps::Rounds;
use crate::swarm::{Round, Swarm};
use crate::table::{Row, Table};
use crate::tmux::stamping;

/// What uWebSockets needed through Bun when the goals were set: clients, p50 and p99 in microseconds.
const PUBLISHED: [(usize, f64, f64); 2] = [(100, 690.0, f64::INFINITY), (1000, 6600.0, 8300.0)];
/// CPU of the server for one delivery, in microseconds.
const DELIVERY: f64 = 4.0;
/// Stamps that are not counted.
const WARM_UP: usize = 20;

pub fn measure(options: &Options, table: &mut Table) {
    for clients in [1, 100, 1000] {
        measure_one(options, clients, table);
    }
}

/// A server's clients, and what they cost it.
struct Found {
    times: Times,
    /// Microseconds of CPU for one delivery.
    delivery: f64,
}

impl Found {
    fn new(round: &Round, clients: usize, cost: Cost) -> Self {
        let mut stamps: Vec<u64> = round.stamps.keys().copied().collect();
        stamps.sort_unstable();
        let warm = stamps[WARM_UP];
        let mut counted = Round::default();
        let later = round.stamps.iter().filter(|(stamp, _)| **stamp >= warm);
        counted.stamps = later.map(|(stamp, got)| (*stamp, *got)).collect();
        Self {
            times: Times::new(counted.times_to_last(clients)),
            delivery: float(cost.cpu) / 1000.0 / float(round.deliveries()),
        }
    }

    fn print(&self, name: &str) {
        self.times.print(name);
        println!("  {:<28} {:.2} us of CPU per delivery", "", self.delivery);
    }
}

fn measure_one(options: &Options, clients: usize, table: &mut Table) {
    println!("  {clients} clients, cores kept awake");
    let _awake = Awake::start();
    // Long enough for the last of them to have it before the next server's turn.
    let pause =
        Duration::from_millis(4) + Duration::from_micros(20) * u32::try_from(clients).unwrap();
    let count = options.pick(if clients == 1 { 1000 } else { 300 }, 60) + WARM_UP;

    let for_direct = stamping(&options.tmux);
    let (_reader, _input, output) = for_direct.control(&[]);
    for_direct.wait_for_clients(1);
    let direct = Rounds::of(output);

    let for_muxwire = stamping(&options.tmux);
    let muxwire = Muxwire::start(&for_muxwire);
    let for_bun = stamping(&options.tmux);
    let bun = Bun::start(&for_bun);

    let mut swarm = Swarm::new();
    swarm.add_group(clients, || muxwire.subscribed());
    let mut lanes = vec![&for_direct, &for_muxwire];
    let mut servers = vec![muxwire.pid()];
    match &bun {
        Some(bun) => {
            swarm.add_group(clients, || Socket::connect(&bun.address, Bun::offer()));
            lanes.push(&for_bun);
            servers.push(bun.pid());
        }
        None => println!("  Bun is missing (.ci/fetch-peers gets it)"),
    }
    swarm.settle(Duration::from_millis(500));

    let pause_ns = u64::try_from(pause.as_nanos()).unwrap();
    let period = pause_ns * u64::try_from(lanes.len()).unwrap();
    let mut start = now() + 1_000_000_000;
    for lane in &lanes {
        lane.type_line(&format!("{start} {period} {count}"));
        start += pause_ns;
    }
    let before: Vec<Cost> = servers.iter().map(|pid| Cost::of(*pid)).collect();
    let expected = Duration::from_nanos(period) * u32::try_from(count).unwrap();
    let (rounds, vain) = swarm.round(expected);
    let costs: Vec<Cost> = std::iter::zip(&servers, before)
        .map(|(pid, before)| Cost::of(*pid).since(before))
        .collect();

    let direct = Times::new(
        direct.next(expected)[WARM_UP..]
            .iter()
            .map(|(_, time)| *time)
            .collect(),
    );
    direct.print("direct tmux -C reader");
    let found: Vec<Found> = std::iter::zip(&rounds, costs)
        .map(|(round, cost)| Found::new(round, clients, cost))
        .collect();
    found[0].print("muxwire, last client");
    if let Some(bun) = found.get(1) {
        bun.print("Bun publish, last client");
    }
    println!(
        "  the load generator looked in vain {:.0} % of the time while a stamp was under way",
        vain * 100.0
    );
    rows(table, clients, &direct, &found);
}

fn rows(table: &mut Table, clients: usize, direct: &Times, found: &[Found]) {
    let muxwire = &found[0];
    let bun = found.get(1);
    let times = |found: &Found| format!("Bun {}", found.times.pair());
    let mut row = Row::new(
        format!("one stamp to the last of {clients} clients: p50 / p99, us"),
        muxwire.times.pair(),
    )
    .direct(direct.pair())
    .other(bun.map_or_else(|| "-".to_owned(), times));
    if let Some(bun) = bun {
        let ratio = muxwire.times.p50() / bun.times.p50();
        row = row.compared(format!("{ratio:.2} of Bun at p50"));
    }
    if let Some((_, p50, p99)) = PUBLISHED.into_iter().find(|goal| goal.0 == clients) {
        let (p50, p99) = bun.map_or((p50, p99), |bun| (bun.times.p50(), bun.times.p99()));
        let ahead = muxwire.times.p50() < p50 && muxwire.times.p99() < p99;
        row = row.goal("ahead of Bun at both", ahead);
        if clients == 1000 {
            row = row.headline("pane to the last of 1,000 clients, p50 / p99, us");
        }
    }
    table.add(row);

    let mut row = Row::new(
        format!("CPU of the server per delivery, {clients} clients, us"),
        short(muxwire.delivery),
    );
    if let Some(bun) = bun {
        row = row
            .other(format!("Bun {}", short(bun.delivery)))
            .compared(format!("{:.2} of Bun", muxwire.delivery / bun.delivery));
    }
    if clients > 1 {
        let limit = bun.map_or(DELIVERY, |bun| bun.delivery.min(DELIVERY));
        row = row.goal("under 4 us and ahead of Bun", muxwire.delivery < limit);
        if clients == 1000 {
            row = row.headline("CPU for each of those deliveries, us");
        }
    }
    table.add(row);
}
