//! History on disk: what panes printed and agents did, kept within bounds, found again, and shown as it was.
//!
//! Reading order: [`History`] (the file, opened, and who writes it), [`Recorder`] (what the log is given to), `writer` (what
//! becomes of it), `pane` (what is gathered of one pane), `terminal` and `lines` (its screen and its text), `chunk` and
//! `batch` (how that stands in the file), `store` (the file itself), [`Reader`] (what can be asked), [`DiskArchive`] (events
//! for those who resume). docs/history.md describes the tables.
//!
//! It knows no server and no bridge. A sink brings it events; whoever asks brings a question and gets what was kept, each
//! with the change that it was, so that rights are judged as they are for live events.

mod archive;
mod batch;
mod cache;
mod chunk;
mod error;
mod events;
mod form;
mod gathered;
mod keeper;
mod lines;
mod output;
mod pane;
mod previous;
mod reader;
mod recorder;
mod retention;
mod rows;
mod screens;
mod search;
mod settings;
mod store;
mod strings;
mod styled;
mod terminal;
mod writer;

pub use archive::DiskArchive;
pub use error::StoreError;
pub use events::{EventCursor, EventPage, EventQuery, Order, StoredEvent};
pub use output::{KnownPane, Moment, PaneQuery, Print, PrintPage, PrintQuery, Resize};
pub use previous::{Previous, UNKNOWN};
pub use reader::{Reader, TimeLimit};
pub use recorder::{History, Recorder, Wishes};
pub use screens::ScreenThen;
pub use search::{Found, Pattern, SearchPage, SearchQuery};
pub use settings::{Figures, Secrets, Settings};
pub use terminal::blank;

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "restart_tests.rs"]
mod restart_tests;
