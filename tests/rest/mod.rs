//! What needs no socket, asked of a real server in front of a real tmux.

mod gates;
mod listings;
pub mod stage;
mod typing;
