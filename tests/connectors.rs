//! Sources and sinks beside the bridge: through a real server, over real sockets, and by themselves.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use muxwire::bridge::{
    Attach, Counters, Ends, Handle, NotPublished, Publisher, PublisherCounts, Request, Settings,
    Speed, replay,
};
use muxwire::connectors::{Connectors, CursorRead, LogCursor, SourceContext};
use muxwire::hub::{HistoryLimits, Hub, Next, SeqRange};
use muxwire::ids::{Epoch, PaneId, Seq};
use muxwire::metrics::Metrics;
use muxwire::model::{ChangeKind, Derived, State};
use muxwire::recording::{Recording, RecordingError};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::archive::{Conduct, TestArchive};
use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::random::Random;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::world::{World, stamp};
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until_async};

fn remembering(events: usize) -> HistoryLimits {
    HistoryLimits {
        bytes: usize::MAX,
        events,
        age: Duration::from_secs(3600),
    }
}

/// A log without a bridge, and what is beside it.
struct Bench {
    hub: Hub,
    metrics: Metrics,
    handle: Handle,
    requests: mpsc::Receiver<Request>,
    connectors: Arc<Connectors>,
    world: World,
    offset: u64,
}

impl Bench {
    fn new(events: usize) -> Self {
        let hub = Hub::new(remembering(events), Epoch::new("e1").unwrap());
        let metrics = Metrics::new(&hub);
        let (handle, requests) = Handle::pair();
        let connectors = Connectors::new(hub.clone(), handle.clone(), &metrics);
        let mut world = World::new();
        world.session("api");
        Self {
            hub,
            metrics,
            handle,
            requests,
            connectors: Arc::new(connectors),
            world,
            offset: 0,
        }
    }

    fn print(&mut self, count: usize) {
        print(&self.hub, &self.world, &mut self.offset, count);
    }

    fn figure(&self, name: &str, label: &str) -> Option<u64> {
        let text = self.metrics.text().unwrap();
        let begin = format!("muxwire_{name}{{{label}}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin))?;
        Some(line.parse().unwrap())
    }
}

fn print(hub: &Hub, world: &World, offset: &mut u64, count: usize) {
    for _ in 0..count {
        let pane = *world.state.panes.keys().next().unwrap();
        let output = world.output(pane, *offset, b"x");
        *offset += 1;
        hub.publish([output], None, stamp());
    }
}

/// What a sink was given, each as its place or as what it missed.
#[derive(Debug, Clone, Default)]
struct Taken(Arc<Mutex<Vec<Result<u64, SeqRange>>>>);

impl Taken {
    fn take(&self, read: &CursorRead) {
        let taken = match read {
            CursorRead::Event(event) => Ok(event.seq.0),
            CursorRead::Missed(range) => Err(*range),
        };
        self.0.lock().unwrap().push(taken);
    }

    fn all(&self) -> Vec<Result<u64, SeqRange>> {
        self.0.lock().unwrap().clone()
    }

