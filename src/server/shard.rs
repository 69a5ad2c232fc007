//! Shards: many connections with one task that wakes when something is published, brings it to each of them that
//! listens, and writes it straight to their sockets. A connection's own task sleeps meanwhile.
//!
//! A wake-up costs about as much as a delivery, so one for each client would double the work. The task also holds the
//! one timer of its connections. Locks are occupied in this order: the shard's, then a connection's; never the other way.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::unconstrained;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::broadcast::BroadcastRound;
use super::clock::now;
use super::session::{ClientInfo, ClientStats, Dismissal};
use crate::audit::Who;
use crate::hub::{Heads, Hub};
use crate::ids::Seq;
use crate::metrics::Metrics;

/// Connections of one shard: as many as can be served before tmux is read again.
const SLOTS: usize = 128;
/// The least time to a deadline, so that one which stands still can't keep the task busy.
const LEAST_SLEEP: Duration = Duration::from_millis(1);

/// A connection as its shard knows it. Each visit returns how the connection stands afterwards, or nothing if it has
/// failed; its own task then ends it.
pub(super) trait ShardClient: fmt::Debug + Send + Sync {
    /// The log has moved.
    fn published(&self, round: &mut BroadcastRound, now: Instant) -> Visited;
    /// The deadline is here.
    fn due(&self) -> Option<WakeInterest>;
    /// The server stops.
    fn stop(&self, now: Instant) -> Option<WakeInterest>;
    /// How it fares.
    fn stats(&self, now: Instant) -> Option<ClientStats>;
    /// What admins see of it.
    fn info(&self, now: Instant) -> Option<ClientInfo>;
    /// An admin ends a connection; who it was, if it was this one.
    fn dismiss(&self, dismissal: &Dismissal, now: Instant) -> Option<Who>;
    /// Its own task has to look after it.
    fn wake(&self);
}

/// How a connection stands after a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visited {
    /// As before.
    Unchanged,
    /// As it says, or it has failed.
    Stands(Option<WakeInterest>),
}

/// What a connection needs of its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WakeInterest {
    /// When it wants to be visited, if nothing happens before.
    pub(super) deadline: Option<Instant>,
    /// Whether it wants what is published.
    pub(super) listening: bool,
}

/// All shards of a server. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Shards {
    all: Arc<Mutex<Vec<Arc<Shard>>>>,
    hub: Hub,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A connection's place in a shard, for as long as it lives.
#[derive(Debug)]
pub(super) struct ShardSlot {
    shard: Arc<Shard>,
    index: usize,
}

#[derive(Debug)]
struct Shard {
    slots: Mutex<ShardSlots>,
    /// Something is wanted that the task does not wait for yet.
    changed: Notify,
}

#[derive(Debug, Default)]
struct ShardSlots {
    occupied: Vec<Option<Occupied>>,
    count: usize,
    listening: usize,
    /// No deadline comes before this.
    due: Option<Instant>,
}

#[derive(Debug)]
struct Occupied {
    client: Arc<dyn ShardClient>,
    interest: WakeInterest,
}

/// What can happen to a shard.
enum Event {
    Published,
    Due,
    Changed,
    Stop,
}

impl Shards {
    pub(super) fn new(
        hub: Hub,
        metrics: Metrics,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            all: Arc::default(),
            hub,
            metrics,
            stop,
            tasks,
        }
    }

    /// A slot for a connection; none if the server stops.
    pub(super) fn slot(
        &self,
        client: Arc<dyn ShardClient>,
        interest: WakeInterest,
    ) -> Option<ShardSlot> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let free = all.iter().find_map(|shard| shard.take(&client, interest));
        let slot = match free {
            Some(slot) => slot,
            None => {
                let shard = Arc::new(Shard {
                    slots: Mutex::default(),
                    changed: Notify::new(),
                });
                all.push(Arc::clone(&shard));
                let clock = FanOut::new(self.hub.clone(), self.metrics.clone());
                let task = Arc::clone(&shard).run(self.hub.heads(), clock, self.stop.clone());
                // A budget is for tasks that could go on for ever; a visit of all slots is bounded by itself.
                self.tasks.spawn(unconstrained(task));
                shard.take(&client, interest)?
            }
        };
        (!self.stop.is_cancelled()).then_some(slot)
    }

    /// How each connection fares, one shard a turn. No connection may be locked by the caller.
    pub(super) async fn stats(&self) -> Vec<ClientStats> {
        self.each(|client| client.stats(now())).await
    }

    /// Who is connected. No connection may be locked by the caller.
    pub(super) async fn clients(&self) -> Vec<ClientInfo> {
        self.each(|client| client.info(now())).await
    }

    /// Ends a connection; who it was, if there is one. No connection may be locked by the caller.
    pub(super) async fn dismiss(&self, dismissal: &Dismissal) -> Option<Who> {
        let gone = self.each(|client| client.dismiss(dismissal, now())).await;
        gone.into_iter().next()
    }

    /// What a look at each connection gives, one shard a turn.
    async fn each<T>(&self, look: impl Fn(&dyn ShardClient) -> Option<T>) -> Vec<T> {
        let shards = self
            .all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut found = Vec::new();
        for shard in shards {
            found.extend(shard.each(&look));
            tokio::task::yield_now().await;
        }
        found
    }
}

