//! What the targets share: the server and the frames of the tests, so that these are kept up by whoever changes them.

#![allow(dead_code, reason = "each target uses its own part")]

/// As the tests have it.
pub mod support {
    #[path = "../../../../tests/support/schema.rs"]
    pub mod schema;
    #[path = "../../../../tests/support/server.rs"]
    pub mod server;
}

#[path = "../../../tests/websocket/raw.rs"]
pub mod raw;
