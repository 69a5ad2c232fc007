//! `muxwire token`

use std::time::Duration;

use clap::{ArgAction, Args, Subcommand};

use super::{StateArgs, session_pattern, span};
use crate::auth::Permission;
use crate::glob::NamePattern;

/// `muxwire token ...`
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, once, alone on stdout
    Create(TokenCreateArgs),
    /// List the tokens, without their secrets
    List(TokenListArgs),
    /// End a token; its connections are closed at once
    Revoke(TokenRevokeArgs),
}

/// `muxwire token create`
#[derive(Debug, Clone, Args)]
pub struct TokenCreateArgs {
    /// What to call it: letters, digits and . _ - @
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What its holder may do: read; write, which includes read; emit, to add events; admin, which includes all
    #[arg(
        long,
        value_name = "PERMISSIONS",
        value_delimiter = ',',
        default_value = "read"
    )]
    pub allow: Vec<Permission>,
    /// Only sessions whose whole name fits, such as 'api-*'; may be repeated [default: all sessions]
    #[arg(long = "session", value_name = "PATTERN", action = ArgAction::Append, value_parser = session_pattern)]
    pub sessions: Vec<NamePattern>,
    /// When it ends by itself, such as 12h or 30d [default: never]
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub expires: Option<Duration>,
    /// Keep secrets from its holder: what it sees is masked by the rules of the setting redaction.rules
    #[arg(long)]
    pub redact: bool,
    /// Print one JSON object, the token in it
    #[arg(long)]
    pub json: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire token list`
#[derive(Debug, Clone, Args)]
pub struct TokenListArgs {
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire token revoke`
#[derive(Debug, Clone, Args)]
pub struct TokenRevokeArgs {
    /// The id or the name of the token
    #[arg(value_name = "ID|NAME")]
    pub token: String,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}
