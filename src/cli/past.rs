//! `muxwire history`, `search` and `export`: what they take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use super::watch::type_pattern;
use super::{Colours, SocketArgs, StateArgs, pattern, span};
use crate::glob::NamePattern;

const HISTORY_EXAMPLES: &str = "\
Examples:
  muxwire history --from -8h --type 'agent.*'      what agents did in the last eight hours
  muxwire history --session api --from 03:00 --to 04:00
  muxwire history --json --from -1d | jq .type     every event of a day, one JSON object a line";

const SEARCH_EXAMPLES: &str = "\
Examples:
  muxwire search connection refused                lines that have both words
  muxwire search '\"connection refused\"' 'time*'    the words in a row, and one that begins like this
  muxwire search --regex 'E[0-9]{4}' --session api --from -2d
  muxwire search panicked --json | jq -r .timestamp";

const EXPORT_EXAMPLES: &str = "\
Examples:
  muxwire export work --from -1h -o work.cast      then: asciinema play work.cast
  muxwire export %7 --format text -o log.txt       all lines that the pane %7 printed
  muxwire export api --format svg --screen --to 03:12 -o screen.svg
  muxwire export api --format ndjson --from -8h -o - | jq .type";

/// Where the history is, and of which time it is asked.
#[derive(Debug, Clone, Args)]
pub struct PastArgs {
    /// Only from then on: a time such as 2026-11-20T05:00:00Z, '2026-11-20 05:00' or 03:12, or so long ago, such as -8h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when)]
    pub from: Option<When>,
    /// Only until then [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when)]
    pub to: Option<When>,
    /// Read this file instead of that of the tmux server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["socket_name", "socket_path"])]
    pub store: Option<PathBuf>,
    /// Show also what was kept as it is by history.secrets = "keep"
    #[arg(long)]
    pub secrets: bool,
    /// Whose history.
    #[command(flatten)]
    pub socket: SocketArgs,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire history`
#[derive(Debug, Clone, Args)]
#[command(after_help = HISTORY_EXAMPLES)]
pub struct HistoryArgs {
    /// Only events of these types, such as 'pane.*'; may be repeated
    #[arg(long = "type", value_name = "PATTERN", action = ArgAction::Append, value_parser = type_pattern)]
    pub types: Vec<NamePattern>,
    /// Only events of these sessions, such as 'api-*'; may be repeated
    #[arg(long = "session", value_name = "PATTERN", action = ArgAction::Append, value_parser = pattern)]
    pub sessions: Vec<NamePattern>,
    /// Only events of this pane, such as %7 or api
    #[arg(long, value_name = "TARGET")]
    pub pane: Option<String>,
    /// Only events of agents of these types, such as claude; may be repeated
    #[arg(long = "agent", value_name = "PATTERN", action = ArgAction::Append, value_parser = pattern)]
    pub agents: Vec<NamePattern>,
    /// How many of the newest are shown [default: all with --from, else 100]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// When to use colours; auto is on terminals, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colours,
    /// Where and when.
    #[command(flatten)]
    pub past: PastArgs,
}

/// `muxwire search`
#[derive(Debug, Clone, Args)]
#[command(after_help = SEARCH_EXAMPLES)]
pub struct SearchArgs {
    /// Words that a line has, `wor*` for how one begins, or "several in a row"
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,
    /// Take the words for one regular expression
    #[arg(long)]
    pub regex: bool,
    /// Only lines of these sessions, such as 'api-*'; may be repeated
    #[arg(long = "session", value_name = "PATTERN", action = ArgAction::Append, value_parser = pattern)]
    pub sessions: Vec<NamePattern>,
    /// Only lines of this pane, such as %7 or api
    #[arg(long, value_name = "TARGET")]
    pub pane: Option<String>,
    /// Only lines that look as bad as this
    #[arg(long, value_name = "SEVERITY", ignore_case = true)]
    pub severity: Option<LeastSeverity>,
    /// How many of the newest are shown
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// Show also lines of the pane that this is printed in: they are mostly those of earlier searches
    #[arg(long)]
    pub include_own_pane: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// When to use colours; auto is on terminals, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colours,
    /// Where and when.
    #[command(flatten)]
    pub past: PastArgs,
}

/// `muxwire export`
#[derive(Debug, Clone, Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub struct ExportArgs {
    /// The pane: its id such as %7, its session, SESSION:WINDOW by names, or the type of its agent
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// The form
    #[arg(long, value_name = "FORMAT", default_value = "asciicast")]
    pub format: ExportFormat,
    /// The file; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Only the screen as it was in the end, not the lines before it
    #[arg(long)]
    pub screen: bool,
    /// The colours of html and svg
    #[arg(long, value_name = "THEME", default_value = "dark")]
    pub theme: ExportTheme,
    /// Print one JSON object in the end: the file, how many bytes it has, and up to when it goes
    #[arg(long)]
    pub json: bool,
    /// Where and when.
    #[command(flatten)]
    pub past: PastArgs,
}

/// The forms of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A recording for asciinema 3 and its player.
    Asciicast,
    /// A recording for asciinema since 2.0.
    AsciicastV2,
    /// Events, one JSON object a line, as the protocol has them; without output.
    Ndjson,
    /// Lines of text without colours.
    Text,
    /// A page with colours that needs nothing else.
    Html,
    /// A picture with colours that needs nothing else.
    Svg,
}

/// The themes of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportTheme {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// How bad a line looks at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LeastSeverity {
    /// All lines.
    Info,
    /// Warnings and errors.
    Warning,
    /// Errors.
    Error,
}

/// A time as people give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This moment.
    At(Timestamp),
    /// So long ago.
    Ago(Duration),
    /// The last time that it was so late, here.
    Clock(Time),
    /// This date and time, here.
    Local(DateTime),
}

fn when(text: &str) -> Result<When, String> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Ok(When::At(time));
    }
    if let Ok(ago) = span(text.strip_prefix('-').unwrap_or(text)) {
        return Ok(When::Ago(ago));
    }
    let is_date = text.get(4..5) == Some("-");
    let local = is_date.then(|| text.parse::<DateTime>().ok());
    let midnight = || text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0));
    if let Some(local) = local.flatten().or_else(|| is_date.then(midnight).flatten()) {
        return Ok(When::Local(local));
    }
    let clock = text.contains(':').then(|| text.parse::<Time>().ok());
    clock.flatten().map(When::Clock).ok_or_else(|| {
        "a time such as 2026-11-20T05:00:00Z, '2026-11-20 05:00' or 03:12, or how long ago, such as -30m, -8h or -7d"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn times_are_given_in_many_ways() {
        let rows = [
            ("2026-11-20T05:00:00Z", "At(2026-11-20T05:00:00Z)"),
            (
                "2026-11-20T05:00:00.123+01:00",
                "At(2026-11-20T04:00:00.123Z)",
            ),
            ("-8h", "Ago(28800s)"),
            ("30m", "Ago(1800s)"),
            ("03:12", "Clock(03:12:00)"),
            ("23:59:58", "Clock(23:59:58)"),
            ("2026-11-20 05:00", "Local(2026-11-20T05:00:00)"),
            ("2026-11-20T05:00", "Local(2026-11-20T05:00:00)"),
            ("2026-11-20", "Local(2026-11-20T00:00:00)"),
        ];
        for (text, expected) in rows {
            assert_eq!(format!("{:?}", when(text).unwrap()), expected, "{text}");
        }
        for text in [
            "",
            "-",
            "8",
            "25:00",
            "yesterday",
            "2026-13-01",
            "--5m",
            "03",
        ] {
            assert!(when(text).is_err(), "{text}");
        }
    }
}
