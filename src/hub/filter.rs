//! What a client wants to see of the log. A filter is a wish, never a right.

use super::patterns::{Entry, PanePattern, SessionPattern, WindowPattern};
use crate::glob::{NamePattern, PatternError};
use crate::ids::{PaneId, WindowId};
use crate::model::{AgentStatus, Family, Place, Session, State};

/// The type of what is used of processors and memory.
pub(super) const RESOURCES: &str = "system.resources";

/// The type of what says that events are missing, whichever they were: nobody's filter leaves it out.
const LOG_GAP: &str = "log.gap";

/// What the types of all that is said of the system begin with.
const SYSTEM: &str = "system.";

/// What filters look at in an event.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The event type.
    pub kind: &'a str,
    /// The place at which it is seen.
    pub place: Option<&'a Place>,
    /// The pane that it concerns.
    pub pane: Option<PaneId>,
    /// The agent that it is about, by its type, and the status that it has now.
    pub agent: Option<(&'a str, AgentStatus)>,
}

/// The names that the window of an event goes by.
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowNames<'a> {
    /// What the event itself knows: its window's name, and the name before if that is what changed.
    pub own: [Option<&'a str>; 2],
    /// The windows' present names, for events that know none, as output is.
    pub present: Option<&'a State>,
}

impl WindowNames<'_> {
    fn any(&self, window: WindowId, matches: impl Fn(&str) -> bool) -> bool {
        if self.own[0].is_some() {
            return self.own.iter().flatten().any(|name| matches(name));
        }
        let window = self.present.and_then(|state| state.windows.get(&window));
        window.is_some_and(|window| matches(&window.name))
    }
}

/// One wish: each list that is given must have an entry that matches; a list that is not given allows all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    types: Option<Vec<NamePattern>>,
    sessions: Option<Vec<SessionPattern>>,
    windows: Option<Vec<WindowPattern>>,
    panes: Option<Vec<PanePattern>>,
    agents: Option<Vec<NamePattern>>,
    statuses: Option<Vec<AgentStatus>>,
    without_watchers: bool,
}

/// An entry of a filter that matches nothing as things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// The list that it is in.
    pub list: &'static str,
    /// Its place there, from 0 on.
    pub entry: usize,
    /// The text, if it is a name or a pattern of names.
    pub text: Option<String>,
}

/// An entry that was taken for an id or an index, while something is named so too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mistakable {
    /// The list that it is in.
    pub list: &'static str,
    /// Its place there, from 0 on.
    pub entry: usize,
}

/// A filter that can't be understood, with the field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A list without entries would match nothing.
    #[error("{0} is an empty list, which matches nothing: leave it out to match all")]
    Empty(&'static str),
    /// A list with too many entries.
    #[error("{0} has more than {max} entries", max = Filter::MAX_ENTRIES)]
    TooMany(&'static str),
    /// An entry that is no pattern.
    #[error("{0}: {1}")]
    Pattern(&'static str, PatternError),
    /// An object that says not exactly one thing.
    #[error("{0}: an object has one of {1}")]
    Exact(&'static str, &'static str),
    /// An entry that no event type can match.
    #[error(
        "types: an event type is lower-case words joined by dots, such as pane.output or pane.*"
    )]
    Type,
    /// An entry that is no status of an agent.
    #[error("statuses: a status is one of busy, ready, waiting, error, unknown and exited")]
    Status,
    /// An entry that is no pane.
    #[error("panes: a pane is given by its id, such as %3")]
    Pane,
}

impl Filter {
    /// The most entries in one list; it bounds the work of judging one event.
    pub const MAX_ENTRIES: usize = 64;

