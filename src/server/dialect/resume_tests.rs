//! Recorded histories of clients that come and go, by the thousand: what they get is ordered, unique and complete.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Client, Endpoint};
use crate::auth::Redact;
use crate::hub::{
    Archive, ArchiveError, ArchiveRead, HistoryLimits, Hub, Next, Published, Reader, SeqRange,
    Stamp,
};
use crate::ids::{Epoch, PaneId, SessionId, WindowId};
use crate::metrics::Metrics;
use crate::model::{Change, ChangeKind, Place, Places};
use crate::server::emitting::{EmitAllowances, EmitRates};
use crate::server::repeats::Repeats;
use crate::server::send_queue::SendQueueLimits;
use crate::server::session::{
    ArchivePage, ClientIdentity, ConnectionLimits, Context, Effect, EffectResult, HolderAllowances,
    Timing,
};
use crate::wire::Encoder;

const RUNS: u64 = 3000;

/// SplitMix64.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What a client wants, as a filter and as a rule over our own record of the log.
struct Wish {
    filters: Value,
    wants: fn(&Logged) -> bool,
}

/// An event as the test itself recorded it.
struct Logged {
    kind: &'static str,
    session: &'static str,
    pane: Option<u32>,
}

const SESSIONS: [&str; 3] = ["api-1", "api-2", "web"];

fn wishes() -> [Wish; 5] {
    [
        Wish {
            filters: json!({}),
            wants: |_| true,
        },
        Wish {
            filters: json!({ "types": ["pane.output"] }),
            wants: |event| event.kind == "pane.output",
        },
        Wish {
            filters: json!({ "sessions": ["api-*"] }),
            wants: |event| event.session != "web",
        },
        Wish {
            filters: json!({ "types": ["session.*"], "sessions": ["$2"] }),
            wants: |event| event.session == "web" && event.kind == "session.removed",
        },
        Wish {
            filters: json!({ "panes": ["%1"] }),
            wants: |event| event.pane == Some(1),
        },
    ]
}

/// An archive that keeps all, and gives it in pages of all sizes.
#[derive(Debug)]
struct Whole {
    events: Mutex<Vec<Arc<Published>>>,
    random: Mutex<Random>,
    /// One of so many reads fails.
    fails: Option<u64>,
}

impl Archive for Whole {
    fn read(&self, range: SeqRange) -> ArchiveRead {
        let mut random = self.random.lock().unwrap();
        if self.fails.is_some_and(|fails| random.below(fails) == 0) {
            let failed = ArchiveError::Failed("the disk is gone".to_owned());
            return Box::pin(async { Err(failed) });
        }
        let count = 1 + random.below(range.until.0 - range.after.0) as usize;
        let events = self.events.lock().unwrap();
        let events = events.iter().skip(range.after.0 as usize).take(count);
        let events: Vec<_> = events.cloned().collect();
        Box::pin(async { Ok(events) })
    }
}

/// What is behind the history.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behind {
    Nothing,
    Archive { fails: Option<u64> },
}

/// One run: a log that grows, and a client that reads some of it, goes, comes back and resumes.
struct Run {
    random: Random,
    now: Instant,
    context: Arc<Context>,
    log: BTreeMap<u64, Logged>,
    wish: Wish,
    client: Client,
    /// What the client would resume from.
    since: Option<Value>,
    /// The place that it last got, in order.
    last: u64,
    /// The place from which on it must be complete, and what it got since.
    from: u64,
    got: Vec<u64>,
    resumed: u64,
    lost: u64,
    archive: Arc<Whole>,
    /// Brings what is published into the archive.
    archiving: Reader,
    /// What the client has asked of the archive.
    pages: Vec<ArchivePage>,
    read: u64,
}

