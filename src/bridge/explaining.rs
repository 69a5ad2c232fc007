//! The way from those who want to know why something is said of an agent to the one who watches agents.

use tokio::sync::{mpsc, oneshot};

use super::request::{NotQueued, RequestQueue};
pub use crate::agent::{Ground, Grounds, HeardSignal};
use crate::auth::Authorized;
use crate::ids::PaneId;

/// A question, with the way back for its answer.
#[derive(Debug)]
pub struct ExplainRequest {
    /// The pane.
    pub pane: PaneId,
    /// What is held of the agent in it; nothing if none is watched there.
    pub reply: oneshot::Sender<Option<Box<Grounds>>>,
}

/// Why there are no grounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoGrounds {
    /// Nobody watches agents.
    #[error(
        "agents are not watched here (it takes Linux, agents.enabled, and a tmux server that is no recording)"
    )]
    NotWatched,
    /// There is no agent in the pane.
    #[error("no agent is watched in this pane")]
    NoAgent,
    /// Too many wait.
    #[error("too many questions wait to be answered; try again")]
    Busy,
}

/// The way there. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Explainers(RequestQueue<ExplainRequest>);

impl Explainers {
    /// Takes the questions from now on; those before get none any more.
    #[must_use]
    pub fn take(&self) -> mpsc::Receiver<ExplainRequest> {
        self.0.take()
    }

    /// What is held of the agent in a pane.
    ///
    /// # Errors
    /// There is none, or nobody who would know.
    pub fn explain(
        &self,
        pane: &Authorized<PaneId>,
    ) -> impl Future<Output = Result<Box<Grounds>, NoGrounds>> + Send + use<> {
        let (reply, grounds) = oneshot::channel();
        let pane = *pane.request();
        let request = ExplainRequest { pane, reply };
        let sent = self.0.send(request);
        async move {
            match sent {
                Err(NotQueued::NoReceiver) => Err(NoGrounds::NotWatched),
                Err(NotQueued::Full) => Err(NoGrounds::Busy),
                Ok(()) => match grounds.await {
                    Ok(grounds) => grounds.ok_or(NoGrounds::NoAgent),
                    Err(_) => Err(NoGrounds::NotWatched),
                },
            }
        }
    }
}
