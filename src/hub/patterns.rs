//! Entries of filters: what a session, a window or a pane is called, by patterns of names or exactly.
//!
//! tmux lets a session be called `$9` and a window `2` or `@1`. A text that looks like an id is one; who holds an id, an
//! index or a name has forms that can't be mistaken.

use std::fmt;

use crate::glob::{NamePattern, PatternError};
use crate::ids::{PaneId, SessionId, WindowId};

/// Which sessions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionPattern {
    /// The one with this id, which was given as a text that could be a name too.
    IdText(SessionId),
    /// The one with this id.
    Id(SessionId),
    /// The one with exactly this name.
    Name(Box<str>),
    /// Those whose names are like this.
    Like(NamePattern),
}

/// Which windows are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowPattern {
    /// Every one.
    Any,
    /// The one with this id, which was given as a text that could be a name too.
    IdText(WindowId),
    /// The one with this id.
    Id(WindowId),
    /// Digits in a text: those at this index, and those of this name.
    Digits(u32, NamePattern),
    /// Those at this index.
    Index(u32),
    /// Those with exactly this name.
    Name(Box<str>),
    /// Those whose names are like this.
    Like(NamePattern),
}

/// Which panes are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PanePattern {
    Any,
    Id(PaneId),
}

impl SessionPattern {
    /// An id if the text looks like one, else a pattern of names.
    ///
    /// # Errors
    /// The text is neither.
    pub fn from_text(text: &str) -> Result<Self, PatternError> {
        match text.parse() {
            Ok(id) => Ok(Self::IdText(id)),
            Err(_) => NamePattern::new(text).map(Self::Like),
        }
    }

    /// Whether a session is meant.
    #[must_use]
    pub fn covers(&self, id: SessionId, name: &str) -> bool {
        match self {
            Self::IdText(wanted) | Self::Id(wanted) => *wanted == id,
            Self::Name(wanted) => **wanted == *name,
            Self::Like(pattern) => pattern.matches(name),
        }
    }

    /// Whether a session's name is what was taken for the id of another.
    #[must_use]
    pub fn is_name_of(&self, id: SessionId, name: &str) -> bool {
        matches!(self, Self::IdText(wanted) if *wanted != id && wanted.to_string() == name)
    }
}

/// As one names a session to tmux: `$9` for an id, `=name` for exactly that name.
impl fmt::Display for SessionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdText(id) | Self::Id(id) => id.fmt(f),
            Self::Name(name) => write!(f, "={name}"),
            Self::Like(pattern) => f.write_str(pattern.as_str()),
        }
    }
}

impl WindowPattern {
    /// An id, or digits, if the text looks like that, else a pattern of names.
    ///
    /// # Errors
    /// The text is none of these.
    pub fn from_text(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::IdText(id));
        }
        let pattern = NamePattern::new(text)?;
        Ok(match text.parse() {
            Ok(index) => Self::Digits(index, pattern),
            Err(_) => Self::Like(pattern),
        })
    }

    /// Whether windows are named in it.
    pub(super) fn needs_names(&self) -> bool {
        matches!(self, Self::Digits(..) | Self::Name(_) | Self::Like(_))
    }

    /// Whether a window is meant; `named` says whether one of its names is as wanted.
    pub(super) fn covers(
        &self,
        (id, index): (WindowId, u32),
        named: impl Fn(&dyn Fn(&str) -> bool) -> bool,
    ) -> bool {
        match self {
            Self::Any => true,
            Self::IdText(wanted) | Self::Id(wanted) => *wanted == id,
            Self::Index(wanted) => *wanted == index,
            Self::Name(wanted) => named(&|name| **wanted == *name),
            Self::Digits(wanted, _) if *wanted == index => true,
            Self::Digits(_, pattern) | Self::Like(pattern) => named(&|name| pattern.matches(name)),
        }
    }

    /// Whether a window's name is what was taken for the id of another, or for an index that it is not at.
    pub(super) fn is_name_of(&self, index: u32, id: WindowId, name: &str) -> bool {
        match self {
            Self::IdText(wanted) => *wanted != id && wanted.to_string() == name,
            Self::Digits(wanted, pattern) => *wanted != index && pattern.as_str() == name,
            Self::Any | Self::Id(_) | Self::Index(_) | Self::Name(_) | Self::Like(_) => false,
        }
    }
}

/// An entry of a list.
pub(super) trait Entry {
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
            Self::IdText(_) | Self::Id(_) => None,
            Self::Name(name) => Some(name),
            Self::Like(pattern) => Some(pattern.as_str()),
        }
    }
}

impl Entry for WindowPattern {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Any | Self::IdText(_) | Self::Id(_) | Self::Digits(..) | Self::Index(_) => None,
            Self::Name(name) => Some(name),
            Self::Like(pattern) => Some(pattern.as_str()),
        }
    }
}

impl Entry for PanePattern {
    fn text(&self) -> Option<&str> {
        None
    }
}
