//! The event log: one writer, many readers, a bounded history.
//!
//! Reading order: [`Hub`] (publish, snapshot), [`Published`] (an event and its shared encodings), [`Reader`] (pulls
//! from the log; replay and live are one path), [`Archive`] (what readers fall back to behind the history), [`view()`] (who
//! sees what of an event), [`Filter`] and [`Subscription`] (what a client asked for).
//!
//! `wants` counts who wants what is looked at only while somebody does; `redaction_filter` keeps secrets from those readers from whom they are to be kept.
//!
//! Readers pull: the log is the only buffer between the bridge and those who read, so a slow reader costs nothing
//! but its own place in it. This module knows nothing of tmux, tokens, JSON or sockets, and reads no clock.

mod archive;
mod context;
mod filter;
mod log;
mod lost;
mod open_alerts;
mod patterns;
mod printed;
mod printing;
mod published;
mod reader;
mod redaction_filter;
mod ring;
mod subscription;
mod view;
mod wants;

pub use archive::{Archive, ArchiveError, ArchiveRead, Archived, SeqRange};
pub use filter::{Filter, FilterError, Idle, Mistakable, Subject, WindowNames};
pub use log::{Hub, HubFigures};
pub use lost::Resumed;
pub use patterns::{SessionPattern, WindowPattern};
pub use printing::{Printer, PrintsIn};
pub use published::{EncodingId, EventContext, Published, Stamp};
pub use reader::{Heads, Next, NotRecoverable, Position, Reader, Since};
pub use redaction_filter::{Redaction, mask_change, mask_context, mask_whole_state};
pub use ring::{Behind, HistoryLimits};
pub use subscription::{Names, Step, Subscription, TooManyOpen, TooManyRules, filtered_view};
pub use view::{Crossing, View, Viewer, view};
pub use wants::{ResourcesWanted, ResourcesWish};
