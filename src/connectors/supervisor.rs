//! How connectors are supervised: an error or a panic ends it alone, and it is restarted after a wait that grows.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::sleep;

use super::ConnectorError;
use super::figures::ConnectorFigures;

/// How long a connector that has failed for the first time waits until it is restarted.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How long it waits at most. Each time it waits twice as long as before.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// One that has run for so long counts as one that has never failed.
const STABLE: Duration = Duration::from_secs(60);

/// Runs a connector until it ends by itself.
pub(super) async fn supervise<F>(figures: Arc<ConnectorFigures>, begin: impl Fn() -> F)
where
    F: Future<Output = Result<(), ConnectorError>>,
{
    let (connector, role) = (figures.name, figures.role.as_str());
    let mut wait = FIRST_WAIT;
    loop {
        // It begins anew with what `begin` makes, so nothing that a panic left half done is seen again.
        let mut run = pin!(AssertUnwindSafe(async { begin().await }).catch_unwind());
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = sleep(STABLE) => {
                wait = FIRST_WAIT;
                run.await
            }
        };
        let error = match ended {
            Ok(Ok(())) => return tracing::debug!(connector, role, "ended"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it panicked".to_owned(),
        };
        figures.failed();
        tracing::error!(connector, role, %error, ?wait, "failed, and is restarted after a wait");
        sleep(wait).await;
        wait = LONGEST_WAIT.min(wait * 2);
    }
}
