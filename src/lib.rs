//! muxwire: a push-based bridge from tmux control mode to WebSocket clients.
//!
//! Reading order: [`ids`], then `control` (tmux's protocol, without IO), `model` (what tmux holds), `hub` (the event
//! log), `auth`, `tmux` (the child processes), `recording` (what passed), `bridge` (the one owner), `wire` and `server` (what clients see).

pub mod auth;
pub mod bridge;
pub mod cli;
pub mod client;
pub mod cmd;
pub mod config;
pub mod control;
pub mod glob;
pub mod hub;
pub mod ids;
pub mod logging;
pub mod metrics;
pub mod model;
pub mod printable;
pub mod recording;
pub mod server;
pub mod tmux;
pub mod wire;
