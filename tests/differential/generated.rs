//! Streams at random, in pieces, with clients that come and go between the pieces.
//!
//! `MUXWIRE_CASES` sets how many cases each version gets, `MUXWIRE_SEED` is the seed of the first; the next has the
//! number after it. So a case that failed is had again with its seed and one case.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Instant;

use super::dialect::Dialect;
use super::emulator::{Emulator, Size};
use super::generate::{Generator, RESET, Stream};
use super::pane::{Feed, pane_of, tmux_shows};
use super::viewer::{Form, Seen, Viewer};
use crate::support::bridge::LiveBridge;
use crate::support::random::Random;
use crate::support::served::Served;
use crate::support::{TmuxServer, for_each_version_async};

/// Cases on each version, unless the environment says otherwise.
const CASES: u64 = 50;

/// The seed of the first case: the same in every run, so that a change is judged by what it changes.
const SEED: u64 = 10_000;

/// Sequences in a case, about.
const SEQUENCES: usize = 60;

/// Small, so that there is much wrapping and scrolling.
const SIZE: Size = Size { cols: 32, rows: 8 };

/// Clients of a case besides the one that is always there.
const GUESTS: usize = 3;

#[test]
fn generated_streams_are_shown_exactly() {
    let cases = setting("MUXWIRE_CASES", CASES);
    let seed = setting("MUXWIRE_SEED", SEED);
    let all_failed = RefCell::new(Vec::new());
    for_each_version_async(async |program| {
        let began = Instant::now();
        let server = TmuxServer::start(&program);
        let mut run = Run::start(&server).await;
        let mut failed = Vec::new();
        for case in 0..cases {
            failed.extend(run.check(seed + case).await);
        }
        eprintln!(
            "tmux {}: {cases} cases from MUXWIRE_SEED={seed}, {} failed, {} guessed, in {:.1} s; {:?}",
            program.version,
            failed.len(),
            run.guessed,
            began.elapsed().as_secs_f32(),
            run.seen
        );
        all_failed.borrow_mut().append(&mut failed);
        if program.version.has_flow_control() {
            assert_eq!(run.seen.inexact, 0, "every snapshot has its exact place");
        }
        run.bridge.stop().await;
    });
    let all_failed = all_failed.into_inner();
    assert!(all_failed.is_empty(), "{}", all_failed.join("\n"));
}

pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// What happens after a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// All that was written is drawn before it goes on.
    Quiet,
    /// A guest opens the pane, as it is or from where it left it.
    Open { guest: usize, resume: bool },
    /// A guest goes.
    Leave { guest: usize },
}

/// One case.
#[derive(Debug, Clone)]
struct Case {
    stream: Stream,
    guests: [Form; GUESTS],
    /// After how many bytes the stream is cut, and what is done there.
    cuts: Vec<(usize, Step)>,
}

impl Case {
    fn new(seed: u64, dialect: Dialect) -> Self {
        let mut random = Random::new(seed ^ 0x5eed);
        let count = SEQUENCES / 2 + random.below(SEQUENCES);
        let stream = Generator::new(seed, dialect, SIZE).stream(count);
        let length = stream.sequences.concat().len();
        let guests = std::array::from_fn(|_| Form {
            binary: !stream.text || random.below(2) == 0,
            ack_window: (random.below(3) == 0).then_some(4096),
            scrollback: (random.below(4) == 0).then_some(20),
        });
        let mut cuts: Vec<(usize, Step)> = (0..4 + random.below(8))
            .map(|_| (random.below(length + 1), step(&mut random)))
            .collect();
        cuts.sort_by_key(|(at, _)| *at);
        Self {
            stream,
            guests,
            cuts,
        }
    }

    /// The case without some of its sequences.
    fn without(&self, from: usize, to: usize) -> Self {
        let mut less = self.clone();
        let before = less.stream.sequences[..from].concat().len();
        let gone = less.stream.sequences.drain(from..to).flatten().count();
        for (at, _) in &mut less.cuts {
            if *at > before {
                *at = (*at).saturating_sub(gone).max(before);
            }
        }
        less
    }
}

fn step(random: &mut Random) -> Step {
    let guest = random.below(GUESTS);
    match random.below(6) {
        0 | 1 => Step::Quiet,
        2 | 3 => Step::Open {
            guest,
            resume: false,
        },
        4 => Step::Open {
            guest,
            resume: true,
        },
        _ => Step::Leave { guest },
    }
}

/// What was wrong.
#[derive(Debug)]
struct Failure {
    /// The emulator alone, fed the same bytes, differs from tmux as well.
    emulator: bool,
    report: String,
}

/// A version's run.
struct Run<'a> {
    server: &'a TmuxServer,
    bridge: LiveBridge,
    served: Served,
    dialect: Dialect,
    feed: Feed,
    pane: String,
    /// The client that is always there.
    resident: Viewer,
    seen: Seen,
    /// Cases in which only what a snapshot called assumed was wrong.
    guessed: u32,
}

impl<'a> Run<'a> {
    async fn start(server: &'a TmuxServer) -> Self {
        let (feed, command) = Feed::new(server, "feed");
        let pane = pane_of(server, SIZE, &command);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let served = bridge.serve().await;
        let form = Form {
            binary: true,
            ack_window: None,
            scrollback: None,
        };
        let mut resident = Viewer::new(served.address, &pane, form);
        resident.open(false).await;
        resident.reach(0).await;
        Self {
            server,
            bridge,
            dialect: Dialect::of(&server.version().to_string()),
            feed,
            pane,
            resident,
            served,
            seen: Seen::default(),
            guessed: 0,
        }
    }

    fn address(&self) -> SocketAddr {
        self.served.address
    }

