//! The log's one writer and its shared state.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};

use super::archive::{Archive, ArchiveError, Archived, READS, SeqRange};
use super::context::context_of;
use super::lost::{Lost, Resumed};
use super::open_alerts::OpenAlerts;
use super::printing::{Printer, Printing, PrintsIn};
use super::published::{EventContext, Published, Stamp};
use super::reader::{Heads, NotRecoverable, Position, Reader, Since};
use super::redaction_filter::{Redaction, RedactionFilter};
use super::ring::{Behind, Found, HistoryLimits, Ring};
use super::wants::{ResourcesWanted, ResourcesWish};
use crate::ids::{Epoch, PaneId, Seq};
use crate::model::{Change, State, Visibility};

/// The event log and the state that it leads to. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Hub(Arc<HubInner>);

#[derive(Debug)]
struct HubInner {
    epoch: Epoch,
    log: Mutex<Log>,
    head: watch::Sender<Seq>,
    /// Places that an earlier run may have published and nobody can be given.
    lost: Lost,
    offsets: (Vec<(PaneId, u64)>, u64),
    printing: Printing,
    resources: watch::Sender<ResourcesWanted>,
    archive_reads: Semaphore,
}

/// What one lock guards: the state is always the one that the events up to the head lead to.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) ring: Ring,
    state: Arc<State>,
    open_alerts: OpenAlerts,
    published: BTreeMap<&'static str, u64>,
    /// What those see from whom secrets are kept; nothing while they are kept from nobody.
    redaction_filter: Option<Box<RedactionFilter>>,
    /// Room for the copies of one change.
    split: Vec<Change>,
    /// What readers fall back to for places that the ring has let go.
    archive: Option<Arc<dyn Archive>>,
}

/// Figures about the log, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFigures {
    /// The place of the newest event.
    pub head: Seq,
    /// Events that are kept.
    pub kept: usize,
    /// Bytes that count against the bound.
    pub bytes: usize,
    /// How many events of each type were ever published.
    pub published: BTreeMap<&'static str, u64>,
}

impl Hub {
    /// An empty log of this name.
    #[must_use]
    pub fn new(limits: HistoryLimits, epoch: Epoch) -> Self {
        Self::redacting(limits, epoch, None)
    }

    /// An empty log of this name that keeps secrets from those who ask for that.
    #[must_use]
    pub fn redacting(limits: HistoryLimits, epoch: Epoch, redaction: Option<Redaction>) -> Self {
        Self::resumed(limits, epoch, redaction, Resumed::default())
    }

    /// The log of this name that an earlier run began.
    #[must_use]
    pub fn resumed(
        limits: HistoryLimits,
        epoch: Epoch,
        redaction: Option<Redaction>,
        resumed: Resumed,
    ) -> Self {
        let Resumed {
            after,
            state,
            lost,
            offsets,
            unknown,
        } = resumed;
        let mut filter = redaction.map(|redaction| Box::new(RedactionFilter::new(redaction)));
        if let Some(filter) = &mut filter {
            filter.enter(&state);
        }
        let log = Log {
            ring: Ring::new(limits, after),
            state,
            open_alerts: OpenAlerts::default(),
            published: BTreeMap::new(),
            redaction_filter: filter,
            split: Vec::new(),
            archive: None,
        };
        let head = watch::Sender::new(after);
        Self(Arc::new(HubInner {
            epoch,
            lost: Lost::new(lost),
            offsets: (offsets, unknown),
            log: Mutex::new(log),
            head,
            printing: Printing::default(),
            resources: watch::Sender::default(),
            archive_reads: Semaphore::new(READS),
        }))
    }

    /// Behind which offset each pane goes on that an earlier run knew, and all others that were there before this one.
    #[must_use]
    pub fn offsets(&self) -> (&[(PaneId, u64)], u64) {
        let (known, unknown) = &self.0.offsets;
        (known, *unknown)
    }

