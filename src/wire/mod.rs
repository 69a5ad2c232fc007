//! What travels between server and clients: the JSON messages of `muxwire.v1`.
//!
//! Reading order: [`request`] (what clients ask for) and [`message`] (what a server says), each as types that read and write;
//! `parse` (requests that come in, checked against the schemas), [`event`] (events, which are messages too), [`Encoder`]
//! (events, snapshots and panes, made of what the log and the bridge know), [`Received`] (a message from where a client
//! stands), [`Framed`] (a message as it stands on the socket), [`severity`] (how bad a piece of output looks), [`schema`]
//! (the JSON Schemas of `grammar/protocol/v1/`).
//!
//! The types with serde are here and nowhere else, and are converted by hand. This module knows nothing of sockets,
//! tasks or tmux's own protocol.

mod about_agents;
pub mod agent;
pub mod alert;
pub mod answers;
pub mod api_document;
pub mod binary;
mod browser;
mod clients;
mod code;
mod composed;
mod composed_response;
mod cursor;
mod deflate;
pub mod digest_answer;
mod emitted;
mod encoder;
pub mod event;
pub mod event_data;
mod event_of;
pub mod event_stream;
pub mod explanation;
mod filter;
mod form;
mod framed;
mod json;
mod listings;
pub mod message;
mod metering;
mod more;
mod notices;
pub mod objects;
mod opening;
pub mod pane;
mod pane_encoding;
mod parse;
mod printing;
mod problem;
mod push;
mod query;
pub mod questions;
mod quick;
mod received;
pub mod request;
pub mod resources;
pub mod schema;
mod screen;
mod seen;
pub mod severity;
mod snapshot;
mod stats;
mod target;
pub mod terminal;
mod terminal_message;
mod terminal_output;
mod terminal_request;
mod ticket;
mod time;
pub mod usage;

pub use browser::{
    BrowserRow, SessionAnswer, SessionRequest, browsers_answer, read_session_request,
    session_answer,
};
pub use clients::ClientInfo;
pub use code::{CloseCode, ErrorCode};
pub use cursor::{cursor, read_cursor, since_cursor};
pub use deflate::{Coding, InflateError, inflate};
pub use encoder::Encoder;
pub use event::{Event, EventData};
pub use form::Form;
pub use framed::Framed;
pub use listings::Listed;
pub use message::Message;
pub use metering::{metrics_error, metrics_update, overview_answer};
pub use more::More;
pub use pane::{PaneScreen, Scrollback};
pub use pane_encoding::{Page, PanePlace};
pub use parse::{Rejected, parse, parse_body};
pub use problem::{PROBLEM, Problem};
pub use push::{PushAnswer, PushRow, PushSent, push_answer, push_test_answer, subscribed_answer};
pub use query::{parse_query, parse_subscription};
pub use received::{Garbled, Kind, Received};
pub use request::{Action, EmittedEvent, Request, RequestId};
pub use screen::{Cursor, Screen, screen_text};
pub use snapshot::{Part, Screens, SnapshotSession, SnapshotTarget, StateSnapshot};
pub use stats::{ClientStats, Latency, ServerStats, ShedStats};
pub use ticket::ticket_answer;
pub use time::time_text;

pub use crate::hub::{PrintsIn, SessionPattern};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The longest message that is looked at, in bytes.
pub const MAX_MESSAGE: usize = 64 << 10;

/// The WebSocket subprotocol of JSON text.
pub const SUBPROTOCOL: &str = "muxwire.v1";

/// The WebSocket subprotocol in which the bytes of panes are binary messages and all else is JSON text.
pub const BINARY_SUBPROTOCOL: &str = "muxwire.v1.bin";

/// What stands before a ticket among the subprotocols that a page offers.
pub const TICKET_PREFIX: &str = "muxwire.ticket.";
