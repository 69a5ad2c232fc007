//! What the agents of the demo are started with.

use clap::Args;

/// What `muxwire demo-agent` takes.
#[derive(Debug, Clone, Args)]
pub struct DemoAgentArgs {
    /// The session whose scene is played
    pub session: String,
}
