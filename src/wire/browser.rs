//! What `/api/session` and `/api/browsers` are asked and answer.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::json::to_json;

/// What a browser shows to come in.
#[derive(Clone, PartialEq, Eq)]
pub enum SessionRequest {
    /// A one-time code.
    Code(String),
    /// A token, or a JWT.
    Token(String),
}

/// Neither belongs in a log.
impl std::fmt::Debug for SessionRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code(..)",
            Self::Token(_) => "Token(..)",
        })
    }
}

/// Reads the body of a POST to `/api/session`.
///
/// # Errors
/// It is none; nothing of it is repeated, since it may be a secret.
pub fn read_session_request(body: &[u8]) -> Result<SessionRequest, &'static str> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        code: Option<String>,
        token: Option<String>,
    }
    let why = "send {\"code\": ...} or {\"token\": ...} as JSON, one of both\n";
    let body: Body = serde_json::from_slice(body).map_err(|_| why)?;
    match (body.code, body.token) {
        (Some(code), None) => Ok(SessionRequest::Code(code)),
        (None, Some(token)) => Ok(SessionRequest::Token(token.trim().to_owned())),
        _ => Err(why),
    }
}

/// Who a browser is to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionAnswer<'a> {
    /// Whether anybody has to come in at all.
    pub authentication: bool,
    /// The id of the token or the like, which is no secret.
    pub id: String,
    /// Its name.
    pub name: &'a str,
    /// What it may do.
    pub permissions: Vec<&'static str>,
    /// The patterns of the tmux sessions that it sees; none where it sees all.
    pub sessions: Vec<&'a str>,
    /// Whether secrets are masked in all that it sees.
    pub redacted: bool,
    /// When it is over at the latest; nothing if that is not known.
    pub expires: Option<String>,
    /// The public name of the browser's session; nothing where there is none.
    pub session: Option<&'a str>,
}

/// The same as JSON text.
#[must_use]
pub fn session_answer(answer: &SessionAnswer<'_>) -> Bytes {
    to_json(answer)
}

/// A browser that is let in, as those see it who may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrowserRow {
    /// The public name of its session.
    pub session: String,
    /// By what it is let in: the id of the token or the like.
    pub id: String,
    /// The name of that.
    pub name: String,
    /// Where it came from, if that is known.
    pub address: Option<String>,
    /// When it began.
    pub began: String,
    /// How long it does nothing already.
    pub idle_ms: u64,
    /// How many WebSockets it has.
    pub sockets: usize,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Browsers that are let in, as JSON text.
#[must_use]
pub fn browsers_answer(browsers: &[BrowserRow]) -> Bytes {
    #[derive(Serialize)]
    struct Answer<'a> {
        sessions: &'a [BrowserRow],
    }
    to_json(&Answer { sessions: browsers })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn one_credential_is_read() {
        let code = |text: &str| Some(SessionRequest::Code(text.to_owned()));
        let token = |text: &str| Some(SessionRequest::Token(text.to_owned()));
        let rows = [
            (r#"{"code":"abc"}"#, code("abc")),
            (r#"{"token":"mw_x"}"#, token("mw_x")),
            // As it may be when it is copied.
            (r#"{"token":" mw_x\n"}"#, token("mw_x")),
            (r#"{"token":"a","code":null}"#, token("a")),
            (r#"{"token":"a","code":"b"}"#, None),
            (r#"{"token":"a","more":1}"#, None),
            (r#"{"code":7}"#, None),
            ("{}", None),
            ("[]", None),
            ("", None),
            ("hunter2", None),
        ];
        for (body, expected) in rows {
            let found = read_session_request(body.as_bytes());
            assert!(!format!("{found:?}").contains("abc"));
            assert_eq!(found.ok(), expected, "{body}");
        }
        let why = read_session_request(b"hunter2").unwrap_err();
        assert!(!why.contains("hunter2"));
    }
}
