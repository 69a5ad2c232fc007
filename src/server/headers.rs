//! Reading headers of requests.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};

/// The token of an `Authorization` header, which no browser adds by itself.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, &AUTHORIZATION)?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// The value of a header that stands there once; of two, nobody knows which one counts.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()
}

/// Whether a comma-separated header names this word, in whatever case.
pub(super) fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|one| one.eq_ignore_ascii_case(word))
}

/// The words of a comma-separated header.
pub(super) fn words<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// How much a client wants something, by the parameters of its name in `Accept` and the like.
pub(super) fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let quality = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then_some(value.trim())
    });
    // What is no number is no wish.
    quality.map_or(1.0, |value| value.parse().unwrap_or(0.0))
}