    /// Runs the case of a seed. What is wrong is reported with all that is needed to have it again.
    async fn check(&mut self, seed: u64) -> Option<String> {
        let case = Case::new(seed, self.dialect);
        let named = NameOnPanic(seed, case.clone());
        let failure = self.run(&case).await.err()?;
        let again = self.run(&case).await.err();
        let always = again.is_some();
        let (least, failure) = match again {
            Some(again) => self.shrink(case.clone(), again).await,
            None => (case.clone(), failure),
        };
        drop(named);
        let report = format!(
            "MUXWIRE_SEED={seed} MUXWIRE_CASES=1 with tmux {}, a second time as well: {always}\n{}",
            self.server.version(),
            report(&case, &least, &failure)
        );
        eprintln!("{report}");
        Some(report)
    }

    async fn run(&mut self, case: &Case) -> Result<(), Failure> {
        self.feed.write(RESET);
        self.resident.reach(self.feed.reachable()).await;
        let mut guests = case
            .guests
            .map(|form| Viewer::new(self.address(), &self.pane, form));
        let bytes = case.stream.sequences.concat();
        let mut written = 0;
        for (at, step) in &case.cuts {
            let at = (*at).min(bytes.len());
            self.feed.write(&bytes[written..at]);
            written = at;
            self.step(&mut guests, *step).await;
        }
        self.feed.write(&bytes[written..]);
        for guest in &mut guests {
            if !guest.is_here() {
                guest.open(guest.seen != Seen::default()).await;
            }
        }
        let result = self.compare(&mut guests, &bytes).await;
        // What lies below the alternate screen shows when it goes.
        let below = b"\x1b[0m\x1b[?1049l";
        let result = match result {
            Ok(()) if self.resident.shown().modes.alternate => {
                self.feed.write(below);
                self.compare(&mut guests, &[&bytes, &below[..]].concat())
                    .await
            }
            result => result,
        };
        for guest in &guests {
            self.seen.add(guest.seen);
        }
        result
    }

    async fn step(&mut self, guests: &mut [Viewer; GUESTS], step: Step) {
        match step {
            Step::Quiet => {
                self.resident.reach(self.feed.reachable()).await;
                for guest in guests.iter_mut().filter(|guest| guest.is_here()) {
                    guest.reach(self.feed.reachable()).await;
                }
            }
            Step::Open { guest, resume } => {
                let guest = &mut guests[guest];
                let known = guest.seen != Seen::default();
                guest.open(resume && known).await;
            }
            Step::Leave { guest } => guests[guest].leave(),
        }
    }

    /// Compares what everybody shows once all is drawn.
    async fn compare(
        &mut self,
        guests: &mut [Viewer; GUESTS],
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let viewers = std::iter::once(&mut self.resident).chain(guests);
        let mut shown = Vec::new();
        for viewer in viewers {
            viewer.reach(self.feed.reachable()).await;
            let who = format!(
                "{:?}, {:?}, assumed {}",
                viewer.form(),
                viewer.seen,
                viewer.assumed
            );
            shown.push((who, viewer.guesses(), viewer.shown()));
        }
        let tmux = tmux_shows(self.server, &self.pane);
        let (mut report, mut honest) = (String::new(), true);
        for (at, (who, guesses, shown)) in shown.into_iter().enumerate() {
            let shown = match at {
                0 => self.dialect.as_captured(shown, &tmux),
                _ => self.dialect.as_captured_late(shown, &tmux),
            };
            let differs = shown.differs(&tmux);
            if differs.is_empty() {
                continue;
            }
            let _ = writeln!(report, "{who}:\n{differs}");
            honest &= at > 0 && guesses;
        }
        let mut alone = Emulator::new(SIZE);
        alone.write(RESET);
        alone.write(bytes);
        let alone = self
            .dialect
            .as_captured(alone.shown(), &tmux)
            .differs(&tmux);
        if alone.is_empty() && honest {
            // What a snapshot says that it had to guess is counted, and is no failure.
            self.guessed += u32::from(!report.is_empty());
            return Ok(());
        }
        Err(Failure {
            emulator: !alone.is_empty(),
            report: if alone.is_empty() { report } else { alone },
        })
    }

    /// Leaves out what it also fails without, in ever smaller parts.
    async fn shrink(&mut self, mut case: Case, mut failure: Failure) -> (Case, Failure) {
        let mut part = case.stream.sequences.len().div_ceil(2);
        while part > 0 {
            let mut from = 0;
            while from < case.stream.sequences.len() {
                let to = (from + part).min(case.stream.sequences.len());
                let less = case.without(from, to);
                match self.run(&less).await {
                    Err(found) if found.emulator == failure.emulator => {
                        (case, failure) = (less, found);
                    }
                    _ => from = to,
                }
            }
            part /= 2;
        }
        (case, failure)
    }
}

fn report(case: &Case, least: &Case, failure: &Failure) -> String {
    let who = if failure.emulator {
        "the emulator itself, without muxwire, differs from tmux"
    } else {
        "a client differs from tmux, the emulator alone doesn't"
    };
    format!(
        "{who}\nthe stream: \"{}\"\ncuts {:?}\nat least: \"{}\"\ncuts {:?}\n{}",
        case.stream.sequences.concat().escape_ascii(),
        case.cuts,
        least.stream.sequences.concat().escape_ascii(),
        least.cuts,
        failure.report
    )
}

struct NameOnPanic(u64, Case);

impl Drop for NameOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let bytes = self.1.stream.sequences.concat();
            eprintln!("this was MUXWIRE_SEED={} MUXWIRE_CASES=1", self.0);
            eprintln!("\"{}\"\ncuts {:?}", bytes.escape_ascii(), self.1.cuts);
        }
    }
}
