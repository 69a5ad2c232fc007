//! What a browser asks for at a fixed address to keep the dashboard as an app: its manifest, its icon, and the program that
//! shows notifications (a service worker, which caches nothing).
//!
//! The worker's address decides what it may control: all that is below the folder that it is served from.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::routing::get;

use super::app::App;
use super::assets;
use super::content::Content;
use super::route::Route;
use super::rules::{Rules, Security};

const MANIFEST: &str = include_str!("../../clients/web/pages/manifest.webmanifest");
const WORKER: &str = include_str!("../../clients/web/bundle/sw.js");
const ICON: &[u8] = include_bytes!("../../clients/web/bundle/icon-192.png");

/// The manifest, the icon and the worker.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::unlisted("/manifest.webmanifest", get(manifest), Rules::DEFAULT),
        Route::unlisted("/sw.js", get(worker), Rules::DEFAULT),
        Route::unlisted("/icon.png", get(icon), Rules::DEFAULT),
    ]
}

async fn manifest(State(app): State<App>, request: Request) -> Response<Body> {
    // Addresses in it begin at its own: no path of a proxy stands in it.
    let text = MANIFEST.replace("{{assets}}", &assets::address(&app));
    let body = Cow::Owned(text.into_bytes());
    answer("application/manifest+json", body, &request)
}

async fn worker(request: Request) -> Response<Body> {
    let body = Cow::Borrowed(WORKER.as_bytes());
    answer("text/javascript; charset=utf-8", body, &request)
}

async fn icon(request: Request) -> Response<Body> {
    answer("image/png", Cow::Borrowed(ICON), &request)
}

fn answer(
    content_type: &'static str,
    body: Cow<'static, [u8]>,
    request: &Request,
) -> Response<Body> {
    let content = Content {
        content_type,
        body,
        security: Security::INSTALLED,
        encoding: None,
        varies_by: None,
    };
    content.answer(request.headers())
}
