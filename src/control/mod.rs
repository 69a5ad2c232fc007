//! tmux's control mode, without IO: bytes in, events out; commands in, bytes out.
//!
//! [`ControlClient`] is the whole of it. The grammar of what tmux writes stands in `grammar/control-mode.abnf` and
//! `grammar/layout.abnf`; each parser's doc is its rule, word for word, and a test holds the two together.
//!
//! Reading order: `line` (bytes to lines), `grammar` (the small rules), `output`, `notification`, `block` (where a
//! reply ends), `client` (which command it answers), then `command`, `batch`, `key` and `rows` for what is sent.
//!
//! This module must not know tokio, serde, a clock or a process: whoever owns the pipe feeds it.

mod batch;
mod block;
mod body;
mod client;
mod command;
pub mod escape;
mod frame;
mod grammar;
mod key;
mod layout;
mod line;
mod notification;
mod output;
mod quote;
pub mod rows;
mod text;

pub use batch::parse_batch;
pub use block::Guard;
pub use body::Body;
pub use client::{Block, CommandId, ControlClient, Event, Full, Limits, Outcome, Reply};
pub use command::{
    Command, Flow, InputBytes, LineRange, MAX_INPUT_BYTES, Subscription, WindowSize,
};
pub use frame::{BadLine, BadReason};
pub use key::KeyName;
pub use layout::{Cell, Content, Layout, LayoutError};
pub use notification::Notification;
pub use output::Output;
pub use text::Text;
