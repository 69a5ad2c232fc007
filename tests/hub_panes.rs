//! One pane's output in the log: found by its own offsets, and opened by a client.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use muxwire::hub::{Filter, HistoryLimits, Hub, Stamp, Step, Subscription, TooManyOpen, Viewer};
use muxwire::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use muxwire::model::{Change, ChangeKind, Exit, Place, Places};
use muxwire::resources::{Amounts, ResourceUser, Resources};

use crate::support::random::Random;
use crate::support::world::stamp;

struct Everything;

impl Viewer for Everything {
    fn sees_session(&self, _: &str) -> bool {
        true
    }

    fn sees_all(&self) -> bool {
        true
    }
}

fn hub(events: usize) -> Hub {
    let limits = HistoryLimits {
        events,
        ..HistoryLimits::default()
    };
    Hub::new(limits, Epoch::new("e1").unwrap())
}

fn of_pane(pane: u32, kind: ChangeKind) -> Change {
    let place = Place {
        session: SessionId(1),
        session_name: "a".into(),
        window: Some((WindowId(1), 0)),
    };
    Change::of_pane(PaneId(pane), Places::from([place]), kind)
}

fn output(pane: u32, offset: u64, text: &'static str) -> Change {
    let bytes = Bytes::from_static(text.as_bytes());
    of_pane(pane, ChangeKind::PaneOutput { offset, bytes })
}

fn gap(pane: u32, offset: u64) -> Change {
    of_pane(
        pane,
        ChangeKind::PaneGap {
            offset,
            bytes: None,
        },
    )
}

/// `%1`: `abc` at 0, `def` at 3, `ghi` at 6, with other panes between; seq 1, 3 and 5.
fn three_pieces(hub: &Hub) {
    let changes = [
        output(1, 0, "abc"),
        output(2, 0, "x"),
        output(1, 3, "def"),
        output(2, 1, "y"),
        output(1, 6, "ghi"),
    ];
    hub.publish(changes, None, stamp());
}

fn between(hub: &Hub, from: u64, to: u64) -> Option<String> {
    let pieces = hub.output_between(PaneId(1), from, to)?;
    Some(String::from_utf8(pieces.concat()).unwrap())
}

#[test]
fn output_is_found_by_its_offsets() {
    let hub = hub(100);
    three_pieces(&hub);
    let rows = [
        (0, 9, Some("abcdefghi")),
        (1, 8, Some("bcdefgh")),
        (3, 6, Some("def")),
        (4, 5, Some("e")),
        (9, 9, Some("")),
        (5, 5, Some("")),
        (8, 10, None),
        (20, 21, None),
    ];
    for (from, to, expected) in rows {
        assert_eq!(between(&hub, from, to).as_deref(), expected, "{from}..{to}");
    }
    assert_eq!(hub.output_between(PaneId(3), 0, 1), None);
}

#[test]
fn what_is_lost_or_no_longer_kept_is_not_found() {
    let short = hub(3);
    three_pieces(&short);
    assert_eq!(between(&short, 3, 9).as_deref(), Some("defghi"));
    assert_eq!(between(&short, 2, 9), None, "evicted");
    assert_eq!(short.place_of_output(PaneId(1), 2), None, "evicted");
    let lossy = hub(100);
    lossy.publish(
        [output(1, 0, "abc"), gap(1, 3), output(1, 3, "def")],
        None,
        stamp(),
    );
    assert_eq!(between(&lossy, 3, 6).as_deref(), Some("def"));
    assert_eq!(between(&lossy, 2, 6), None, "across a gap");
    assert_eq!(lossy.place_of_output(PaneId(1), 2), None, "across a gap");
    assert_eq!(
        lossy.place_of_output(PaneId(1), 3),
        None,
        "before or behind a gap"
    );
    assert_eq!(lossy.place_of_output(PaneId(1), 4), Some((Seq(2), 3)));
}

#[test]
fn a_place_is_found_by_an_offset() {
    let hub = hub(100);
    three_pieces(&hub);
    let rows = [
        (0, Some((0, 0))),
        (2, Some((0, 0))),
        (3, Some((2, 3))),
        (8, Some((4, 6))),
        (9, Some((5, 9))),
        (10, None),
    ];
    for (offset, expected) in rows {
        let expected = expected.map(|(seq, start)| (Seq(seq), start));
        assert_eq!(hub.place_of_output(PaneId(1), offset), expected, "{offset}");
    }
    assert_eq!(hub.place_of_output(PaneId(3), 0), None);
}

