//! The owner alone: what it publishes and asks for, driven by hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Core, Event, SETTLE, Setup};
use crate::auth::{Permission, Principal};
use crate::bridge::action::Action;
use crate::bridge::clock::Clock;
use crate::bridge::counters::Counters;
use crate::bridge::demand::Attach;
use crate::bridge::gathering::LISTS;
use crate::bridge::publication::PublisherCounts;
use crate::bridge::publisher::Publisher;
use crate::bridge::request::{
    ClientNumber, Handle, InputRequest, Key, PaneView, Request, ScreenError, ViewRequest,
};
use crate::bridge::views::{HistoryPart, Parts, Printed};
use crate::control::{Body, Command, LineRange, Notification};
use crate::hub::{HistoryLimits, Hub, Next, Reader, Redaction};
use crate::ids::{Epoch, PaneId, SessionId, WindowId};
use crate::model::{ChangeKind, Debounce, Derived, Server};
use crate::redact::Rules;
use crate::tmux::{
    CloseReason, ExitUnattached, HistoryPace, HistoryRange, HistoryShape, HistorySlice, LinkEvent,
    LinkId, LinkKind, PanePrint, ReplyError,
};
use tokio::sync::oneshot;

const CONTROL: LinkId = LinkId(1);
const OUTPUT: LinkId = LinkId(2);
const SESSION: SessionId = SessionId(0);
const RECONCILE: Duration = Duration::from_secs(30);

struct Bench {
    core: Core,
    reader: Reader,
    counters: Arc<Counters>,
    now: Instant,
}

impl Bench {
    /// An owner with a server, both links, and one session that has one window with one pane.
    fn new() -> Self {
        Self::of("3.3a")
    }

    /// The same with a server of this version.
    fn of(version: &str) -> Self {
        Self::keeping(version, None)
    }

    /// The same where secrets are kept from some.
    fn keeping(version: &str, redaction: Option<Redaction>) -> Self {
        let limits = HistoryLimits {
            bytes: 1 << 20,
            events: 1000,
            age: RECONCILE * 100,
        };
        let hub = Hub::redacting(limits, Epoch::new("e").unwrap(), redaction);
        let counters = Arc::new(Counters::default());
        let debounce = Debounce {
            quiet: Duration::from_millis(20),
            at_most: Duration::from_millis(50),
        };
        let setup = Setup {
            submit_delay: Duration::ZERO,
            attach: Attach::Always,
            exit_unattached: ExitUnattached::Watch,
            debounce,
            reconcile: RECONCILE,
            clock: Clock::System,
            live: true,
        };
        let now = Instant::now();
        let reader = hub.reader();
        let mut bench = Self {
            core: Core::new(hub, Arc::clone(&counters), setup, now),
            reader,
            counters,
            now,
        };
        bench.handle(Event::Found {
            server: Server {
                version: version.to_owned(),
                ..server(7)
            },
            session: SESSION,
            by_use: vec![vec![SESSION]],
            exits_unattached: false,
        });
        bench.handle(Event::Opened {
            link: CONTROL,
            kind: LinkKind::Control { session: SESSION },
            pid: 11,
        });
        bench.handle(Event::Link(LinkEvent::Attached { link: CONTROL }));
        bench.pass(Duration::from_millis(20));
        bench.list("main");
        bench.pass(Duration::from_millis(40));
        bench.handle(Event::Opened {
            link: OUTPUT,
            kind: LinkKind::Output { session: SESSION },
            pid: 12,
        });
        bench.handle(Event::Link(LinkEvent::Attached { link: OUTPUT }));
        bench.pass(Duration::from_millis(20));
        bench.list("main");
        bench.published();
        bench
    }

    fn handle(&mut self, event: Event) {
        self.core.handle(event, self.now);
    }

