//! `muxwire audit`: what it takes.

use std::time::Duration;

use clap::{ArgAction, Args, Subcommand};
use jiff::Timestamp;

use super::{StateArgs, pattern, span};
use crate::audit::Mark;
use crate::glob::NamePattern;

/// `muxwire audit ...`
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Check that the audit log is as it was written: no line changed, missing, reordered or cut off
    Verify(AuditVerifyArgs),
    /// Show what stands in the audit log
    Show(AuditShowArgs),
}

/// `muxwire audit verify`
#[derive(Debug, Clone, Args)]
pub struct AuditVerifyArgs {
    /// A line that was noted elsewhere, as an earlier `verify` printed it, must still be the same; may be repeated
    #[arg(long = "noted", value_name = "LOG/LINE:HASH", action = ArgAction::Append, value_parser = noted)]
    pub noted: Vec<Noted>,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire audit show`
#[derive(Debug, Clone, Args)]
pub struct AuditShowArgs {
    /// Only what this client did, such as c17; may be repeated
    #[arg(long = "client", value_name = "ID", action = ArgAction::Append)]
    pub clients: Vec<String>,
    /// Only what was done with tokens of these names, such as 'ci-*'; may be repeated
    #[arg(long = "name", value_name = "PATTERN", action = ArgAction::Append, value_parser = pattern)]
    pub names: Vec<NamePattern>,
    /// Only what was done in these sessions, such as 'api-*'; may be repeated
    #[arg(long = "session", value_name = "PATTERN", action = ArgAction::Append, value_parser = pattern)]
    pub sessions: Vec<NamePattern>,
    /// Only these actions, such as input or 'auth.*'; may be repeated
    #[arg(long = "action", value_name = "PATTERN", action = ArgAction::Append, value_parser = pattern)]
    pub actions: Vec<NamePattern>,
    /// Only what was done since then: a time such as 2026-11-20T05:00:00Z, or so long ago, such as 2h
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Moment>,
    /// Only what was done until then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Moment>,
    /// Print the lines as they stand there, one JSON object each
    #[arg(long)]
    pub json: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// A line that was noted elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The name of the log's folder.
    pub log: String,
    /// The line and its hash.
    pub mark: Mark,
}

fn noted(text: &str) -> Result<Noted, &'static str> {
    let (log, mark) = text.split_once('/').ok_or(NOTED)?;
    let mark = mark.parse().map_err(|_| NOTED)?;
    Ok(Noted {
        log: log.to_owned(),
        mark,
    })
}

const NOTED: &str = "what `muxwire audit verify` printed, such as 1/42:e3b0c442...";

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This one.
    At(Timestamp),
    /// So long ago.
    Ago(Duration),
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(time) = text.parse() {
        return Ok(Moment::At(time));
    }
    let why = |_| {
        "a time such as 2026-11-20T05:00:00Z, or how long ago, such as 30m, 2h or 7d".to_owned()
    };
    span(text).map(Moment::Ago).map_err(why)
}
