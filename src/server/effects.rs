//! The effects that a session asks for, as futures: what a connection waits for besides its socket and the log.

use std::cmp::Reverse;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time;

use super::asking;
use super::audited;
use super::browser::BrowserSession;
use super::clock::now;
use super::emitting;
use super::repeats::{Earlier, Slot, Typed};
use super::services::Services;
use super::session::{
    ArchivePage, AskEffect, Captured, ClientStats, ComposeEffect, Credential, Dismissal, Effect,
    EffectResult, EmitEffect, Present, ReplayEffect,
};
use super::shard::Shards;
use crate::audit::Who;
use crate::auth::{AuthError, Authorized, Ended, Principal};
use crate::bridge::{
    Handle, Screen, ScreenError, ScreensRequest, SeenRequest, ViewRequest, view_limit,
};
use crate::hub::{ArchiveError, Hub, SeqRange};
use crate::ids::PaneId;
use crate::site::Origin;
use crate::wire::RequestId;

/// How long a client's stream may stand still for screens. A link that is flooded answers late.
const CAPTURE_LIMIT: Duration = Duration::from_secs(5);

/// How long a client waits for a page of the archive, with its turn behind others.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(5);

/// The most clients that one message reports.
const MOST_CLIENTS: usize = 1000;

/// An effect under way.
pub(super) type EffectTask = Pin<Box<dyn Future<Output = EffectResult> + Send>>;

/// Reports when the principal's token ends.
pub(super) type Ending = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// An effect that was begun.
pub(super) enum Begun {
    /// Its outcome is to be reported.
    Task(EffectTask),
    /// From now on this is to be reported; nothing, while authentication is off.
    Watch(Option<Ending>),
}

/// Begins an effect.
pub(super) fn begin(effect: Effect, who: &Who, services: &Arc<Services>) -> Begun {
    let (bridge, shards) = (services.bridge.clone(), services.shards.clone());
    let authenticator = services.context.authenticator.as_ref();
    Begun::Task(match effect {
        Effect::Verify {
            id,
            credential,
            address,
            origin,
            held,
        } => {
            let verdict = verify(services, credential, address, origin.as_ref(), held);
            Box::pin(verdict.map(|verdict| EffectResult::Verified { id, verdict }))
        }
        Effect::WatchEnd(principal) => {
            let ending = authenticator.map(|one| Box::pin(one.ended(&principal)) as _);
            return Begun::Watch(ending);
        }
        Effect::Type {
            id,
            pane,
            input,
            slot,
        } => {
            // It has its place now, so that what a client types stays in order.
            let typed = audited::typed(services, who, input).map(|typed| typed.map(|()| None));
            Box::pin(first_typed(id, pane, finished(typed, slot)))
        }
        Effect::Compose(compose) => Box::pin(composed(services, who, compose)),
        Effect::See { id, seen } => Box::pin(seen_by(&bridge, id, seen)),
        Effect::Explain { id, pane } => Box::pin(explained(&bridge, id, pane)),
        Effect::Await { id, earlier } => Box::pin(awaited(id, earlier)),
        Effect::Emit(emit) => Box::pin(emitted(services, who, emit)),
        Effect::Stats { id, everyone } => Box::pin(stats(id, everyone.map(|_| shards))),
        Effect::Clients { id, everyone } => Box::pin(clients(id, everyone, shards)),
        Effect::Dismiss { id, dismissal } => Box::pin(dismiss(id, dismissal, shards)),
        Effect::Resize { id, wish, act } => {
            let recorded = services.context.audit.written(who, act);
            let resized = audited::resized(Arc::clone(services), recorded, wish);
            Box::pin(resized.map(|outcome| EffectResult::Resized { id, outcome }))
        }
        Effect::View { pane, request } => Box::pin(view(bridge, pane, request)),
        Effect::Ask(ask) => Box::pin(answered(Arc::clone(services), ask)),
        Effect::Replay(replay) => Box::pin(replayed(Arc::clone(services), replay)),
        Effect::ReadArchive(page) => Box::pin(archived(services.context.hub.clone(), page)),
        Effect::Capture { wanted, screens } => Box::pin(captured(bridge, wanted, screens)),
    })
}

