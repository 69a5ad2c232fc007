//! `filters` of a request: lists of texts, and of objects that can't be mistaken for anything else.

use serde::{Deserialize, Serialize};

use crate::hub::{Filter, FilterError, SessionPattern, WindowPattern};

/// The lists; one that is not given allows all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// Types of agents, or patterns of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<String>>,
    /// Panes by their ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panes: Option<Vec<String>>,
    /// Sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<SessionEntry>>,
    /// Statuses of agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<String>>,
    /// Patterns of event types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Vec<WindowEntry>>,
}

/// An entry of a list of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "data did not match any variant of untagged enum SessionField"
)]
pub enum SessionEntry {
    /// An id, or a pattern of names.
    Text(String),
    /// One thing, and nothing else.
    Exact {
        /// The session with this id.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
        /// The session with this name.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_name: Option<String>,
    },
}

/// An entry of a list of windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "data did not match any variant of untagged enum WindowField"
)]
pub enum WindowEntry {
    /// An index.
    Index(u32),
    /// An id, an index in digits, or a pattern of names.
    Text(String),
    /// One thing, and nothing else.
    Exact {
        /// The window with this id.
        #[serde(skip_serializing_if = "Option::is_none")]
        window_id: Option<String>,
        /// The window with this index.
        #[serde(skip_serializing_if = "Option::is_none")]
        window_index: Option<u32>,
        /// The window with this name.
        #[serde(skip_serializing_if = "Option::is_none")]
        window_name: Option<String>,
    },
}

impl Filters {
    /// The filter that these lists make.
    ///
    /// # Errors
    /// An entry of a list can't be understood.
    pub fn into_filter(self) -> Result<Filter, FilterError> {
        let mut filter = Filter::all();
        if let Some(types) = &self.types {
            filter = filter.with_types(types)?;
        }
        if let Some(sessions) = self.sessions {
            let sessions = sessions.into_iter().map(SessionEntry::into_pattern);
            filter = filter.with_session_patterns(sessions.collect::<Result<_, _>>()?)?;
        }
        if let Some(windows) = self.windows {
            let windows = windows.into_iter().map(WindowEntry::into_pattern);
            filter = filter.with_window_patterns(windows.collect::<Result<_, _>>()?)?;
        }
        if let Some(panes) = &self.panes {
            filter = filter.with_panes(panes)?;
        }
        if let Some(agents) = &self.agents {
            filter = filter.with_agents(agents)?;
        }
        if let Some(statuses) = &self.statuses {
            filter = filter.with_statuses(statuses)?;
        }
        Ok(filter)
    }
}

impl From<&SessionPattern> for SessionEntry {
    fn from(pattern: &SessionPattern) -> Self {
        let exact = |session_id, session_name| Self::Exact {
            session_id,
            session_name,
        };
        match pattern {
            SessionPattern::IdText(id) => Self::Text(id.to_string()),
            SessionPattern::Id(id) => exact(Some(id.to_string()), None),
            SessionPattern::Name(name) => exact(None, Some(name.to_string())),
            SessionPattern::Like(pattern) => Self::Text(pattern.as_str().to_owned()),
        }
    }
}

impl SessionEntry {
    fn into_pattern(self) -> Result<SessionPattern, FilterError> {
        let odd = FilterError::Exact("sessions", "\"session_id\" or \"session_name\"");
        match self {
            Self::Text(text) => SessionPattern::from_text(&text)
                .map_err(|error| FilterError::Pattern("sessions", error)),
            Self::Exact {
                session_id: Some(id),
                session_name: None,
            } => id.parse().map(SessionPattern::Id).map_err(|_| odd),
            Self::Exact {
                session_id: None,
                session_name: Some(name),
            } => Ok(SessionPattern::Name(name.into())),
            Self::Exact { .. } => Err(odd),
        }
    }
}

impl WindowEntry {
    fn into_pattern(self) -> Result<WindowPattern, FilterError> {
        let odd = FilterError::Exact(
            "windows",
            "\"window_id\", \"window_index\" or \"window_name\"",
        );
        match self {
            Self::Index(index) => Ok(WindowPattern::Index(index)),
            Self::Text(text) => WindowPattern::from_text(&text)
                .map_err(|error| FilterError::Pattern("windows", error)),
            Self::Exact {
                window_id: Some(id),
                window_index: None,
                window_name: None,
            } => id.parse().map(WindowPattern::Id).map_err(|_| odd),
            Self::Exact {
                window_id: None,
                window_index: Some(index),
                window_name: None,
            } => Ok(WindowPattern::Index(index)),
            Self::Exact {
                window_id: None,
                window_index: None,
                window_name: Some(name),
            } => Ok(WindowPattern::Name(name.into())),
            Self::Exact { .. } => Err(odd),
        }
    }
}
