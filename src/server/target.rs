//! From what a user calls a session, window or pane to the one that is meant.
//!
//! What the viewer may not see is passed over as if it were not there, so that an answer never shows the difference.

use std::fmt;

use crate::auth::Principal;
use crate::hub::Viewer;
use crate::ids::{PaneId, SessionId, ViewerId, WindowId};
use crate::model::{Session, State};
use crate::wire::Part;

/// A session, window or pane as users name them; nothing is resolved yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Target {
    /// A pane by its id; then there is nothing else.
    pub(super) pane: Option<PaneId>,
    /// A session.
    pub(super) session: Option<SessionRef>,
    /// A window of the session; the current one if there is none. Without a session it has an id.
    pub(super) window: Option<WindowRef>,
    /// A pane of the window by its index; the active one if there is none.
    pub(super) pane_index: Option<u32>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum SessionRef {
    /// By name or id.
    Text(String),
    /// By nothing but its id.
    Id(SessionId),
    /// By nothing but its name.
    Name(String),
}

/// A window of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum WindowRef {
    /// By id, name, or an index in digits.
    Text(String),
    /// By nothing but its index.
    Index(u32),
    /// By nothing but its id.
    Id(WindowId),
    /// By nothing but its name.
    Name(String),
}

impl fmt::Display for SessionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Name(text) => f.write_str(text),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for WindowRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Name(text) => f.write_str(text),
            Self::Index(index) => index.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

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

    fn viewer_id(&self) -> Option<ViewerId> {
        Some(ViewerId(self.print()))
    }
}

/// Why a target leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoTarget {
    /// There is none, or none that the viewer sees.
    Missing,
    /// A text fits one thing by its id or index and another by its name; this names both.
    Ambiguous(String),
}

/// Where a terminal was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TerminalAddress {
    /// The session.
    pub(super) session: SessionRef,
    /// The pane, if one was named.
    pub(super) pane: Option<PaneId>,
}

impl TerminalAddress {
    /// The session and the pane at the address.
    pub(super) fn find(
        &self,
        state: &State,
        viewer: &impl Viewer,
    ) -> Result<(SessionId, PaneId), NoTarget> {
        let target = Target {
            session: Some(self.session.clone()),
            ..Target::default()
        };
        let Part::Session(session) = part(state, viewer, &target)? else {
            return Err(NoTarget::Missing);
        };
        let Some(named) = self.pane else {
            return Ok((session, pane(state, viewer, &target)?));
        };
        let places = state.places_of_pane(named);
        let is_in = places.iter().any(|place| place.session == session);
        is_in.then_some((session, named)).ok_or(NoTarget::Missing)
    }
}

/// The pane that is meant, at a place where the viewer sees it.
pub(super) fn pane(
    state: &State,
    viewer: &impl Viewer,
    target: &Target,
) -> Result<PaneId, NoTarget> {
    let found = match part(state, viewer, target)? {
        Part::All => None,
        Part::Pane(_, _, pane) => Some(pane),
        Part::Session(session) => state
            .sessions
            .get(&session)
            .and_then(|session| active_pane(state, session.active_window()?)),
        Part::Window(session, index) => state
            .sessions
            .get(&session)
            .and_then(|session| active_pane(state, *session.windows.get(&index)?)),
    };
    found.ok_or(NoTarget::Missing)
}

