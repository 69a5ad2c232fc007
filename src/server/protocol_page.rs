//! `/protocol`: a page to try the protocol by hand, on the server that it came from.
//!
//! The page is a program, whose source is `clients/web` and which is committed as it is served.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use data_encoding::BASE64URL_NOPAD;
use tracing::warn;

use super::app::{App, visitor};
use super::content::answer_page;
use super::route::Route;
use super::rules::{Origins, PolicyNames, Rules};
use super::{absent, assets};

/// The page, with names in double braces for what differs.
const PAGE: &str = include_str!("../../clients/web/pages/protocol.html");
/// Random bytes of a nonce.
const NONCE: usize = 16;

/// The page, under its name and the one by which people look for it.
pub(super) fn routes() -> Vec<Route> {
    let about = "a page to try the protocol with, for browsers";
    // A browser that goes to it says no origin. No other page has a use for it.
    let rules = Rules {
        origins: Origins::Own,
        ..Rules::DEFAULT
    };
    vec![
        Route::new("/protocol", ("/protocol", about), get(page), rules),
        Route::unlisted("/websocket-test", get(page), rules),
    ]
}

async fn page(State(_): State<App>, request: Request) -> Response<Body> {
    let mut nonce = [0; NONCE];
    if let Err(error) = getrandom::fill(&mut nonce) {
        warn!(%error, "a page has no nonce");
        let why = "no page can be made now; the log says why\n".to_owned();
        return absent::text(StatusCode::INTERNAL_SERVER_ERROR, why);
    }
    let host = visitor(&request).host;
    let sockets = host.map_or_else(String::new, |host| format!("ws://{host} wss://{host}"));
    let names = PolicyNames {
        nonce: BASE64URL_NOPAD.encode(&nonce),
        sockets,
    };
    let page = PAGE
        .replace("{{assets}}", &assets::address())
        .replace("{{version}}", env!("CARGO_PKG_VERSION"));
    answer_page("text/html; charset=utf-8", &page, names, request.headers())
}
