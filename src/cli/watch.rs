//! What `muxwire watch` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::{pattern, span};
use crate::client::{Endpoint, Position, SessionPattern, event_types};
use crate::glob::{NamePattern, PatternError};
use crate::nearest::most_like;
use crate::tls::Fingerprint;

/// `muxwire watch`
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// The server: a ws:// or wss:// URL, or unix:/PATH
    #[arg(
        long,
        value_name = "URL",
        env = "MUXWIRE_URL",
        hide_env_values = true,
        default_value = "ws://127.0.0.1:8765/monitor"
    )]
    pub url: Endpoint,
    /// A file of mode 0600 that holds the token; without it, the variable MUXWIRE_TOKEN
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// For wss://, trust the authorities in this PEM file instead of the system's, or the server's own certificate
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// For wss://, trust the one certificate with this fingerprint, as `muxwire cert` prints it
    #[arg(long, value_name = "SHA256", conflicts_with = "ca")]
    pub fingerprint: Option<Fingerprint>,
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
fn type_pattern(text: &str) -> Result<NamePattern, String> {
    let pattern = pattern(text).map_err(|error| error.to_string())?;
    let types = event_types();
    if types.iter().any(|name| pattern.matches(name)) {
        return Ok(pattern);
    }
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