impl Shard {
    fn take(
        self: &Arc<Self>,
        client: &Arc<dyn ShardClient>,
        interest: WakeInterest,
    ) -> Option<ShardSlot> {
        let index = self.slots().take(client, interest)?;
        self.changed.notify_one();
        Some(ShardSlot {
            shard: Arc::clone(self),
            index,
        })
    }

    fn each<T>(&self, look: impl Fn(&dyn ShardClient) -> Option<T>) -> Vec<T> {
        let slots = self.slots();
        let occupied = slots.occupied.iter().flatten();
        occupied.filter_map(|one| look(&*one.client)).collect()
    }

    async fn run(self: Arc<Self>, mut heads: Heads, mut fan_out: FanOut, stop: CancellationToken) {
        let mut timer = Box::pin(time::sleep(Duration::ZERO));
        let mut stopped = std::pin::pin!(stop.cancelled());
        let mut stopping = false;
        loop {
            let (listening, due, empty) = {
                let slots = self.slots();
                (slots.listening > 0, slots.due, slots.count == 0)
            };
            if stopping && empty {
                return;
            }
            fan_out.listen(listening);
            if let Some(due) = due.filter(|due| timer.deadline() != (*due).into()) {
                timer.as_mut().reset(due.into());
            }
            let event = tokio::select! {
                () = heads.moved(), if listening => Event::Published,
                () = timer.as_mut(), if due.is_some() => Event::Due,
                () = self.changed.notified() => Event::Changed,
                () = &mut stopped, if !stopping => Event::Stop,
            };
            stopping |= matches!(event, Event::Stop);
            self.handle(&event, &mut fan_out, now());
        }
    }

    fn handle(&self, event: &Event, fan_out: &mut FanOut, now: Instant) {
        match event {
            Event::Published => self.bring(fan_out, now),
            Event::Due => self.slots().visit_due(now),
            Event::Stop => {
                let stop = |client: &dyn ShardClient| Visited::Stands(client.stop(now));
                self.slots().visit(|_| true, stop, now);
            }
            // The next wait is for what is wanted now.
            Event::Changed => {}
        }
    }

    /// Brings what was published to all who listen.
    fn bring(&self, fan_out: &mut FanOut, begun: Instant) {
        let mut round = BroadcastRound::after(&fan_out.hub, fan_out.place);
        let read_at = fan_out.begin();
        let publish = |client: &dyn ShardClient| client.published(&mut round, begun);
        self.slots()
            .visit(|interest| interest.listening, publish, begun);
        if let Some(read_at) = read_at {
            fan_out.end(read_at, now());
        }
    }

    /// The lock is held while clients are visited, who don't wait.
    fn slots(&self) -> MutexGuard<'_, ShardSlots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Times the rounds of a shard: from the read of the oldest event that a round brings, until all who listen have been
/// visited. It takes one look at the clock a round, however many clients there are.
#[derive(Debug)]
struct FanOut {
    hub: Hub,
    metrics: Metrics,
    listening: bool,
    /// What lies before was brought in earlier rounds, or to nobody.
    place: Seq,
}

impl FanOut {
    fn new(hub: Hub, metrics: Metrics) -> Self {
        Self {
            hub,
            metrics,
            listening: false,
            place: Seq::default(),
        }
    }

