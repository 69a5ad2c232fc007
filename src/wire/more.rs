//! Fields that this version doesn't know.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Fields that this version doesn't know, as they came.
pub type More = Map<String, Value>;

/// Takes a field out, if it can be read; else it stays where it is.
pub(super) fn take<T: DeserializeOwned>(fields: &mut More, name: &str) -> Option<T> {
    let read = T::deserialize(fields.get(name)?).ok()?;
    fields.remove(name);
    Some(read)
}
