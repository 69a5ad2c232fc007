//! Secrets in addresses, which end up in logs and histories: found in whatever way they are written there.
//!
//! Names are compared as anyone who reads the address may read them: with `%` escapes undone, as often as there are some, and
//! without what people join words by. Nothing here is ever shown.

use std::borrow::Cow;

use axum::http::Uri;
use percent_encoding::percent_decode_str;

/// What credentials are called, in small letters and without what joins words.
const NAMES: [&str; 22] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authorization",
    "authtoken",
    "bearer",
    "bearertoken",
    "clientsecret",
    "credential",
    "credentials",
    "idtoken",
    "jwt",
    "muxwiretoken",
    "passphrase",
    "passwd",
    "password",
    "refreshtoken",
    "secret",
    "ticket",
    "token",
];

/// How often escapes are undone: what is escaped deeper than this is refused as well.
const DEPTH: usize = 4;

/// Whether an address seems to carry a secret.
pub(super) fn stand_in(address: &Uri) -> bool {
    let path = address.path();
    // What stands behind a semicolon is a parameter of the path to some programs.
    let parameters = path.split('/').flat_map(|part| part.split(';').skip(1));
    let mut parameters = parameters.filter_map(decoded);
    let mut parts = path.split(['/', ';']);
    parts.any(|part| decoded(part).is_none_or(|part| is_credential(&part)))
        || parameters.any(|part| is_named(&part))
        || address.query().is_some_and(query_holds)
}

fn query_holds(query: &str) -> bool {
    // A separator that is escaped is one to anyone who undoes the escapes before taking the query apart.
    let Some(plain) = decoded(query) else {
        return true;
    };
    [query, &plain].into_iter().any(|text| {
        let mut pairs = text.split(['&', ';', '?', '#']);
        pairs.any(|pair| decoded(pair).is_none_or(|pair| is_named(&pair) || is_credential(&pair)))
    })
}

/// A text without escapes; `None` if they are nested too deep to be anything but a disguise.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..DEPTH {
        let once = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if once == *text {
            return Some(text);
        }
        text = Cow::Owned(once);
    }
    None
}

/// Whether the name of a pair is one of a credential.
fn is_named(pair: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    // `token[]` and `user[token]` are how some programs write lists and fields.
    name.split(['[', ']', '.']).any(|name| {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        let plain: String = letters.flat_map(char::to_lowercase).collect();
        NAMES.contains(&&*plain)
    })
}

/// Whether a value is a credential by its form, whatever it is called.
fn is_credential(text: &str) -> bool {
    let value = text.split_once('=').map_or(text, |(_, value)| value);
    let value = value.trim_start_matches([' ', '+', '"', '\'']);
    let is_word = |text: &str, least: usize| {
        text.len() >= least && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_token = text.contains('=') && value.starts_with("mw_")
        || text.match_indices("mw_").any(|(at, lead)| {
            let mut words = text[at + lead.len()..].splitn(3, '_');
            let id = words.next().is_some_and(|id| is_word(id, 8));
            id && words.next().is_some_and(|secret| is_word(secret, 40))
        });
    let parts = value.strip_prefix("eyJ").map(|rest| rest.split('.'));
    is_token || parts.is_some_and(|parts| parts.filter(|part| part.len() > 3).count() >= 3)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn regression_no_secret_is_taken_from_an_address() {
        const TOKEN: &str =
            "mw_4fdc55l7_3nrulb6k42sskptfljd05j4eao83pe8jq3bbgg5kndjt4e4j2l90_f6d19sqt";
        let good = [
            "/monitor",
            "/monitor?pane=7",
            "/monitor?pane=%257",
            "/monitor?tokens=2&mytoken=1",
            "/monitor?q=token",
            "/ws/terminal/token",
            "/ws/terminal/mw_notes",
            "/ws/terminal/a%20b?pane=%253",
            "/monitor?x=100%",
        ];
        for address in good {
            assert!(!stand_in(&address.parse().unwrap()), "{address}");
        }
        let bad = [
            "/monitor?token=x",
            "/monitor?token",
            "/monitor?a=b&TOKEN=x",
            "/monitor?a=b;token=x",
            "/monitor?%74oken=x",
            "/monitor?%54%4f%4B%45n=x",
            "/monitor?%2574oken=x",
            "/monitor?%25252525252574oken=x",
            "/monitor?+token=x",
            "/monitor?token+=x",
            "/monitor?a=1%26token=x",
            "/monitor?token%3Dx",
            "/monitor?token[]=x",
            "/monitor?user%5Btoken%5D=x",
            "/monitor?access_token=x",
            "/monitor?access-token=x",
            "/monitor?accessToken=x",
            "/monitor?api_key=x",
            "/monitor?password=x",
            "/monitor?ticket=x",
            "/monitor?a=1&a=2&ticket=x",
            "/monitor?x=mw_4fdc55l7_3nr",
            "/monitor?x=%6dw_4fdc55l7_3nr",
            "/monitor?x=+mw_4fdc55l7_3nr",
            "/monitor?x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "/monitor;token=x",
            "/monitor;%74oken=x",
        ];
        for address in bad {
            assert!(stand_in(&address.parse().unwrap()), "{address}");
        }
        for place in [
            "/",
            "/ws/terminal/",
            "/monitor?",
            "/monitor?x=a",
            "/monitor/Bearer%20",
        ] {
            assert!(
                stand_in(&format!("{place}{TOKEN}").parse().unwrap()),
                "{place}"
            );
        }
    }
}
