//! What `muxwire alert` takes.

use clap::{Args, Subcommand};

/// `muxwire alert`
#[derive(Debug, Clone, Subcommand)]
pub enum AlertCommand {
    /// Send a test alert to each sink, once, and say how each took it; no server has to run
    Test(AlertTestArgs),
    /// Show the rules and sinks that alerts.toml and what is built in come to
    List(AlertListArgs),
}

/// `muxwire alert test`
#[derive(Debug, Clone, Default, Args)]
pub struct AlertTestArgs {
    /// Only to these sinks
    #[arg(value_name = "SINK")]
    pub sinks: Vec<String>,
    /// How much the test alert matters
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = ["info", "warning", "error", "critical"])]
    pub severity: String,
    /// Print the outcome as JSON
    #[arg(long)]
    pub json: bool,
}

/// `muxwire alert list`
#[derive(Debug, Clone, Default, Args)]
pub struct AlertListArgs {
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}
