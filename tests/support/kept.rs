//! A history on disk that takes what a log brings, as the sink of `muxwire serve` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use muxwire::connectors::{Connectors, HistorySink};
use muxwire::history::{History, Moment, Recorder, Secrets, Settings, StoreError, Wishes, blank};
use muxwire::hub::{Hub, Next};
use muxwire::ids::{Epoch, PaneId, Seq};
use muxwire::metrics::Metrics;
use muxwire::server::HistoryAccess;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::bridge::LiveBridge;

/// A history in a folder of its own.
pub struct Kept {
    pub folder: TempDir,
    pub access: HistoryAccess,
    wishes: Option<Wishes>,
    /// Gives the history the log.
    pump: Option<JoinHandle<()>>,
    /// How much a pane has printed when it is first looked at.
    looked_at: Arc<AtomicU64>,
}

impl Kept {
    /// An empty one of the log of this name, that masks or keeps secrets.
    pub fn new(epoch: &str, secrets: Secrets) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            path: folder.path().join("default.db"),
            max_bytes: 1 << 40,
            max_age: Duration::from_secs(100 * 365 * 86_400),
            exclude: Vec::new(),
            secrets,
            rules: (Vec::new(), true),
            host: "build-3".to_owned(),
        };
        let history = History::open(settings).unwrap();
        let epoch = Epoch::new(epoch).unwrap();
        let (recorder, wishes) = history.start(&epoch, Seq(0), None).unwrap();
        let reader = recorder.open_reader().unwrap();
        Self {
            folder,
            access: HistoryAccess { reader, recorder },
            wishes: Some(wishes),
            pump: None,
            looked_at: Arc::default(),
        }
    }

    /// Panes are blank and have printed so much when they are first looked at; nothing, if this is not said.
    pub fn look_at(&self, offset: u64) {
        self.looked_at.store(offset, Ordering::SeqCst);
    }

    /// From now on it is given what is published.
    pub fn follow(&mut self, hub: &Hub) {
        let recorder = self.access.recorder.clone();
        let wishes = self.wishes.take().unwrap();
        let pumped = pump(hub.clone(), recorder, wishes, self.looked_at.clone());
        self.pump = Some(tokio::spawn(pumped));
    }

    /// Waits until all up to this place is in the file.
    pub async fn written(&self, head: Seq) {
        while self.access.recorder.written() < head {
            self.access.recorder.flushed(head).await;
        }
    }

    /// Waits until it has the snapshot from which it knows what the pane showed at this offset.
    pub async fn seen(&self, pane: PaneId, offset: u64, head: Seq) {
        let HistoryAccess { reader, recorder } = &self.access;
        loop {
            recorder.flushed(head).await;
            let known = reader.pane_at(pane, i64::MAX).await.unwrap();
            match reader.screen(known.key, Moment::Offset(offset), true).await {
                Ok(_) => return,
                Err(StoreError::NotKept | StoreError::TooLong) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(pump) = self.pump.take() {
            pump.abort();
        }
    }
}

async fn pump(hub: Hub, recorder: Recorder, mut wishes: Wishes, looked_at: Arc<AtomicU64>) {
    let mut log = hub.reader_behind(Seq(0));
    loop {
        tokio::select! {
            () = log.readable() => match log.pull() {
                Next::Event(event) => recorder.event(event).await,
                Next::Head => {}
                Next::Archived(_) | Next::Evicted => panic!("the log has let go what was not kept"),
            },
            Some(pane) = wishes.recv() => {
                let mut seen = blank(pane, 80, 24);
                seen.offset = looked_at.load(Ordering::SeqCst);
                recorder.seed(pane, Some(Arc::new(seen)));
            }
        }
    }
}

/// What gives a history the log of a bridge, snapshots included. It ends with this.
pub struct Sunk {
    _connectors: Connectors,
}

impl Kept {
    /// From now on it is given what this bridge publishes, by the sink of `muxwire serve`.
    pub fn follow_bridge(&mut self, bridge: &LiveBridge) -> Sunk {
        let metrics = Metrics::new(&bridge.hub);
        let (hub, handle) = (bridge.hub.clone(), bridge.handle.clone());
        let connectors = Connectors::new(hub.clone(), handle.clone(), &metrics);
        let recorder = self.access.recorder.clone();
        let sink = HistorySink::new(recorder, self.wishes.take().unwrap(), hub, handle);
        sink.begin(&connectors, &metrics);
        Sunk {
            _connectors: connectors,
        }
    }
}
