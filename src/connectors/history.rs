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
use crate::ids::PaneId;
use crate::metrics::{FigureKind, Metrics};
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
        let mut state_differs = true;
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
                        state_differs |= event.change.kind.is_structural();
                        self.take(event, &mut state_differs).await;
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

    /// Hands over an event, and the state if the event leads to it and it is another one.
    async fn take(&self, event: Arc<Published>, state_differs: &mut bool) {
        let seq = event.seq;
        self.recorder.event(event).await;
        if *state_differs {
            let (state, head) = self.hub.snapshot();
            if head == seq {
                self.recorder.state(state, seq);
                *state_differs = false;
            }
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