    /// The filter that everything passes.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Limits the filter to these event types.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_types<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._*?".contains(c);
        self.types = Some(list("types", entries, |entry| {
            if entry.chars().all(legal) {
                name("types", entry)
            } else {
                Err(FilterError::Type)
            }
        })?);
        Ok(self)
    }

    /// Limits the filter to these sessions: names, patterns of names, or `$` ids.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_sessions<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        let read = |entry: &str| {
            SessionPattern::from_text(entry)
                .map_err(|error| FilterError::Pattern("sessions", error))
        };
        self.sessions = Some(list("sessions", entries, read)?);
        Ok(self)
    }

    /// Limits the filter to these windows: indexes, names, patterns of names, or `@` ids.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_windows<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        let read = |entry: &str| {
            WindowPattern::from_text(entry).map_err(|error| FilterError::Pattern("windows", error))
        };
        self.windows = Some(list("windows", entries, read)?);
        Ok(self)
    }

    /// Limits the filter to the sessions that these entries mean.
    ///
    /// # Errors
    /// There are none, or too many.
    pub fn with_session_patterns(
        mut self,
        entries: Vec<SessionPattern>,
    ) -> Result<Self, FilterError> {
        self.sessions = Some(bounded("sessions", entries)?);
        Ok(self)
    }

    /// Limits the filter to the windows that these entries mean.
    ///
    /// # Errors
    /// There are none, or too many.
    pub fn with_window_patterns(
        mut self,
        entries: Vec<WindowPattern>,
    ) -> Result<Self, FilterError> {
        self.windows = Some(bounded("windows", entries)?);
        Ok(self)
    }

    /// Limits the filter to these panes: `%` ids.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_panes<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        self.panes = Some(list("panes", entries, |entry| match entry {
            "*" | "%*" => Ok(PanePattern::Any),
            _ => entry
                .parse()
                .map(PanePattern::Id)
                .map_err(|_| FilterError::Pane),
        })?);
        Ok(self)
    }

    /// Limits the filter to what is said of agents of these types: names or patterns of them.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_agents<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        self.agents = Some(list("agents", entries, |entry| name("agents", entry))?);
        Ok(self)
    }

    /// Limits the filter to what says that an agent has one of these statuses now.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_statuses<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        let read = |entry: &str| AgentStatus::named(entry).ok_or(FilterError::Status);
        self.statuses = Some(list("statuses", entries, read)?);
        Ok(self)
    }

    /// Leaves out what printing causes in panes in which clients print what they get, or doesn't.
    #[must_use]
    pub fn leaving_out_watchers(mut self, without: bool) -> Self {
        self.without_watchers = without;
        self
    }

    /// Whether panes are left out in which clients print what they get.
    #[must_use]
    pub fn leaves_out_watchers(&self) -> bool {
        self.without_watchers
    }

    /// Whether windows are named in it, so that matching needs their names.
    #[must_use]
    pub fn needs_window_names(&self) -> bool {
        let mut windows = self.windows.iter().flatten();
        windows.any(WindowPattern::needs_names)
    }

    /// The entries that match nothing as things stand, of all that such a viewer sees. Each may match something later.
    pub fn idle(
        &self,
        state: &State,
        sees: impl Fn(&str) -> bool,
        types: &[impl AsRef<str>],
    ) -> Vec<Idle> {
        let sessions = state.sessions.values();
        let sessions: Vec<&Session> = sessions.filter(|one| sees(&one.name)).collect();
        let windows = || {
            let links = sessions.iter().flat_map(|session| &session.windows);
            links.map(|(index, id)| (*index, *id))
        };
        let window_is = |pattern: &WindowPattern, (index, id): (u32, WindowId)| {
            let window = state.windows.get(&id);
            pattern.covers((id, index), |named| {
                window.is_some_and(|window| named(&window.name))
            })
        };
        let pane_is = |wanted: PaneId| {
            let pane = state.panes.get(&wanted);
            pane.is_some_and(|pane| windows().any(|(_, id)| id == pane.window))
        };
        let mut idle = Vec::new();
        idle_of("types", &self.types, &mut idle, |pattern| {
            Family::is_asked_for(pattern.as_str())
                || types.iter().any(|known| pattern.matches(known.as_ref()))
        });
        idle_of("sessions", &self.sessions, &mut idle, |pattern| {
            sessions
                .iter()
                .any(|session| pattern.covers(session.id, &session.name))
        });
        idle_of("windows", &self.windows, &mut idle, |pattern| {
            windows().any(|window| window_is(pattern, window))
        });
        idle_of("panes", &self.panes, &mut idle, |pattern| match pattern {
            PanePattern::Any => true,
            PanePattern::Id(id) => pane_is(*id),
        });
        idle_of("agents", &self.agents, &mut idle, |pattern| {
            let mut agents = state.agents.iter();
            agents.any(|(pane, agent)| pattern.matches(&agent.agent_type) && pane_is(*pane))
        });
        idle
    }

    /// The entries that were taken for ids or indexes while something else that such a viewer sees is named so.
    pub fn mistakable(&self, state: &State, sees: impl Fn(&str) -> bool) -> Vec<Mistakable> {
        let sessions = state.sessions.values();
        let sessions: Vec<&Session> = sessions.filter(|one| sees(&one.name)).collect();
        let is_session = |pattern: &SessionPattern| {
            sessions
                .iter()
                .any(|one| pattern.is_name_of(one.id, &one.name))
        };
        let is_window = |pattern: &WindowPattern| {
            let mut windows = sessions.iter().flat_map(|session| &session.windows);
            windows.any(|(index, id)| {
                let window = state.windows.get(id);
                window.is_some_and(|window| pattern.is_name_of(*index, *id, &window.name))
            })
        };
        let mut mistakable = Vec::new();
        for (entry, pattern) in self.sessions.iter().flatten().enumerate() {
            let list = "sessions";
            mistakable.extend(is_session(pattern).then_some(Mistakable { list, entry }));
        }
        for (entry, pattern) in self.windows.iter().flatten().enumerate() {
            let list = "windows";
            mistakable.extend(is_window(pattern).then_some(Mistakable { list, entry }));
        }
        mistakable
    }

    /// Whether the event passes.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>, names: WindowNames<'_>) -> bool {
        let passes = || {
            self.type_matches(subject.kind)
                && self.session_matches(subject.place)
                && self.window_matches(subject.place, names)
                && self.pane_matches(subject.pane)
                && self.agent_matches(subject.agent)
        };
        subject.kind == LOG_GAP || passes()
    }

    /// Whether the event is asked for: it passes, and is not one that only those get who name its type.
    #[must_use]
    pub fn asks_for(&self, subject: &Subject<'_>, names: WindowNames<'_>) -> bool {
        self.matches(subject, names) && (subject.kind != RESOURCES || self.names_resources())
    }

    /// Whether it names what is used of processors and memory, which is looked at only for those who do: an entry of its own
    /// or one for all of the system, but not one for everything.
    #[must_use]
    pub fn names_resources(&self) -> bool {
        let mut types = self.types.iter().flatten();
        types.any(|one| one.as_str().starts_with(SYSTEM) && one.matches(RESOURCES))
    }

    /// Whether of events of this type all pass that pass another filter.
    #[must_use]
    pub fn covers(&self, kind: &str, other: &Self) -> bool {
        fn within<T: PartialEq>(own: &Option<T>, other: &Option<T>) -> bool {
            own.is_none() || own == other
        }
        self.type_matches(kind)
            && within(&self.sessions, &other.sessions)
            && within(&self.windows, &other.windows)
            && within(&self.panes, &other.panes)
            && within(&self.agents, &other.agents)
            && within(&self.statuses, &other.statuses)
            && !self.without_watchers
    }

    fn type_matches(&self, kind: &str) -> bool {
        let Some(types) = &self.types else {
            return true;
        };
        types.iter().any(|pattern| pattern.matches(kind))
    }

    fn session_matches(&self, place: Option<&Place>) -> bool {
        let Some(sessions) = &self.sessions else {
            return true;
        };
        let Some(place) = place else { return false };
        let (id, name) = (place.session, &place.session_name);
        sessions.iter().any(|pattern| pattern.covers(id, name))
    }

    fn window_matches(&self, place: Option<&Place>, names: WindowNames<'_>) -> bool {
        let Some(windows) = &self.windows else {
            return true;
        };
        let Some((id, index)) = place.and_then(|place| place.window) else {
            return false;
        };
        let named = |wanted: &dyn Fn(&str) -> bool| names.any(id, wanted);
        windows
            .iter()
            .any(|pattern| pattern.covers((id, index), named))
    }

    fn pane_matches(&self, pane: Option<PaneId>) -> bool {
        let Some(panes) = &self.panes else {
            return true;
        };
        let Some(pane) = pane else { return false };
        panes.iter().any(|pattern| match pattern {
            PanePattern::Any => true,
            PanePattern::Id(id) => *id == pane,
        })
    }

    /// What is not about an agent has neither a type of one nor a status.
    fn agent_matches(&self, agent: Option<(&str, AgentStatus)>) -> bool {
        let is_of = |agents: &Vec<NamePattern>| {
            agent.is_some_and(|(agent_type, _)| agents.iter().any(|one| one.matches(agent_type)))
        };
        let says = |statuses: &Vec<AgentStatus>| {
            agent.is_some_and(|(_, status)| statuses.contains(&status))
        };
        self.agents.as_ref().is_none_or(is_of) && self.statuses.as_ref().is_none_or(says)
    }
}

