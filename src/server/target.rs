//! From what a user calls a session, window or pane to the one that is meant.
//!
//! What the viewer may not see is passed over as if it were not there, so that an answer never tells the difference.

use crate::auth::Principal;
use crate::hub::Viewer;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{Session, State};
use crate::wire::{Part, Target, WindowRef};

impl Viewer for Principal {
    fn sees_session(&self, name: &str) -> bool {
        self.sees(name)
    }

    fn sees_all(&self) -> bool {
        self.scope().is_all()
    }

    fn is_redacted(&self) -> bool {
        Principal::is_redacted(self)
    }
}

/// The pane that is meant, at a place where the viewer sees it.
pub(super) fn pane(state: &State, viewer: &impl Viewer, target: &Target) -> Option<PaneId> {
    match part(state, viewer, target)? {
        Part::All => None,
        Part::Pane(_, _, pane) => Some(pane),
        Part::Session(session) => {
            let session = state.sessions.get(&session)?;
            active_pane(state, session.active_window()?)
        }
        Part::Window(session, index) => {
            let window = state.sessions.get(&session)?.windows.get(&index)?;
            active_pane(state, *window)
        }
    }
}

/// The part of the state that is meant.
pub(super) fn part(state: &State, viewer: &impl Viewer, target: &Target) -> Option<Part> {
    if let Some(pane) = target.pane {
        return place_of(state, viewer, pane);
    }
    let Some(name) = &target.session else {
        return Some(Part::All);
    };
    let session = session(state, name).filter(|session| viewer.sees_session(&session.name))?;
    let index = match (&target.window, target.pane_index) {
        (None, None) => return Some(Part::Session(session.id)),
        (Some(window), _) => window_index(state, session, window)?,
        (None, Some(_)) => session.active?,
    };
    let Some(pane_index) = target.pane_index else {
        return Some(Part::Window(session.id, index));
    };
    let window = state.windows.get(session.windows.get(&index)?)?;
    let is_meant = |id: &&PaneId| {
        state
            .panes
            .get(id)
            .is_some_and(|pane| pane.index == pane_index)
    };
    let pane = window.panes.iter().find(is_meant)?;
    Some(Part::Pane(session.id, index, *pane))
}

/// The panes of a part that the viewer sees, each once.
pub(super) fn panes(state: &State, viewer: &impl Viewer, part: Part) -> Vec<PaneId> {
    let windows_of = |session: SessionId| {
        let session = state
            .sessions
            .get(&session)
            .filter(|session| viewer.sees_session(&session.name));
        session
            .into_iter()
            .flat_map(|session| session.windows.iter())
    };
    let windows: Vec<WindowId> = match part {
        Part::Pane(_, _, pane) => return vec![pane],
        Part::Window(session, index) => windows_of(session)
            .filter(|(at, _)| **at == index)
            .map(|(_, id)| *id)
            .collect(),
        Part::Session(session) => windows_of(session).map(|(_, id)| *id).collect(),
        Part::All => state
            .sessions
            .keys()
            .flat_map(|id| windows_of(*id))
            .map(|(_, id)| *id)
            .collect(),
    };
    let panes = windows
        .iter()
        .filter_map(|id| state.windows.get(id))
        .flat_map(|window| &window.panes);
    let mut panes: Vec<PaneId> = panes.copied().collect();
    panes.sort_unstable();
    panes.dedup();
    panes
}

fn place_of(state: &State, viewer: &impl Viewer, pane: PaneId) -> Option<Part> {
    let places = state.places_of_pane(pane);
    let place = places
        .iter()
        .find(|place| viewer.sees_session(&place.session_name))?;
    let (_, index) = place.window?;
    Some(Part::Pane(place.session, index, pane))
}

/// By id if it looks like one, else by the exact name.
fn session<'a>(state: &'a State, name: &str) -> Option<&'a Session> {
    match name.parse() {
        Ok(id) => state.sessions.get(&id),
        Err(_) => state.session_named(name),
    }
}

/// By id or index if it looks like one and there is one, else by the exact name; the lowest index of several.
fn window_index(state: &State, session: &Session, window: &WindowRef) -> Option<u32> {
    let by_index = |index: u32| session.windows.contains_key(&index).then_some(index);
    let text = match window {
        WindowRef::Index(index) => return by_index(*index),
        WindowRef::Text(text) => text,
    };
    let find = |is_meant: &dyn Fn(WindowId) -> bool| {
        session
            .windows
            .iter()
            .find(|(_, id)| is_meant(**id))
            .map(|(index, _)| *index)
    };
    if let Ok(wanted) = text.parse::<WindowId>() {
        return find(&|id| id == wanted);
    }
    if let Some(index) = text.parse().ok().and_then(by_index) {
        return Some(index);
    }
    find(&|id| {
        state
            .windows
            .get(&id)
            .is_some_and(|window| window.name == *text)
    })
}

fn active_pane(state: &State, window: WindowId) -> Option<PaneId> {
    let window = state.windows.get(&window)?;
    window.active.or_else(|| window.panes.first().copied())
}