/// A client that left at the offset of such an event may not have heard of it: it needs a snapshot.
#[test]
fn regression_no_place_is_where_the_screen_changed_without_output() {
    let resized = || {
        let (width, height, previous) = (71, 19, (80, 24));
        of_pane(
            1,
            ChangeKind::PaneResized {
                width,
                height,
                previous,
            },
        )
    };
    let runs = |respawned| {
        let (command, previous, pid) = ("sh".to_owned(), "vim".to_owned(), 7);
        let kind = ChangeKind::PaneCommandChanged {
            command,
            previous,
            pid,
            respawned,
        };
        of_pane(1, kind)
    };
    let exited = || {
        of_pane(
            1,
            ChangeKind::PaneExited {
                exit: Exit::default(),
            },
        )
    };
    type Row = (&'static str, Vec<Change>, [Option<(u64, u64)>; 3]);
    let rows: [Row; 5] = [
        (
            "resized",
            vec![resized()],
            [Some((1, 0)), None, Some((3, 3))],
        ),
        ("exited", vec![exited()], [Some((1, 0)), None, Some((3, 3))]),
        ("a gap", vec![gap(1, 3)], [None, None, Some((3, 3))]),
        (
            "another name",
            vec![runs(false)],
            [Some((1, 0)), Some((3, 3)), Some((3, 3))],
        ),
        (
            "another process",
            vec![runs(true), runs(false)],
            [Some((1, 0)), None, Some((4, 3))],
        ),
    ];
    for (what, changes, expected) in rows {
        let found = |newer: &[Change]| {
            let hub = hub(100);
            let all = [output(2, 0, "x"), output(1, 0, "abc")];
            let all = all.into_iter().chain(changes.clone()).chain(newer.to_vec());
            hub.publish(all, None, stamp());
            [2, 3, 4].map(|offset| {
                hub.place_of_output(PaneId(1), offset)
                    .map(|(seq, start)| (seq.0, start))
            })
        };
        assert_eq!(
            found(&[output(1, 3, "def")]),
            expected,
            "{what}, and output"
        );
        let newest = found(&[]);
        assert_eq!(newest[0], expected[0], "{what}");
        assert_eq!(newest[1].is_some(), expected[1].is_some(), "{what}");
        assert_eq!(newest[2], None, "{what}");
    }
}

/// What a subscription delivers until it is at the head, as panes and texts.
fn delivered(subscription: &mut Subscription) -> Vec<(u32, String)> {
    let names = subscription.names();
    let mut got = Vec::new();
    loop {
        match subscription.step(&Everything, &names) {
            Step::Deliver(event, _) => {
                let ChangeKind::PaneOutput { bytes, .. } = &event.change.kind else {
                    panic!("nothing else was published")
                };
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                got.push((event.change.pane.unwrap().0, text));
            }
            Step::Skip => {}
            Step::Head => return got,
            Step::Archived(_) | Step::Evicted => panic!("nothing is evicted here"),
        }
    }
}

#[test]
fn an_open_pane_comes_beside_what_is_subscribed_to_and_goes_when_it_is_closed() {
    let hub = hub(100);
    let mut subscription = Subscription::new(&hub);
    three_pieces(&hub);
    assert_eq!(subscription.open(PaneId(2), None), Ok(Seq(5)));
    hub.publish(
        [output(1, 9, "j"), output(2, 2, "z")],
        None,
        Stamp::at(stamp().at),
    );
    assert_eq!(delivered(&mut subscription), [(2, "z".to_owned())]);
    // From an earlier place on: what the other pane brought already does not come again.
    assert_eq!(subscription.open(PaneId(1), Some(Seq(2))), Ok(Seq(2)));
    let texts: Vec<String> = delivered(&mut subscription)
        .into_iter()
        .map(|(pane, text)| format!("{pane}{text}"))
        .collect();
    assert_eq!(texts, ["1def", "1ghi", "1j"]);
    assert!(subscription.close(PaneId(1)));
    assert!(!subscription.close(PaneId(1)));
    hub.publish([output(1, 10, "k"), output(2, 3, "w")], None, stamp());
    assert_eq!(delivered(&mut subscription), [(2, "w".to_owned())]);
    assert!(subscription.close(PaneId(2)));
    assert!(!subscription.is_active());
}

#[test]
fn the_number_of_open_panes_is_bounded() {
    let hub = hub(100);
    let mut subscription = Subscription::new(&hub);
    for pane in 0..u32::try_from(Subscription::MAX_OPEN).unwrap() {
        subscription.open(PaneId(pane), None).unwrap();
    }
    assert_eq!(subscription.open(PaneId(9999), None), Err(TooManyOpen));
    assert!(
        subscription.open(PaneId(0), None).is_ok(),
        "it is open already"
    );
    assert!(subscription.close(PaneId(1)));
    assert!(subscription.open(PaneId(9999), None).is_ok());
}

/// Panes are opened, from now or from an offset, and closed at random; each gets what it printed from there on, once.
#[test]
fn random_openings_bring_each_byte_once_and_in_order() {
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let hub = hub(10_000);
        let mut subscription = Subscription::new(&hub);
        let mut printed: HashMap<u32, String> = HashMap::new();
        // For each open pane: the offset from which on it is wanted, and what was delivered.
        let mut open: HashMap<u32, (usize, String)> = HashMap::new();
        for round in 0..40_u8 {
            let pane = u32::try_from(random.below(3)).unwrap();
            let so_far = printed.entry(pane).or_default();
            match random.below(6) {
                0..=2 => {
                    let text = char::from(b'a' + round % 26).to_string();
                    let offset = so_far.len() as u64;
                    so_far.push_str(&text);
                    let bytes = Bytes::from(text);
                    let kind = ChangeKind::PaneOutput { offset, bytes };
                    hub.publish([of_pane(pane, kind)], None, stamp());
                }
                3 => {
                    let offset = random.below(so_far.len() + 1);
                    if let Some((place, start)) = hub.place_of_output(PaneId(pane), offset as u64) {
                        // A pane that is opened again begins anew, so what was on its way must have come.
                        for (pane, text) in delivered(&mut subscription) {
                            open.get_mut(&pane).unwrap().1.push_str(&text);
                        }
                        subscription.open(PaneId(pane), Some(place)).unwrap();
                        open.insert(pane, (usize::try_from(start).unwrap(), String::new()));
                    }
                }
                4 => {
                    for (pane, text) in delivered(&mut subscription) {
                        open.get_mut(&pane).unwrap().1.push_str(&text);
                    }
                }
                _ => {
                    assert_eq!(
                        subscription.close(PaneId(pane)),
                        open.remove(&pane).is_some()
                    );
                }
            }
        }
        for (pane, text) in delivered(&mut subscription) {
            open.get_mut(&pane).unwrap().1.push_str(&text);
        }
        for (pane, (from, got)) in open {
            assert_eq!(got, printed[&pane][from..], "seed {seed}, pane {pane}");
        }
    }
}

