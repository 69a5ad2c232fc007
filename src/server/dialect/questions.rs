//! Questions about what happened, from what clients say to what a session is asked.

use std::time::Duration;

use super::requests::{invalid, pane_id, pane_target};
use crate::glob::NamePattern;
use crate::history::{Order, Pattern};
use crate::hub::Filter;
use crate::ids::PaneId;
use crate::server::asking::{
    DigestQuestion, HistoryQuestion, Question, SearchQuestion, When, read_event_cursor,
    read_line_cursor,
};
use crate::server::session::{Refusal, ReplayControl, ReplayRequest, Request as Asked};
use crate::wire::ErrorCode;
use crate::wire::request::{self, Action, Filters, SessionEntry};
use crate::wire::severity::Severity;

/// How many events a page has if its client does not say.
const EVENTS: usize = 100;

/// How many lines.
const LINES: usize = 50;

/// A question, if the action is one.
pub(super) fn question(action: Action) -> Result<Asked, Refusal> {
    match action {
        Action::History(asked) => history(asked),
        Action::Search(asked) => search(asked),
        Action::Screen(asked) => screen(asked),
        Action::Digest(asked) => digest(asked),
        _ => Err(invalid("this is no question about what happened")),
    }
}

fn history(asked: request::History) -> Result<Asked, Refusal> {
    let filter = Filters {
        types: asked.types.clone(),
        sessions: asked.sessions.clone().map(entries),
        panes: asked.panes.clone(),
        agents: asked.agents.clone(),
        ..Filters::default()
    };
    let sessions = patterns("sessions", asked.sessions)?;
    let sessions = sessions.iter().map(ToString::to_string).collect();
    Ok(Asked::Ask(Question::History(Box::new(HistoryQuestion {
        filter: checked(filter)?,
        types: asked.types.unwrap_or_default(),
        sessions,
        panes: panes(asked.panes)?,
        agents: asked.agents.unwrap_or_default(),
        from: time("from", asked.from)?,
        to: time("to", asked.to)?,
        after: place("after", asked.after, read_event_cursor)?,
        before: place("before", asked.before, read_event_cursor)?,
        order: match asked.order.as_deref() {
            Some("oldest") => Order::OldestFirst,
            _ => Order::NewestFirst,
        },
        limit: asked.limit.unwrap_or(EVENTS),
    }))))
}

fn search(asked: request::Search) -> Result<Asked, Refusal> {
    // The schema has said that it is one of the two.
    let pattern = match asked.regex {
        Some(regex) => Pattern::Regex(regex),
        None => Pattern::Words(asked.words.unwrap_or_default()),
    };
    let severity = asked.severity.as_deref();
    Ok(Asked::Ask(Question::Search(Box::new(SearchQuestion {
        pattern,
        sessions: patterns("sessions", asked.sessions)?,
        panes: panes(asked.panes)?,
        severity: severity.and_then(|name| {
            let all = [Severity::Info, Severity::Warning, Severity::Error];
            all.into_iter().find(|one| one.as_str() == name)
        }),
        from: time("from", asked.from)?,
        to: time("to", asked.to)?,
        before: place("before", asked.before, read_line_cursor)?,
        limit: asked.limit.unwrap_or(LINES),
    }))))
}

fn screen(asked: request::ScreenAt) -> Result<Asked, Refusal> {
    Ok(Asked::Screen {
        target: pane_target(asked.target)?,
        at: read_time("at", &asked.at)?,
        offset: asked.offset,
    })
}

pub(super) fn replay(asked: request::Replay) -> Result<Asked, Refusal> {
    Ok(Asked::Replay(ReplayRequest {
        target: pane_target(asked.target)?,
        from: read_time("from", &asked.from)?,
        to: time("to", asked.to)?,
        speed: asked.speed.and_then(|speed| speed.as_f64()).unwrap_or(1.0),
        skip_idle: asked.skip_idle.unwrap_or_default(),
        ack_window: asked.ack_window,
    }))
}

