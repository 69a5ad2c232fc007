//! tmux's processes: the only place that starts them. It knows nothing of the model, of the hub or of clients.
//!
//! [`Tmux`] is a program and a socket that can be used; [`Version`] says what it can do; [`TmuxError`] says what is
//! wrong and what to do about it.

mod children;
mod demo;
mod error;
mod event;
mod find;
mod hazards;
mod history;
mod link;
mod link_backlog;
mod link_task;
mod look;
mod mark;
mod output;
mod print;
mod process;
mod program;
mod program_run;
mod reader;
mod reap;
mod relay;
mod spawn;
mod tap;
mod version;
mod watch;

pub use demo::Demo;
pub use error::TmuxError;
pub use event::{CloseReason, LinkEvent, LinkId, LinkKind, ReplyError};
pub use find::{ExitUnattached, Found, find_server, look_for_server};
pub use hazards::Hazard;
pub use history::{
    HistoryPace, HistoryPrint, HistoryRange, HistoryShape, HistorySlice, longest_print,
};
pub use link::{LinkBusy, LinkHandle, attachable};
pub use link_task::MAX_IN_FLIGHT;
pub use print::PanePrint;
pub use process::{SocketChoice, Tmux};
pub use program_run::{ProgramError, run_program};
pub use reader::LinkReader;
pub use reap::reap_stale;
pub use relay::{Relay, RelayError, RelayTask};
pub use tap::{Note, Tap, TapSink};
pub use version::Version;
pub use watch::SocketWatch;
