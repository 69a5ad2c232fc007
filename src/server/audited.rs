//! What changes something in tmux stands in the audit log before it is done; what can't be recorded there is refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::repeats::Typed;
use super::services::Services;
use crate::audit::{self, Act, Piece, Who};
use crate::auth::Authorized;
use crate::bridge::{InputError, InputRequest, Key, PreparedInput, ResizeError, SizeWish};

/// How long something may wait for its line: what is typed much later than it was meant to be is worse than refused.
const WAIT: Duration = Duration::from_secs(5);

/// Types, once it stands in the audit log. It takes its place among others when this is called.
pub(super) fn typed(
    services: &Services,
    who: &Who,
    input: Authorized<InputRequest>,
) -> impl Future<Output = Typed> + Send + 'static {
    let act = act_of(services, input.request());
    let (prepared, outcome) = services.bridge.prepare_input(input);
    let waiting = Arc::new(Mutex::new(Some(prepared)));
    let at_log = Arc::clone(&waiting);
    services.context.audit.before(who, act, move |recorded| {
        if let Some(prepared) = take(&at_log) {
            match recorded {
                Ok(()) => prepared.send(),
                Err(audit::Unavailable) => prepared.refuse(InputError::Unrecorded),
            }
        }
    });
    async move {
        let mut outcome = std::pin::pin!(outcome);
        if is_taken(&waiting) {
            // It is on its way: there is no line to wait for, and no timer is due.
            return outcome.await;
        }
        if let Ok(outcome) = timeout(WAIT, outcome.as_mut()).await {
            return outcome;
        }
        if let Some(prepared) = take(&waiting) {
            prepared.refuse(InputError::Unrecorded);
        }
        outcome.await
    }
}

/// Gives a window a size, once it stands in the audit log.
pub(super) async fn resized(
    services: Arc<Services>,
    recorded: impl Future<Output = Result<(), audit::Unavailable>>,
    wish: Authorized<SizeWish>,
) -> Result<(), ResizeError> {
    match timeout(WAIT, recorded).await {
        Ok(Ok(())) => services.bridge.resize(wish).await,
        Ok(Err(audit::Unavailable)) | Err(_) => Err(ResizeError::Unrecorded),
    }
}

fn is_taken(waiting: &Mutex<Option<PreparedInput>>) -> bool {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.is_none()
}

/// The first caller gets it.
fn take(waiting: &Mutex<Option<PreparedInput>>) -> Option<PreparedInput> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.take()
}

fn act_of(services: &Services, input: &InputRequest) -> Act {
    let (state, _) = services.context.hub.snapshot();
    let places = state.places_of_pane(input.pane);
    let piece = |key: &Key| match key {
        Key::Text(text) | Key::Paste(text) => Piece::Text(text.clone()),
        Key::Named(name) => Piece::Key(name.clone()),
    };
    Act::Input {
        session: places.first().map(|place| place.session_name.to_string()),
        pane: input.pane,
        typed: audit::Typed {
            pieces: input.keys.iter().map(piece).collect(),
            paste: input.keys.iter().any(|key| matches!(key, Key::Paste(_))),
        },
    }
}
