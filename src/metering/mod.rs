//! What agents and tasks came to in the last hours: tasks, costs, requests, tools, for dashboards that show sums.
//!
//! It does no IO and reads no clock. Events come in in the order of time, each once; sums come out for any of the last 168 hours, of
//! what one viewer sees. What agents used is known by their transcripts, whose counts only ever say all that a session has used; what
//! programs say of costs and tools is added as it is.
//!
//! Reading order: this file ([`Meter`]), `rows` (sums of five minutes each), `tasks`, `money` (amounts to a millionth), `sums` (what
//! comes out).

mod fields;
mod money;
mod rows;
mod sums;
mod tasks;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use self::rows::{Origin, Rows};
use self::tasks::Tasks;
use crate::ids::PaneId;
use crate::model::{Agent, AgentStatus, Audience, Change, ChangeKind, Emitted, Family};
use crate::usage::Usage;

pub use self::money::millionths;
pub use self::sums::{
    Activity, ActivityRow, AgentSession, ClaudeApi, Costs, Hours, Overview, SessionSums,
    TaskCounts, Tools,
};

/// How far back sums go, in hours.
pub const MOST_HOURS: u32 = 168;

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// How many of the newest events are told.
const ACTIVITY: usize = 50;

/// How many of the newest events are kept: not everybody sees all of them.
const KEPT_ACTIVITY: usize = 500;

/// How many sessions of agents are known at one time; of more, the oldest that have ended go.
const SESSIONS: usize = 5000;

/// What is known of what agents used and what programs said. Times are milliseconds since 1970.
#[derive(Debug, Default)]
pub struct Meter {
    rows: Rows,
    tasks: Tasks,
    /// The sessions of agents by their numbers, the oldest first.
    sessions: BTreeMap<u64, Session>,
    /// Which session is in a pane now.
    in_pane: HashMap<PaneId, u64>,
    /// What the last session in a pane had used when it ended.
    previous: HashMap<PaneId, Box<Usage>>,
    next: u64,
    activity: VecDeque<Happened>,
}

/// A session of an agent.
#[derive(Debug)]
struct Session {
    pane: PaneId,
    audience: Audience,
    agent_type: String,
    /// Its beginning was seen, so that its first counts are of what it used since.
    is_whole: bool,
    last: Option<Box<Usage>>,
    seen_at: i64,
    ended: bool,
}

/// Something that is told as it was.
#[derive(Debug)]
struct Happened {
    at: i64,
    audience: Audience,
    row: ActivityRow,
}

impl Meter {
    /// Takes an event.
    pub fn take(&mut self, at: i64, change: &Change) {
        match (&change.kind, change.pane) {
            (ChangeKind::AgentStarted { agent }, Some(pane)) => {
                self.begin(at, (pane, true), agent, &change.audience);
            }
            (ChangeKind::AgentUsage { agent }, Some(pane)) => {
                self.used(at, pane, agent, &change.audience);
            }
            (ChangeKind::AgentStatus { agent, .. }, Some(pane)) => {
                let session = self.session(at, pane, agent, &change.audience);
                if agent.status == AgentStatus::Exited {
                    self.end(pane, session);
                }
            }
            (ChangeKind::AgentEnded { .. }, Some(pane)) => {
                if let Some(session) = self.in_pane.get(&pane).copied() {
                    self.end(pane, session);
                }
            }
            (ChangeKind::Emitted { event }, pane) => {
                self.emitted(at, pane, event, &change.audience);
            }
            _ => {}
        }
        if let Some(row) = ActivityRow::of(at, change) {
            let audience = change.audience.clone();
            self.activity.push_back(Happened { at, audience, row });
            if self.activity.len() > KEPT_ACTIVITY {
                self.activity.pop_front();
            }
        }
    }

    /// Lets go of what is older than any sum goes back.
    pub fn forget(&mut self, now: i64) {
        let oldest = now - i64::from(MOST_HOURS) * HOUR;
        self.rows.forget(oldest);
        self.tasks.forget(oldest);
        let excess = self.sessions.len().saturating_sub(SESSIONS);
        let mut gone = 0;
        self.sessions.retain(|_, session| {
            let is_old = session.ended && session.seen_at < oldest;
            let goes = is_old || (session.ended && gone < excess);
            gone += usize::from(goes);
            !goes
        });
    }

    fn begin(
        &mut self,
        at: i64,
        (pane, is_whole): (PaneId, bool),
        agent: &Agent,
        audience: &Audience,
    ) -> u64 {
        if let Some(before) = self.in_pane.get(&pane).copied() {
            self.end(pane, before);
        }
        self.next += 1;
        let session = Session {
            pane,
            audience: audience.clone(),
            agent_type: agent.agent_type.clone(),
            is_whole,
            last: None,
            seen_at: at,
            ended: false,
        };
        self.sessions.insert(self.next, session);
        self.in_pane.insert(pane, self.next);
        self.next
    }

