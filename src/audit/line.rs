//! A line of the log: its JSON, its hash, and what of it a reader needs.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::entry::{Act, Piece, Typed, Who};

/// The SHA-256 of a line's bytes, without the line end: `head -n 7 FILE | tail -n 1 | tr -d '\n' | sha256sum`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// What the first line of a log names.
    pub const NONE: Self = Self([0; 32]);

    /// The hash of a line.
    #[must_use]
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no hash of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits in lower case")]
pub struct NoHash;

impl FromStr for LineHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NoHash)?;
        bytes.try_into().map(Self).map_err(|_| NoHash)
    }
}

/// How what is typed is recorded.
#[derive(Clone)]
pub(super) struct TypedFormat {
    /// The key of the hashes.
    pub(super) key: [u8; 32],
    /// Whether it is recorded itself.
    pub(super) content: bool,
}

/// The key is a secret.
impl fmt::Debug for TypedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedFormat")
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) prev: LineHash,
}

/// All fields of all lines, in the order in which they are written.
#[derive(Debug, Default, Serialize)]
struct Fields<'a> {
    seq: u64,
    time: String,
    prev: String,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pane: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cols: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paste: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hmac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Value>,
}

/// Writes a line, without its end.
pub(super) fn write(
    at: Link,
    time: Timestamp,
    who: &Who,
    act: &Act,
    format: &TypedFormat,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut fields = Fields {
        seq: at.seq,
        time: format!("{time:.3}"),
        prev: at.prev.to_string(),
        action: act.action(),
        client: who.client(),
        address: who.address(),
        token: who.token(),
        name: who.name(),
        ..Fields::default()
    };
    fill(&mut fields, act, format);
    serde_json::to_vec(&fields)
}

fn fill<'a>(fields: &mut Fields<'a>, act: &'a Act, format: &TypedFormat) {
    match act {
        Act::Started { pid } => {
            fields.version = Some(env!("CARGO_PKG_VERSION"));
            fields.pid = Some(*pid);
        }
        Act::Stopped => {}
        Act::Repaired { dropped } => fields.bytes = Some(*dropped),
        Act::Unrecorded { reason, count } => {
            (fields.reason, fields.count) = (Some(*reason), Some(*count));
        }
        Act::Reloaded { what, count } => {
            (fields.what, fields.count) = (Some(*what), Some(*count));
        }
        Act::Connected { endpoint } => fields.endpoint = Some(endpoint),
        Act::Refused { reason } => fields.reason = Some(reason),
        Act::AuthFailed { reason } | Act::AuthEnded { reason } => fields.reason = Some(reason),
        Act::Authenticated {
            permission,
            sessions,
        } => (fields.permission, fields.sessions) = (Some(*permission), Some(&**sessions)),
        Act::SignedIn { .. }
        | Act::SignedOut { .. }
        | Act::PushSubscribed { .. }
        | Act::PushEnded { .. } => fill_browser(fields, act),
        Act::Disconnected { code } => fields.code = *code,
        Act::Denied { .. }
        | Act::Input { .. }
        | Act::Resize { .. }
        | Act::Emit { .. }
        | Act::Seen { .. }
        | Act::ClosedOther { .. } => fill_asked(fields, act, format),
    }
}

/// The same of browsers.
fn fill_browser<'a>(fields: &mut Fields<'a>, act: &'a Act) {
    match act {
        Act::SignedIn {
            browser,
            by,
            permission,
            sessions,
        } => {
            (fields.browser, fields.what) = (Some(browser.as_str()), Some(*by));
            (fields.permission, fields.sessions) = (Some(*permission), Some(&**sessions));
        }
        Act::SignedOut { browser, reason } => {
            (fields.browser, fields.reason) = (Some(browser.as_str()), Some(*reason));
        }
        Act::PushSubscribed {
            subscription,
            browser,
            service,
        } => {
            (fields.target, fields.what) = (Some(subscription.as_str()), Some(service.as_str()));
            fields.browser = browser.as_deref();
        }
        Act::PushEnded {
            subscription,
            reason,
        } => (fields.target, fields.reason) = (Some(subscription.as_str()), Some(*reason)),
        _ => {}
    }
}

/// The same of what clients ask for.
fn fill_asked<'a>(fields: &mut Fields<'a>, act: &'a Act, format: &TypedFormat) {
    match act {
        Act::Denied {
            request,
            reason,
            target,
        } => {
            (fields.request, fields.reason) = (Some(*request), Some(*reason));
            fields.target = target.as_deref();
        }
        Act::Input {
            session,
            pane,
            typed,
        } => {
            fields.session = session.as_deref();
            fields.pane = Some(pane.to_string());
            fill_typed(fields, typed, format);
        }
        Act::Resize {
            session,
            pane,
            size,
        } => {
            fields.session = session.as_deref();
            fields.pane = Some(pane.to_string());
            (fields.cols, fields.rows) = (Some(size.0), Some(size.1));
        }
        Act::Emit { .. } | Act::Seen { .. } => fill_published(fields, act),
        Act::ClosedOther {
            other,
            other_name,
            reason,
        } => {
            fields.other = Some(other);
            fields.other_name = other_name.as_deref();
            fields.reason = reason.as_deref();
        }
        _ => {}
    }
}

