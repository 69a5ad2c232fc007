//! The cookie of a browser's session.
//!
//! Browsers send a cookie to every port of a host, so the port is in its name: two servers of one machine have two. No script
//! reads it (`HttpOnly`), no other site's page has it sent (`SameSite=Strict`), and with TLS it goes nowhere without and comes
//! from nowhere else (`__Host-`).

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::server::listen::ConnectionInfo;
use crate::server::origin::Visitor;

/// Cookies of this name that are looked at in one request.
const MOST: usize = 8;

/// What the cookie is called for a server that is asked for like this.
pub(super) fn name(visitor: &Visitor, info: Option<&ConnectionInfo>) -> String {
    let port = visitor.host.as_ref().and_then(|host| host.port());
    let port = port.map_or_else(String::new, |port| format!("-{port}"));
    let prefix = if is_secure(info) { "__Host-" } else { "" };
    format!("{prefix}muxwire{port}")
}

/// Whether the browser speaks TLS, to this server or to a proxy in front of it.
fn is_secure(info: Option<&ConnectionInfo>) -> bool {
    info.is_some_and(|info| info.secure)
}

/// What the cookies of this name hold.
pub(super) fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let found = pairs.filter_map(move |pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    });
    found.take(MOST)
}

/// A cookie with this value, which the browser keeps for so long; for no time, it forgets the one that it has.
pub(super) fn set(
    name: &str,
    value: &str,
    info: Option<&ConnectionInfo>,
    life: Duration,
) -> Option<HeaderValue> {
    let secure = if is_secure(info) { "; Secure" } else { "" };
    let seconds = life.as_secs();
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::from_str(&cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}
