//! The cookie of a browser's session.
//!
//! Browsers send a cookie to every port of a host, so the port is in its name: two servers of one machine have two. No script
//! reads it (`HttpOnly`), no other site's page has it sent (`SameSite=Strict`), and with TLS it goes nowhere without and comes
//! from nowhere else (`__Host-`).

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{Extensions, HeaderMap, HeaderValue};

use crate::server::app::{App, visitor_of};
use crate::server::listen::ConnectionInfo;

/// Cookies of this name that are looked at in one request.
const MOST: usize = 8;

/// The cookie of one server, as one browser reaches it.
#[derive(Debug)]
pub(super) struct Cookie {
    name: String,
    path: String,
    is_secure: bool,
}

impl Cookie {
    /// That of the server that a request with these extensions asks for. Below a path of its own it is for that path alone, so that
    /// programs beside it don't get it; browsers then want another name for it.
    pub(super) fn of(app: &App, extensions: &Extensions) -> Self {
        let host = visitor_of(extensions).host;
        let port = host.and_then(|host| host.port());
        let port = port.map_or_else(String::new, |port| format!("-{port}"));
        let info: Option<&ConnectionInfo> = extensions.get();
        let is_secure = info.is_some_and(|info| info.secure);
        let path = app.base().seen_by(extensions);
        let prefix = match (is_secure, &*path) {
            (true, "/") => "__Host-",
            (true, _) => "__Secure-",
            (false, _) => "",
        };
        Self {
            name: format!("{prefix}muxwire{port}"),
            path,
            is_secure,
        }
    }

    /// What the cookies of this name hold.
    pub(super) fn values<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let lines = headers.get_all(COOKIE).iter();
        let pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'));
        let found = pairs.filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        });
        found.take(MOST)
    }

    /// A cookie with this value, which the browser keeps for so long; for no time, it forgets the one that it has.
    pub(super) fn set(&self, value: &str, life: Duration) -> Option<HeaderValue> {
        let Self { name, path, .. } = self;
        let secure = if self.is_secure { "; Secure" } else { "" };
        let seconds = life.as_secs();
        let cookie = format!(
            "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        );
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
