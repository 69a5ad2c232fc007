//! The first line of a recording.

use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

use super::error::Problem;

/// The format that is written, and the only one that is read.
const FORMAT: u64 = 1;

/// What a recording says of itself as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The version of the tmux program, as `3.3a`.
    pub tmux: String,
    /// When it began; times of entries count from here. Whole microseconds.
    pub started: Timestamp,
}

impl Header {
    /// The header of a recording that begins now.
    #[must_use]
    pub fn now(tmux: &impl ToString) -> Self {
        let now = Timestamp::now();
        Self {
            tmux: tmux.to_string(),
            started: now.round(Unit::Microsecond).unwrap_or(now),
        }
    }

    /// The line, without its LF.
    pub(super) fn encode(&self) -> String {
        let started = self.started.to_string();
        json!({
            "muxwire_recording": FORMAT,
            "muxwire": env!("CARGO_PKG_VERSION"),
            "tmux": self.tmux,
            "started": started,
        })
        .to_string()
    }

    pub(super) fn decode(line: &[u8]) -> Result<Self, Problem> {
        let header: Value = serde_json::from_slice(line).map_err(|_| Problem::NoHeader)?;
        let format = header
            .get("muxwire_recording")
            .and_then(Value::as_u64)
            .ok_or(Problem::NoHeader)?;
        if format != FORMAT {
            return Err(Problem::Format(format));
        }
        let text = |field| {
            let value = header.get(field).and_then(Value::as_str);
            value.ok_or(Problem::Header(field))
        };
        Ok(Self {
            tmux: text("tmux")?.to_owned(),
            started: text("started")?
                .parse()
                .map_err(|_| Problem::Header("started"))?,
        })
    }
}