    /// Lets time pass, and the timer strike if it is due by then.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        if self
            .core
            .deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.handle(Event::Timer);
        }
    }

    /// The tag of the listing that was asked for.
    fn asked(&mut self) -> Option<u64> {
        self.core
            .actions()
            .into_iter()
            .find_map(|action| match action {
                Action::Send {
                    link: CONTROL,
                    tag,
                    commands,
                } if commands == LISTS => Some(tag),
                _ => None,
            })
    }

    /// Answers a listing that must have been asked for: the session has this name.
    fn list(&mut self, name: &str) {
        let tag = self.asked().unwrap();
        let bodies = [
            format!("$0|1|1|1||0|0||{name}|/\n"),
            "$0|0|@0|1|80|24|0|0|0|0|b25d,80x24,0,0,0|w\n".to_owned(),
            "$0|@0|0|%0|0|1|80|24|5|0|||0||t|cat|/\n".to_owned(),
            "11|$0|1|0|80|24|client-11|\n".to_owned(),
            String::new(),
        ];
        for (index, (command, body)) in LISTS.into_iter().zip(bodies).enumerate() {
            self.reply(tag, index, command, Ok(Body::new(Bytes::from(body))));
        }
    }

    fn reply(
        &mut self,
        tag: u64,
        index: usize,
        command: Command,
        outcome: Result<Body, ReplyError>,
    ) {
        self.handle(Event::Link(LinkEvent::Reply {
            link: CONTROL,
            tag,
            index,
            command,
            outcome,
        }));
    }

    fn notify(&mut self) {
        let notification = Notification::UnlinkedWindowRenamed {
            window: WindowId(0),
            name: "renamed".into(),
        };
        self.handle(Event::Link(LinkEvent::Notification {
            link: CONTROL,
            notification,
        }));
    }

    /// What was published since this was last asked; a `!` marks what the reconciler found.
    fn published(&mut self) -> Vec<String> {
        let mut published = Vec::new();
        while let Next::Event(event) = self.reader.pull() {
            let mark = if event.change.reconciled { "!" } else { "" };
            published.push(format!("{}{mark}", event.change.kind.name()));
        }
        published
    }
}

fn server(pid: u32) -> Server {
    Server {
        pid,
        start_time: 1,
        version: "3.3a".to_owned(),
        warnings: Arc::default(),
    }
}

#[test]
fn what_a_notification_announces_is_ordinary() {
    let mut bench = Bench::new();
    bench.notify();
    bench.pass(Duration::from_millis(19));
    assert_eq!(bench.asked(), None, "hints are gathered");
    bench.pass(Duration::from_millis(1));
    bench.list("renamed");
    assert_eq!(bench.published(), ["session.renamed"]);
    assert_eq!(bench.counters.counts().drift, 0);
}

#[test]
fn regression_what_comes_is_listed_before_it_can_go() {
    for notification in [
        Notification::SessionsChanged,
        Notification::WindowAdd {
            window: WindowId(0),
        },
        Notification::UnlinkedWindowAdd {
            window: WindowId(0),
        },
    ] {
        let mut bench = Bench::new();
        let link = CONTROL;
        bench.handle(Event::Link(LinkEvent::Notification { link, notification }));
        bench.pass(Duration::ZERO);
        bench.list("renamed");
        assert_eq!(bench.published(), ["session.renamed"]);
    }
}

#[test]
fn regression_a_window_that_no_listing_shows_is_published() {
    let mut bench = Bench::new();
    for number in [0, 9] {
        let window = WindowId(number);
        let notification = Notification::UnlinkedWindowAdd { window };
        let link = CONTROL;
        bench.handle(Event::Link(LinkEvent::Notification { link, notification }));
    }
    bench.pass(Duration::ZERO);
    bench.list("main");
    assert_eq!(bench.published(), ["window.missed"], "the other is known");
    bench.notify();
    bench.pass(Duration::from_millis(20));
    bench.list("main");
    assert_eq!(
        bench.published(),
        Vec::<String>::new(),
        "it is published once"
    );
}

#[test]
fn regression_exit_unattached_that_is_found_with_the_same_server_again_is_published() {
    let mut bench = Bench::new();
    let server = bench.core.state.server.clone().unwrap();
    bench.handle(Event::Found {
        server,
        session: SESSION,
        by_use: vec![vec![SESSION]],
        exits_unattached: true,
    });
    assert_eq!(bench.published(), ["server.changed"]);
}

