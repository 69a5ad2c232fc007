//! What a client wants to see of the log. A filter is a wish, never a right.

use crate::glob::{NamePattern, PatternError};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{Place, Session, State};

/// What filters look at in an event.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The event type.
    pub kind: &'static str,
    /// The place at which it is seen.
    pub place: Option<&'a Place>,
    /// The pane that it concerns.
    pub pane: Option<PaneId>,
}

/// The names that the window of an event goes by.
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowNames<'a> {
    /// What the event itself knows: its window's name, and the name before if that is what changed.
    pub told: [Option<&'a str>; 2],
    /// The windows' present names, for events that know none, as output is.
    pub present: Option<&'a State>,
}

impl WindowNames<'_> {
    fn any(&self, window: WindowId, matches: impl Fn(&str) -> bool) -> bool {
        if self.told[0].is_some() {
            return self.told.iter().flatten().any(|name| matches(name));
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
    without_watchers: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SessionPattern {
    Id(SessionId),
    Name(NamePattern),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum WindowPattern {
    Any,
    Id(WindowId),
    /// Digits are an index, and a name too: windows may be called `2`.
    Index(u32, NamePattern),
    Name(NamePattern),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PanePattern {
    Any,
    Id(PaneId),
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
    /// An entry that no event type can match.
    #[error(
        "types: an event type is lower-case words joined by dots, such as pane.output or pane.*"
    )]
    Type,
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
        self.sessions = Some(list("sessions", entries, |entry| {
            Ok(match entry.parse() {
                Ok(id) => SessionPattern::Id(id),
                Err(_) => SessionPattern::Name(name("sessions", entry)?),
            })
        })?);
        Ok(self)
    }

    /// Limits the filter to these windows: indexes, names, patterns of names, or `@` ids.
    ///
    /// # Errors
    /// The list or one of its entries is not acceptable.
    pub fn with_windows<T: AsRef<str>>(mut self, entries: &[T]) -> Result<Self, FilterError> {
        self.windows = Some(list("windows", entries, |entry| {
            if entry == "*" {
                return Ok(WindowPattern::Any);
            }
            if let Ok(id) = entry.parse() {
                return Ok(WindowPattern::Id(id));
            }
            let pattern = name("windows", entry)?;
            Ok(match entry.parse() {
                Ok(index) => WindowPattern::Index(index, pattern),
                Err(_) => WindowPattern::Name(pattern),
            })
        })?);
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

    /// Leaves out what comes of printing in panes in which clients print what they get, or doesn't.
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
        let named = |pattern: &WindowPattern| {
            matches!(pattern, WindowPattern::Name(_) | WindowPattern::Index(..))
        };
        self.windows
            .as_ref()
            .is_some_and(|windows| windows.iter().any(named))
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
            let named = |pattern: &NamePattern| {
                let window = state.windows.get(&id);
                window.is_some_and(|window| pattern.matches(&window.name))
            };
            match pattern {
                WindowPattern::Any => true,
                WindowPattern::Id(wanted) => *wanted == id,
                WindowPattern::Index(wanted, name) => *wanted == index || named(name),
                WindowPattern::Name(name) => named(name),
            }
        };
        let pane_is = |wanted: PaneId| {
            let pane = state.panes.get(&wanted);
            pane.is_some_and(|pane| windows().any(|(_, id)| id == pane.window))
        };
        let mut idle = Vec::new();
        idle_of("types", &self.types, &mut idle, |pattern| {
            types.iter().any(|known| pattern.matches(known.as_ref()))
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
        idle
    }

    /// Whether the event passes.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>, names: WindowNames<'_>) -> bool {
        self.type_matches(subject.kind)
            && self.session_matches(subject.place)
            && self.window_matches(subject.place, names)
            && self.pane_matches(subject.pane)
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
        let named = |pattern: &NamePattern| names.any(id, |name| pattern.matches(name));
        windows.iter().any(|pattern| match pattern {
            WindowPattern::Any => true,
            WindowPattern::Id(wanted) => *wanted == id,
            WindowPattern::Index(wanted, name) => *wanted == index || named(name),
            WindowPattern::Name(name) => named(name),
        })
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
}

impl SessionPattern {
    fn covers(&self, id: SessionId, name: &str) -> bool {
        match self {
            Self::Id(wanted) => *wanted == id,
            Self::Name(pattern) => pattern.matches(name),
        }
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

/// An entry of a list.
trait Entry {
    /// The name or the pattern of names that it is, if it is one.
    fn text(&self) -> Option<&str>;
}

impl Entry for NamePattern {
    fn text(&self) -> Option<&str> {
        Some(self.as_str())
    }
}

impl Entry for SessionPattern {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Name(pattern) => Some(pattern.as_str()),
        }
    }
}

impl Entry for WindowPattern {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Any | Self::Id(_) | Self::Index(..) => None,
            Self::Name(pattern) => Some(pattern.as_str()),
        }
    }
}

impl Entry for PanePattern {
    fn text(&self) -> Option<&str> {
        None
    }
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
    match entries.len() {
        0 => Err(FilterError::Empty(field)),
        1..=Filter::MAX_ENTRIES => entries.iter().map(|entry| parse(entry.as_ref())).collect(),
        _ => Err(FilterError::TooMany(field)),
    }
}
