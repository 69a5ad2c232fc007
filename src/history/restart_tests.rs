//! Histories over stops and crashes, made from seeds: whoever resumes gets every event that was published behind its
//! position once and as it was, or is told that the position is not recoverable; and no place of the log is ever two events.
//!
//! A crash is a copy of the file and its journal, taken while the thread writes: what a kill leaves. Of what was not yet said to be
//! on the disk, the journal may have lost its end, or hold anything there: what a power failure leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;

use super::tests::{PANE, START, places, settings};
use super::*;
use crate::hub::{
    Archive as _, HistoryLimits, Hub, Next, NotRecoverable, Position, Reader as LogReader,
    Redaction, SeqRange, Stamp,
};
use crate::ids::{Epoch, Seq, WindowId};
use crate::model::{Audience, Change, ChangeKind, Pane, Server, State, Window};

/// How many histories are run; `MUXWIRE_TEST_HISTORIES` says otherwise, and `MUXWIRE_TEST_SEED` where the seeds begin.
const COUNT: u64 = 40;

const FILE: &str = "default.db";
const JOURNAL: &str = "default.db-wal";

/// So little memory that nearly everything is on disk alone.
const TINY: HistoryLimits = HistoryLimits {
    bytes: usize::MAX,
    events: 4,
    age: std::time::Duration::from_secs(3600),
};

/// Numbers that look random and follow from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}

/// A client, and what it has been given.
#[derive(Debug, Clone)]
struct Client {
    position: Position,
    seen: Vec<u64>,
}

/// One run of the program.
struct Run {
    hub: Hub,
    log: LogReader,
    recorder: Recorder,
    folder: Arc<TempDir>,
    /// The place behind which it publishes.
    after: u64,
}

