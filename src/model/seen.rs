//! What comes of it that somebody has seen agents: nobody else learns of it.

use std::sync::Arc;

use super::agent::{Agent, SeenBy};
use super::change::{Change, ChangeKind};
use super::state::State;
use crate::ids::{PaneId, ViewerId};

/// What comes of it that somebody has seen the agents in some panes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The panes of them that hold an agent.
    pub panes: Vec<PaneId>,
    /// What is to be published: nothing of agents that were seen before.
    pub changes: Vec<Change>,
    /// The state that the changes lead to, if there are any.
    pub state: Option<State>,
}

/// An agent was seen by as many as are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{most} others have marked the agent in {0} as seen, and no more are remembered: try again when its status has changed",
    most = SeenBy::MOST
)]
pub struct SeenByTooMany(pub PaneId);

/// Somebody has seen the agents in these panes as they are.
///
/// # Errors
/// There is no room in one of them: then none is marked.
pub fn mark_seen(state: &State, viewer: ViewerId, panes: &[PaneId]) -> Result<Seen, SeenByTooMany> {
    let mut seen = Seen::default();
    for pane in panes {
        let Some(agent) = state.agents.get(pane) else {
            continue;
        };
        seen.panes.push(*pane);
        if agent.seen_by.contains(viewer) {
            continue;
        }
        let mut agent = Agent::clone(agent);
        if !agent.seen_by.add(viewer) {
            return Err(SeenByTooMany(*pane));
        }
        let agent = Arc::new(agent);
        let known = seen.state.get_or_insert_with(|| state.clone());
        known.agents.insert(*pane, Arc::clone(&agent));
        let kind = ChangeKind::AgentSeen { agent, viewer };
        let places = state.places_of_pane(*pane);
        seen.changes.push(Change::of_pane(*pane, places, kind));
    }
    Ok(seen)
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
