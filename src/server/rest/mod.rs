//! What needs no socket: what there is now by GET, and what is asked of tmux and of agents by POST.
//!
//! Reading order: `asker` (who asks), `exchange` (one request as a session that says one thing), `events` (the event stream), `metrics` (what the last hours came to), `listing` (what there is), `input`
//! (what is typed), `answer` (statuses and problem details), `documents` (what
//! describes all routes). Permissions, targets, keys, the audit log and what tmux is asked are
//! those of the session; this knows HTTP alone.

mod answer;
mod asker;
mod documents;
mod events;
mod exchange;
mod input;
mod listing;
mod metrics;

pub(super) use self::answer::problem;
pub(super) use self::events::events;
use super::api::{NO_TOKEN, not_accepted};
use super::route::Route;
use super::rules::{Bearer, Cors, Credential, Rules};

/// The rules of what is asked by GET: pages of this server may ask by their cookie.
const READ: Rules = Rules {
    credential: Credential::Bearer(Bearer {
        missing: None,
        invalid: not_accepted,
    }),
    cors: Some(Cors {
        methods: "GET",
        headers: "authorization",
    }),
    problems: true,
    ..Rules::DEFAULT
};

/// The rules of what is asked by POST: only a token lets anybody type.
const WRITE: Rules = Rules {
    credential: Credential::Bearer(Bearer {
        missing: Some(&NO_TOKEN),
        invalid: not_accepted,
    }),
    cors: Some(Cors {
        methods: "POST",
        headers: "authorization, content-type, idempotency-key",
    }),
    problems: true,
    ..Rules::DEFAULT
};

/// All of it.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = listing::routes();
    routes.extend(input::routes());
    routes.extend(metrics::routes());
    routes.extend(documents::routes());
    routes
}
