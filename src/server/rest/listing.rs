//! `GET /api/sessions`, `/api/panes`, `/api/agents`, `/api/alerts`: what there is now; and `/api/panes/PANE/screen`.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{ACCEPT, VARY};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::routing::get;
use bytes::Bytes;

use super::READ;
use super::answer::{body, refused};
use super::asker::Asker;
use super::exchange::exchange;
use crate::hub::Filter;
use crate::ids::PaneId;
use crate::server::app::App;
use crate::server::browser::WHO;
use crate::server::dialect::{Answer, Listing, read_filter};
use crate::server::headers::{quality, words};
use crate::server::route::Route;
use crate::server::session::Request as Asked;
use crate::server::target::Target;
use crate::wire::{ErrorCode, Listed, screen_text};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// Text with escape sequences, which is for terminals. There is no registered type for it.
const ANSI: &str = "text/x-ansi; charset=utf-8";

pub(super) fn routes() -> Vec<Route> {
    let listing = |(path, listing, about): (&'static str, MakeListing, &'static str)| {
        let handler = move |State(app): State<App>, request: Request| list(app, listing, request);
        Route::new(path, (path, about), get(handler), READ)
    };
    let mut routes: Vec<Route> = LISTINGS.map(listing).into();
    let shown = ("/api/panes/PANE/screen", "what a pane shows");
    let path = "/api/panes/{pane}/screen";
    routes.push(Route::new(path, shown, get(screen), READ));
    routes
}

/// A listing of what passes a filter.
type MakeListing = fn(Filter) -> Listing;

/// What there is to list.
const LISTINGS: [(&str, MakeListing, &str); 4] = [
    (
        "/api/sessions",
        |filter| Listing::All(Listed::Sessions, filter),
        "sessions, windows and panes",
    ),
    (
        "/api/panes",
        |filter| Listing::All(Listed::Panes, filter),
        "panes, one by one",
    ),
    (
        "/api/agents",
        |filter| Listing::All(Listed::Agents, filter),
        "agents, and what they do",
    ),
    ("/api/alerts", Listing::Alerts, "alerts that are not over"),
];

async fn list(app: App, listing: MakeListing, request: Request) -> Response<Body> {
    let Some(asker) = Asker::of(&app, &request) else {
        return app.refuse(&WHO, request.extensions());
    };
    let query = request.uri().query().unwrap_or_default();
    let filter = match read_filter(query) {
        Ok(filter) => filter,
        Err((code, why)) => return refused(code, &why, None),
    };
    let asked = Asked::Snapshot {
        target: Target::default(),
        screen: false,
    };
    let asked = (asked, query.len());
    let answer = exchange(app.services(), &asker, asked, listing(filter)).await;
    response(answer, TEXT)
}

/// The form of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    Ansi,
}

async fn screen(
    State(app): State<App>,
    Path(pane): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some(asker) = Asker::of(&app, &request) else {
        return app.refuse(&WHO, request.extensions());
    };
    let Some(pane) = named_pane(&pane) else {
        let why = "pane: it is a number or an id, such as 3 or %253 for %3";
        return refused(ErrorCode::InvalidMessage, why, None);
    };
    let query = request.uri().query().unwrap_or_default();
    let form = match form(query, request.headers()) {
        Ok(form) => form,
        Err(why) => return refused(ErrorCode::InvalidMessage, &why, None),
    };
    let asked = Asked::Snapshot {
        target: Target {
            pane: Some(pane),
            ..Target::default()
        },
        screen: true,
    };
    let (listing, content_type) = match form {
        Form::Json => (Listing::Screen, JSON),
        Form::Text => (Listing::Lines, TEXT),
        Form::Ansi => (Listing::Lines, ANSI),
    };
    let answer = exchange(app.services(), &asker, (asked, query.len()), listing).await;
    let mut response = response(answer, content_type);
    let varies = HeaderValue::from_static("accept");
    response.headers_mut().insert(VARY, varies);
    response
}

