//! What comes of prints, gaps and screens in any order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;

use super::*;
use crate::ids::{Epoch, PaneId};
use crate::model::Audience;

const SIZE: Size = Size { cols: 80, rows: 24 };
const OTHER: Size = Size { cols: 40, rows: 12 };

fn life(turns: &[Turned]) -> Life {
    let pane = KnownPane {
        key: 1,
        epoch: Epoch::new("e").unwrap(),
        server: (1, 1),
        pane: PaneId(7),
        session: "api".to_owned(),
        session_id: "$1".to_owned(),
        window: String::new(),
        window_id: "@1".to_owned(),
        agent: None,
        first_at: 1_000,
        last_at: 9_000,
        end_offset: 100,
        ended: None,
    };
    Life::new(pane, (1_000, 0), SIZE, turns.iter().copied().collect())
}

fn turned(seq: u64, turn: Turn) -> Turned {
    let at = 1_000 * i64::try_from(seq).unwrap_or(0);
    Turned { seq, at, turn }
}

fn print(seq: u64, offset: u64, bytes: &'static str, missing: u64) -> Print {
    Print {
        seq,
        at: 1_000 * i64::try_from(seq).unwrap_or(0),
        offset,
        bytes: Bytes::from_static(bytes.as_bytes()),
        missing,
        audience: Audience::Everyone,
    }
}

fn known(offset: u64, size: Size) -> Known {
    let replay = Bytes::from_static(b"kept");
    Known {
        offset,
        at: 0,
        size,
        replay,
    }
}

/// Plays prints; wherever a screen is looked for, this one is found.
fn play(mut life: Life, prints: Vec<Print>, found: Option<&Known>) -> Vec<String> {
    let mut happened = Vec::new();
    for print in prints {
        life.turn_until(print.seq, &mut happened);
        if let Some(lost) = life.reach(&print) {
            life.find(&lost, print.at, found.cloned(), &mut happened);
        }
        life.print(print, &mut happened);
    }
    life.turn_until(u64::MAX, &mut happened);
    if let Some(lost) = life.lost_in_the_end() {
        life.find(&lost, lost.at, found.cloned(), &mut happened);
    }
    let told = happened.into_iter().map(|(_, what)| match what {
        Owned::Screen(size, replay) if &*replay == BLANK => format!("blank {size}"),
        Owned::Screen(size, replay) => format!("{} {size}", replay.escape_ascii()),
        Owned::Output(bytes) => bytes.escape_ascii().to_string(),
        Owned::Resize(size) => size.to_string(),
        Owned::Gap(told) => told,
    });
    told.collect()
}

#[test]
fn sizes_come_in_their_places() {
    let turns = [
        turned(1, Turn::Size(SIZE)),
        turned(3, Turn::Size(OTHER)),
        turned(9, Turn::Size(SIZE)),
    ];
    let prints = vec![print(2, 0, "one", 0), print(4, 3, "two", 0)];
    let happened = play(life(&turns), prints, None);
    assert_eq!(happened, ["one", "40x12", "two", "80x24"]);
}

#[test]
fn what_is_missing_is_told_once_and_a_screen_stands_behind_it() {
    let gap = "7 bytes are missing until 1970-01-01T00:00:05.000Z";
    let prints = || {
        vec![
            print(2, 0, "one", 0),
            print(3, 3, "", 2),
            print(4, 5, "", 5),
            print(5, 10, "two", 0),
        ]
    };
    let happened = play(life(&[]), prints(), Some(&known(10, SIZE)));
    assert_eq!(happened, ["one", gap, "kept 80x24", "two"]);
    // The screen was kept in the middle of what came next.
    let happened = play(life(&[]), prints(), Some(&known(12, SIZE)));
    assert_eq!(
        happened,
        ["one", gap, "blank 80x24", "tw", "kept 80x24", "o"]
    );
    let happened = play(life(&[]), prints(), None);
    assert_eq!(happened, ["one", gap, "blank 80x24", "two"]);
    // A hole that nobody has told of.
    let prints = vec![print(2, 0, "one", 0), print(5, 10, "two", 0)];
    let happened = play(life(&[]), prints, Some(&known(10, OTHER)));
    assert_eq!(happened, ["one", gap, "kept 40x12", "80x24", "two"]);
}

#[test]
fn a_gap_without_bytes_and_another_program_are_told() {
    let prints = vec![print(2, 0, "one", 0), print(5, 3, "two", 0)];
    let turns = [turned(3, Turn::Gap)];
    let happened = play(life(&turns), prints.clone(), Some(&known(3, SIZE)));
    let gap = "something may be missing until 1970-01-01T00:00:05.000Z";
    assert_eq!(happened, ["one", gap, "kept 80x24", "two"]);
    let turns = [turned(9, Turn::Respawn)];
    let happened = play(life(&turns), prints, Some(&known(6, SIZE)));
    let other = "another program was started in the pane at 1970-01-01T00:00:09.000Z";
    assert_eq!(happened, ["one", "two", other, "kept 80x24"]);
}

/// Behind a crash the next run goes on where nothing can have been printed.
#[test]
fn regression_bytes_that_were_never_printed_are_not_told_as_missing() {
    let prints = vec![print(2, 0, "one", 0), print(5, 3 + UNKNOWN, "two", 0)];
    let mut known = known(4, SIZE);
    known.offset = 3 + UNKNOWN;
    let happened = play(life(&[]), prints, Some(&known));
    let gap = "something may be missing until 1970-01-01T00:00:05.000Z";
    assert_eq!(happened, ["one", gap, "kept 80x24", "two"]);
}

#[test]
fn progress_goes_by_bytes_or_by_time() {
    let mut all = life(&[]);
    all.print(print(2, 0, "0123456789", 0), &mut Vec::new());
    assert!((all.done(9_000, Some(2_000)) - 0.1).abs() < 1e-9);
    assert!((all.done(5_000, Some(2_000)) - 0.25).abs() < 1e-9);
}
