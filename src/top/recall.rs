//! A search in what is kept on disk: lines of all panes, whenever they were printed.

use jiff::Timestamp;

use super::editor::Editor;
use super::journal::severity_role;
use super::theme::Role;
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::answers::SearchHit;

/// What is searched for, and what was found.
#[derive(Debug, Default)]
pub(super) struct Recall {
    /// What is written to be searched for.
    pub(super) query: Editor,
    /// What was searched for.
    pub(super) words: String,
    pub(super) hits: Vec<Hit>,
    pub(super) stage: Stage,
    /// The one that is selected.
    pub(super) at: usize,
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Nothing was searched for.
    #[default]
    Idle,
    /// The request is under way.
    Asked(u64),
    /// It was answered; there may be more from here on.
    Done(Option<String>),
    /// It can't be answered.
    Failed(String),
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) time: Option<Timestamp>,
    /// The same as the server has it.
    pub(super) at: String,
    pub(super) place: String,
    pub(super) pane: PaneId,
    pub(super) offset: u64,
    pub(super) role: Role,
    /// The line, cut so that every second piece is what was searched for.
    pub(super) snippet: Vec<String>,
}

impl Hit {
    pub(super) fn of(hit: &SearchHit<'_>) -> Self {
        let session = escaped(&hit.session);
        let place = match hit.window {
            Some(window) => format!("{session}:{window}"),
            None => session.into_owned(),
        };
        Self {
            time: hit.timestamp.parse().ok(),
            at: hit.timestamp.clone().into_owned(),
            place,
            pane: hit.pane.0,
            offset: hit.offset,
            role: match &*hit.severity {
                "info" => Role::Plain,
                severity => severity_role(severity),
            },
            snippet: hit
                .snippet
                .iter()
                .map(|piece| escaped(piece).into_owned())
                .collect(),
        }
    }
}
