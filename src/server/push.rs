//! `/api/push`: how a browser subscribes to be told while its page is closed, and who is subscribed.
//!
//! Who is in as an admin knows all and ends any; everybody else knows and ends those of the same token.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::{delete, get, post};
use tracing::{info, warn};

use super::api::not_accepted;
use super::app::{App, known, visitor};
use super::browser::{Asking, NO_ORIGIN, WHO, json};
use super::clock::today;
use super::refused::Refused;
use super::route::Route;
use super::rules::{Bearer, Credential, Origins, Rules};
use crate::audit::{Act, Who};
use crate::auth::AuthError;
use crate::push::{Kind, Outcome, PushDesk, PushError, Subscription, read_new_subscription};
use crate::wire::{
    PushAnswer, PushRow, PushSent, push_answer, push_test_answer, subscribed_answer,
};

const OFF: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "push_off",
    "this server does not push: set push.enabled\n",
);
const UNREADABLE: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "push_body",
    "the body ended early, or is too large\n",
);
const NO_SUCH: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "no_subscription",
    "there is no such subscription: GET /api/push lists those that you may end\n",
);
const BROKEN: Refused = Refused::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "push_broken",
    "subscriptions can't be kept now; the log says why\n",
);
const FULL: Refused = Refused::new(StatusCode::TOO_MANY_REQUESTS, "push_subscriptions", "");
const MAY_NOT_READ: Refused = Refused::new(StatusCode::FORBIDDEN, "push_permission", "");
const BUSY: Refused = Refused::for_now(
    StatusCode::TOO_MANY_REQUESTS,
    "push_tests",
    "a test is under way: wait for it\n",
);

pub(super) fn routes() -> Vec<Route> {
    let rules = Rules {
        origins: Origins::Own,
        credential: Credential::Bearer(Bearer {
            missing: None,
            invalid: |error: &AuthError| not_accepted(error),
        }),
        ..Rules::DEFAULT
    };
    let shown = (
        "/api/push",
        "which browsers are told by push (POST, DELETE .../ID, POST .../ID/test)",
    );
    vec![
        Route::new("/api/push", shown, get(list).post(subscribe), rules),
        Route::unlisted("/api/push/{id}", delete(end), rules),
        Route::unlisted("/api/push/{id}/test", post(test), rules),
    ]
}

/// Who asks to change something, and where: a cookie counts for a page of this server alone.
fn asking<'a>(app: &'a App, request: &Request) -> Result<(Asking, &'a PushDesk), Refused> {
    let asking = Asking::of(app, request).ok_or(WHO)?;
    if asking.session.is_some() && !visitor(request).is_own_page {
        return Err(NO_ORIGIN);
    }
    let desk = app.services().push.as_ref().ok_or(OFF)?;
    Ok((asking, desk))
}

async fn list(State(app): State<App>, request: Request) -> Response<Body> {
    let Some(asking) = Asking::of(&app, &request) else {
        return app.refuse(&WHO, request.extensions());
    };
    let Some(desk) = &app.services().push else {
        return json(push_answer(&PushAnswer::default()));
    };
    let mut answer = PushAnswer {
        enabled: true,
        subscriptions: rows(desk, &asking),
        ..PushAnswer::default()
    };
    match desk.key().await {
        Ok(key) => answer.key = Some(key.public().to_owned()),
        Err(error) => {
            warn!(%error, "there is no key to push with");
            answer.enabled = false;
            let why = "the server has no key to push with; its log says why";
            answer.problem = Some(why.to_owned());
        }
    }
    json(push_answer(&answer))
}

fn rows(desk: &PushDesk, asking: &Asking) -> Vec<PushRow> {
    let own = desk.own();
    let known = own.iter().filter(|one| may_know(desk, asking, one));
    known.map(|one| row(desk, asking, one)).collect()
}

/// Whether who asks may know of a subscription, and end it. Those that nobody holds any more are shown to nobody.
fn may_know(desk: &PushDesk, asking: &Asking, one: &Subscription) -> bool {
    let holder = desk.holder(one, today());
    holder.is_some_and(|holder| asking.may_know(&holder))
}

fn row(desk: &PushDesk, asking: &Asking, one: &Subscription) -> PushRow {
    let own = asking.session.as_ref().map(|session| &session.id);
    let sent = desk.delivered(&one.id).into_iter().map(|sent| PushSent {
        at: sent.at.to_string(),
        kind: sent.kind.map_or("test", Kind::name),
        title: sent.title,
        error: match sent.outcome {
            Outcome::Taken => None,
            Outcome::Failed(why) => Some(why),
        },
    });
    PushRow {
        subscription: one.id.clone(),
        id: one.bond.id_text(),
        name: one.name.clone(),
        device: one.device.clone(),
        service: one.endpoint.host().to_owned(),
        created: one.created.to_string(),
        current: own.is_some() && own == one.browser.as_ref(),
        kinds: one.wishes.kinds.iter().map(Kind::name).collect(),
        sent: sent.collect(),
    }
}

