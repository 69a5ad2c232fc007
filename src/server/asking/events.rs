//! Events that are kept: a page of those that the one who asks may see.

use std::sync::Arc;

use super::{Asker, HistoryQuestion, LIMIT, NoAnswer, no_answer};
use crate::history::{EventCursor, EventQuery, Order, StoredEvent};
use crate::hub::{Filter, Published, View, filtered_view};
use crate::ids::Epoch;
use crate::server::clock::now;

/// How many rows are read at a time, for those who may not see all of them.
const ROWS: usize = 500;

/// About how many bytes one page has, beyond which it ends early.
const PAGE: usize = 256 << 10;

/// A page of events.
#[derive(Debug)]
pub(in crate::server) struct HistoryAnswer {
    pub(in crate::server) events: Vec<ListedEvent>,
    /// Where to go on, if there is more.
    pub(in crate::server) next: Option<String>,
}

/// An event, and what is seen of it.
#[derive(Debug)]
pub(in crate::server) enum ListedEvent {
    Known(Epoch, Arc<Published>, View),
    /// One that another version has kept, as it stood on the wire then.
    Text(String),
}

impl Asker<'_> {
    pub(super) async fn history(
        &self,
        question: HistoryQuestion,
    ) -> Result<HistoryAnswer, NoAnswer> {
        let filter = &question.filter;
        let mut query = self.query(&question);
        let mut page = Page {
            events: Vec::new(),
            bytes: 0,
            limit: question.limit,
            last: None,
        };
        let until = now() + LIMIT;
        loop {
            let rows = self.reader.events(query.clone()).await;
            let rows = rows.map_err(|error| no_answer(&error))?;
            let last = rows.events.last().map(|row| row.cursor);
            for row in rows.events {
                let cursor = row.cursor;
                let listed = self.listed(row, filter);
                if listed.is_some() && page.is_full() {
                    return Ok(page.ended());
                }
                page.take(cursor, listed);
            }
            let Some(last) = last.filter(|_| rows.more) else {
                page.last = None;
                return Ok(page.ended());
            };
            if page.is_full() || now() >= until {
                page.last = Some(last);
                return Ok(page.ended());
            }
            match query.order {
                Order::NewestFirst => query.before = Some(last),
                Order::OldestFirst => query.after = Some(last),
            }
        }
    }

    /// The question to the store.
    fn query(&self, question: &HistoryQuestion) -> EventQuery {
        EventQuery {
            types: question.types.clone(),
            sessions: question.sessions.clone(),
            panes: question.panes.clone(),
            agents: question.agents.clone(),
            from: question.from.map(|from| from.millis(self.now)),
            to: question.to.map(|to| to.millis(self.now)),
            after: question.after,
            before: question.before,
            order: question.order,
            limit: match self.sees_everything() {
                true => question.limit + 1,
                false => ROWS,
            },
            redacted: self.principal.is_redacted(),
            ..EventQuery::default()
        }
    }

    fn sees_everything(&self) -> bool {
        self.principal.scope().is_all() && !self.principal.is_redacted()
    }

    /// What the one who asks sees of an event, if anything.
    fn listed(&self, row: StoredEvent, filter: &Filter) -> Option<ListedEvent> {
        match row.event {
            Some(event) => {
                let view = filtered_view(&event, self.principal, filter)?;
                Some(ListedEvent::Known(row.epoch, event, view))
            }
            None => self
                .sees_everything()
                .then_some(ListedEvent::Text(row.json)),
        }
    }
}

struct Page {
    events: Vec<ListedEvent>,
    bytes: usize,
    limit: usize,
    /// The last row that was looked at.
    last: Option<EventCursor>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.events.len() >= self.limit || self.bytes >= PAGE
    }

    fn take(&mut self, cursor: EventCursor, listed: Option<ListedEvent>) {
        self.last = Some(cursor);
        if let Some(listed) = listed {
            self.bytes += match &listed {
                ListedEvent::Known(_, event, _) => event.cost(),
                ListedEvent::Text(json) => json.len(),
            };
            self.events.push(listed);
        }
    }

    fn ended(self) -> HistoryAnswer {
        HistoryAnswer {
            next: self.last.map(cursor),
            events: self.events,
        }
    }
}

/// A place among events as text.
pub(in crate::server) fn cursor(at: EventCursor) -> String {
    format!("h1.{}.{}", at.at, at.id)
}

/// The place that a text stands for.
pub(in crate::server) fn read_cursor(text: &str) -> Option<EventCursor> {
    let (at, id) = text.strip_prefix("h1.")?.split_once('.')?;
    Some(EventCursor {
        at: at.parse().ok()?,
        id: id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_stands_for_its_place_and_nothing_else_does() {
        let place = EventCursor { at: -3, id: 77 };
        assert_eq!(read_cursor(&cursor(place)), Some(place));
        for text in [
            "",
            "h1.",
            "h1.1",
            "h1.1.",
            "h1.a.1",
            "s1.1",
            "1.b3f1c9.7",
            "h2.1.1",
        ] {
            assert_eq!(read_cursor(text), None, "{text:?}");
        }
    }
}
