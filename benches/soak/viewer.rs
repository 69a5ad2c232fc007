//! Clients that show a pane: some all the time, some come back again and again, some don't read for a while.

use std::time::Duration;

use serde_json::{Value, json};

use crate::follower::{Came, Follower, Pane};
use crate::support::random::Random;
use crate::world::{World, until_pong};

/// How often a viewer takes in what has come.
const LOOK: Duration = Duration::from_millis(20);

/// One viewer's ways.
#[derive(Debug, Clone, Copy)]
struct Ways {
    /// How many looks at most until it leaves without a word and comes back.
    stay: Option<usize>,
    /// Whether it stops reading now and then.
    naps: bool,
}

pub fn steady(world: &World, random: &mut Random, pane: &str) {
    view(
        world,
        random,
        pane,
        Ways {
            stay: None,
            naps: false,
        },
    );
}

pub fn returning(world: &World, random: &mut Random, pane: &str) {
    view(
        world,
        random,
        pane,
        Ways {
            stay: Some(200),
            naps: false,
        },
    );
}

pub fn slow(world: &World, random: &mut Random, pane: &str) {
    view(
        world,
        random,
        pane,
        Ways {
            stay: Some(1500),
            naps: true,
        },
    );
}

/// A viewer's name on the board, as long as it shows something.
struct Shown<'a> {
    world: &'a World,
    name: String,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if let Ok(mut shown) = self.world.shown.lock() {
            shown.remove(&self.name);
        }
    }
}

impl Shown<'_> {
    fn update(&self, pane: &str, shows: &Pane) {
        let lines = shows.terminal.text();
        let mut shown = self.world.shown.lock().unwrap();
        shown.insert(self.name.clone(), (pane.to_owned(), lines));
    }
}

fn view(world: &World, random: &mut Random, pane: &str, ways: Ways) {
    let mut shows = Pane::new();
    let number = random.next();
    while !world.is_stopping() {
        let name = format!("viewer {number:x} of {pane}");
        let board = Shown { world, name };
        let mut client = open(world, pane, &mut shows);
        let looks = ways.stay.map_or(usize::MAX, |stay| 1 + random.below(stay));
        for _ in 0..looks {
            if world.is_stopping() {
                return;
            }
            let (before, lagged) = (shows.snapshots, shows.lagged);
            let looked = until_pong(&mut client, |came| shows.take(came));
            (before..shows.snapshots).for_each(|_| world.count("pane snapshots"));
            (lagged..shows.lagged).for_each(|_| world.count("times that a viewer lagged"));
            match looked {
                Ok(()) if !shows.is_replayed_later() && shows.snapshots > 0 => {
                    board.update(pane, &shows)
                }
                Ok(()) => {}
                // Too slow even for what is never left out: it comes back.
                Err(Some(4002) | None) if ways.naps => {
                    world.count("slow viewers closed");
                    break;
                }
                Err(code) => panic!("closed with {code:?}"),
            }
            if ways.naps && random.below(60) == 0 {
                drop_from_board(&board);
                world.count("times that a viewer stopped reading");
                world.pause_between(random, 1000, 8000);
            } else {
                world.pause(LOOK);
            }
        }
        world.count("viewers that left without a word");
    }
}

/// What a viewer shows that does not read is not compared.
fn drop_from_board(board: &Shown<'_>) {
    board.world.shown.lock().unwrap().remove(&board.name);
}

/// Opens a pane, going on from what is shown already if that can be.
fn open(world: &World, pane: &str, shows: &mut Pane) -> Follower {
    let mut client = world.client();
    let more = if shows.epoch.is_empty() || shows.is_replayed_later() {
        *shows = Pane::new();
        json!({})
    } else {
        json!({ "since": { "epoch": shows.epoch, "offset": shows.offset } })
    };
    client.open(pane, more);
    let opened: Value = client.find("opened");
    let recovered = opened["recovered"] == true;
    world.count(if recovered {
        "panes resumed"
    } else {
        "panes opened"
    });
    opened["epoch"]
        .as_str()
        .unwrap()
        .clone_into(&mut shows.epoch);
    if recovered {
        let known = shows.offset - opened["offset"].as_u64().unwrap();
        skip(&mut client, shows, known);
    } else {
        forget(shows);
    }
    client
}

/// Forgets what is shown: a snapshot follows, from wherever it is.
fn forget(shows: &mut Pane) {
    let old = std::mem::replace(shows, Pane::new());
    (shows.epoch, shows.lagged, shows.snapshots) = (old.epoch, old.lagged, old.snapshots);
}

/// Passes over bytes that are known already.
fn skip(client: &mut Follower, shows: &mut Pane, mut known: u64) {
    while known > 0 {
        match client.next() {
            Came::Output(offset, bytes) => {
                assert_eq!(
                    offset,
                    shows.offset - known,
                    "the stream goes on where it was asked to"
                );
                let old = known.min(bytes.len() as u64);
                known -= old;
                let rest = bytes[usize::try_from(old).unwrap()..].to_vec();
                if !rest.is_empty() {
                    shows.take(&Came::Output(shows.offset, rest));
                }
            }
            Came::Said(message)
                if message["type"] == "pane.snapshot" || message["type"] == "lagged" =>
            {
                // What was to be skipped is overtaken.
                known = 0;
                forget(shows);
                shows.take(&Came::Said(message));
            }
            Came::Said(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
