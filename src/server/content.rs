//! Answers that browsers keep: each has the hash of its content as its tag, so that what is there already is not sent
//! again.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::headers::words;
use super::rules::Security;

/// How much of a hash distinguishes contents, in characters.
const DIGEST: usize = 16;

/// Something to answer with, which a browser may have already.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) content_type: &'static str,
    pub(super) body: Cow<'static, [u8]>,
    pub(super) security: Security,
    /// Whether the same address answers otherwise where the header `Accept` is another.
    pub(super) is_negotiated: bool,
}

impl Content {
    /// The answer to a GET or HEAD with these headers.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response<Body> {
        let tag = format!("\"{}\"", digest(&self.body));
        let length = HeaderValue::from(self.body.len());
        let is_there = words(asked, &IF_NONE_MATCH).any(|known| matches(known, &tag));
        let body = match (is_there, self.body) {
            (true, _) => Bytes::new(),
            (false, Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
            (false, Cow::Owned(bytes)) => bytes.into(),
        };
        let mut response = Response::new(Body::from(body));
        response.extensions_mut().insert(self.security);
        if is_there {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        // That of the whole, also of an answer without a body: a HEAD would get 0 otherwise.
        headers.insert(CONTENT_LENGTH, length);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        if self.is_negotiated {
            headers.insert(VARY, HeaderValue::from_static("accept"));
        }
        response
    }
}

/// A digest of a content, in letters and digits.
pub(super) fn digest(content: &[u8]) -> String {
    let hash = blake3::hash(content).to_hex();
    hash.chars().take(DIGEST).collect()
}

/// Whether one of the tags in `If-None-Match` is this one, weak or not.
fn matches(known: &str, tag: &str) -> bool {
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
}

/// Whether a client would rather have HTML than plain text. One that takes anything, such as curl, would not.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let wish = |wanted: &str| {
        let ranges = words(headers, &ACCEPT).filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next()?;
            name.eq_ignore_ascii_case(wanted).then(|| quality(parts))
        });
        ranges.fold(0.0, f32::max)
    };
    let html = wish("text/html");
    html > 0.0 && html >= wish("text/plain")
}

/// How much a client wants something, by the parameters of its name in `Accept`.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let quality = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then_some(value.trim())
    });
    // What is no number is no wish.
    quality.map_or(1.0, |value| value.parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::http::header::HeaderName;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| value.parse().unwrap());
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn html_is_for_those_who_ask_for_it() {
        let rows: [(&[&str], bool); 14] = [
            (&[], false),
            (&["*/*"], false),
            (&["text/*"], false),
            (&["text/html"], true),
            (&["TEXT/HTML; charset=utf-8"], true),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
                true,
            ),
            (&["application/json", "text/html;q=0.1"], true),
            (&["text/html;q=0"], false),
            (&["text/html; Q=0.000"], false),
            (&["text/html;q=x"], false),
            (&["text/html;q=NaN"], false),
            (&["text/plain, text/html;q=0.9"], false),
            (&["text/plain;q=0.5, text/html;q=0.5"], true),
            (&["text/htmlx, xtext/html"], false),
        ];
        for (accept, expected) in rows {
            let found = prefers_html(&headers(ACCEPT, accept));
            assert_eq!(found, expected, "{accept:?}");
        }
    }

    #[test]
    fn tags_are_compared_whole() {
        let tag = format!("\"{}\"", digest(b"x"));
        let bare = digest(b"x");
        let weak = format!("W/{tag}");
        let listed = format!("\"a\", {tag}");
        let inside = format!("\"{bare}x\"");
        let rows: [(&[&str], bool); 9] = [
            (&[], false),
            (&["*"], true),
            (&[&tag], true),
            (&[&weak], true),
            (&[&listed], true),
            (&["\"a\"", &tag], true),
            (&[&bare], false),
            (&[&inside], false),
            (&["\"\""], false),
        ];
        for (known, expected) in rows {
            let content = Content {
                content_type: "text/plain",
                body: Cow::Borrowed(b"x"),
                security: Security::PAGE,
                is_negotiated: false,
            };
            let answer = content.answer(&headers(IF_NONE_MATCH, known));
            let is_there = answer.status() == StatusCode::NOT_MODIFIED;
            assert_eq!(is_there, expected, "{known:?}");
            assert_eq!(answer.headers()["etag"], *tag, "{known:?}");
        }
    }
}