/// The same for a connection of a browser, which ends with that one's session as well.
pub(super) fn ends_with(
    ending: Option<Ending>,
    browser: Option<&Arc<BrowserSession>>,
) -> Option<Ending> {
    let Some(browser) = browser else {
        return ending;
    };
    let mut ending = ending?;
    let over = browser.over().clone().cancelled_owned();
    Some(Box::pin(async move {
        tokio::select! {
            biased;
            ended = &mut ending => ended,
            // The session may have ended since its token did, which says more.
            () = over => ending.now_or_never().unwrap_or(Ended::SignedOut),
        }
    }))
}

fn composed(
    services: &Arc<Services>,
    who: &Who,
    compose: ComposeEffect,
) -> impl Future<Output = EffectResult> + Send + use<> {
    let ComposeEffect {
        id,
        pane,
        wanted,
        by,
        slot,
    } = compose;
    let typist = audited::typist(services, who, by, pane);
    let composed = services.bridge.composers().compose(pane, wanted, typist);
    let typed = composed.map(|composed| composed.map(|composed| Some(Box::new(composed))));
    first_typed(id, pane, finished(typed, slot))
}

fn seen_by(
    bridge: &Handle,
    id: Option<RequestId>,
    seen: Authorized<SeenRequest>,
) -> impl Future<Output = EffectResult> + Send + use<> {
    let outcome = bridge.see(seen);
    outcome.map(|outcome| EffectResult::Seen { id, outcome })
}

fn explained(
    bridge: &Handle,
    id: Option<RequestId>,
    pane: Authorized<PaneId>,
) -> impl Future<Output = EffectResult> + Send + use<> {
    let grounds = bridge.explainers().explain(&pane);
    let pane = pane.into_request();
    grounds.map(move |grounds| EffectResult::Explained { id, pane, grounds })
}

async fn first_typed(
    id: Option<RequestId>,
    pane: PaneId,
    typed: impl Future<Output = Typed>,
) -> EffectResult {
    EffectResult::Typed {
        id,
        pane,
        repeated: false,
        typed: typed.await,
    }
}

fn emitted(
    services: &Services,
    who: &Who,
    emit: EmitEffect,
) -> impl Future<Output = EffectResult> + Send + use<> {
    let EmitEffect {
        id,
        count,
        prepared,
    } = emit;
    let carried_out = emitting::carried_out(services, who, prepared);
    carried_out.map(move |(repeated, emitted)| EffectResult::Emitted {
        id,
        count,
        repeated,
        emitted,
    })
}

async fn captured(
    bridge: Handle,
    wanted: Captured,
    screens: Authorized<ScreensRequest>,
) -> EffectResult {
    let screens = capture(&bridge, screens).await;
    EffectResult::Captured { wanted, screens }
}

/// The result of typing, which those who repeat the request get as well.
async fn finished(
    outcome: impl Future<Output = Typed>,
    slot: Option<Slot<PaneId, Typed>>,
) -> Typed {
    let typed = outcome.await;
    if let Some(slot) = slot {
        slot.finish(typed.clone());
    }
    typed
}

/// Who shows this credential, from this address and a page of this origin, on a connection that may be somebody's.
fn verify(
    services: &Services,
    credential: Credential,
    address: Option<IpAddr>,
    origin: Option<&Origin>,
    held: Option<Principal>,
) -> impl Future<Output = Result<Principal, AuthError>> + Send + use<> {
    let authenticator = services.context.authenticator.clone();
    // A ticket is used up as soon as it is shown.
    let known = match &credential {
        Credential::Ticket(ticket) => services.tickets.redeem(ticket, origin, now()),
        Credential::Token(_) => None,
    };
    async move {
        let Some(authenticator) = authenticator else {
            return Ok(Principal::unrestricted());
        };
        let shown = match (credential, &held) {
            (Credential::Token(token), Some(held)) => {
                return authenticator.renew(held, &token, address).await;
            }
            (Credential::Token(token), None) => return authenticator.verify(&token, address).await,
            (Credential::Ticket(_), _) => known.ok_or(AuthError::Ticket)?,
        };
        if held.is_some_and(|held| held.source() != shown.source()) {
            return Err(AuthError::OtherHolder);
        }
        // The token that the ticket was asked for with may have ended since.
        match authenticator.ended(&shown).now_or_never() {
            Some(_) => Err(AuthError::Ticket),
            None => Ok(shown),
        }
    }
}

