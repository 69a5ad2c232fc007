//! Recordings as the lab writes them (asciicast), compressed as they are in the program.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;
use thiserror::Error;

/// A recording is not what the lab makes.
#[derive(Debug, Error)]
#[error("the demo's recording can't be read: {0}")]
pub struct BrokenRecording(String);

/// What happens in a recording.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// The agent printed this.
    Print(String),
    /// The person who was recorded typed a text, or pressed a key at the prompt: it happens by itself.
    Own,
    /// The person who was recorded answered a dialog.
    Answer,
}

/// When something happens, in seconds from the beginning, and what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) at: f64,
    pub(super) what: What,
}

/// Reads a recording.
pub(super) fn read(compressed: &[u8]) -> Result<Vec<Entry>, BrokenRecording> {
    let mut text = String::new();
    GzDecoder::new(compressed)
        .read_to_string(&mut text)
        .map_err(|error| BrokenRecording(error.to_string()))?;
    let mut entries = Vec::new();
    let mut is_submitted = false;
    // The first line is the head.
    for line in text.lines().skip(1) {
        let entry: (f64, String, Value) =
            serde_json::from_str(line).map_err(|error| BrokenRecording(error.to_string()))?;
        let (at, kind, Value::String(value)) = entry else {
            continue;
        };
        let what = match &*kind {
            "o" => What::Print(value),
            // A key behind the one that submitted the prompt answers what the agent asked.
            "m" if value.starts_with("key:") && is_submitted => What::Answer,
            "m" => {
                is_submitted = value.starts_with("key:");
                What::Own
            }
            _ => continue,
        };
        entries.push(Entry { at, what });
    }
    Ok(entries)
}
