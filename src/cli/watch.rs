//! What `muxwire watch` takes.

use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::access::AccessArgs;
use super::{pattern, span};
use crate::client::{Position, SessionPattern, event_types, may_match_events};
use crate::glob::{NamePattern, PatternError};
use crate::nearest::most_like;

/// `muxwire watch`
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Print each message of the stream as one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Show how long events take and what waits instead of the events, each second or so often
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1s",
        conflicts_with = "since",
        value_parser = interval
    )]
    pub latency: Option<Duration>,
    /// When to use colours; auto is on terminals, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colours,
    /// Only events of these types, such as 'pane.*'; may be repeated
    #[arg(long = "type", value_name = "PATTERN", action = ArgAction::Append, value_parser = type_pattern)]
    pub types: Vec<NamePattern>,
    /// Only events of these sessions: a pattern such as 'api-*', an id such as '$3', or exactly this name as '=api'; may be
    /// repeated
    #[arg(long = "session", value_name = "PATTERN", action = ArgAction::Append, value_parser = session)]
    pub sessions: Vec<SessionPattern>,
    /// Show every event and all output as they come, as where stdout is no terminal, and not only what one can follow
    #[arg(long)]
    pub all: bool,
    /// Show also what panes print in which a `watch` prints, such as its own: what it prints there feeds it without end
    #[arg(long)]
    pub include_own_pane: bool,
    /// Begin behind this position: a cursor that the server or an earlier `watch` gave [default: now]
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<Position>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colours {
    /// On terminals.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A pattern that some event type matches: any other one is a slip of the pen, and would show nothing for ever.
pub(super) fn type_pattern(text: &str) -> Result<NamePattern, String> {
    let pattern = pattern(text).map_err(|error| error.to_string())?;
    if may_match_events(text, |name| pattern.matches(name)) {
        return Ok(pattern);
    }
    let types = event_types();
    let nearest = most_like(text, types.iter().map(String::as_str)).unwrap_or_default();
    Err(format!(
        "no event is of this type; the nearest is {nearest}"
    ))
}

/// A session as one names it to tmux, or a pattern of names.
fn session(text: &str) -> Result<SessionPattern, PatternError> {
    match text.strip_prefix('=') {
        Some("") => Err(PatternError::Empty),
        Some(name) => Ok(SessionPattern::Name(name.into())),
        None => SessionPattern::from_text(text),
    }
}

/// A span that is long enough to measure something in it.
fn interval(text: &str) -> Result<Duration, String> {
    let span = span(text)?;
    if span < Duration::from_millis(100) {
        return Err("the least interval is 100ms".to_owned());
    }
    Ok(span)
}