/// The same of what is published for them.
fn fill_published<'a>(fields: &mut Fields<'a>, act: &'a Act) {
    match act {
        Act::Emit {
            session,
            types,
            count,
            bytes,
        } => {
            (fields.session, fields.what) = (session.as_deref(), Some(types.as_str()));
            (fields.count, fields.bytes) = (Some(*count), Some(*bytes));
        }
        Act::Seen {
            session,
            pane,
            count,
        } => {
            (fields.session, fields.count) = (session.as_deref(), Some(*count));
            fields.pane = Some(pane.to_string());
        }
        _ => {}
    }
}

fn fill_typed(fields: &mut Fields<'_>, typed: &Typed, format: &TypedFormat) {
    fields.bytes = u64::try_from(typed.bytes()).ok();
    fields.keys = u64::try_from(typed.keys()).ok().filter(|count| *count > 0);
    fields.paste = typed.paste.then_some(true);
    fields.hmac = Some(keyed(fields.seq, typed, &format.key));
    if format.content {
        fields.content = Some(typed.pieces.iter().map(recorded).collect());
    }
}

/// The HMAC-SHA-256 of a line's number, a colon and what is typed: text as it is, a key's name between two NUL bytes.
///
/// Keyed, since a plain hash of a short input is found by trying all; with the number, since under one key equal keystrokes
/// would have equal hashes, which is a cipher that anybody breaks.
fn keyed(seq: u64, typed: &Typed, key: &[u8; 32]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // A key of any length is good: this can't be.
        return String::new();
    };
    mac.update(seq.to_string().as_bytes());
    mac.update(b":");
    for piece in &typed.pieces {
        match piece {
            Piece::Text(text) => mac.update(text),
            Piece::Key(name) => {
                mac.update(b"\0");
                mac.update(name.as_bytes());
                mac.update(b"\0");
            }
        }
    }
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// A part of what was typed as it is recorded: text as a string, what is no text in base 64, a key by its name.
fn recorded(piece: &Piece) -> Value {
    match piece {
        Piece::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::from(text),
            Err(_) => json!({ "base64": BASE64.encode(bytes) }),
        },
        Piece::Key(name) => json!({ "key": name }),
    }
}

/// What a reader needs of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Its number.
    pub seq: u64,
    /// The hash of the line before.
    pub prev: LineHash,
    /// When it was written.
    pub time: Timestamp,
    /// All of it.
    pub value: Value,
}

/// Reads a line; nothing if it is none of a log.
#[must_use]
pub fn parse(line: &[u8]) -> Option<Parsed> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    text("action")?;
    Some(Parsed {
        seq: value.get("seq")?.as_u64()?,
        prev: text("prev")?.parse().ok()?,
        time: text("time")?.parse().ok()?,
        value,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use bytes::Bytes;

    use super::*;
    use crate::ids::PaneId;

    fn typed(pieces: &[Piece]) -> Typed {
        Typed {
            pieces: pieces.to_vec(),
            paste: false,
        }
    }

    #[test]
    fn hashes_are_those_of_common_tools() {
        // printf abc | sha256sum
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(LineHash::of(b"abc").to_string(), abc);
        assert_eq!(abc.parse(), Ok(LineHash::of(b"abc")));
        for bad in ["", &abc[1..], &abc.to_uppercase()] {
            assert_eq!(bad.parse::<LineHash>(), Err(NoHash), "{bad}");
        }
        // printf '7:ls\0Enter\0' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101...01
        let input = typed(&[
            Piece::Text(Bytes::from_static(b"ls")),
            Piece::Key("Enter".to_owned()),
        ]);
        let expected = "0642e9a0cef52d8b0a5f2b378b14d72a4199c85d42ce0522f4bdb406f7c97c31";
        assert_eq!(keyed(7, &input, &[1; 32]), expected);
    }

    #[test]
    fn equal_input_has_another_hash_in_each_line_and_under_each_key() {
        let input = typed(&[Piece::Text(Bytes::from_static(b"a"))]);
        let mut found: Vec<String> = [(1, [1; 32]), (2, [1; 32]), (1, [2; 32])]
            .iter()
            .map(|(seq, key)| keyed(*seq, &input, key))
            .collect();
        found.dedup();
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn content_is_recorded_by_option_only() {
        let at = Link {
            seq: 3,
            prev: LineHash::NONE,
        };
        let act = Act::Input {
            session: Some("a\u{202e}\n".to_owned()),
            pane: PaneId(7),
            typed: typed(&[
                Piece::Text(Bytes::from_static(b"hunter2")),
                Piece::Text(Bytes::from_static(b"\xff\x00")),
                Piece::Key("Enter".to_owned()),
            ]),
        };
        for content in [false, true] {
            let format = TypedFormat {
                key: [7; 32],
                content,
            };
            let who = Who::at(Some("c1".to_owned()), None).known_as(None, "me");
            let line = write(at, Timestamp::UNIX_EPOCH, &who, &act, &format).unwrap();
            assert!(!line.contains(&b'\n'));
            let parsed = parse(&line).unwrap();
            assert_eq!((parsed.seq, parsed.prev), (3, LineHash::NONE));
            assert_eq!(parsed.time, Timestamp::UNIX_EPOCH);
            let value = parsed.value;
            assert_eq!(
                (&value["bytes"], &value["keys"]),
                (&json!(9), &json!(1)),
                "{value}"
            );
            let text = String::from_utf8(line).unwrap();
            assert_eq!(text.contains("hunter2"), content, "{text}");
            let recorded = json!(["hunter2", { "base64": "/wA=" }, { "key": "Enter" }]);
            assert_eq!(value.get("content"), content.then_some(&recorded));
            assert!(!format!("{act:?} {format:?}").contains("hunter2"));
        }
    }
}
