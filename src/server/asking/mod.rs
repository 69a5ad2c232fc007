//! Questions about what happened, and their answers out of the history on disk.
//!
//! Each row of an answer is judged for the one who asks, as events are when they are delivered: by the places where it was seen
//! then. A question runs on the reader's threads, is bounded in time, and ends when nobody waits for it any more, so that no
//! client ever waits for another one's question.
//!
//! What was published is written a little later. Before a question is answered, all that had been published when it came is
//! written, and the answer says up to which position that is.

mod events;
mod panes;
mod report;
mod search;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::clock::today;
use super::services::Services;
use crate::auth::Principal;
use crate::glob::NamePattern;
use crate::history::{
    EventCursor, KnownPane, Order, Pattern, Reader, Recorder, StoreError, TimeLimit,
};
use crate::hub::Filter;
use crate::ids::{PaneId, Seq};
use crate::model::{Audience, Place};
use crate::wire::ErrorCode;
use crate::wire::severity::Severity;

pub(in crate::server) use self::events::{
    HistoryAnswer, ListedEvent, read_cursor as read_event_cursor,
};
pub(in crate::server) use self::panes::{ReplayItem, ReplayPage, ReplayedChange, ScreenAnswer};
pub(in crate::server) use self::report::DigestReport;
pub(in crate::server) use self::search::{Hit, SearchAnswer, read_cursor as read_line_cursor};

/// How long a question may take on the reader's threads.
const LIMIT: Duration = Duration::from_secs(2);

/// How long it may take with its wait for a turn, and for what is being written.
const WHOLE_LIMIT: Duration = Duration::from_secs(5);

/// How long the writing of what had been published is waited for.
const WRITING: Duration = Duration::from_secs(1);

/// The history, as the server asks it.
#[derive(Debug, Clone)]
pub struct HistoryAccess {
    /// Answers questions.
    pub reader: Reader,
    /// Writes what is published.
    pub recorder: Recorder,
}

/// A time, as clients say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum When {
    At(Timestamp),
    /// So long before now.
    Ago(Duration),
}

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::server) struct HistoryQuestion {
    /// As the store takes them: each list, or nothing for all.
    pub(in crate::server) types: Vec<String>,
    pub(in crate::server) sessions: Vec<String>,
    pub(in crate::server) panes: Vec<PaneId>,
    pub(in crate::server) agents: Vec<String>,
    /// The same as for live events, by which each is judged.
    pub(in crate::server) filter: Filter,
    pub(in crate::server) from: Option<When>,
    pub(in crate::server) to: Option<When>,
    pub(in crate::server) after: Option<EventCursor>,
    pub(in crate::server) before: Option<EventCursor>,
    pub(in crate::server) order: Order,
    pub(in crate::server) limit: usize,
}

/// Which lines are wanted.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::server) struct SearchQuestion {
    pub(in crate::server) pattern: Pattern,
    pub(in crate::server) sessions: Vec<NamePattern>,
    pub(in crate::server) panes: Vec<PaneId>,
    pub(in crate::server) severity: Option<Severity>,
    pub(in crate::server) from: Option<When>,
    pub(in crate::server) to: Option<When>,
    pub(in crate::server) before: Option<u64>,
    pub(in crate::server) limit: usize,
}

/// Which screen is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct ScreenQuestion {
    pub(in crate::server) pane: PaneId,
    pub(in crate::server) at: When,
    pub(in crate::server) offset: Option<u64>,
}

/// Of which time and of which agents a digest is wanted.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::server) struct DigestQuestion {
    pub(in crate::server) since: When,
    pub(in crate::server) to: Option<When>,
    /// Of which sessions and agents.
    pub(in crate::server) filter: Filter,
}

/// Where a replay is to begin: a pane, and a time in which it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct ReplayBeginning {
    pub(in crate::server) pane: PaneId,
    pub(in crate::server) from: When,
    pub(in crate::server) to: Option<When>,
}

/// What a replay needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum ReplayQuestion {
    /// The pane, and its screen when the replay begins.
    Begin(ReplayBeginning),
    /// The screen at another time.
    Seek {
        pane: i64,
        to: When,
        /// The time in which it plays, in milliseconds.
        within: (i64, i64),
    },
    /// What was printed from an offset on, and up to a time.
    More {
        pane: i64,
        from: u64,
        /// The place and the time behind which new sizes count.
        after: u64,
        since: i64,
        to: i64,
    },
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::server) enum Question {
    History(Box<HistoryQuestion>),
    Search(Box<SearchQuestion>),
    Screen(ScreenQuestion),
    Digest(Box<DigestQuestion>),
}

impl Question {
    /// What the audit log calls it.
    pub(in crate::server) fn name(&self) -> &'static str {
        match self {
            Self::History(_) => "history",
            Self::Search(_) => "search",
            Self::Screen(_) => "screen",
            Self::Digest(_) => "digest",
        }
    }
}

/// An answer, and the place in the log that it goes up to.
#[derive(Debug)]
pub(in crate::server) struct Answered {
    pub(in crate::server) answer: Answer,
    pub(in crate::server) known_to: Seq,
}

/// What is answered.
#[derive(Debug)]
pub(in crate::server) enum Answer {
    History(HistoryAnswer),
    Search(SearchAnswer),
    Screen(Box<ScreenAnswer>),
    Digest(Box<DigestReport>),
}

/// Why there is no answer.
pub(in crate::server) type NoAnswer = (ErrorCode, String);

/// A question that is under way, as the one sees it who asked. It ends when this is dropped.
#[derive(Debug, Default)]
pub(in crate::server) struct Waiting(CancellationToken);

