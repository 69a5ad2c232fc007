//! Fields of what programs say.

use crate::model::Datum;

/// A field of an object, if it is a text.
pub(super) fn text<'a>(data: &'a Datum, name: &str) -> Option<&'a str> {
    match field(data, name)? {
        Datum::Text(text) => Some(text),
        _ => None,
    }
}

/// A field of an object, if it is a number, in its digits.
pub(super) fn number<'a>(data: &'a Datum, name: &str) -> Option<&'a str> {
    match field(data, name)? {
        Datum::Number(digits) => Some(digits),
        _ => None,
    }
}

fn field<'a>(data: &'a Datum, name: &str) -> Option<&'a Datum> {
    let Datum::Map(fields) = data else {
        return None;
    };
    let mut named = fields.iter().filter(|(key, _)| key == name);
    named.next().map(|(_, value)| value)
}
