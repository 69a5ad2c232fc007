//! What clients may ask of the bridge, and the answers.

mod queue;

use std::sync::Arc;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

pub(super) use self::queue::{NotQueued, RequestQueue};
use super::composing::Composers;
use super::demand::Demand;
use super::emitting::{EmitBatch, EmitError};
use super::explaining::Explainers;
pub use super::keys::{InputError, Key};
use super::publication::Publication;
use super::seeing::{SeenError, SeenPanes, SeenRequest};
use crate::auth::Authorized;
use crate::control::WindowSize;
use crate::ids::{PaneId, Seq, WindowId};
use crate::screen::PaneSnapshot;

/// How many requests may wait for the bridge: 64 of each of a thousand connections. The bridge takes them as fast as they
/// come and gives each client its share of what waits behind, so more is a stuck bridge.
const REQUESTS: usize = 65_536;

/// A request with the way back for its answer.
#[derive(Debug)]
pub enum Request {
    /// Type into a pane; answered when tmux has executed it.
    Input {
        /// Where and what.
        input: Authorized<InputRequest>,
        /// The outcome.
        reply: oneshot::Sender<Result<(), InputError>>,
    },
    /// Capture the screens of panes, each at a known offset of its byte stream.
    Screens {
        /// Which panes, and with which visibility.
        screens: Authorized<ScreensRequest>,
        /// A screen or the reason why there is none, for each pane that was asked for.
        reply: oneshot::Sender<Vec<(PaneId, Result<Screen, ScreenError>)>>,
    },
    /// Show a pane: its state at one offset of its stream, and all that came since.
    View {
        /// Which pane.
        view: Authorized<ViewRequest>,
        /// The view, or the reason why there is none.
        reply: oneshot::Sender<Result<PaneView, ScreenError>>,
    },
    /// Give a window a size, for as long as the client is there.
    Resize {
        /// The wish.
        wish: Authorized<SizeWish>,
        /// The outcome.
        reply: oneshot::Sender<Result<(), ResizeError>>,
    },
    /// Say that the bridge runs.
    Answer {
        /// Where to say it.
        reply: oneshot::Sender<()>,
    },
    /// Publish what a source has derived.
    Publish(Publication),
    /// Publish what a client says of its own, all of it or nothing.
    Emit {
        /// What.
        batch: Authorized<EmitBatch>,
        /// The outcome.
        reply: oneshot::Sender<Result<Seq, EmitError>>,
    },
    /// Somebody has seen agents as they are.
    See {
        /// Who, and in which panes.
        seen: Authorized<SeenRequest>,
        /// The outcome.
        reply: oneshot::Sender<Result<SeenPanes, SeenError>>,
    },
    /// A client wishes no size any more.
    Leave {
        /// The client.
        client: ClientNumber,
    },
}

/// A size that a client wishes for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeWish {
    pub(super) window: WindowId,
    pub(super) client: ClientNumber,
    pub(super) size: WindowSize,
    pub(super) largest: bool,
}

impl SizeWish {
    /// The wish of a client; `largest` lets the largest of all wishes count instead of the last one. Nothing if tmux
    /// knows no such size.
    #[must_use]
    pub fn new(
        window: WindowId,
        client: ClientNumber,
        (cols, rows): (u32, u32),
        largest: bool,
    ) -> Option<Self> {
        Some(Self {
            window,
            client,
            size: WindowSize::new(cols, rows)?,
            largest,
        })
    }
}

/// Why a window did not get a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResizeError {
    /// Too many commands wait for tmux.
    #[error("too many commands wait for tmux; try again")]
    Busy,
    /// tmux is not connected.
    #[error("tmux is not connected; try again when it is")]
    Unavailable,
    /// It could not be recorded in the audit log beforehand.
    #[error("the audit log can't be written now, so the size stays; try again later")]
    Unrecorded,
    /// There is no tmux.
    #[error("what is served is a recording, whose size is what it was")]
    Recording,
    /// tmux refused.
    #[error("{0}")]
    Tmux(String),
}

/// A pane to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewRequest {
    /// The pane.
    pub pane: PaneId,
    /// How many lines of scrollback are wanted, at most.
    pub scrollback: u32,
    /// Whether it is for one from whom secrets are kept: then all that is given is masked.
    pub redacted: bool,
}