    /// Whether anybody listens from now on.
    fn listen(&mut self, listening: bool) {
        if listening && !self.listening {
            self.place = self.hub.head();
        }
        self.listening = listening;
    }

    /// A round begins. Returns when the oldest event that it brings was read.
    fn begin(&mut self) -> Option<Instant> {
        let (head, read_at) = self.hub.read_behind(self.place);
        self.place = head;
        read_at
    }

    fn end(&self, read_at: Instant, now: Instant) {
        let time = now.saturating_duration_since(read_at);
        self.metrics.fan_out(time, now);
    }
}

impl ShardSlots {
    fn take(&mut self, client: &Arc<dyn ShardClient>, interest: WakeInterest) -> Option<usize> {
        if self.count == SLOTS {
            return None;
        }
        let occupied = Occupied {
            client: Arc::clone(client),
            interest,
        };
        let index = match self.occupied.iter().position(Option::is_none) {
            Some(free) => {
                self.occupied[free] = Some(occupied);
                free
            }
            None => {
                self.occupied.push(Some(occupied));
                self.occupied.len() - 1
            }
        };
        self.count += 1;
        self.listening += usize::from(interest.listening);
        self.hurry(interest.deadline);
        Some(index)
    }

    fn leave(&mut self, index: usize) {
        if let Some(occupied) = self.occupied.get_mut(index).and_then(Option::take) {
            self.count -= 1;
            self.listening -= usize::from(occupied.interest.listening);
        }
    }

    /// Returns whether the task has to wait for something else than before.
    fn update(&mut self, index: usize, interest: WakeInterest) -> bool {
        let Some(Some(occupied)) = self.occupied.get_mut(index) else {
            return false;
        };
        let before = std::mem::replace(&mut occupied.interest, interest);
        let listening = self.listening;
        self.listening =
            listening + usize::from(interest.listening) - usize::from(before.listening);
        self.hurry(interest.deadline) || (listening == 0) != (self.listening == 0)
    }

    /// Returns whether this deadline comes before all others.
    fn hurry(&mut self, deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            return false;
        };
        let earlier = self.due.is_none_or(|due| deadline < due);
        if earlier {
            self.due = Some(deadline);
        }
        earlier
    }

    fn visit(
        &mut self,
        wanted: impl Fn(&WakeInterest) -> bool,
        mut act: impl FnMut(&dyn ShardClient) -> Visited,
        now: Instant,
    ) {
        for index in 0..self.occupied.len() {
            let Some(occupied) = self.occupied[index]
                .as_ref()
                .filter(|one| wanted(&one.interest))
            else {
                continue;
            };
            // A panic ends the connection that it happens in, and none of the others of its shard.
            let visited = catch_unwind(AssertUnwindSafe(|| act(&*occupied.client)));
            let stands = match visited {
                Ok(Visited::Unchanged) => continue,
                Ok(Visited::Stands(stands)) => stands,
                Err(_) => None,
            };
            let mut interest = stands.unwrap_or_else(|| {
                occupied.client.wake();
                WakeInterest::GONE
            });
            interest.deadline = interest
                .deadline
                .map(|deadline| deadline.max(now + LEAST_SLEEP));
            self.update(index, interest);
        }
    }

    fn visit_due(&mut self, now: Instant) {
        let is_due =
            |interest: &WakeInterest| interest.deadline.is_some_and(|deadline| deadline <= now);
        self.visit(is_due, |client| Visited::Stands(client.due()), now);
        let deadlines = self
            .occupied
            .iter()
            .flatten()
            .map(|occupied| occupied.interest.deadline);
        self.due = deadlines.flatten().min();
    }
}

impl WakeInterest {
    /// When a connection that has failed is woken, until its own task has ended it.
    const GONE: Self = Self::NEW;
    /// A connection whose own task has not run yet.
    pub(super) const NEW: Self = Self {
        deadline: None,
        listening: false,
    };
}

impl ShardSlot {
    /// The connection stands otherwise than before.
    pub(super) fn update(&self, interest: WakeInterest) {
        if self.shard.slots().update(self.index, interest) {
            self.shard.changed.notify_one();
        }
    }
}

impl Drop for ShardSlot {
    fn drop(&mut self) {
        let mut slots = self.shard.slots();
        slots.leave(self.index);
        if slots.count == 0 {
            // It may be what a server that stops waits for.
            self.shard.changed.notify_one();
        }
    }
}