    fn end(&mut self, pane: PaneId, session: u64) {
        self.in_pane.remove(&pane);
        if let Some(session) = self.sessions.get_mut(&session) {
            session.ended = true;
            if let Some(last) = session.last.take() {
                self.previous.insert(pane, last);
            }
        }
    }

    /// The session of the agent in a pane.
    fn session(&mut self, at: i64, pane: PaneId, agent: &Agent, audience: &Audience) -> u64 {
        let known = self.in_pane.get(&pane).copied();
        let number = match known.filter(|number| self.sessions.contains_key(number)) {
            Some(number) => number,
            None => self.begin(at, (pane, false), agent, audience),
        };
        if let Some(session) = self.sessions.get_mut(&number) {
            session.seen_at = at;
            session.audience = audience.clone();
        }
        number
    }

    /// All that the session has used by now.
    fn used(&mut self, at: i64, pane: PaneId, agent: &Agent, audience: &Audience) {
        let Some(usage) = agent.usage.as_deref() else {
            return;
        };
        let number = self.session(at, pane, agent, audience);
        let Some(session) = self.sessions.get_mut(&number) else {
            return;
        };
        let before = session.last.replace(Box::new(usage.clone()));
        let before = match before {
            // Fewer than before: another session goes on in its place.
            Some(before) if usage.requests() >= before.requests() => Some(before),
            Some(_) => None,
            // It is the same session if it has used all that the one before had: what looked at it began anew.
            None if session.is_whole => self
                .previous
                .remove(&pane)
                .filter(|before| rows::covers(usage, before)),
            // What was used before it was known is nobody's knowledge.
            None => {
                session.is_whole = true;
                return;
            }
        };
        let origin = Origin {
            session: Some(number),
            audience: audience.clone(),
        };
        self.rows.add_usage(at, &origin, usage, before.as_deref());
    }

    fn emitted(
        &mut self,
        at: i64,
        pane: Option<PaneId>,
        event: &Arc<Emitted>,
        audience: &Audience,
    ) {
        let origin = Origin {
            session: pane.and_then(|pane| self.in_pane.get(&pane).copied()),
            audience: audience.clone(),
        };
        match event.family() {
            Family::Task => self.tasks.take(at, event, audience),
            Family::Cost => self.rows.add_cost(at, &origin, event),
            Family::Tool => self.rows.add_tool(at, &origin, event),
            Family::Own => {}
        }
    }

    /// The sums of the last hours, of all that this viewer sees.
    #[must_use]
    pub fn overview(&self, now: i64, hours: Hours, sees: &impl Fn(&Audience) -> bool) -> Overview {
        let since = hours.since(now);
        let mut overview = self.rows.sum(since, sees);
        overview.tasks = self.tasks.count(since, sees);
        overview
    }

    /// The sessions of agents in the last hours, of all that this viewer sees.
    #[must_use]
    pub fn sessions(
        &self,
        now: i64,
        hours: Hours,
        sees: &impl Fn(&Audience) -> bool,
    ) -> SessionSums {
        let since = hours.since(now);
        let sums = self.rows.by_session(since, sees);
        let mut all = SessionSums::default();
        for (number, session) in self.sessions.iter().rev() {
            let is_in_time = !session.ended || session.seen_at >= since;
            if !is_in_time || !sees(&session.audience) {
                continue;
            }
            let used = sums.get(number).cloned().unwrap_or_default();
            all.total += 1;
            all.active += u64::from(!session.ended);
            all.tool_calls += used.tool_calls;
            all.sessions.push(AgentSession {
                pane: session.pane,
                session: sums::name_of(&session.audience, sees),
                agent_type: session.agent_type.clone(),
                active: !session.ended,
                ..used
            });
        }
        all
    }

    /// The newest events of the last hours, of all that this viewer sees, the newest first.
    #[must_use]
    pub fn activity(
        &self,
        now: i64,
        hours: Hours,
        sees: &impl Fn(&Audience) -> bool,
    ) -> Vec<Activity> {
        let since = hours.since(now);
        let seen = self.activity.iter().rev();
        let seen = seen.take_while(|one| one.at >= since);
        let seen = seen.filter(|one| sees(&one.audience));
        seen.take(ACTIVITY)
            .map(|one| Activity {
                session: sums::name_of(&one.audience, sees),
                row: one.row.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "metering_tests.rs"]
mod tests;