/// What was asked for; lines as this type.
fn response(answer: Answer, content_type: &'static str) -> Response<Body> {
    match answer {
        Answer::Json(json) => body(JSON, json),
        Answer::Lines(lines) if content_type == TEXT => body(TEXT, screen_text(&lines)),
        Answer::Lines(lines) => body(content_type, with_attributes(&lines)),
        Answer::Refused {
            code,
            why,
            retry_after_ms,
        } => refused(code, &why, retry_after_ms),
    }
}

/// Lines as a terminal shows them wherever it is; each ends without attributes.
fn with_attributes(lines: &[Bytes]) -> Bytes {
    let ended = lines.iter().flat_map(|line| [&line[..], b"\x1b[0m\r\n"]);
    ended.collect::<Vec<_>>().concat().into()
}

/// A pane as an address names it: its number, or its id.
fn named_pane(text: &str) -> Option<PaneId> {
    let digits = text.strip_prefix('%').unwrap_or(text);
    format!("%{digits}").parse().ok()
}

/// The form that is asked for: by name in the address, else by what is liked most of what there is, and by JSON if that is all the same.
fn form(query: &str, headers: &HeaderMap) -> Result<Form, String> {
    match query {
        "" => {}
        "format=json" => return Ok(Form::Json),
        "format=text" => return Ok(Form::Text),
        "format=ansi" => return Ok(Form::Ansi),
        _ => {
            return Err(
                "format: it is json, text or ansi, and nothing else is known here".to_owned(),
            );
        }
    }
    let forms = [
        (Form::Json, "application/json"),
        (Form::Text, "text/plain"),
        (Form::Ansi, "text/x-ansi"),
    ];
    let mut best = (Form::Json, 0.0);
    for (form, name) in forms {
        let liked = liked(headers, name);
        if liked > best.1 {
            best = (form, liked);
        }
    }
    Ok(best.0)
}

/// How much a type is liked, by the most specific range that names it.
fn liked(headers: &HeaderMap, name: &str) -> f32 {
    let kind = name.split('/').next().unwrap_or_default();
    let mut found = (0, 0.0);
    for range in words(headers, &ACCEPT) {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default();
        let specific = match named.split_once('/') {
            _ if named.eq_ignore_ascii_case(name) => 3,
            Some((one, "*")) if one.eq_ignore_ascii_case(kind) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        if specific > found.0 {
            found = (specific, quality(parts));
        }
    }
    found.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_comes_in_the_form_that_is_liked_most() {
        let rows: [(&str, &str, Option<Form>); 14] = [
            ("", "", Some(Form::Json)),
            ("", "*/*", Some(Form::Json)),
            ("", "text/plain", Some(Form::Text)),
            ("", "text/*", Some(Form::Text)),
            ("", "text/x-ansi, text/plain;q=0.5", Some(Form::Ansi)),
            (
                "",
                "text/plain;q=0.2, application/json;q=0.1",
                Some(Form::Text),
            ),
            ("", "text/plain;q=0, */*", Some(Form::Json)),
            ("", "image/png", Some(Form::Json)),
            ("format=ansi", "text/plain", Some(Form::Ansi)),
            ("format=text", "", Some(Form::Text)),
            ("format=json", "text/plain", Some(Form::Json)),
            ("format=html", "", None),
            ("format=", "", None),
            ("from=1h", "", None),
        ];
        for (query, accept, expected) in rows {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(form(query, &headers).ok(), expected, "{query} {accept}");
        }
    }

    #[test]
    fn a_pane_is_named_by_number_or_id() {
        for text in ["7", "%7"] {
            assert_eq!(named_pane(text), Some(PaneId(7)), "{text}");
        }
        for text in ["", "%", "x", "%%7", "-1", "7 "] {
            assert_eq!(named_pane(text), None, "{text}");
        }
    }
}
