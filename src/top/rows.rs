//! The rows of the list: agents in the order of their urgency, and below them all other panes as a tree.

use std::collections::BTreeMap;

use super::model::Model;
use super::standing::Standing;
use crate::ids::{PaneId, SessionId};
use crate::printable::escaped;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// The head of a part, with how many there are.
    Head(&'static str, usize),
    /// An agent.
    Agent(PaneId),
    /// A session with other panes in it.
    Session(SessionId),
    /// A pane in it, at the index of its window.
    Pane(PaneId, u32),
}

impl Row {
    /// The pane that it stands for.
    #[must_use]
    pub(super) fn pane(&self) -> Option<PaneId> {
        match self {
            Self::Agent(pane) | Self::Pane(pane, _) => Some(*pane),
            Self::Head(..) | Self::Session(_) => None,
        }
    }
}

impl Model {
    /// The rows that pass the filter and the search.
    #[must_use]
    pub(super) fn rows(&self) -> Vec<Row> {
        let Some(state) = &self.state else {
            return Vec::new();
        };
        let query = self.query.text().to_lowercase();
        let found = |pane: PaneId| query.is_empty() || self.finding(pane, &query).is_some();
        let standing = |pane: PaneId| self.agent(pane).map(Standing::of);
        let wanted = |pane: PaneId| self.filter.is_none_or(|one| standing(pane) == Some(one));
        let agents = self.agents.iter().copied();
        let agents: Vec<PaneId> = agents
            .filter(|pane| wanted(*pane) && found(*pane))
            .collect();
        let mut rows = vec![Row::Head("agents", agents.len())];
        rows.extend(agents.into_iter().map(Row::Agent));
        if self.filter.is_some() {
            return rows;
        }
        let mut sessions: BTreeMap<SessionId, Vec<(u32, u32, PaneId)>> = BTreeMap::new();
        for (pane, known) in &state.panes {
            let is_other = known.pane.agent.is_none() && found(*pane);
            if let Some((session, window)) = state.place(*pane).filter(|_| is_other) {
                let panes = sessions.entry(session).or_default();
                panes.push((window, known.pane.index, *pane));
            }
        }
        let count = sessions.values().map(Vec::len).sum();
        if count > 0 {
            rows.push(Row::Head("panes", count));
        }
        for (session, mut panes) in sessions {
            panes.sort_unstable();
            rows.push(Row::Session(session));
            rows.extend(
                panes
                    .into_iter()
                    .map(|(window, _, pane)| Row::Pane(pane, window)),
            );
        }
        rows
    }

    /// The panes that can be selected, in the order of their rows.
    pub(super) fn selectable(&self) -> Vec<PaneId> {
        self.rows().iter().filter_map(Row::pane).collect()
    }

    /// The text in which a pane has what is searched for, in small letters: a name, or a row that it shows.
    pub(super) fn finding(&self, pane: PaneId, query: &str) -> Option<String> {
        let has = |text: &str| text.to_lowercase().contains(query);
        let state = self.state.as_ref()?;
        let known = state.panes.get(&pane)?;
        let window = state.windows.get(&known.window);
        let (place, id) = (self.place(pane), pane.to_string());
        let mut names = vec![&*place, &*id, &*known.pane.command, &*known.pane.title];
        names.extend([&*known.pane.path, window.map_or("", |window| &*window.name)]);
        if let Some(agent) = &known.pane.agent {
            names.extend([&*agent.agent_type, Standing::of(agent).word()]);
            names.extend(agent.reason.as_deref());
            names.extend(agent.message.as_deref());
        }
        let screen = self
            .previews
            .get(&pane)
            .and_then(|preview| preview.screen());
        let shown = screen.and_then(|screen| screen.rows().find(|row| has(row)));
        let named = || {
            names
                .into_iter()
                .find(|name| has(name))
                .map(|name| escaped(name).into_owned())
        };
        shown.or_else(named)
    }

    /// How many agents stand how, in the order of urgency.
    pub(super) fn counts(&self) -> Vec<(Standing, usize)> {
        let count = |standing: Standing| {
            let agents = self.agents.iter().filter_map(|pane| self.agent(*pane));
            agents
                .filter(|agent| Standing::of(agent) == standing)
                .count()
        };
        let all = Standing::ALL.into_iter().map(|one| (one, count(one)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}
