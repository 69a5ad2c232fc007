//! What has to be kept beside a change.

use std::sync::Arc;

use super::published::EventContext;
use crate::ids::WindowId;
use crate::model::{Audience, Change, ChangeKind, State};

/// What has to be kept beside a change, out of the state that it led to and the one before. Output comes too often to
/// look.
pub(super) fn context_of(
    change: &Change,
    new: Option<&Arc<State>>,
    old: &Arc<State>,
) -> EventContext {
    if !change.kind.is_structural() {
        return EventContext::default();
    }
    // A window that was removed is in the old state alone.
    let find = |id: WindowId| {
        [new, Some(old)]
            .into_iter()
            .flatten()
            .find_map(|state| state.windows.get(&id))
    };
    let window_name = match &change.audience {
        Audience::Places(places) => places.first().and_then(|place| place.window),
        Audience::Everyone | Audience::Unscoped => None,
    };
    let renamed = matches!(change.kind, ChangeKind::SessionRenamed { .. });
    EventContext {
        window_name: window_name
            .and_then(|(id, _)| find(id))
            .map(|window| window.name.as_str().into()),
        masked_name: None,
        state: renamed.then(|| Arc::clone(new.unwrap_or(old))),
    }
}
