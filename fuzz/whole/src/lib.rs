//! What the targets share: the server and the frames of the tests, so that these are kept up by whoever changes them.

#![allow(dead_code, reason = "each target uses its own part")]

#[path = "../../../tests/websocket/raw.rs"]
pub mod raw;
pub mod support;
