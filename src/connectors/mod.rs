//! Connectors: what is beside the bridge and the server, and speaks with the log alone.
//!
//! A *source* derives events and has them published by the log's one writer. A *sink* reads the log from its own place
//! on, as a client does, and writes it elsewhere. Each is a function that runs as a task of its own: an error or a panic
//! ends it alone, and it is restarted (`supervisor`). Neither can hold up tmux, clients or each other.
//!
//! Reading order: this file, `cursor` (how they read), `supervisor` (how they are restarted), `figures` (what is shown of them), `http` (how two of them send).

#[cfg(target_os = "linux")]
mod agents;
mod alerts;
mod cursor;
mod figures;
mod history;
mod http;
mod push;
#[cfg(target_os = "linux")]
mod resources;
mod supervisor;

use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[cfg(target_os = "linux")]
pub use self::agents::{AgentSource, RulesError, load_rules};
pub use self::alerts::{
    AlertFiles, AlertFilesError, AlertSinks, AlertSource, Notification, SendError, Sender,
};
pub use self::cursor::{CursorRead, LogCursor};
use self::figures::{ConnectorFigures, ConnectorRole, Listed};
pub use self::history::HistorySink;
pub use self::push::PushSink;
#[cfg(target_os = "linux")]
pub use self::resources::ResourceSource;
use self::supervisor::supervise;
use crate::bridge::{Handle, Listener, Publisher};
use crate::hub::Hub;
use crate::metrics::Metrics;

/// Why a connector can't go on.
pub type ConnectorError = Box<dyn Error + Send + Sync>;

/// What a source is given, each time that it is begun.
#[derive(Debug)]
pub struct SourceContext {
    /// The state, as clients see it.
    pub hub: Hub,
    /// Reads what is published from now on.
    pub cursor: LogCursor,
    /// Publishes what it derives.
    pub publisher: Publisher,
}

/// All connectors of a server.
#[derive(Debug)]
pub struct Connectors {
    hub: Hub,
    bridge: Handle,
    all: Listed,
    sources: Tasks,
    sinks: Tasks,
    /// Nothing more is published.
    log_ended: CancellationToken,
}

/// Tasks that end together.
#[derive(Debug, Default)]
struct Tasks {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Connectors {
    /// None as yet. What there will be is shown among the metrics.
    #[must_use]
    pub fn new(hub: Hub, bridge: Handle, metrics: &Metrics) -> Self {
        let all = Listed::default();
        figures::show(&all, &hub, metrics);
        Self {
            hub,
            bridge,
            all,
            sources: Tasks::default(),
            sinks: Tasks::default(),
            log_ended: CancellationToken::new(),
        }
    }

    /// Runs a source under this name until it ends by itself or the server stops.
    ///
    /// Once it has failed it is restarted with a cursor at the head: what it knew is gone, and so it begins with the state.
    pub fn source<F>(
        &self,
        name: &'static str,
        run: impl Fn(SourceContext) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), ConnectorError>> + Send + 'static,
    {
        let figures = self.list(name, ConnectorRole::Source);
        let publisher = Publisher::new(&self.bridge, Arc::clone(&figures.published));
        let (hub, log_ended) = (self.hub.clone(), self.log_ended.clone());
        let of_this = Arc::clone(&figures);
        self.sources.spawn(supervise(figures, move || {
            of_this.reader.set_place(hub.head());
            run(SourceContext {
                hub: hub.clone(),
                cursor: LogCursor::new(&hub, &of_this, &log_ended),
                publisher: publisher.clone(),
            })
        }));
    }

    /// Runs a sink under this name, from the head of the log on, until it ends by itself or has everything at the end.
    ///
    /// Once it has failed it is restarted behind the event that it read last. While it runs it counts among those who
    /// listen.
    pub fn sink<F>(&self, name: &'static str, run: impl Fn(LogCursor) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), ConnectorError>> + Send + 'static,
    {
        let listener = self.bridge.demand().listen();
        self.run_sink(name, run, Some(listener));
    }

    /// The same for one that counts among those who listen only while it says so itself.
    pub fn quiet_sink<F>(
        &self,
        name: &'static str,
        run: impl Fn(LogCursor) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), ConnectorError>> + Send + 'static,
    {
        self.run_sink(name, run, None);
    }

    fn run_sink<F>(
        &self,
        name: &'static str,
        run: impl Fn(LogCursor) -> F + Send + Sync + 'static,
        listener: Option<Listener>,
    ) where
        F: Future<Output = Result<(), ConnectorError>> + Send + 'static,
    {
        let figures = self.list(name, ConnectorRole::Sink);
        figures.reader.set_place(self.hub.head());
        let (hub, log_ended) = (self.hub.clone(), self.log_ended.clone());
        let of_this = Arc::clone(&figures);
        let supervised = supervise(figures, move || {
            run(LogCursor::new(&hub, &of_this, &log_ended))
        });
        self.sinks.spawn(async move {
            supervised.await;
            drop(listener);
        });
    }

    /// Whether there is a sink to be waited for.
    #[must_use]
    pub fn has_sinks(&self) -> bool {
        !self.sinks.tasks.is_empty()
    }

    /// Ends all sources.
    pub async fn stop_sources(&self) {
        self.sources.end().await;
    }

    /// Nothing more is published: lets each sink take what is left, for as long as this, and ends it.
    pub async fn drain(&self, limit: Duration) {
        self.log_ended.cancel();
        self.sinks.tasks.close();
        if timeout(limit, self.sinks.tasks.wait()).await.is_err() {
            let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            for (sink, behind) in figures::behind(&all, self.hub.head()) {
                tracing::warn!(sink, behind, "a sink did not take everything in time");
            }
        }
        self.sinks.end().await;
    }

    fn list(&self, name: &'static str, role: ConnectorRole) -> Arc<ConnectorFigures> {
        let figures = Arc::new(ConnectorFigures::new(name, role));
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::clone(&figures));
        figures
    }
}

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.stop.clone().cancelled_owned();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stopped => {}
            }
        });
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Connectors {
    fn drop(&mut self) {
        self.sources.stop.cancel();
        self.sinks.stop.cancel();
    }
}
