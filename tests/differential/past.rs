//! Screens of the past: at moments in streams at random, what tmux shows is noted, and later the history is asked for the same.
//!
//! `MUXWIRE_CASES` sets how many cases each version gets, `MUXWIRE_SEED` is the seed of the first: `.ci/past` tries thousands of moments.

use std::cell::RefCell;
use std::fmt::Write as _;

use muxwire::history::{Moment, PaneQuery, Secrets};

use super::dialect::Dialect;
use super::emulator::{Emulator, Shown, Size};
use super::generate::{Generator, RESET};
use super::generated::setting;
use super::pane::{Feed, pane_of, tmux_shows};
use super::viewer::{Form, Viewer};
use crate::support::bridge::LiveBridge;
use crate::support::kept::Kept;
use crate::support::random::Random;
use crate::support::{TmuxServer, for_each_version_async};

/// Cases on each version, unless the environment says otherwise.
const CASES: u64 = 8;

/// The seed of the first case.
const SEED: u64 = 70_000;

/// Moments in a case.
const MOMENTS: usize = 8;

/// Sequences in a case, about.
const SEQUENCES: usize = 60;

const SIZE: Size = Size { cols: 32, rows: 8 };

/// What tmux showed at a moment.
struct Noted {
    seed: u64,
    offset: u64,
    shown: Shown,
    /// The emulator alone, fed the same bytes, shows the same.
    is_comparable: bool,
}

#[test]
fn screens_of_the_past_are_what_tmux_showed_then() {
    let cases = setting("MUXWIRE_CASES", CASES);
    let seed = setting("MUXWIRE_SEED", SEED);
    let failed = RefCell::new(Vec::new());
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let dialect = Dialect::of(&server.version().to_string());
        let (mut feed, command) = Feed::new(&server, "feed");
        let pane = pane_of(&server, SIZE, &command);
        let bridge = LiveBridge::start(server.tmux().await);
        let mut kept = Kept::new("test", Secrets::Mask);
        let _sunk = kept.follow_bridge(&bridge);
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
        // What was printed before the history has seen the pane can't be shown.
        feed.write(RESET);
        resident.reach(feed.reachable()).await;
        kept.seen(pane.parse().unwrap(), feed.written, bridge.hub.head())
            .await;
        let mut noted = Vec::new();
        for seed in seed..seed + cases {
            let mut random = Random::new(seed ^ 0x9a57);
            let count = SEQUENCES / 2 + random.below(SEQUENCES);
            let bytes = Generator::new(seed, dialect, SIZE)
                .stream(count)
                .sequences
                .concat();
            let mut cuts: Vec<usize> = (0..MOMENTS)
                .map(|_| random.below(bytes.len() + 1))
                .collect();
            cuts.sort_unstable();
            let mut alone = Emulator::new(SIZE);
            feed.write(RESET);
            alone.write(RESET);
            let mut written = 0;
            for cut in cuts {
                feed.write(&bytes[written..cut]);
                alone.write(&bytes[written..cut]);
                written = cut;
                resident.reach(feed.reachable()).await;
                // tmux may hold what clients are not given yet: such a moment is no whole one.
                if feed.reachable() < feed.written {
                    continue;
                }
                let shown = tmux_shows(&server, &pane);
                let of_alone = dialect.as_captured_late(alone.shown(), &shown);
                noted.push(Noted {
                    seed,
                    offset: feed.written,
                    is_comparable: of_alone.differs(&shown).is_empty(),
                    shown,
                });
            }
        }
        kept.access.recorder.flushed(bridge.hub.head()).await;
        let reader = &kept.access.reader;
        let panes = reader
            .panes(PaneQuery {
                limit: 10,
                ..PaneQuery::default()
            })
            .await
            .unwrap();
        let known = panes
            .iter()
            .find(|one| one.pane.to_string() == pane)
            .unwrap();
        let (mut compared, mut inexact) = (0, 0);
        for noted in noted.iter().filter(|noted| noted.is_comparable) {
            let then = reader
                .screen(known.key, Moment::Offset(noted.offset), false)
                .await
                .unwrap();
            assert_eq!(then.snapshot.offset, noted.offset);
            let mut emulator = Emulator::new(SIZE);
            emulator.write(&then.snapshot.replay(0));
            let shown = dialect.as_captured_late(emulator.shown(), &noted.shown);
            let differs = shown.differs(&noted.shown);
            compared += 1;
            inexact += u32::from(!then.snapshot.exact);
            if !differs.is_empty() {
                let mut report = String::new();
                let _ = writeln!(
                    report,
                    "MUXWIRE_SEED={} MUXWIRE_CASES=1 with tmux {}, at offset {}, exact {}, assumed {:?}:\n{differs}",
                    noted.seed,
                    program.version,
                    noted.offset,
                    then.snapshot.exact,
                    then.snapshot.assumed
                );
                failed.borrow_mut().push(report);
            }
        }
        eprintln!(
            "tmux {}: {compared} moments compared of {}, {inexact} not exact, from MUXWIRE_SEED={seed}",
            program.version,
            noted.len()
        );
        assert!(compared > 0 || cases == 0, "there was nothing to compare");
    });
    let failed = failed.into_inner();
    assert!(
        failed.is_empty(),
        "{} moments differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
