//! The sums of the last hours, kept up to date when somebody asks: out of the history on disk, or of the log where none is kept.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time;

use super::asking::{HistoryAccess, NoAnswer};
use super::clock::today;
use super::services::Services;
use crate::auth::Principal;
use crate::history::{EventCursor, EventQuery, Order, StoreError};
use crate::hub::{Next, Reader, Viewer as _};
use crate::ids::Seq;
use crate::metering::{Activity, Hours, MOST_HOURS, Meter, Overview, SessionSums};
use crate::model::Audience;
use crate::wire::ErrorCode;

/// What is read of the history.
const TYPES: [&str; 5] = ["agent.*", "task.*", "cost.*", "tool.*", "alert"];

/// So many events are read at a time.
const ROWS: usize = 1000;

/// How much earlier than any sum the reading begins, in hours: what agents had used by then is no part of it.
const BEFORE: u32 = 24;

/// How long the writing of what had been published is waited for.
const WRITING: Duration = Duration::from_secs(1);

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// The sums, for those who see all as it is and for those from whom secrets are kept.
#[derive(Debug)]
pub(super) struct Metering {
    kept: [Mutex<Kept>; 2],
    /// One at a time reads what is new, which is then there for all.
    turn: Semaphore,
}

#[derive(Debug, Default)]
struct Kept {
    meter: Meter,
    /// Up to here the log is in it.
    head: Option<Seq>,
    /// The last row of the history that is in it.
    after: Option<EventCursor>,
    /// Where it goes on in the log, if no history is kept.
    reader: Option<Reader>,
}

/// All that dashboards show.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) overview: Overview,
    pub(super) sessions: SessionSums,
    pub(super) activity: Vec<Activity>,
    /// When, in milliseconds since 1970.
    pub(super) at: i64,
}

impl Default for Metering {
    fn default() -> Self {
        Self {
            kept: Default::default(),
            turn: Semaphore::new(1),
        }
    }
}

impl Metering {
    /// The sums of the last hours, of what this principal sees.
    pub(super) async fn figures(
        &self,
        services: &Services,
        principal: &Principal,
        hours: Hours,
    ) -> Result<Figures, NoAnswer> {
        let redacted = principal.is_redacted();
        self.catch_up(services, redacted).await?;
        let at = today().as_millisecond();
        let sees = |audience: &Audience| match audience {
            Audience::Everyone => true,
            Audience::Unscoped => principal.sees_all(),
            Audience::Places(places) => places
                .iter()
                .any(|place| principal.sees(&place.session_name)),
        };
        let kept = self.lock(redacted);
        Ok(Figures {
            overview: kept.meter.overview(at, hours, &sees),
            sessions: kept.meter.sessions(at, hours, &sees),
            activity: kept.meter.activity(at, hours, &sees),
            at,
        })
    }

    /// What the lock guards is whole after each event, so a panic elsewhere leaves it usable.
    fn lock(&self, redacted: bool) -> std::sync::MutexGuard<'_, Kept> {
        let kept = self.kept[usize::from(redacted)].lock();
        kept.unwrap_or_else(PoisonError::into_inner)
    }

    async fn catch_up(&self, services: &Services, redacted: bool) -> Result<(), NoAnswer> {
        let turn = self.turn.acquire().await;
        let _turn = turn.map_err(|error| (ErrorCode::HistoryUnavailable, error.to_string()))?;
        let head = services.context.hub.head();
        if self.lock(redacted).head == Some(head) {
            return Ok(());
        }
        let is_whole = match &services.history {
            Some(access) => self.read_history(access, head, redacted).await?,
            None => {
                self.read_log(services, redacted);
                true
            }
        };
        let mut kept = self.lock(redacted);
        kept.head = is_whole.then_some(head);
        kept.meter.forget(today().as_millisecond());
        Ok(())
    }

    /// Reads on in the history. Returns whether all up to the head is in it: what is not written in time is in the next sums.
    async fn read_history(
        &self,
        access: &HistoryAccess,
        head: Seq,
        redacted: bool,
    ) -> Result<bool, NoAnswer> {
        let written = time::timeout(WRITING, access.recorder.flushed(head)).await;
        let span = i64::from(MOST_HOURS + BEFORE) * HOUR;
        let mut query = EventQuery {
            types: TYPES.map(ToOwned::to_owned).into(),
            from: Some(today().as_millisecond() - span),
            after: self.lock(redacted).after,
            order: Order::OldestFirst,
            limit: ROWS,
            redacted,
            ..EventQuery::default()
        };
        loop {
            let page = access.reader.events(query.clone()).await;
            let page = page.map_err(|error| unread(&error))?;
            let mut kept = self.lock(redacted);
            for row in &page.events {
                if let Some(event) = &row.event {
                    kept.meter.take(row.cursor.at, &event.change);
                }
                kept.after = Some(row.cursor);
            }
            query.after = kept.after;
            drop(kept);
            if !page.more {
                return Ok(written.is_ok());
            }
        }
    }

    /// Reads on in the log. What it has let go since somebody asked last is not in the sums.
    fn read_log(&self, services: &Services, redacted: bool) {
        let hub = &services.context.hub;
        let mut kept = self.lock(redacted);
        let Kept { meter, reader, .. } = &mut *kept;
        let reader = reader.get_or_insert_with(|| hub.reader_behind(hub.oldest()));
        loop {
            match reader.pull() {
                Next::Event(event) => {
                    if event.change.visibility.see(redacted) {
                        meter.take(event.at.as_millisecond(), &event.change);
                    }
                }
                Next::Head => return,
                Next::Archived(_) | Next::Evicted => {
                    reader.skip();
                }
            }
        }
    }
}

fn unread(error: &StoreError) -> NoAnswer {
    tracing::warn!(%error, "what the last hours came to is not known");
    let why = "the history can't be read now; muxwire's log says why";
    (ErrorCode::HistoryUnavailable, why.to_owned())
}
