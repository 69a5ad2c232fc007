//! What processes and the machine use of processors and memory: looks at `/proc` in, figures out.
//!
//! Two looks tell what was used between them. What decides is without IO: [`Meter`] takes a look ([`Sample`]) and compares it
//! with the one before. Only [`Sample::read`] reads `/proc`.
//!
//! Reading order: this file (what is said), `sample` (one look), `meter` (two of them), `reading` (what follows for the processes
//! of a pane, for muxwire and for the machine).

mod meter;
mod reading;
mod sample;

use std::time::Duration;

pub use self::meter::Meter;
pub use self::reading::Reading;
pub use self::sample::Sample;
use serde::{Deserialize, Serialize};

/// What is used of processors and memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// By whom.
    pub user: ResourceUser,
    /// How much.
    pub amounts: Amounts,
    /// The time over which the use of processors was measured.
    pub over: Duration,
}

/// Who uses something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResourceUser {
    /// The processes of a pane.
    Pane,
    /// muxwire with all processes that it started.
    Muxwire {
        /// Its own process alone.
        own: Amounts,
    },
    /// This machine.
    Host(HostFigures),
}

/// How much is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amounts {
    /// Of processors, in tenths of a percent: of one core, and of all cores where the machine is meant.
    pub cpu: u32,
    /// Of memory, in bytes.
    pub memory: u64,
    /// How many processes there are.
    pub processes: u32,
}

/// What else is said of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostFigures {
    /// How many processors it has.
    pub cores: u32,
    /// How many tasks ran or waited in the last minute, in the last 5 and in the last 15, in hundredths.
    pub load: [u32; 3],
    /// All of its memory, in bytes.
    pub memory: u64,
    /// How much swap is in use, in bytes.
    pub swap_used: u64,
    /// All of its swap, in bytes.
    pub swap: u64,
}

#[cfg(test)]
#[path = "resources_tests.rs"]
mod tests;
