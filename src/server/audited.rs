//! What changes something in tmux stands in the audit log before it is done; what can't be recorded there is refused.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use super::clock::now;
use super::overdue::{WAIT, WaitingInput};
use super::services::Services;
use crate::audit::{self, Act, Piece, Who};
use crate::auth::{Authorized, Permission, Principal};
use crate::bridge::{
    ClientNumber, InputError, InputRequest, Key, ReadyInput, ResizeError, SizeWish, Typist,
};
use crate::ids::PaneId;

/// Types, once it stands in the audit log. It takes its place among others when this is called.
pub(super) fn typed(
    services: &Services,
    who: &Who,
    input: Authorized<InputRequest>,
) -> impl Future<Output = Result<(), InputError>> + Send + 'static {
    let act = act_of(services, input.request());
    let (prepared, outcome) = services.bridge.prepare_input(input);
    let waiting = WaitingInput::new(prepared);
    let at_log = waiting.clone();
    services.context.audit.before(who, act, move |recorded| {
        if let Some(prepared) = at_log.take() {
            match recorded {
                Ok(()) => prepared.send(),
                Err(audit::Unavailable) => prepared.refuse(InputError::Unrecorded),
            }
        }
    });
    services.overdue.watch(waiting, now().into());
    outcome
}

/// Who types prompts and answers for a client: each piece stands in the audit log before it is ready, and the client has to
/// have the permission at that moment.
pub(super) fn typist(
    services: &Arc<Services>,
    who: &Who,
    (principal, client): (Principal, ClientNumber),
    pane: PaneId,
) -> Typist {
    let (services, who) = (Arc::clone(services), who.clone());
    Box::new(move |keys| {
        let input = InputRequest {
            client,
            pane,
            keys,
            cancel_mode: false,
            // Whoever asks has waited already.
            submit_delay: Some(Duration::ZERO),
        };
        let (state, _) = services.context.hub.snapshot();
        let places = state.places_of_pane(pane);
        let sessions = places.iter().map(|place| &*place.session_name);
        let Ok(input) = principal.authorize(Permission::Write, sessions, input) else {
            return ready(Err(InputError::NoSuchPane)).boxed();
        };
        let act = act_of(&services, input.request());
        let recorded = services.context.audit.written(&who, act);
        let (prepared, outcome) = services.bridge.prepare_input(input);
        async move {
            match timeout(WAIT, recorded).await {
                Ok(Ok(())) => Ok(ReadyInput::new(move || prepared.send(), outcome)),
                Ok(Err(audit::Unavailable)) | Err(_) => Err(InputError::Unrecorded),
            }
        }
        .boxed()
    })
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
