//! The routes of the HTTP server, as modules register them.
//!
//! What holds for every route (which hosts and origins may ask, how requests are framed, which methods there are) is in
//! [`super::http`]; a route adds its handlers and what browsers may do with its answers.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::MethodRouter;

use super::http::App;

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    /// As the router takes it.
    path: &'static str,
    /// As people read it, with what it is for; nothing for `/` itself.
    pub(super) shown: Option<(&'static str, &'static str)>,
    handlers: MethodRouter<App>,
    security: Security,
}

/// What browsers may do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Security {
    /// The `Content-Security-Policy`.
    pub(super) content_security_policy: &'static str,
    /// The `Cache-Control`.
    pub(super) cache_control: &'static str,
}

impl Security {
    /// The answer is no page: no browser is to take it for one, to keep it, or to give it to others.
    pub(super) const NO_PAGE: Self = Self {
        content_security_policy: "default-src 'none'; frame-ancestors 'none'",
        cache_control: "no-store",
    };

    /// Puts the headers on an answer.
    pub(super) fn apply(self, headers: &mut HeaderMap) {
        let rows = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, self.cache_control),
            (CONTENT_SECURITY_POLICY, self.content_security_policy),
            (REFERRER_POLICY, "no-referrer"),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                "same-origin",
            ),
        ];
        for (name, value) in rows {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

impl Route {
    /// A route whose answers are no pages.
    pub(super) fn new(
        path: &'static str,
        shown: Option<(&'static str, &'static str)>,
        handlers: MethodRouter<App>,
    ) -> Self {
        Self {
            path,
            shown,
            handlers,
            security: Security::NO_PAGE,
        }
    }
}

/// All routes, as they are listed for people.
pub(super) fn all() -> Vec<Route> {
    [
        super::front::routes(),
        super::websocket::routes(),
        super::api::routes(),
        super::health::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The router of these routes. Each answer has the security of its route among its extensions.
pub(super) fn router(routes: Vec<Route>) -> Router<App> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let security = route.security;
        let mark = map_response(move |mut response: Response| async move {
            response.extensions_mut().insert(security);
            response
        });
        router.route(route.path, route.handlers.layer(mark))
    })
}
