//! What travels between server and clients: the JSON messages of `muxwire.v1`.
//!
//! Reading order: [`request`] (what clients ask for, in both directions), [`parse`] (requests that come in, checked
//! against the schemas), [`ServerMessage`] (replies), [`Encoder`] (events and snapshots), [`Received`] (the same from where
//! a client stands),
//! [`Framed`] (a message as it stands on the socket), [`severity`] (how bad a piece of output looks), [`schema`] (the JSON Schemas of `grammar/protocol/v1/`).
//!
//! The types with serde are here and nowhere else, and are converted by hand. This module knows nothing of sockets,
//! tasks or tmux's own protocol.

pub mod binary;
mod clients;
mod code;
mod cursor;
mod event;
mod filter;
mod form;
mod framed;
mod json;
mod objects;
mod pane;
mod parse;
mod printing;
mod quick;
mod received;
pub mod request;
pub mod schema;
mod server;
pub mod severity;
mod snapshot;
mod stats;
mod target;
pub mod terminal;
mod terminal_request;
mod ticket;
mod time;

pub use clients::ClientInfo;
pub use code::{CloseCode, ErrorCode};
pub use cursor::{cursor, read_cursor, since_cursor};
pub use event::Encoder;
pub use form::Form;
pub use framed::Framed;
pub use pane::{
    Alternate, Lines, Page, PaneCursor, PaneModes, PanePlace, PaneScreen, Point, ScrollRegion,
    Scrollback, Unfinished,
};
pub use parse::{MAX_MESSAGE, Rejected, parse};
pub use received::{Garbled, Kind, Received};
pub use request::{Action, Request, RequestId};
pub use server::ServerMessage;
pub use snapshot::{Cursor, Part, Screen, Screens};
pub use stats::{ClientStats, Latency, ServerStats, ShedStats};
pub use ticket::ticket_answer;

pub use crate::hub::{PrintsIn, SessionPattern};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The WebSocket subprotocol of JSON text.
pub const SUBPROTOCOL: &str = "muxwire.v1";

/// The WebSocket subprotocol in which the bytes of panes are binary messages and all else is JSON text.
pub const BINARY_SUBPROTOCOL: &str = "muxwire.v1.bin";

/// What stands before a ticket among the subprotocols that a page offers.
pub const TICKET_PREFIX: &str = "muxwire.ticket.";
