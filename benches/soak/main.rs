//! A mixed load on the built program over a real tmux, for as long as is asked for, and what must hold at its end and on
//! the way.
//!
//! `cargo bench --bench soak -- --minutes 20` runs it; docs/performance.md says what it does and what it checks. It prints
//! a table, and ends with 1 if anything was not as it must be. `--seed` repeats the choices of an earlier run, though not
//! its timing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    unused_imports,
    dead_code,
    reason = "it fails by panicking, says what it found, and uses a part of what the tests have"
)]

mod abuse;
mod churn;
mod figures;
mod subscriber;
mod typist;
mod viewer;
mod world;

#[path = "../../tests/live_panes/follower.rs"]
mod follower;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use figures::Figures;
use world::{Actor, World};

/// How long anything may take on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// How often the load pauses, so that what clients show can be compared with what tmux shows.
const BETWEEN_CHECKS: Duration = Duration::from_secs(15);

/// A request to open a pane.
fn open(pane: &str) -> Value {
    json!({ "action": "open", "id": 1, "target": { "pane": pane } })
}

fn main() -> ExitCode {
    let (length, seed) = arguments();
    println!("soak: {length:?}, seed {seed}");
    let world = World::start(seed);
    let mut figures = Figures::start(&world);
    std::thread::scope(|scope| {
        let world = &world;
        let _stop = world.stop_in_the_end();
        let actors: [(&str, Actor); 14] = [
            ("viewer of the flood", |world, random| {
                viewer::steady(world, random, &world.flood)
            }),
            ("viewer of the lines", |world, random| {
                viewer::steady(world, random, &world.lines)
            }),
            ("viewer that comes back", |world, random| {
                viewer::returning(world, random, &world.flood)
            }),
            ("viewer that comes back to lines", |world, random| {
                viewer::returning(world, random, &world.lines)
            }),
            ("slow viewer", |world, random| {
                viewer::slow(world, random, &world.flood)
            }),
            ("subscriber", subscriber::steady),
            ("subscriber that comes back", subscriber::returning),
            ("snapshots", subscriber::snapshots),
            ("keys", typist::keys),
            ("pastes", typist::pastes),
            ("bad authentications", abuse::bad_authentications),
            ("more bad authentications", abuse::bad_authentications),
            ("slow viewer of lines", |world, random| {
                viewer::slow(world, random, &world.lines)
            }),
            ("rotated tokens", abuse::rotated_tokens),
        ];
        for (number, (name, actor)) in (1..).zip(actors) {
            scope.spawn(move || world.act(name, number, actor));
        }
        for (number, (name, actor)) in (101..).zip(churn::ACTORS) {
            scope.spawn(move || world.act(name, number, *actor));
        }
        let begun = Instant::now();
        let mut check_at = begun + BETWEEN_CHECKS.min(length / 2);
        while begun.elapsed() < length {
            std::thread::sleep(Duration::from_millis(500));
            figures.sample(world);
            if Instant::now() >= check_at {
                world.check();
                check_at = Instant::now() + BETWEEN_CHECKS;
            }
        }
        world.check();
    });
    figures.conclude(world)
}

/// How long it is to run, and from which seed.
fn arguments() -> (Duration, u64) {
    let usage = "usage: soak [--minutes N | --seconds N] [--seed N]";
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let (mut length, mut seed) = (Duration::from_secs(120), u64::from(std::process::id()));
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            panic!("{usage}")
        };
        let value: u64 = value.parse().expect(usage);
        match name.as_str() {
            "--minutes" => length = Duration::from_secs(value * 60),
            "--seconds" => length = Duration::from_secs(value),
            "--seed" => seed = value,
            _ => panic!("{usage}"),
        }
    }
    (length, seed)
}
