//! The audit log of a server, from its start to its end.

use std::time::Duration;

use anyhow::Context as _;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::audit::{Act, Figures, Limits, Log, Who};
use crate::auth::Authenticator;
use crate::config::Config;
use crate::metrics::{FigureKind, Metrics};

/// How long the last lines may take to be on the disk.
const LAST_LINES: Duration = Duration::from_secs(3);

/// Begins the log, if it is wanted; it is counted from then on.
///
/// # Errors
/// Its files can't be used.
pub(super) fn start(
    config: &Config,
    metrics: &Metrics,
    authenticator: Option<&Authenticator>,
) -> anyhow::Result<Log> {
    if !config.audit.enabled {
        tracing::warn!("no audit log: who types what is recorded nowhere");
        return Ok(Log::off());
    }
    let limits = Limits {
        content: config.audit.content,
        max_bytes: config.audit.max_bytes,
        keep: config.audit.keep as usize,
    };
    let log = Log::start(&config.server.state_dir, limits).context(
        "there can be no audit log; without one (audit.enabled=false), who types what is recorded nowhere",
    )?;
    count(metrics, &log);
    if let Some(authenticator) = authenticator {
        follow_tokens(&log, authenticator);
    }
    Ok(log)
}

/// Records changes of the tokens from now on.
fn follow_tokens(log: &Log, authenticator: &Authenticator) {
    let (log, mut in_force) = (log.clone(), authenticator.in_force());
    tokio::spawn(async move {
        while in_force.changed().await.is_ok() {
            let count = in_force.borrow_and_update().len() as u64;
            let what = "tokens";
            log.record(&Who::server(), Act::Reloaded { what, count });
        }
    });
}

/// Ends the log when this has ended. It waits for the disk, away from the runtime, and not for one that hangs.
pub(super) async fn until_end_of<T>(served: impl Future<Output = T>, log: Log) -> T {
    let served = served.await;
    let closing = spawn_blocking(move || log.close());
    match timeout(LAST_LINES, closing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the audit log did not end well"),
        Err(_) => tracing::error!("the disk took the end of the audit log not in time"),
    }
    served
}

fn count(metrics: &Metrics, log: &Log) {
    type Read = fn(Figures) -> u64;
    let figures: [(&'static str, &'static str, FigureKind, Read); 5] = [
        (
            "audit_lines",
            "Lines written to the audit log",
            FigureKind::Counter,
            |figures| figures.lines,
        ),
        (
            "audit_refused",
            "Inputs and resizes refused since the audit log could not be written",
            FigureKind::Counter,
            |figures| figures.refused,
        ),
        (
            "audit_unrecorded",
            "Lines that are missing in the audit log: they could not be written, or were too many",
            FigureKind::Counter,
            |figures| figures.unrecorded,
        ),
        (
            "audit_failed_flushes",
            "Times that the disk did not take what was written to the audit log",
            FigureKind::Counter,
            |figures| figures.failed_flushes,
        ),
        (
            "audit_available",
            "Whether the last write to the audit log went well",
            FigureKind::Gauge,
            |figures| figures.available.into(),
        ),
    ];
    for (name, help, kind, read) in figures {
        let log = log.clone();
        metrics.watch(name, help, kind, move || log.figures().map_or(0, read));
    }
}
