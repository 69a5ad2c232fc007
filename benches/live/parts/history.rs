//! From a keystroke to its echo while another client opens a pane with all of its long history.
//!
//! Both panes are on one tmux server and one muxwire. The one who opens reads as fast as it can.

use std::io::Read as _;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{Times, short};
use crate::pane;
use crate::parts::echo::{self, Client};
use crate::socket::Socket;
use crate::table::{Row, Table};
use crate::tmux::{Program, Tmux};

/// How many times as long the slowest keystrokes in a hundred may take.
const GOAL: f64 = 2.0;
/// How long the history may take to be printed.
const SOON: Duration = Duration::from_secs(60);
/// A snapshot serves for 10 s, and each round is to take one of its own.
const LIFE: Duration = Duration::from_millis(10_500);

pub fn measure(options: &Options, table: &mut Table) {
    // In short, only the usual one and the newest: each takes some ten seconds.
    let all = Program::all();
    let newest = all.last().map(|program| program.version.clone());
    let wanted = |program: &Program| {
        !options.quick
            || program.version == options.tmux.version
            || Some(&program.version) == newest.as_ref()
    };
    for program in all.into_iter().filter(wanted) {
        println!("  tmux {}", program.version);
        measure_version(options, &program, table);
    }
}

fn measure_version(options: &Options, program: &Program, table: &mut Table) {
    let lines = options.pick(100_000, 20_000);
    let tmux = Tmux::start(program, echo::PANE);
    tmux.run(&["set-option", "-g", "history-limit", "100000"]);
    tmux.session("long", &pane::command(&format!("lines {lines}")));
    let begin = Instant::now();
    let size = ["display-message", "-p", "-t", "%1", "#{history_size}"];
    while tmux.run(&size).trim().parse::<usize>().unwrap() < lines - 100 {
        assert!(begin.elapsed() < SOON, "the history is printed in time");
        thread::sleep(Duration::from_millis(100));
    }
    let muxwire = Muxwire::start(&tmux);
    let mut typist = Client::json(muxwire.subscribed_to("main"));
    let mut type_until = |enough: &mut dyn FnMut(usize) -> bool| {
        let mut times = Vec::new();
        while !enough(times.len()) {
            times.push(echo::paused_keystroke(&mut typist, times.len()));
        }
        times
    };
    type_until(&mut |count| count == 50);
    let quiet = Times::whole(type_until(&mut |count| count == options.pick(2000, 500)));
    quiet.print("quiet");
    let (mut times, mut opened) = (Vec::new(), Vec::new());
    for round in 0..options.pick(2, 1) {
        if round > 0 {
            thread::sleep(LIFE);
        }
        let opener = open(&muxwire);
        times.extend(type_until(&mut |_| opener.is_finished()));
        opened.push(opener.join().unwrap());
    }
    let during = Times::whole(times);
    during.print("while a history is opened");
    let (seconds, bytes) = opened[opened.len() / 2];
    println!("  opened in {} s, {bytes} bytes", short(seconds));
    let ratio = during.p99() / quiet.p99();
    let what = format!(
        "keystroke to echo while another client opens {lines} lines of 150 characters of history, tmux {}: p50 / p99, us (quiet: {}; \
         opened in {} s)",
        program.version,
        quiet.pair(),
        short(seconds)
    );
    let row = Row::new(what, during.pair());
    let compared = format!("{} times the quiet p99", short(ratio));
    table.add(row.compared(compared).goal("at most twice", ratio <= GOAL));
}

/// Opens the pane with its history. Tells how many seconds it takes, and how many bytes come.
fn open(muxwire: &Muxwire) -> JoinHandle<(f64, usize)> {
    let mut socket = Socket::connect(&muxwire.address, muxwire.json());
    thread::spawn(move || {
        let begin = Instant::now();
        socket.send(r#"{"action":"open","target":{"pane":"%1"},"scrollback":100000}"#);
        let (mut buffer, mut kept, mut bytes) = (vec![0; 256 << 10], Vec::new(), 0);
        loop {
            let read = socket.read(&mut buffer).unwrap();
            assert!(read > 0, "the connection stays");
            bytes += read;
            kept.extend_from_slice(&buffer[..read]);
            if memmem::find(&kept, br#""type":"pane.snapshot""#).is_some() {
                return (begin.elapsed().as_secs_f64(), bytes);
            }
            kept.drain(..kept.len().saturating_sub(100));
        }
    })
}
