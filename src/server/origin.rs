//! Which pages may connect.
//!
//! A page that a user opens anywhere could reach a server on the user's own machine. Browsers say which page it is: in
//! `Origin`, which a page can't forge. A program that is no browser sends none, and needs a token all the same.

use std::net::Ipv4Addr;

/// Whether a page of this origin may connect to a server that was reached by this name.
///
/// Without an origin it is no page. Else the page has to be the server's own, and under a name that nobody else can
/// point here: a loopback name, or one of `allowed`. A foreign name that was made to lead here by its owner (DNS
/// rebinding) is its own origin too, and is refused for that.
pub(super) fn is_allowed(origin: Option<&str>, host: Option<&str>, allowed: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let (Some(authority), Some(host)) = (authority, host) else {
        return false;
    };
    let name = without_port(host);
    authority.eq_ignore_ascii_case(host)
        && (is_loopback(name) || allowed.iter().any(|one| one.eq_ignore_ascii_case(name)))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_judged_by_origin_and_host() {
        let allowed = ["box.example".to_owned()];
        let rows = [
            (None, Some("127.0.0.1:8765"), true),
            (None, None, true),
            (Some("http://127.0.0.1:8765"), Some("127.0.0.1:8765"), true),
            (Some("http://localhost:8765"), Some("LOCALHOST:8765"), true),
            (Some("http://[::1]:8765"), Some("[::1]:8765"), true),
            (Some("https://box.example"), Some("box.example"), true),
            (Some("http://127.0.0.1:8766"), Some("127.0.0.1:8765"), false),
            (Some("http://localhost:8765"), Some("127.0.0.1:8765"), false),
            (Some("https://evil.example"), Some("127.0.0.1:8765"), false),
            (
                Some("http://evil.example:8765"),
                Some("evil.example:8765"),
                false,
            ),
            (
                Some("http://127.0.0.1.evil.example:8765"),
                Some("127.0.0.1.evil.example:8765"),
                false,
            ),
            (Some("http://localhost"), None, false),
            (Some("null"), Some("127.0.0.1:8765"), false),
            (Some("file://"), Some(""), false),
            (Some(""), Some(""), false),
        ];
        for (origin, host, expected) in rows {
            assert_eq!(
                is_allowed(origin, host, &allowed),
                expected,
                "{origin:?} at {host:?}"
            );
        }
    }
}