/// The same as the one sees it who answers.
#[derive(Debug, Clone)]
pub(in crate::server) struct Wanted(CancellationToken);

impl Waiting {
    /// For the one who answers.
    pub(in crate::server) fn wanted(&self) -> Wanted {
        Wanted(self.0.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Wanted {
    /// A question that nobody can cancel but by going.
    pub(in crate::server) fn by_nobody_else() -> Self {
        Self(CancellationToken::new())
    }
}

impl When {
    /// In milliseconds since 1970.
    fn millis(self, now: Timestamp) -> i64 {
        match self {
            Self::At(at) => at.as_millisecond(),
            Self::Ago(span) => {
                let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
                now.as_millisecond().saturating_sub(span)
            }
        }
    }
}

/// Who asks, and whom.
struct Asker<'a> {
    principal: &'a Principal,
    reader: Reader,
    now: Timestamp,
}

/// Answers a question, as far as this principal may know of it.
pub(in crate::server) async fn answer(
    services: &Services,
    principal: &Principal,
    question: Question,
    wanted: Wanted,
) -> Result<Answered, NoAnswer> {
    within(wanted, async {
        let (asker, known_to) = Asker::new(services, principal).await?;
        let answer = match question {
            Question::History(question) => Answer::History(asker.history(*question).await?),
            Question::Search(question) => Answer::Search(asker.search(*question).await?),
            Question::Screen(question) => Answer::Screen(Box::new(asker.screen(question).await?)),
            Question::Digest(question) => Answer::Digest(Box::new(asker.digest(*question).await?)),
        };
        Ok(Answered { answer, known_to })
    })
    .await
}

/// Gives a replay what it needs next.
pub(in crate::server) async fn replay(
    services: &Services,
    principal: &Principal,
    question: ReplayQuestion,
    wanted: Wanted,
) -> Result<ReplayPage, NoAnswer> {
    within(wanted, async {
        let (asker, _) = Asker::new(services, principal).await?;
        asker.replay(question).await
    })
    .await
}

/// The outcome, unless it takes too long or nobody wants it any more.
async fn within<T>(
    wanted: Wanted,
    answered: impl Future<Output = Result<T, NoAnswer>>,
) -> Result<T, NoAnswer> {
    let bounded = time::timeout(WHOLE_LIMIT, answered);
    match wanted.0.run_until_cancelled(bounded).await {
        Some(Ok(answered)) => answered,
        Some(Err(_)) => Err(no_answer(&StoreError::TooLong)),
        None => Err(no_answer(&StoreError::Cancelled)),
    }
}

impl<'a> Asker<'a> {
    /// Waits until what was published is written; with the place up to which it is.
    async fn new(services: &Services, principal: &'a Principal) -> Result<(Self, Seq), NoAnswer> {
        let Some(access) = &services.history else {
            let why = "no history is kept here: muxwire keeps one with history.enabled = true, and its log says why if it does not";
            return Err((ErrorCode::HistoryOff, why.to_owned()));
        };
        let head = services.context.hub.head();
        let written = time::timeout(WRITING, access.recorder.flushed(head));
        if written.await.is_err() {
            tracing::debug!("the disk is slow: what was published last is not in the answer");
        }
        let known_to = access.recorder.written().min(head);
        let asker = Self {
            principal,
            reader: access.reader.within(TimeLimit(LIMIT)),
            now: today(),
        };
        Ok((asker, known_to))
    }

    /// Where the one who asks saw what a pane printed, if anywhere that is wanted: one of the places that stand with it, else where
    /// the pane was last.
    fn seen(
        &self,
        audience: Option<&Audience>,
        pane: &KnownPane,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<Place> {
        match audience {
            Some(Audience::Places(places)) => self.place(places, is_wanted).cloned(),
            Some(Audience::Everyone | Audience::Unscoped) | None => {
                let place = Place {
                    session: pane.session_id.parse().ok()?,
                    session_name: Arc::from(&*pane.session),
                    window: None,
                };
                self.place(std::slice::from_ref(&place), is_wanted).cloned()
            }
        }
    }

    /// The first of these places that the one who asks may see and that is wanted.
    fn place<'p>(
        &self,
        places: &'p [Place],
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<&'p Place> {
        places.iter().find(|place| {
            self.principal.sees(&place.session_name) && is_wanted(&place.session_name)
        })
    }
}

/// Why the store has no answer, for the one who asked.
fn no_answer(error: &StoreError) -> NoAnswer {
    let code = match error {
        StoreError::TooLong => {
            let why = "the question takes longer than it may: ask for a shorter time, for fewer panes or sessions, \
                       or for words instead of a regular expression";
            return (ErrorCode::HistoryTimeout, why.to_owned());
        }
        StoreError::Cancelled => ErrorCode::Cancelled,
        StoreError::Busy => ErrorCode::RateLimited,
        StoreError::NotKept => ErrorCode::NotFound,
        StoreError::Question(_) => ErrorCode::InvalidMessage,
        error => {
            tracing::warn!(%error, "a question about the history is not answered");
            let why = "the history can't be read now; muxwire's log says why";
            return (ErrorCode::HistoryUnavailable, why.to_owned());
        }
    };
    (code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_back_from_now() {
        let now = Timestamp::from_millisecond(10_000).unwrap_or_default();
        let at = Timestamp::from_millisecond(5).unwrap_or_default();
        assert_eq!(When::At(at).millis(now), 5);
        assert_eq!(When::Ago(Duration::from_secs(3)).millis(now), 7000);
        assert!(When::Ago(Duration::from_millis(u64::MAX)).millis(now) < 0);
    }
}
