//! Events that clients add to the log: what they may emit, how much of it, and that it stands in the audit log first.
//!
//! It is the same for those who ask by a WebSocket and by HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::bucket::{Bucket, Rate};
use super::overdue::WAIT;
use super::repeats::{Earlier, Emitted, Known, Slot};
use super::services::Services;
use super::session::{Context, not_found, unmet};
use super::target::{self, Target};
use crate::audit::{Act, Who};
use crate::auth::{Authorized, Denied, Permission, Principal, Source};
use crate::bridge::{EmitBatch, EmitError};
use crate::model::{self, Emission, Spot, State};
use crate::wire::{ErrorCode, Part};

/// Holders of tokens of whom it is known at one time how much they have emitted. Those who have emitted nothing for a while
/// don't count.
const MOST_HOLDERS: usize = 4096;

/// How many types one line of the audit log names.
const MOST_TYPES: usize = 8;

/// How much one holder of a token may emit, over all that it asks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmitRates {
    /// Events.
    pub events: Rate,
    /// Bytes of their data.
    pub bytes: Rate,
}

impl EmitRates {
    /// So many events and bytes a second, and five times as many at once.
    #[must_use]
    pub fn new(events: u64, bytes: u64) -> Self {
        let rate = |per_second: u64| Rate {
            per_second,
            burst: 5 * per_second,
        };
        Self {
            events: rate(events),
            bytes: rate(bytes),
        }
    }
}

impl Default for EmitRates {
    fn default() -> Self {
        Self::new(100, 256 << 10)
    }
}

/// Events to be added to the log, all of them or none.
#[derive(Clone, PartialEq, Hash)]
pub(super) struct EmitRequest {
    pub(super) events: Vec<EmitEvent>,
    /// A repetition with the same key is not carried out again.
    pub(super) key: Option<String>,
}

/// An event to be added to the log.
#[derive(Clone, PartialEq, Hash)]
pub(super) struct EmitEvent {
    /// What it is about; nothing if it is about no session.
    pub(super) target: Option<Target>,
    pub(super) event: Arc<model::Emitted>,
}

/// Events that may be emitted, with what the audit log records.
#[derive(Debug)]
pub(super) struct Emit {
    batch: Authorized<EmitBatch>,
    act: Act,
}

/// What a request comes to that is carried out.
#[derive(Debug)]
pub(super) enum Prepared {
    /// It is carried out.
    New(Emit, Option<Slot<(), Emitted>>),
    /// It was before: the answer is the same.
    Repeated(Earlier<(), Emitted>),
}

/// Why nothing is emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotEmitted {
    pub(super) code: ErrorCode,
    pub(super) why: String,
    /// When to ask again, if that is known.
    pub(super) retry_after: Option<Duration>,
}

impl From<(ErrorCode, String)> for NotEmitted {
    fn from((code, why): (ErrorCode, String)) -> Self {
        let retry_after = None;
        Self {
            code,
            why,
            retry_after,
        }
    }
}

/// What is left of what each holder of a token may emit.
#[derive(Debug, Default)]
pub(super) struct EmitAllowances(Mutex<HashMap<Source, Allowance>>);

#[derive(Debug)]
struct Allowance {
    events: Bucket,
    bytes: Bucket,
}

impl EmitAllowances {
    /// Takes so many events and bytes from what is left.
    ///
    /// # Errors
    /// It is too much: the limit, and the time to wait.
    fn take(
        &self,
        holder: &Source,
        (events, bytes): (u64, u64),
        rates: EmitRates,
        now: Instant,
    ) -> Result<(), (&'static str, Duration)> {
        // What the lock guards is whole after each statement.
        let mut holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.len() >= MOST_HOLDERS && !holders.contains_key(holder) {
            holders.retain(|_, left| !(left.events.is_full(now) && left.bytes.is_full(now)));
            if holders.len() >= MOST_HOLDERS {
                return Err(("emit_rate", Duration::from_secs(1)));
            }
        }
        let fresh = || Allowance {
            events: Bucket::new(now),
            bytes: Bucket::new(now),
        };
        let left = holders.entry(holder.clone()).or_insert_with(fresh);
        let taken = left.events.take(rates.events, events, now);
        taken.map_err(|wait| ("emit_rate", wait))?;
        let taken = left.bytes.take(rates.bytes, bytes, now);
        taken.map_err(|wait| ("emit_bytes", wait))
    }
}

