//! What programs emit: from JSON to the model's events and back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::more::More;
use super::request::{EmittedEvent, RequestId};
use crate::model::{Datum, Emitted};

/// Why an event can't be emitted, for people.
type Why = String;

/// Events of a client's own stand in the log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EmittedAnswer<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// How many.
    pub events: usize,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The place of the last one.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
    /// This is the answer to an earlier request with the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl EmittedEvent {
    /// The event.
    ///
    /// # Errors
    /// Its type is none that may be emitted, or its data is too much.
    pub fn event(&self) -> Result<Emitted, Why> {
        let data = map(&self.data, Emitted::MOST_LEVELS)?;
        let (size, most) = (data.size(), Emitted::MOST_DATA);
        if size > most {
            let why = "leave out what nobody needs, or put it into a file and name that";
            return Err(format!(
                "data: it has at most {most} bytes, this has about {size}: {why}"
            ));
        }
        Emitted::new(&self.type_name, data).ok_or_else(|| {
            "type: it is task, cost, tool or x, a dot, and words of lower-case letters, digits and underscores, with dots \
             between them"
                .to_owned()
        })
    }
}

fn map(fields: &More, levels: usize) -> Result<Datum, Why> {
    let Some(below) = levels.checked_sub(1) else {
        let most = Emitted::MOST_LEVELS;
        return Err(format!(
            "data: lists and objects stand at most {most} deep in each other"
        ));
    };
    let fields = fields.iter();
    let fields = fields.map(|(key, value)| Ok((key.clone(), datum(value, below)?)));
    fields.collect::<Result<_, Why>>().map(Datum::Map)
}

fn datum(value: &Value, levels: usize) -> Result<Datum, Why> {
    Ok(match value {
        Value::Null => Datum::Null,
        Value::Bool(is) => Datum::Bool(*is),
        Value::Number(number) => Datum::Number(number.to_string().into()),
        Value::String(text) => Datum::Text(text.clone()),
        Value::Array(items) => {
            let below = levels.saturating_sub(1);
            if levels == 0 {
                return map(&More::new(), 0);
            }
            let items = items.iter().map(|item| datum(item, below));
            Datum::List(items.collect::<Result<_, Why>>()?)
        }
        Value::Object(fields) => map(fields, levels)?,
    })
}

/// What an event says, as JSON.
pub(super) fn value(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(is) => Value::Bool(*is),
        Datum::Number(digits) => digits
            .parse()
            .map_or(Value::Null, |number: Number| number.into()),
        Datum::Text(text) => Value::String(text.clone()),
        Datum::List(items) => items.iter().map(value).collect(),
        Datum::Map(fields) => {
            let fields = fields
                .iter()
                .map(|(key, datum)| (key.clone(), value(datum)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn event(data: &Value) -> EmittedEvent {
        EmittedEvent {
            type_name: "x.test".to_owned(),
            data: data.as_object().unwrap().clone(),
            ..EmittedEvent::default()
        }
    }

    /// An object with so many levels in all.
    fn deep(levels: usize) -> Value {
        let inner = (1..levels).fold(json!(1), |inner, at| match at % 2 {
            0 => json!([inner]),
            _ => json!({ "a": inner }),
        });
        json!({ "a": inner })
    }

    #[test]
    fn what_is_emitted_comes_out_as_it_was() {
        let data = json!({
            "null": null, "yes": true, "count": 18_446_744_073_709_551_615_u64, "below": -3, "cost": 0.1, "small": 1e-7,
            "text": "caf\u{e9} \"x\"\n", "list": [1, [2, {"a": {}}]], "": {}
        });
        let emitted = event(&data).event().unwrap();
        assert_eq!(value(emitted.data()), data);
        assert_eq!(emitted.type_name(), "x.test");
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_refused() {
        assert!(event(&deep(Emitted::MOST_LEVELS)).event().is_ok());
        let why = event(&deep(Emitted::MOST_LEVELS + 1)).event().unwrap_err();
        assert!(why.contains("at most 16 deep"), "{why}");
        let text = |length: usize| json!({ "a": "x".repeat(length) });
        let fixed = event(&text(0)).event().unwrap().data().size();
        assert!(event(&text(Emitted::MOST_DATA - fixed)).event().is_ok());
        let why = event(&text(Emitted::MOST_DATA)).event().unwrap_err();
        assert!(why.starts_with("data: it has at most 16384 bytes"), "{why}");
    }
}
