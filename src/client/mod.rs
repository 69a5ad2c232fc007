//! A client of a muxwire server: it follows the event stream, and comes back by itself when the connection goes.
//!
//! Reading order: `follower` (what a client has to do, without IO and clock), `update` (what it tells), `ends` (where output
//! ended), `backoff` (when to come back),
//! `endpoint` and `link` (the connection), `http` (requests beside it), `watcher` (all of it together), `target` (which pane a user means).
//! This module knows the protocol and nothing of the server, the bridge or tmux, and it prints nothing.

mod backoff;
mod caller;
mod calls;
mod endpoint;
mod ends;
mod entry;
mod follower;
pub mod http;
mod keeper;
mod link;
mod open_pane;
mod position;
mod refusal;
mod state;
pub mod summary;
mod target;
mod update;
mod watcher;

pub use caller::Caller;
pub use calls::{CallId, CallUpdate};
pub use endpoint::{Endpoint, EndpointError};
pub use entry::Token;
pub use follower::Wish;
pub use keeper::Patience;
pub use open_pane::{PaneItem, PaneWish};
pub use position::{NotPosition, Position};
pub use refusal::{CallError, Refusal};
pub use state::{KnownPane, KnownSession, KnownWindow, State};
pub use target::{FoundPane, NoTarget, TargetName, panes};
pub use update::{Connected, Update};
pub use watcher::Watcher;

pub use crate::wire::SessionPattern;
pub use crate::wire::schema::{event_types, may_match_events};
