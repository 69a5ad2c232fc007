//! What `/api/ticket` answers.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::json::to_json;

/// A ticket and how long it is good, as JSON text.
#[must_use]
pub fn ticket_answer(ticket: &str, life: Duration) -> Bytes {
    #[derive(Serialize)]
    struct Answer<'a> {
        ticket: &'a str,
        expires_in_ms: u64,
    }
    to_json(&Answer {
        ticket,
        expires_in_ms: u64::try_from(life.as_millis()).unwrap_or(u64::MAX),
    })
}
