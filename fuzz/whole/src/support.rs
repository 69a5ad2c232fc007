//! What the tests have.

use std::time::Duration;

#[path = "../../../tests/support/schema.rs"]
pub mod schema;
#[path = "../../../tests/support/server.rs"]
pub mod server;

/// When a target gives up waiting for the server, as the tests do.
pub const SOON: Duration = Duration::from_secs(60);
