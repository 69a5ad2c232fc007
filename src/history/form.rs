//! Events and states as they are kept for those who resume: the model's own values, in a form that only this version needs
//! to read. What people and other programs read stands beside them, in the form of the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use crate::hub::{EventContext, Published};
use crate::ids::Seq;
use crate::model::{Change, State};

/// The form. Whoever changes a type of the model that is in it counts this up: what stands in another form is not read, and
/// positions that need it are not recoverable.
pub(super) const FORM: u8 = 1;

/// What an event is rebuilt from, besides its place.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// In microseconds since 1970.
    at: i64,
    change: Change,
    context: EventContext,
}

/// An event as it is kept.
pub(super) fn write_event(
    at: Timestamp,
    change: &Change,
    context: &EventContext,
) -> Result<Vec<u8>, StoreError> {
    let kept = Kept {
        at: at.as_microsecond(),
        change: change.clone(),
        context: context.clone(),
    };
    write(&kept)
}

/// The event at this place.
pub(super) fn read_event(seq: Seq, blob: &[u8]) -> Result<Published, StoreError> {
    let Kept {
        at,
        change,
        context,
    } = read(blob)?;
    let at = Timestamp::from_microsecond(at).map_err(|_| StoreError::Form("time"))?;
    Ok(Published::restored(seq, at, change, context))
}

/// A state as it is kept.
pub(super) fn write_state(state: &State) -> Result<Vec<u8>, StoreError> {
    write(state)
}

/// A state that was kept.
pub(super) fn read_state(blob: &[u8]) -> Result<State, StoreError> {
    read(blob)
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(value, vec![FORM]).map_err(|_| StoreError::Form("event"))
}

fn read<'a, T: Deserialize<'a>>(blob: &'a [u8]) -> Result<T, StoreError> {
    match blob.split_first() {
        Some((&FORM, form)) => postcard::from_bytes(form).map_err(|_| StoreError::Form("event")),
        _ => Err(StoreError::Form("event")),
    }
}
