//! From a pane's write to a client, one client each.
//!
//! Every receiver has a tmux server of its own, and the panes write in turn, so that none disturbs another and the
//! noise of the machine hits all alike.

use std::io::Read;
use std::time::Duration;

use crate::Options;
use crate::awake::Awake;
use crate::muxwire::Muxwire;
use crate::numbers::{Times, now, short};
use crate::peers::Ttyd;
use crate::stamps::Rounds;
use crate::table::{Row, Table};
use crate::tmux::{Tmux, stamping};

/// Between two stamps; long enough that each finds everything idle.
const PAUSE: Duration = Duration::from_millis(4);
/// Stamps that are not counted, while everything warms up.
const WARM_UP: usize = 100;
/// How far behind the direct reader muxwire may be, in microseconds.
const GOAL: f64 = 40.0;
/// What a web terminal needed when both were measured together, as parts of what the direct reader needed.
const RATIOS: (f64, f64) = (96.0 / 43.0, 309.0 / 116.0);

/// A receiver, and what keeps it alive.
struct Lane {
    name: &'static str,
    tmux: Tmux,
    rounds: Rounds,
    _alive: Box<dyn std::any::Any>,
}

impl Lane {
    fn new(
        name: &'static str,
        tmux: Tmux,
        source: impl Read + Send + 'static,
        alive: impl std::any::Any,
    ) -> Self {
        Self {
            name,
            tmux,
            rounds: Rounds::of(source),
            _alive: Box::new(alive),
        }
    }
}

const DIRECT: &str = "direct tmux -C reader";
const JSON: &str = "muxwire, JSON";
const BINARY: &str = "muxwire, binary";
/// What the short table shows: the time of the programs, without that of waking cores.
const AWAKE: &str = "cores kept awake";
const TTYD: &str = "ttyd, tmux attach";

fn lanes(options: &Options) -> Vec<Lane> {
    let tmux = stamping(&options.tmux);
    let (child, input, output) = tmux.control(&[]);
    tmux.wait_for_clients(1);
    let mut lanes = vec![Lane::new(DIRECT, tmux, output, (child, input))];

    let tmux = stamping(&options.tmux);
    let muxwire = Muxwire::start(&tmux);
    lanes.push(Lane::new(JSON, tmux, muxwire.subscribed(), muxwire));

    let tmux = stamping(&options.tmux);
    let muxwire = Muxwire::start(&tmux);
    if let Some(socket) = muxwire.subscribed_binary() {
        lanes.push(Lane::new(BINARY, tmux, socket, muxwire));
    }

    let tmux = stamping(&options.tmux);
    match Ttyd::start(&tmux) {
        Some(ttyd) => {
            let socket = ttyd.connect(&tmux);
            lanes.push(Lane::new(TTYD, tmux, socket, ttyd));
        }
        None => println!("  ttyd is missing (.ci/fetch-peers gets it): its figures are estimated"),
    }
    lanes
}

pub fn measure(options: &Options, table: &mut Table) {
    let lanes = lanes(options);
    let count = options.pick(3000, 400);
    println!("  at rest: cores sleep between stamps");
    let found = round(&lanes, count);
    rows(table, "at rest", &found);
    match Awake::start() {
        Some(_awake) => {
            println!("  cores kept awake");
            let found = round(&lanes, count);
            rows(table, AWAKE, &found);
        }
        None => println!("  chrt is missing: no figures with cores kept awake"),
    }
}

fn round(lanes: &[Lane], count: usize) -> Vec<(&'static str, Times)> {
    let pause = u64::try_from(PAUSE.as_nanos()).unwrap();
    let period = pause * u64::try_from(lanes.len()).unwrap();
    let count = count + WARM_UP;
    let mut start = now() + 1_000_000_000;
    for lane in lanes {
        lane.tmux.type_line(&format!("{start} {period} {count}"));
        start += pause;
    }
    let expected = Duration::from_nanos(period) * u32::try_from(count).unwrap();
    let found = lanes.iter().map(|lane| {
        let stamps = lane.rounds.next(expected);
        // Two stamps that reach a terminal together may be drawn as one, and a frame may cut one.
        assert!(
            stamps.len() > count * 9 / 10,
            "{} has the stamps",
            lane.name
        );
        let times = Times::new(stamps[WARM_UP..].iter().map(|(_, time)| *time).collect());
        times.print(lane.name);
        (lane.name, times)
    });
    found.collect()
}

/// What there is to compare with of a web terminal, in microseconds.
pub struct WebTerminal {
    pub p50: f64,
    pub p99: f64,
    pub text: String,
}

/// The times of ttyd, or an estimate by what it needed in another run, as parts of what the direct reader needed.
pub fn web_terminal(ttyd: Option<&Times>, direct: &Times, ratios: (f64, f64)) -> WebTerminal {
    let (name, p50, p99) = match ttyd {
        Some(times) => ("ttyd", times.p50(), times.p99()),
        None => (
            "ttyd, estimated",
            direct.p50() * ratios.0,
            direct.p99() * ratios.1,
        ),
    };
    WebTerminal {
        p50,
        p99,
        text: format!("{name} {} / {}", short(p50), short(p99)),
    }
}

fn rows(table: &mut Table, condition: &str, found: &[(&'static str, Times)]) {
    let of = |wanted: &str| found.iter().find(|(name, _)| *name == wanted);
    let direct = &of(DIRECT).unwrap().1;
    let terminal = web_terminal(of(TTYD).map(|(_, times)| times), direct, RATIOS);
    for (name, times) in [JSON, BINARY].into_iter().filter_map(of) {
        let difference = times.behind(direct);
        let reached = difference <= GOAL && times.p99() < terminal.p99;
        let row = Row::new(
            format!("pane to client, {name}, {condition}: p50 / p99, us"),
            times.pair(),
        )
        .direct(direct.pair())
        .other(terminal.text.clone())
        .compared(format!("{difference:+.1} us at p50"))
        .goal("+40 us at p50, p99 ahead of ttyd", reached);
        let is_headline = *name == JSON && condition == AWAKE;
        table.add(if is_headline {
            row.headline("pane to client, p50 / p99, us")
        } else {
            row
        });
    }
}
