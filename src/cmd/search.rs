//! `muxwire search`: lines that panes printed, in the history on disk.

use std::io::{self, Write};

use anyhow::Context as _;
use serde_json::json;

use crate::cli::{General, LeastSeverity, SearchArgs};
use crate::cmd::output::CommandOutput;
use crate::cmd::own_pane::prints_in;
use crate::cmd::past::{Past, told};
use crate::cmd::watch::view::wants_colours;
use crate::history::{Found, KnownPane, Pattern, SearchPage, SearchQuery, StoreError};
use crate::printable::{escaped, json_line};
use crate::wire::PrintsIn;
use crate::wire::severity::Severity;

/// Prints the lines that are wanted, the oldest first.
///
/// # Errors
/// There is no history, it can't be read, or the pattern is none.
pub async fn run(
    general: &General,
    args: SearchArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let past = Past::open(general, &args.past).await?;
    let own = match args.include_own_pane {
        true => None,
        false => prints_in(io::stdout()).context("can't look at stdout")?,
    };
    let panes = match &args.pane {
        Some(pane) => past.pane(pane).await?.iter().map(|pane| pane.key).collect(),
        None => Vec::new(),
    };
    let query = query(&past, &args, panes);
    let (newest, more) = newest(&past, query, own.as_ref(), args.limit).await?;
    let mut lines = Lines {
        past: &past,
        colours: wants_colours(args.color),
        day: None,
    };
    for found in newest.iter().rev() {
        match args.json {
            true => output.line(&json_line(&as_json(found).to_string()))?,
            false => output.line(&lines.show(found))?,
        }
    }
    if let Some(oldest) = newest.last().filter(|_| more) {
        CommandOutput::stderr().line(&format!(
            "muxwire: there may be more before these: --to {}, or a larger --limit",
            told(oldest.at)
        ))?;
    }
    Ok(())
}

/// The question to the history.
fn query(past: &Past, args: &SearchArgs, panes: Vec<i64>) -> SearchQuery {
    let words = args.words.join(" ");
    SearchQuery {
        pattern: match args.regex {
            true => Pattern::Regex(words),
            false => Pattern::Words(words),
        },
        panes,
        sessions: args.sessions.clone(),
        severity: args.severity.map(|severity| match severity {
            LeastSeverity::Info => Severity::Info,
            LeastSeverity::Warning => Severity::Warning,
            LeastSeverity::Error => Severity::Error,
        }),
        from: past.from,
        to: Some(past.to),
        before: None,
        limit: 0,
    }
}

/// So many of the newest lines, these first, and whether there may be more.
async fn newest(
    past: &Past,
    mut query: SearchQuery,
    own: Option<&PrintsIn>,
    limit: u64,
) -> Result<(Vec<Found>, bool), StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut newest: Vec<Found> = Vec::new();
    loop {
        query.limit = limit - newest.len();
        let SearchPage { found, next, .. } = past.reader.search(query.clone()).await?;
        let is_own = |found: &Found| own.is_some_and(|own| is_own(own, &found.pane));
        newest.extend(found.into_iter().filter(|found| !is_own(found)));
        query.before = next;
        if next.is_none() || newest.len() >= limit {
            return Ok((newest, next.is_some()));
        }
    }
}

/// Whether this is the pane in which the lines are printed.
fn is_own(own: &PrintsIn, pane: &KnownPane) -> bool {
    own.pane == Some(pane.pane) && own.server == Some(pane.server.0)
}

fn as_json(found: &Found) -> serde_json::Value {
    let pane = &found.pane;
    json!({
        "timestamp": told(found.at),
        "session": pane.session,
        "session_id": pane.session_id,
        "window": pane.window,
        "window_id": pane.window_id,
        "pane": pane.pane.to_string(),
        "agent": pane.agent,
        "offset": found.offset,
        "line": found.line,
        "severity": match found.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        "text": found.text,
        "spans": found.spans.iter().map(|(from, to)| [from, to]).collect::<Vec<_>>(),
    })
}

/// Lines for people.
struct Lines<'a> {
    past: &'a Past,
    colours: bool,
    day: Option<jiff::civil::Date>,
}

impl Lines<'_> {
    fn show(&mut self, found: &Found) -> String {
        let mut line = String::new();
        let time = self.past.local(found.at);
        let day = time.as_ref().map(jiff::Zoned::date);
        if let Some(date) = day.filter(|_| self.day != day) {
            line.push_str(&format!("-- {date}\n"));
            self.day = day;
        }
        let clock = time.map(|time| time.strftime("%H:%M:%S").to_string());
        line.push_str(&format!(
            "{} {} {}  ",
            clock.as_deref().unwrap_or("-"),
            escaped(&found.pane.session),
            found.pane.pane
        ));
        let mut shown = 0;
        for (from, to) in &found.spans {
            let parts = (found.text.get(shown..*from), found.text.get(*from..*to));
            let (Some(before), Some(hit)) = parts else {
                continue;
            };
            line.push_str(&escaped(before));
            match self.colours {
                true => line.push_str(&format!("\x1b[1;33m{}\x1b[0m", escaped(hit))),
                false => line.push_str(&escaped(hit)),
            }
            shown = *to;
        }
        line.push_str(&escaped(found.text.get(shown..).unwrap_or_default()));
        line
    }
}
