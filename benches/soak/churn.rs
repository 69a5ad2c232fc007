//! What happens in tmux: sessions, windows and panes come and go, lines are typed, and a pane floods.

use std::process::Output;

use crate::support::random::Random;
use crate::world::{Actor, World};

/// What happens side by side.
pub const ACTORS: &[(&str, Actor)] = &[("churn", churn), ("lines", lines), ("floods", floods)];

/// How many sessions there may be besides those that stay.
const SESSIONS: usize = 6;

/// What a pane that comes runs.
const PROGRAMS: [&str; 4] = [
    "exec cat",
    "seq 1 500; exec cat",
    "seq 1 50; sleep 1",
    "printf '\\033]2;a title\\033\\\\'; exec cat",
];

/// A command of tmux. That it fails, since what it names has gone by itself, is no fault.
fn tmux(world: &World, arguments: &[&str]) -> Output {
    let _change = world.change();
    let done = world.tmux.try_run(arguments);
    done.unwrap_or_else(|| panic!("tmux {arguments:?} hangs"))
}

fn churn(world: &World, random: &mut Random) {
    let mut names: Vec<String> = Vec::new();
    let mut number = random.below(1 << 20);
    while !world.is_stopping() {
        number += 1;
        let program = PROGRAMS[random.below(PROGRAMS.len())];
        if names.len() < 2 || (names.len() < SESSIONS && random.below(4) == 0) {
            let name = format!("churn-{number}");
            tmux(
                world,
                &[
                    "new-session",
                    "-d",
                    "-s",
                    &name,
                    "-x",
                    "80",
                    "-y",
                    "24",
                    program,
                ],
            );
            names.push(name);
            world.count("sessions made");
        } else {
            let at = random.below(names.len());
            let target = format!("={}:", names[at]);
            match random.below(9) {
                0 if names.len() > 2 => {
                    tmux(world, &["kill-session", "-t", &target]);
                    names.swap_remove(at);
                }
                1 => {
                    let name = format!("renamed-{number}");
                    if tmux(world, &["rename-session", "-t", &target, &name])
                        .status
                        .success()
                    {
                        names[at] = name;
                    }
                }
                2 | 3 => drop(tmux(world, &["new-window", "-d", "-t", &target, program])),
                4 => drop(tmux(world, &["split-window", "-d", "-t", &target, program])),
                5 => drop(tmux(world, &["kill-pane", "-t", &target])),
                6 => drop(tmux(world, &["rename-window", "-t", &target, "a name"])),
                7 => drop(tmux(world, &["next-window", "-t", &target])),
                _ => drop(tmux(
                    world,
                    &[
                        "set-buffer",
                        "-b",
                        "soak",
                        &"x".repeat(1 + random.below(500)),
                    ],
                )),
            }
        }
        // Those whose last pane has ended are gone.
        names.retain(|name| {
            tmux(world, &["has-session", "-t", &format!("={name}")])
                .status
                .success()
        });
        world.count("changes in tmux");
        world.pause_between(random, 30, 300);
    }
    for name in names {
        tmux(world, &["kill-session", "-t", &format!("={name}")]);
    }
}

fn lines(world: &World, random: &mut Random) {
    while !world.is_stopping() {
        let line = format!("line {:x} \u{4e2d}\u{e9}", random.next());
        let typed = tmux(world, &["send-keys", "-t", &world.lines, &line, "Enter"]);
        assert!(typed.status.success(), "{typed:?}");
        world.count("lines printed");
        world.pause_between(random, 20, 300);
    }
}

fn floods(world: &World, random: &mut Random) {
    while !world.is_stopping() {
        let lines = (1000 + random.below(60_000)).to_string();
        let typed = tmux(world, &["send-keys", "-t", &world.flood, &lines, "Enter"]);
        assert!(typed.status.success(), "{typed:?}");
        world.count("floods");
        world.pause_between(random, 500, 4000);
    }
}