/// Panes whose screens are to be captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreensRequest {
    /// The panes.
    pub panes: Vec<PaneId>,
    /// Whether they are for one from whom secrets are kept: then all that is given is masked.
    pub redacted: bool,
}

/// A pane's state and how it goes on.
///
/// A fresh terminal that gets the snapshot's replay, then `since`, then the pane's output from `offset` on shows what
/// tmux does, if the snapshot is exact.
#[derive(Debug, Clone)]
pub struct PaneView {
    /// The pane's state at the snapshot's own offset. It may hold more scrollback than was asked for.
    pub snapshot: Arc<PaneSnapshot>,
    /// How many lines of scrollback are given: the last ones of the snapshot's.
    pub scrollback: u32,
    /// What the pane printed between the snapshot's offset and `offset`.
    pub since: Vec<Bytes>,
    /// The offset at which the live stream goes on.
    pub offset: u64,
}

/// Keys for a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRequest {
    /// Whose it is: clients take turns.
    pub client: ClientNumber,
    /// The pane.
    pub pane: PaneId,
    /// What to type, in order.
    pub keys: Vec<Key>,
    /// Whether copy mode and the like may be left for it; otherwise a pane in a mode is an error.
    pub cancel_mode: bool,
    /// How long its Enter keys wait after other keys that were typed into the pane; `None` is as the bridge is set.
    pub submit_delay: Option<Duration>,
}

/// A client of the bridge, as long as muxwire runs. Clients share what there is of room and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientNumber(pub u64);

impl ClientNumber {
    /// A number that nobody else has.
    #[must_use]
    pub fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a pane shows, at one point of its byte stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The offset of the first byte of the pane that the screen does not show yet.
    pub offset: u64,
    /// Whether nothing can be missing or doubled between the screen and the stream from its offset on.
    pub exact: bool,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The cursor's column and row, from 0.
    pub cursor: (u32, u32),
    /// Whether the cursor shows.
    pub cursor_visible: bool,
    /// Whether the alternate screen is shown.
    pub alternate: bool,
    /// The visible lines from the top, with their attributes as SGR sequences.
    pub lines: Vec<Bytes>,
}

/// Why a screen could not be captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScreenError {
    /// The pane is gone.
    #[error("there is no such pane")]
    NoSuchPane,
    /// Too many commands wait for tmux.
    #[error("too many commands wait for tmux; try again")]
    Busy,
    /// tmux is not connected.
    #[error("tmux is not connected; try again when it is")]
    Unavailable,
    /// There is no tmux.
    #[error("what is served is a recording, which has no screens")]
    Recording,
    /// tmux refused.
    #[error("{0}")]
    Tmux(String),
}

/// Input that has not taken its place among others yet.
#[derive(Debug)]
pub struct PreparedInput {
    to: mpsc::Sender<Request>,
    input: Authorized<InputRequest>,
    reply: oneshot::Sender<Result<(), InputError>>,
}

impl PreparedInput {
    /// It takes its place now.
    pub fn send(self) {
        let Self { to, input, reply } = self;
        let (error, request) = match to.try_send(Request::Input { input, reply }) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(request)) => (InputError::Busy, request),
            Err(mpsc::error::TrySendError::Closed(request)) => (InputError::Unavailable, request),
        };
        if let Request::Input { reply, .. } = request {
            // The client that typed may be gone.
            let _ = reply.send(Err(error));
        }
    }

    /// It is never sent.
    pub fn refuse(self, error: InputError) {
        let _ = self.reply.send(Err(error));
    }
}

/// The way to the bridge.
#[derive(Debug, Clone)]
pub struct Handle(mpsc::Sender<Request>, Demand, Composers, Explainers);

impl Handle {
    /// A handle and the end at which its requests arrive.
    #[must_use]
    pub fn pair() -> (Self, mpsc::Receiver<Request>) {
        let (sender, receiver) = mpsc::channel(REQUESTS);
        let (composers, explainers) = (Composers::default(), Explainers::default());
        let handle = Self(sender, Demand::default(), composers, explainers);
        (handle, receiver)
    }

    /// Who listens to the bridge.
    #[must_use]
    pub fn demand(&self) -> &Demand {
        &self.1
    }

    /// The way to the one who types for agents.
    #[must_use]
    pub fn composers(&self) -> &Composers {
        &self.2
    }

    /// The way to the one who knows why something is said of an agent.
    #[must_use]
    pub fn explainers(&self) -> &Explainers {
        &self.3
    }

