//! Clients that are cut off in the middle of what a pane prints, and come back: to the same muxwire, or to the next one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use super::follower::{Came, Follower, Pane};
use super::{PIECE, Printer, Scene, captured, flood_bytes, lines, named, shown};
use crate::support::random::Random;
use crate::support::{TmuxServer, for_each_version};

/// How many bytes a client reads at most until it is cut off.
const STRETCH: usize = 96 << 10;

/// A client that keeps all bytes that it is sent, across connections.
struct Collector {
    bytes: Vec<u8>,
    /// Where the pane's output began for it.
    base: u64,
    cuts: usize,
}

impl Collector {
    /// Connects, takes what comes until there are so many bytes, and is cut off in the middle of what follows.
    fn read_to(&mut self, scene: &Scene, pane: &str, epoch: &str, to: usize, random: &mut Random) {
        let mut client = Follower::connect(scene.serving.address);
        let since = self.base + self.bytes.len() as u64;
        client.open(
            pane,
            json!({ "since": { "epoch": epoch, "offset": since } }),
        );
        let answer = client.find("opened");
        assert_eq!(answer["recovered"], true, "{answer}");
        let mut at = answer["offset"].as_u64().unwrap();
        assert!(at <= since, "{answer}, asked from {since}");
        while self.bytes.len() < to {
            match client.next() {
                Came::Output(offset, bytes) => {
                    assert_eq!(offset, at, "nothing is left out");
                    at += bytes.len() as u64;
                    let held = self.base + self.bytes.len() as u64;
                    let known = held.saturating_sub(offset).min(bytes.len() as u64);
                    let mut news = &bytes[usize::try_from(known).unwrap()..];
                    if self.bytes.len() + news.len() >= to {
                        // It may have taken in a part of the last message only.
                        let least = to - self.bytes.len();
                        news = &news[..least + random.below(news.len() - least + 1)];
                    }
                    self.bytes.extend_from_slice(news);
                }
                Came::Said(message) => assert_ne!(message["type"], "pane.snapshot"),
                other => panic!("{other:?}"),
            }
        }
        self.cuts += 1;
    }
}

/// The epoch, and where the output of a pane stands once it has printed a first line: a pane whose last output is no
/// longer kept is not resumed, but shown.
fn place(scene: &Scene, printer: &Printer) -> (String, u64) {
    let mut client = Follower::connect(scene.serving.address);
    client.open(&printer.pane, json!({}));
    let mut pane = Pane::new();
    follow(&mut client, &mut pane, |pane| {
        pane.snapshots > 0 && !pane.is_replayed_later()
    });
    let first = b"begin\r\n";
    printer.print(first);
    let end = pane.offset + first.len() as u64;
    pane.follow_to(&mut client, end);
    (pane.epoch, end)
}

#[test]
fn a_pane_is_resumed_over_many_cuts_to_the_byte() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let printer = Printer::new(&server, "flood");
        let scene = Scene::start(server, &[]);
        let (epoch, base) = place(&scene, &printer);
        let text = lines(0, flood_bytes(3));
        let seed = u64::from(std::process::id());
        let mut random = Random::new(seed);
        let mut collector = Collector {
            bytes: Vec::new(),
            base,
            cuts: 0,
        };
        let pane = &printer.pane;
        thread::scope(|scope| {
            scope.spawn(|| printer.print(&text));
            while collector.bytes.len() < text.len() {
                let to = collector.bytes.len() + 1 + random.below(STRETCH);
                let to = to.min(text.len());
                collector.read_to(&scene, pane, &epoch, to, &mut random);
            }
        });
        assert!(collector.bytes == text, "seed {seed}: other bytes");
        eprintln!("{}: {} cuts", named(program), collector.cuts);
    });
}

/// Takes what comes until the pane's output has reached an offset, or the screen holds a text.
fn follow(client: &mut Follower, pane: &mut Pane, until: impl Fn(&Pane) -> bool) {
    while !until(pane) {
        let came = client.next();
        match &came {
            Came::Said(message) if message["type"] == "opened" && message["recovered"] == true => {
                // These are known, and would be written twice.
                let again = message["offset"].as_u64().unwrap();
                let known = pane.offset - again;
                skip(client, pane, known);
            }
            _ => pane.take(&came),
        }
    }
}

/// Passes over bytes that are known already.
fn skip(client: &mut Follower, pane: &mut Pane, mut known: u64) {
    while known > 0 {
        match client.next() {
            Came::Output(offset, bytes) if known >= bytes.len() as u64 => {
                assert_eq!(offset, pane.offset - known);
                known -= bytes.len() as u64;
            }
            Came::Output(_, bytes) => {
                let rest = bytes[usize::try_from(known).unwrap()..].to_vec();
                pane.take(&Came::Output(pane.offset, rest));
                known = 0;
            }
            Came::Said(message) => assert_ne!(message["type"], "pane.snapshot"),
            other => panic!("{other:?}"),
        }
    }
}