/// The part of the state that is meant.
pub(super) fn part(state: &State, viewer: &impl Viewer, target: &Target) -> Result<Part, NoTarget> {
    if let Some(pane) = target.pane {
        return place_of(state, viewer, pane).ok_or(NoTarget::Missing);
    }
    let (session, index) = match (&target.session, &target.window) {
        (Some(named), window) => {
            let session = session(state, viewer, named)?;
            let index = match (window, target.pane_index) {
                (None, None) => return Ok(Part::Session(session.id)),
                (Some(window), _) => Some(window_index(state, session, window)?),
                (None, Some(_)) => session.active,
            };
            (session, index.ok_or(NoTarget::Missing)?)
        }
        (None, Some(WindowRef::Id(window))) => {
            window_anywhere(state, viewer, *window).ok_or(NoTarget::Missing)?
        }
        (None, _) => return Ok(Part::All),
    };
    let Some(pane_index) = target.pane_index else {
        return Ok(Part::Window(session.id, index));
    };
    let is_meant = |id: &&PaneId| {
        state
            .panes
            .get(id)
            .is_some_and(|pane| pane.index == pane_index)
    };
    let window = session.windows.get(&index);
    let pane = window
        .and_then(|id| state.windows.get(id))
        .and_then(|window| window.panes.iter().find(is_meant));
    let pane = pane.ok_or(NoTarget::Missing)?;
    Ok(Part::Pane(session.id, index, *pane))
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

/// The session that is meant. A text that looks like an id is one, unless it is another session's name too.
fn session<'a>(
    state: &'a State,
    viewer: &impl Viewer,
    named: &SessionRef,
) -> Result<&'a Session, NoTarget> {
    let seen = |session: &&Session| viewer.sees_session(&session.name);
    let by_id = |id: SessionId| state.sessions.get(&id).filter(seen);
    let by_name = |name: &str| state.session_named(name).filter(seen);
    let found = match named {
        SessionRef::Id(id) => by_id(*id),
        SessionRef::Name(name) => by_name(name),
        SessionRef::Text(text) => match text.parse().map(by_id) {
            Err(_) => by_name(text),
            Ok(found) => {
                let other = by_name(text);
                if let (Some(one), Some(other)) = (found, other)
                    && one.id != other.id
                {
                    return Err(NoTarget::Ambiguous(format!(
                        "{text:?} is the id of the session {:?} and the name of the session {}: \
                         give \"session_id\" or \"session_name\" instead of \"session\"",
                        one.name, other.id
                    )));
                }
                found
            }
        },
    };
    found.ok_or(NoTarget::Missing)
}

/// A window by its id, at the first place where the viewer sees it.
fn window_anywhere<'a>(
    state: &'a State,
    viewer: &impl Viewer,
    window: WindowId,
) -> Option<(&'a Session, u32)> {
    let sessions = state.sessions.values();
    let mut seen = sessions.filter(|session| viewer.sees_session(&session.name));
    seen.find_map(|session| Some((session, index_of(session, window)?)))
}

/// The index of the window that is meant. A text is an id if it looks like one, an index if there is such a window, and
/// else a name, of several the one with the lowest index; but what fits another window's name too is ambiguous.
fn window_index(state: &State, session: &Session, window: &WindowRef) -> Result<u32, NoTarget> {
    let by_index = |index: u32| session.windows.contains_key(&index).then_some(index);
    let (text, is_name) = match window {
        WindowRef::Index(index) => return by_index(*index).ok_or(NoTarget::Missing),
        WindowRef::Id(id) => return index_of(session, *id).ok_or(NoTarget::Missing),
        WindowRef::Text(text) => (text, false),
        WindowRef::Name(text) => (text, true),
    };
    let is_named = |id: &WindowId| {
        let window = state.windows.get(id);
        window.is_some_and(|window| window.name == *text)
    };
    let named = || session.windows.iter().filter(|(_, id)| is_named(id));
    let first = named().next().map(|(index, _)| *index);
    let id: Option<WindowId> = text.parse().ok();
    let found = match id {
        _ if is_name => first,
        Some(id) => index_of(session, id),
        None => digits(text).and_then(by_index),
    };
    let Some(found) = found else {
        return first.filter(|_| id.is_none()).ok_or(NoTarget::Missing);
    };
    let chosen = session.windows.get(&found);
    let Some((other, _)) = named().find(|(_, id)| Some(*id) != chosen) else {
        return Ok(found);
    };
    Err(NoTarget::Ambiguous(format!(
        "{text:?} fits the window at index {found} and, by its name, the one at index {other}: \
         give \"window_id\", \"window_index\" or \"window_name\" for one of them"
    )))
}

/// A number that is written as digits and nothing else.
fn digits(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn index_of(session: &Session, window: WindowId) -> Option<u32> {
    let mut windows = session.windows.iter();
    windows
        .find(|(_, id)| **id == window)
        .map(|(index, _)| *index)
}

fn active_pane(state: &State, window: WindowId) -> Option<PaneId> {
    let window = state.windows.get(&window)?;
    window.active.or_else(|| window.panes.first().copied())
}
