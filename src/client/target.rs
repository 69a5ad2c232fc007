//! From what a user calls a pane to the pane that is meant, in the state as a server showed it.
//!
//! All commands that take a TARGET share this, so that a name means the same in each of them.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::ids::{PaneId, SessionId, WindowId};
use crate::nearest::nearest;
use crate::printable::escaped;
use crate::wire::agent::AgentObject;
use crate::wire::objects::{PaneObject, WindowObject};
use crate::wire::request::Target;
use crate::wire::{SnapshotSession, StateSnapshot};

/// The most places that an ambiguous name is told to fit.
const MOST_TOLD: usize = 8;

/// What a user calls a pane: its id, a session, `session:window.pane`, or the type of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetName(String);

/// Why a name leads to no pane. It is written for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTarget {
    /// Nothing is called so.
    #[error(
        "there is no pane, session or agent {name:?}{}; `muxwire list` shows what there is",
        meant.as_ref().map_or_else(String::new, |meant| format!("; did you mean {meant:?}?"))
    )]
    Missing {
        /// The name.
        name: String,
        /// What is called nearly so.
        meant: Option<String>,
    },
    /// Several panes are meant.
    #[error("{name:?} fits several panes, {}: name one of them by its id", fits.join(" and "))]
    Ambiguous {
        /// The name.
        name: String,
        /// The panes and their places.
        fits: Vec<String>,
    },
}

/// A pane at one of its places.
#[derive(Debug, Clone, Copy)]
pub struct FoundPane<'a> {
    /// A session that its window is in.
    pub session: &'a SnapshotSession<'static>,
    /// Its window.
    pub window: &'a WindowObject<'static>,
    /// The pane.
    pub pane: &'a PaneObject<'static>,
}

impl FromStr for TargetName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.0))
    }
}

impl<'a> FoundPane<'a> {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> PaneId {
        self.pane.id.0
    }

    /// What requests call it.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            pane: Some(self.id().to_string()),
            ..Target::default()
        }
    }

    /// The agent in it, if there is one.
    #[must_use]
    pub fn agent(&self) -> Option<&'a AgentObject<'static>> {
        self.pane.agent.as_deref()
    }

    /// Its place as `session:window.pane`, safe to be shown.
    #[must_use]
    pub fn place(&self) -> String {
        let (session, window, pane) = (&self.session.name, self.window.index, self.pane.index);
        format!("{}:{window}.{pane}", escaped(session))
    }

    fn told(&self) -> String {
        format!("{} ({})", self.id(), self.place())
    }
}

/// All panes at all places, in the order of the sessions.
pub fn panes<'a>(state: &'a StateSnapshot<'static>) -> impl Iterator<Item = FoundPane<'a>> {
    state.sessions.iter().flat_map(|session| {
        session.windows.iter().flat_map(move |window| {
            let panes = window.panes.iter();
            panes.map(move |pane| FoundPane {
                session,
                window,
                pane,
            })
        })
    })
}

impl TargetName {
    /// The pane that is meant.
    ///
    /// An id means the pane with that id. A session means its active pane, and so does a window of it. Any other name
    /// means the agent of that type, if there is one such agent.
    ///
    /// # Errors
    /// No pane is meant, or several are.
    pub fn find<'a>(&self, state: &'a StateSnapshot<'static>) -> Result<FoundPane<'a>, NoTarget> {
        let mut fits = self.placed(state);
        let agents: Vec<_> = panes(state).filter(|one| self.is_agent(one)).collect();
        // The name of a session that is the type of several agents too means the session.
        if fits.is_empty() || count(&agents) == 1 {
            fits.extend(agents);
        }
        let Some(first) = fits.first().copied() else {
            return Err(self.missing(state));
        };
        if count(&fits) == 1 {
            return Ok(first);
        }
        let mut told: Vec<_> = distinct(&fits).map(FoundPane::told).collect();
        told.truncate(MOST_TOLD);
        Err(NoTarget::Ambiguous {
            name: self.0.clone(),
            fits: told,
        })
    }

    fn is_agent(&self, one: &FoundPane<'_>) -> bool {
        one.agent().is_some_and(|agent| agent.agent_type == self.0)
    }