    fn events(&self, range: impl IntoIterator<Item = u64>) -> Vec<Result<u64, SeqRange>> {
        range.into_iter().map(Ok).collect()
    }
}

async fn take_all(mut cursor: LogCursor, taken: Taken) {
    while let Some(read) = cursor.next().await {
        taken.take(&read);
    }
}

#[tokio::test]
async fn a_sink_reads_at_its_own_pace_and_gets_what_it_missed() {
    let setup = Setup {
        history: remembering(3),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let mut bench = Bench::new(3);
    bench.hub = server.hub.clone();
    let (handle, _requests) = Handle::pair();
    let connectors = Connectors::new(server.hub.clone(), handle, &bench.metrics);
    let (taken, go) = (Taken::default(), Arc::new(Semaphore::new(0)));
    let (given, gate) = (taken.clone(), Arc::clone(&go));
    connectors.sink("slow", move |mut cursor| {
        let (given, gate) = (given.clone(), Arc::clone(&gate));
        async move {
            while let Some(read) = cursor.next().await {
                given.take(&read);
                gate.acquire().await?.forget();
            }
            Ok(())
        }
    });
    let mut client = server.client().await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    bench.print(1);
    let begun = || taken.all().len() == 1;
    wait_until_async("the sink has begun", SOON, begun).await;
    // The writer and clients go on as if it were not there.
    client.expect("pane.output").await;
    for seq in 2..=21 {
        bench.print(1);
        assert_eq!(client.expect("pane.output").await["seq"], seq);
    }
    let of_it = "sink=\"slow\"";
    assert_eq!(bench.figure("sink_lag_events", of_it), Some(20));
    go.add_permits(100);
    let done = || taken.all().len() == 5;
    wait_until_async("the sink is at the head", SOON, done).await;
    let missed = SeqRange {
        after: Seq(1),
        until: Seq(18),
    };
    assert_eq!(taken.all(), [Ok(1), Err(missed), Ok(19), Ok(20), Ok(21)]);
    assert_eq!(bench.figure("sink_lag_events", of_it), Some(0));
    assert_eq!(bench.figure("sink_missed_events_total", of_it), Some(17));
}

#[tokio::test]
async fn with_an_archive_a_sink_misses_only_what_that_does_not_give() {
    let missed = SeqRange {
        after: Seq(0),
        until: Seq(7),
    };
    for conduct in [
        Conduct::Gives,
        Conduct::Fails,
        Conduct::Panics,
        Conduct::Skips,
    ] {
        let mut bench = Bench::new(3);
        let archive = TestArchive::of(&bench.hub, conduct);
        let taken = Taken::default();
        let given = taken.clone();
        bench.connectors.sink("steady", move |cursor| {
            let given = given.clone();
            async move {
                take_all(cursor, given).await;
                Ok(())
            }
        });
        // It has not begun yet, and memory lets all of these go but the last three.
        let mut reader = bench.hub.reader();
        for _ in 0..10 {
            bench.print(1);
            archive.keep_all(&mut reader);
        }
        bench.connectors.drain(SOON).await;
        let kept = taken.events(8..=10);
        let before = match conduct {
            Conduct::Gives => taken.events(1..=7),
            _ => vec![Err(missed)],
        };
        assert_eq!(taken.all(), [before, kept].concat(), "{conduct:?}");
    }
}

#[tokio::test]
async fn a_connector_that_fails_ends_alone_and_is_restarted() {
    let mut bench = Bench::new(100);
    let (taken, lives) = (Taken::default(), Arc::new(AtomicUsize::new(0)));
    let (given, begun) = (taken.clone(), Arc::clone(&lives));
    bench.connectors.sink("frail", move |mut cursor| {
        let life = begun.fetch_add(1, Ordering::SeqCst);
        let given = given.clone();
        async move {
            while let Some(read) = cursor.next().await {
                given.take(&read);
                let died = given.all().len().is_multiple_of(3);
                assert!(
                    !died || life != 0,
                    "this life ends with a panic, as the test wants it"
                );
                if died {
                    return Err("this life ends with an error".into());
                }
            }
            Ok(())
        }
    });
    let begun = Arc::new(AtomicUsize::new(0));
    let times = Arc::clone(&begun);
    bench.connectors.source("frail", move |_| {
        let life = times.fetch_add(1, Ordering::SeqCst);
        assert!(
            life != 0,
            "a panic before it has begun, as the test wants it"
        );
        async move {
            if life < 3 {
                Err("not yet".into())
            } else {
                Ok(())
            }
        }
    });
    let start = Instant::now();
    bench.print(10);
    wait_until_async("it has everything", SOON, || taken.all().len() == 10).await;
    // Behind the event at which it failed, and each once.
    assert_eq!(taken.all(), taken.events(1..=10));
    assert_eq!(lives.load(Ordering::SeqCst), 4);
    assert_eq!(
        bench.figure("sink_failures_total", "sink=\"frail\""),
        Some(3)
    );
    // The wait is twice as long each time.
    assert!(start.elapsed() >= Duration::from_millis(250 + 500 + 1000));
    let ended = || begun.load(Ordering::SeqCst) == 4;
    wait_until_async("the source has ended", SOON, ended).await;
    assert_eq!(
        bench.figure("source_failures_total", "source=\"frail\""),
        Some(3)
    );
}

#[tokio::test]
async fn sinks_take_what_is_left_at_the_end_but_not_for_ever() {
    let mut bench = Bench::new(1000);
    let (taken, flushed) = (Taken::default(), Arc::new(AtomicUsize::new(0)));
    let (given, ends) = (taken.clone(), Arc::clone(&flushed));
    bench.connectors.sink("steady", move |cursor| {
        let (given, ends) = (given.clone(), Arc::clone(&ends));
        async move {
            take_all(cursor, given).await;
            ends.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    });
    bench
        .connectors
        .sink("stuck", |_cursor| std::future::pending());
    assert!(bench.connectors.has_sinks());
    bench.print(500);
    let start = Instant::now();
    let limit = Duration::from_millis(300);
    bench.connectors.drain(limit).await;
    assert!(start.elapsed() >= limit, "it was waited for");
    assert_eq!(taken.all(), taken.events(1..=500));
    assert_eq!(flushed.load(Ordering::SeqCst), 1);
    assert!(!bench.connectors.has_sinks());
}

#[tokio::test]
async fn a_source_that_says_too_much_holds_up_itself_alone() {
    let Bench {
        handle,
        mut requests,
        ..
    } = Bench::new(10);
    let counts = Arc::new(PublisherCounts::default());
    let publisher = Publisher::new(&handle, Arc::clone(&counts));
    let bell = || Derived::PaneBell { pane: PaneId(0) };
    let mut taken = 0;
    while publisher.try_publish(bell()).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 256);
    assert_eq!(publisher.try_publish(bell()), Err(NotPublished::Full));
    assert_eq!(counts.refused(), 2);
    // Another one has room of its own.
    let other = Publisher::new(&handle, Arc::default());
    assert_eq!(other.try_publish(bell()), Ok(()));
    // One who waits goes on as soon as the owner has taken one.
    let waiting = tokio::spawn({
        let publisher = publisher.clone();
        async move { publisher.publish(bell()).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(requests.recv().await);
    assert_eq!(timeout(SOON, waiting).await.unwrap().unwrap(), Ok(()));
    assert_eq!(counts.refused(), 2, "who waits loses nothing");
    drop(requests);
    assert_eq!(other.try_publish(bell()), Err(NotPublished::Ended));
    assert_eq!(other.publish(bell()).await, Err(NotPublished::Ended));
}

/// Rings the bell of each pane that says so.
async fn ring(mut context: SourceContext) {
    while let Some(read) = context.cursor.next().await {
        let CursorRead::Event(event) = read else {
            continue;
        };
        let (Some(pane), ChangeKind::PaneOutput { bytes, .. }) =
            (event.change.pane, &event.change.kind)
        else {
            continue;
        };
        if bytes.windows(4).any(|word| word == b"RING") {
            context
                .publisher
                .publish(Derived::PaneBell { pane })
                .await
                .unwrap();
        }
    }
}

#[test]
fn what_a_source_derives_is_published_to_those_who_see_the_pane() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        let state = bridge.settled().await;
        let pane = *state.panes.keys().next().unwrap();
        let metrics = Metrics::new(&bridge.hub);
        let connectors = Connectors::new(bridge.hub.clone(), bridge.handle.clone(), &metrics);
        connectors.source("ringer", |context| async move {
            ring(context).await;
            Ok(())
        });
        let served = bridge.serve().await;
        let mut client = served.client().await;
        client
            .ask(json!({ "action": "subscribe" }), "subscribed")
            .await;
        let mut elsewhere = served.client().await;
        let filters = json!({ "types": ["pane.bell"], "sessions": ["elsewhere"] });
        let subscribe = json!({ "action": "subscribe", "filters": filters });
        elsewhere.ask(subscribe, "subscribed").await;

        tmux.run(["send-keys", "-t", "=main:", "RING", "Enter"]);
        let bell = client.find("pane.bell").await;
        assert_eq!(bell["pane"], pane.to_string());
        assert_eq!(bell["session"], "main");
        assert_eq!(bell["epoch"], "test");
        // It stands behind what it follows from, in the order of one log.
        let output = client.find("pane.output").await;
        assert!(
            output["seq"].as_u64() < bell["seq"].as_u64(),
            "{output} {bell}"
        );
        let received = elsewhere.until_pong().await;
        let is_bookmark = |message: &Value| message["type"] == "bookmark";
        assert!(received.iter().all(is_bookmark), "{received:?}");
        let text = metrics.text().unwrap();
        assert!(
            text.contains("muxwire_source_events_total{source=\"ringer\"} "),
            "{text}"
        );
        connectors.stop_sources().await;
        bridge.stop().await;
    });
}

#[test]
fn while_a_sink_listens_tmux_is_attached_to() {
    const WHILE_WANTED: Settings = Settings {
        attach: Attach::OnDemand {
            grace: Duration::from_millis(200),
        },
        ..SETTINGS
    };
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let bridge = LiveBridge::start_with(server.tmux().await, WHILE_WANTED, None);
        bridge
            .until("a look", |state| !state.panes.is_empty())
            .await;
        assert_eq!(server.clients(), Vec::<u32>::new());
        let metrics = Metrics::new(&bridge.hub);
        let connectors = Connectors::new(bridge.hub.clone(), bridge.handle.clone(), &metrics);
        // A source alone is no reason: it may derive from what others want to see.
        connectors.source("idle", |_| std::future::pending());
        let taken = Taken::default();
        let given = taken.clone();
        let attached_before = server.clients();
        connectors.sink("keeper", move |cursor| {
            let given = given.clone();
            async move {
                take_all(cursor, given).await;
                Ok(())
            }
        });
        assert_eq!(attached_before, Vec::<u32>::new());
        let two_links = || server.clients().len() == 2;
        wait_until_async("control and output link", SOON, two_links).await;
        server.run(["send-keys", "-t", "=main:", "seen", "Enter"]);
        wait_until_async("the sink is given it", SOON, || !taken.all().is_empty()).await;
        connectors.drain(SOON).await;
        let none = || server.clients().is_empty();
        wait_until_async("the grace is over", SOON, none).await;
        bridge.stop().await;
    });
}