/// Tells which entries of a list match nothing.
fn idle_of<P: Entry>(
    list: &'static str,
    entries: &Option<Vec<P>>,
    idle: &mut Vec<Idle>,
    matches: impl Fn(&P) -> bool,
) {
    let entries = entries.iter().flatten().enumerate();
    let lonely = entries.filter(|(_, pattern)| !matches(pattern));
    idle.extend(lonely.map(|(entry, pattern)| Idle {
        list,
        entry,
        text: pattern.text().map(str::to_owned),
    }));
}

fn name(field: &'static str, entry: &str) -> Result<NamePattern, FilterError> {
    NamePattern::new(entry).map_err(|error| FilterError::Pattern(field, error))
}

fn list<T, P>(
    field: &'static str,
    entries: &[T],
    parse: impl Fn(&str) -> Result<P, FilterError>,
) -> Result<Vec<P>, FilterError>
where
    T: AsRef<str>,
{
    bounded(field, entries.iter().collect())?
        .into_iter()
        .map(|entry| parse(entry.as_ref()))
        .collect()
}

fn bounded<P>(field: &'static str, entries: Vec<P>) -> Result<Vec<P>, FilterError> {
    match entries.len() {
        0 => Err(FilterError::Empty(field)),
        1..=Filter::MAX_ENTRIES => Ok(entries),
        _ => Err(FilterError::TooMany(field)),
    }
}
