//! The sink that gives the log to the history on disk, and the snapshots that this wants.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::cursor::{CursorRead, LogCursor};
use super::{ConnectorError, Connectors};
use crate::auth::{Permission, Principal};
use crate::bridge::{Handle, ViewRequest};
use crate::history::{Figures, Recorder, Wishes};
use crate::hub::{Hub, Published};
use crate::ids::{PaneId, Seq};
use crate::metrics::{FigureKind, Metrics};
use crate::model::State;
use crate::screen::PaneSnapshot;

/// How many snapshots are asked for at one time.
const VIEWS: usize = 4;

/// Gives the log to the history.
#[derive(Debug, Clone)]
pub struct HistorySink {
    recorder: Recorder,
    wishes: Arc<Mutex<Wishes>>,
    hub: Hub,
    bridge: Handle,
}

type View = BoxFuture<'static, (PaneId, Option<Arc<PaneSnapshot>>)>;

/// The states of the log as the sink comes to them. The log has only its newest, so that is held until the sink is there.
#[derive(Debug)]
struct States {
    /// Something has changed since the last one was taken from the log.
    differs: bool,
    /// One that the sink has not come to.
    ahead: Option<(Arc<State>, Seq)>,
}

impl Default for States {
    fn default() -> Self {
        Self {
            differs: true,
            ahead: None,
        }
    }
}

impl States {
    /// The sink has come to this place.
    fn hand_over(&mut self, place: Seq, recorder: &Recorder) {
        if let Some((state, seq)) = self.ahead.take_if(|(_, seq)| *seq <= place) {
            recorder.state(state, seq);
        }
    }
}

impl HistorySink {
    /// For a history that has begun.
    #[must_use]
    pub fn new(recorder: Recorder, wishes: Wishes, hub: Hub, bridge: Handle) -> Self {
        Self {
            recorder,
            wishes: Arc::new(Mutex::new(wishes)),
            hub,
            bridge,
        }
    }

    /// Begins to give it the log.
    pub fn begin(self, connectors: &Connectors, metrics: &Metrics) {
        show(&self.recorder, metrics);
        connectors.sink("history", move |cursor| self.clone().run(cursor));
    }

    async fn run(self, mut cursor: LogCursor) -> Result<(), ConnectorError> {
        let mut wishes = self.wishes.lock().await;
        let mut waiting: VecDeque<PaneId> = VecDeque::new();
        let mut views: FuturesUnordered<View> = FuturesUnordered::new();
        let mut states = States::default();
        loop {
            while views.len() < VIEWS
                && let Some(pane) = waiting.pop_front()
            {
                views.push(self.view(pane)?);
            }
            tokio::select! {
                biased;
                Some((pane, snapshot)) = views.next() => self.recorder.seed(pane, snapshot),
                Some(pane) = wishes.recv() => waiting.push_back(pane),
                read = cursor.next() => match read {
                    Some(CursorRead::Event(event)) => {
                        self.take(event, &mut states).await;
                    }
                    Some(CursorRead::Missed(range)) => self.recorder.missed(range),
                    None => break,
                },
            }
        }
        let recorder = self.recorder.clone();
        spawn_blocking(move || recorder.close()).await?;
        Ok(())
    }

    /// Hands over an event, and the state that it leads to, if that is known and another one.
    async fn take(&self, event: Arc<Published>, states: &mut States) {
        let seq = event.seq;
        states.differs |= event.change.kind.is_structural();
        self.recorder.event(event).await;
        states.hand_over(seq, &self.recorder);
        if states.differs && states.ahead.is_none() {
            states.differs = false;
            states.ahead = Some(self.hub.snapshot());
            states.hand_over(seq, &self.recorder);
        }
    }

    fn view(&self, pane: PaneId) -> Result<View, ConnectorError> {
        let request = ViewRequest {
            pane,
            scrollback: 0,
            redacted: false,
        };
        let view = Principal::unrestricted().authorize_everywhere(Permission::Read, request)?;
        let bridge = self.bridge.clone();
        let seen = async move {
            let seen = bridge.view(view).await;
            let seen = seen.inspect_err(|error| tracing::debug!(%pane, %error, "no snapshot"));
            (pane, seen.ok().map(|view| view.snapshot))
        };
        Ok(seen.boxed())
    }
}

type Read = fn(&Figures) -> u64;

/// What the history has come to, as the metrics show it.
const FIGURES: [(&str, &str, FigureKind, Read); 8] = [
    (
        "disk_history_events",
        "Events other than output written to the history on disk",
        FigureKind::Counter,
        |figures| figures.events,
    ),
    (
        "disk_history_printed_bytes",
        "Bytes that panes printed and the history on disk keeps",
        FigureKind::Counter,
        |figures| figures.printed,
    ),
    (
        "disk_history_stored_bytes",
        "Bytes that these took when they were written",
        FigureKind::Counter,
        |figures| figures.stored,
    ),
    (
        "disk_history_lines",
        "Lines of text put into the index",
        FigureKind::Counter,
        |figures| figures.lines,
    ),
    (
        "disk_history_unread_bytes",
        "Bytes that were kept and not read as text: they came too fast, or no snapshot could be had",
        FigureKind::Counter,
        |figures| figures.unread,
    ),
    (
        "disk_history_lost_events",
        "Events that the history on disk could not keep",
        FigureKind::Counter,
        |figures| figures.lost,
    ),
    (
        "disk_history_failures",
        "Commits that the disk did not take",
        FigureKind::Counter,
        |figures| figures.failures,
    ),
    (
        "disk_history_bytes",
        "Size of the history on disk",
        FigureKind::Gauge,
        |figures| figures.size,
    ),
];

fn show(recorder: &Recorder, metrics: &Metrics) {
    for (name, help, kind, read) in FIGURES {
        let recorder = recorder.clone();
        metrics.watch(name, help, kind, move || read(&recorder.figures()));
    }
}
