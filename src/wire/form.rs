//! The forms in which events travel.

use super::deflate::Coding;
use crate::hub::EncodingId;

/// An encoding of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// The JSON text of `muxwire.v1`.
    #[default]
    Json,
    /// Output as the binary messages of `muxwire.v1.bin`.
    Binary,
    /// Output as the JSON text of a terminal.
    Terminal,
    /// Everything as a block of Server-Sent Events.
    EventStream,
}

impl Form {
    /// What readers of the same form and coding share their encodings by.
    #[must_use]
    pub fn id(self, coding: Coding) -> EncodingId {
        let coding = match coding {
            Coding::Identity => 0,
            Coding::Deflate => 0x80,
        };
        EncodingId(self as u8 | coding)
    }
}
