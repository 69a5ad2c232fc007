//! `/api/browsers`: which browsers are let in, and how one of them is made to leave.
//!
//! Who is in as an admin sees all and ends any; everybody else sees and ends those of the same token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::{delete, get};

use super::asking::{Asking, WHO};
use super::entry::{NO_ORIGIN, RULES, json, record_end};
use super::sessions::BrowserSession;
use crate::auth::AuthError;
use crate::server::api::not_accepted;
use crate::server::app::{App, visitor};
use crate::server::clock::now;
use crate::server::refused::Refused;
use crate::server::route::Route;
use crate::server::rules::{Bearer, Credential, Rules};
use crate::wire::{BrowserRow, browsers_answer};

const NO_SUCH: Refused = Refused::new(
    StatusCode::NOT_FOUND,
    "no_browser",
    "there is no such session of a browser: GET /api/browsers lists those that you may end\n",
);

pub(super) fn routes() -> Vec<Route> {
    let rules = Rules {
        credential: Credential::Bearer(Bearer {
            missing: None,
            invalid: |error: &AuthError| not_accepted(error),
        }),
        ..RULES
    };
    let shown = (
        "/api/browsers",
        "which browsers are let in (DELETE .../ID ends one)",
    );
    vec![
        Route::new("/api/browsers", shown, get(list), rules),
        Route::unlisted("/api/browsers/{id}", delete(end), rules),
    ]
}

async fn list(State(app): State<App>, request: Request) -> Response<Body> {
    let Some(asking) = Asking::of(&app, &request) else {
        return app.refuse(&WHO, request.extensions());
    };
    let all = app.services().browsers.all();
    let known = all.iter().filter(|one| asking.may_know(&one.principal));
    let rows: Vec<BrowserRow> = known.map(|one| row(one, &asking)).collect();
    json(browsers_answer(&rows))
}

fn row(session: &Arc<BrowserSession>, asking: &Asking) -> BrowserRow {
    let own = asking.session.as_ref();
    let idle = session.idle(now()).as_millis();
    BrowserRow {
        session: session.id.clone(),
        id: session.principal.id_text(),
        name: session.principal.name().to_owned(),
        address: session.address.clone(),
        began: session.began.to_string(),
        idle_ms: u64::try_from(idle).unwrap_or(u64::MAX),
        sockets: session.sockets(),
        current: own.is_some_and(|own| Arc::ptr_eq(own, session)),
    }
}

async fn end(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let Some(asking) = Asking::of(&app, &request) else {
        return app.refuse(&WHO, request.extensions());
    };
    if asking.session.is_some() && !visitor(&request).is_own_page {
        return app.refuse(&NO_ORIGIN, request.extensions());
    }
    let all = app.services().browsers.all();
    let found = all
        .iter()
        .find(|one| one.id == id && asking.may_know(&one.principal))
        .filter(|one| app.services().browsers.end(one));
    let Some(session) = found else {
        return app.refuse(&NO_SUCH, request.extensions());
    };
    let by = asking.who(request.extensions());
    record_end(&app, session, Some(&by), "revoked");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