#[test]
fn what_no_notification_announces_is_found_and_counted() {
    let mut bench = Bench::new();
    bench.pass(RECONCILE);
    bench.pass(Duration::from_millis(20));
    bench.list("renamed");
    assert_eq!(
        bench.published(),
        Vec::<String>::new(),
        "its notification may be on the way"
    );
    bench.pass(SETTLE);
    bench.pass(Duration::from_millis(20));
    bench.list("renamed");
    assert_eq!(bench.published(), ["session.renamed!"]);
    assert_eq!(bench.counters.counts().drift, 1);
}

#[test]
fn another_server_is_a_loss_and_a_new_beginning() {
    let mut bench = Bench::new();
    bench.handle(Event::Link(LinkEvent::Closed {
        link: CONTROL,
        reason: CloseReason::Ended(None),
    }));
    bench.pass(Duration::ZERO);
    assert!(matches!(bench.core.actions()[..], [.., Action::Find]));
    bench.handle(Event::Found {
        server: server(7),
        session: SESSION,
        by_use: vec![vec![SESSION]],
        exits_unattached: false,
    });
    assert_eq!(
        bench.published(),
        Vec::<String>::new(),
        "the same server goes on"
    );
    bench.handle(Event::Found {
        server: server(8),
        session: SESSION,
        by_use: vec![vec![SESSION]],
        exits_unattached: false,
    });
    let gone = [
        "pane.removed",
        "window.removed",
        "session.removed",
        "server.lost",
        "server.connected",
    ];
    assert_eq!(bench.published(), gone);
    bench.handle(Event::NoServer {
        reason: "gone".to_owned(),
    });
    bench.handle(Event::NoServer {
        reason: "still gone".to_owned(),
    });
    assert_eq!(bench.published(), ["server.lost"], "once");
}

#[test]
fn a_listing_that_fails_is_asked_for_again() {
    let mut bench = Bench::new();
    bench.notify();
    bench.pass(Duration::from_millis(20));
    let tag = bench.asked().unwrap();
    for (index, command) in LISTS.into_iter().enumerate() {
        bench.reply(tag, index, command, Err(ReplyError::TooLarge(1)));
    }
    bench.pass(Duration::from_millis(20));
    bench.list("renamed");
    assert_eq!(bench.published(), ["session.renamed"]);
    bench.notify();
    bench.pass(Duration::from_millis(20));
    let tag = bench.asked().unwrap();
    bench.handle(Event::NotSent { tag });
    bench.pass(Duration::from_millis(20));
    assert!(bench.asked().is_some());
}

#[test]
fn output_of_an_unknown_pane_asks_for_a_listing_and_waits_for_it() {
    let mut bench = Bench::new();
    let output = |pane| LinkEvent::Output {
        link: OUTPUT,
        pane: PaneId(pane),
        bytes: Bytes::from_static(b"x"),
        read_at: Instant::now(),
    };
    bench.handle(Event::Link(output(0)));
    assert_eq!(bench.published(), ["pane.output"]);
    bench.handle(Event::Link(output(9)));
    assert_eq!(bench.published(), Vec::<String>::new());
    bench.pass(Duration::from_secs(1));
    bench.list("main");
    assert_eq!(
        bench.published(),
        Vec::<String>::new(),
        "the listing does not show it yet"
    );
}

// Views: what a snapshot is worth, by what comes between question and answer.

/// A pane of the same session, and one that is none of its.
const PANE: PaneId = PaneId(0);
const OTHER: PaneId = PaneId(5);

type View = oneshot::Receiver<Result<PaneView, ScreenError>>;

impl Bench {
    fn view(&mut self, scrollback: u32) -> View {
        self.view_for(scrollback, false)
    }

    fn view_for(&mut self, scrollback: u32, redacted: bool) -> View {
        let (reply, view) = oneshot::channel();
        let request = ViewRequest {
            redacted,
            pane: PANE,
            scrollback,
        };
        let principal = Principal::unrestricted();
        let view_request = principal.authorize(Permission::Read, [], request).unwrap();
        self.handle(Event::Request(Request::View {
            view: view_request,
            reply,
        }));
        view
    }

