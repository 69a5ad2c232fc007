//! The command lines that type: keys and text into a pane, prompts into an agent.

use std::time::Duration;

use clap::Args;

use super::{AccessArgs, span};
use crate::client::TargetName;

const SEND_HELP: &str = "\
Examples:
  muxwire send work 'make test' --enter   type a line into the active pane of the session work, and submit it
  muxwire send %3 --keys C-c              press a key
  muxwire send claude - < notes.txt       type what comes on stdin, as it is
  muxwire send work -- '--help'           -- stands before a text that begins with a hyphen

Exit codes: 0 typed, 1 failed, 2 wrong usage, 3 no such pane or several, 5 the pane takes no keys (it is dead, in copy
mode, or its input is off).";

const PROMPT_HELP: &str = "\
Examples:
  muxwire prompt claude 'run the tests'           submit a prompt; done when that is proven
  muxwire prompt work:1.0 'run the tests' --wait  and wait until the agent has done it
  git diff | muxwire prompt codex -               a prompt of several lines, from stdin

Exit codes: 0 submitted, with --wait done and ready; 1 failed, 2 wrong usage, 3 no such pane or several; 4 not proven in
time, or with --wait not done in time; 5 not submitted, since a dialog is open, the agent works, or the like; and with
--wait, after it was submitted: 11 the agent waits for an answer, 12 it failed, 13 it ended.";

/// `muxwire send`
#[derive(Debug, Clone, Args)]
#[command(after_help = SEND_HELP)]
pub struct SendArgs {
    /// A pane: its id, a session, session:window.pane, or the type of an agent
    #[arg(value_name = "TARGET")]
    pub target: TargetName,
    /// The text to type, as it is; - reads it from stdin
    #[arg(
        value_name = "TEXT",
        required_unless_present = "keys",
        allow_hyphen_values = true
    )]
    pub text: Option<String>,
    /// Press these keys instead, by tmux's names such as Enter, C-c or F1
    #[arg(long, value_name = "KEY", num_args = 1.., conflicts_with_all = ["text", "enter", "paste"])]
    pub keys: Vec<String>,
    /// Submit the text with Enter, some time behind it
    #[arg(long)]
    pub enter: bool,
    /// Paste the text: in brackets, if the program asks for that
    #[arg(long)]
    pub paste: bool,
    /// Leave copy mode first, if the pane is in it
    #[arg(long)]
    pub cancel_mode: bool,
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// `muxwire prompt`
#[derive(Debug, Clone, Args)]
#[command(after_help = PROMPT_HELP)]
pub struct PromptArgs {
    /// A pane with an agent: its id, a session, session:window.pane, or the type of the agent
    #[arg(value_name = "TARGET")]
    pub target: TargetName,
    /// The prompt, of one line or several; - reads it from stdin
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// Type it for an agent that works as well, which keeps it for later
    #[arg(long)]
    pub queue: bool,
    /// How long it may take until it is proven that the agent has the prompt: 1s to 60s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = proof_span)]
    pub timeout: Duration,
    /// Wait until the agent has done it, or asks, or has failed
    #[arg(long)]
    pub wait: bool,
    /// With --wait, for so long at the most [default: for ever]
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = span)]
    pub wait_timeout: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
}

fn proof_span(text: &str) -> Result<Duration, String> {
    let span = span(text)?;
    let good = (Duration::from_secs(1)..=Duration::from_secs(60)).contains(&span);
    good.then_some(span)
        .ok_or_else(|| "from 1s to 60s; --wait-timeout is for the work itself".to_owned())
}
