//! Alerts: the source that says them, and the sink that sends them to where the configuration wants them.
//!
//! What is an alert the engine decides ([`crate::alert`]); this gives it what the log says, and the time. What is sent is
//! what a client would get that may see the same. Each place that alerts are sent to has a queue and a task of its own, so
//! that one that is slow or gone holds up nothing.
//!
//! Reading order: `files` (rules and sinks, as the files have them now), `source` (the log in, alerts out), `sinks` (alerts
//! of the log to queues), `queue`, `worker` (a queue to its place, again and again), `send` (one attempt), `secret`
//! and `notification` (how).

mod files;
mod notification;
mod queue;
mod secret;
mod send;
mod sinks;
mod source;
mod worker;

pub use self::files::{AlertFiles, AlertFilesError};
pub use self::notification::Notification;
pub use self::send::{SendError, Sender};
pub use self::sinks::AlertSinks;
pub use self::source::AlertSource;
