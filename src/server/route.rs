//! A route of the HTTP server, as a module registers it.

use axum::routing::MethodRouter;

use super::app::App;
use super::rules::Rules;

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    /// As the router takes it.
    pub(super) path: &'static str,
    /// As people read it, with what it is for; nothing for what they need not know.
    pub(super) shown: Option<(&'static str, &'static str)>,
    pub(super) handlers: MethodRouter<App>,
    pub(super) rules: Rules,
}

impl Route {
    /// A route that is listed for people, with the path as they write it and what it is for.
    pub(super) fn new(
        path: &'static str,
        shown: (&'static str, &'static str),
        handlers: MethodRouter<App>,
        rules: Rules,
    ) -> Self {
        let shown = Some(shown);
        Self {
            path,
            shown,
            handlers,
            rules,
        }
    }

    /// A route that is in no list for people.
    pub(super) fn unlisted(path: &'static str, handlers: MethodRouter<App>, rules: Rules) -> Self {
        Self {
            path,
            shown: None,
            handlers,
            rules,
        }
    }
}
