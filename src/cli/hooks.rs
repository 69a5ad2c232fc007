//! What `muxwire hooks` and `muxwire hook` take.

use std::ffi::OsString;

use clap::{Args, Subcommand, ValueEnum};

use super::StateArgs;

/// `muxwire hooks ...`
#[derive(Debug, Clone, Subcommand)]
pub enum HooksCommand {
    /// Enter muxwire's hooks into an agent's own settings, beside whatever is there
    Install(HooksArgs),
    /// Take muxwire's hooks out of an agent's settings, and nothing else
    Remove(HooksArgs),
    /// Say which agents have muxwire's hooks
    Status(HooksStatusArgs),
}

/// `muxwire hooks install` and `muxwire hooks remove`
#[derive(Debug, Clone, Args)]
pub struct HooksArgs {
    /// The agent
    #[arg(value_name = "AGENT")]
    pub agent: HookedAgent,
    /// Print what its settings would be, and change nothing
    #[arg(long)]
    pub print: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire hooks status`
#[derive(Debug, Clone, Args)]
pub struct HooksStatusArgs {
    /// The agent [default: all]
    #[arg(value_name = "AGENT")]
    pub agent: Option<HookedAgent>,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
}

/// An agent that calls hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HookedAgent {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
}

impl HookedAgent {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Claude, Self::Codex, Self::Gemini];

    /// Its name, as the rules for agents have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
        }
    }
}

/// `muxwire hook`
#[derive(Debug, Clone, Args)]
pub struct HookArgs {
    /// The agent, the event, and what the agent says of it unless that comes on stdin
    #[arg(
        value_name = "AGENT EVENT [JSON]",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub words: Vec<OsString>,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}
