//! The event log: what readers get, what is kept, who sees what.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use muxwire::hub::{
    Crossing, Filter, HistoryLimits, Hub, Next, NotRecoverable, Position, Since, Stamp, Step,
    Subject, Subscription, Viewer, WindowNames, view,
};
use muxwire::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use muxwire::model::{Audience, Change, ChangeKind, Client, Place};

use crate::support::world::{World, stamp};

fn hub(limits: HistoryLimits) -> Hub {
    Hub::new(limits, Epoch::new("e1").unwrap())
}

fn wide() -> Hub {
    hub(HistoryLimits::default())
}

/// A session that comes, as the smallest event that there is.
fn event(name: &str) -> Change {
    let place = Place {
        session: SessionId(1),
        session_name: name.into(),
        window: None,
    };
    Change::new(Audience::at(place), ChangeKind::SessionRemoved)
}

fn publish(hub: &Hub, count: usize) {
    hub.publish((0..count).map(|_| event("a")), None, stamp());
}

/// Sees all sessions whose name begins so; the empty beginning is that of everything.
struct Sees(&'static str);

impl Viewer for Sees {
    fn sees_session(&self, name: &str) -> bool {
        name.starts_with(self.0)
    }

    fn sees_all(&self) -> bool {
        self.0.is_empty()
    }
}

#[test]
fn places_are_dense_and_a_reader_sees_them_all() {
    let hub = wide();
    let mut reader = hub.reader();
    publish(&hub, 3);
    publish(&hub, 2);
    let read: Vec<u64> = std::iter::from_fn(|| match reader.pull() {
        Next::Event(event) => Some(event.seq.0),
        Next::Head | Next::Archived(_) | Next::Evicted => None,
    })
    .collect();
    assert_eq!(read, [1, 2, 3, 4, 5]);
    assert_eq!(hub.snapshot().1, Seq(5));
}

#[test]
fn history_is_bounded_in_events_bytes_and_age() {
    let limits = HistoryLimits {
        bytes: usize::MAX,
        events: 3,
        age: Duration::MAX,
    };
    let by_events = hub(limits);
    publish(&by_events, 10);
    assert_eq!(by_events.figures().kept, 3);

    let by_bytes = hub(HistoryLimits {
        bytes: 100_000,
        events: 1_000_000,
        ..limits
    });
    let mut world = World::new();
    world.session("a");
    for offset in 0..200 {
        by_bytes.publish(
            [world.output(PaneId(0), offset, &[b'x'; 1000])],
            None,
            stamp(),
        );
        assert!(by_bytes.figures().bytes <= 100_000);
    }
    assert!(by_bytes.figures().kept > 10, "{:?}", by_bytes.figures());

    let age = Duration::from_secs(10);
    let by_age = hub(HistoryLimits {
        events: 1_000_000,
        age,
        ..limits
    });
    for second in 0..60 {
        let at = Timestamp::from_second(1_700_000_000 + second).unwrap();
        by_age.publish([event("a")], None, Stamp::at(at));
    }
    assert_eq!(by_age.figures().kept, 11);
}

#[test]
fn a_position_is_recovered_in_full_or_not_at_all() {
    let hub = hub(HistoryLimits {
        bytes: usize::MAX,
        events: 5,
        age: Duration::MAX,
    });
    publish(&hub, 20);
    let position = |epoch: &str, seq| Position {
        epoch: Epoch::new(epoch).unwrap(),
        seq: Seq(seq),
    };
    let rows = [
        (position("e1", 20), Ok(0)),
        (position("e1", 17), Ok(3)),
        (position("e1", 15), Ok(5)),
        (position("e1", 14), Err(NotRecoverable::Evicted)),
        (position("e1", 0), Err(NotRecoverable::Evicted)),
        (position("e1", 21), Err(NotRecoverable::Future)),
        (position("e2", 20), Err(NotRecoverable::OtherEpoch)),
    ];
    for (position, expected) in rows {
        let found = hub.position(&position).map(|mut reader| {
            std::iter::from_fn(|| matches!(reader.pull(), Next::Event(_)).then_some(())).count()
        });
        assert_eq!(found, expected, "{position:?}");
    }
}

#[test]
fn a_reader_that_falls_behind_learns_it() {
    let hub = hub(HistoryLimits {
        bytes: usize::MAX,
        events: 2,
        age: Duration::MAX,
    });
    let mut reader = hub.reader();
    publish(&hub, 2);
    assert!(matches!(reader.pull(), Next::Event(_)));
    publish(&hub, 2);
    assert!(matches!(reader.pull(), Next::Evicted));
}

#[tokio::test]
async fn a_reader_is_woken_by_what_it_has_not_read() {
    let hub = wide();
    let mut reader = hub.reader();
    let waiting = tokio::spawn(async move {
        reader.readable().await;
        reader
    });
    publish(&hub, 1);
    let mut reader = waiting.await.unwrap();
    assert!(matches!(reader.pull(), Next::Event(_)));
    publish(&hub, 1);
    // Published before the wait: it is over at once.
    reader.readable().await;
}

#[test]
fn filters_match_what_they_name() {
    let place = |session: u32, name: &str, window| Place {
        session: SessionId(session),
        session_name: name.into(),
        window,
    };
    let in_window = place(1, "api-2", Some((WindowId(4), 2)));
    let in_session = place(1, "api-2", None);
    let all = Filter::all;
    let rows: [(Filter, [bool; 3]); 17] = [
        // output in the window @4 called "editor", a renamed session, a buffer
        (all(), [true, true, true]),
        (all().with_types(&["pane.*"]).unwrap(), [true, false, false]),
        (all().with_types(&["*"]).unwrap(), [true, true, true]),
        (
            all()
                .with_types(&["pane.title_changed", "buffer.changed"])
                .unwrap(),
            [false, false, true],
        ),
        (
            all().with_sessions(&["api-*"]).unwrap(),
            [true, true, false],
        ),
        (
            all().with_sessions(&["api"]).unwrap(),
            [false, false, false],
        ),
        (all().with_sessions(&["$1"]).unwrap(), [true, true, false]),
        (
            all().with_sessions(&["$2", "x"]).unwrap(),
            [false, false, false],
        ),
        (all().with_windows(&["2"]).unwrap(), [true, false, false]),
        (all().with_windows(&["@4"]).unwrap(), [true, false, false]),
        (
            all().with_windows(&["@2", "4"]).unwrap(),
            [false, false, false],
        ),
        (
            all().with_windows(&["edit*"]).unwrap(),
            [true, false, false],
        ),
        (all().with_windows(&["*"]).unwrap(), [true, false, false]),
        (all().with_panes(&["%7"]).unwrap(), [true, false, false]),
        (all().with_panes(&["%*"]).unwrap(), [true, false, false]),
        (all().with_panes(&["%8"]).unwrap(), [false, false, false]),
        (
            all()
                .with_types(&["pane.output"])
                .unwrap()
                .with_sessions(&["web"])
                .unwrap(),
            [false, false, false],
        ),
    ];
    let subjects = [
        Subject {
            kind: "pane.output",
            place: Some(&in_window),
            pane: Some(PaneId(7)),
            agent: None,
        },
        Subject {
            kind: "session.renamed",
            place: Some(&in_session),
            pane: None,
            agent: None,
        },
        Subject {
            kind: "buffer.changed",
            place: None,
            pane: None,
            agent: None,
        },
    ];
    let names = WindowNames {
        own: [Some("editor"), None],
        present: None,
    };
    for (filter, expected) in rows {
        let found = [0, 1, 2].map(|index| filter.matches(&subjects[index], names));
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[test]
fn broken_filters_are_refused() {
    let many = vec!["x"; 65];
    let rows = [
        Filter::all().with_types::<&str>(&[]),
        Filter::all().with_types(&many),
        Filter::all().with_types(&["Pane Output"]),
        Filter::all().with_sessions(&[""]),
        Filter::all().with_windows(&["x".repeat(257)]),
        Filter::all().with_panes(&["7"]),
        Filter::all().with_panes(&["%x"]),
    ];
    for row in rows {
        assert!(row.is_err(), "{row:?}");
    }
}

/// The types and places under which each viewer sees an event: nothing of a session out of sight leaks.
#[test]
fn events_are_seen_from_where_one_stands() {
    let mut world = World::new();
    let mine = world.session("mine-1");
    let other = world.session("other");
    let window = world.state.sessions[&mine].windows[&0];
    world.link(other, 5, window);
    let place = |id: SessionId| world.state.sessions[&id].place();
    let client = Client {
        name: "/dev/pts/1".to_owned(),
        pid: 1,
        session: Some(mine),
        control: false,
        read_only: false,
        tty: "/dev/pts/1".to_owned(),
    };
    let renamed = |from: &str, to: &str| {
        let mut session = world.state.sessions[&mine].clone();
        let left = Place {
            session_name: from.into(),
            ..session.place()
        };
        session.name = to.into();
        let audience = Audience::at(session.place());
        let kind = ChangeKind::SessionRenamed {
            session,
            previous: from.into(),
        };
        Change {
            left: Some(left),
            ..Change::new(audience, kind)
        }
    };
    let crossed = |from: Option<SessionId>, to: Option<SessionId>| {
        let audience = to.map_or(Audience::Unscoped, |id| Audience::at(place(id)));
        let previous = from.map(|id| world.state.sessions[&id].name.clone());
        let kind = ChangeKind::ClientSessionChanged {
            client: client.clone(),
            previous,
        };
        Change {
            left: from.map(place),
            ..Change::new(audience, kind)
        }
    };
    let output = world.output(world.state.windows[&window].panes[0], 0, b"x");
    let buffer = Change::new(
        Audience::Unscoped,
        ChangeKind::BufferDeleted {
            name: String::new(),
        },
    );
    let server = world.state.server.clone().unwrap();
    let connected = Change::new(Audience::Everyone, ChangeKind::ServerConnected { server });
    // The event as it is seen by one who sees all, by one who sees mine-*, and by one who sees neither.
    type Seen = Option<(&'static str, Option<&'static str>)>;
    let rows: [(Change, [Seen; 3]); 9] = [
        (
            output,
            [
                Some(("pane.output", Some("mine-1"))),
                Some(("pane.output", Some("mine-1"))),
                None,
            ],
        ),
        (buffer, [Some(("buffer.deleted", None)), None, None]),
        (connected, [Some(("server.connected", None)); 3]),
        (
            renamed("mine-1", "mine-2"),
            [
                Some(("session.renamed", Some("mine-2"))),
                Some(("session.renamed", Some("mine-2"))),
                None,
            ],
        ),
        (
            renamed("mine-1", "gone"),
            [
                Some(("session.renamed", Some("gone"))),
                Some(("session.removed", Some("mine-1"))),
                None,
            ],
        ),
        (
            renamed("before", "mine-2"),
            [
                Some(("session.renamed", Some("mine-2"))),
                Some(("session.created", Some("mine-2"))),
                None,
            ],
        ),
        (
            crossed(Some(mine), Some(other)),
            [
                Some(("client.session_changed", Some("other"))),
                Some(("client.detached", Some("mine-1"))),
                None,
            ],
        ),
        (
            crossed(Some(other), Some(mine)),
            [
                Some(("client.session_changed", Some("mine-1"))),
                Some(("client.attached", Some("mine-1"))),
                None,
            ],
        ),
        (
            crossed(Some(mine), None),
            [
                Some(("client.session_changed", None)),
                Some(("client.detached", Some("mine-1"))),
                None,
            ],
        ),
    ];
    for (change, expected) in rows {
        for (viewer, expected) in [Sees(""), Sees("mine-"), Sees("none")]
            .into_iter()
            .zip(expected)
        {
            let seen = view(&change, &viewer, |_| true);
            let received = seen.map(|seen| {
                (
                    seen.kind(&change),
                    seen.place(&change)
                        .map(|place| place.session_name.to_string()),
                )
            });
            let expected = expected.map(|(kind, place)| (kind, place.map(str::to_owned)));
            assert_eq!(
                received, expected,
                "{:?} seen by {:?}",
                change.kind, viewer.0
            );
        }
    }
}

#[test]
fn a_crossing_follows_the_wishes_of_one_who_sees_both_sides() {
    let mut session = World::new();
    let id = session.session("work");
    let mut renamed = session.state.sessions[&id].clone();
    let left = renamed.place();
    renamed.name = "play".into();
    let audience = Audience::at(renamed.place());
    let kind = ChangeKind::SessionRenamed {
        session: renamed,
        previous: "work".into(),
    };
    let change = Change {
        left: Some(left),
        ..Change::new(audience, kind)
    };
    type Row = (
        &'static [&'static str],
        &'static [&'static str],
        Option<(Crossing, &'static str)>,
    );
    let rows: [Row; 7] = [
        (&["*"], &["*"], Some((Crossing::AsIs, "session.renamed"))),
        (&["work"], &["*"], Some((Crossing::Went, "session.removed"))),
        (&["play"], &["*"], Some((Crossing::Came, "session.created"))),
        (
            &["play"],
            &["session.renamed"],
            Some((Crossing::AsIs, "session.renamed")),
        ),
        (&["work"], &["session.renamed"], None),
        (&["*"], &["session.created"], None),
        (&["other"], &["*"], None),
    ];
    for (sessions, types, expected) in rows {
        let filter = Filter::all()
            .with_sessions(sessions)
            .unwrap()
            .with_types(types)
            .unwrap();
        let seen = view(&change, &Sees(""), |subject| {
            filter.matches(subject, WindowNames::default())
        });
        let found = seen.map(|seen| (seen.crossing, seen.kind(&change)));
        assert_eq!(found, expected, "{sessions:?} {types:?}");
    }
}

/// All that a subscription delivers until it is at the head.
fn delivered(subscription: &mut Subscription) -> Vec<u64> {
    let names = subscription.names();
    let mut places = Vec::new();
    loop {
        match subscription.step(&Sees(""), &names) {
            Step::Deliver(event, _) => places.push(event.seq.0),
            Step::Skip => {}
            Step::Head => return places,
            Step::Archived(_) | Step::Evicted => panic!("nothing is evicted here"),
        }
    }
}

fn sessions(names: &[&str]) -> Filter {
    Filter::all().with_sessions(names).unwrap()
}

fn since(hub: &Hub, seq: u64) -> Since {
    Since::Position(hub.position_at(Seq(seq)))
}

#[test]
fn subscriptions_add_up_and_the_last_rule_that_matches_decides() {
    let hub = wide();
    let mut subscription = Subscription::new(&hub);
    let send = |names: &[&str]| hub.publish(names.iter().map(|name| event(name)), None, stamp());
    send(&["a"]);
    assert!(delivered(&mut subscription).is_empty());
    subscription.subscribe(sessions(&["a"]), None).unwrap();
    send(&["a", "b", "a"]);
    assert_eq!(delivered(&mut subscription), [2, 4]);
    subscription.subscribe(sessions(&["b"]), None).unwrap();
    send(&["a", "b", "c"]);
    assert_eq!(delivered(&mut subscription), [5, 6]);
    subscription.unsubscribe(sessions(&["a"])).unwrap();
    send(&["a", "b"]);
    assert_eq!(delivered(&mut subscription), [9]);
    subscription.subscribe(Filter::all(), None).unwrap();
    subscription.unsubscribe(sessions(&["b"])).unwrap();
    send(&["a", "b", "c"]);
    assert_eq!(delivered(&mut subscription), [10, 12]);
    subscription.unsubscribe(Filter::all()).unwrap();
    send(&["a"]);
    assert!(delivered(&mut subscription).is_empty());
    assert!(!subscription.is_active());
}

#[test]
fn windows_are_found_by_the_name_that_they_had_when_it_happened() {
    let hub = wide();
    let mut world = World::new();
    let session = world.session("a");
    let editor = world.window(session, 1, "editor");
    world.publish(&hub);
    let mut subscription = Subscription::new(&hub);
    subscription
        .subscribe(Filter::all().with_windows(&["edit*"]).unwrap(), None)
        .unwrap();
    let pane = world.state.windows[&editor].panes[0];
    let first = hub.publish(
        [
            world.output(pane, 0, b"x"),
            world.output(PaneId(0), 0, b"y"),
        ],
        None,
        stamp(),
    );
    assert_eq!(delivered(&mut subscription), [first.0 - 1]);
    world.state.windows.get_mut(&editor).unwrap().name = "other".to_owned();
    let renamed = world.publish(&hub);
    assert_eq!(
        delivered(&mut subscription),
        [renamed.0],
        "the old name leads to the renaming"
    );
    world.state.windows.get_mut(&editor).unwrap().name = "edit".to_owned();
    let renamed = world.publish(&hub);
    assert_eq!(delivered(&mut subscription), [renamed.0]);
    world
        .state
        .sessions
        .get_mut(&session)
        .unwrap()
        .windows
        .remove(&1);
    world.state.windows.remove(&editor);
    world.state.panes.remove(&pane);
    let removed = world.publish(&hub);
    assert_eq!(
        delivered(&mut subscription),
        [removed.0 - 1, removed.0],
        "removed with its pane"
    );
}

#[test]
fn a_later_since_brings_what_the_other_rules_did_not() {
    let hub = wide();
    let mut subscription = Subscription::new(&hub);
    let send = |names: &[&str]| hub.publish(names.iter().map(|name| event(name)), None, stamp());
    send(&["a", "b", "c", "a", "b", "c"]);
    assert_eq!(
        subscription.subscribe(sessions(&["a"]), Some(&since(&hub, 2))),
        Ok((Seq(2), None))
    );
    assert_eq!(delivered(&mut subscription), [4]);
    subscription
        .subscribe(sessions(&["b"]), Some(&since(&hub, 1)))
        .unwrap();
    assert_eq!(subscription.complete_to(), None);
    let names = subscription.names();
    assert!(
        matches!(subscription.step(&Sees(""), &names), Step::Deliver(event, _) if event.seq == Seq(2))
    );
    // A third begins while the second is read again.
    subscription
        .subscribe(sessions(&["c", "b"]), Some(&since(&hub, 0)))
        .unwrap();
    send(&["a", "b", "c", "d"]);
    assert_eq!(delivered(&mut subscription), [3, 5, 6, 7, 8, 9]);
    assert_eq!(subscription.complete_to(), Some(Seq(10)));
}

/// Whatever is subscribed and unsubscribed when, each event comes at most once, and exactly if the rules in force say.
#[test]
fn random_rules_deliver_each_event_once() {
    for seed in 0..2000 {
        let mut random = crate::support::random::Random::new(seed);
        let hub = wide();
        let mut subscription = Subscription::new(&hub);
        let (mut got, mut wanted, mut active) = (Vec::new(), BTreeSet::new(), false);
        let names = ["a", "b", "c"];
        let mut log: Vec<&str> = Vec::new();
        let mut live: BTreeSet<&str> = BTreeSet::new();
        for _ in 0..30 {
            match random.below(5) {
                0 | 1 => {
                    let name = names[random.below(3)];
                    log.push(name);
                    hub.publish([event(name)], None, stamp());
                    if active && live.contains(name) {
                        wanted.insert(log.len() as u64);
                    }
                }
                2 => {
                    let name = names[random.below(3)];
                    let place = random.below(log.len() + 1) as u64;
                    subscription
                        .subscribe(sessions(&[name]), Some(&since(&hub, place)))
                        .unwrap();
                    live.insert(name);
                    active = true;
                    let after = (place + 1)..=(log.len() as u64);
                    wanted.extend(
                        after.filter(|seq| log[usize::try_from(*seq).unwrap() - 1] == name),
                    );
                }
                3 => {
                    // Only at the head, where what was wanted before has come.
                    got.extend(delivered(&mut subscription));
                    let name = names[random.below(3)];
                    subscription.unsubscribe(sessions(&[name])).unwrap();
                    live.remove(name);
                }
                _ => {
                    let viewed = subscription.names();
                    if let Step::Deliver(event, _) = subscription.step(&Sees(""), &viewed) {
                        got.push(event.seq.0);
                    }
                }
            }
        }
        got.extend(delivered(&mut subscription));
        let unique: BTreeSet<u64> = got.iter().copied().collect();
        assert_eq!(
            unique.len(),
            got.len(),
            "seed {seed}: something came twice: {got:?}"
        );
        assert_eq!(unique, wanted, "seed {seed}");
    }
}

#[test]
fn the_number_of_rules_is_bounded() {
    let hub = wide();
    let mut subscription = Subscription::new(&hub);
    for number in 0..Subscription::MAX_RULES {
        subscription
            .subscribe(sessions(&[&format!("s{number}")]), None)
            .unwrap();
        // Asking again for the same costs nothing.
        subscription
            .subscribe(sessions(&[&format!("s{number}")]), None)
            .unwrap();
    }
    assert!(
        subscription
            .subscribe(sessions(&["one-more"]), None)
            .is_err()
    );
    assert!(subscription.unsubscribe(sessions(&["one-more"])).is_err());
    subscription.unsubscribe(Filter::all()).unwrap();
    subscription
        .subscribe(sessions(&["one-more"]), None)
        .unwrap();
}
