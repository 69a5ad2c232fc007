//! The one owner of what is known of tmux: it turns what the links bring into the event log.

mod request;

pub use request::{Handle, InputError, InputRequest, Key, Request, Screen, ScreenError};
