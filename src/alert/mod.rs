//! Alerts: which states of agents, panes and the machine somebody should look at, and for how long they have to last.
//!
//! What decides is sans-IO: facts and moments go in, alerts come out. It knows no log, no sinks and no clock; rules and what
//! is known of sinks are data from files.
//!
//! Reading order: `rule` (what can be asked for), `facts` (what is known of each pane), `engine` (what follows from both),
//! `title` (how it is put), `sink` (where alerts go), `form`, `load`, `load_used` and `load_sinks` (both as files have them).

mod engine;
mod facts;
mod form;
mod load;
mod load_sinks;
mod load_used;
mod rule;
mod sink;
mod title;

pub use engine::{AlertEngine, Moment, Notice};
pub use facts::Used;
pub use load::{AlertConfig, AlertFileError, LONGEST_FILE};
pub use rule::{About, Amount, Condition, KeyScope, Noise, Rule, Subject};
pub use sink::{Sink, SinkFilter, SinkKind};

#[cfg(test)]
#[path = "engine_tests.rs"]
mod engine_tests;
#[cfg(test)]
#[path = "load_tests.rs"]
mod load_tests;
