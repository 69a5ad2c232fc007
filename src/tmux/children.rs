//! The news that a child of muxwire has ended or was stopped.

use tokio::signal::unix::{self, SignalKind};

/// Listens for SIGCHLD.
#[derive(Debug)]
pub(super) struct Children(Option<unix::Signal>);

impl Children {
    /// Without it, links that are stopped are found by their silence only.
    pub(super) fn listen() -> Self {
        let signal = unix::signal(SignalKind::child())
            .inspect_err(|error| tracing::debug!(%error, "can't listen for children"));
        Self(signal.ok())
    }

    /// Waits until some child of muxwire has changed; may be cancelled without loss.
    pub(super) async fn changed(&mut self) -> Option<()> {
        match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    }
}
