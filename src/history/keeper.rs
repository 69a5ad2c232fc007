//! The thread that writes: it commits what was gathered, keeps what can't be written, and sets a damaged file aside.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::batch::{self, Batch, Gap, Keys};
use super::error::StoreError;
use super::pane::PaneRules;
use super::previous::last_lines;
use super::retention::{self, Bounds, Joiner};
use super::settings::{Counts, Message, Secrets, Settings};
use super::store::Store;
use super::writer::{Gatherer, Rules};
use crate::glob::NamePattern;
use crate::hub::SeqRange;
use crate::ids::{Epoch, PaneId, Seq};
use crate::redact;
use crate::wire::Encoder;

/// How long what was gathered waits for its commit.
const COMMIT: Duration = Duration::from_millis(400);
/// From how many gathered bytes on a commit comes at once.
const COMMIT_BYTES: usize = 4 << 20;
/// How long a file that can't be written is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// How much waits for a file that can't be written. Beyond it, the oldest is a gap.
const BACKLOG: usize = 16 << 20;

/// What an earlier run left of the tmux server: which it was, and where each of its panes goes on.
pub(super) type Left = Option<((u32, u64), Vec<(PaneId, u64)>)>;

/// What the thread works with.
pub(super) struct Keeper {
    store: Store,
    keys: Keys,
    settings: Settings,
    epoch: Epoch,
    after: Seq,
    previous: Left,
    counts: Arc<Counts>,
    wishes: mpsc::UnboundedSender<PaneId>,
    /// What could not be written yet.
    backlog: VecDeque<Batch>,
    tried_at: Option<Instant>,
    joiner: Joiner,
}

impl Keeper {
    pub(super) fn new(
        (store, settings): (Store, Settings),
        (epoch, after, run): (Epoch, Seq, (i64, i64)),
        previous: Left,
        (counts, wishes): (Arc<Counts>, mpsc::UnboundedSender<PaneId>),
    ) -> Self {
        Self {
            store,
            keys: Keys::new(run.0, run.1),
            settings,
            epoch,
            after,
            previous,
            counts,
            wishes,
            backlog: VecDeque::new(),
            tried_at: None,
            joiner: Joiner::default(),
        }
    }

    /// Works until nobody gives it anything any more.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let mut gatherer = self.gatherer();
        let mut due: Option<Instant> = None;
        loop {
            let wait = match due {
                Some(due) => due.saturating_duration_since(Instant::now()),
                None if gatherer.is_waiting() || !self.backlog.is_empty() => RETRY,
                None => Duration::from_secs(3600),
            };
            match messages.recv_timeout(wait) {
                Ok(Message::Flush(done)) => {
                    self.commit(&mut gatherer);
                    self.wish(&mut gatherer);
                    due = None;
                    // Who asked may have stopped to wait.
                    let _ = done.send(());
                    continue;
                }
                Ok(message) => {
                    self.take(&mut gatherer, message);
                    due = due.or_else(|| Some(Instant::now() + COMMIT));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let is_due = due.is_none_or(|due| due <= Instant::now());
            if is_due || gatherer.raw() >= COMMIT_BYTES {
                self.commit(&mut gatherer);
                due = None;
            }
            // Some come of the commit, and nothing else may follow for long.
            self.wish(&mut gatherer);
        }
        self.commit(&mut gatherer);
        self.end();
    }

    /// Asks for the snapshots that are wanted.
    fn wish(&self, gatherer: &mut Gatherer) {
        for pane in gatherer.wishes() {
            // Nobody takes them while there is no sink.
            let _ = self.wishes.send(pane);
        }
    }

    fn gatherer(&mut self) -> Gatherer {
        let (own, defaults) = &self.settings.rules;
        // They have been checked with the settings.
        let rules = redact::Rules::new(own, *defaults).inspect_err(|error| {
            tracing::error!(%error, "the rules for secrets can't be used: no output is kept");
        });
        let unusable = rules.is_err();
        let rules = rules.ok().filter(|rules| !rules.is_empty());
        let mut exclude = self.settings.exclude.clone();
        if unusable {
            exclude.extend(NamePattern::new("*"));
        }
        let rules = Rules {
            panes: PaneRules {
                rules: rules.map(Arc::new),
                keeps_secrets: self.settings.secrets == Secrets::Keep,
            },
            exclude,
        };
        let encoder = Encoder::new(&self.settings.host, &self.epoch);
        let mut gatherer = Gatherer::new(rules, encoder, self.after);
        if let Some((server, offsets)) = self.previous.take() {
            gatherer.resume(server, &offsets);
        }
        gatherer
    }

    fn take(&self, gatherer: &mut Gatherer, message: Message) {
        let failed = |error: &StoreError| {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, "an event can't be kept");
        };
        match message {
            Message::Event(event, _room) => {
                if let Err(error) = gatherer.event(&event) {
                    failed(&error);
                    let after = Seq(event.seq.0.saturating_sub(1));
                    let until = event.seq;
                    gatherer.missed(SeqRange { after, until }, "form");
                }
            }
            Message::Missed(range) => {
                let lost = range.until.0.saturating_sub(range.after.0);
                self.counts.lost.fetch_add(lost, Ordering::Relaxed);
                gatherer.missed(range, "missed");
            }
            Message::State(state, seq) => {
                if let Err(error) = gatherer.state(&state, seq) {
                    failed(&error);
                }
            }
            Message::Seed(pane, snapshot) => {
                self.remember(gatherer, pane);
                gatherer.seed(pane, &snapshot);
            }
            Message::Unseen(pane) => gatherer.unseen(pane),
            Message::Flush(_) => {}
        }
    }

