//! The short way for what is said most: a keystroke. What it takes is exactly what the schema allows, and whatever it
//! doesn't take goes the long way, where errors are reported. A test holds the two against each other.

use serde::{Deserialize, Deserializer};

use super::MAX_MESSAGE;
use super::request::{Action, Request, RequestId, SendKeys, Target};
use super::terminal_request::{Input, TerminalAction};
use crate::ids::PaneId;

/// Text for a pane that is named by its id, with nothing else about it.
pub(super) fn send_keys(text: &[u8]) -> Option<Request> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fields<'a> {
        #[serde(borrow)]
        action: &'a str,
        #[serde(default, deserialize_with = "present")]
        id: Option<RequestId>,
        target: Place,
        text: String,
    }
    // Whatever else is in a target goes the long way.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Place {
        pane: String,
    }
    let fields: Fields<'_> = read(text)?;
    if fields.action != "send-keys" || fields.text.is_empty() || !is_pane(&fields.target.pane) {
        return None;
    }
    let target = Target {
        pane: Some(fields.target.pane),
        ..Target::default()
    };
    let keys = SendKeys {
        target,
        text: Some(fields.text),
        ..SendKeys::default()
    };
    Some(Request {
        action: Action::SendKeys(keys),
        id: checked(fields.id)?,
    })
}

/// What is typed into a terminal.
pub(super) fn input(text: &[u8]) -> Option<Request<TerminalAction>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fields<'a> {
        #[serde(borrow, rename = "type")]
        kind: &'a str,
        #[serde(default, deserialize_with = "present")]
        id: Option<RequestId>,
        data: String,
    }
    let fields: Fields<'_> = read(text)?;
    if fields.kind != "input" || fields.data.is_empty() {
        return None;
    }
    let input = Input {
        data: fields.data,
        ..Input::default()
    };
    Some(Request {
        action: TerminalAction::Input(input),
        id: checked(fields.id)?,
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    if text.len() > MAX_MESSAGE {
        return None;
    }
    serde_json::from_slice(text).ok()
}

/// A field that is there; `null` is not the same as none.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    field: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// Whether a text is an id of up to ten digits.
fn is_pane(text: &str) -> bool {
    text.parse::<PaneId>().is_ok()
}

/// An id as the schema allows it.
fn checked(id: Option<RequestId>) -> Option<Option<RequestId>> {
    match &id {
        Some(RequestId::Text(text)) if text.chars().count() > 128 => None,
        _ => Some(id),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::parse::{parse_slowly, parse_terminal_slowly};
    use super::*;

    const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    /// Every combination of fields, good and bad, that a keystroke could come with.
    fn messages(kind: &str, text: &str, targets: &[&str]) -> Vec<String> {
        let ids = [
            "",
            r#","id":1"#,
            r#","id":"a""#,
            r#","id":null"#,
            r#","id":[1]"#,
            r#","id":-1.5"#,
        ];
        let long = format!(r#","id":"{LONG}""#);
        let texts = [
            "\"x\"",
            "\"\"",
            "5",
            "null",
            r#""\u001b[A\u0000\"\\é""#,
            "\"\u{1f600}\"",
        ];
        let more = [
            "",
            r#","later":{"a":[1]}"#,
            r#","keys":["a"]"#,
            r#","key":"k""#,
            r#","cancel_mode":true"#,
            r#","submit_delay_ms":5"#,
            r#","scrollback":5"#,
            r#","paste":true"#,
            r#","paste":1"#,
            r#","sessionId":"a""#,
            r#","sessionId":4"#,
            r#","timestamp":{}"#,
            r#","cancel_mode":null"#,
            r#","id":2"#,
        ];
        let mut all = Vec::new();
        for id in ids.into_iter().chain([&*long]) {
            for written in texts {
                for target in targets {
                    for extra in more {
                        all.push(format!(
                            "{{{kind}{id}{target},\"{text}\":{written}{extra}}}"
                        ));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn the_short_way_takes_what_the_long_one_takes_and_nothing_else() {
        let targets = [
            r#","target":{"pane":"%7"}"#,
            r#","target":{"pane":"%4294967295"}"#,
            r#","target":{"pane":"%4294967296"}"#,
            r#","target":{"pane":"%00000000007"}"#,
            r#","target":{"pane":"%+7"}"#,
            r#","target":{"pane":"%"}"#,
            r#","target":{"pane":"%7","session":"a"}"#,
            r#","target":{"pane":"%7","window":null}"#,
            r#","target":{}"#,
            "",
        ];
        let mut taken = 0;
        for text in messages(r#""action":"send-keys""#, "text", &targets) {
            if let Some(quick) = send_keys(text.as_bytes()) {
                let slow = parse_slowly(text.as_bytes()).unwrap();
                assert_eq!(
                    (quick.id, quick.action == slow.action),
                    (slow.id, true),
                    "{text}"
                );
                taken += 1;
            }
        }
        assert!(taken > 10, "{taken}");
        let mut taken = 0;
        for text in messages(r#""type":"input""#, "data", &[""]) {
            if let Some(quick) = input(text.as_bytes()) {
                let slow = parse_terminal_slowly(text.as_bytes()).unwrap();
                assert_eq!(
                    (quick.id, quick.action == slow.action),
                    (slow.id, true),
                    "{text}"
                );
                taken += 1;
            }
        }
        assert!(taken > 10, "{taken}");
        for text in [
            r#"{"action":"command","target":{"pane":"%7"},"text":"x"}"#,
            "",
            "[]",
        ] {
            assert!(send_keys(text.as_bytes()).is_none() && input(text.as_bytes()).is_none());
        }
    }
}
