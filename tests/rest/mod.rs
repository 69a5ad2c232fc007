//! What needs no socket, asked of a real server in front of a real tmux.

mod documents;
mod events;
mod gates;
mod listings;
mod metrics;
pub mod stage;
pub mod stream;
mod typing;