impl Run {
    fn new(seed: u64, behind: Behind) -> Self {
        let mut random = Random(seed);
        let (history, queue) = match behind {
            Behind::Nothing if seed.is_multiple_of(3) => (20, 40 + random.below(200)),
            Behind::Nothing => (100_000, 40 + random.below(200)),
            // What is asked for has to come through the archive, and nobody is too slow for that.
            Behind::Archive { .. } => (1 + random.below(5), 1 << 20),
        };
        let limits = HistoryLimits {
            bytes: usize::MAX,
            events: history as usize,
            age: Duration::from_secs(3600),
        };
        let hub = Hub::new(limits, Epoch::new("e1").unwrap());
        let archive = Arc::new(Whole {
            events: Mutex::default(),
            random: Mutex::new(Random(seed)),
            fails: match behind {
                Behind::Nothing => None,
                Behind::Archive { fails } => fails,
            },
        });
        if behind != Behind::Nothing {
            hub.archive_in(Arc::<Whole>::clone(&archive));
        }
        let archiving = hub.reader();
        let context = Arc::new(Context {
            resize: crate::server::ResizePolicy::Never,
            encoder: Encoder::new("h", hub.epoch()),
            hub: hub.clone(),
            limits: ConnectionLimits {
                send_queue: SendQueueLimits {
                    bytes: 1 << 20,
                    messages: queue as usize,
                },
                ..ConnectionLimits::default()
            },
            repeats: Repeats::default(),
            emitted: Repeats::default(),
            compression: crate::server::Compression::Off,
            emit_rates: EmitRates::default(),
            emitting: EmitAllowances::default(),
            asking: HolderAllowances::default(),
            authenticator: None,
            metrics: Metrics::new(&hub),
            audit: crate::audit::Log::off(),
            timing: Timing::default(),
            groups: crate::server::broadcast::BroadcastGroups::default(),
            redact: Redact::default(),
        });
        let now = Instant::now();
        let wish = wishes().into_iter().nth(random.below(5) as usize).unwrap();
        let client = Client::new(
            Arc::clone(&context),
            "c".to_owned(),
            Endpoint::default(),
            ClientIdentity::default(),
            now,
        );
        Self {
            random,
            now,
            context,
            log: BTreeMap::new(),
            wish,
            client,
            since: None,
            last: 0,
            from: 0,
            got: Vec::new(),
            resumed: 0,
            lost: 0,
            archive,
            archiving,
            pages: Vec::new(),
            read: 0,
        }
    }

    fn publish(&mut self) {
        for _ in 0..self.random.below(12) {
            let number = self.random.below(3) as u32;
            let session = SESSIONS[number as usize];
            let output = self.random.below(3) > 0;
            let window = output.then_some((WindowId(number), 0));
            let place = Place {
                session: SessionId(number),
                session_name: session.into(),
                window,
            };
            let change = if output {
                let kind = ChangeKind::PaneOutput {
                    offset: 0,
                    bytes: "x".into(),
                };
                Change::of_pane(PaneId(number), Places::from([place]), kind)
            } else {
                Change::new(
                    crate::model::Audience::at(place),
                    ChangeKind::SessionRemoved,
                )
            };
            let logged = Logged {
                kind: change.kind.label(),
                session,
                pane: output.then_some(number),
            };
            let at = Stamp::at(Timestamp::from_second(1_700_000_000).unwrap());
            let seq = self.context.hub.publish([change], None, at);
            self.log.insert(seq.0, logged);
            while let Next::Event(event) = self.archiving.pull() {
                self.archive.events.lock().unwrap().push(event);
            }
        }
    }

    /// The archive answers all that it was asked so far.
    fn answer(&mut self) {
        let asked = self.client.session_mut().take_effects().into_iter();
        self.pages.extend(asked.filter_map(|effect| match effect {
            Effect::ReadArchive(page) => Some(page),
            _ => None,
        }));
        for page in std::mem::take(&mut self.pages) {
            let read = self.context.hub.read_archive(page.range).now_or_never();
            let archived = read.expect("nobody else reads").ok();
            self.read += 1;
            let answered = EffectResult::Archived { page, archived };
            self.client.on_effect_result(answered, self.now);
        }
    }

    /// A connection begins: subscribe from where the last one ended.
    fn connect(&mut self) {
        self.pages.clear();
        self.client = Client::new(
            Arc::clone(&self.context),
            "c".to_owned(),
            Endpoint::default(),
            ClientIdentity::default(),
            self.now,
        );
        let mut message = json!({ "action": "subscribe", "filters": self.wish.filters });
        if let Some(since) = &self.since {
            message["since"] = since.clone();
        }
        self.client
            .on_text(message.to_string().as_bytes(), self.now);
    }

    /// The client reads up to so many messages.
    fn read(&mut self, count: u64) {
        for _ in 0..count {
            let Some(frame) = self.client.session_mut().ends().0.pop() else {
                return;
            };
            if frame.framed.is_message() {
                self.take(&serde_json::from_slice(frame.framed.payload()).unwrap());
            }
        }
    }

