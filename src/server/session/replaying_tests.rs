//! One replay, driven by hand: what it sends at which time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;

use super::*;
use crate::server::target::Target;

const SECOND: Duration = Duration::from_secs(1);

fn output(at: i64, offset: u64, text: &str) -> ReplayItem {
    ReplayItem {
        at,
        seq: offset + 1,
        what: ReplayedChange::Output {
            offset,
            bytes: Bytes::copy_from_slice(text.as_bytes()),
        },
    }
}

/// A replay that plays from 1,000 ms on, with these items read.
fn replay(speed: f64, items: Vec<ReplayItem>, now: Instant) -> Replay {
    let request = ReplayRequest {
        target: Target::default(),
        from: When::Ago(SECOND),
        to: None,
        speed,
        skip_idle: false,
        ack_window: None,
    };
    let mut replay = Replay::begin(1, None, &request, now);
    replay.within = (1000, 1_000_000);
    replay.clock.set(1000, now);
    replay.take(items, None);
    replay
}

fn texts(replay: &mut Replay, has_room: bool, now: Instant) -> Vec<String> {
    let items = std::iter::from_fn(|| replay.due(has_room, now));
    let text = |item: ReplayItem| match item.what {
        ReplayedChange::Output { bytes, .. } => String::from_utf8(bytes.to_vec()).unwrap(),
        ReplayedChange::Missing { bytes, .. } => format!("-{bytes}"),
        ReplayedChange::Size { cols, rows } => format!("{cols}x{rows}"),
    };
    items.map(text).collect()
}

#[test]
fn what_was_printed_comes_at_its_pace() {
    for (speed, seconds) in [(1.0, 2), (0.5, 4), (2.0, 1)] {
        let now = Instant::now();
        let items = vec![output(1000, 0, "a"), output(3000, 1, "b")];
        let mut replay = replay(speed, items, now);
        assert_eq!(texts(&mut replay, true, now), ["a"]);
        let due = replay.deadline().unwrap();
        let pause = due.duration_since(now);
        let expected = SECOND * seconds;
        assert!(
            pause >= expected && pause < expected + Duration::from_millis(3),
            "{pause:?}"
        );
        assert_eq!(
            texts(&mut replay, true, due - Duration::from_millis(50)),
            [""; 0]
        );
        assert_eq!(texts(&mut replay, true, due), ["b"]);
        assert!(replay.is_over());
    }
}

#[test]
fn what_is_due_together_is_sent_together() {
    let now = Instant::now();
    let size = ReplayItem {
        at: 1000,
        seq: 3,
        what: ReplayedChange::Size { cols: 90, rows: 30 },
    };
    let lost = ReplayItem {
        at: 1000,
        seq: 5,
        what: ReplayedChange::Missing {
            offset: 3,
            bytes: 7,
        },
    };
    let items = vec![
        output(1000, 0, "a"),
        output(1000, 1, "b"),
        size,
        output(1000, 2, "c"),
        lost,
        output(1000, 10, "d"),
        output(1000, 12, "behind a gap"),
    ];
    let mut replay = replay(1.0, items, now);
    let found = texts(&mut replay, true, now);
    assert_eq!(found, ["ab", "90x30", "c", "-7", "d", "behind a gap"]);
    assert_eq!(replay.sent, 24);
    assert_eq!(replay.ahead, 0);
}

/// A client that takes nothing for a while gets no burst afterwards, and nothing is left out.
#[test]
fn the_clock_stands_still_while_the_client_has_no_room() {
    let now = Instant::now();
    let items = vec![output(2000, 0, "a"), output(3000, 1, "b")];
    let mut replay = replay(1.0, items, now);
    let later = now + SECOND * 60;
    assert_eq!(texts(&mut replay, false, later), [""; 0]);
    assert_eq!(replay.deadline(), None);
    assert_eq!(texts(&mut replay, true, later), ["a"]);
    assert!(replay.deadline().unwrap() >= later + SECOND);
    assert_eq!(texts(&mut replay, true, later + SECOND * 2), ["b"]);
}

#[test]
fn a_client_that_acknowledges_is_given_no_more_than_it_asked_for() {
    let now = Instant::now();
    let items = vec![output(1000, 0, "abcd"), output(1001, 4, "e")];
    let mut replay = replay(1.0, items, now);
    replay.window = Some(4);
    let later = now + SECOND;
    // Each is due on its own: the first one is alone at its time.
    assert_eq!(texts(&mut replay, true, now), ["abcd"]);
    assert_eq!(texts(&mut replay, true, later), [""; 0]);
    replay.acked = 4;
    assert_eq!(texts(&mut replay, true, later), ["e"]);
}

#[test]
fn long_pauses_are_short_if_that_is_wanted() {
    let now = Instant::now();
    let items = vec![output(1000, 0, "a"), output(901_000, 1, "b")];
    let mut replay = replay(4.0, items, now);
    replay.skip_idle = true;
    assert_eq!(texts(&mut replay, true, now), ["a"]);
    let pause = replay.deadline().unwrap().duration_since(now);
    assert!(
        pause >= PAUSE && pause <= PAUSE + Duration::from_millis(3),
        "{pause:?}"
    );
    assert_eq!(texts(&mut replay, true, now + SECOND), ["b"]);
}

#[test]
fn a_paused_replay_waits_for_nothing() {
    let now = Instant::now();
    let mut replay = replay(1.0, vec![output(2000, 0, "a")], now);
    replay.clock.paused = true;
    assert_eq!(replay.deadline(), None);
    assert_eq!(texts(&mut replay, true, now + SECOND * 9), [""; 0]);
    replay.clock.set(replay.clock.time(now), now);
    replay.clock.paused = false;
    assert_eq!(texts(&mut replay, true, now + SECOND), ["a"]);
}

#[test]
fn no_more_is_read_than_is_needed() {
    let now = Instant::now();
    let much = "x".repeat(AHEAD);
    let mut replay = replay(1.0, vec![output(9000, 0, &much)], now);
    replay.next = Some(AHEAD as u64);
    assert_eq!(replay.wants_more(), None);
    assert_eq!(texts(&mut replay, true, now + SECOND * 9).len(), 1);
    assert!(replay.wants_more().is_some());
    replay.reading = Some(Waiting::default());
    assert_eq!(replay.wants_more(), None);
}
