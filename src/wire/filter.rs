//! `filters` of a request: lists of texts, and of objects that can't be mistaken for anything else.

use serde::Deserialize;

use super::code::ErrorCode;
use crate::hub::{Filter, FilterError, SessionPattern, WindowPattern};

/// The lists; the schema has said what may be in them.
#[derive(Deserialize, Default)]
pub(super) struct FilterFields {
    types: Option<Vec<String>>,
    sessions: Option<Vec<SessionField>>,
    windows: Option<Vec<WindowField>>,
    panes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SessionField {
    Text(String),
    Exact {
        session_id: Option<String>,
        session_name: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WindowField {
    Index(u32),
    Text(String),
    Exact {
        window_id: Option<String>,
        window_index: Option<u32>,
        window_name: Option<String>,
    },
}

impl FilterFields {
    pub(super) fn into_filter(self) -> Result<Filter, (ErrorCode, String)> {
        self.build()
            .map_err(|error| (ErrorCode::InvalidFilter, format!("filters.{error}")))
    }

    fn build(self) -> Result<Filter, FilterError> {
        let mut filter = Filter::all();
        if let Some(types) = &self.types {
            filter = filter.with_types(types)?;
        }
        if let Some(sessions) = self.sessions {
            let sessions = sessions.into_iter().map(SessionField::into_pattern);
            filter = filter.with_session_patterns(sessions.collect::<Result<_, _>>()?)?;
        }
        if let Some(windows) = self.windows {
            let windows = windows.into_iter().map(WindowField::into_pattern);
            filter = filter.with_window_patterns(windows.collect::<Result<_, _>>()?)?;
        }
        if let Some(panes) = &self.panes {
            filter = filter.with_panes(panes)?;
        }
        Ok(filter)
    }
}

impl SessionField {
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

impl WindowField {
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