async fn awaited(id: Option<RequestId>, earlier: Earlier<PaneId, Typed>) -> EffectResult {
    let pane = earlier.about;
    let typed = earlier.outcome().await;
    EffectResult::Typed {
        id,
        pane,
        repeated: true,
        typed,
    }
}

/// Others are looked at in a task of its own, in which no connection is locked as the one that asks is.
async fn stats(id: Option<RequestId>, everyone: Option<Shards>) -> EffectResult {
    let clients = match everyone {
        Some(shards) => tokio::spawn(slowest(shards)).await.ok(),
        None => None,
    };
    EffectResult::Stats { id, clients }
}

/// How all clients fare, those first that have the most waiting or wait the longest.
async fn slowest(shards: Shards) -> Vec<ClientStats> {
    let mut clients = shards.stats().await;
    clients.sort_by_cached_key(|client| {
        let p99 = client.latency.map_or(0, |latency| latency.p99);
        Reverse((client.queue.behind, client.queue.bytes, p99))
    });
    clients.truncate(MOST_CLIENTS);
    clients
}

/// In a task of its own, as for [`stats`].
async fn clients(id: Option<RequestId>, _: Authorized<()>, shards: Shards) -> EffectResult {
    let clients = tokio::spawn(async move { shards.clients().await }).await;
    let mut clients = clients.unwrap_or_default();
    let total = clients.len();
    clients.sort_by_key(|client| Reverse(client.connected_ms));
    clients.truncate(MOST_CLIENTS);
    let present = Present { clients, total };
    EffectResult::Clients { id, present }
}

async fn dismiss(
    id: Option<RequestId>,
    dismissal: Authorized<Dismissal>,
    shards: Shards,
) -> EffectResult {
    let wanted = dismissal.request().clone();
    let gone = tokio::spawn(async move { shards.dismiss(&wanted).await }).await;
    EffectResult::Dismissed {
        id,
        dismissal,
        gone: gone.ok().flatten(),
    }
}

async fn answered(services: Arc<Services>, ask: AskEffect) -> EffectResult {
    let AskEffect {
        id,
        number,
        by,
        question,
        wanted,
    } = ask;
    let outcome = asking::answer(&services, &by, question, wanted).await;
    EffectResult::Answered {
        id,
        number,
        outcome: outcome.map(Box::new),
    }
}

async fn replayed(services: Arc<Services>, replay: ReplayEffect) -> EffectResult {
    let ReplayEffect {
        number,
        turn,
        by,
        question,
        wanted,
    } = replay;
    let page = asking::replay(&services, &by, question, wanted).await;
    EffectResult::Replayed { number, turn, page }
}

/// A page of the archive; the log says why there is none.
async fn archived(hub: Hub, page: ArchivePage) -> EffectResult {
    let late = || ArchiveError::Failed("it did not answer in time".to_owned());
    let read = time::timeout(ARCHIVE_LIMIT, hub.read_archive(page.range)).await;
    let SeqRange { after, until } = page.range;
    let log = |error: &ArchiveError| {
        tracing::warn!(%after, %until, %error, "events are not recovered from the archive");
    };
    let archived = read.unwrap_or_else(|_| Err(late())).inspect_err(log).ok();
    EffectResult::Archived { page, archived }
}

async fn view(bridge: Handle, pane: PaneId, request: Authorized<ViewRequest>) -> EffectResult {
    let limit = view_limit(request.request().scrollback);
    let view = time::timeout(limit, bridge.view(request)).await;
    let view = view.unwrap_or_else(|_| Err(late()));
    EffectResult::Viewed { pane, view }
}

/// The screens, or for each pane why there is none.
async fn capture(
    bridge: &Handle,
    screens: Authorized<ScreensRequest>,
) -> Vec<(PaneId, Result<Screen, ScreenError>)> {
    let asked = screens.request().panes.clone();
    let captured = time::timeout(CAPTURE_LIMIT, bridge.screens(screens)).await;
    captured.unwrap_or_else(|_| asked.into_iter().map(|pane| (pane, Err(late()))).collect())
}

fn late() -> ScreenError {
    ScreenError::Tmux("tmux did not answer in time".to_owned())
}
