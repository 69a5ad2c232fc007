//! What there is now, as HTTP answers it: panes, agents, alerts, and one pane with its screen.
//!
//! Sessions are answered as a `snapshot`. The shapes stand in `grammar/protocol/v1/http.schema.json`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::agent::AgentObject;
use super::cursor::cursor;
use super::encoder::Encoder;
use super::event::Event;
use super::json::to_json;
use super::message::Message;
use super::objects::{PaneObject, Text, WindowObject};
use super::snapshot::{Part, Screens, SnapshotSession, Source, StateSnapshot};
use crate::hub::{Filter, Published, Subject, View, Viewer, WindowNames};
use crate::ids::{PaneId, Seq, SessionId, WindowId};
use crate::model::{Place, State};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Sessions, with all that is in them.
    Sessions,
    /// Panes, each once.
    Panes,
    /// Agents, with their panes.
    Agents,
}

/// Where something is.
#[derive(Debug, Serialize)]
struct PlaceFields<'a> {
    session: Cow<'a, str>,
    window: u32,
    session_id: Text<SessionId>,
    window_id: Text<WindowId>,
    window_name: Cow<'a, str>,
}

/// A pane, and where it is.
#[derive(Debug, Serialize)]
struct PlacedPane<'a> {
    #[serde(flatten)]
    place: PlaceFields<'a>,
    pane: PaneObject<'a>,
}

/// An agent, and where it is.
#[derive(Debug, Serialize)]
struct PlacedAgent<'a> {
    #[serde(flatten)]
    place: PlaceFields<'a>,
    pane: Text<PaneId>,
    agent: Box<AgentObject<'a>>,
}

/// What there is at one place of the log.
#[derive(Debug, Serialize)]
struct Listing<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    host: &'a str,
    epoch: &'a str,
    seq: u64,
    cursor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    panes: Option<Vec<PlacedPane<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Vec<PlacedAgent<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<Event<'a>>>,
    #[serde(flatten)]
    placed: Option<PlacedPane<'a>>,
}

impl Encoder {
    /// What there is in a part of the state, of all that passes a filter and that this viewer may see.
    #[must_use]
    pub fn listing(
        &self,
        listed: Listed,
        (state, seq): (&State, Seq),
        (part, filter): (Part, &Filter),
        viewer: &impl Viewer,
    ) -> Bytes {
        let screens = Screens::new();
        let mut snapshot = self.state_of((state, seq), part, viewer, &screens);
        if !filter.is_all() {
            Wanted { state, filter }.keep(&mut snapshot);
        }
        match listed {
            Listed::Sessions => Message::Snapshot(Box::new(snapshot)).encode(),
            Listed::Panes => to_json(&Listing {
                panes: Some(placed(snapshot)),
                ..self.nothing("panes", seq)
            }),
            Listed::Agents => {
                let panes = placed(snapshot).into_iter();
                to_json(&Listing {
                    agents: Some(panes.filter_map(PlacedPane::into_agent).collect()),
                    ..self.nothing("agents", seq)
                })
            }
        }
    }

    /// One pane with its screen, or why there is none; nothing if the pane is not in that part.
    #[must_use]
    pub fn pane_with_screen(
        &self,
        (state, seq): (&State, Seq),
        part: Part,
        viewer: &impl Viewer,
        screens: &Screens,
    ) -> Option<Bytes> {
        let snapshot = self.state_of((state, seq), part, viewer, screens);
        let pane = placed(snapshot).into_iter().next()?;
        Some(to_json(&Listing {
            placed: Some(pane),
            ..self.nothing("pane.screen", seq)
        }))
    }

    /// Alerts as the events that they were raised by.
    #[must_use]
    pub fn alerts(&self, seq: Seq, alerts: &[(Arc<Published>, View)]) -> Bytes {
        let listed = alerts
            .iter()
            .map(|(event, view)| self.listed(self.epoch(), event, *view));
        to_json(&Listing {
            alerts: Some(listed.collect()),
            ..self.nothing("alerts", seq)
        })
    }

    fn state_of<'a>(
        &'a self,
        (state, seq): (&'a State, Seq),
        part: Part,
        viewer: &'a impl Viewer,
        screens: &'a Screens,
    ) -> StateSnapshot<'a> {
        let source = Source {
            host: self.host(),
            epoch: self.epoch(),
            seq,
            state,
            part,
            viewer,
            screens,
        };
        source.message(None)
    }

    fn nothing(&self, kind: &'static str, seq: Seq) -> Listing<'_> {
        Listing {
            kind,
            host: self.host(),
            epoch: self.epoch().as_str(),
            seq: seq.0,
            cursor: cursor(self.epoch(), seq),
            panes: None,
            agents: None,
            alerts: None,
            placed: None,
        }
    }
}

/// What passes a filter.
struct Wanted<'a> {
    state: &'a State,
    filter: &'a Filter,
}

impl Wanted<'_> {
    /// Leaves the panes that pass, the windows that have any, and the sessions that have any of those, with who shows them.
    fn keep(&self, snapshot: &mut StateSnapshot<'_>) {
        let sessions = &mut snapshot.sessions;
        sessions.iter_mut().for_each(|one| self.keep_in(one));
        sessions.retain(|session| !session.windows.is_empty());
        let is_kept = |id: SessionId| sessions.iter().any(|session| session.id.0 == id);
        let clients = &mut snapshot.clients;
        clients.retain(|client| client.session_id.is_some_and(|id| is_kept(id.0)));
    }

    fn keep_in(&self, session: &mut SnapshotSession<'_>) {
        let (id, name): (SessionId, Arc<str>) = (session.id.0, (&*session.name).into());
        session.windows.retain_mut(|window| {
            let place = Place {
                session: id,
                session_name: Arc::clone(&name),
                window: Some((window.id.0, window.index)),
            };
            window.panes.retain(|pane| self.passes(&place, pane.id.0));
            !window.panes.is_empty()
        });
    }

    fn passes(&self, place: &Place, pane: PaneId) -> bool {
        let agent = self.state.agents.get(&pane);
        let subject = Subject {
            kind: "",
            place: Some(place),
            pane: Some(pane),
            agent: agent.map(|agent| (&*agent.agent_type, agent.status)),
        };
        let names = WindowNames {
            own: [None, None],
            present: Some(self.state),
        };
        self.filter.matches(&subject, names)
    }
}

/// The panes of all windows, each at the first place at which it is seen.
fn placed(snapshot: StateSnapshot<'_>) -> Vec<PlacedPane<'_>> {
    let mut seen = BTreeSet::new();
    let mut panes = Vec::new();
    for session in snapshot.sessions {
        for window in session.windows {
            let WindowObject {
                id,
                index,
                name,
                panes: inside,
                ..
            } = window;
            let inside = inside.into_iter().filter(|pane| seen.insert(pane.id.0));
            panes.extend(inside.map(|pane| PlacedPane {
                place: PlaceFields {
                    session: session.name.clone(),
                    window: index,
                    session_id: session.id,
                    window_id: id,
                    window_name: name.clone(),
                },
                pane,
            }));
        }
    }
    panes
}

impl<'a> PlacedPane<'a> {
    fn into_agent(self) -> Option<PlacedAgent<'a>> {
        Some(PlacedAgent {
            place: self.place,
            pane: self.pane.id,
            agent: self.pane.agent?,
        })
    }
}
