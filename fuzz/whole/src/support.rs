//! What the tests have.

#[path = "../../../tests/support/schema.rs"]
pub mod schema;
#[path = "../../../tests/support/server.rs"]
pub mod server;
