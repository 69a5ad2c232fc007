//! The audit log: who connected, who was refused, who typed where. Append-only lines of JSON, each with a number and the
//! hash of the line before, so that nobody changes, removes or reorders one without its being seen.
//!
//! Reading order: [`entry`] (what is recorded), `line` (a line's form and its hash), `folder` (whose files these are),
//! `head` (the note of where the log ends), `chain` (appending and rotating), `queue` (what waits to be written), [`log`] (the
//! handle, and the thread that writes), [`verify`] and [`read`] (looking at it afterwards), [`allowance`] (how many lines strangers get).
//! This module knows no protocol and no tmux: the caller says what is done.

pub mod allowance;
mod chain;
#[cfg(test)]
mod chain_tests;
pub mod entry;
pub mod folder;
mod head;
pub mod line;
pub mod log;
mod queue;
pub mod read;
pub mod verify;

pub use allowance::Allowance;
pub use chain::Limits;
pub use entry::{Act, Piece, Typed, Who};
pub use folder::{FolderError, chains};
pub use line::LineHash;
pub use log::{Figures, Log, Unavailable};
pub use verify::Mark;
