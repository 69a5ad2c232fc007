//! What needs no socket, asked of a real server in front of a real tmux.

mod events;
mod gates;
mod listings;
pub mod stage;
pub mod stream;
mod typing;
