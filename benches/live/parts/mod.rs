//! What is measured, a module each.

pub mod auth_flood;
pub mod compression;
pub mod echo;
pub mod fanout;
pub mod flood;
pub mod history;
pub mod idle;
pub mod idle_connections;
pub mod latency;
pub mod polling;
pub mod start_up;