    fn output(&mut self, pane: PaneId, bytes: &'static [u8]) {
        self.handle(Event::Link(LinkEvent::Output {
            link: OUTPUT,
            pane,
            bytes: Bytes::from_static(bytes),
            read_at: self.now,
        }));
    }

    fn gap(&mut self) {
        self.handle(Event::Link(LinkEvent::Gap {
            link: OUTPUT,
            pane: PANE,
            bytes: 0,
        }));
    }

    /// What was asked on the output link, and the panes that are to be printed, since this was last asked.
    fn questions(&mut self) -> (Vec<(u64, Vec<Command>)>, Vec<u64>) {
        let (mut asked, mut prints) = (Vec::new(), Vec::new());
        for action in self.core.actions() {
            match action {
                Action::Send {
                    link: OUTPUT,
                    tag,
                    commands,
                } => asked.push((tag, commands)),
                Action::Print { ticket, .. } => prints.push(ticket),
                _ => {}
            }
        }
        (asked, prints)
    }

    /// Answers the one question that must have been asked on the link.
    fn answer(&mut self, (tag, commands): (u64, Vec<Command>)) {
        for (index, command) in commands.into_iter().enumerate() {
            let body = match &command {
                Command::PaneState { .. } => STATE,
                Command::Capture { .. } => "old\nseen\n\n",
                _ => "",
            };
            self.answer_one(tag, index, command, Ok(Body::new(Bytes::from(body))));
        }
    }

    fn answer_one(
        &mut self,
        tag: u64,
        index: usize,
        command: Command,
        outcome: Result<Body, ReplyError>,
    ) {
        self.handle(Event::Link(LinkEvent::Reply {
            link: OUTPUT,
            tag,
            index,
            command,
            outcome,
        }));
    }

    fn question(&mut self) -> (u64, Vec<Command>) {
        let (mut asked, prints) = self.questions();
        assert_eq!((asked.len(), prints.len()), (1, 0), "{asked:?}");
        asked.remove(0)
    }

    fn printed(&mut self, ticket: u64) {
        let parts = PanePrint {
            state: STATE.into(),
            screen: "old\nseen\n\n".into(),
            saved: Bytes::new(),
            pending: Bytes::new(),
        };
        self.handle(Event::Printed(Printed {
            ticket,
            parts: Ok(Parts::Pane(parts)),
        }));
    }
}

const STATE: &str = "%0|20|2|1|3|1|1|0|||0|1|0|1|0|0|0|0|0|0|0|0||||||||8,16\n";

/// Whether it is exact, where it stands, what was printed since, and where the stream goes on.
fn place_of(view: &mut View) -> (bool, u64, String, u64) {
    let view = view.try_recv().unwrap().unwrap();
    let since = String::from_utf8_lossy(&view.since.concat()).into_owned();
    (
        view.snapshot.exact,
        view.snapshot.offset,
        since,
        view.offset,
    )
}

/// Slices of a history of 100,000 lines, as many as a helper brings.
fn slices(range: HistoryRange) -> Vec<HistoryPart> {
    let shape = HistoryShape {
        size: 100_000,
        limit: 100_000,
        cols: 20,
    };
    let part = |below: u32| {
        let above = (below + 250).min(range.above);
        let lines = (100_000 - above..100_000 - below).map(|line| Bytes::from(line.to_string()));
        let slice = HistorySlice {
            shape,
            below,
            above,
            lines: Bytes::new(),
        };
        HistoryPart {
            slice,
            lines: lines.collect(),
        }
    };
    let begins = (range.below..range.above).step_by(250).take(64);
    begins.map(part).collect()
}

impl Bench {
    /// The part of a history that is to be printed, which must be the only thing wanted.
    fn history(&mut self) -> Option<(u64, HistoryRange)> {
        let (ticket, range, _) = self.slices_asked_for()?;
        Some((ticket, range))
    }