/// The places of the events that come, up to this one.
async fn places_to(client: &mut Client, last: u64) -> Vec<u64> {
    let mut places = Vec::new();
    while places.last().is_none_or(|place| *place < last) {
        let message = client.next().await;
        if message["type"] == "pane.output" {
            places.push(message["seq"].as_u64().unwrap());
        }
    }
    places
}

#[tokio::test]
async fn a_sink_fills_the_archive_from_which_clients_resume() {
    let setup = Setup {
        history: remembering(40),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let archive = TestArchive::of(&server.hub, Conduct::Gives);
    let (handle, _requests) = Handle::pair();
    let connectors = Connectors::new(server.hub.clone(), handle, &server.metrics);
    let keeper = archive.clone();
    connectors.sink("history", move |mut cursor| {
        let keeper = keeper.clone();
        async move {
            while let Some(read) = cursor.next().await {
                match read {
                    CursorRead::Event(event) => keeper.keep(&event),
                    CursorRead::Missed(range) => return Err(format!("{range:?} is missing").into()),
                }
            }
            Ok(())
        }
    });
    let mut world = World::new();
    world.session("api");
    let (mut offset, mut random) = (0, Random::new(4));
    for _ in 0..100 {
        print(&server.hub, &world, &mut offset, random.below(20));
        wait_until_async("it is kept", SOON, || archive.kept() as u64 == offset).await;
    }
    for _ in 0..20 {
        let place = random.below(usize::try_from(offset).unwrap()) as u64;
        let mut client = server.client().await;
        let since = json!({ "epoch": "e1", "seq": place });
        client
            .send(json!({ "action": "subscribe", "since": since }))
            .await;
        print(&server.hub, &world, &mut offset, random.below(20));
        assert_eq!(client.expect("subscribed").await["recovered"], true);
        print(&server.hub, &world, &mut offset, 1);
        let wanted: Vec<u64> = (place + 1..=offset).collect();
        assert_eq!(places_to(&mut client, offset).await, wanted);
        wait_until_async("it is kept", SOON, || archive.kept() as u64 == offset).await;
    }
    let metrics = server.get("/metrics").await;
    assert!(
        metrics.contains("muxwire_sink_lag_events{sink=\"history\"} 0"),
        "{metrics}"
    );
}

/// A recording that is played as fast as it goes, and a source beside it.
struct Replayed {
    hub: Hub,
    handle: Handle,
    publisher: Publisher,
    counts: Arc<PublisherCounts>,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), RecordingError>>,
}

