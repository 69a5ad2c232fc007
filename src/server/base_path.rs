//! The path below which a server is found, where a proxy serves others beside it.
//!
//! It is taken off before anything looks at a request, so that no route knows of it. A proxy that takes it off itself is as
//! good: what comes without is served too.

use axum::http::uri::PathAndQuery;
use axum::http::{Extensions, Uri};

use super::listen::ConnectionInfo;

/// Nothing, or a path that begins with a slash and ends without one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BasePath(Box<str>);

/// A request had it before its path.
#[derive(Debug, Clone, Copy)]
struct WasThere;

impl BasePath {
    pub(super) fn new(path: &str) -> Self {
        Self(path.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes it off the address of a request.
    pub(super) fn take_off(&self, uri: &mut Uri, extensions: &mut Extensions) {
        if self.0.is_empty() {
            return;
        }
        let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let Some(rest) = whole
            .strip_prefix(&*self.0)
            .filter(|rest| rest.starts_with('/'))
        else {
            return;
        };
        let Ok(rest) = rest.parse() else { return };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(rest);
        if let Ok(without) = Uri::from_parts(parts) {
            *uri = without;
            extensions.insert(WasThere);
        }
    }

    /// Whether a path is this one without the slash behind it, from where addresses in pages would lead elsewhere.
    pub(super) fn is_without_slash(&self, path: &str) -> bool {
        !self.0.is_empty() && *self.0 == *path
    }

    /// Where the server is in the browser that asks: a proxy may have taken the path off.
    pub(super) fn seen_by(&self, of: &Extensions) -> String {
        let info: Option<&ConnectionInfo> = of.get();
        let is_behind = info.is_some_and(|info| info.proxied);
        match is_behind || of.get::<WasThere>().is_some() {
            true => format!("{}/", self.0),
            false => "/".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn it_is_taken_off_where_it_is_whole() {
        let rows = [
            ("", "/mux/monitor", "/mux/monitor", "/"),
            ("/mux", "/mux/monitor", "/monitor", "/mux/"),
            ("/mux", "/mux/", "/", "/mux/"),
            (
                "/mux",
                "/mux/t/a%2Fb?pane=%257",
                "/t/a%2Fb?pane=%257",
                "/mux/",
            ),
            ("/mux", "/mux/mux/x", "/mux/x", "/mux/"),
            ("/mux", "/monitor", "/monitor", "/"),
            ("/mux", "/mux", "/mux", "/"),
            ("/mux", "/mux?a=b", "/mux?a=b", "/"),
            ("/mux", "/muxwire/monitor", "/muxwire/monitor", "/"),
            ("/mux", "/%6dux/monitor", "/%6dux/monitor", "/"),
            ("/a/b", "/a/b/c", "/c", "/a/b/"),
            (
                "/mux",
                "http://box.example/mux/x",
                "http://box.example/x",
                "/mux/",
            ),
            ("/mux", "//mux/x", "//mux/x", "/"),
            ("/mux", "/mux//x", "//x", "/mux/"),
        ];
        for (base, asked, expected, seen) in rows {
            let base = BasePath::new(base);
            let mut uri: Uri = asked.parse().unwrap();
            let mut extensions = Extensions::new();
            base.take_off(&mut uri, &mut extensions);
            assert_eq!(uri.to_string(), expected, "{asked} below {base:?}");
            assert_eq!(base.seen_by(&extensions), seen, "{asked} below {base:?}");
        }
        assert!(BasePath::new("/mux").is_without_slash("/mux"));
        assert!(!BasePath::new("").is_without_slash(""));
    }
}
