//! The signals that ask a command for an end.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a program returns that is interrupted for the second time, by the shells' convention.
pub const INTERRUPTED: i32 = 130;

/// SIGINT, SIGTERM, and SIGHUP, which comes when the terminal goes, unless it was ignored when muxwire started.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
    /// A file that may not grow any more fails a write; by itself the signal would end the program.
    _file_size: Signal,
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
            hang_up: (!ignores_hang_up())
                .then(|| listen(SignalKind::hangup()))
                .transpose()?,
            _file_size: listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up(&mut self.hang_up) => {}
        }
    }
}

async fn hang_up(signal: &mut Option<Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP is ignored, as `nohup` asks for; to listen for it would undo that. Where this can't be known, the
/// signal stays what it is.
fn ignores_hang_up() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return true;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & 1 != 0)
}