impl Replayed {
    fn start(recording: Recording) -> Self {
        let hub = Hub::new(HistoryLimits::default(), recording.epoch().clone());
        let (handle, requests) = Handle::pair();
        let ends = Ends {
            demand: handle.demand().clone(),
            hub: hub.clone(),
            counters: Arc::new(Counters::default()),
            requests,
        };
        let cancel = CancellationToken::new();
        let task = tokio::spawn(replay(recording, Speed::Max, ends, cancel.clone()));
        let counts = Arc::new(PublisherCounts::default());
        Self {
            publisher: Publisher::new(&handle, Arc::clone(&counts)),
            hub,
            handle,
            counts,
            cancel,
            task,
        }
    }

    /// The owner has taken the bell of this pane.
    async fn ring(&self, pane: PaneId) {
        let rung = self.publisher.publish(Derived::PaneBell { pane }).await;
        rung.unwrap();
        assert!(self.handle.answers().await);
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// A server without a pane.
const PLAYED: &str = r#"{"muxwire_recording":1,"tmux":"3.8","started":"2026-11-20T06:00:00Z"}
[0,0,"=","server 1 1700000000 $0 3.8"]
[1000,0,"=","end"]
"#;

#[tokio::test]
async fn what_a_source_derives_of_what_is_gone_is_counted_and_left_out() {
    let replayed = Replayed::start(Recording::from_bytes(PLAYED).unwrap());
    replayed.ring(PaneId(7)).await;
    let counts = &replayed.counts;
    assert_eq!((counts.published(), counts.stale()), (0, 1));
    assert!(!replayed.hub.figures().published.contains_key("pane.bell"));
    replayed.stop().await;
}

#[tokio::test]
async fn beside_a_recording_a_source_publishes_at_the_recorded_time() {
    let fixture = "fixtures/3.8/alerts.mxr";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
    let recording = Recording::open(&path).unwrap();
    let started = recording.header().started;
    let ended = started.checked_add(SignedDuration::try_from(recording.length()).unwrap());
    let replayed = Replayed::start(recording);
    let mut reader = replayed.hub.reader_behind(Seq(0));
    while replayed.counts.published() == 0 {
        let (state, _) = replayed.hub.snapshot();
        // Panes come and go as the recording is played.
        if let Some(pane) = state.panes.keys().next() {
            replayed.ring(*pane).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
    let bell = loop {
        match reader.pull() {
            Next::Event(event) if event.change.kind == ChangeKind::PaneBell => break event,
            Next::Event(_) => {}
            other => panic!("the bell is in the log: {other:?}"),
        }
    };
    assert!(
        started <= bell.at && bell.at <= ended.unwrap(),
        "{}",
        bell.at
    );
    replayed.stop().await;
}

#[test]
fn what_is_derived_of_a_pane_is_for_those_who_see_its_window_now() {
    let mut world = World::new();
    let one = world.session("one");
    let two = world.session("two");
    let window = world.state.sessions[&one].windows[&0];
    world.link(two, 5, window);
    let pane = world
        .state
        .panes
        .values()
        .find(|pane| pane.window == window);
    let pane = pane.unwrap().id;
    let places = |derived: Derived, state: &State| {
        let mut published = derived.changes(state).unwrap();
        assert_eq!(published.state, None);
        let change = published.changes.pop().unwrap();
        assert_eq!(
            (change.pane, &change.kind),
            (Some(pane), &ChangeKind::PaneBell)
        );
        let muxwire::model::Audience::Places(places) = change.audience else {
            panic!("a pane has places");
        };
        let names = places.iter().map(|place| place.session_name.to_string());
        names.collect::<Vec<String>>()
    };
    let bell = Derived::PaneBell { pane };
    assert_eq!(places(bell.clone(), &world.state), ["one", "two"]);
    world.rename(one, "other");
    assert_eq!(places(bell.clone(), &world.state), ["other", "two"]);
    world.remove_session(one);
    world.remove_session(two);
    world.state.panes.remove(&pane);
    assert_eq!(bell.changes(&world.state), None);
}
