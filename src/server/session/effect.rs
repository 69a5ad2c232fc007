//! What a session asks its connection to do, and the results.

use std::net::IpAddr;
use std::sync::Arc;

use super::admin::Present;
use super::archive::ArchivePage;
use super::request::{Credential, Dismissal};
use super::stats::ClientStats;
use crate::audit::{Act, Who};
use crate::auth::{AuthError, Authorized, Principal};
use crate::bridge::{
    ClientNumber, ForAgent, Grounds, InputRequest, NoGrounds, PaneView, ResizeError, Screen,
    ScreenError, ScreensRequest, SeenError, SeenPanes, SeenRequest, SizeWish, ViewRequest,
};
use crate::hub::Archived;
use crate::ids::{PaneId, Seq};
use crate::model::State;
use crate::server::asking::{Answered, NoAnswer, Question, ReplayPage, ReplayQuestion, Wanted};
use crate::server::emitting::Prepared;
use crate::server::repeats::{Earlier, Emitted, Slot, Typed};
use crate::site::Origin;
use crate::wire::{Part, RequestId};

/// Something that the connection has to do and to report.
#[derive(Debug)]
pub(in crate::server) enum Effect {
    /// Who shows this, from a page of this origin.
    Verify {
        id: Option<RequestId>,
        credential: Credential,
        address: Option<IpAddr>,
        origin: Option<Origin>,
        /// As whom the client is let in already.
        held: Option<Principal>,
    },
    /// From now on, report when this principal's token ends.
    WatchEnd(Principal),
    /// Type, and report the result.
    Type {
        id: Option<RequestId>,
        pane: PaneId,
        input: Authorized<InputRequest>,
        slot: Option<Slot<PaneId, Typed>>,
    },
    /// Type a prompt or an answer for an agent, step by step, as long as this principal may, and report what comes of it.
    Compose(ComposeEffect),
    /// Mark agents as seen.
    See {
        id: Option<RequestId>,
        seen: Authorized<SeenRequest>,
    },
    /// Report what is held of the agent in a pane.
    Explain {
        id: Option<RequestId>,
        pane: Authorized<PaneId>,
    },
    /// Report the result of an earlier request with the same key.
    Await {
        id: Option<RequestId>,
        earlier: Earlier<PaneId, Typed>,
    },
    /// Publish events of the client's own.
    Emit(EmitEffect),
    /// Give a window a size.
    Resize {
        id: Option<RequestId>,
        wish: Authorized<SizeWish>,
        /// What the audit log records first.
        act: Act,
    },
    /// A pane as it is.
    View {
        pane: PaneId,
        request: Authorized<ViewRequest>,
    },
    /// How the client fares, and if it may know it, how all do.
    Stats {
        id: Option<RequestId>,
        everyone: Option<Authorized<()>>,
    },
    /// Who is connected.
    Clients {
        id: Option<RequestId>,
        everyone: Authorized<()>,
    },
    /// End somebody's connection.
    Dismiss {
        id: Option<RequestId>,
        dismissal: Authorized<Dismissal>,
    },
    /// Answer a question about what happened.
    Ask(AskEffect),
    /// Read what a replay needs next.
    Replay(ReplayEffect),
    /// Read events that memory has let go.
    ReadArchive(ArchivePage),
    /// Capture screens.
    Capture {
        wanted: Captured,
        screens: Authorized<ScreensRequest>,
    },
}

/// So many events to be published, or the result of an earlier request to be reported.
#[derive(Debug)]
pub(in crate::server) struct EmitEffect {
    pub(in crate::server) id: Option<RequestId>,
    pub(in crate::server) count: usize,
    pub(in crate::server) prepared: Prepared,
}

/// A prompt or an answer that is to be typed.
#[derive(Debug)]
pub(in crate::server) struct ComposeEffect {
    pub(in crate::server) id: Option<RequestId>,
    pub(in crate::server) pane: PaneId,
    pub(in crate::server) wanted: Authorized<ForAgent>,
    /// Who may type it.
    pub(in crate::server) by: (Principal, ClientNumber),
    pub(in crate::server) slot: Option<Slot<PaneId, Typed>>,
}

/// A question to be answered as far as this principal may know of it.
#[derive(Debug)]
pub(in crate::server) struct AskEffect {
    pub(in crate::server) id: Option<RequestId>,
    pub(in crate::server) number: u64,
    pub(in crate::server) by: Principal,
    pub(in crate::server) question: Question,
    pub(in crate::server) wanted: Wanted,
}

/// What a replay needs next.
#[derive(Debug)]
pub(in crate::server) struct ReplayEffect {
    pub(in crate::server) number: u64,
    /// Which of its readings this is.
    pub(in crate::server) turn: u64,
    pub(in crate::server) by: Principal,
    pub(in crate::server) question: ReplayQuestion,
    pub(in crate::server) wanted: Wanted,
}

/// A snapshot that waits for its screens.
#[derive(Debug)]
pub(in crate::server) struct Captured {
    pub(super) id: Option<RequestId>,
    pub(super) part: Part,
    pub(super) state: Arc<State>,
    pub(super) seq: Seq,
}

/// The result of an effect.
#[derive(Debug)]
pub(in crate::server) enum EffectResult {
    Verified {
        id: Option<RequestId>,
        verdict: Result<Principal, AuthError>,
    },
    Typed {
        id: Option<RequestId>,
        pane: PaneId,
        repeated: bool,
        typed: Typed,
    },
    Emitted {
        id: Option<RequestId>,
        count: usize,
        repeated: bool,
        emitted: Emitted,
    },
    Seen {
        id: Option<RequestId>,
        outcome: Result<SeenPanes, SeenError>,
    },
    Explained {
        id: Option<RequestId>,
        pane: PaneId,
        grounds: Result<Box<Grounds>, NoGrounds>,
    },
    Resized {
        id: Option<RequestId>,
        outcome: Result<(), ResizeError>,
    },
    Viewed {
        pane: PaneId,
        view: Result<PaneView, ScreenError>,
    },
    Stats {
        id: Option<RequestId>,
        clients: Option<Vec<ClientStats>>,
    },
    Clients {
        id: Option<RequestId>,
        present: Present,
    },
    Dismissed {
        id: Option<RequestId>,
        dismissal: Authorized<Dismissal>,
        gone: Option<Who>,
    },
    Answered {
        id: Option<RequestId>,
        number: u64,
        outcome: Result<Box<Answered>, NoAnswer>,
    },
    Replayed {
        /// Which replay, and which of its readings.
        number: u64,
        turn: u64,
        page: Result<ReplayPage, NoAnswer>,
    },
    Archived {
        page: ArchivePage,
        /// Nothing if the archive does not hold it.
        archived: Option<Archived>,
    },
    Captured {
        wanted: Captured,
        screens: Vec<(PaneId, Result<Screen, ScreenError>)>,
    },
}
