//! What the commands take that ask a server that runs: `status`, `list`, `wait`.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::access::AccessArgs;
use super::span;
use crate::client::TargetName;
use crate::nearest::nearest;

/// What the exit codes of these commands mean.
pub(super) const WAIT_CODES: &str = "\
Exit codes: 0 the first that is waited for came, 11 the second --until, 12 the third and so on; 1 failed, 2 wrong usage,
3 no such pane, 4 the time limit is over, 5 it can't come any more: the agent or its pane is gone.";

/// `muxwire status`
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Print a JSON array of agents
    #[arg(long)]
    pub json: bool,
    /// Go on, and print the agents anew whenever something about them changes
    #[arg(long)]
    pub watch: bool,
}

/// `muxwire digest`
#[derive(Debug, Clone, Args)]
pub struct DigestArgs {
    /// From when on: a span before now such as 8h or 2d, or a time such as 2026-11-30T03:12:00Z
    #[arg(long, value_name = "TIME", default_value = "8h")]
    pub since: String,
    /// Up to when [default: now]
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Of these sessions alone: names, or patterns with * and ?
    #[arg(long = "session", value_name = "PATTERN")]
    pub sessions: Vec<String>,
    /// Of these agents alone: types such as claude, or patterns of them
    #[arg(long = "agent", value_name = "PATTERN")]
    pub agents: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// `muxwire list`
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Print a JSON array of panes
    #[arg(long)]
    pub json: bool,
}

/// `muxwire wait`
#[derive(Debug, Clone, Args)]
#[command(after_help = WAIT_CODES)]
pub struct WaitArgs {
    /// The pane: its id, a session, SESSION:WINDOW.PANE, or the type of an agent if there is one of it
    #[arg(value_name = "TARGET")]
    pub target: TargetName,
    /// What to wait for: busy, ready, waiting, error or exited, which an agent is; or a text that the pane shows
    /// (text:TEXT if it is one of these words). May be repeated, then any of them will do, and stdout names it
    #[arg(
        long,
        value_name = "STATE|TEXT",
        required = true,
        action = ArgAction::Append,
        value_parser = until
    )]
    pub until: Vec<Until>,
    /// Give up after this time, such as 30s or 10m [default: never]
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub timeout: Option<Duration>,
    /// Print the agent that it came to as one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// `muxwire seen`
#[derive(Debug, Clone, Args)]
pub struct SeenArgs {
    /// Panes with agents: ids, sessions, SESSION:WINDOW.PANE, or the type of an agent if there is one of it
    #[arg(value_name = "TARGET", required_unless_present = "all")]
    pub targets: Vec<TargetName>,
    /// All agents that there are
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Something that can be waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// An agent is in this state.
    State(&'static str),
    /// There is no agent any more, or the pane's program has ended.
    Exited,
    /// The pane shows this.
    Text(String),
}

impl Until {
    /// The states of agents that can be waited for.
    pub const STATES: [&'static str; 4] = ["busy", "ready", "waiting", "error"];

    /// The state that a text was perhaps meant to be.
    #[must_use]
    pub fn meant(&self) -> Option<&'static str> {
        let Self::Text(text) = self else {
            return None;
        };
        let words = Self::STATES.into_iter().chain(["exited"]);
        nearest(text, words)
    }

    /// What it is called on the command line.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::State(state) => state,
            Self::Exited => "exited",
            Self::Text(text) => text,
        }
    }
}

fn until(word: &str) -> Result<Until, String> {
    if word == "exited" {
        return Ok(Until::Exited);
    }
    if let Some(state) = Until::STATES.into_iter().find(|state| *state == word) {
        return Ok(Until::State(state));
    }
    let text = word.strip_prefix("text:").unwrap_or(word);
    if text.chars().all(char::is_whitespace) {
        return Err("a text has something in it that shows".to_owned());
    }
    Ok(Until::Text(text.to_owned()))
}