fn ends_with(pane: &Pane, end: &str) -> bool {
    pane.terminal.text().iter().any(|line| line.contains(end))
}

#[test]
fn who_stays_away_too_long_gets_a_snapshot_and_is_exact_again() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let printer = Printer::new(&server, "flood");
        let scene = Scene::start(server, &[("MUXWIRE_PERFORMANCE_HISTORY_BYTES", "1MiB")]);
        let (epoch, base) = place(&scene, &printer);
        let mut random = Random::new(7);
        let mut pane = Pane::new();
        (pane.offset, pane.epoch) = (base, epoch);
        let (mut recovered, mut end) = ([0, 0], base);
        for round in 0..24 {
            // The first one of three is more than is kept.
            let bytes = if round % 3 == 0 {
                2 << 20
            } else {
                1 + random.below(200 << 10)
            };
            let text = lines(round << 20, bytes);
            let mut client = Follower::connect(scene.serving.address);
            printer.print(&text);
            end += text.len() as u64;
            let last = last_number(&text);
            shown(&scene.server, &printer.pane, &last);
            let since = json!({ "epoch": pane.epoch, "offset": pane.offset });
            let before = pane.snapshots;
            client.open(&printer.pane, json!({ "since": since }));
            follow(&mut client, &mut pane, |pane| {
                pane.offset >= end && !pane.is_replayed_later()
            });
            recovered[usize::from(pane.snapshots == before)] += 1;
            assert_eq!(
                pane.terminal.text(),
                captured(&scene.server, &printer.pane),
                "round {round}"
            );
        }
        eprintln!("{}: {recovered:?} snapshots, recovered", named(program));
        assert!(recovered.iter().all(|count| *count >= 4), "{recovered:?}");
    });
}

fn last_number(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[text.len().saturating_sub(200)..]).into_owned();
    let at = text.rfind("line ").unwrap();
    text[at..at + 13].to_owned()
}

#[test]
fn a_restart_in_the_middle_of_output_brings_a_snapshot_and_the_screen_is_exact() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let printer = Printer::new(&server, "flood");
        let mut scene = Scene::start(server, &[]);
        let mut client = Follower::connect(scene.serving.address);
        let mut pane = Pane::new();
        client.open(&printer.pane, json!({}));
        let text = lines(0, 1 << 20);
        let last = last_number(&text);
        let printed = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (allow, wait) = mpsc::channel();
            let (printer, text, printed) = (&printer, &text, &printed);
            // The next stretch is printed while muxwire is started anew.
            scope.spawn(move || {
                for stretch in text.chunks(text.len() / 8 + 1) {
                    for piece in stretch.chunks(PIECE) {
                        printer.print(piece);
                        printed.fetch_add(piece.len(), Ordering::Relaxed);
                    }
                    if wait.recv().is_err() {
                        continue;
                    }
                }
            });
            for _ in 0..3 {
                let begun = pane.snapshots;
                follow(&mut client, &mut pane, |pane| {
                    pane.snapshots > begun && !pane.is_replayed_later()
                });
                allow.send(()).unwrap();
                replace(&mut client, &mut pane, &mut scene, &printer.pane);
            }
            drop(allow);
            let shown_last = |pane: &Pane| ends_with(pane, &last);
            follow(&mut client, &mut pane, shown_last);
        });
        assert_eq!(printed.load(Ordering::Relaxed), text.len());
        shown(&scene.server, &printer.pane, &last);
        follow(&mut client, &mut pane, |pane| ends_with(pane, &last));
        // What stands behind the last line's number has come as well once this has.
        printer.print(b"THE END");
        follow(&mut client, &mut pane, |pane| ends_with(pane, "THE END"));
        shown(&scene.server, &printer.pane, "THE END");
        assert_eq!(pane.terminal.text(), captured(&scene.server, &printer.pane));
    });
}

/// The client's muxwire ends, and another one takes its place; the client comes back with what it had.
fn replace(client: &mut Follower, pane: &mut Pane, scene: &mut Scene, id: &str) {
    scene.restart();
    let since = json!({ "epoch": pane.epoch, "offset": pane.offset });
    *client = Follower::connect(scene.serving.address);
    client.open(id, json!({ "since": since }));
    let opened: Value = client.find("opened");
    assert_eq!(opened["recovered"], false, "{opened}");
    assert_ne!(opened["epoch"], pane.epoch, "{opened}");
    opened["epoch"]
        .as_str()
        .unwrap()
        .clone_into(&mut pane.epoch);
}
