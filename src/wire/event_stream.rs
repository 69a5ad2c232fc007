//! Messages as Server-Sent Events: a block of lines for each, with the place that a client goes on from.

use std::fmt::Display;

use bytes::Bytes;

use super::code::CloseCode;
use super::framed::Framed;
use super::json::string;

/// What says nothing, so that everybody between sees that the connection lives.
const HEARTBEAT: &[u8] = b":\n\n";

/// A message, as JSON text on one line, and the place up to which a client has everything that has got it.
#[must_use]
pub fn message_block(place: Option<&dyn Display>, json: &[u8]) -> Framed {
    let mut block = Vec::with_capacity(json.len() + 48);
    if let Some(place) = place {
        block.extend_from_slice(format!("id: {place}\n").as_bytes());
    }
    block.extend_from_slice(b"data: ");
    block.extend_from_slice(json);
    block.extend_from_slice(b"\n\n");
    Framed::built(block.into())
}

/// The place up to which a client has everything, without a message.
#[must_use]
pub fn place_block(place: &dyn Display) -> Framed {
    Framed::built(format!("id: {place}\n\n").into())
}

/// After how many milliseconds a client comes back whose connection has ended.
#[must_use]
pub fn retry_block(milliseconds: u64) -> Framed {
    Framed::built(format!("retry: {milliseconds}\n\n").into())
}

/// A sign of life.
#[must_use]
pub fn heartbeat() -> Framed {
    Framed::built(Bytes::from_static(HEARTBEAT))
}

/// Why the stream ends. It is no message, but an event of a type of its own.
#[must_use]
pub fn close_block(code: CloseCode) -> Framed {
    let mut block = format!("event: close\ndata: {{\"code\":{}", code.number()).into_bytes();
    block.extend_from_slice(b",\"reason\":");
    string(&mut block, code.reason());
    block.extend_from_slice(b"}\n\n");
    Framed::built(block.into())
}

/// What could not be told, as an event of a type of its own.
#[must_use]
pub fn error_block(json: &[u8]) -> Framed {
    let mut block = b"event: error\ndata: ".to_vec();
    block.extend_from_slice(json);
    block.extend_from_slice(b"\n\n");
    Framed::built(block.into())
}