    /// The same with its pace.
    fn slices_asked_for(&mut self) -> Option<(u64, HistoryRange, HistoryPace)> {
        let actions = self.core.actions();
        actions.into_iter().find_map(|action| match action {
            Action::PrintHistory {
                ticket,
                range,
                pace,
                ..
            } => Some((ticket, range, pace)),
            _ => None,
        })
    }

    /// Somebody types.
    fn key(&mut self) {
        let request = InputRequest {
            client: ClientNumber(1),
            pane: PANE,
            keys: vec![Key::Text(b"x".as_slice().into())],
            cancel_mode: false,
            submit_delay: None,
        };
        let principal = Principal::unrestricted();
        let input = principal.authorize(Permission::Write, [], request).unwrap();
        let (reply, _answer) = oneshot::channel();
        self.handle(Event::Request(Request::Input { input, reply }));
    }

    fn give_history(&mut self, ticket: u64, parts: Vec<HistoryPart>) {
        let parts = Ok(Parts::History(parts));
        self.handle(Event::Printed(Printed { ticket, parts }));
    }

    /// Answers a capture of a pane whose history has 100,000 lines, with the lowest so many of it.
    fn answer_long(&mut self, (tag, commands): (u64, Vec<Command>)) {
        for (index, command) in commands.into_iter().enumerate() {
            let body = match &command {
                Command::PaneState { .. } => LONG_STATE.to_owned(),
                Command::Capture { .. } => {
                    let said = command.to_string();
                    let (_, start) = said.split_once("-S -").unwrap();
                    let above: u32 = start.split(' ').next().unwrap().parse().unwrap();
                    let lines = 100_000 - above..100_000;
                    let lines: String = lines.map(|line| format!("{line}\n")).collect();
                    lines + "seen\n\n"
                }
                _ => String::new(),
            };
            self.answer_one(tag, index, command, Ok(Body::new(Bytes::from(body))));
        }
    }
}

const LONG_STATE: &str = "%0|20|2|100000|3|1|1|0|||0|1|0|1|0|0|0|0|0|0|0|0||||||||8,16\n";

#[test]
fn regression_a_long_history_comes_in_slices_and_nobody_else_waits_for_it() {
    let mut bench = Bench::of("3.8");
    bench.questions();
    let mut deep = bench.view(100_000);
    let question = bench.question();
    bench.answer_long(question);
    let mut below = 0;
    while let Some((ticket, range)) = bench.history() {
        assert_eq!((range.below, range.above), (below, 100_000));
        let parts = slices(range);
        below = parts.last().unwrap().slice.above;
        // Between two parts of it others get what they want, and the pane prints on.
        bench.output(PANE, b"x");
        let (mut shallow, mut none) = (bench.view(500), bench.view(0));
        assert_eq!(place_of(&mut shallow).1, 0);
        assert_eq!(place_of(&mut none).1, 0);
        bench.give_history(ticket, parts);
        if below == 100_000 {
            break;
        }
    }
    assert!(deep.try_recv().is_err(), "its screen is still to come");
    let question = bench.question();
    bench.answer_long(question);
    let view = deep.try_recv().unwrap().unwrap();
    assert!(view.snapshot.exact);
    assert_eq!(view.scrollback, 100_000);
    let lines = &view.snapshot.scrollback;
    assert_eq!(lines.len(), 100_000);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(*line, number.to_string());
    }
    let mut again = bench.view(70_000);
    assert!(again.try_recv().unwrap().is_ok(), "it serves for a while");
}

#[test]
fn regression_the_capture_of_a_history_gives_way_to_keys() {
    let mut bench = Bench::of("3.8");
    bench.questions();
    let _deep = bench.view(100_000);
    let question = bench.question();
    bench.answer_long(question);
    let mut paces = Vec::new();
    for (key, later) in [(true, 0), (false, 1), (false, 1), (false, 0)] {
        let (ticket, range, pace) = bench.slices_asked_for().unwrap();
        paces.push(pace);
        if key {
            bench.key();
        }
        bench.now += Duration::from_secs(later);
        bench.give_history(ticket, slices(range));
    }
    use HistoryPace::{Gentle, Usual};
    assert_eq!(paces, [Usual, Gentle, Gentle, Usual]);
}

