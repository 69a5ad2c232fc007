//! What HTTP answers when it does not do what was asked: problem details (RFC 9457).

use bytes::Bytes;
use serde::Serialize;

use super::code::ErrorCode;
use super::json::to_json;

/// The media type of problem details.
pub const PROBLEM: &str = "application/problem+json";

/// Why a request is not done.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// The status of the answer, and its name.
    pub status: (u16, &'a str),
    /// The stable word, as in an `error`; nothing for what is refused before anybody reads what is asked.
    pub code: Option<ErrorCode>,
    /// The word for the metrics, of what is refused so early.
    pub reason: Option<&'a str>,
    /// Why, for people.
    pub detail: &'a str,
    /// When to ask again, in milliseconds, if that is known.
    pub retry_after_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ProblemObject<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Problem<'_> {
    /// As JSON text.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let (status, title) = self.status;
        let code = self.code.map(ErrorCode::as_str);
        to_json(&ProblemObject {
            kind: match (code, self.reason) {
                (Some(code), _) => format!("urn:muxwire:error:{code}"),
                (None, Some(reason)) => format!("urn:muxwire:refused:{reason}"),
                (None, None) => "about:blank".to_owned(),
            },
            title,
            status,
            detail: self.detail.trim_end(),
            code,
            retryable: self.code.map(ErrorCode::is_retryable),
            retry_after_ms: self.retry_after_ms,
        })
    }
}
