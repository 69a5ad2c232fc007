//! The signals that ask a command for an end.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a program returns that is interrupted for the second time, by the shells' convention.
pub const INTERRUPTED: i32 = 130;

/// SIGINT and SIGTERM.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on the signals end nothing by themselves.
    ///
    /// # Errors
    /// The system refused.
    pub fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("can't listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