#[test]
fn a_long_history_is_masked_beside_everything_else() {
    let rules = Arc::new(Rules::new(&["99\\d\\d\\d"], true).unwrap());
    let hold = Duration::from_millis(100);
    let mut bench = Bench::keeping("3.8", Some(Redaction { rules, hold }));
    bench.questions();
    let mut deep = bench.view_for(3000, true);
    let question = bench.question();
    bench.answer_long(question);
    let (ticket, range) = bench.history().unwrap();
    bench.give_history(ticket, slices(range));
    let question = bench.question();
    bench.answer_long(question);
    let mut actions = bench.core.actions().into_iter();
    let (ticket, masked) = actions
        .find_map(|action| match action {
            Action::Mask {
                ticket,
                snapshot,
                rules,
            } => Some((ticket, snapshot.masked(&rules))),
            _ => None,
        })
        .unwrap();
    drop(actions);
    assert!(deep.try_recv().is_err(), "nothing is shown unmasked");
    bench.output(PANE, b"since");
    let mut plain = bench.view(100);
    bench.handle(Event::Printed(Printed {
        ticket,
        parts: Ok(Parts::Masked(Box::new(masked))),
    }));
    let view = deep.try_recv().unwrap().unwrap();
    let lines = &view.snapshot.scrollback;
    assert!(lines.len() >= 3000);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with(b"*") || line.starts_with(b"9") && *line < "99000")
    );
    assert_eq!(*lines.last().unwrap(), "*****");
    assert!(
        plain.try_recv().is_ok(),
        "who sees all does not wait for long"
    );
}

#[test]
fn a_history_that_is_of_no_use_is_captured_at_once_in_the_end() {
    let mut bench = Bench::of("3.8");
    bench.questions();
    let mut deep = bench.view(1000);
    for _ in 0..2 {
        let question = bench.question();
        bench.answer_long(question);
        let (ticket, range) = bench.history().unwrap();
        // Whatever this was, it changed the history.
        bench.gap();
        bench.give_history(ticket, slices(range));
    }
    let question = bench.question();
    let whole = LineRange::new(-1000, LineRange::FURTHEST).unwrap();
    assert!(question.1.contains(&Command::Capture {
        pane: PANE,
        lines: whole
    }));
    bench.answer_long(question);
    let view = deep.try_recv().unwrap().unwrap();
    assert_eq!(view.snapshot.scrollback.len(), 1000);
}

#[test]
fn what_comes_before_an_answer_shows_what_it_is_worth() {
    type Meanwhile = fn(&mut Bench);
    // What happens before the answer, and the place of the snapshot if the first answer has one.
    let rows: [(&str, Meanwhile, Option<u64>); 8] = [
        ("nothing", |_| {}, Some(2)),
        ("others", |bench| bench.output(OTHER, b"x"), Some(2)),
        ("the pane", |bench| bench.output(PANE, b"cd"), Some(4)),
        (
            "others and the pane",
            |bench| {
                bench.output(OTHER, b"x");
                bench.output(PANE, b"cd");
            },
            Some(4),
        ),
        (
            "the pane and others",
            |bench| {
                bench.output(PANE, b"cd");
                bench.output(OTHER, b"x");
            },
            None,
        ),
        ("a loss", |bench| bench.gap(), None),
        (
            "half a character",
            |bench| bench.output(PANE, b"c\xc3"),
            Some(3),
        ),
        (
            "a new layout",
            |bench| {
                bench.handle(Event::Link(LinkEvent::Notification {
                    link: OUTPUT,
                    notification: Notification::LayoutChange {
                        window: WindowId(0),
                        layout: "x".into(),
                        visible_layout: None,
                        flags: None,
                    },
                }))
            },
            None,
        ),
    ];
    for (what, step, place) in rows {
        let mut bench = Bench::of("3.8");
        bench.output(PANE, b"ab");
        bench.questions();
        let mut view = bench.view(10);
        let question = bench.question();
        step(&mut bench);
        bench.answer(question);
        if place.is_none() {
            assert!(
                view.try_recv().is_err(),
                "{what}: nobody knows, so it is asked again"
            );
            let question = bench.question();
            bench.answer(question);
        }
        let expected = place.unwrap_or_else(|| bench.core.streams.published(PANE));
        assert_eq!(
            place_of(&mut view),
            (true, expected, String::new(), expected),
            "{what}"
        );
    }
}

