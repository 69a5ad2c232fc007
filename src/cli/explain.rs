//! What `muxwire explain` takes.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgGroup, Args};

use super::access::AccessArgs;
use super::remote::Until;
use crate::client::TargetName;

/// `muxwire explain`
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["target", "screen"]))]
pub struct ExplainArgs {
    /// The pane: its id, a session, SESSION:WINDOW.PANE, or the type of an agent if there is one of it
    #[arg(value_name = "TARGET")]
    pub target: Option<TargetName>,
    /// A saved screen instead of a pane: a recording (.cast), or what `tmux capture-pane -p` or a program printed; - is stdin
    #[arg(long, value_name = "FILE", requires = "agent")]
    pub screen: Option<PathBuf>,
    /// The agent whose rules are tried, such as claude [default: the one that is in the pane]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Of a recording, the screen at this second [default: at its end]
    #[arg(long, value_name = "SECONDS", requires = "screen")]
    pub at: Option<f64>,
    /// The size of the saved screen [default: the recording's, or as large as the text is]
    #[arg(long, value_name = "COLSxROWS", requires = "screen")]
    pub size: Option<ScreenSize>,
    /// The title that the saved screen's program set
    #[arg(long, value_name = "TITLE", requires = "screen")]
    pub title: Option<String>,
    /// Save the screen as a fixture for which this state is right, such as ready or waiting/permission
    #[arg(long, value_name = "STATE[/REASON]")]
    pub save_fixture: Option<RightState>,
    /// Where fixtures are kept
    #[arg(
        long,
        value_name = "DIR",
        default_value = "fixtures/agents",
        requires = "save_fixture"
    )]
    pub fixtures: PathBuf,
    /// The agent's version, for the fixture
    #[arg(long, value_name = "VERSION", default_value = "unknown", requires = "save_fixture", value_parser = word)]
    pub agent_version: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScreenSize {
    /// Columns, at least one.
    pub cols: u16,
    /// Rows, at least one.
    pub rows: u16,
}

/// What is right of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightState {
    /// The state.
    pub state: String,
    /// Why, if that matters.
    pub reason: Option<String>,
}

impl FromStr for ScreenSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = text.split_once('x');
        let size = size.and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
        match size {
            Some((cols @ 1.., rows @ 1..)) => Ok(Self { cols, rows }),
            _ => Err("a size is columns and rows, such as 120x35".to_owned()),
        }
    }
}

impl FromStr for RightState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (state, reason) = match text.split_once('/') {
            Some((state, reason)) => (state, Some(reason)),
            None => (text, None),
        };
        let mut known = Until::STATES.into_iter().chain(["unknown"]);
        if !known.any(|known| known == state) {
            return Err("a state is busy, ready, waiting, error or unknown".to_owned());
        }
        Ok(Self {
            state: state.to_owned(),
            reason: reason.map(word).transpose()?,
        })
    }
}

/// A part of a file's name.
fn word(text: &str) -> Result<String, String> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.');
    if text.is_empty() || text.starts_with('.') || !text.chars().all(is_part) {
        return Err("only letters, digits and . _ - stand in it".to_owned());
    }
    Ok(text.to_owned())
}
