//! Recordings: what was recorded live is replayed to the same events.

mod fixtures;
mod program;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muxwire::bridge::{Counters, Key, Player, Settings};
use muxwire::hub::{HistoryLimits, Hub, Next, Published, Reader};
use muxwire::ids::PaneId;
use muxwire::model::{Change, ChangeKind};
use muxwire::recording::{End, Header, Recorder, Recording, Writing};
use muxwire::tmux::Tap;

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until_async};

/// Keeps what is written.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A bridge that is recorded.
struct Recorded {
    bridge: LiveBridge,
    all: Reader,
    recorder: Arc<Recorder>,
    writing: Writing,
    kept: Kept,
}

impl Recorded {
    async fn start(server: &TmuxServer, settings: Settings) -> Self {
        let kept = Kept::default();
        let header = Header::now(server.version());
        let (recorder, writing) = Recorder::start(&header, kept.clone()).unwrap();
        let recorder = Arc::new(recorder);
        let tap = Tap(Arc::<Recorder>::clone(&recorder));
        let bridge = LiveBridge::start_with(server.tmux().await, settings, Some(tap));
        Self {
            all: bridge.hub.reader(),
            bridge,
            recorder,
            writing,
            kept,
        }
    }

    /// Waits until tmux has sent all that it sends at first, and that was looked up.
    async fn quiet(&self, has_subscriptions: bool) {
        let arrived = || {
            let kept = self.kept.0.lock().unwrap();
            String::from_utf8_lossy(&kept).contains("%subscription-changed muxwire-")
        };
        wait_until_async("subscriptions", SOON, || !has_subscriptions || arrived()).await;
        let listings = || self.bridge.counters.counts().listings;
        let enough = listings() + 3;
        wait_until_async("listings", SOON, || listings() >= enough).await;
    }

    /// Ends the recording; what was published until then, and what was recorded.
    async fn stop(mut self) -> (Vec<Arc<Published>>, Recording) {
        self.recorder.finish();
        let published = pull_all(&mut self.all);
        let outcome = self.writing.ended().await.unwrap();
        assert_eq!(outcome.end, End::Wanted);
        self.bridge.stop().await;
        let bytes = self.kept.0.lock().unwrap().clone();
        (published, Recording::from_bytes(bytes).unwrap())
    }
}

fn pull_all(reader: &mut Reader) -> Vec<Arc<Published>> {
    let mut all = Vec::new();
    loop {
        match reader.pull() {
            Next::Event(event) => all.push(event),
            Next::Head => return all,
            Next::Archived(_) | Next::Evicted => panic!("the test's history is too short"),
        }
    }
}

/// All events of a recording.
fn replayed(recording: &Recording) -> Vec<Arc<Published>> {
    let limits = HistoryLimits {
        bytes: usize::MAX,
        events: usize::MAX,
        age: Duration::from_secs(u64::from(u32::MAX)),
    };
    let hub = Hub::new(limits, recording.epoch().clone());
    let mut reader = hub.reader();
    let counters = Arc::new(Counters::default());
    let mut player = Player::new(recording.header(), hub, counters);
    for entry in recording.entries().unwrap() {
        player.play(entry.unwrap());
    }
    pull_all(&mut reader)
}

/// Places and changes, without the times.
fn changes(events: &[Arc<Published>]) -> Vec<(u64, &Change)> {
    events
        .iter()
        .map(|event| (event.seq.0, &event.change))
        .collect()
}

/// What was published live is what the recording gives, at about the same times.
fn assert_same(live: &[Arc<Published>], recording: &Recording) {
    let replayed = replayed(recording);
    let (live_changes, replayed_changes) = (changes(live), changes(&replayed));
    for (live, replayed) in live_changes.iter().zip(&replayed_changes) {
        assert_eq!(live, replayed);
    }
    assert_eq!(live_changes.len(), replayed_changes.len());
    for (live, replayed) in live.iter().zip(&replayed) {
        let apart = live.at.duration_since(replayed.at);
        assert!(apart.abs().as_millis() < 500, "{live:?} and {replayed:?}");
    }
}

#[test]
fn a_replay_gives_the_events_of_the_live_session() {
    for_each_version_async(async |program| {
        let mut server = TmuxServer::absent(&program);
        let mut recorded = Recorded::start(&server, SETTINGS).await;
        for _ in 0..2 {
            server.boot();
            let bridge = &mut recorded.bridge;
            bridge
                .until("the session", |state| state.session_named("main").is_some())
                .await;
            bridge.settled().await;
            play_around(&server, bridge).await;
            server.kill();
            let lost = |event: &Published| event.change.kind.label() == "server.lost";
            bridge.event("server.lost", lost).await;
        }
        let (live, recording) = recorded.stop().await;
        assert!(live.len() > 50, "{live:#?}");
        assert_same(&live, &recording);
    });
}

/// Sessions, shared windows, splits, input, and output that moves from one session to another.
async fn play_around(server: &TmuxServer, bridge: &mut LiveBridge) {
    server.run(["new-session", "-d", "-s", "other", "exec cat"]);
    bridge
        .until("two sessions", |state| state.sessions.len() == 2)
        .await;
    bridge.settled().await;
    let typed = |text: &'static str| vec![Key::Text(text.into()), Key::Named("Enter".to_owned())];
    bridge
        .input(PaneId(0), typed("h\u{e9}llo"), false)
        .await
        .unwrap();
    bridge.output(PaneId(0), "h\u{e9}llo\r\nh\u{e9}llo").await;
    server.run(["link-window", "-s", "=main:0", "-t", "=other:5"]);
    server.run(["split-window", "-t", "=other:0", "exec cat"]);
    server.run(["rename-window", "-t", "=other:5", "both"]);
    bridge
        .until("a shared window", |state| {
            state.session_named("other").unwrap().windows.len() == 2 && state.panes.len() == 3
        })
        .await;
    bridge
        .input(PaneId(0), typed("shared"), false)
        .await
        .unwrap();
    bridge.output(PaneId(0), "shared\r\nshared").await;
    server.run(["set-buffer", "-b", "kept", "text"]);
    server.run(["kill-session", "-t", "=main"]);
    bridge
        .until("one session", |state| state.sessions.len() == 1)
        .await;
    bridge.settled().await;
    bridge
        .input(PaneId(0), typed("alone"), false)
        .await
        .unwrap();
    bridge.output(PaneId(0), "alone\r\nalone").await;
}

#[test]
fn a_replay_finds_the_drift_that_was_found_live() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let settings = Settings {
            reconcile: Duration::from_millis(100),
            ..SETTINGS
        };
        let mut recorded = Recorded::start(&server, settings).await;
        recorded.bridge.settled().await;
        recorded.quiet(program.version.has_subscriptions()).await;
        // No version notifies of an option.
        server.run(["set-option", "-t", "=main:", "destroy-unattached", "on"]);
        let arrived = |event: &Published| {
            event.change.reconciled
                && matches!(event.change.kind, ChangeKind::SessionChanged { .. })
        };
        recorded.bridge.event("drift", arrived).await;
        let (live, recording) = recorded.stop().await;
        assert_same(&live, &recording);
    });
}