#[test]
fn who_comes_later_gets_the_same_snapshot_and_what_came_since() {
    let mut bench = Bench::of("3.8");
    bench.questions();
    let (mut first, mut second) = (bench.view(1), bench.view(0));
    let question = bench.question();
    let mut deeper = bench.view(5);
    bench.output(PANE, b"ab\xe2\x82");
    bench.answer(question);
    let expected = (true, 2, String::new(), 2);
    assert_eq!(
        (place_of(&mut first), place_of(&mut second)),
        (expected.clone(), expected)
    );
    assert_eq!(
        place_of(&mut deeper).1,
        2,
        "there is no more history than it has"
    );
    bench.output(PANE, b"\xacc");
    let mut third = bench.view(1);
    assert_eq!(place_of(&mut third), (true, 2, "\u{20ac}c".to_owned(), 6));
    assert!(bench.questions().0.is_empty());
    bench.gap();
    bench.view(1);
    let question = bench.question();
    bench.answer(question);
    bench.pass(Duration::from_secs(10));
    assert_eq!(bench.core.views.kept(), 0, "its time is over");
    bench.view(1);
    assert!(!bench.questions().0.is_empty());
}

#[test]
fn without_a_place_it_is_given_as_it_is() {
    let mut bench = Bench::of("3.8");
    bench.questions();
    let mut view = bench.view(1);
    for _ in 0..12 {
        let question = bench.question();
        bench.output(PANE, b"ab");
        bench.output(OTHER, b"x");
        bench.answer(question);
    }
    let (_, prints) = bench.questions();
    bench.output(PANE, b"cd");
    bench.printed(prints[0]);
    assert_eq!(place_of(&mut view), (false, 24, "cd".to_owned(), 26));

    let mut late = bench.view(1);
    let question = bench.question();
    bench.pass(Duration::from_millis(1500));
    let (_, prints) = bench.questions();
    bench.answer(question);
    assert!(late.try_recv().is_err(), "too late");
    bench.printed(prints[0]);
    assert_eq!(place_of(&mut late), (false, 26, String::new(), 26));
}

#[test]
fn where_captures_on_links_leak_a_helper_prints_between_two_marks() {
    let mut bench = Bench::new();
    bench.output(PANE, b"ab");
    bench.questions();
    let mut view = bench.view(1);
    for (between, after) in [(true, false), (false, true), (false, false)] {
        let mark = bench.question();
        bench.output(PANE, b"c");
        bench.answer(mark);
        let (_, prints) = bench.questions();
        if between {
            bench.output(PANE, b"d");
        }
        bench.printed(prints[0]);
        if between {
            continue;
        }
        let mark = bench.question();
        if after {
            bench.output(PANE, b"e");
        }
        bench.answer(mark);
    }
    assert_eq!(place_of(&mut view), (true, 7, String::new(), 7));
}

#[test]
fn links_and_panes_may_go_in_the_middle() {
    let mut bench = Bench::of("3.8");
    bench.questions();
    let mut view = bench.view(1);
    let (tag, commands) = bench.question();
    for (index, command) in commands.into_iter().enumerate() {
        bench.answer_one(tag, index, command, Err(ReplyError::LinkClosed));
    }
    let (again, _) = bench.question();
    bench.handle(Event::NotSent { tag: again });
    bench.handle(Event::Link(LinkEvent::Closed {
        link: OUTPUT,
        reason: CloseReason::Ended(None),
    }));
    bench.pass(Duration::from_millis(20));
    bench.handle(Event::Opened {
        link: OUTPUT,
        kind: LinkKind::Output { session: SESSION },
        pid: 13,
    });
    bench.handle(Event::Link(LinkEvent::Attached { link: OUTPUT }));
    let (asked, _) = bench.questions();
    let captures = |(_, commands): &&(u64, Vec<Command>)| {
        commands.contains(&Command::PaneState { pane: PANE })
    };
    let (tag, commands) = asked.iter().find(captures).unwrap().clone();
    let failed = Err(ReplyError::Failed(Body::default()));
    bench.answer_one(tag, 1, commands[1].clone(), failed);
    assert_eq!(
        view.try_recv().unwrap().err(),
        Some(ScreenError::NoSuchPane)
    );

    let mut lost = bench.view(1);
    bench.handle(Event::NoServer {
        reason: "gone".to_owned(),
    });
    assert_eq!(
        lost.try_recv().unwrap().err(),
        Some(ScreenError::Unavailable)
    );
}