    /// The panes that are meant by an id or a place.
    fn placed<'a>(&self, state: &'a StateSnapshot<'static>) -> Vec<FoundPane<'a>> {
        if let Ok(id) = self.0.parse::<PaneId>() {
            let found = panes(state).find(|one| one.id() == id);
            return found.into_iter().collect();
        }
        if let Ok(id) = self.0.parse::<WindowId>() {
            let found = panes(state).find(|one| one.window.id.0 == id && one.pane.active);
            return found.into_iter().collect();
        }
        let (session, rest) = match self.0.split_once(':') {
            Some((session, rest)) => (session, rest),
            None => (self.0.as_str(), ""),
        };
        let id = session.parse::<SessionId>().ok();
        let is_meant = |one: &&SnapshotSession<'_>| one.name == session || Some(one.id.0) == id;
        let sessions = state.sessions.iter().filter(is_meant);
        sessions
            .flat_map(|session| of_session(session, rest))
            .collect()
    }

    fn missing(&self, state: &StateSnapshot<'static>) -> NoTarget {
        let sessions = state.sessions.iter().map(|session| &*session.name);
        let agents = panes(state).filter_map(|one| Some(&*one.agent()?.agent_type));
        let known: Vec<&str> = sessions.chain(agents).collect();
        let (session, _) = self.0.split_once(':').unwrap_or((&self.0, ""));
        let meant = nearest(session, known.iter().copied());
        NoTarget::Missing {
            name: self.0.clone(),
            // Of a session that there is, what stands behind the colon is wrong.
            meant: meant.filter(|meant| *meant != session).map(str::to_owned),
        }
    }
}

/// The panes of a session that are meant by `window`, `window.pane` or nothing.
fn of_session<'a>(session: &'a SnapshotSession<'static>, rest: &str) -> Vec<FoundPane<'a>> {
    let index = session.active;
    let windows = session.windows.iter();
    if rest.is_empty() {
        let current = windows.filter(|window| Some(window.index) == index);
        return current
            .filter_map(|window| active(session, window))
            .collect();
    }
    let whole = windows.clone().filter(|window| is_called(window, rest));
    let mut fits: Vec<_> = whole.filter_map(|window| active(session, window)).collect();
    // A window's name may have a point in it, so both ways of reading count.
    let parted = rest.rsplit_once('.');
    if let Some((name, index)) = parted.and_then(|(name, pane)| Some((name, digits(pane)?))) {
        let meant = windows.filter(|window| is_called(window, name));
        fits.extend(meant.flat_map(|window| {
            let panes = window.panes.iter().filter(move |pane| pane.index == index);
            panes.map(move |pane| FoundPane {
                session,
                window,
                pane,
            })
        }));
    }
    fits
}

/// Whether a window is called so: by its index, its id or its name.
fn is_called(window: &WindowObject<'_>, name: &str) -> bool {
    digits(name) == Some(window.index) || name.parse() == Ok(window.id.0) || window.name == name
}

fn active<'a>(
    session: &'a SnapshotSession<'static>,
    window: &'a WindowObject<'static>,
) -> Option<FoundPane<'a>> {
    let pane = window.panes.iter().find(|pane| pane.active)?;
    Some(FoundPane {
        session,
        window,
        pane,
    })
}

fn digits(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Each pane once, though it is at several places.
fn distinct<'a, 'b>(fits: &'b [FoundPane<'a>]) -> impl Iterator<Item = &'b FoundPane<'a>> {
    let is_first = |at: usize, one: &FoundPane<'_>| {
        let before = &fits[..at];
        before.iter().all(|other| other.id() != one.id())
    };
    let fits = fits.iter().enumerate();
    fits.filter(move |(at, one)| is_first(*at, one))
        .map(|(_, one)| one)
}