async fn subscribe(State(app): State<App>, request: Request) -> Response<Body> {
    let (asking, desk) = match asking(&app, &request) {
        Ok(found) => found,
        Err(refused) => return app.refuse(&refused, request.extensions()),
    };
    let (head, body) = request.into_parts();
    let limit = usize::try_from(known(&head.extensions).limits.body_bytes).unwrap_or(0);
    let who = asking.who(&head.extensions);
    let outcome = match to_bytes(body, limit).await {
        Ok(body) => admit(&app, (&asking, &who), desk, &body).await,
        Err(_) => Err(UNREADABLE),
    };
    outcome.unwrap_or_else(|refused| app.refuse(&refused, &head.extensions))
}

async fn admit(
    app: &App,
    (asking, who): (&Asking, &Who),
    desk: &PushDesk,
    body: &[u8],
) -> Result<Response<Body>, Refused> {
    let new = read_new_subscription(body, desk.settings().endpoints);
    let new = new.map_err(|why| Refused {
        message: format!("{why}\n").into(),
        ..UNREADABLE
    })?;
    let browser = asking.session.as_ref().map(|session| session.id.clone());
    let admitted = desk
        .subscribe(new, &asking.principal, browser, today())
        .await;
    let (one, gone) = admitted.map_err(|error| refusal(&error))?;
    for old in &gone {
        record_end(app, who, old, "too_many");
    }
    info!(
        subscription = one.id,
        name = one.name,
        "a browser is told by push"
    );
    let act = Act::PushSubscribed {
        subscription: one.id.clone(),
        browser: one.browser.clone(),
        service: one.endpoint.host().to_owned(),
    };
    app.services().context.audit.record(who, act);
    Ok(json(subscribed_answer(&one.id)))
}

fn refusal(error: &PushError) -> Refused {
    let refused = match error {
        PushError::Store(_) | PushError::Random(_) => {
            warn!(%error, "no browser can subscribe");
            return BROKEN;
        }
        PushError::Busy => return BUSY,
        PushError::Unknown => return NO_SUCH,
        PushError::Stopping => BROKEN,
        PushError::TooMany => FULL,
        PushError::MayNotRead => MAY_NOT_READ,
    };
    Refused {
        message: format!("{error}\n").into(),
        ..refused
    }
}

async fn end(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let outcome = match asking(&app, &request) {
        Ok((asking, desk)) => {
            let who = asking.who(request.extensions());
            let is_meant = |one: &Subscription| one.id == id && may_know(desk, &asking, one);
            remove(&app, desk, &who, is_meant, "removed").await
        }
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok(0) => app.refuse(&NO_SUCH, request.extensions()),
        Ok(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(refused) => app.refuse(&refused, request.extensions()),
    }
}

/// Ends subscriptions. Returns how many.
async fn remove(
    app: &App,
    desk: &PushDesk,
    who: &Who,
    is_meant: impl Fn(&Subscription) -> bool,
    reason: &'static str,
) -> Result<usize, Refused> {
    let gone = desk
        .remove(is_meant)
        .await
        .map_err(|error| refusal(&error))?;
    for one in &gone {
        record_end(app, who, one, reason);
    }
    Ok(gone.len())
}

fn record_end(app: &App, who: &Who, one: &Subscription, reason: &'static str) {
    info!(subscription = one.id, reason, "a browser is told no longer");
    let act = Act::PushEnded {
        subscription: one.id.clone(),
        reason,
    };
    app.services().context.audit.record(who, act);
}

/// The browser with this session has left, or was made to: it is told no longer.
pub(super) fn forget_browser(app: &App, session: &str, who: &Who) {
    let Some(desk) = app.services().push.clone() else {
        return;
    };
    let (app, session, who) = (app.clone(), session.to_owned(), who.clone());
    let tasks = app.tasks().clone();
    tasks.spawn(async move {
        let is_meant = |one: &Subscription| one.browser.as_ref() == Some(&session);
        // What went wrong stands in the log.
        drop(remove(&app, &desk, &who, is_meant, "signed_out").await);
    });
}

/// Sends a test the whole way, and says what became of it.
async fn test(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let outcome = match asking(&app, &request) {
        Ok((asking, desk)) => {
            let own = desk.own();
            let found = own
                .iter()
                .any(|one| one.id == id && may_know(desk, &asking, one));
            match found {
                true => desk.test(&id).await.map_err(|error| refusal(&error)),
                false => Err(NO_SUCH),
            }
        }
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok(Outcome::Taken) => json(push_test_answer(None)),
        Ok(Outcome::Failed(why)) => json(push_test_answer(Some(&why))),
        Err(refused) => app.refuse(&refused, request.extensions()),
    }
}
