//! What is measured, a module each.

pub mod fanout;
pub mod idle_connections;
pub mod latency;
