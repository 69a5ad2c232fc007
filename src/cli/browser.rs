//! `muxwire browser`

use clap::{Args, Subcommand};

use super::StateArgs;
use super::access::AccessArgs;

/// `muxwire browser`
#[derive(Debug, Subcommand)]
pub enum BrowserCommand {
    /// List the browsers that are let in
    List(BrowserListArgs),
    /// Let browsers in no longer, by the names that list shows; their connections are closed at once
    End(BrowserEndArgs),
}

/// How a server is asked about browsers.
#[derive(Debug, Clone, Args)]
pub struct BrowserAccess {
    /// The server. Without a token, one of this machine is asked with a code of its state directory.
    #[command(flatten)]
    pub access: AccessArgs,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire browser list`
#[derive(Debug, Clone, Args)]
pub struct BrowserListArgs {
    /// How it is asked.
    #[command(flatten)]
    pub server: BrowserAccess,
    /// Print a JSON array of them
    #[arg(long)]
    pub json: bool,
}

/// `muxwire browser end`
#[derive(Debug, Clone, Args)]
pub struct BrowserEndArgs {
    /// The names of their sessions
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// How it is asked.
    #[command(flatten)]
    pub server: BrowserAccess,
}
