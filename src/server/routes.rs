//! The routes of the HTTP server: those that modules register, each behind what its rules ask for.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::handler::Handler as _;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};

use super::app::App;
use super::credential::checked;
use super::http::guarded;
use super::route::Route;
use super::rules::Rules;
use super::{
    absent, api, assets, browser, cors, front, health, installed, pages, past, push, rest,
    websocket,
};

/// All routes, as they are listed for people; `/metrics` may be switched off.
pub(super) fn all(has_metrics: bool) -> Vec<Route> {
    [
        front::routes(),
        pages::routes(),
        assets::routes(),
        installed::routes(),
        websocket::routes(),
        api::routes(),
        past::routes(),
        rest::routes(),
        browser::routes(),
        push::routes(),
        health::routes(has_metrics),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Routes with what they are for, a line each.
pub(super) fn listing(routes: &[Route]) -> String {
    let rows = routes.iter().filter_map(|route| route.shown);
    let width = rows.clone().map(|(path, _)| path.len()).max().unwrap_or(0);
    rows.map(|(path, about)| format!("  {path:<width$}  {about}\n"))
        .collect()
}

/// The router of these routes. What is asked for and isn't there is looked at like the rest before it gets an answer.
pub(super) fn router(app: &App, routes: Vec<Route>) -> Router {
    let listing: Arc<str> = listing(&routes).into();
    let nothing =
        async move |State(app): State<App>, uri: Uri| absent::nothing_here(&app, &uri, &listing);
    let state = (app.clone(), Rules::DEFAULT);
    let nothing = nothing.layer(from_fn_with_state(state, guarded));
    routes
        .into_iter()
        .map(|route| guard(app, route))
        .fold(Router::new(), Router::merge)
        .fallback(nothing)
        .with_state(app.clone())
}

/// A route behind its rules, of which the outermost is looked at first: who may ask, who may read, and whose token it is.
fn guard(app: &App, route: Route) -> Router<App> {
    let Route {
        path,
        handlers,
        rules,
        ..
    } = route;
    let state = (app.clone(), rules);
    let mut handlers = handlers.layer(from_fn_with_state(state.clone(), checked));
    if let Some(cors) = rules.cors {
        let preflight = move || async move { cors::preflight(cors) };
        handlers = handlers.options(preflight).layer(from_fn(cors::readable));
    }
    Router::new()
        .route(path, handlers)
        .method_not_allowed_fallback(absent::other_method)
        .route_layer(from_fn_with_state(state, guarded))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::server::rules::{Audit, Counts, Credential, Origins};
    use crate::wire::api_document::operations::OPERATIONS;

    /// A route as docs/security.md lists it.
    fn row(route: &Route) -> String {
        let Rules {
            origins,
            credential,
            cors,
            limits,
            audit,
            ..
        } = route.rules;
        let origins = match (origins, cors) {
            (Origins::Own, _) => "own",
            (Origins::OwnAndListed, None) => "own and listed",
            (Origins::OwnAndListed, Some(_)) => "own and listed, which read the answer",
        };
        let credential = match credential {
            Credential::Unused => "not looked at",
            Credential::InSession => "in the session",
            Credential::Bearer(bearer) if bearer.missing.is_some() => "needed",
            Credential::Bearer(_) => "if there is one",
        };
        let wrong_token = match (credential, audit) {
            ("not looked at", _) => "",
            ("in the session", _) | (_, Audit::FailedTokens) => "`auth.failed`",
            (_, Audit::Refusals) => "`client.refused`",
        };
        let counts = match limits.counts {
            Counts::Connection => "",
            Counts::Client => "yes",
        };
        let path = route.path;
        format!("| `{path}` | {origins} | {credential} | {wrong_token} | {counts} |")
    }

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let routes = all(true);
        let routes: BTreeSet<&str> = routes.iter().map(|route| route.path).collect();
        let operations = OPERATIONS.iter();
        let described: BTreeSet<&str> = operations.map(|one| one.path).collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn the_docs_list_every_route_with_its_rules() {
        let docs = include_str!("../../docs/security.md");
        for has_metrics in [true, false] {
            for route in all(has_metrics) {
                let is_metrics_off = route.path == "/metrics" && !has_metrics;
                let row = row(&route);
                assert_eq!(docs.contains(&row), !is_metrics_off, "{row}");
                assert_eq!(route.rules.limits.body_bytes, 64 << 10, "{row}");
            }
        }
    }
}
