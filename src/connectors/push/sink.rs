//! The sink: takes from the log what there is to tell, and puts it into the queues of those who may and want to be told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::figures::PushFigures;
use super::queue::{Message, Queue};
use super::worker;
use crate::auth::Entry;
use crate::bridge::{Demand, Listener};
use crate::connectors::{ConnectorError, CursorRead, LogCursor};
use crate::hub::{Hub, Published};
use crate::metrics::Metrics;
use crate::model::ChangeKind;
use crate::push::{Notices, PushDesk, Standing, Subscription, TestRequest, Told};

/// The longest time between two looks, so that a holder whose time is over is noticed, and a clock that was set.
const LOOK: Duration = Duration::from_secs(60);

/// What the sink of Web Push needs besides what every sink is given. Clones share the figures.
#[derive(Debug, Clone)]
pub struct PushSink {
    desk: PushDesk,
    hub: Hub,
    demand: Demand,
    figures: Arc<PushFigures>,
}

impl PushSink {
    /// A sink for the subscriptions of this server. It wants to be told of everything while there is one.
    #[must_use]
    pub fn new(desk: PushDesk, hub: Hub, demand: Demand, metrics: &Metrics) -> Self {
        let figures = PushFigures::shown(&desk, metrics);
        Self {
            desk,
            hub,
            demand,
            figures,
        }
    }

    /// Tells browsers until the log ends and everything is sent.
    ///
    /// # Errors
    /// None; the signature is that of all sinks.
    pub async fn run(self, cursor: LogCursor) -> Result<(), ConnectorError> {
        let driver = Driver {
            changes: self.desk.changes(),
            tokens: self.desk.authenticator().map(|one| one.in_force()),
            sink: self,
            running: BTreeMap::new(),
            listener: None,
            standing: Standing::default(),
        };
        driver.run(cursor).await
    }
}

/// A browser that is told.
struct Running {
    to: Arc<Subscription>,
    /// Nothing before the first look.
    notices: Option<Notices>,
    queue: Arc<Queue>,
    work: AbortOnDropHandle<()>,
}

struct Driver {
    sink: PushSink,
    changes: watch::Receiver<Arc<[Subscription]>>,
    tokens: Option<watch::Receiver<Arc<[Entry]>>>,
    running: BTreeMap<String, Running>,
    listener: Option<Listener>,
    standing: Standing,
}

/// What the task waits for.
enum Happening {
    Read(Option<CursorRead>),
    Subscriptions,
    Tokens,
    Test(Option<TestRequest>),
    Time,
}

impl Driver {
    async fn run(mut self, mut cursor: LogCursor) -> Result<(), ConnectorError> {
        self.put_in_force();
        let mut is_due = true;
        let mut wait = LOOK;
        loop {
            if std::mem::take(&mut is_due) {
                wait = self.look().await;
            }
            match self.next(&mut cursor, wait).await {
                Happening::Read(None) => break,
                Happening::Read(Some(read)) => {
                    is_due = self.read(read);
                    // What else is there already is one piece of work with it.
                    while let Some(Some(read)) = cursor.next().now_or_never() {
                        is_due |= self.read(read);
                    }
                }
                Happening::Subscriptions => {
                    self.put_in_force();
                    is_due = true;
                }
                Happening::Test(test) => self.test(test),
                Happening::Tokens | Happening::Time => is_due = true,
            }
        }
        self.finish().await;
        Ok(())
    }

    async fn next(&mut self, cursor: &mut LogCursor, wait: Duration) -> Happening {
        let tokens = async {
            if let Some(tokens) = &mut self.tokens
                && tokens.changed().await.is_ok()
            {
                return;
            }
            std::future::pending().await
        };
        tokio::select! {
            read = cursor.next() => Happening::Read(read),
            Ok(()) = self.changes.changed() => Happening::Subscriptions,
            () = tokens => Happening::Tokens,
            test = self.sink.desk.asked_test() => Happening::Test(test),
            () = sleep(wait) => Happening::Time,
        }
    }