    /// What may have been published right before the place from which this run goes on, and is lost.
    #[must_use]
    pub fn lost_before(&self, place: Seq) -> Option<SeqRange> {
        self.0.lost.up_to(place)
    }

    /// From now on readers fall back to this archive. It has to keep what is published until the history lets it go.
    pub fn archive_in(&self, archive: Arc<dyn Archive>) {
        self.lock().archive = Some(archive);
    }

    /// The log's name.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        &self.0.epoch
    }

    /// Appends changes and replaces the state that they lead to, in one step that no reader sees half of.
    ///
    /// Only the bridge publishes: the log has one writer. `state` is `None` when the changes leave it as it is, as
    /// output does.
    pub fn publish(
        &self,
        changes: impl IntoIterator<Item = Change>,
        state: Option<Arc<State>>,
        stamp: Stamp,
    ) -> Seq {
        let mut log = self.lock();
        let before = log.ring.head();
        match &log.redaction_filter {
            None => log.append(changes, state, stamp),
            Some(_) => log.append_filtered(changes, state, stamp),
        }
        self.moved(log, before, stamp)
    }

    /// What secrets are kept, if they are kept from anybody.
    #[must_use]
    pub fn redaction(&self) -> Option<Redaction> {
        let log = self.lock();
        log.redaction_filter
            .as_ref()
            .map(|filter| filter.redaction().clone())
    }

    /// When [`Self::release_due`] is wanted next: output is held back from those from whom secrets are kept.
    #[must_use]
    pub fn held_until(&self) -> Option<Instant> {
        self.lock().redaction_filter.as_ref()?.due()
    }

    /// Lets go the output that was held back for as long as it may be. Only the bridge does, as it publishes.
    pub fn release_due(&self, now: Instant, stamp: Stamp) {
        self.release(stamp, |filter| filter.release_due(now));
    }

    /// Lets go all output that is held back, since what comes next stands behind it.
    pub fn release_all(&self, stamp: Stamp) {
        self.release(stamp, RedactionFilter::release_all);
    }

    fn release(&self, stamp: Stamp, release: impl FnOnce(&mut RedactionFilter) -> Vec<Change>) {
        let mut log = self.lock();
        let Some(filter) = &mut log.redaction_filter else {
            return;
        };
        let released = release(filter);
        let before = log.ring.head();
        log.append(released, None, stamp);
        self.moved(log, before, stamp);
    }

    fn moved(&self, mut log: MutexGuard<'_, Log>, before: Seq, stamp: Stamp) -> Seq {
        log.ring.evict(stamp);
        let head = log.ring.head();
        drop(log);
        if head != before {
            self.0.head.send_replace(head);
        }
        head
    }

    /// The state and the place in the log that it belongs to.
    #[must_use]
    pub fn snapshot(&self) -> (Arc<State>, Seq) {
        let log = self.lock();
        (Arc::clone(&log.state), log.ring.head())
    }

    /// The same as one sees it who may know of secrets or from whom they are kept.
    #[must_use]
    pub fn snapshot_for(&self, redacted: bool) -> (Arc<State>, Seq) {
        let log = self.lock();
        let masked = log.redaction_filter.as_ref().filter(|_| redacted);
        let state = masked.map_or(&log.state, |filter| filter.state());
        (Arc::clone(state), log.ring.head())
    }

    /// The alerts of this run that are not over, as they were raised, and the place in the log at which that is so.
    #[must_use]
    pub fn open_alerts(&self) -> (Vec<Arc<Published>>, Seq) {
        let log = self.lock();
        (log.open_alerts.all(), log.ring.head())
    }

    /// A client prints what it gets, for as long as what this returns lives, if the pane is one that it may see.
    #[must_use]
    pub fn print_in(
        &self,
        prints_in: PrintsIn,
        sees: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Printer {
        self.0.printing.add(prints_in, Arc::new(sees))
    }

    /// The panes in which clients print what they get.
    #[must_use]
    pub fn printed_in(&self) -> BTreeSet<PaneId> {
        self.0.printing.panes(|| self.snapshot().0)
    }

    /// Somebody wants to know of resources, for as long as what this returns lives.
    #[must_use]
    pub fn want_resources(&self) -> ResourcesWish {
        ResourcesWish::new(&self.0.resources)
    }

    /// How many want to know of resources.
    #[must_use]
    pub fn resources_wanted(&self) -> watch::Receiver<ResourcesWanted> {
        self.0.resources.subscribe()
    }

    /// The place of the newest event.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.lock().ring.head()
    }

    /// A reader of what is published from now on.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone(), self.head())
    }

    /// A reader of all that came after a position.
    ///
    /// # Errors
    /// Something that came after it is not kept here, so a reader could not be complete.
    pub fn position(&self, since: &Position) -> Result<Reader, NotRecoverable> {
        if since.epoch != self.0.epoch {
            return Err(NotRecoverable::OtherEpoch);
        }
        let log = self.lock();
        if since.seq > log.ring.head() {
            return Err(NotRecoverable::Future);
        }
        let place = self.0.lost.over(since.seq);
        if place < log.ring.evicted() || self.0.lost.holds(place) {
            return Err(NotRecoverable::Evicted);
        }
        drop(log);
        Ok(Reader::new(self.clone(), place))
    }

    /// What has to be read from the archive first by one who wants the events after a position; nothing if memory holds it,
    /// or if there is no archive.
    #[must_use]
    pub fn archived(&self, since: &Since) -> Option<SeqRange> {
        match since {
            Since::Position(position) if position.epoch == self.0.epoch => {
                self.archived_behind(position.seq)
            }
            Since::Position(_) | Since::Foreign => None,
        }
    }

    /// Reads events from the archive, a bounded number of readers at a time.
    ///
    /// # Errors
    /// There is no archive, or it does not give these events.
    pub async fn read_archive(&self, range: SeqRange) -> Result<Archived, ArchiveError> {
        let failed = |error: tokio::sync::AcquireError| ArchiveError::Failed(error.to_string());
        let _turn = self.0.archive_reads.acquire().await.map_err(failed)?;
        let archive = self.lock().archive.clone().ok_or(ArchiveError::NotKept)?;
        // Whatever goes wrong in an archive ends nobody who reads.
        let read = AssertUnwindSafe(async { archive.read(range).await }).catch_unwind();
        let panicked = |_| Err(ArchiveError::Failed("it panicked".to_owned()));
        range.checked(read.await.unwrap_or_else(panicked)?)
    }

    /// The next page behind a place, if that is older than the history and there is an archive.
    pub(super) fn archived_behind(&self, place: Seq) -> Option<SeqRange> {
        let place = self.over_lost(place);
        let log = self.lock();
        let evicted = log.ring.evicted();
        let is_archived = place < evicted && log.archive.is_some() && !self.0.lost.holds(place);
        is_archived.then(|| SeqRange::page(place, self.0.lost.next(place).min(evicted)))
    }

    /// This place, or where the log goes on if what came behind it is lost.
    pub(super) fn over_lost(&self, place: Seq) -> Seq {
        self.0.lost.over(place)
    }

    /// The head, and when the event right behind a place was read from tmux, if there is one and it was.
    #[must_use]
    pub fn read_behind(&self, place: Seq) -> (Seq, Option<Instant>) {
        let log = self.lock();
        let read_at = match log.ring.after(place) {
            Found::Event(event) => event.read_at(),
            Found::Head | Found::Evicted => None,
        };
        (log.ring.head(), read_at)
    }

    /// The time of the newest event; the beginning of time while there is none.
    #[must_use]
    pub fn newest(&self) -> Timestamp {
        let log = self.lock();
        let newest = log.ring.newest_first().next();
        newest.map_or(Timestamp::UNIX_EPOCH, |event| event.at)
    }

    /// How much lies behind a place.
    #[must_use]
    pub fn behind(&self, place: Seq) -> Behind {
        self.lock().ring.behind(place)
    }

    /// The bounds of what is kept.
    #[must_use]
    pub fn limits(&self) -> HistoryLimits {
        self.lock().ring.limits()
    }

    /// The place behind which all is kept in memory.
    #[must_use]
    pub fn oldest(&self) -> Seq {
        self.lock().ring.evicted()
    }

    /// A reader of what comes behind a place, whether it is kept or not.
    #[must_use]
    pub fn reader_behind(&self, place: Seq) -> Reader {
        Reader::new(self.clone(), place)
    }

    /// A position of this log.
    #[must_use]
    pub fn position_at(&self, seq: Seq) -> Position {
        Position {
            epoch: self.0.epoch.clone(),
            seq,
        }
    }

    /// The log's figures.
    #[must_use]
    pub fn figures(&self) -> HubFigures {
        let log = self.lock();
        HubFigures {
            head: log.ring.head(),
            kept: log.ring.len(),
            bytes: log.ring.bytes(),
            published: log.published.clone(),
        }
    }

    pub(super) fn after(&self, place: Seq) -> Found {
        self.lock().ring.after(place)
    }

    /// All events behind a place, if memory has them and there are no more than so many.
    #[must_use]
    pub fn all_after(&self, mut place: Seq, most: usize) -> Option<Vec<Arc<Published>>> {
        let log = self.lock();
        let mut events = Vec::new();
        loop {
            match log.ring.after(place) {
                Found::Event(_) if events.len() == most => return None,
                Found::Event(event) => {
                    place = event.seq;
                    events.push(event);
                }
                Found::Head => return Some(events),
                Found::Evicted => return None,
            }
        }
    }

    /// Tells when something is published from now on.
    #[must_use]
    pub fn heads(&self) -> Heads {
        Heads::new(self.head_watch())
    }

    pub(super) fn head_watch(&self) -> watch::Receiver<Seq> {
        self.0.head.subscribe()
    }

    /// What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn append(
        &mut self,
        changes: impl IntoIterator<Item = Change>,
        state: Option<Arc<State>>,
        stamp: Stamp,
    ) {
        for change in changes {
            let context = context_of(&change, state.as_ref(), &self.state);
            self.push(stamp, change, context);
        }
        if let Some(state) = state {
            self.state = state;
        }
    }

    /// The same, each change with its visibility.
    fn append_filtered(
        &mut self,
        changes: impl IntoIterator<Item = Change>,
        state: Option<Arc<State>>,
        stamp: Stamp,
    ) {
        let Some(mut filter) = self.redaction_filter.take() else {
            return;
        };
        let old = Arc::clone(filter.state());
        let masked = state.as_ref().map(|state| filter.enter(state));
        let differs = state.as_ref().zip(masked.as_ref());
        let differs = differs.is_some_and(|(state, masked)| !Arc::ptr_eq(state, masked));
        let mut split = std::mem::take(&mut self.split);
        for change in changes {
            filter.split(change, stamp.read_at, differs, &mut split);
            for change in split.drain(..) {
                let mut context = context_of(&change, state.as_ref(), &self.state);
                let masked = context_of(&change, masked.as_ref(), &old);
                if change.visibility == Visibility::Redacted {
                    context = masked;
                } else if masked.window_name != context.window_name {
                    context.masked_name = masked.window_name;
                }
                self.push(stamp, change, context);
            }
        }
        (self.redaction_filter, self.split) = (Some(filter), split);
        if let Some(state) = state {
            self.state = state;
        }
    }

    fn push(&mut self, stamp: Stamp, change: Change, context: EventContext) {
        // What stands in the log twice counts once.
        if change.visibility != Visibility::Redacted {
            *self.published.entry(change.kind.label()).or_default() += 1;
        }
        let is_of_alert = OpenAlerts::concerns(&change.kind);
        self.ring.push(stamp, change, context);
        if is_of_alert && let Some(event) = self.ring.newest_first().next() {
            self.open_alerts.note(event);
        }
    }
}
