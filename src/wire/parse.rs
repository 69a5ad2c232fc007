//! What clients say: text -> JSON -> checked against its schema -> a typed request. Parsed once, never checked again.

use serde_json::Value;

use super::MAX_MESSAGE;
use super::code::ErrorCode;
use super::more::More;
use super::quick;
use super::request::{Request, RequestId};
use super::schema;
use super::terminal_request::TerminalAction;

/// A message that can't be carried out, with the reply that it gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The client's name for it, as far as it could be read.
    pub id: Option<RequestId>,
    /// Why, as a stable word.
    pub code: ErrorCode,
    /// Why, for people; it repeats nothing of the message but names of fields.
    pub message: String,
}

type Checked = Result<(), (ErrorCode, String)>;

/// Reads a request.
///
/// # Errors
/// It is too long, not JSON, of an unknown action or not as its schema says.
pub fn parse(text: &[u8]) -> Result<Request, Rejected> {
    match quick::send_keys(text) {
        Some(keystroke) => Ok(keystroke),
        None => parse_slowly(text),
    }
}

/// Reads any request, with all that its schema says.
pub(super) fn parse_slowly(text: &[u8]) -> Result<Request, Rejected> {
    parse_with(text, check, Request::read)
}

/// Reads the body of a request over HTTP: what stands in a message of this action beside it. `key` is the one in the request's
/// head, if there is one.
///
/// # Errors
/// The same as for a message.
pub fn parse_body(action: &str, key: Option<&str>, body: &[u8]) -> Result<Request, Rejected> {
    let is_other = |value: &Value| value.get("action").is_some_and(|named| named != action);
    let whole = |fields: &mut More| {
        fields.insert("action".to_owned(), action.into());
        if let Some(key) = key {
            fields.insert("key".to_owned(), key.into());
        }
    };
    let check = |value: &Value| {
        let invalid = |why: String| Err((ErrorCode::InvalidMessage, why));
        if is_other(value) {
            return invalid(format!("action: here it is {action}, or left out"));
        }
        if key.is_some() && value.get("key").is_some_and(|other| other.as_str() != key) {
            return invalid("key: the header Idempotency-Key says another one".to_owned());
        }
        let mut message = value.clone();
        if let Value::Object(fields) = &mut message {
            whole(fields);
        }
        check_action(action, &message)
    };
    parse_with(body, check, |mut fields| {
        whole(&mut fields);
        Request::read(fields)
    })
}

/// Reads what a client says to a terminal.
///
/// # Errors
/// It is too long, not JSON, of an unknown type or not as its schema says.
pub fn parse_terminal(text: &[u8]) -> Result<Request<TerminalAction>, Rejected> {
    match quick::input(text) {
        Some(keystroke) => Ok(keystroke),
        None => parse_terminal_slowly(text),
    }
}

/// Reads anything that a client says to a terminal, with all that its schema says.
pub(super) fn parse_terminal_slowly(text: &[u8]) -> Result<Request<TerminalAction>, Rejected> {
    parse_with(text, check_terminal, Request::read_terminal)
}

/// Reads the JSON object that a message is, and its id; `check` says what is wrong with it, `read` makes the request of it.
fn parse_with<A>(
    text: &[u8],
    check: impl FnOnce(&Value) -> Checked,
    read: impl FnOnce(More) -> Result<Request<A>, serde_json::Error>,
) -> Result<Request<A>, Rejected> {
    let reject = |id, code, message: String| Rejected { id, code, message };
    if text.len() > MAX_MESSAGE {
        let message = format!(
            "a message has at most {MAX_MESSAGE} bytes, this one has {}",
            text.len()
        );
        return Err(reject(None, ErrorCode::TooLarge, message));
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| {
        let why = format!("this is not JSON: {error}");
        reject(None, ErrorCode::InvalidJson, why)
    })?;
    let id = read_id(value.get("id"));
    let checked = check(&value);
    let Value::Object(fields) = value else {
        let why = "a message is a JSON object".to_owned();
        return Err(reject(None, ErrorCode::InvalidMessage, why));
    };
    if let Err((code, message)) = checked {
        return Err(reject(id, code, message));
    }
    read(fields).map_err(|error| {
        let why = format!("the message can't be read: {error}");
        reject(id, ErrorCode::InvalidMessage, why)
    })
}

/// The id if it is an acceptable one; the schema refuses the others.
fn read_id(value: Option<&Value>) -> Option<RequestId> {
    match value? {
        Value::String(text) if text.chars().count() <= 128 => Some(RequestId::Text(text.clone())),
        Value::Number(number) => Some(RequestId::Number(number.clone())),
        _ => None,
    }
}

/// Says what is wrong with a request.
fn check(value: &Value) -> Checked {
    let why = match value.get("action") {
        Some(Value::String(action)) => return check_action(action, value),
        Some(_) => "action: it is not a string",
        None => "\"action\" is missing",
    };
    Err((ErrorCode::InvalidMessage, why.to_owned()))
}

fn check_action(action: &str, value: &Value) -> Checked {
    schema::check(action, value).unwrap_or_else(|| {
        let known = schema::ACTIONS.join(", ");
        let why = format!("this action is not known; these are: {known}");
        Err((ErrorCode::UnknownAction, why))
    })
}

/// Says what is wrong with what a client says to a terminal.
fn check_terminal(value: &Value) -> Checked {
    match value.get("type") {
        Some(Value::String(kind)) => schema::check_terminal(kind, value).unwrap_or_else(|| {
            let known = schema::TERMINAL_TYPES.join(", ");
            let why = format!("this type is not known; these are: {known}");
            Err((ErrorCode::UnknownAction, why))
        }),
        Some(_) => {
            let why = "type: it is not a string".to_owned();
            Err((ErrorCode::InvalidMessage, why))
        }
        // Without a type it is one of those that have an action.
        None => check(value),
    }
}
