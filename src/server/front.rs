//! What this is: `/start`, for people who come with a browser, and the same in a few lines for other programs at `/`.
//!
//! The name in the addresses is the one that the gate has let through.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::VARY;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::get;

use super::app::{App, visitor};
use super::content::{Content, HTML};
use super::listen::ConnectionInfo;
use super::route::Route;
use super::rules::{Rules, Security};
use super::{absent, assets};

/// The page, with names in double braces for what differs.
const PAGE: &str = include_str!("assets/start.html");

/// The page at `/start`.
pub(super) fn routes() -> Vec<Route> {
    let shown = ("/start", "how to connect a program, for browsers");
    vec![Route::new("/start", shown, get(start), Rules::DEFAULT)]
}

/// What programs get at `/`.
pub(super) fn greeting(app: &App, request: &Request) -> Response<Body> {
    let server = server(app, request);
    let greeting = format!(
        "This is muxwire. Programs connect to\n\n  {server}/monitor\n\n\
         A terminal shows what happens with: muxwire watch --url {server}/monitor\n\n"
    );
    let mut response = absent::text(
        StatusCode::OK,
        greeting + &absent::introduced(app.listing()),
    );
    let accept = HeaderValue::from_static("accept");
    response.headers_mut().insert(VARY, accept);
    response
}

async fn start(State(app): State<App>, request: Request) -> Response<Body> {
    let server = server(&app, &request);
    let needs_token = app.services().context.authenticator.is_some();
    let content = Content {
        content_type: HTML,
        body: Cow::Owned(page(&assets::address(&app), &server, needs_token).into_bytes()),
        security: Security::PAGE,
        encoding: None,
        varies_by: None,
    };
    content.answer(request.headers())
}

/// The server as WebSocket clients write it, as far as to the path.
fn server(app: &App, request: &Request) -> String {
    let info: Option<&ConnectionInfo> = request.extensions().get();
    let scheme = match info.is_some_and(|info| info.secure) {
        true => "wss",
        false => "ws",
    };
    let host = visitor(request).host;
    let host = host.map_or_else(|| "localhost".to_owned(), |host| host.to_string());
    let base = app.base().seen_by(request.extensions());
    format!("{scheme}://{host}{}", base.trim_end_matches('/'))
}

fn page(assets: &str, server: &str, needs_token: bool) -> String {
    let shown = |is_shown| if is_shown { "" } else { " hidden" };
    let rows = [
        ("{{assets}}", assets),
        ("{{server}}", &escaped(server)),
        ("{{version}}", env!("CARGO_PKG_VERSION")),
        ("{{with_tokens}}", shown(needs_token)),
        ("{{without_tokens}}", shown(!needs_token)),
    ];
    rows.into_iter()
        .fold(PAGE.to_owned(), |page, (name, value)| {
            page.replace(name, value)
        })
}

/// A text as it stands in HTML, in attributes too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_filled_in_and_markup_of_others_stays_text() {
        for needs_token in [false, true] {
            let page = page("assets/x", "ws://<img src='x'>&\"", needs_token);
            assert!(!page.contains("{{"), "{page}");
            assert!(!page.contains("<img"), "{page}");
            let text = "ws://&lt;img src=&#39;x&#39;&gt;&amp;&quot;/monitor";
            assert!(page.contains(text), "{page}");
            assert_eq!(page.matches(" hidden").count(), 1, "{page}");
        }
    }
}