#[test]
fn an_open_pane_brings_its_events_but_no_figures_unless_they_are_asked_for() {
    let hub = hub(100);
    let mut opened = Subscription::new(&hub);
    opened.open(PaneId(1), None).unwrap();
    assert_eq!(hub.resources_wanted().borrow().holders, 0);
    let mut asks = Subscription::new(&hub);
    asks.open(PaneId(1), None).unwrap();
    let filter = Filter::all().with_types(&["system.resources"]).unwrap();
    asks.subscribe(filter.clone(), None).unwrap();
    // The same once more counts as one, who has to be told everything.
    let before = *hub.resources_wanted().borrow();
    asks.subscribe(filter, None).unwrap();
    let after = *hub.resources_wanted().borrow();
    assert_eq!((before.holders, after.holders), (1, 1));
    assert_ne!(before.asked, after.asked);

    let resources = Resources {
        user: ResourceUser::Pane,
        amounts: Amounts::default(),
        over: Duration::from_secs(5),
    };
    let kind = ChangeKind::SystemResources {
        resources: Box::new(resources),
    };
    hub.publish(
        [of_pane(1, ChangeKind::PaneBell), of_pane(1, kind)],
        None,
        stamp(),
    );
    for (subscription, expected) in [
        (&mut opened, &["pane.bell"][..]),
        (&mut asks, &["pane.bell", "system.resources"]),
    ] {
        let mut got = Vec::new();
        let names = subscription.names();
        loop {
            match subscription.step(&Everything, &names) {
                Step::Deliver(event, _) => got.push(event.change.kind.name().to_owned()),
                Step::Skip => {}
                _ => break,
            }
        }
        assert_eq!(got, expected);
    }
    assert!(asks.close(PaneId(1)));
    assert_eq!(hub.resources_wanted().borrow().holders, 1);
    asks.unsubscribe(Filter::all()).unwrap();
    assert_eq!(hub.resources_wanted().borrow().holders, 0);
}