    /// Whether there may be something else to tell.
    fn read(&mut self, read: CursorRead) -> bool {
        match read {
            CursorRead::Missed(_) => true,
            CursorRead::Event(event) => {
                self.standing.event(&event);
                tells(&event)
            }
        }
    }

    /// Takes over who is told now. What waits for those who stay goes on.
    fn put_in_force(&mut self) {
        self.changes.mark_unchanged();
        let own = self.sink.desk.own();
        self.running
            .retain(|id, _| own.iter().any(|one| one.id == *id));
        for to in own {
            let to = Arc::new(to);
            match self.running.get_mut(&to.id) {
                Some(running) => running.to = to,
                None => {
                    let queue = Arc::new(Queue::new(Arc::clone(&self.sink.figures)));
                    let work = worker::work(self.sink.desk.clone(), Arc::clone(&queue));
                    let running = Running {
                        notices: None,
                        queue,
                        work: AbortOnDropHandle::new(tokio::spawn(work)),
                        to,
                    };
                    self.running.insert(running.to.id.clone(), running);
                }
            }
        }
        let listens = !self.running.is_empty();
        self.listener = listens.then(|| {
            let listener = self.listener.take();
            listener.unwrap_or_else(|| self.sink.demand.listen())
        });
    }

    /// Tells what is to be told now. Returns in how long to look again.
    async fn look(&mut self) -> Duration {
        let now = Timestamp::now();
        let PushSink { desk, hub, .. } = &self.sink;
        let (mut wait, mut over) = (LOOK, Vec::new());
        for (id, running) in &mut self.running {
            let Some(subjects) = desk.subjects(&running.to, hub, &self.standing, now) else {
                over.push(id.clone());
                continue;
            };
            let notices = match desk.is_fresh(id) {
                true => running.notices.insert(Notices::knowing(&subjects)),
                false => running.notices.get_or_insert_default(),
            };
            let wishes = &running.to.wishes;
            let step = notices.step(&subjects, wishes, now);
            for tag in &step.over {
                running.queue.withdraw(tag);
            }
            for subject in &step.tell {
                running.tell(subject.told(wishes.content), None);
            }
            wait = step.next.map_or(wait, |next| wait.min(next));
        }
        for id in over {
            self.running.remove(&id);
            self.sink.desk.end(&id, "token_ended").await;
        }
        // A moment later at once, rather than a moment too early and again.
        wait + Duration::from_millis(1)
    }

    fn test(&self, test: Option<TestRequest>) {
        // Whoever asks for one that is not there learns it by the reply that never comes.
        let Some(TestRequest { id, reply }) = test else {
            return;
        };
        let Some(running) = self.running.get(&id) else {
            return;
        };
        let told = Told {
            tag: "test".to_owned(),
            state: "test".to_owned(),
            kind: None,
            pane: None,
            title: "muxwire".to_owned(),
            body: "Push messages reach this device.".to_owned(),
        };
        running.tell(told, Some(reply));
    }

    /// Lets each queue take what is left.
    async fn finish(self) {
        for running in self.running.values() {
            running.queue.closed.cancel();
        }
        for running in self.running.into_values() {
            if let Err(error) = running.work.await {
                tracing::error!(subscription = running.to.id, %error, "pushing ended badly");
            }
        }
    }
}

impl Running {
    fn tell(&self, told: Told, reply: Option<tokio::sync::oneshot::Sender<crate::push::Outcome>>) {
        self.queue.push(Message {
            to: Arc::clone(&self.to),
            told,
            since: Instant::now(),
            reply,
        });
    }
}

/// Whether something else may be to be told after this.
fn tells(event: &Published) -> bool {
    let kind = &event.change.kind;
    kind.moves_panes()
        || matches!(
            kind,
            ChangeKind::AgentStarted { .. }
                | ChangeKind::AgentStatus { .. }
                | ChangeKind::AgentSeen { .. }
                | ChangeKind::AgentEnded { .. }
                | ChangeKind::Alert { .. }
                | ChangeKind::AlertCleared { .. }
        )
}
