//! Questions about events, and how they are answered: in the order of time, a page at a time.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::error::StoreError;
use super::form;
use super::reader::{Asked, Reader};
use crate::hub::Published;
use crate::ids::{Epoch, PaneId, Seq};

/// The most events of one page.
const MOST: usize = 1000;

/// Which way events are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// A place among the events that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    /// The time, in milliseconds since 1970.
    pub at: i64,
    /// Which of the events of this time.
    pub id: i64,
}

/// Which events are wanted. Empty lists stand for all.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Types, or patterns of them with `*` and `?`.
    pub types: Vec<String>,
    /// Names of sessions, or patterns of them. What was seen in several sessions is given whatever they are called: whoever
    /// asks judges it by its view.
    pub sessions: Vec<String>,
    /// Panes, by tmux's own ids.
    pub panes: Vec<PaneId>,
    /// Panes, by their numbers in the history ([`super::KnownPane::key`]).
    pub pane_keys: Vec<i64>,
    /// Types of agents, or patterns of them.
    pub agents: Vec<String>,
    /// From this time on, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Up to this time and with it.
    pub to: Option<i64>,
    /// Only what lies behind this place in time.
    pub after: Option<EventCursor>,
    /// Only what lies before this place in time.
    pub before: Option<EventCursor>,
    /// Which way.
    pub order: Order,
    /// How many, at most 1,000.
    pub limit: usize,
    /// Whether secrets are kept from the one who asks.
    pub redacted: bool,
}

/// An event that was kept.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its place among all that are kept.
    pub cursor: EventCursor,
    /// The log that it was of.
    pub epoch: Epoch,
    /// Its place in that log.
    pub seq: Seq,
    /// Its type.
    pub type_name: String,
    /// The session that it was seen in, if it was seen in one: the first, as it was named then.
    pub session: Option<String>,
    /// The pane, by its number in the history.
    pub pane_key: Option<i64>,
    /// The event as clients get it that see everything, in the form of the wire.
    pub json: String,
    /// The event itself, by which it is judged who sees what of it. None if another version kept it: then it is for those
    /// alone who see everything.
    pub event: Option<Arc<Published>>,
}

/// Some events, and whether there are more.
#[derive(Debug, Clone, Default)]
pub struct EventPage {
    /// The events, in the order that was asked for.
    pub events: Vec<StoredEvent>,
    /// Whether there are more behind the last of them.
    pub more: bool,
}

impl Reader {
    /// Events that fit.
    ///
    /// # Errors
    /// It takes too long, or the file can't be read.
    pub async fn events(&self, query: EventQuery) -> Result<EventPage, StoreError> {
        self.ask(move |asked| events(asked, &query)).await
    }
}

/// Conditions, and what stands for their marks.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    all: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    pub(super) fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.all.push(condition.to_owned());
        self.values.extend(values);
    }

    /// One of these, each a whole name or a pattern.
    pub(super) fn one_of(&mut self, column: &str, patterns: &[String]) {
        self.one_of_or(column, patterns, None);
    }

    /// The same, or this instead.
    fn one_of_or(&mut self, column: &str, patterns: &[String], other: Option<&str>) {
        if patterns.is_empty() {
            return;
        }
        let is_pattern = |text: &String| text.contains(['*', '?']);
        let each = patterns.iter().map(|pattern| match is_pattern(pattern) {
            true => format!("{column} GLOB ?"),
            false => format!("{column} = ?"),
        });
        let each: Vec<String> = each.chain(other.map(str::to_owned)).collect();
        // What GLOB reads as a set of characters stands for itself in our patterns.
        let text = |pattern: &String| match is_pattern(pattern) {
            true => pattern.replace('[', "[[]"),
            false => pattern.clone(),
        };
        self.all.push(format!("({})", each.join(" OR ")));
        self.values
            .extend(patterns.iter().map(|one| Value::Text(text(one))));
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    pub(super) fn clause(&self) -> String {
        match self.all.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.all.join(" AND ")),
        }
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn conditions(query: &EventQuery) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.add("json IS NOT NULL", []);
    let other = match query.redacted {
        true => "plain",
        false => "redacted",
    };
    conditions.add("seen_by <> ?", [Value::Text(other.to_owned())]);
    conditions.one_of("type", &query.types);
    // Which of several sessions it is for somebody, a view says.
    conditions.one_of_or("session", &query.sessions, Some("places > 1"));
    conditions.one_of("events.agent", &query.agents);
    if !query.panes.is_empty() {
        let panes = query.panes.iter().map(|pane| Value::Text(pane.to_string()));
        let condition = format!("events.pane IN ({})", marks(query.panes.len()));
        conditions.add(&condition, panes);
    }
    if !query.pane_keys.is_empty() {
        let keys = query.pane_keys.iter().map(|key| Value::Integer(*key));
        let condition = format!("pane_id IN ({})", marks(query.pane_keys.len()));
        conditions.add(&condition, keys);
    }
    let integer = |value: i64| [Value::Integer(value)];
    if let Some(from) = query.from {
        conditions.add("at >= ?", integer(from));
    }
    if let Some(to) = query.to {
        conditions.add("at <= ?", integer(to));
    }
    let pair = |cursor: EventCursor| [Value::Integer(cursor.at), Value::Integer(cursor.id)];
    if let Some(after) = query.after {
        conditions.add("(at, events.id) > (?, ?)", pair(after));
    }
    if let Some(before) = query.before {
        conditions.add("(at, events.id) < (?, ?)", pair(before));
    }
    conditions
}

fn events(asked: &Asked<'_>, query: &EventQuery) -> Result<EventPage, StoreError> {
    let conditions = conditions(query);
    let order = match query.order {
        Order::NewestFirst => "DESC",
        Order::OldestFirst => "ASC",
    };
    let limit = query.limit.clamp(1, MOST);
    let question = format!(
        "SELECT events.id, epochs.epoch, seq, at, type, session, pane_id, json, kept \
         FROM events JOIN epochs ON epochs.id = events.epoch {} ORDER BY at {order}, events.id {order} LIMIT {}",
        conditions.clause(),
        limit + 1
    );
    let mut statement = asked.connection.prepare_cached(&question)?;
    let mut rows = statement.query(params_from_iter(conditions.values()))?;
    let mut page = EventPage::default();
    while let Some(row) = rows.next()? {
        if page.events.len() == limit {
            page.more = true;
            break;
        }
        page.events.push(read(row)?);
    }
    Ok(page)
}

fn read(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let epoch: String = row.get(1)?;
    let seq = Seq(row.get::<_, i64>(2)?.cast_unsigned());
    let kept: Option<Vec<u8>> = row.get(8)?;
    let event = kept.and_then(|kept| form::read_event(seq, &kept).ok());
    Ok(StoredEvent {
        cursor: EventCursor {
            id: row.get(0)?,
            at: row.get(3)?,
        },
        epoch: Epoch::new(&epoch).ok_or(StoreError::Form("epoch"))?,
        seq,
        type_name: row.get(4)?,
        session: row.get(5)?,
        pane_key: row.get(6)?,
        json: row.get(7)?,
        event: event.map(Arc::new),
    })
}
