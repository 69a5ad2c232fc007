//! What the monitor's state is made of.

use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::commands::KeyMap;
use super::config::Column;
use super::theme::{Role, Theme};
use crate::client::{CallError, PaneWish, State};
use crate::export::Form;
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::PrintsIn;
use crate::wire::explanation::Explanation;
use crate::wire::request::{Action, Target};

/// What time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For what is measured.
    pub instant: Instant,
    /// For what is told.
    pub clock: Timestamp,
}

/// What the program is to do.
#[derive(Debug)]
pub enum Effect {
    /// Ask for something; the answer comes back with the ticket.
    Ask {
        /// Which request it is.
        ticket: u64,
        /// What is asked for.
        action: Box<Action>,
    },
    /// Ask for the state, in its place in the stream of events.
    Snapshot,
    /// Open a pane, or open it anew.
    Open(PaneId, PaneWish),
    /// Close a pane.
    Close(PaneId),
    /// What a pane printed up to here is shown.
    Acknowledge(PaneId, u64),
    /// Write a file, which is not there yet.
    Save {
        /// Its name.
        path: PathBuf,
        /// What is to be in it.
        bytes: Vec<u8>,
    },
    /// Draw everything anew.
    Redraw,
    /// Go to the background.
    Suspend,
    /// End.
    Quit,
}

/// Which list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tab {
    /// Agents, and all other panes.
    #[default]
    Panes,
    /// What somebody should look at.
    Alerts,
    /// What happened.
    Events,
    /// What panes printed, as far as it is kept.
    History,
}

/// Who gets the keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Mode {
    /// The monitor.
    #[default]
    Browse,
    /// A pane.
    Typing(PaneId),
    /// What is searched for.
    Search,
    /// What is searched for in the history.
    Recall,
    /// The name of the file into which this pane goes.
    Save(PaneId),
    /// A prompt for these panes.
    Compose(Vec<PaneId>),
    /// A window over all that is scrolled and closed.
    Over(Over, usize),
}

/// What stands over all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The keys.
    Help,
    /// What is known of a pane.
    Details(PaneId),
    /// Why its agent is said to do what it does.
    Explain(PaneId),
    /// What came of prompts and answers.
    Receipts,
}

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Link {
    /// It has never stood.
    #[default]
    Connecting,
    /// It stands.
    Live,
    /// It is gone, and comes back.
    Away {
        /// Why.
        reason: String,
        /// When it is tried again.
        again: Instant,
    },
}

/// Something that is said in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// What.
    pub(super) text: String,
    /// How it looks.
    pub(super) role: Role,
    /// Until when.
    pub(super) until: Instant,
}

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    Typing(PaneId),
    /// A prompt or an answer, with the place of its receipt.
    Receipt(u64),
    Seen,
    Explain(PaneId),
    /// A pane as it was.
    Past,
    /// A search in the history.
    Recall,
}

/// What came of a prompt or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    /// Which request it was of.
    pub(super) ticket: u64,
    /// Where to.
    pub(super) place: String,
    /// What, in short.
    pub(super) what: String,
    /// Whether it came to something, once that is known, and what.
    pub(super) outcome: Option<(bool, String)>,
}

/// What an explanation came to.
#[derive(Debug)]
pub(super) enum Explained {
    Asked,
    Told(Box<Explanation<'static>>),
    Failed(String),
}

/// What is to be written once the pane's screen has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saving {
    pub(super) pane: PaneId,
    pub(super) path: PathBuf,
    pub(super) form: Form,
}

/// How it is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The server's address.
    pub url: String,
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keys: KeyMap,
    /// What rows of agents tell.
    pub columns: Vec<Column>,
    /// Where it is shown.
    pub prints_in: Option<PrintsIn>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// In which times are told.
    pub zone: TimeZone,
}

/// Something typed into a pane that has not been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    Text(String),
    Keys(Vec<String>),
    Paste(String),
}

/// Session, window and pane as people say them; the pane's id where it is not known.
pub(super) fn place_of(state: &State, pane: PaneId) -> String {
    let known = state.panes.get(&pane);
    let placed = known.and_then(|known| {
        let (session, window) = state.place(pane)?;
        let name = &state.sessions.get(&session)?.name;
        let name = escaped(name);
        Some(format!("{name}:{window}.{}", known.pane.index))
    });
    placed.unwrap_or_else(|| pane.to_string())
}

/// What requests call a pane.
pub(super) fn target(pane: PaneId) -> Target {
    Target {
        pane: Some(pane.to_string()),
        ..Target::default()
    }
}

/// Why there is no answer, in a line.
pub(super) fn failure(error: &CallError) -> String {
    match error {
        CallError::Refused { message, .. } => message.clone(),
        CallError::Lost | CallError::NotConnected => error.to_string(),
    }
}
