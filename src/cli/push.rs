//! `muxwire push`

use clap::{Args, Subcommand};

use super::StateArgs;

/// `muxwire push`
#[derive(Debug, Subcommand)]
pub enum PushCommand {
    /// List the browsers that are told by push
    List(PushListArgs),
    /// Tell browsers no longer, by the names that list shows
    Remove(PushRemoveArgs),
}

/// `muxwire push list`
#[derive(Debug, Clone, Args)]
pub struct PushListArgs {
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
    /// Print a JSON array of them
    #[arg(long)]
    pub json: bool,
}

/// `muxwire push remove`
#[derive(Debug, Clone, Args)]
pub struct PushRemoveArgs {
    /// The names of their subscriptions
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}
