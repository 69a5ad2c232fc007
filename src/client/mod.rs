//! A client of a muxwire server: it follows the event stream, and comes back by itself when the connection goes.
//!
//! Reading order: `follower` (what a client has to do, without IO and clock), `backoff` (when to come back),
//! `endpoint` and `link` (the connection), `watcher` (all of it together).
//! This module knows the protocol and nothing of the server, the bridge or tmux, and it prints nothing.

mod backoff;
mod endpoint;
mod follower;
mod link;
mod position;
mod refusal;
mod watcher;

pub use endpoint::{Endpoint, EndpointError};
pub use follower::{Token, Update, Wish};
pub use position::{NotPosition, Position};
pub use refusal::Refusal;
pub use watcher::{Patience, Watcher};

pub use crate::wire::SessionPattern;
pub use crate::wire::schema::event_types;
