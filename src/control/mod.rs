//! tmux's control mode, without IO: bytes in, events out; commands in, bytes out.
//!
//! [`ControlClient`] is the whole of it. The grammar of what tmux writes stands in `grammar/control-mode.abnf` and
//! `grammar/layout.abnf`; each parser's doc is its rule, word for word, and a test holds the two together.
//!
//! Reading order: `frame` (bytes to lines), `grammar` (the small rules), `output`, `notification`, `line` (what a line
//! is), `block` (where a reply ends), `client` (which command it answers); then what is sent: `command` with `argument`,
//! `key`, `keyboard`, `typing` and `paste`, `command_line` and `batch` (a command as text, and back), `rows`.
//!
//! This module must not know tokio, serde, a clock or a process: the owner of the pipe feeds it.

mod argument;
mod batch;
mod block;
mod body;
mod client;
mod command;
mod command_line;
pub mod escape;
mod frame;
mod grammar;
mod key;
mod keyboard;
mod layout;
mod line;
mod notification;
mod output;
mod paste;
mod quote;
pub mod rows;
mod text;
mod typing;
mod unattached;

pub use argument::{
    Flow, InputBytes, LineRange, MAX_INPUT_BYTES, Sizing, Subscription, Watch, WindowSize,
};
pub use batch::parse_batch;
pub use block::Guard;
pub use body::Body;
pub use client::{Block, CommandId, ControlClient, Event, Full, Limits, Outcome, Reply};
pub use command::Command;
pub use frame::{BadLine, BadReason};
pub use key::KeyName;
pub use keyboard::{KeyError, Keyboard};
pub use layout::{Cell, Content, Layout, LayoutError};
pub use notification::Notification;
pub use output::Output;
pub use paste::{MAX_PASTE, PASTE_PREFIX, PasteBuffer, PasteName, Pasting};
pub use text::Text;
pub use typing::{Case, MAX_STROKES, Otherwise, Stroke, Typing, When};
pub use unattached::DestroyUnattached;