/// All runs of one log, and what was published in them.
struct World {
    random: Random,
    published: BTreeMap<(String, u64), (Timestamp, Change)>,
    /// What was surely written: it may not be lost by a crash.
    written: BTreeSet<(String, u64)>,
    /// So long was the journal when that was written.
    durable: u64,
    clients: Vec<Client>,
    now: i64,
    offset: u64,
    epochs: u64,
    /// Gets all that is published, and keeps it in memory.
    mirror: Option<Hub>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            published: BTreeMap::new(),
            written: BTreeSet::new(),
            durable: 0,
            clients: Vec::new(),
            now: START,
            offset: 0,
            epochs: 0,
            mirror: None,
        }
    }

    fn start(&mut self, folder: Arc<TempDir>) -> Run {
        let history = History::open(settings(&folder)).unwrap();
        assert_eq!(history.set_aside(), None, "the file is never damaged");
        let previous = history.previous().unwrap();
        self.epochs += 1;
        let fresh = Epoch::new(&format!("epoch{}", self.epochs)).unwrap();
        let hub = match &previous {
            Some(previous) => {
                let epoch = previous.epoch.clone();
                Hub::resumed(TINY, epoch, None::<Redaction>, previous.resumed())
            }
            None => Hub::new(TINY, fresh),
        };
        let (epoch, head) = (hub.epoch().clone(), hub.head());
        if let Some((last, _)) = self.written.last() {
            assert_eq!(epoch.as_str(), last, "the log goes on");
        }
        let (recorder, _wishes) = history.start(&epoch, head, previous.as_ref()).unwrap();
        let reader = recorder.open_reader().unwrap();
        hub.archive_in(Arc::new(DiskArchive::new(reader, epoch, recorder.clone())));
        let run = Run {
            log: hub.reader(),
            after: head.0,
            hub,
            recorder,
            folder,
        };
        // As the bridge does.
        if let Some(lost) = run.hub.lost_before(head) {
            let (after, until) = (lost.after, lost.until);
            let told = Change::new(Audience::Everyone, ChangeKind::LogGap { after, until });
            self.publish_change(&run, told, None);
        }
        self.go_on(&run, previous.as_ref());
        run
    }

    /// The tmux server is the same, and so is its pane: that goes on behind a gap, where it can never have been.
    fn go_on(&mut self, run: &Run, previous: Option<&Previous>) {
        if run.hub.snapshot().0.server.is_none() {
            let server = server();
            let connected = Change::new(Audience::Everyone, ChangeKind::ServerConnected { server });
            self.publish_change(run, connected, Some(state()));
        }
        let (known, unknown) = run.hub.offsets();
        let mut of_pane = known.iter().filter(|(pane, _)| *pane == PANE);
        let offset = of_pane.next().map_or(unknown, |(_, offset)| *offset);
        if previous.is_some() {
            assert!(offset >= self.offset, "offset {offset} is two bytes");
        }
        self.offset = offset;
        let bytes = None;
        let gap = Change::of_pane(PANE, places("api"), ChangeKind::PaneGap { offset, bytes });
        self.publish_change(run, gap, None);
    }

    fn publish(&mut self, run: &Run) {
        self.now += 1 + self.random.next().cast_signed().rem_euclid(2000);
        let kind = match self.random.below(3) {
            0 => ChangeKind::PaneBell,
            1 => ChangeKind::PaneTitleChanged {
                title: format!("title {}", self.now),
                previous: String::new(),
            },
            _ => {
                let text = format!("line {} {}\r\n", self.now, self.random.below(1000));
                let offset = self.offset;
                self.offset += text.len() as u64;
                let bytes = Bytes::from(text);
                ChangeKind::PaneOutput { offset, bytes }
            }
        };
        let state = (self.random.below(4) == 0).then(state);
        let change = Change::of_pane(PANE, places("api"), kind);
        self.publish_change(run, change, state);
    }

    fn publish_change(&mut self, run: &Run, change: Change, state: Option<Arc<State>>) {
        let at = Timestamp::from_millisecond(self.now).unwrap();
        let stamp = Stamp::at(at);
        let seq = run.hub.publish([change.clone()], state.clone(), stamp);
        if let Some(mirror) = &self.mirror {
            assert_eq!(mirror.publish([change.clone()], state, stamp), seq);
        }
        let place = (run.hub.epoch().as_str().to_owned(), seq.0);
        let before = self.published.insert(place, (at, change));
        assert!(before.is_none(), "place {seq} is two events");
    }

    /// What the sink does, up to the head.
    async fn pump(&self, run: &mut Run) {
        loop {
            match run.log.pull() {
                Next::Event(event) => {
                    let seq = event.seq;
                    run.recorder.event(event).await;
                    let (state, head) = run.hub.snapshot();
                    if head == seq {
                        run.recorder.state(state, seq);
                    }
                }
                Next::Archived(_) | Next::Evicted => {
                    let missed = run.log.skip();
                    run.recorder.missed(missed);
                }
                Next::Head => return,
            }
        }
    }

    async fn flush(&mut self, run: &mut Run) {
        self.pump(run).await;
        run.recorder.flush().await;
        let epoch = run.hub.epoch().as_str();
        let is_of_run = |place: &&(String, u64)| place.0 == epoch && place.1 > run.after;
        let kept: Vec<_> = self.published.keys().filter(is_of_run).cloned().collect();
        self.written.extend(kept);
        self.durable = length(&run.folder.path().join(JOURNAL));
    }

    /// What a crash leaves.
    fn crash(&mut self, folder: &Path) -> TempDir {
        let left = tempfile::tempdir().unwrap();
        fs::copy(folder.join(FILE), left.path().join(FILE)).unwrap();
        let mut journal = fs::read(folder.join(JOURNAL)).unwrap();
        let durable = usize::try_from(self.durable).unwrap().min(journal.len());
        let open = (journal.len() - durable) as u64;
        let kept = durable + self.random.below(open + 1) as usize;
        match self.random.below(3) {
            0 => {}
            1 => journal.truncate(kept),
            _ => {
                for byte in &mut journal[kept..] {
                    *byte = self.random.next() as u8;
                }
            }
        }
        let path = left.path().join(JOURNAL);
        fs::write(&path, journal).unwrap();
        left
    }

    /// A client reads on from where it was, or learns that it can't.
    async fn resume(&mut self, run: &mut Run, index: usize) {
        self.pump(run).await;
        let client = self.clients[index].clone();
        let epoch = run.hub.epoch().as_str().to_owned();
        let since = client.position.seq.0;
        if client.position.epoch.as_str() != epoch {
            self.clients[index] = fresh(run);
            return;
        }
        if matches!(
            run.hub.position(&client.position),
            Err(NotRecoverable::Future)
        ) {
            panic!(
                "{since} was published and lies in the future of {}",
                run.hub.head()
            );
        }
        let mut reader = run.hub.reader_behind(client.position.seq);
        let mut given = Vec::new();
        let mut told = Vec::new();
        let is_whole = loop {
            match reader.pull() {
                Next::Event(event) => {
                    let published = &self.published[&(epoch.clone(), event.seq.0)];
                    assert_eq!((&event.at, &event.change), (&published.0, &published.1));
                    given.push(event.seq.0);
                    if let ChangeKind::LogGap { after, until } = event.change.kind {
                        told.push(after.0 + 1..=until.0);
                    }
                }
                Next::Head => break true,
                Next::Evicted => break false,
                Next::Archived(range) => match run.hub.read_archive(range).await {
                    Ok(archived) => reader.supply(archived),
                    Err(_) => break false,
                },
            }
        };
        let behind = |place: &&(String, u64)| place.0 == epoch && place.1 > since;
        let all: Vec<u64> = self
            .published
            .keys()
            .filter(behind)
            .map(|one| one.1)
            .collect();
        if is_whole {
            let written = self.written.iter().filter(behind).map(|one| one.1);
            let given: BTreeSet<u64> = given.iter().copied().collect();
            for seq in written {
                assert!(
                    given.contains(&seq),
                    "{seq} was written and is not given behind {since}"
                );
            }
            // What is left out was lost with a crash, and this client had seen none of it.
            let lost = all.iter().filter(|seq| !given.contains(seq));
            for seq in lost {
                assert!(!self.is_seen(index, *seq), "{seq} was seen and is lost");
                assert!(
                    told.iter().any(|gap| gap.contains(seq)),
                    "{seq} is lost and {told:?} are told"
                );
            }
        } else {
            let unwritten = |seq: &u64| !self.written.contains(&(epoch.clone(), *seq));
            let stands_in_lost = unwritten(&since) && since > 0;
            assert!(
                stands_in_lost || all.iter().any(unwritten),
                "{since} has to be recoverable, and gave {given:?} of {all:?}"
            );
            self.clients[index] = fresh(run);
            return;
        }
        let client = &mut self.clients[index];
        client.seen.extend(&given);
        let mut sorted = client.seen.clone();
        sorted.dedup();
        assert_eq!(sorted, client.seen, "nothing comes twice");
        client.position.seq = reader.place();
    }

    fn is_seen(&self, client: usize, seq: u64) -> bool {
        self.clients[client].seen.contains(&seq)
    }

    async fn live(&mut self, run: &mut Run) {
        for _ in 0..5 + self.random.below(40) {
            match self.random.below(12) {
                0..=6 => {
                    for _ in 0..1 + self.random.below(4) {
                        self.publish(run);
                        self.pump(run).await;
                    }
                }
                7 => self.flush(run).await,
                8 if self.clients.len() < 4 => self.clients.push(fresh(run)),
                _ if self.clients.is_empty() => {}
                _ => {
                    let index = self.random.below(self.clients.len() as u64) as usize;
                    self.resume(run, index).await;
                }
            }
        }
    }
}

