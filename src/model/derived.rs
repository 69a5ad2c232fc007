//! Events that come from no listing and no pane: a source derives them, from other events or from elsewhere.

use std::sync::Arc;

use super::agent::{Agent, AgentStatus};
use super::alert::{Alert, ClearCause};
use super::audience::{Audience, Places};
use super::change::{Change, ChangeKind};
use super::state::State;
use crate::ids::PaneId;
use crate::resources::Resources;
use crate::usage::Usage;

/// An event of a source. It says nothing of tmux's state, so that this still follows from what tmux reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derived {
    /// A pane's bell rings.
    PaneBell {
        /// The pane.
        pane: PaneId,
    },
    /// An agent has been found in a pane.
    AgentStarted {
        /// The pane.
        pane: PaneId,
        /// What is known of it.
        agent: Arc<Agent>,
    },
    /// What is known of the agent in a pane is this now.
    AgentStatus {
        /// The pane.
        pane: PaneId,
        /// What is known of it, all of it.
        agent: Arc<Agent>,
    },
    /// The session of the agent in a pane has used this by now.
    AgentUsage {
        /// The pane.
        pane: PaneId,
        /// All of it.
        usage: Box<Usage>,
    },
    /// The agent in a pane is gone.
    AgentEnded {
        /// The pane.
        pane: PaneId,
    },
    /// Somebody should look at something.
    Alert {
        /// What it is about.
        about: AlertAbout,
        /// The alert.
        alert: Arc<Alert>,
    },
    /// An alert is over.
    AlertCleared {
        /// What it is about.
        about: AlertAbout,
        /// The alert.
        alert: Arc<Alert>,
        /// Why it is over.
        cause: ClearCause,
    },
    /// So much is used of processors and memory.
    Resources {
        /// The pane that it is about, if it is one.
        pane: Option<PaneId>,
        /// What is used.
        resources: Box<Resources>,
    },
}

/// What an alert is about, and with that who may learn of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertAbout {
    /// A pane, with the places at which it was last: an alert may be about its end.
    Pane(PaneId, Places),
    /// This machine, or muxwire itself.
    Machine,
}

/// What an event of a source comes to as things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedChanges {
    /// What is to be published.
    pub changes: Vec<Change>,
    /// The state that the changes lead to, if it is another one.
    pub state: Option<State>,
}

impl Derived {
    /// The changes, for those who may see them as things stand; nothing if what it is about is gone, or known already.
    ///
    /// Whatever a source says in whatever order, a follower sees an agent start before it has a status, and end before
    /// another one starts in its pane.
    #[must_use]
    pub fn changes(self, state: &State) -> Option<DerivedChanges> {
        let pane = match self {
            Self::PaneBell { pane }
            | Self::AgentStarted { pane, .. }
            | Self::AgentStatus { pane, .. }
            | Self::AgentUsage { pane, .. }
            | Self::AgentEnded { pane } => pane,
            Self::Alert { about, alert } => {
                return Some(of_alert(state, about, ChangeKind::Alert { alert }));
            }
            Self::AlertCleared {
                about,
                alert,
                cause,
            } => {
                let kind = ChangeKind::AlertCleared { alert, cause };
                return Some(of_alert(state, about, kind));
            }
            Self::Resources { pane, resources } => return of_resources(state, pane, resources),
        };
        let places = state.places_of_pane(pane);
        if places.is_empty() {
            return None;
        }
        match self {
            Self::PaneBell { .. } => Some(DerivedChanges {
                changes: vec![Change::of_pane(pane, places, ChangeKind::PaneBell)],
                state: None,
            }),
            Self::AgentUsage { usage, .. } => used(state, (pane, places), usage),
            Self::AgentEnded { .. } => agent(state, (pane, places), None),
            Self::AgentStarted { agent: one, .. } | Self::AgentStatus { agent: one, .. } => {
                let lives = one.status != AgentStatus::Exited;
                agent(state, (pane, places), lives.then_some(one))
            }
            Self::Alert { .. } | Self::AlertCleared { .. } | Self::Resources { .. } => None,
        }
    }
}

