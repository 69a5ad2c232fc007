//! A digest of what agents did, of what is kept and the one who asks may see.

use super::{Asker, DigestQuestion, LIMIT, NoAnswer, no_answer};
use crate::digest::{AgentDigest, Digest, DigestPlace};
use crate::history::{EventQuery, KnownPane, Order, PaneQuery, Pattern, SearchQuery, StoredEvent};
use crate::hub::{Filter, filtered_view};
use crate::server::clock::now;

/// How many panes with agents are looked at.
const PANES: usize = 200;

/// How many panes are looked through for agents.
const KNOWN_PANES: usize = 5000;

/// How many events are read at a time.
const ROWS: usize = 500;

/// How many lines about failed tests are looked at.
const LINES: usize = 500;

/// What agents did.
#[derive(Debug)]
pub(in crate::server) struct DigestReport {
    /// The time, in milliseconds since 1970.
    pub(in crate::server) since: i64,
    pub(in crate::server) to: i64,
    pub(in crate::server) agents: Vec<AgentDigest>,
    /// Not everything was looked at.
    pub(in crate::server) out_of_time: bool,
}

impl Asker<'_> {
    pub(super) async fn digest(&self, question: DigestQuestion) -> Result<DigestReport, NoAnswer> {
        let now_ms = self.now.as_millisecond();
        let since = question.since.millis(self.now);
        let to = question.to.map_or(now_ms, |to| to.millis(self.now));
        let to = to.min(now_ms).max(since);
        let until = now() + LIMIT;
        let mut digest = Digest::new(since, to);
        let panes = self.panes_with_agents(since, to).await?;
        let mut out_of_time = panes.len() > PANES;
        for pane in panes.iter().take(PANES) {
            let before = EventQuery {
                to: Some(since - 1),
                limit: 1,
                ..self.about_agents(vec![pane.key])
            };
            let before = self.reader.events(before).await;
            for event in before.map_err(|error| no_answer(&error))?.events {
                self.take(&mut digest, &event, &question.filter, pane);
            }
            if now() >= until {
                out_of_time = true;
                break;
            }
        }
        out_of_time |= !self
            .take_events(&mut digest, &panes, (since, to), &question.filter, until)
            .await?;
        self.take_lines(&mut digest, &panes, (since, to)).await?;
        Ok(DigestReport {
            since,
            to,
            agents: digest.finish(),
            out_of_time,
        })
    }

    async fn panes_with_agents(&self, since: i64, to: i64) -> Result<Vec<KnownPane>, NoAnswer> {
        let panes = self.reader.panes(PaneQuery {
            from: Some(since),
            to: Some(to),
            limit: KNOWN_PANES,
            ..PaneQuery::default()
        });
        let mut panes = panes.await.map_err(|error| no_answer(&error))?;
        panes.retain(|pane| pane.agent.is_some());
        Ok(panes)
    }

    fn about_agents(&self, pane_keys: Vec<i64>) -> EventQuery {
        EventQuery {
            types: vec!["agent.*".to_owned()],
            pane_keys,
            redacted: self.principal.is_redacted(),
            ..EventQuery::default()
        }
    }

    /// Takes all events of the time. False if there was not enough time for it.
    async fn take_events(
        &self,
        digest: &mut Digest,
        panes: &[KnownPane],
        (since, to): (i64, i64),
        filter: &Filter,
        until: std::time::Instant,
    ) -> Result<bool, NoAnswer> {
        let mut query = EventQuery {
            from: Some(since),
            to: Some(to),
            order: Order::OldestFirst,
            limit: ROWS,
            ..self.about_agents(Vec::new())
        };
        loop {
            let page = self.reader.events(query.clone()).await;
            let page = page.map_err(|error| no_answer(&error))?;
            query.after = page.events.last().map(|event| event.cursor);
            for event in &page.events {
                let pane = panes.iter().find(|pane| Some(pane.key) == event.pane_key);
                if let Some(pane) = pane {
                    self.take(digest, event, filter, pane);
                }
            }
            if !page.more {
                return Ok(true);
            }
            if now() >= until {
                return Ok(false);
            }
        }
    }

    /// Takes an event as the one who asks sees it, if it does.
    fn take(&self, digest: &mut Digest, event: &StoredEvent, filter: &Filter, pane: &KnownPane) {
        let Some(published) = &event.event else {
            return;
        };
        let Some(view) = filtered_view(published, self.principal, filter) else {
            return;
        };
        let session = view.place(&published.change);
        let place = DigestPlace {
            key: pane.key,
            pane: pane.pane,
            session: session.map_or(&*pane.session, |place| &*place.session_name),
        };
        digest.take(place, event.cursor.at, &published.change.kind);
    }

    /// Takes the lines in which runners of tests may say what failed.
    async fn take_lines(
        &self,
        digest: &mut Digest,
        panes: &[KnownPane],
        (since, to): (i64, i64),
    ) -> Result<(), NoAnswer> {
        let panes: Vec<i64> = panes.iter().take(PANES).map(|pane| pane.key).collect();
        if panes.is_empty() {
            return Ok(());
        }
        for word in ["FAIL*", "ERROR"] {
            let query = SearchQuery {
                pattern: Pattern::Words(word.to_owned()),
                panes: panes.clone(),
                sessions: Vec::new(),
                severity: None,
                from: Some(since),
                to: Some(to),
                before: None,
                limit: LINES,
            };
            let page = self.reader.search(query.clone()).await;
            for found in page.map_err(|error| no_answer(&error))?.found {
                let (key, at) = (found.pane.key, found.at);
                if let Some(hit) = self.hit(found, &query) {
                    digest.line(key, at, &hit.found.text);
                }
            }
        }
        Ok(())
    }
}
