//! Answers that browsers keep: each has the hash of its content as its tag, so that what is there already is not sent
//! again.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::encoding::Encoding;
use super::headers::{quality, words};
use super::rules::{PolicyNames, Security};

/// How much of a hash distinguishes contents, in characters.
const DIGEST: usize = 16;

/// Something to answer with, which a browser may have already.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) content_type: &'static str,
    pub(super) body: Cow<'static, [u8]>,
    pub(super) security: Security,
    /// How the body is compressed.
    pub(super) encoding: Option<Encoding>,
    /// The header by which the same address answers otherwise.
    pub(super) varies_by: Option<&'static str>,
}

/// The type of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";
/// Stands in a page where its nonce is put.
const NONCE: &str = "{{nonce}}";

impl Content {
    /// The answer to a GET or HEAD with these headers.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response<Body> {
        let digest = digest(&self.body);
        self.answer_as(&digest, asked)
    }

    /// The same under the tag of something that stands for this content.
    fn answer_as(self, digest: &str, asked: &HeaderMap) -> Response<Body> {
        let tag = format!("\"{digest}\"");
        let is_there = words(asked, &IF_NONE_MATCH).any(|known| matches(known, &tag));
        let length = HeaderValue::from(self.body.len());
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
        if let Some(encoding) = self.encoding {
            headers.insert(CONTENT_ENCODING, encoding.header());
        }
        if let Some(header) = self.varies_by {
            headers.insert(VARY, HeaderValue::from_static(header));
        }
        response
    }
}

/// The answer with a page that has a nonce, which is another one each time that the page is sent. The tag is that of the page
/// without it. Who has the page already keeps the policy that it came with, since its nonce is in the page.
pub(super) fn answer_page(
    page: &str,
    names: PolicyNames,
    (security, varies_by): (Security, Option<&'static str>),
    asked: &HeaderMap,
) -> Response<Body> {
    let filled = page.replace(NONCE, &names.nonce);
    let content = Content {
        content_type: HTML,
        body: Cow::Owned(filled.into_bytes()),
        security,
        encoding: None,
        varies_by,
    };
    let mut response = content.answer_as(&digest(page.as_bytes()), asked);
    if response.status() != StatusCode::NOT_MODIFIED {
        response.extensions_mut().insert(names);
    }
    response
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
                encoding: None,
                varies_by: None,
            };
            let answer = content.answer(&headers(IF_NONE_MATCH, known));
            let is_there = answer.status() == StatusCode::NOT_MODIFIED;
            assert_eq!(is_there, expected, "{known:?}");
            assert_eq!(answer.headers()["etag"], *tag, "{known:?}");
        }
    }

    #[test]
    fn a_page_has_another_nonce_each_time_and_the_same_tag() {
        let names = |nonce: &str| PolicyNames {
            nonce: nonce.to_owned(),
            ancestors: String::new(),
            sockets: String::new(),
        };
        let answer = |nonce, asked: &HeaderMap| {
            let how = (Security::PROGRAM, None);
            answer_page("<a nonce=\"{{nonce}}\">", names(nonce), how, asked)
        };
        let [first, second] = ["abc", "defg"].map(|nonce| answer(nonce, &HeaderMap::new()));
        assert_eq!(first.headers()["etag"], second.headers()["etag"]);
        assert_eq!(first.headers()["content-length"], "15");
        assert_eq!(second.headers()["content-length"], "16");
        for (response, nonce) in [(&first, "abc"), (&second, "defg")] {
            let named: Option<&PolicyNames> = response.extensions().get();
            assert_eq!(named.unwrap().nonce, nonce);
        }
        let mut known = HeaderMap::new();
        known.insert(IF_NONE_MATCH, first.headers()["etag"].clone());
        let again = answer("hijk", &known);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()["etag"], first.headers()["etag"]);
        assert!(again.extensions().get::<PolicyNames>().is_none());
    }
}
