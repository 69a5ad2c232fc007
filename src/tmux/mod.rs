//! tmux's processes: the only place that starts them. It knows nothing of the model, of the hub or of clients.
//!
//! [`Tmux`] is a program and a socket that can be used; [`Version`] says what it can do; [`TmuxError`] says what is
//! wrong and what to do about it.

mod error;
mod process;
mod spawn;
mod version;

pub use error::TmuxError;
pub use process::{SocketChoice, Tmux};
pub use version::Version;
