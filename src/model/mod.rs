//! What tmux holds, as last listed, the agents in its panes and alerts about them: pure state, its changes, and how one follows from two
//! listings.
//!
//! Notifications never enter here: they are hints that ask for a listing. This module knows no IO, no clock and no
//! wire format.

mod agent;
mod alert;
mod audience;
mod change;
mod derived;
mod diff;
mod emission;
mod emitted;
mod listing;
mod op_queue;
mod reconcile;
mod seen;
mod state;

pub use agent::{Agent, AgentConfidence, AgentDialog, AgentStatus, SeenBy};
pub use alert::{Alert, AlertSeverity, ClearCause};
pub use audience::{Audience, Place, Places};
pub use change::{Change, ChangeKind, Unfit, Visibility};
pub use derived::{AlertAbout, Derived, DerivedChanges};
pub use diff::diff;
pub use emission::{Emission, Spot};
pub use emitted::{Datum, Emitted, Family};
pub use listing::Listing;
pub use op_queue::{Debounce, OpQueue};
pub use reconcile::{Reconciler, Verdict};
pub use seen::{Seen, SeenByTooMany, mark_seen};
pub use state::{Alerts, Buffer, Client, Exit, Pane, Server, Session, State, Warning, Window};
