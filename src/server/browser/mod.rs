//! Browsers that are let in: a code or a token is changed once for a session of the server's, which a cookie stands for.
//!
//! Reading order: `sessions` (who is in, and until when), `cookie` (how a browser carries that), `entry` (how it comes in and
//! leaves), `asking` (who asks for what is somebody's), `listing` (who is in, for those who may know and end it). A page of this server alone has a use for the cookie: with
//! it a request counts only if it says that it is of such a page, and a program shows its token as ever.

mod asking;
mod cookie;
mod entry;
mod listing;
mod sessions;

use axum::http::{Extensions, HeaderMap};
use futures_util::FutureExt as _;

pub(super) use self::asking::{Asking, WHO};
use self::cookie::Cookie;
pub(super) use self::entry::{NO_ORIGIN, json};
pub use self::sessions::SessionLimits;
pub(super) use self::sessions::{BrowserSession, BrowserSessions, OpenSession, SessionSocket};
use super::app::App;
use super::clock::now;
use super::route::Route;

/// What pages ask to come in, and what says who is in.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = entry::routes();
    routes.extend(listing::routes());
    routes
}

/// The session that the cookie of a request stands for, if it is one and is not over. Whether the page that asks may use it is
/// looked at by who calls this.
pub(super) fn session_of(
    app: &App,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Option<OpenSession> {
    let cookie = Cookie::of(app, extensions);
    let sessions = &app.services().browsers;
    let open = cookie
        .values(headers)
        .find_map(|secret| sessions.find(secret, now()))?;
    is_in_force(app, open.session()).then_some(open)
}

/// Whether what a session was begun with is still what it was. Its own task ends it when it no longer is, which may come a
/// moment later.
fn is_in_force(app: &App, session: &BrowserSession) -> bool {
    let authenticator = app.services().context.authenticator.as_ref();
    authenticator.is_some_and(|one| one.ended(&session.principal).now_or_never().is_none())
}