/// Whether this may be emitted now.
///
/// # Errors
/// Why not.
pub(super) fn prepare(
    context: &Context,
    principal: &Principal,
    request: &EmitRequest,
    now: Instant,
) -> Result<Prepared, NotEmitted> {
    principal
        .authorize_everywhere(Permission::Emit, ())
        .map_err(denied)?;
    let key = request.key.as_deref();
    let repeats = &context.emitted;
    match key.map(|key| repeats.look_up(principal, key, request, now)) {
        None | Some(Known::New) => {}
        Some(Known::Conflict) => {
            let why = "key: it was used for another request less than a minute ago".to_owned();
            return Err((ErrorCode::InvalidMessage, why).into());
        }
        Some(Known::Repeated(earlier)) => return Ok(Prepared::Repeated(earlier)),
    }
    take(context, principal, request, now)?;
    let (state, _) = context.hub.snapshot();
    let batch = authorized(&state, principal, request)?;
    let act = act_of(&state, batch.request());
    let slot = key.map(|key| repeats.begin(principal, key, request, (), now));
    let slot = slot.transpose().map_err(|_| NotEmitted {
        code: ErrorCode::RateLimited,
        why: "too many keys are in use: try again in a minute".to_owned(),
        retry_after: Some(Duration::from_secs(60)),
    })?;
    Ok(Prepared::New(Emit { batch, act }, slot))
}

fn take(
    context: &Context,
    principal: &Principal,
    request: &EmitRequest,
    now: Instant,
) -> Result<(), NotEmitted> {
    let events = request.events.len() as u64;
    let bytes: usize = request
        .events
        .iter()
        .map(|one| one.event.data().size())
        .sum();
    let allowances = &context.emitting;
    let taken = allowances.take(
        principal.source(),
        (events, bytes as u64),
        context.emit_rates,
        now,
    );
    taken.map_err(|(limit, wait)| {
        context.metrics.limited(limit);
        NotEmitted {
            code: ErrorCode::RateLimited,
            why: format!(
                "too many events at once: nothing was emitted; try again after retry_after_ms (limits.{limit})"
            ),
            retry_after: Some(wait),
        }
    })
}

/// The events with what they are about, if this principal may say something of all of it.
fn authorized(
    state: &State,
    principal: &Principal,
    request: &EmitRequest,
) -> Result<Authorized<EmitBatch>, NotEmitted> {
    let mut emissions = Vec::with_capacity(request.events.len());
    for (at, one) in request.events.iter().enumerate() {
        let named = |(code, why): (ErrorCode, String)| {
            NotEmitted::from((code, format!("events.{at}.target: {why}")))
        };
        let emission = Emission {
            spot: spot(state, principal, one.target.as_ref()).map_err(named)?,
            event: Arc::clone(&one.event),
        };
        // It was resolved among what the principal sees, and is judged by all places at which it is.
        let change = emission.change(state).ok_or_else(|| named(not_found()))?;
        let sessions = change.audience.places().iter();
        let names = sessions.map(|place| &*place.session_name);
        let allowed = principal.authorize(Permission::Emit, names, ());
        allowed.map_err(denied)?;
        emissions.push(emission);
    }
    let batch = principal.authorize_everywhere(Permission::Emit, EmitBatch(emissions));
    batch.map_err(denied)
}

/// What a target leads to.
fn spot(
    state: &State,
    principal: &Principal,
    target: Option<&Target>,
) -> Result<Spot, (ErrorCode, String)> {
    let Some(target) = target else {
        return if principal.scope().is_all() {
            Ok(Spot::Server)
        } else {
            let why = "it is missing: this token is for some sessions, so each event has to name one of them";
            Err((ErrorCode::InvalidMessage, why.to_owned()))
        };
    };
    match target::part(state, principal, target).map_err(unmet)? {
        Part::All => Err(not_found()),
        Part::Session(session) => Ok(Spot::Session(session)),
        Part::Window(session, index) => {
            let session = state.sessions.get(&session);
            let window = session.and_then(|session| session.windows.get(&index));
            window.map(|id| Spot::Window(*id)).ok_or_else(not_found)
        }
        Part::Pane(_, _, pane) => Ok(Spot::Pane(pane)),
    }
}

