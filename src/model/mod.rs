//! What tmux holds, as last listed: pure state, its changes, and how one follows from two listings.
//!
//! Notifications never enter here: they are hints that ask for a listing. This module knows no IO, no clock and no
//! wire format.

mod audience;
mod change;
mod derived;
mod diff;
mod listing;
mod op_queue;
mod reconcile;
mod state;

pub use audience::{Audience, Place, Places};
pub use change::{Change, ChangeKind, Unfit, Visibility};
pub use derived::Derived;
pub use diff::diff;
pub use listing::Listing;
pub use op_queue::{Debounce, OpQueue};
pub use reconcile::{Reconciler, Verdict};
pub use state::{Alerts, Buffer, Client, Exit, Pane, Server, Session, State, Warning, Window};
