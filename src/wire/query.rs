//! Questions in addresses: `GET /api/search?words=disk+full` asks what a message asks.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::code::ErrorCode;
use super::more::More;
use super::parse::{Rejected, parse_slowly};
use super::request::Request;

/// The fields that are lists: each may be given several times, or with commas between.
const LISTS: [&str; 4] = ["types", "sessions", "panes", "agents"];

/// The fields that are numbers.
const NUMBERS: [&str; 3] = ["limit", "offset", "pane_index"];

/// The fields of a target.
const TARGET: [&str; 8] = [
    "pane",
    "session",
    "session_id",
    "session_name",
    "window",
    "window_id",
    "window_name",
    "pane_index",
];

/// The fields that each question has.
const QUESTIONS: [(&str, &[&str]); 4] = [
    (
        "history",
        &[
            "types", "sessions", "panes", "agents", "from", "to", "before", "after", "order",
            "limit",
        ],
    ),
    (
        "search",
        &[
            "words", "regex", "sessions", "panes", "severity", "from", "to", "before", "limit",
        ],
    ),
    ("screen", &["at", "offset"]),
    ("digest", &["since", "to", "sessions", "agents"]),
];

/// Reads what an address asks behind its question mark.
///
/// # Errors
/// It is not as its schema says, with the reason.
pub fn parse_query(action: &str, query: &str) -> Result<Request, Rejected> {
    let fields = fields(action, query)?;
    parse_slowly(Value::Object(fields).to_string().as_bytes())
}

/// The lists of a subscription.
const FILTERS: [&str; 6] = [
    "types", "sessions", "windows", "panes", "agents", "statuses",
];

/// Reads which events an address asks for behind its question mark, with `since` of the address or, if there is one, this
/// position.
///
/// # Errors
/// It is not as its schema says, or has a field that is none, with the reason.
pub fn parse_subscription(
    query: &str,
    lists: &[&str],
    since: Option<&str>,
) -> Result<Request, Rejected> {
    let (mut message, mut filters) = (More::new(), More::new());
    message.insert("action".to_owned(), "subscribe".into());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if FILTERS.contains(&&*name) && lists.contains(&&*name) {
            let list = filters
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.extend(value.split(',').map(Value::from));
            }
            continue;
        }
        let value = match (&*name, &*value) {
            ("since", text) if lists.contains(&"since") => Value::from(text),
            ("without_watchers", "true" | "false") if lists.contains(&"without_watchers") => {
                (value == "true").into()
            }
            _ => {
                let known = lists.join(", ");
                return Err(invalid(format!(
                    "{name}: it is not known here, or its value is not; these are: {known}"
                )));
            }
        };
        if message.insert(name.clone(), value).is_some() {
            return Err(invalid(format!("{name}: it is given twice")));
        }
    }
    if !filters.is_empty() {
        message.insert("filters".to_owned(), Value::Object(filters));
    }
    if let Some(since) = since {
        message.insert("since".to_owned(), since.into());
    }
    parse_slowly(Value::Object(message).to_string().as_bytes())
}

/// The fields of a message that asks the same.
fn fields(action: &str, query: &str) -> Result<More, Rejected> {
    let (mut fields, mut target) = (More::new(), More::new());
    fields.insert("action".to_owned(), action.into());
    let known = QUESTIONS.iter().find(|(question, _)| *question == action);
    let known = known.map_or(&[][..], |(_, known)| known);
    let of_target = if action == "screen" { &TARGET[..] } else { &[] };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let is_of_target = of_target.contains(&&*name);
        if !is_of_target && !known.contains(&&*name) {
            let known = [known, of_target].concat().join(", ");
            let why = format!("{name}: it is not known here; these are: {known}");
            return Err(invalid(why));
        }
        if LISTS.contains(&&*name) {
            let list = fields
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.extend(value.split(',').map(Value::from));
            }
            continue;
        }
        let twice = invalid(format!("{name}: it is given twice"));
        let value = match value.parse::<u64>() {
            Ok(number) if NUMBERS.contains(&&*name) => number.into(),
            _ => Value::from(value),
        };
        let before = match is_of_target {
            true => target.insert(name, value),
            false => fields.insert(name, value),
        };
        if before.is_some() {
            return Err(twice);
        }
    }
    if !target.is_empty() {
        fields.insert("target".to_owned(), Value::Object(target));
    }
    Ok(fields)
}

/// A part of an address as it was meant.
fn decoded(text: &str) -> Result<String, Rejected> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded.map(Into::into).map_err(|_| {
        let why = "the address is not UTF-8 behind its %";
        invalid(why.to_owned())
    })
}

fn invalid(message: String) -> Rejected {
    Rejected {
        id: None,
        code: ErrorCode::InvalidMessage,
        message,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_asks_what_a_message_asks() {
        let rows = [
            (
                "history",
                "types=agent.*,alert&types=pane.bell&limit=20&from=8h&order=oldest",
                json!({ "action": "history", "types": ["agent.*", "alert", "pane.bell"], "limit": 20,
                    "from": "8h", "order": "oldest" }),
            ),
            (
                "search",
                "words=disk+full%20%22no+space%22&panes=%257&severity=error",
                json!({ "action": "search", "words": "disk full \"no space\"", "panes": ["%7"],
                    "severity": "error" }),
            ),
            (
                "screen",
                "session=api&pane_index=1&at=2026-11-30T03:12:00Z&offset=7",
                json!({ "action": "screen", "target": { "session": "api", "pane_index": 1 },
                    "at": "2026-11-30T03:12:00Z", "offset": 7 }),
            ),
            (
                "digest",
                "since=8h",
                json!({ "action": "digest", "since": "8h" }),
            ),
            ("digest", "", json!({ "action": "digest" })),
        ];
        for (action, query, expected) in rows {
            let found = fields(action, query).map(Value::Object);
            assert_eq!(found, Ok(expected), "{query}");
        }
        for query in [
            "from=1h&from=2h",
            "from=%ff",
            "target=x",
            "target=x&target=y",
            "bogus=1",
            "words=x",
        ] {
            assert!(fields("history", query).is_err(), "{query}");
        }
        let refused = fields("screen", "sesion=api").map_err(|rejected| rejected.message);
        let expected = "sesion: it is not known here; these are: at, offset, pane, session, session_id, session_name, window, \
                        window_id, window_name, pane_index";
        assert_eq!(refused, Err(expected.to_owned()));
    }
}