fn count(fits: &[FoundPane<'_>]) -> usize {
    distinct(fits).count()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;
    use crate::wire::{Message, Received};

    fn state() -> StateSnapshot<'static> {
        let pane = |id: &str, index: u32, agent: &str| {
            let agent = match agent {
                "" => String::new(),
                agent => format!(r#","agent":{{"agent_type":"{agent}","status":"ready"}}"#),
            };
            let active = index == 0;
            format!(r#"{{"id":"{id}","index":{index},"active":{active}{agent}}}"#)
        };
        let window = |id: &str, index: u32, name: &str, panes: &[String]| {
            let panes = panes.join(",");
            format!(r#"{{"id":"{id}","index":{index},"name":"{name}","panes":[{panes}]}}"#)
        };
        let session = |id: &str, name: &str, active: u32, windows: &[String]| {
            let windows = windows.join(",");
            format!(r#"{{"id":"{id}","name":"{name}","active":{active},"windows":[{windows}]}}"#)
        };
        let work = [
            window(
                "@1",
                0,
                "shell",
                &[pane("%1", 0, ""), pane("%2", 1, "codex")],
            ),
            window("@2", 3, "a.1", &[pane("%3", 0, "claude")]),
            window("@3", 4, "a", &[pane("%4", 0, ""), pane("%5", 1, "claude")]),
        ];
        let sessions = [
            session("$1", "work", 3, &work),
            // The same window at another place.
            session("$2", "view", 0, &work[..1]),
            session(
                "$3",
                "claude",
                0,
                &[window("@4", 0, "x", &[pane("%6", 0, "")])],
            ),
            session(
                "$4",
                "$1",
                0,
                &[window("@5", 0, "x", &[pane("%7", 0, "gemini")])],
            ),
            session(
                "$5",
                "gemini",
                0,
                &[window("@6", 0, "x", &[pane("%8", 0, "")])],
            ),
            session(
                "$6",
                "aider",
                0,
                &[window("@7", 0, "x", &[pane("%9", 0, "aider")])],
            ),
        ];
        let text = format!(
            r#"{{"type":"snapshot","sessions":[{}]}}"#,
            sessions.join(",")
        );
        let received = Received::parse(&text).unwrap();
        let Message::Snapshot(snapshot) = received.message() else {
            panic!("{text}");
        };
        (**snapshot).clone()
    }

    #[test]
    fn names_lead_to_one_pane_or_say_why_not() {
        let state = state();
        let several = |panes: &[&str]| Err(panes.join(" "));
        let none = |meant: &str| Err(format!("none {meant}").trim().to_owned());
        let rows: [(&str, Result<&str, String>); 26] = [
            ("%5", Ok("%5")),
            ("%99", none("")),
            ("@3", Ok("%4")),
            ("work", Ok("%3")),
            ("work:", Ok("%3")),
            ("work:0", Ok("%1")),
            ("work:0.1", Ok("%2")),
            ("work:shell", Ok("%1")),
            ("work:shell.1", Ok("%2")),
            ("work:@3", Ok("%4")),
            ("work:@3.1", Ok("%5")),
            ("work:a", Ok("%4")),
            // The name of a window, and the second pane of another one.
            ("work:a.1", several(&["%3", "%5"])),
            ("work:a.0", Ok("%4")),
            ("work:9", none("")),
            ("work:0.9", none("")),
            ("$2", Ok("%1")),
            // The id of a session, and the name of another one.
            ("$1", several(&["%3", "%7"])),
            ("codex", Ok("%2")),
            // Two agents of this type, and a session of this name.
            ("claude", Ok("%6")),
            // One agent of this type, and a session of this name without it.
            ("gemini", several(&["%8", "%7"])),
            ("aider", Ok("%9")),
            ("wrok", none("work")),
            ("codx", none("codex")),
            ("", none("")),
            (":", none("")),
        ];
        for (name, expected) in rows {
            let target: TargetName = name.parse().unwrap();
            let found = target.find(&state).map(|one| one.id().to_string());
            let found = found.map_err(|error| match error {
                NoTarget::Missing { meant, .. } => format!("none {}", meant.unwrap_or_default())
                    .trim()
                    .to_owned(),
                NoTarget::Ambiguous { fits, .. } => {
                    let ids = fits.iter().map(|one| one.split(' ').next().unwrap());
                    ids.collect::<Vec<_>>().join(" ")
                }
            });
            assert_eq!(found, expected.map(str::to_owned), "{name:?}");
        }
    }

    #[test]
    fn several_agents_of_a_type_are_named() {
        let mut state = state();
        state.sessions.retain(|session| session.name != "claude");
        let target: TargetName = "claude".parse().unwrap();
        let error = target.find(&state).map(|one| one.id()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"claude\" fits several panes, %3 (work:3.0) and %5 (work:4.1): name one of them by its id"
        );
    }
}