/// An alert or its end, for those who see what it is about: where that is now, or where it was last.
fn of_alert(state: &State, about: AlertAbout, kind: ChangeKind) -> DerivedChanges {
    let change = match about {
        AlertAbout::Machine => Change::new(Audience::Unscoped, kind),
        AlertAbout::Pane(pane, last) => {
            let now = state.places_of_pane(pane);
            let places = if now.is_empty() { last } else { now };
            Change::of_pane(pane, places, kind)
        }
    };
    DerivedChanges {
        changes: vec![change],
        state: None,
    }
}

/// What is used, for those who see the pane; of muxwire and of the machine, for those who see everything.
fn of_resources(
    state: &State,
    pane: Option<PaneId>,
    resources: Box<Resources>,
) -> Option<DerivedChanges> {
    let kind = ChangeKind::SystemResources { resources };
    let change = match pane {
        None => Change::new(Audience::Unscoped, kind),
        Some(pane) => {
            let places = state.places_of_pane(pane);
            if places.is_empty() {
                return None;
            }
            Change::of_pane(pane, places, kind)
        }
    };
    Some(DerivedChanges {
        changes: vec![change],
        state: None,
    })
}

/// The change by which the agent in a pane has used this.
fn used(
    state: &State,
    (pane, places): (PaneId, Places),
    usage: Box<Usage>,
) -> Option<DerivedChanges> {
    let known = state.agents.get(&pane)?;
    if known.usage.as_ref() == Some(&usage) {
        return None;
    }
    let agent = Arc::new(Agent {
        usage: Some(usage),
        ..Agent::clone(known)
    });
    let mut state = state.clone();
    state.agents.insert(pane, Arc::clone(&agent));
    Some(DerivedChanges {
        changes: vec![Change::of_pane(
            pane,
            places,
            ChangeKind::AgentUsage { agent },
        )],
        state: Some(state),
    })
}

/// The changes by which the agent in a pane becomes this one. What it has used stays known with it, who has seen it as it is, and
/// whether it has done anything.
fn agent(
    state: &State,
    (pane, places): (PaneId, Places),
    mut agent: Option<Arc<Agent>>,
) -> Option<DerivedChanges> {
    let known = state.agents.get(&pane);
    let stays = known
        .zip(agent.as_ref())
        .is_some_and(|(known, agent)| known.agent_type == agent.agent_type);
    if let (Some(known), Some(agent)) = (known.filter(|_| stays), &mut agent) {
        if agent.usage.is_none() && known.usage.is_some() {
            Arc::make_mut(agent).usage.clone_from(&known.usage);
        }
        if !known.seen_by.is_empty() && known.stands_as(agent) {
            Arc::make_mut(agent).seen_by.clone_from(&known.seen_by);
        }
    }
    if let Some(agent) = &mut agent {
        let is_fresh = agent.has_done_nothing(known.filter(|_| stays).map(Arc::as_ref));
        if is_fresh != agent.is_fresh {
            Arc::make_mut(agent).is_fresh = is_fresh;
        }
    }
    if known == agent.as_ref() {
        return None;
    }
    let gone = known
        .filter(|_| !stays)
        .map(|known| ChangeKind::AgentEnded {
            agent: Arc::clone(known),
        });
    let comes = agent.clone().map(|agent| match known.filter(|_| stays) {
        Some(known) => ChangeKind::AgentStatus {
            agent,
            previous: known.status,
        },
        None => ChangeKind::AgentStarted { agent },
    });
    let mut state = state.clone();
    state.agents.remove(&pane);
    state.agents.extend(agent.map(|agent| (pane, agent)));
    let kinds = gone.into_iter().chain(comes);
    Some(DerivedChanges {
        changes: kinds
            .map(|kind| Change::of_pane(pane, Places::clone(&places), kind))
            .collect(),
        state: Some(state),
    })
}

#[cfg(test)]
#[path = "derived_tests.rs"]
pub(in crate::model) mod tests;
