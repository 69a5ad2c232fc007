//! Web Push: the sink that tells browsers whose pages are closed.
//!
//! Who is told of what, and when, is decided by [`crate::push`]; this gives it what the log says and the time, and sends. Each
//! browser has a queue and a task of its own, so that a push service that is slow or gone holds up nothing.
//!
//! Reading order: `sink` (the log in, messages to queues), `queue`, `worker` (a queue to its push service, again and again),
//! `attempt` (once), `figures` (what is counted).

mod attempt;
mod figures;
mod queue;
mod sink;
mod worker;

pub use self::sink::PushSink;