fn denied(denied: Denied) -> NotEmitted {
    let code = match denied {
        Denied::Unseen => ErrorCode::NotFound,
        Denied::Lacks(_) => ErrorCode::PermissionDenied,
    };
    (code, denied.to_string()).into()
}

fn act_of(state: &State, batch: &EmitBatch) -> Act {
    let mut types: Vec<&str> = Vec::new();
    for name in batch.0.iter().map(|emission| emission.event.type_name()) {
        if !types.contains(&name) {
            types.push(name);
        }
    }
    let left_out = types.len().saturating_sub(MOST_TYPES);
    types.truncate(MOST_TYPES);
    let more = (left_out > 0).then(|| format!(" and {left_out} more"));
    let changes = batch.0.iter().filter_map(|emission| emission.change(state));
    let session = changes.map(|change| {
        let places = change.audience.places();
        places.first().map(|place| place.session_name.to_string())
    });
    let sizes = batch
        .0
        .iter()
        .map(|emission| emission.event.data().size() as u64);
    Act::Emit {
        session: session.flatten().next(),
        types: types.join(", ") + &more.unwrap_or_default(),
        count: batch.0.len() as u64,
        bytes: sizes.sum(),
    }
}

/// Carries out a request; its events take their place among others when this is called. Gives whether it was carried out
/// before, and the place of the last event.
pub(super) fn carried_out(
    services: &Services,
    who: &Who,
    prepared: Prepared,
) -> impl Future<Output = (bool, Emitted)> + Send + use<> {
    let begun = match prepared {
        Prepared::New(emit, slot) => Ok((published(services, who, emit), slot)),
        Prepared::Repeated(earlier) => Err(earlier),
    };
    async move {
        let (published, slot) = match begun {
            Ok(begun) => begun,
            Err(earlier) => return (true, earlier.outcome().await),
        };
        let emitted = published.await;
        if let Some(slot) = slot {
            slot.finish(emitted.clone());
        }
        (false, emitted)
    }
}

/// Publishes events, once that stands in the audit log.
fn published(
    services: &Services,
    who: &Who,
    Emit { batch, act }: Emit,
) -> impl Future<Output = Emitted> + Send + use<> {
    let (reply, mut outcome) = oneshot::channel();
    let waiting = Arc::new(Mutex::new(Some((batch, reply))));
    let at_log = Arc::clone(&waiting);
    let bridge = services.bridge.clone();
    services.context.audit.before(who, act, move |recorded| {
        let Some((batch, reply)) = taken(&at_log) else {
            return;
        };
        match recorded {
            Ok(()) => bridge.emit(batch, reply),
            // The client that emitted may be gone.
            Err(_) => drop(reply.send(Err(EmitError::Unrecorded))),
        }
    });
    async move {
        let emitted = match timeout(WAIT, &mut outcome).await {
            Ok(answer) => answer,
            // What the audit log has not taken by now is not done any more.
            Err(_) if taken(&waiting).is_some() => Ok(Err(EmitError::Unrecorded)),
            Err(_) => outcome.await,
        };
        emitted.unwrap_or(Err(EmitError::Ended))
    }
}

/// What waits, for the first who asks.
fn taken<T>(waiting: &Mutex<Option<T>>) -> Option<T> {
    waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
}

/// The word for what went wrong.
pub(super) fn code_of(error: &EmitError) -> ErrorCode {
    match error {
        EmitError::Gone(_) => ErrorCode::NotFound,
        EmitError::Busy => ErrorCode::RateLimited,
        EmitError::Unrecorded => ErrorCode::AuditUnavailable,
        EmitError::Recording => ErrorCode::Recording,
        EmitError::Ended => ErrorCode::OutcomeUnknown,
    }
}