    /// The channel itself, for those who have other things to ask than clients.
    pub(super) fn requests(&self) -> mpsc::Sender<Request> {
        self.0.clone()
    }

    /// Types into a pane. The request takes its place among others when this is called, not when the future is first
    /// polled: waiting for room in the channel would let a later one overtake it.
    ///
    /// # Errors
    /// Says why the input did not reach the pane, or that nobody knows whether it did.
    pub fn input(
        &self,
        input: Authorized<InputRequest>,
    ) -> impl Future<Output = Result<(), InputError>> + Send + 'static {
        let (prepared, outcome) = self.prepare_input(input);
        prepared.send();
        outcome
    }

    /// The same, to be sent or refused later, by the first that needs it. The outcome comes in any case.
    pub fn prepare_input(
        &self,
        input: Authorized<InputRequest>,
    ) -> (
        PreparedInput,
        impl Future<Output = Result<(), InputError>> + Send + 'static,
    ) {
        let (reply, outcome) = oneshot::channel();
        let prepared = PreparedInput {
            to: self.0.clone(),
            input,
            reply,
        };
        let outcome = async move { outcome.await.unwrap_or(Err(InputError::LinkLost)) };
        (prepared, outcome)
    }

    /// Publishes events; they take their place among other requests when this is called.
    pub fn emit(
        &self,
        batch: Authorized<EmitBatch>,
        reply: oneshot::Sender<Result<Seq, EmitError>>,
    ) {
        let (error, request) = match self.0.try_send(Request::Emit { batch, reply }) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(request)) => (EmitError::Busy, request),
            Err(mpsc::error::TrySendError::Closed(request)) => (EmitError::Ended, request),
        };
        if let Request::Emit { reply, .. } = request {
            // The client that emitted may be gone.
            let _ = reply.send(Err(error));
        }
    }

    /// Marks agents as seen; that takes its place among other requests when this is called.
    ///
    /// # Errors
    /// Says why none was marked.
    pub fn see(
        &self,
        seen: Authorized<SeenRequest>,
    ) -> impl Future<Output = Result<SeenPanes, SeenError>> + Send + use<> {
        let (reply, outcome) = oneshot::channel();
        let sent = self.0.try_send(Request::See { seen, reply });
        async move {
            match sent {
                Ok(()) => outcome.await.unwrap_or(Err(SeenError::Ended)),
                Err(mpsc::error::TrySendError::Full(_)) => Err(SeenError::Busy),
                Err(mpsc::error::TrySendError::Closed(_)) => Err(SeenError::Ended),
            }
        }
    }

    /// Waits until the bridge has answered. Tells whether it runs still.
    pub async fn answers(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        self.0.send(Request::Answer { reply }).await.is_ok() && answer.await.is_ok()
    }

    /// Captures the screens of panes.
    pub async fn screens(
        &self,
        screens: Authorized<ScreensRequest>,
    ) -> Vec<(PaneId, Result<Screen, ScreenError>)> {
        let (reply, captured) = oneshot::channel();
        if self
            .0
            .send(Request::Screens { screens, reply })
            .await
            .is_err()
        {
            return Vec::new();
        }
        captured.await.unwrap_or_default()
    }

    /// Shows a pane.
    ///
    /// # Errors
    /// Says why it can't be shown.
    pub async fn view(&self, view: Authorized<ViewRequest>) -> Result<PaneView, ScreenError> {
        let (reply, outcome) = oneshot::channel();
        if self.0.send(Request::View { view, reply }).await.is_err() {
            return Err(ScreenError::Unavailable);
        }
        outcome.await.unwrap_or(Err(ScreenError::Unavailable))
    }

    /// Gives a window a size until [`Handle::leave`].
    ///
    /// # Errors
    /// Says why the window did not get it.
    pub async fn resize(&self, wish: Authorized<SizeWish>) -> Result<(), ResizeError> {
        let (reply, outcome) = oneshot::channel();
        if self.0.send(Request::Resize { wish, reply }).await.is_err() {
            return Err(ResizeError::Unavailable);
        }
        outcome.await.unwrap_or(Err(ResizeError::Unavailable))
    }

    /// Takes a client's wishes for sizes back.
    pub async fn leave(&self, client: ClientNumber) {
        if self.0.send(Request::Leave { client }).await.is_err() {
            tracing::debug!(?client, "the bridge has ended, and sizes with it");
        }
    }
}
