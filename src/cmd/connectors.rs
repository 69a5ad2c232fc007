//! What is beside the bridge and the clients in `muxwire serve`.

use std::path::PathBuf;

use crate::audit::Log;
use crate::auth::Authenticator;
use crate::bridge::Handle;
use crate::cmd::keeping::Kept;
use crate::cmd::{agents, alert, host_name, push};
use crate::config::Config;
use crate::connectors::Connectors;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::push::PushDesk;
use crate::server::HistoryAccess;

/// What the server is given of what runs beside it.
#[derive(Default)]
pub(super) struct Beside {
    /// Who is told by push, if anybody can be.
    pub(super) push: Option<PushDesk>,
    /// What is asked what happened, if a history is kept.
    pub(super) history: Option<HistoryAccess>,
}

/// Begins what reads the log and adds to it, unless what is served is a recording. What is kept can be asked.
///
/// # Errors
/// What is built in can't be used, which a test excludes, or the system gives no random numbers.
pub(super) async fn begin(
    config: &Config,
    connectors: &Connectors,
    from: (&Hub, &Handle, &Metrics),
    live: Option<(Vec<PathBuf>, Kept)>,
    (authenticator, audit): (&Option<Authenticator>, &Log),
) -> anyhow::Result<Beside> {
    let Some((folders, kept)) = live else {
        return Ok(Beside::default());
    };
    let (hub, bridge, metrics) = from;
    let history = kept.begin(connectors, (hub, bridge), metrics).await;
    if config.agents.enabled {
        agents::watch(connectors, bridge.clone(), folders.clone(), metrics, config)?;
    }
    resources(config, connectors, metrics);
    if config.alerts.enabled {
        let host_name = host_name(config);
        alert::watch(connectors, (hub, bridge), folders, &host_name, metrics).await?;
    }
    let push = push::begin(config, connectors, from, authenticator, audit);
    Ok(Beside { push, history })
}

/// Says what is used of processors and memory, while somebody wants to know.
#[cfg(target_os = "linux")]
fn resources(config: &Config, connectors: &Connectors, metrics: &Metrics) {
    let source = crate::connectors::ResourceSource::new(config.resources.interval, metrics);
    connectors.source("resources", move |context| source.clone().run(context));
}

/// Says that nothing is known of it.
#[cfg(not(target_os = "linux"))]
fn resources(_: &Config, _: &Connectors, _: &Metrics) {
    tracing::info!("there is no system.resources: what processes use is read on Linux alone");
}
