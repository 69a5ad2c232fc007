//! What there is to tell of now, as one viewer sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::subscription::Kind;
use super::words;
use crate::auth::Principal;
use crate::hub::{Published, Viewer, view};
use crate::ids::{PaneId, ViewerId};
use crate::model::{Agent, AgentStatus, ChangeKind, State};

/// Alerts that are remembered. It bounds what rules without end can take.
const MOST_ALERTS: usize = 1024;

/// A state that somebody could be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Names the pane and the kind: what is told takes the place of what was told with the same tag.
    pub tag: String,
    /// Names this very state, which begins once.
    pub state: String,
    /// What it is.
    pub kind: Kind,
    /// The pane.
    pub pane: Option<PaneId>,
    /// Since when it holds.
    pub since: Timestamp,
    /// Where it is.
    pub title: String,
    /// What it is, in words of ours.
    pub body: String,
    /// What the agent says about it.
    pub content: String,
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// As in [`Subject`].
    pub tag: String,
    /// As in [`Subject`].
    pub state: String,
    /// What it is; nothing for a test.
    pub kind: Option<Kind>,
    /// The pane.
    pub pane: Option<PaneId>,
    /// Where it is.
    pub title: String,
    /// What it is.
    pub body: String,
}

impl Subject {
    /// What is told of it, with the agent's own words if they may be told.
    #[must_use]
    pub fn told(&self, content: bool) -> Told {
        let mut body = self.body.clone();
        if content && !self.content.is_empty() {
            body = format!("{body}\n{}", self.content);
        }
        if body.chars().count() > 300 {
            body = body.chars().take(299).chain(['\u{2026}']).collect();
        }
        Told {
            tag: self.tag.clone(),
            state: self.state.clone(),
            kind: Some(self.kind),
            pane: self.pane,
            title: self.title.clone(),
            body,
        }
    }
}

/// The alerts that stand. No state has them: they are known from the log alone.
#[derive(Debug, Default)]
pub struct Standing(BTreeMap<String, Vec<Arc<Published>>>);

impl Standing {
    /// Takes an event of the log. Alerts with something secret in them come once for each who see them otherwise.
    pub fn event(&mut self, event: &Arc<Published>) {
        match &event.change.kind {
            ChangeKind::Alert { alert } => {
                let is_new = !self.0.contains_key(&alert.id);
                if is_new && self.0.len() >= MOST_ALERTS {
                    return;
                }
                let known = self.0.entry(alert.id.clone()).or_default();
                if known.len() < 2 {
                    known.push(Arc::clone(event));
                }
            }
            ChangeKind::AlertCleared { alert, .. } => {
                self.0.remove(&alert.id);
            }
            _ => {}
        }
    }
}

/// All that there is to tell this viewer of.
#[must_use]
pub(super) fn subjects_of(state: &State, holder: &Principal, standing: &Standing) -> Vec<Subject> {
    let viewer = Holder(holder);
    let agents = state.agents.iter();
    let mut found: Vec<Subject> = agents
        .filter_map(|(pane, agent)| {
            let place = place_of(state, *pane, &viewer)?;
            of_agent(*pane, agent, &place, &viewer)
        })
        .collect();
    for event in standing.0.values().flatten() {
        found.extend(of_alert(event, state, &viewer));
    }
    found
}

/// Where the viewer sees a pane, as the command line names it: in the session that was made first.
fn place_of(state: &State, pane: PaneId, viewer: &Holder<'_>) -> Option<String> {
    let known = state.panes.get(&pane)?;
    let mut sessions = state.sessions.values();
    let (session, index) = sessions.find_map(|session| {
        let mut windows = session.windows.iter();
        let found = windows.find(|(_, window)| **window == known.window);
        let (index, _) = found.filter(|_| viewer.sees_session(&session.name))?;
        Some((&session.name, index))
    })?;
    Some(format!("{session}:{index}.{}", known.index))
}

fn of_agent(pane: PaneId, agent: &Agent, place: &str, viewer: &Holder<'_>) -> Option<Subject> {
    let is_seen = agent.is_fresh || agent.seen_by.contains(viewer.id());
    let kind = match agent.status {
        AgentStatus::Waiting => Kind::Waiting,
        AgentStatus::Error if !is_seen => Kind::Failed,
        AgentStatus::Ready if !is_seen => Kind::Finished,
        _ => return None,
    };
    // Of an agent that asks one thing after the other, each is a state of its own.
    let asked = agent.dialog.as_ref();
    let asked = asked.map_or("", |dialog| dialog.fingerprint.as_str());
    let tag = format!("{pane} {}", kind.name());
    Some(Subject {
        state: format!("{tag} {} {asked}", agent.since.as_millisecond()),
        tag,
        kind,
        pane: Some(pane),
        since: agent.since,
        title: words::plain(place, 200),
        body: format!(
            "{}: {}",
            words::plain(&agent.agent_type, 50),
            words::reason(agent)
        ),
        content: words::content(agent),
    })
}

fn of_alert(event: &Published, state: &State, viewer: &Holder<'_>) -> Option<Subject> {
    let ChangeKind::Alert { alert } = &event.change.kind else {
        return None;
    };
    view(&event.change, viewer, |_| true)?;
    let severity = alert.severity.name();
    let place = event
        .change
        .pane
        .and_then(|pane| place_of(state, pane, viewer));
    let title = place.map_or_else(
        || severity.to_owned(),
        |place| format!("{severity}: {place}"),
    );
    Some(Subject {
        tag: format!("alert {}", words::plain(&alert.key, 200)),
        state: format!("alert {}", alert.id),
        kind: Kind::Alerts,
        pane: event.change.pane,
        since: alert.since,
        title: words::plain(&title, 200),
        body: words::plain(&alert.title, 200),
        content: words::plain(alert.message.as_deref().unwrap_or_default(), 300),
    })
}

/// Somebody who is told, as the log judges what is seen.
struct Holder<'a>(&'a Principal);

impl Holder<'_> {
    fn id(&self) -> ViewerId {
        ViewerId(self.0.print())
    }
}

impl Viewer for Holder<'_> {
    fn sees_session(&self, name: &str) -> bool {
        self.0.sees(name)
    }

    fn sees_all(&self) -> bool {
        self.0.scope().is_all()
    }

    fn is_redacted(&self) -> bool {
        self.0.is_redacted()
    }

    fn viewer_id(&self) -> Option<ViewerId> {
        Some(self.id())
    }
}
