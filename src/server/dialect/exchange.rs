//! One request over HTTP and its answer: a session that says one thing and ends.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::replies;
use crate::auth::Principal;
use crate::bridge::ScreenError;
use crate::hub::{Filter, filtered_view};
use crate::screen::PaneSnapshot;
use crate::server::session::{
    Context, Encode, OpenedPane, Profile, Reply, SnapshotPage, StateSnapshot, Viewpoint,
};
use crate::wire::{ErrorCode, Form, Framed, Listed};

const PROFILE: Profile = Profile {
    endpoint: "http",
    sends_structure: false,
    sends_bookmarks: false,
    confirms_input: true,
    refuses_bytes: true,
    lasts: false,
    answers_pings: true,
    most_in_flight: usize::MAX,
};

/// What a request comes to.
#[derive(Debug, Clone)]
pub(in crate::server) enum Answer {
    /// It is done: JSON text.
    Json(Bytes),
    /// It is done: lines of a screen, with their attributes.
    Lines(Vec<Bytes>),
    /// It is not done.
    Refused {
        code: ErrorCode,
        why: String,
        retry_after_ms: Option<u64>,
    },
}

/// What a snapshot is asked for.
#[derive(Debug)]
pub(in crate::server) enum Listing {
    /// Nothing: the request is answered by a reply.
    Nothing,
    /// Some of what there is.
    All(Listed, Filter),
    /// The alerts that are not over.
    Alerts(Filter),
    /// The screen of one pane, as JSON text.
    Screen,
    /// The screen of one pane, as its lines.
    Lines,
}

/// Where the answer is put. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct AnswerSlot(Arc<Mutex<Option<Answer>>>);

impl AnswerSlot {
    /// The answer, once it is there.
    pub(in crate::server) fn take(&self) -> Option<Answer> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }

    /// Of several answers the first is the one: a request has one.
    fn put(&self, answer: Answer) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(answer);
    }
}

/// How the answer is encoded.
#[derive(Debug)]
pub(in crate::server) struct ExchangeEncoding {
    listing: Listing,
    answer: AnswerSlot,
}

impl ExchangeEncoding {
    pub(in crate::server) fn new(listing: Listing, answer: AnswerSlot) -> Self {
        Self { listing, answer }
    }

    fn screen(&self, context: &Context, snapshot: StateSnapshot<'_>) -> Answer {
        let missing = |error: &ScreenError| {
            let code = match error {
                ScreenError::NoSuchPane => ErrorCode::NotFound,
                ScreenError::Busy => ErrorCode::RateLimited,
                ScreenError::Unavailable => ErrorCode::TmuxUnavailable,
                ScreenError::Recording => ErrorCode::Recording,
                ScreenError::Tmux(_) => ErrorCode::TmuxError,
            };
            refused(code, error.to_string())
        };
        match snapshot.screens.first() {
            None => missing(&ScreenError::NoSuchPane),
            Some((_, Err(error))) => missing(error),
            Some((_, Ok(screen))) if matches!(self.listing, Listing::Lines) => {
                Answer::Lines(screen.lines.clone())
            }
            Some(_) => {
                let at = (snapshot.state, snapshot.seq);
                let screens = replies::screens(&snapshot);
                let encoder = &context.encoder;
                let body =
                    encoder.pane_with_screen(at, snapshot.part, snapshot.principal, &screens);
                body.map_or_else(|| missing(&ScreenError::NoSuchPane), Answer::Json)
            }
        }
    }
}

/// The alerts that are not over, of all that this principal may see.
fn alerts(context: &Context, principal: &Principal, filter: &Filter) -> Answer {
    let (open, seq) = context.hub.open_alerts();
    let seen = open.into_iter().filter_map(|event| {
        let view = filtered_view(&event, principal, filter)?;
        Some((event, view))
    });
    let seen: Vec<_> = seen.collect();
    Answer::Json(context.encoder.alerts(seq, &seen))
}

fn refused(code: ErrorCode, why: String) -> Answer {
    Answer::Refused {
        code,
        why,
        retry_after_ms: None,
    }
}

/// What is not sent, since nobody reads it.
fn nothing() -> Framed {
    Framed::built(Bytes::new())
}

impl Encode for ExchangeEncoding {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn message(&self, reply: &Reply<'_>) -> Framed {
        match *reply {
            // They answer nothing.
            Reply::Hello { .. }
            | Reply::Authenticated { .. }
            | Reply::Bookmark { .. }
            | Reply::Shutdown { .. }
            | Reply::Lagged { .. } => {}
            Reply::Error {
                code,
                message,
                retry_after_ms,
                ..
            } => self.answer.put(Answer::Refused {
                code,
                why: message.to_owned(),
                retry_after_ms,
            }),
            _ => self.answer.put(Answer::Json(super::reply_json(reply))),
        }
        nothing()
    }

    fn snapshot(&self, context: &Context, snapshot: StateSnapshot<'_>) -> Framed {
        let answer = match &self.listing {
            Listing::Nothing => return nothing(),
            Listing::All(listed, filter) => Answer::Json(context.encoder.listing(
                *listed,
                (snapshot.state, snapshot.seq),
                (snapshot.part, filter),
                snapshot.principal,
            )),
            Listing::Alerts(filter) => alerts(context, snapshot.principal, filter),
            Listing::Screen | Listing::Lines => self.screen(context, snapshot),
        };
        self.answer.put(answer);
        nothing()
    }

    fn form(&self) -> Form {
        Form::Json
    }

    fn opened(&mut self, _: Viewpoint<'_>, _: OpenedPane<'_>) -> Framed {
        nothing()
    }

    fn snapshot_follows(
        &mut self,
        _: Viewpoint<'_>,
        _: &PaneSnapshot,
        _: Option<u64>,
        _: u64,
    ) -> Option<Framed> {
        None
    }

    fn page(&self, _: &Context, _: SnapshotPage<'_>) -> Vec<Framed> {
        Vec::new()
    }
}
