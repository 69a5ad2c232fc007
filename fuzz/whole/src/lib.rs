//! What the targets share: the server and the frames of the tests, so that a change of them is a change here.

#![allow(dead_code, reason = "each target uses its own part")]

#[path = "../../../tests/websocket/raw.rs"]
pub mod raw;
pub mod support;
