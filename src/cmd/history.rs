//! `muxwire history`: events that were kept on disk.

use std::io::Write;

use crate::cli::{General, HistoryArgs};
use crate::cmd::output::CommandOutput;
use crate::cmd::past::Past;
use crate::cmd::watch::past_events;
use crate::glob::NamePattern;
use crate::history::{EventPage, EventQuery, Order, StoreError, StoredEvent};
use crate::printable::json_line;
use crate::wire::Received;

/// How many events are shown unless it is said how many, or from when on.
const USUAL: u64 = 100;

/// How many are asked for at once.
const PAGE: usize = 1000;

/// Prints the events that are wanted, the oldest first.
///
/// # Errors
/// There is no history, or it can't be read.
pub async fn run(
    general: &General,
    args: HistoryArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let past = Past::open(general, &args.past).await?;
    let mut query = EventQuery {
        types: texts(&args.types),
        sessions: texts(&args.sessions),
        agents: texts(&args.agents),
        from: past.from,
        to: Some(past.to),
        redacted: past.redacted,
        limit: PAGE,
        ..EventQuery::default()
    };
    if let Some(pane) = &args.pane {
        let lives = past.pane(pane).await?;
        query.pane_keys = lives.iter().map(|pane| pane.key).collect();
    }
    let mut show = past_events(args.color);
    let mut print = |event: &StoredEvent, output: &mut CommandOutput<_>| {
        if args.json {
            return output.line(&json_line(&event.json));
        }
        let lines = Received::parse(&event.json).map(|event| show(&event));
        let lines = lines.unwrap_or_else(|_| format!("{}\n", json_line(&event.json)));
        match lines.trim_end_matches('\n') {
            "" => Ok(()),
            lines => output.line(lines),
        }
    };
    let limit = args.limit.or_else(|| past.from.is_none().then_some(USUAL));
    let Some(limit) = limit else {
        query.order = Order::OldestFirst;
        loop {
            let EventPage { events, more } = past.reader.events(query.clone()).await?;
            events.iter().try_for_each(|event| print(event, output))?;
            query.after = events.last().map(|event| event.cursor);
            if !more {
                return Ok(());
            }
        }
    };
    let newest = newest(&past, query, limit).await?;
    newest
        .iter()
        .rev()
        .try_for_each(|event| print(event, output))
}

/// So many of the newest, these first.
async fn newest(
    past: &Past,
    mut query: EventQuery,
    limit: u64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut newest = Vec::new();
    loop {
        query.limit = PAGE.min(limit - newest.len());
        let EventPage { events, more } = past.reader.events(query.clone()).await?;
        query.before = events.last().map(|event| event.cursor);
        newest.extend(events);
        if !more || newest.len() >= limit {
            return Ok(newest);
        }
    }
}

fn texts(patterns: &[NamePattern]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}
