//! What a client calls a session, window or pane. Nothing is resolved here.

use std::fmt;

use serde::Deserialize;

use super::client::IndexOrText;
use super::code::ErrorCode;
use crate::ids::{PaneId, SessionId, WindowId};

/// A session, window or pane as users name them; nothing is resolved yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Target {
    /// A pane by its id; then there is nothing else.
    pub pane: Option<PaneId>,
    /// A session.
    pub session: Option<SessionRef>,
    /// A window of the session; the current one if there is none. Without a session it has an id.
    pub window: Option<WindowRef>,
    /// A pane of the window by its index; the active one if there is none.
    pub pane_index: Option<u32>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SessionRef {
    /// By name or id.
    Text(String),
    /// By nothing but its id.
    Id(SessionId),
    /// By nothing but its name.
    Name(String),
}

/// A window of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WindowRef {
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

#[derive(Deserialize, Default)]
pub(super) struct TargetFields {
    pane: Option<String>,
    session: Option<String>,
    session_id: Option<String>,
    session_name: Option<String>,
    window: Option<IndexOrText>,
    window_id: Option<String>,
    window_index: Option<u32>,
    window_name: Option<String>,
    pane_index: Option<u32>,
}

type Invalid = (ErrorCode, String);

impl TargetFields {
    pub(super) fn into_target(self) -> Result<Target, Invalid> {
        let pane = self.pane.map(|text| pane_id("target.pane", &text));
        let session_id = self.session_id.map(|text| {
            let id = text.parse().map(SessionRef::Id);
            id.map_err(|_| invalid("target.session_id: it is not a session id such as $3"))
        });
        let window_id = self.window_id.map(|text| {
            let id = text.parse().map(WindowRef::Id);
            id.map_err(|_| invalid("target.window_id: it is not a window id such as @3"))
        });
        let session = one_of([
            self.session.map(SessionRef::Text),
            session_id.transpose()?,
            self.session_name.map(SessionRef::Name),
        ])
        .ok_or_else(|| {
            invalid("target: give one of \"session\", \"session_id\" and \"session_name\"")
        })?;
        let window = one_of([
            self.window.map(|window| match window {
                IndexOrText::Index(index) => WindowRef::Index(index),
                IndexOrText::Text(text) => WindowRef::Text(text),
            }),
            window_id.transpose()?,
            self.window_index.map(WindowRef::Index),
            self.window_name.map(WindowRef::Name),
        ])
        .ok_or_else(|| {
            invalid(
                "target: give one of \"window\", \"window_id\", \"window_index\" and \"window_name\"",
            )
        })?;
        if pane.is_some() && (session.is_some() || window.is_some()) {
            let why = "target: give either \"pane\", or a session and what is in it";
            return Err(invalid(why));
        }
        Ok(Target {
            pane: pane.transpose()?,
            session,
            window,
            pane_index: self.pane_index,
        })
    }

    /// A target that leads to one pane.
    pub(super) fn into_pane_target(self) -> Result<Target, Invalid> {
        let target = self.into_target()?;
        if target == Target::default() {
            let why = "target: give a \"pane\", or a \"session\" and what is in it";
            return Err(invalid(why));
        }
        Ok(target)
    }
}

/// The one that is there, if any is; nothing if there are several.
fn one_of<T, const N: usize>(forms: [Option<T>; N]) -> Option<Option<T>> {
    let mut given = forms.into_iter().flatten();
    let first = given.next();
    given.next().is_none().then_some(first)
}

pub(super) fn pane_id(field: &str, text: &str) -> Result<PaneId, Invalid> {
    let why = || invalid(&format!("{field}: it is not a pane id such as %3"));
    text.parse().map_err(|_| why())
}

fn invalid(why: &str) -> Invalid {
    (ErrorCode::InvalidMessage, why.to_owned())
}
