//! One request as a session that says one thing: what a WebSocket would be asked goes the same way.

use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::asker::Asker;
use crate::server::clock::now;
use crate::server::dialect::{Answer, AnswerSlot, ExchangeEncoding, Listing};
use crate::server::effects::{self, Begun};
use crate::server::services::Services;
use crate::server::session::{ClientSession, Request};
use crate::wire::ErrorCode;

/// Carries out a request, of which so many bytes came, and answers it. What is asked is done although nobody waits for the answer
/// any more.
pub(super) async fn exchange(
    services: &Arc<Services>,
    asker: &Asker,
    (request, bytes): (Request, usize),
    listing: Listing,
) -> Answer {
    if let Err((code, why, wait)) = admitted(services, asker, bytes) {
        return refused(code, why, wait);
    }
    let Ok(place) = services.holders.admit(&asker.principal) else {
        services.metrics.limited("token_connections");
        let why = "the token has as many connections and requests under way as it may have (limits.token_connections)";
        return refused(ErrorCode::LimitReached, why.to_owned(), None);
    };
    let identity = asker.identity();
    let shared = Arc::clone(services);
    let carried_out = tokio::spawn(async move {
        let _place = place;
        let _listener = shared.bridge.demand().listen();
        let slot = AnswerSlot::default();
        let encoding = Box::new(ExchangeEncoding::new(listing, slot.clone()));
        let context = Arc::clone(&shared.context);
        let session = ClientSession::new(context, String::new(), encoding, identity, now());
        answered(&shared, session, request, &slot).await
    });
    match services.stop.run_until_cancelled(carried_out).await {
        Some(Ok(answer)) => answer,
        Some(Err(_)) => {
            let why = "something went wrong in muxwire; its log says what";
            refused(ErrorCode::OutcomeUnknown, why.to_owned(), None)
        }
        None => {
            let why = "muxwire ends: nobody knows whether it was carried out";
            refused(ErrorCode::OutcomeUnknown, why.to_owned(), None)
        }
    }
}

/// Whether the holder may ask for as much.
///
/// # Errors
/// Why not, and when it may, in milliseconds, if that is known.
pub(super) fn admitted(
    services: &Services,
    asker: &Asker,
    bytes: usize,
) -> Result<(), (ErrorCode, String, Option<u64>)> {
    let context = &services.context;
    if asker.principal.is_redacted() && !context.redact.is_on() {
        let why =
            "secrets are to be kept from this token, but redaction is off: set redaction.enabled";
        return Err((ErrorCode::PermissionDenied, why.to_owned(), None));
    }
    let taken = context
        .asking
        .take(&asker.principal, &context.limits, bytes, now());
    taken.map_err(|(limit, wait)| {
        services.metrics.limited(limit);
        let why = "too much at once: nothing is carried out until retry_after_ms have passed \
                   (limits.message_rate, limits.input_bytes)";
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        (ErrorCode::RateLimited, why.to_owned(), Some(wait))
    })
}

/// Drives the session until it has its answer.
async fn answered(
    services: &Arc<Services>,
    mut session: ClientSession,
    request: Request,
    slot: &AnswerSlot,
) -> Answer {
    // What comes first is said to who stays: that it is let in, and when that ends.
    session.take_effects();
    session.carry_out(None, request, now());
    let mut tasks = FuturesUnordered::new();
    loop {
        if let Some(answer) = slot.take() {
            return answer;
        }
        for effect in session.take_effects() {
            match effects::begin(effect, session.who(), services) {
                Begun::Task(task) => tasks.push(task),
                Begun::Watch(_) => {}
            }
        }
        match tasks.next().await {
            Some(result) => session.on_effect_result(result, now()),
            None if session.is_behind() => session.pump(now()),
            None => {
                let why = "this is not answered over HTTP";
                return refused(ErrorCode::UnknownAction, why.to_owned(), None);
            }
        }
    }
}

fn refused(code: ErrorCode, why: String, retry_after_ms: Option<u64>) -> Answer {
    Answer::Refused {
        code,
        why,
        retry_after_ms,
    }
}
