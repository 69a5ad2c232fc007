//! The way from those who have prompts and answers for agents to the one who knows the agents' screens.
//!
//! What is typed goes the way of all input: whoever asks gives a [`Typist`], which writes each piece into the audit log
//! and makes it ready. When it is sent, and whether, the one who looks at the screen decides.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::keys::{InputError, Key};
use super::request::{NotQueued, RequestQueue};
pub use crate::agent::{
    Answer as AgentAnswer, AnswerChoice, Asked, Hindrance, Left, Outcome as Composed, Prompt,
};
use crate::auth::Authorized;
use crate::ids::PaneId;

/// Something for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ForAgent {
    /// A prompt.
    Prompt(Prompt),
    /// An answer to a dialog.
    Answer(AgentAnswer),
}

/// Makes keys ready to be typed: they are recorded then, and not sent.
pub type Typist =
    Box<dyn FnMut(Vec<Key>) -> BoxFuture<'static, Result<ReadyInput, InputError>> + Send>;

/// Keys that stand in the audit log.
pub struct ReadyInput {
    send: Box<dyn FnOnce() + Send>,
    outcome: BoxFuture<'static, Result<(), InputError>>,
}

/// A request, with the way back for its answer.
pub struct ComposeRequest {
    /// The pane.
    pub pane: PaneId,
    /// What for.
    pub wanted: ForAgent,
    /// Who types.
    pub typist: Typist,
    /// What has come of it; an error if nothing at all could be typed.
    pub reply: oneshot::Sender<Result<Composed, InputError>>,
}

/// The way there. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Composers(RequestQueue<ComposeRequest>);

impl ForAgent {
    /// Which of the two it is.
    #[must_use]
    pub fn asked(&self) -> Asked {
        match self {
            Self::Prompt(_) => Asked::Prompt,
            Self::Answer(_) => Asked::Answer,
        }
    }
}

impl ReadyInput {
    /// Keys that take their place when they are sent, and their outcome.
    #[must_use]
    pub fn new(
        send: impl FnOnce() + Send + 'static,
        outcome: impl Future<Output = Result<(), InputError>> + Send + 'static,
    ) -> Self {
        Self {
            send: Box::new(send),
            outcome: outcome.boxed(),
        }
    }

    /// They take their place now.
    pub fn send(self) -> BoxFuture<'static, Result<(), InputError>> {
        (self.send)();
        self.outcome
    }
}

impl Composers {
    /// Takes the requests from now on; those before get none any more.
    #[must_use]
    pub fn take(&self) -> mpsc::Receiver<ComposeRequest> {
        self.0.take()
    }

    /// Types for an agent. Where nobody knows agents, there is none.
    ///
    /// # Errors
    /// Says why nothing could be typed, or that nobody knows whether it was.
    pub fn compose(
        &self,
        pane: PaneId,
        wanted: Authorized<ForAgent>,
        typist: Typist,
    ) -> impl Future<Output = Result<Composed, InputError>> + Send + use<> {
        let (reply, outcome) = oneshot::channel();
        let asked = wanted.request().asked();
        let request = ComposeRequest {
            pane,
            wanted: wanted.into_request(),
            typist,
            reply,
        };
        let sent = self.0.send(request);
        async move {
            match sent {
                Err(NotQueued::NoReceiver) => Ok(Composed::refused(asked, Hindrance::NotWatched)),
                Err(NotQueued::Full) => Err(InputError::Busy),
                Ok(()) => outcome.await.unwrap_or(Err(InputError::LinkLost)),
            }
        }
    }
}

impl fmt::Debug for ReadyInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyInput").finish_non_exhaustive()
    }
}

impl fmt::Debug for ComposeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pane, wanted, .. } = self;
        write!(f, "ComposeRequest({pane}, {wanted:?})")
    }
}