    /// What stands on a pane's first screen may be lines of an earlier run.
    fn remember(&self, gatherer: &mut Gatherer, pane: PaneId) {
        let Some(name) = gatherer.fresh(pane) else {
            return;
        };
        match last_lines(&self.store.connection, name) {
            Ok(chunks) => gatherer.remember(pane, &chunks),
            Err(error) => {
                tracing::warn!(%error, %pane, "lines on the screen may be found twice: those of before can't be read");
            }
        }
    }

    /// Writes what was gathered, or keeps it until it can be written.
    fn commit(&mut self, gatherer: &mut Gatherer) {
        let now = Timestamp::now().as_millisecond();
        let batch = gatherer.batch(now);
        self.counts
            .unread
            .store(gatherer.unread(), Ordering::Relaxed);
        if !batch.is_empty() {
            self.backlog.push_back(batch);
        }
        let waits = self.tried_at.is_some_and(|at| at.elapsed() < RETRY);
        if !waits || self.backlog.len() == 1 && self.tried_at.is_none() {
            self.write_backlog(now);
        }
        self.bound_backlog();
    }

    fn write_backlog(&mut self, now: i64) {
        while let Some(batch) = self.backlog.pop_front() {
            match self.write(&batch, now) {
                Ok(()) => self.tried_at = None,
                Err(error) => {
                    self.backlog.push_front(batch);
                    self.failed(&error);
                    return;
                }
            }
        }
    }

    fn write(&mut self, batch: &Batch, now: i64) -> Result<(), StoreError> {
        let transaction = self.store.connection.transaction()?;
        let written = batch::write(&transaction, &mut self.keys, batch)?;
        let bounds = Bounds {
            bytes: self.settings.max_bytes,
            oldest: now - i64::try_from(self.settings.max_age.as_millis()).unwrap_or(i64::MAX),
        };
        self.joiner.note(batch);
        self.joiner.step(&transaction, &self.keys, now)?;
        let size = retention::step(&transaction, bounds)?;
        transaction.commit()?;
        let counts = &self.counts;
        if let Some((_, last)) = batch.places {
            counts.written.store(last, Ordering::Release);
        }
        let add = |count: &AtomicU64, more| count.fetch_add(more, Ordering::Relaxed);
        add(&counts.events, written.events);
        add(&counts.lines, written.lines);
        add(&counts.printed, written.printed);
        add(&counts.stored, written.stored);
        counts.size.store(size, Ordering::Relaxed);
        Ok(())
    }

    fn failed(&mut self, error: &StoreError) {
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        // What it named may be gone with the transaction.
        self.keys = Keys::new(self.keys.epoch, self.keys.run);
        if self.tried_at.is_none() {
            tracing::error!(%error, path = %self.store.path.display(), "the history can't be written, and is tried again");
        }
        self.tried_at = Some(Instant::now());
        if error.is_damage() {
            self.begin_anew();
        }
    }

    /// The file is damaged: it is set aside, and another one begun with what comes now.
    fn begin_anew(&mut self) {
        let first = self.backlog.front().and_then(|batch| batch.places);
        let after = Seq(first.map_or(self.after.0, |(after, _)| after));
        let begun = self.store.begin_anew().and_then(|aside| {
            tracing::error!(moved_to = %aside.display(), "the history was damaged: it was set aside, and a new one is begun");
            retention::begin_run(
                &mut self.store,
                &self.epoch,
                &self.settings.host,
                (after, None),
            )
        });
        match begun {
            Ok((epoch, run)) => {
                self.keys = Keys::new(epoch, run);
                self.joiner = Joiner::default();
                self.tried_at = None;
            }
            Err(error) => tracing::error!(%error, "no new history can be begun"),
        }
    }

    /// Lets the oldest go, if more waits than may.
    fn bound_backlog(&mut self) {
        let mut size: usize = self.backlog.iter().map(Batch::size).sum();
        while size > BACKLOG && self.backlog.len() > 1 {
            let Some(oldest) = self.backlog.pop_front() else {
                return;
            };
            size -= oldest.size();
            let (after, until) = oldest.places.unwrap_or_default();
            self.counts
                .lost
                .fetch_add(until.saturating_sub(after), Ordering::Relaxed);
            if let Some(next) = self.backlog.front_mut() {
                next.gaps.push(Gap {
                    after,
                    until,
                    at: oldest.at,
                    reason: "disk",
                });
                let last = next.places.map_or(until, |(_, last)| last);
                next.places = Some((after, last));
                // What is known of panes is not said again.
                let mut panes = oldest.panes;
                panes.append(&mut next.panes);
                next.panes = panes;
            }
        }
    }

    fn end(mut self) {
        if !self.backlog.is_empty() {
            self.write_backlog(Timestamp::now().as_millisecond());
        }
        let is_whole = self.backlog.is_empty();
        let ended = retention::end_run(&self.store, &self.keys, is_whole);
        if let Err(error) = ended {
            tracing::warn!(%error, "the end of this run can't be written into the history");
        }
    }
}
