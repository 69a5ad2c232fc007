//! The source: what the log says goes to the engine, and what the engine says into the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep_until;

use crate::alert::{About, AlertConfig, AlertEngine, Moment, Noise, Notice, Used};
use crate::bridge::Publisher;
use crate::connectors::{ConnectorError, CursorRead, LogCursor, SourceContext};
use crate::hub::{Hub, Published, ResourcesWish};
use crate::ids::PaneId;
use crate::metrics::{FigureKind, Metrics};
use crate::model::{Audience, ChangeKind, Derived, Places};
use crate::resources::{ResourceUser, Resources};
use crate::wire::severity::{Severity, severity};

/// What the source of alerts needs besides what every source is given. Clones share the figures.
#[derive(Debug, Clone)]
pub struct AlertSource {
    config: watch::Receiver<Arc<AlertConfig>>,
    active: Arc<AtomicU64>,
}

impl AlertSource {
    /// A source that goes by these rules.
    #[must_use]
    pub fn new(config: watch::Receiver<Arc<AlertConfig>>, metrics: &Metrics) -> Self {
        let active = Arc::new(AtomicU64::new(0));
        let shown = Arc::clone(&active);
        metrics.watch(
            "alerts_active",
            "Alerts that are not over",
            FigureKind::Gauge,
            move || shown.load(Ordering::Relaxed),
        );
        Self { config, active }
    }

    /// Says alerts until the log ends.
    ///
    /// # Errors
    /// The system gives no random number to name alerts by.
    pub async fn run(mut self, context: SourceContext) -> Result<(), ConnectorError> {
        let rules = self.config.borrow_and_update().rules.clone();
        let prefix = format!("{:08x}", getrandom::u32()?);
        let driver = Driver {
            hub: context.hub,
            publisher: context.publisher,
            config: self.config,
            active: self.active,
            engine: AlertEngine::new(rules.into(), &prefix),
            has_changed: true,
            resources: None,
        };
        driver.run(context.cursor).await
    }
}

struct Driver {
    hub: Hub,
    publisher: Publisher,
    config: watch::Receiver<Arc<AlertConfig>>,
    active: Arc<AtomicU64>,
    engine: AlertEngine,
    /// Panes may be others than those that the engine knows, or elsewhere.
    has_changed: bool,
    /// Held while a rule asks for what is used of processors and memory.
    resources: Option<ResourcesWish>,
}

/// What the task waits for.
enum Happening {
    Read(Option<CursorRead>),
    Rules,
    Time,
}

impl Driver {
    async fn run(mut self, mut cursor: LogCursor) -> Result<(), ConnectorError> {
        loop {
            self.want_resources();
            if !self.work().await {
                return Ok(());
            }
            match self.next(&mut cursor).await {
                Happening::Read(None) => return Ok(()),
                Happening::Read(Some(read)) => {
                    self.read(&read);
                    // What else is there already is one piece of work with it.
                    while let Some(Some(read)) = cursor.next().now_or_never() {
                        self.read(&read);
                    }
                }
                Happening::Rules => {
                    let rules = self.config.borrow_and_update().rules.clone();
                    self.engine.use_rules(rules.into(), moment());
                }
                Happening::Time => {}
            }
        }
    }

    /// Sees to it that processors and memory are looked at while a rule asks for them, and no longer.
    fn want_resources(&mut self) {
        match (self.engine.needs_resources(), &self.resources) {
            (true, None) => self.resources = Some(self.hub.want_resources()),
            (false, Some(_)) => self.resources = None,
            _ => {}
        }
    }

    async fn next(&mut self, cursor: &mut LogCursor) -> Happening {
        let deadline = self.engine.deadline();
        let time = async {
            match deadline {
                Some(deadline) => sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = cursor.next() => Happening::Read(read),
            Ok(()) = self.config.changed() => Happening::Rules,
            () = time => Happening::Time,
        }
    }

    fn read(&mut self, read: &CursorRead) {
        match read {
            CursorRead::Event(event) => self.event(event),
            CursorRead::Missed(_) => {
                self.has_changed = true;
                // Whoever asks anew is told everything.
                self.resources = None;
            }
        }
    }

    fn event(&mut self, event: &Published) {
        let change = &event.change;
        if let ChangeKind::SystemResources { resources } = &change.kind {
            return self.used(change.pane, resources);
        }
        // What is kept from some stands in the log once more.
        let Some(pane) = change.pane.filter(|_| change.visibility.see(false)) else {
            self.has_changed |= change.kind.moves_panes();
            return;
        };
        match &change.kind {
            ChangeKind::PaneOutput { bytes, .. } if self.engine.needs_output() => {
                let needed = self.engine.needs_noise();
                let noises = if needed { noises_of(bytes) } else { Vec::new() };
                self.engine.printed(pane, &noises, moment());
            }
            ChangeKind::PaneGap { .. } if self.engine.needs_output() => {
                self.engine.printed(pane, &[], moment());
            }
            ChangeKind::AgentStarted { agent } | ChangeKind::AgentStatus { agent, .. } => {
                self.engine.agent(pane, Some(agent), moment());
            }
            ChangeKind::AgentEnded { agent } => {
                let places = match &change.audience {
                    Audience::Places(places) => Arc::clone(places),
                    Audience::Everyone | Audience::Unscoped => Places::from([]),
                };
                let moment = moment();
                self.engine.agent_ended((pane, places), agent, moment);
                self.engine.agent(pane, None, moment);
            }
            kind => self.has_changed |= kind.moves_panes(),
        }
    }

    fn used(&mut self, pane: Option<PaneId>, resources: &Resources) {
        // It may be about a pane that is new.
        self.sync();
        let about = match (&resources.user, pane) {
            (ResourceUser::Pane, Some(pane)) => About::Pane(pane),
            (ResourceUser::Muxwire { .. }, None) => About::Muxwire,
            (ResourceUser::Host(_), None) => About::Host,
            _ => return,
        };
        let used = Used {
            cpu: Some(resources.amounts.cpu),
            memory: Some(resources.amounts.memory),
        };
        self.engine.used(about, used, moment());
    }

    /// Takes over which panes there are, if they may be others.
    fn sync(&mut self) {
        if std::mem::take(&mut self.has_changed) {
            let (state, _) = self.hub.snapshot();
            self.engine.sync(&state, moment());
        }
    }

    /// Says what there is to be said. False once nothing is published any more.
    async fn work(&mut self) -> bool {
        self.sync();
        for notice in self.engine.take(moment()) {
            let derived = match notice {
                Notice::Raised(about, alert) => Derived::Alert { about, alert },
                Notice::Cleared(about, alert, cause) => Derived::AlertCleared {
                    about,
                    alert,
                    cause,
                },
            };
            if self.publisher.publish(derived).await.is_err() {
                return false;
            }
        }
        let active = self.engine.active() as u64;
        self.active.store(active, Ordering::Relaxed);
        true
    }
}

fn moment() -> Moment {
    Moment {
        now: Instant::now(),
        at: Timestamp::now(),
    }
}

/// How bad those lines look that look bad. Most output is looked at but once.
fn noises_of(output: &[u8]) -> Vec<Noise> {
    let noise = |line: &[u8]| match severity(line) {
        Severity::Info => None,
        Severity::Warning => Some(Noise::Warning),
        Severity::Error => Some(Noise::Error),
    };
    match noise(output) {
        None => Vec::new(),
        Some(_) => output
            .split(|byte| *byte == b'\n')
            .filter_map(noise)
            .collect(),
    }
}
