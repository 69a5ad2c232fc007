//! The owner alone: what it publishes and asks for, driven by hand.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Core, Event, SETTLE, Setup};
use crate::bridge::action::Action;
use crate::bridge::clock::Clock;
use crate::bridge::counters::Counters;
use crate::bridge::gathering::LISTS;
use crate::control::{Body, Command, Notification};
use crate::hub::{HistoryLimits, Hub, Next, Reader};
use crate::ids::{Epoch, PaneId, SessionId};
use crate::model::{Debounce, Server};
use crate::tmux::{CloseReason, LinkEvent, LinkId, LinkKind, ReplyError};

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
        let limits = HistoryLimits {
            bytes: 1 << 20,
            events: 1000,
            age: RECONCILE * 100,
        };
        let hub = Hub::new(limits, Epoch::new("e").unwrap());
        let counters = Arc::new(Counters::default());
        let debounce = Debounce {
            quiet: Duration::from_millis(20),
            at_most: Duration::from_millis(50),
        };
        let setup = Setup {
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
            server: server(7),
            session: SESSION,
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
            format!("$0|1|1|0||{name}|/\n"),
            "$0|0|@0|1|80|24|0|b25d,80x24,0,0,0|w\n".to_owned(),
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
        let notification = Notification::SessionsChanged;
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
    }
}

#[test]
fn what_a_notification_tells_of_is_ordinary() {
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
fn what_no_notification_tells_of_is_found_and_counted() {
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
    });
    assert_eq!(
        bench.published(),
        Vec::<String>::new(),
        "the same server goes on"
    );
    bench.handle(Event::Found {
        server: server(8),
        session: SESSION,
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
    assert_eq!(bench.published(), ["server.lost"], "told once");
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