pub(super) fn server() -> Server {
    Server {
        pid: 4242,
        start_time: 1,
        version: "3.5a".to_owned(),
        warnings: Arc::default(),
    }
}

pub(super) fn state() -> Arc<State> {
    let pane = Pane {
        id: PANE,
        window: WindowId(2),
        index: 0,
        width: 80,
        height: 24,
        pid: 4243,
        exit: None,
        mode: None,
        title: String::new(),
        command: "cat".to_owned(),
        path: "/".to_owned(),
    };
    let window = Window {
        id: WindowId(2),
        name: "editor".to_owned(),
        width: 80,
        height: 24,
        zoomed: false,
        layout: String::new(),
        panes: vec![PANE],
        active: Some(PANE),
    };
    Arc::new(State {
        server: Some(server()),
        windows: [(window.id, window)].into(),
        panes: [(PANE, pane)].into(),
        ..State::default()
    })
}

/// A client that comes now.
fn fresh(run: &Run) -> Client {
    Client {
        position: run.hub.position_at(run.hub.head()),
        seen: Vec::new(),
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

fn number(name: &str, usual: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(usual, |given| given.parse().unwrap())
}

#[tokio::test]
async fn whoever_resumes_gets_everything_once_over_stops_and_crashes() {
    let first = number("MUXWIRE_TEST_SEED", 1);
    for seed in first..first + number("MUXWIRE_TEST_HISTORIES", COUNT) {
        let mut world = World::new(seed);
        let mut folder = Arc::new(tempfile::tempdir().unwrap());
        for _ in 0..2 + world.random.below(4) {
            let mut run = world.start(folder);
            world.durable = length(&run.folder.path().join(JOURNAL));
            world.live(&mut run).await;
            if world.random.below(2) == 0 {
                world.flush(&mut run).await;
                run.recorder.close();
                folder = run.folder;
            } else {
                folder = Arc::new(world.crash(run.folder.path()));
                run.recorder.close();
            }
        }
        let mut run = world.start(folder);
        for index in 0..world.clients.len() {
            world.resume(&mut run, index).await;
        }
        run.recorder.close();
        check(&run.folder.path().join("default.db"));
    }
}

/// All that there is behind a place, with what is kept beside it.
async fn all_behind(hub: &Hub, place: Seq) -> Vec<(Seq, Timestamp, Change, String)> {
    let mut reader = hub.reader_behind(place);
    let mut all = Vec::new();
    loop {
        match reader.pull() {
            Next::Event(event) => {
                let context = format!("{:?}", event.context());
                all.push((event.seq, event.at, event.change.clone(), context));
            }
            Next::Archived(range) => reader.supply(hub.read_archive(range).await.unwrap()),
            Next::Head => return all,
            Next::Evicted => panic!("something behind {place} is gone"),
        }
    }
}

/// Whoever resumes can't tell whether memory answers or the disk, nor whether muxwire was stopped meanwhile.
#[tokio::test]
async fn memory_and_disk_answer_as_one() {
    let mut world = World::new(7);
    let mut folder = Arc::new(tempfile::tempdir().unwrap());
    world.mirror = Some(Hub::new(
        HistoryLimits::default(),
        Epoch::new("epoch1").unwrap(),
    ));
    let mirror = world.mirror.clone().unwrap();
    for _ in 0..3 {
        let mut run = world.start(folder);
        for _ in 0..200 {
            world.publish(&run);
            world.pump(&mut run).await;
            // Memory holds what comes next of the last places alone.
            if world.random.below(10) == 0 {
                let place = Seq(world.random.below(run.hub.head().0));
                let (kept, held) = (all_behind(&run.hub, place), all_behind(&mirror, place));
                assert_eq!(kept.await, held.await, "behind {place}");
            }
        }
        world.flush(&mut run).await;
        run.recorder.close();
        folder = run.folder;
    }
}

/// SQLite finds nothing wrong with the file.
fn check(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let found: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
}

/// The next run begins with the state that was kept, and what changed behind it would never be taken back.
#[tokio::test]
async fn regression_changes_behind_the_state_that_was_kept_are_told_as_lost() {
    let mut world = World::new(0);
    let mut run = world.start(Arc::new(tempfile::tempdir().unwrap()));
    world.flush(&mut run).await;
    let kept = run.hub.head();
    for _ in 0..3 {
        world.publish_change(
            &run,
            Change::of_pane(PANE, places("api"), ChangeKind::PaneBell),
            None,
        );
    }
    // The sink has not come to the head.
    while let Next::Event(event) = run.log.pull() {
        run.recorder.event(event).await;
    }
    run.recorder.flush().await;
    world.durable = length(&run.folder.path().join(JOURNAL));
    let folder = world.crash(run.folder.path());
    let history = History::open(settings(&folder)).unwrap();
    let previous = history.previous().unwrap().unwrap();
    let lost = SeqRange {
        after: kept,
        until: previous.after,
    };
    assert_eq!(previous.lost, [lost]);
    let (recorder, _wishes) = history
        .start(&previous.epoch, previous.after, Some(&previous))
        .unwrap();
    let reader = recorder.open_reader().unwrap();
    // It is still found by who asks for it.
    let query = EventQuery {
        limit: 100,
        ..EventQuery::default()
    };
    let found = reader.events(query).await.unwrap().events.len();
    assert_eq!(found as u64, kept.0 + 3);
    let archive = DiskArchive::new(reader, previous.epoch.clone(), recorder);
    for after in 0..kept.0 {
        let until = previous.after;
        let page = archive
            .read(SeqRange {
                after: Seq(after),
                until,
            })
            .await
            .unwrap();
        assert_eq!(page.last().unwrap().seq, kept);
    }
}