pub(super) fn replay_control(asked: request::ReplayControl) -> Result<Asked, Refusal> {
    Ok(Asked::ReplayControl(ReplayControl {
        replay: asked.replay,
        paused: asked.paused,
        speed: asked.speed.and_then(|speed| speed.as_f64()),
        skip_idle: asked.skip_idle,
        seek: time("seek", asked.seek)?,
        stop: asked.stop.unwrap_or_default(),
        ack: asked.ack,
    }))
}

fn digest(asked: request::Digest) -> Result<Asked, Refusal> {
    let filter = Filters {
        sessions: asked.sessions.map(entries),
        agents: asked.agents,
        ..Filters::default()
    };
    Ok(Asked::Ask(Question::Digest(Box::new(DigestQuestion {
        since: read_time("since", &asked.since)?,
        to: time("to", asked.to)?,
        filter: checked(filter)?,
    }))))
}

fn entries(texts: Vec<String>) -> Vec<SessionEntry> {
    texts.into_iter().map(SessionEntry::Text).collect()
}

fn checked(filters: Filters) -> Result<Filter, Refusal> {
    let filter = filters.into_filter();
    filter.map_err(|error| (ErrorCode::InvalidFilter, error.to_string()))
}

fn patterns(field: &str, texts: Option<Vec<String>>) -> Result<Vec<NamePattern>, Refusal> {
    let texts = texts.unwrap_or_default();
    let each = texts.iter().map(|text| {
        let pattern = NamePattern::new(text);
        pattern.map_err(|error| (ErrorCode::InvalidFilter, format!("{field}: {error}")))
    });
    each.collect()
}

fn panes(texts: Option<Vec<String>>) -> Result<Vec<PaneId>, Refusal> {
    let texts = texts.unwrap_or_default();
    texts.iter().map(|text| pane_id("panes", text)).collect()
}

/// A place that a page named as the next one.
fn place<T>(
    field: &str,
    text: Option<String>,
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let wrong = || {
        let why = format!("{field}: it is none of the cursors that such a page has as \"next\"");
        invalid(&why)
    };
    text.map(|text| read(&text).ok_or_else(wrong)).transpose()
}

fn time(field: &str, text: Option<String>) -> Result<Option<When>, Refusal> {
    text.map(|text| read_time(field, &text)).transpose()
}

/// A time: RFC 3339, or a span before now.
fn read_time(field: &str, text: &str) -> Result<When, Refusal> {
    let time = match text.parse() {
        Ok(at) => Some(When::At(at)),
        Err(_) => span(text).map(When::Ago),
    };
    time.ok_or_else(|| {
        let why = "it is no time such as 2026-11-30T03:12:00Z, and no span before now such as 90s, 15m, 8h or 2d";
        invalid(&format!("{field}: {why}"))
    })
}

/// A whole number of seconds, minutes, hours or days.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = is_number.then(|| number.parse().ok()).flatten()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    // Beyond what a clock can show nothing is kept anyway.
    (number <= 1_000_000_000).then(|| Duration::from_secs(number * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_spans_before_now() {
        let rows = [
            ("0s", Some(0)),
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("8h", Some(28_800)),
            ("2d", Some(172_800)),
            ("", None),
            ("h", None),
            ("+8h", None),
            ("-8h", None),
            ("8", None),
            ("8w", None),
            ("8 h", None),
            ("1.5h", None),
            ("99999999999d", None),
            ("8\u{e4}", None),
        ];
        for (text, expected) in rows {
            let read = read_time("from", text).ok();
            let expected = expected.map(|seconds| When::Ago(Duration::from_secs(seconds)));
            assert_eq!(read, expected, "{text:?}");
        }
        let read = read_time("from", "2026-11-30T03:12:00.250+01:00").ok();
        let expected = "2026-11-30T02:12:00.25Z".parse().ok().map(When::At);
        assert_eq!(read, expected);
        assert!(read_time("from", "yesterday").is_err());
    }
}
