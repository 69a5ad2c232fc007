//! Recordings of what passed between muxwire and tmux: a file format, its writer and its reader.
//!
//! A recording is text, a JSON value a line: a [`Header`], then an [`Entry`] for each chunk in either direction and for
//! what the links' owner knew from elsewhere, then its end with a checksum of all that stands before it. It has no
//! holes: a [`Recorder`] that can't keep up ends it instead. [`Recording`] trusts no line of it.
//!
//! Reading order: `entry` (what is recorded), `line` (how it stands in the file), `recorder`, `without`, `reader`.
//! `docs/recording.md` describes the format for others. This module knows `ids`, `control` and `tmux` only.

mod entry;
mod error;
mod header;
mod line;
mod reader;
mod recorder;
mod without;

pub use entry::{End, Entry, What};
pub use error::{Problem, RecordingError};
pub use header::Header;
pub use reader::{Entries, Recording};
pub use recorder::{Outcome, Recorder, Writing};
pub use without::{LeftOut, Without};

/// What the end of a recording says of all that stands before it, and of its own time.
fn checksum(mut hash: blake3::Hasher, end: u64) -> String {
    hash.update(&end.to_le_bytes());
    hash.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
