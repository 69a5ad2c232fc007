//! Watching agents in panes, where the system says what is needed for it, and the rules by which they are known.

use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use anyhow::Context as _;

use crate::agent::RuleSet;
use crate::bridge::Handle;
use crate::config::Config;
use crate::connectors::Connectors;
use crate::metrics::Metrics;

/// Watches agents, by rules that files in these folders change.
///
/// # Errors
/// The system gives no random numbers.
#[cfg(target_os = "linux")]
pub(super) fn watch(
    connectors: &Connectors,
    bridge: Handle,
    rule_folders: Vec<PathBuf>,
    metrics: &Metrics,
    config: &Config,
) -> anyhow::Result<()> {
    let mut source = crate::connectors::AgentSource::new(bridge, rule_folders, metrics);
    if config.agents.hooks {
        // Several servers may keep their state in one folder, even from several containers.
        let random = getrandom::u64().context("the system gives no random numbers")?;
        let name = format!("{random:016x}.sock");
        source = source.with_hooks(hook_folder(&config.server.state_dir).join(name));
    }
    if config.agents.usage {
        source = source.with_usage();
    }
    connectors.source("agents", move |context| source.clone().run(context));
    Ok(())
}

/// Says that agents are not watched.
#[cfg(not(target_os = "linux"))]
pub(super) fn watch(
    _: &Connectors,
    _: Handle,
    _: Vec<PathBuf>,
    _: &Metrics,
    _: &Config,
) -> anyhow::Result<()> {
    tracing::info!(
        "agents in panes are not watched: which processes run in a pane is read on Linux alone"
    );
    Ok(())
}

/// Where servers listen for hooks: each has a socket there.
pub(super) fn hook_folder(state_dir: &Path) -> PathBuf {
    state_dir.join("hooks")
}

/// The rules that a server uses which reads files in these folders.
///
/// # Errors
/// A file can't be used.
#[cfg(target_os = "linux")]
pub(super) async fn rules(folders: Vec<PathBuf>) -> anyhow::Result<RuleSet> {
    Ok(crate::connectors::load_rules(folders).await?)
}

/// The rules that are built in: no server watches agents here, so no files change them.
#[cfg(not(target_os = "linux"))]
pub(super) async fn rules(_: Vec<PathBuf>) -> anyhow::Result<RuleSet> {
    Ok(RuleSet::built_in()?)
}