#[tokio::test]
async fn what_a_source_derives_is_published_as_what_was_not_read_from_tmux() {
    for attach in [Attach::Always, Attach::OnDemand { grace: RECONCILE }] {
        let mut bench = Bench::new();
        bench.core.attaching = super::Attaching::new(attach);
        let (handle, mut requests) = Handle::pair();
        let counts = Arc::new(PublisherCounts::default());
        let publisher = Publisher::new(&handle, Arc::clone(&counts));
        for pane in [PaneId(0), PaneId(9)] {
            publisher.try_publish(Derived::PaneBell { pane }).unwrap();
            // It waits for no link: it asks nothing of tmux.
            bench.core.control = None;
            bench.handle(Event::Request(requests.try_recv().unwrap()));
        }
        let Next::Event(bell) = bench.reader.pull() else {
            panic!("a bell is published");
        };
        assert_eq!(bell.change.kind, ChangeKind::PaneBell);
        assert_eq!(bell.read_at(), None, "no latency is measured from here");
        assert!(
            matches!(bench.reader.pull(), Next::Head),
            "the other is gone"
        );
        assert_eq!((counts.published(), counts.stale()), (1, 1));
    }
}

/// An owner that is attached while somebody listens, and for so long after.
fn on_demand(grace: Duration) -> Bench {
    let mut bench = Bench::new();
    bench.core.attaching = super::Attaching::new(Attach::OnDemand { grace });
    bench
}

fn closed_by(bench: &mut Bench) -> Vec<LinkId> {
    let actions = bench.core.actions().into_iter();
    let closed = actions.filter_map(|action| match action {
        Action::Close(link) => Some(link),
        _ => None,
    });
    closed.collect()
}

#[test]
fn regression_a_link_that_opens_after_detaching_is_closed() {
    let grace = Duration::from_secs(1);
    let mut bench = on_demand(grace);
    bench.handle(Event::Demand { wanted: true });
    bench.handle(Event::Demand { wanted: false });
    bench.pass(grace);
    bench.list("main");
    let mut closed = closed_by(&mut bench);
    closed.sort_unstable();
    assert_eq!(closed, [CONTROL, OUTPUT], "nobody listens");
    // They were asked for before, and the machine is slow.
    let late = [
        LinkKind::Output { session: SESSION },
        LinkKind::Control { session: SESSION },
    ];
    for (number, kind) in (20..).zip(late) {
        let (link, pid) = (LinkId(number), 14);
        bench.handle(Event::Opened { link, kind, pid });
        assert_eq!(closed_by(&mut bench), [link], "{kind:?}");
    }
}

#[test]
fn regression_the_grace_does_not_end_while_requests_wait_for_a_link() {
    let grace = Duration::from_secs(1);
    let mut bench = on_demand(grace);
    let reason = CloseReason::Requested;
    for link in [CONTROL, OUTPUT] {
        let reason = reason.clone();
        bench.handle(Event::Link(LinkEvent::Closed { link, reason }));
    }
    let _view = bench.view(1);
    bench.pass(grace * 5);
    assert!(bench.core.attaching.is_on(), "the request still waits");
    bench.handle(Event::Opened {
        link: LinkId(20),
        kind: LinkKind::Control { session: SESSION },
        pid: 14,
    });
    assert_eq!(closed_by(&mut bench), []);
    let due = bench.core.attaching.due();
    assert_eq!(due, Some(bench.now + grace), "it begins with the link");
}