    fn take(&mut self, message: &Value) {
        let seq = message["seq"].as_u64().unwrap();
        match message["type"].as_str().unwrap() {
            "hello" => return,
            "subscribed" => {
                match message["recovered"].as_bool() {
                    Some(true) => {
                        assert_eq!(seq, self.last, "it goes on where it was");
                        self.resumed += 1;
                    }
                    Some(false) => self.lost += 1,
                    None => assert!(self.since.is_none()),
                }
                if message["recovered"] != true {
                    self.check(None);
                    self.from = seq;
                    self.got.clear();
                }
            }
            "snapshot" => assert_eq!(seq, self.from, "a snapshot stands where the events begin"),
            "bookmark" => assert!(seq >= self.last, "a bookmark goes back"),
            _ => {
                assert!(seq > self.last, "out of order, or twice");
                self.got.push(seq);
            }
        }
        self.last = seq;
        self.since = Some(match message.get("cursor") {
            Some(cursor) if self.random.below(2) == 0 => cursor.clone(),
            _ => json!({ "epoch": "e1", "seq": seq }),
        });
    }

    /// What was received since the last loss is all that should have been, up to a place or to what was last got.
    fn check(&self, up_to: Option<u64>) {
        let until = up_to.unwrap_or(self.last);
        let all = self.log.range(self.from + 1..until.max(self.from) + 1);
        let wanted: Vec<u64> = all
            .filter(|(_, event)| (self.wish.wants)(event))
            .map(|(seq, _)| *seq)
            .collect();
        assert_eq!(self.got, wanted, "from {} to {until}", self.from);
    }

    fn go(&mut self) {
        self.connect();
        for _ in 0..60 {
            self.now += Duration::from_millis(self.random.below(700));
            match self.random.below(9) {
                0 | 1 => self.publish(),
                2 | 3 => self.client.pump(self.now),
                4 => {
                    let count = self.random.below(40);
                    self.read(count);
                }
                5 => self.client.on_deadline(self.now),
                8 => self.answer(),
                6 if self.random.below(3) == 0 => self.connect(),
                _ => {}
            }
            if self.client.session().closing().is_some() {
                // Too slow: what was queued is gone.
                assert!(self.client.session_mut().ends().0.is_empty());
                self.connect();
            }
        }
        self.finish();
    }

    /// Reads on, coming back as often as need be, until the client has everything.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            self.read(u64::MAX);
            if self.client.session().closing().is_some() {
                self.connect();
                continue;
            }
            self.answer();
            self.client.pump(self.now);
            let head = self.context.hub.head();
            let (send_queue, subscription) = self.client.session_mut().ends();
            if send_queue.is_empty() && subscription.place() == Some(head) {
                return self.check(Some(head.0));
            }
        }
        panic!("the client never gets everything");
    }
}

/// The results of all runs together.
#[derive(Debug, Default)]
struct Sum {
    resumed: u64,
    lost: u64,
    got: u64,
    read: u64,
}

fn run_all(behind: Behind) -> Sum {
    let mut sum = Sum::default();
    for seed in 0..RUNS {
        let mut run = Run::new(seed, behind);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.go()));
        assert!(outcome.is_ok(), "the run of seed {seed} went wrong");
        sum.resumed += run.resumed;
        sum.lost += run.lost;
        sum.got += run.got.len() as u64;
        sum.read += run.read;
    }
    sum
}

// The runs must reach what they are for, so all of these count it.

#[test]
fn clients_that_come_and_go_get_everything_once_and_in_order() {
    let sum = run_all(Behind::Nothing);
    assert!(sum.resumed > RUNS && sum.lost > RUNS / 20, "{sum:?}");
    assert!(sum.got > 20 * RUNS && sum.read == 0, "{sum:?}");
}

#[test]
fn behind_a_whole_archive_clients_lose_nothing_however_little_memory_holds() {
    let sum = run_all(Behind::Archive { fails: None });
    assert!(sum.resumed > RUNS && sum.lost == 0, "{sum:?}");
    assert!(sum.got > 20 * RUNS && sum.read > RUNS, "{sum:?}");
}

#[test]
fn an_archive_that_fails_is_like_a_position_that_is_kept_no_longer() {
    let sum = run_all(Behind::Archive { fails: Some(3) });
    assert!(sum.resumed > RUNS && sum.lost > RUNS / 20, "{sum:?}");
    assert!(sum.read > RUNS, "{sum:?}");
}

#[test]
fn a_client_that_waits_for_the_archive_is_not_taken_for_silent() {
    let mut run = Run::new(0, Behind::Archive { fails: None });
    while run.context.hub.head().0 < 20 {
        run.publish();
    }
    run.since = Some(json!({ "epoch": "e1", "seq": 1 }));
    run.last = 1;
    run.from = 1;
    run.connect();
    for _ in 0..10 {
        run.now += run.context.limits.ping_interval;
        run.client.on_deadline(run.now);
        assert_eq!(run.client.session().closing(), None);
        assert!(!run.client.session().wants_input(), "nothing of it is read");
    }
    run.finish();
    assert_eq!((run.resumed, run.lost), (1, 0));
    assert!(run.client.session().wants_input());
}
