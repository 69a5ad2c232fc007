//! What `muxwire doctor` takes.

use clap::Args;

use super::ServerArgs;

/// `muxwire doctor`
#[derive(Debug, Clone, Default, Args)]
pub struct DoctorArgs {
    /// The settings with which `muxwire serve` is to run.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print the checks as JSON
    #[arg(long)]
    pub json: bool,
}
